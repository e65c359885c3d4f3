"""Real clients at pinned versions against a real server: each program of tests/clients runs in an environment of its own.

With PAWL_NO_NETWORK=1, or where a package cannot be had, it says that it was skipped.
"""
import json
import os
import subprocess
import sys
import venv

from pawl import PATIENCE, ROOT, Checks, Server, command

CLIENTS = [("langfuse_v5.py", ["langfuse==5.0.4"]), ("langfuse_v3.py", ["langfuse==3.15.0"]), ("langfuse_v2.py", ["langfuse==2.60.10"]),
           ("langsmith.py", ["langsmith==0.14.17", "zstandard==0.25.0"])]


def python_with(packages):
    """A Python that has them, kept under build/; None where they cannot be had."""
    place = os.path.join(ROOT, "build/clients", "-".join(packages).replace("=", ""))
    python = os.path.join(place, "bin/python")
    if not os.path.exists(os.path.join(place, "ready")):
        venv.create(place, with_pip=True, clear=True)
        if subprocess.run([python, "-m", "pip", "install", "-q", *packages], capture_output=True, check=False, timeout=600).returncode != 0:
            return None
        open(os.path.join(place, "ready"), "w", encoding="utf-8").close()
    return python


def run(checks, program, packages):
    python = None if os.environ.get("PAWL_NO_NETWORK") == "1" else python_with(packages)
    if python is None:
        print(f"  skipped: {program}: {' '.join(packages)} cannot be had without a network")
        return
    with Server("--auth", "required") as server:
        made = json.loads(command("key", "create", "--project", "default", "--scopes", "ingest,read,write", "--data", server.data, "--json").stdout)
        server.wait_for(lambda: server.call("GET", "/api/public/projects", key=made["key"]).status == 200, 5, "the key")
        ran = subprocess.run([python, os.path.join(ROOT, "tests/clients", program), server.url, made["id"], made["key"]], capture_output=True, text=True,
                             timeout=120 * PATIENCE, check=False)
        told = [line for line in ran.stdout.splitlines() if line.startswith(("ok ", "FAIL "))]
        for line in told:
            checks.check(f"{program}: {line}", line.startswith("ok "), line)
        checks.check(f"{program} runs to its end", ran.returncode == 0 and "ok the end" in ran.stdout, ran.stdout[-800:] + ran.stderr[-1500:])


def main():
    checks, words = Checks(), sys.argv[1:]
    for program, packages in CLIENTS:
        if not words or any(word in program for word in words):
            run(checks, program, packages)
    checks.finish()


main()
