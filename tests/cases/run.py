"""Runs the `.case` files: a conversation with a fresh server, proving the sentence on its first line (tests/cases/README.md).

usage: run.py [--bless] [WORDS...]   only cases whose path holds one of the words; --bless rewrites what was expected
"""
import concurrent.futures
import glob
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../system")]
from conversation import Conversation, Differs  # noqa: E402
from pawl import ROOT, Checks  # noqa: E402
from sections import read_case, write_case  # noqa: E402


def run(path, bless):
    """None, or what went wrong."""
    try:
        case = read_case(path)
        with Conversation(case, bless) as conversation:
            for section in conversation.sections:
                conversation.play(section)
        if bless:
            write_case(case)
    except Differs as different:
        return str(different)
    except Exception as broken:  # a case that cannot be read or a server that died: this case failed, the others go on
        return f"{type(broken).__name__}: {broken}"
    return None


def main():
    words = [word for word in sys.argv[1:] if word != "--bless"]
    bless = "--bless" in sys.argv
    paths = sorted(glob.glob(os.path.join(ROOT, "tests/cases/**/*.case"), recursive=True) +
                   glob.glob(os.path.join(ROOT, "src/features/*/cases/**/*.case"), recursive=True))
    paths = [path for path in paths if os.sep + "given" + os.sep not in path and (not words or any(word in path for word in words))]
    checks, began = Checks(), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(3) as several:
        for path, wrong in zip(paths, several.map(lambda one: run(one, bless), paths)):
            checks.check(os.path.relpath(path, ROOT), wrong is None, wrong)
    print(f"{len(paths)} cases in {time.monotonic() - began:.0f} s")
    checks.check("there are cases", paths)
    checks.finish()


main()
