"""Writes requirements.txt: everything that requirements.in needs, with the hash of each file, and no address."""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--report", report, "-r", os.path.join(HERE, "requirements.in")], check=True)
        with open(report, encoding="utf-8") as file:
            installed = json.load(file)["install"]
    lines = []
    for one in installed:
        name, version = one["metadata"]["name"], one["metadata"]["version"]
        lines.append(f"{name.lower()}=={version} --hash=sha256:{one['download_info']['archive_info']['hashes']['sha256']}\n")
    with open(os.path.join(HERE, "requirements.txt"), "w", encoding="utf-8") as file:
        file.write("# Written by lock.py.\n")
        file.writelines(sorted(lines))
    print(f"{len(lines)} packages")


main()
