"""Real clients at pinned versions against a real server: each program of tests/clients, in Python with what the .txt beside it locks, in JavaScript
with the modules of tests/guides/package-lock.json.

With PAWL_NO_NETWORK=1, or where a package cannot be had, it says that it was skipped.
    clients.py [WORD ...]     only programs whose names have one of these words
"""
import json
import os
import shutil
import subprocess
import sys

from packages import node_with, python_with
from pawl import PATIENCE, ROOT, Checks, Server, command

HERE = os.path.join(ROOT, "tests/clients")
PROGRAMS = ["langfuse_v5.py", "langfuse_v3.py", "langfuse_v2.py", "langsmith.py", "langfuse_v5.mjs", "langfuse_v3.mjs", "langsmith.mjs", "langsmith.mjs 0.4"]


def words_for(program):
    """The command that runs a program; None where its packages cannot be had."""
    if program.endswith(".py"):
        python = python_with("clients/" + program.removesuffix(".py"), os.path.join(HERE, program.replace(".py", ".txt")))
        return python and [python, os.path.join(HERE, program)]
    place = node_with("guides/node", os.path.join(ROOT, "tests/guides"))
    if place:
        for one in (program, "telling.mjs"):
            shutil.copy(os.path.join(HERE, one), place)
    return place and ["node", os.path.join(place, program)]


def run(checks, program, version):
    words = words_for(program)
    if words is None:
        print(f"  skipped: {program}: its packages cannot be had without a network")
        return
    with Server("--auth", "required") as server:
        made = json.loads(command("key", "create", "--project", "default", "--scopes", "ingest,read,write", "--data", server.data, "--json").stdout)
        server.wait_for(lambda: server.call("GET", "/api/public/projects", key=made["key"]).status == 200, 30, "the key")
        ran = subprocess.run([*words, server.url, made["id"], made["key"], *version], capture_output=True, text=True, timeout=120 * PATIENCE, check=False)
        told = [line for line in ran.stdout.splitlines() if line.startswith(("ok ", "FAIL "))]
        for line in told:
            checks.check(f"{program}: {line}", line.startswith("ok "), line)
        checks.check(f"{program} runs to its end", ran.returncode == 0 and "ok the end" in ran.stdout, ran.stdout[-800:] + ran.stderr[-1500:])


def main():
    checks, words = Checks(), sys.argv[1:]
    for program, *version in map(str.split, PROGRAMS):
        if not words or any(word in program for word in words):
            run(checks, program, version)
    checks.finish()


main()
