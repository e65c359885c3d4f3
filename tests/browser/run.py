"""The page in a real browser (ui/tests): all of it against mock servers, and what matters most against real ones as well.

usage: run.py [WORDS]   PAWL_BROWSER=mock or server: only these; PAWL_REAL=all: every test against real servers
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../system"))
from pawl import PATIENCE, ROOT, Server, command  # noqa: E402

LIMIT_S = 480


def run(against):
    environment = dict(os.environ)
    servers = []
    if against == "server":  # one with the stored week, one empty, one that asks for a log-in
        servers = [Server(), Server(), Server("--auth", "required")]
        command("user", "create", "ines@example.com", "--owner", "--data", servers[2].data, env={"PAWL_PASSWORD": "correct horse battery"})
        environment.update(zip(("PAWL_URL", "PAWL_EMPTY_URL", "PAWL_LOGIN_URL"), (one.url for one in servers)))
    try:
        told = subprocess.run(["node", "tests/run.mjs", *sys.argv[1:]], cwd=os.path.join(ROOT, "ui"), env=environment,
                              capture_output=True, text=True, timeout=LIMIT_S * PATIENCE, check=False)
        text, code = told.stdout + told.stderr, told.returncode
    except subprocess.TimeoutExpired as late:
        text, code = (late.stdout or b"").decode() + f"\nnot done in {LIMIT_S} s", 1
    finally:
        for one in servers:
            one.stop()
    lines = text.splitlines()
    for line in lines:
        if not re.match(r"ok |\d+ passed, ", line):
            print("  " + line)
    count = next((line for line in reversed(lines) if re.match(r"\d+ passed, \d+ failed", line)), "0 passed, 1 failed")
    left = re.search(r", (\d+) skipped", count)
    if left:
        print(f"skipped: {left.group(1)} browser tests that need other servers")
    print(re.match(r"\d+ passed, \d+ failed", count).group(), flush=True)
    return code


def main():
    only = os.environ.get("PAWL_BROWSER")
    sys.exit(max([run(against) for against in ([only] if only else ["mock", "server"])]))


main()
