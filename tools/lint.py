"""Formatting, lengths of files and functions, and what must not stand in a committed file.

Lengths ratchet: what is longer than the limit is listed in tools/lint_known.txt with its length, and may only shrink.
usage: lint.py [--learn]     --learn rewrites the list
"""
import os
import re
import subprocess
import sys

FILE_LINES, FUNCTION_LINES = 500, 70
KNOWN = "tools/lint_known.txt"
WORDS = {  # joined here so that this file is clean itself
    "a path of a machine": "/(" + "work" + "|" + "farm" + ")/[a-z]|/" + "root/[a-z]|/home/[a-z]+/",
    "the host of a package registry": "|".join(["registry" + r"\.npmjs", "files" + r"\.pythonhosted", "pypi" + r"\.org", "crates" + r"\.io",
                                                "proxy" + r"\.golang", "deb" + r"\.debian\.org", "repo1?" + r"\.maven"]),
    "a private key": "-----BEGIN [A-Z ]*PRIVATE" + " KEY-----",
    "unfinished work": r"\b(TO" + "DO|FIX" + "ME|XX" + r"X)\b",
}
# Where such text is the subject itself: recorded programs, secrets to be found by the guard.
EXEMPT = ("tests/fixtures/", "src/guard/", "data/", "ui/package-lock.json", "tests/own_sdks/package-lock.json", "ui/testdata/", "docs/")
SOURCE = (".cc", ".h", ".ts", ".svelte", ".mjs", ".py", ".sh")


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-z", "--cached", "--", *patterns], capture_output=True, text=True, check=True).stdout
    return [path for path in out.split("\0") if path and os.path.isfile(path)]


def without_text(source):
    """C++ with comments, strings and characters blanked, so that braces can be counted; lines stay."""
    pattern = re.compile(r'R"([^()\s\\]{0,16})\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), source)


def functions(source):
    """(first line, lines, head) of every function body: a brace that follows `)` outside of another function."""
    stack, head, line, out = [], "", 1, []
    for char in without_text(source):
        if char == "\n":
            line += 1
        if char == "{":
            body = bool(re.search(r"\)[\s\w:<>,&*\[\]().-]*$", head)) and not re.search(r"\b(namespace|enum|struct|class|union)\b[^()]*$", head)
            stack.append((line - head.strip().count("\n"), body and not any(inner for _, inner, _ in stack), head.strip()))
            head = ""
        elif char == "}":
            if stack:
                first, counted, name = stack.pop()
                if counted:
                    out.append((first, line - first + 1, name))
            head = ""
        elif char == ";":
            head = ""
        else:
            head += char
    return out


def name_of(head):
    words = re.findall(r"[\w:~]+(?=\s*\()", head)
    return words[0] if words else "lambda"


def lengths():
    """What is over a limit, as {name: lines}."""
    over = {}
    for path in tracked("src", "ui/src", "ui/tests", "tools", "tests", "bench", "sdk"):
        if not path.endswith(SOURCE):
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        count = text.count("\n")
        if count > FILE_LINES:
            over[path] = count
        if path.endswith((".cc", ".h")):
            for _, lines, head in functions(text):
                if lines > FUNCTION_LINES:
                    name = f"{path}:{name_of(head)}"
                    over[name] = max(lines, over.get(name, 0))
    return over


def known():
    if not os.path.exists(KNOWN):
        return {}
    with open(KNOWN, encoding="utf-8") as file:
        return {line.split()[1]: int(line.split()[0]) for line in file if line.strip() and not line.startswith("#")}


def learn(over):
    with open(KNOWN, "w", encoding="utf-8") as file:
        file.write(f"# Files over {FILE_LINES} lines and functions over {FUNCTION_LINES}, with their lengths. They may only shrink (tools/lint.py).\n")
        file.writelines(f"{lines} {name}\n" for name, lines in sorted(over.items()))


def check_formatting():
    paths = tracked("*.cc", "*.h")
    found = subprocess.run(["clang-format-19", "--dry-run", "-Werror", "--ferror-limit=1", *paths], capture_output=True, text=True, check=False)
    return [line for line in found.stderr.splitlines() if "error:" in line]


def check_lengths():
    allowed = known()
    for name, lines in sorted(lengths().items()):
        if name not in allowed:
            yield f"{name} has {lines} lines (files {FILE_LINES}, functions {FUNCTION_LINES})"
        elif lines > allowed[name]:
            yield f"{name} grew from {allowed[name]} to {lines} lines"


def check_words():
    for path in tracked():
        if path.startswith(EXEMPT) or not (path.endswith(SOURCE + (".md", ".json", ".cmake", ".txt", ".toml", ".yml")) or "/" not in path):
            continue
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        for what, pattern in WORDS.items():
            for found in re.finditer(pattern, text):
                yield f"{path}:{text.count(chr(10), 0, found.start()) + 1}: {what}: {found.group()}"


def check_openings():
    for path in tracked("src/*.cc", "src/*.h"):
        with open(path, encoding="utf-8") as file:
            if not file.readline().startswith("// "):
                yield f"{path} does not open with a sentence of purpose"


def main():
    if "--learn" in sys.argv:
        learn(lengths())
        return
    bad = 0
    for name, found in [("formatting", check_formatting()), ("lengths", check_lengths()), ("words", check_words()), ("openings", check_openings())]:
        found = list(found)
        for line in found[:20]:
            print(f"FAIL {name}: {line}")
        bad += bool(found)
    print(f"{4 - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)


main()
