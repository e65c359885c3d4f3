"""Writes NAME.txt beside each NAME.in: everything that it needs, with the hash of each file (wheels only), and no address.
    lock.py [--no-deps] NAME.in ...      --no-deps: what NAME.in names is all of it (where packages contradict each other without need)
"""
import json
import os
import subprocess
import sys
import tempfile


def lock(wanted, *flags):
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--only-binary", ":all:", "--report", report, *flags, "-r", wanted], check=True)
        with open(report, encoding="utf-8") as file:
            installed = json.load(file)["install"]
    lines = []
    for one in installed:
        name, version = one["metadata"]["name"], one["metadata"]["version"]
        lines.append(f"{name.lower()}=={version} --hash=sha256:{one['download_info']['archive_info']['hashes']['sha256']}\n")
    with open(wanted.removesuffix(".in") + ".txt", "w", encoding="utf-8") as file:
        file.write(f"# Written by tests/lock.py from {os.path.basename(wanted)}.\n")
        file.writelines(sorted(lines))
    print(f"{wanted}: {len(lines)} packages")


options = [one for one in sys.argv[1:] if one.startswith("--")]
for path in sys.argv[1:]:
    if path not in options:
        lock(path, *options)
