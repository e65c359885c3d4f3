"""`pawl gate` and `pawl stats` as CI calls them: exit codes, what is said where, what is written for other tools, speed."""
import gzip
import http.server
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import venv
import xml.etree.ElementTree as xml

from pawl import BINARY, ROOT, Checks, command

checks = Checks()


def write(folder, name, rows):
    path = os.path.join(folder, name + ".jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    return path


def rows(cases, trials, rate, seed):
    rng = random.Random(seed)
    return [{"case": f"c{i}", "trial": t, "scores": {"ok": int(rng.random() < rate), "clean": 1}, "cost_usd": "0.012", "latency_ms": 900}
            for i in range(cases) for t in range(trials)]


def gate(*words):
    return command("gate", *words, timeout=120)


def validator():
    """A Python with a validator of JSON schemas, kept under build/; None where it cannot be had."""
    place = os.path.join(ROOT, "build/clients/jsonschema4.26.0")
    python = os.path.join(place, "bin/python")
    if not os.path.exists(os.path.join(place, "ready")):
        if os.environ.get("PAWL_NO_NETWORK") == "1":
            return None
        venv.create(place, with_pip=True, clear=True)
        if subprocess.run([python, "-m", "pip", "install", "-q", "jsonschema==4.26.0"], capture_output=True, check=False, timeout=600).returncode != 0:
            return None
        open(os.path.join(place, "ready"), "w", encoding="utf-8").close()
    return python


def sarif_is_valid(path, folder):
    """Against the schema of OASIS; None where there is no validator."""
    python = validator()
    if python is None:
        return None
    schema = os.path.join(folder, "schema.json")
    with gzip.open(os.path.join(ROOT, "tests/fixtures/quality/sarif-schema-2.1.0.json.gz")) as packed, open(schema, "wb") as out:
        out.write(packed.read())
    program = "import json, sys, jsonschema\nerrors = list(jsonschema.Draft4Validator(json.load(open(sys.argv[1]))).iter_errors(json.load(open(sys.argv[2]))))\nprint(*errors[:3])\nsys.exit(len(errors) > 0)"
    return subprocess.run([python, "-c", program, schema, path], capture_output=True, text=True, check=False, timeout=120)


def outputs(folder, good, bad):
    """Every format at once, from a gate that finds the candidate worse."""
    paths = {name: os.path.join(folder, name) for name in ("junit", "sarif", "gitlab", "markdown")}
    summary = os.path.join(folder, "summary")
    done = command("gate", "--baseline", good, "--candidate", bad, "--quality", "ok", "--safety", "clean", "--github", "--url", "http://pawl.example",
                   *(word for name, path in paths.items() for word in (f"--{name}", path)), env={"GITHUB_STEP_SUMMARY": summary}, timeout=120)
    checks.equal("with outputs it ends the same", done.returncode, 1)
    tree = xml.parse(paths["junit"]).getroot()
    tests = list(tree.iter("testcase"))
    checks.equal("JUnit counts its tests", [int(tree.get(name)) for name in ("tests", "failures", "skipped")],
                 [len(tests), len(list(tree.iter("failure"))), len(list(tree.iter("skipped")))])
    checks.check("and names what is worse", any(test.get("name") == "ok (quality)" and test.find("failure") is not None for test in tests))
    valid = sarif_is_valid(paths["sarif"], folder)
    if valid is None:
        print("  skipped: the schema of SARIF: jsonschema cannot be had without a network")
    else:
        checks.check("SARIF is valid by the schema of OASIS", valid.returncode == 0, valid.stdout + valid.stderr)
    with open(paths["sarif"], encoding="utf-8") as file:
        results = json.load(file)["runs"][0]["results"]
    checks.check("SARIF's results can be told apart", len(results) > 10 and len({one["partialFingerprints"]["pawlCase/v1"] for one in results}) == len(results))
    with open(paths["gitlab"], encoding="utf-8") as file:
        quality = json.load(file)
    checks.check("code quality has what GitLab asks for", quality and all(one["description"] and one["location"]["lines"]["begin"] > 0 for one in quality))
    annotations = [line for line in done.stdout.splitlines() if line.startswith("::")]
    checks.check("annotations stay below GitHub's limits", all(0 < sum(line.startswith(f"::{level} ") for line in annotations) <= 10 for level in ("error", "notice")), annotations)
    with open(paths["markdown"], encoding="utf-8") as file, open(summary, encoding="utf-8") as other:
        text = file.read()
        checks.equal("the summary is the comment", other.read(), text)
    again = re.search(r"Run it again:\n```\n(.*)\n```", text)
    checks.check("the comment has the command", again is not None, text[-300:])
    words = again.group(1).replace("pawl", BINARY, 1) if again else "false"
    ran = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=False, timeout=120)
    checks.equal("which says the same", (ran.returncode, ran.stdout), (1, done.stdout))


def extends(folder):
    """The command of --extend-with is run until the e-process can tell."""
    paths = [os.path.join(folder, name) for name in ("grow-a.jsonl", "grow-b.jsonl")]
    for path in paths:
        write(folder, os.path.basename(path)[:-6], rows(5, 1, 1, 1))
    more = os.path.join(folder, "more.py")
    with open(more, "w", encoding="utf-8") as file:
        file.write("import json, os\nfirst = int(os.environ['PAWL_GATE_PAIRED'])\n"
                   "for side in ('BASELINE', 'CANDIDATE'):\n    with open(os.environ['PAWL_GATE_' + side], 'a') as out:\n"
                   "        for i in range(first, first + int(os.environ['PAWL_GATE_WANTED'])):\n"
                   "            out.write(json.dumps({'case': f'c{i}', 'trial': 0, 'scores': {'ok': 1}}) + '\\n')\nprint('ran')\n")
    done = gate("--baseline", paths[0], "--candidate", paths[1], "--quality", "ok", "--on-cannot-tell", "extend", "--extend-with", f"{sys.executable} '{more}'", "--json")
    checks.equal("extend ends when it can tell", done.returncode, 0)
    answer = json.loads(done.stdout)
    checks.check("and has had cases added", answer["cases"]["paired"] > 50 and answer["metrics"][0]["decided_at"] <= answer["cases"]["paired"], answer["cases"])
    checks.check("what the command prints is no part of the answer", "ran" in done.stderr)


def in_ci(folder, good, bad):
    """The script of deploy/ci, as its two files call it."""
    place = os.path.join(folder, "checkout")
    os.makedirs(os.path.join(place, "ci"))
    os.makedirs(os.path.join(place, "evals"))
    for script in ("gate.sh", "comment.sh"):
        shutil.copy(os.path.join(ROOT, "deploy/ci", script), os.path.join(place, "ci", script))
    runner = os.path.join(place, "evals/run.sh")
    with open(runner, "w", encoding="utf-8") as out:
        out.write('#!/bin/sh\nmkdir -p "$(dirname "$1")" && cp "$RESULTS" "$1"\n')
    os.chmod(runner, 0o755)
    with open(os.path.join(ROOT, "deploy/ci/github-actions.yml"), encoding="utf-8") as file:
        github = [line.split("run: ", 1)[1].strip() for line in file if line.strip().startswith("run: ")]
    with open(os.path.join(ROOT, "deploy/ci/gitlab-ci.yml"), encoding="utf-8") as file:
        gitlab = re.search(r"script:\n((?:    - .*\n)+)", file.read()).group(1)
    github = [line for line in github if "comment.sh" not in line]
    gitlab = [line.strip()[2:] for line in gitlab.splitlines()]
    checks.equal("both run the agent, then the gate", (len(github), len(gitlab)), (2, 2))
    common = {"PAWL": BINARY, "PAWL_GATE": "--quality ok --safety clean"}
    summary = os.path.join(folder, "ci-summary")
    for name, script, push, pull in (
            ("GitHub", github, {"PAWL_TARGET": "main", "PAWL_BRANCH": "main", "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": summary},
             {"PAWL_TARGET": "main", "PAWL_BRANCH": "feature/x", "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": summary}),
            ("GitLab", gitlab, {"CI_DEFAULT_BRANCH": "trunk", "CI_COMMIT_REF_NAME": "trunk"},
             {"CI_DEFAULT_BRANCH": "trunk", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "trunk", "CI_COMMIT_REF_NAME": "mine"})):
        for what, results, variables, code in (("a pull request before any baseline", good, pull, 3), ("the first push", good, push, 0), ("a good pull request", good, pull, 0), ("a bad one", bad, pull, 1)):
            ran = subprocess.run(["sh", "-e", "-c", "\n".join(script)], cwd=place, env={**os.environ, **common, **variables, "RESULTS": results}, capture_output=True, text=True, check=False, timeout=120)
            checks.equal(f"{name}: {what} ends with", ran.returncode, code) or print(ran.stderr)
            wanted = ["gate.junit.xml", "gate.sarif", "gl-code-quality-report.json", "comment.md"]
            checks.check(f"{name}: {what} leaves a report", what == "the first push" or all(os.path.getsize(os.path.join(place, "pawl-report", one)) > 0 for one in wanted))
            subprocess.run(["rm", "-rf", os.path.join(place, "pawl-report")], check=True)
        checks.equal(f"{name}: annotations are GitHub's", "::error " in ran.stdout, name == "GitHub")
    comments(place)


class Notes(http.server.BaseHTTPRequestHandler):
    """The notes of a merge request, as GitLab keeps them."""
    kept, asked = [{"id": 7, "type": None, "body": "mine, about <!-- nothing -->", "author": {"id": 1}}], []

    def answer(self, what):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(what, separators=(",", ":")).encode().replace(b"<", b"\\u003c"))

    def do_GET(self):
        self.answer(self.kept)

    def do_POST(self):
        body = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())["body"][0]
        self.asked.append((self.command, self.path.rsplit("/", 1)[1], self.headers["private-token"]))
        if self.command == "POST":
            self.kept.append({"id": 12, "type": None, "body": body, "author": {"id": 2}})
        self.answer({})

    do_PUT = do_POST

    def log_message(self, *_):
        pass


def comments(place):
    """comment.sh writes one comment and then changes that one: GitLab's through its API, GitHub's through gh."""
    os.makedirs(os.path.join(place, "pawl-report"))
    with open(os.path.join(place, "pawl-report/comment.md"), "w", encoding="utf-8") as out:
        out.write("<!-- pawl gate -->\n## worse & \"quoted\" + 1 %\n")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Notes) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        gitlab = {"PAWL_GITLAB_TOKEN": "t", "CI_MERGE_REQUEST_IID": "3", "CI_PROJECT_ID": "9", "CI_API_V4_URL": f"http://127.0.0.1:{server.server_address[1]}/api/v4"}
        ends = [subprocess.run(["sh", "ci/comment.sh"], cwd=place, env={**os.environ, **gitlab}, check=False, timeout=120).returncode for _ in range(2)]
        server.shutdown()
    checks.equal("GitLab: one note, then changed", (ends, Notes.asked), ([0, 0], [("POST", "notes", "t"), ("PUT", "12", "t")]))
    checks.check("GitLab: it says what the report says", Notes.kept[1]["body"].endswith("+ 1 %\n"), Notes.kept)
    tools = os.path.join(place, "tools")
    os.makedirs(tools)
    with open(os.path.join(tools, "gh"), "w", encoding="utf-8") as out:
        out.write('#!/bin/sh\necho "$*" >>gh.log\n[ "$2" != --paginate ] || [ ! -e there ] || echo 41\n')
    os.chmod(os.path.join(tools, "gh"), 0o755)
    github = {"PATH": tools + os.pathsep + os.environ["PATH"], "PAWL_PULL": "5", "GITHUB_REPOSITORY": "a/b"}
    for mark in ("", "there"):
        if mark:
            open(os.path.join(place, mark), "w", encoding="utf-8").close()
        subprocess.run(["sh", "ci/comment.sh"], cwd=place, env={**os.environ, **github}, check=True, timeout=120)
    with open(os.path.join(place, "gh.log"), encoding="utf-8") as log:
        said = [line.strip() for line in log if "--paginate" not in line]
    checks.equal("GitHub: one comment, then changed", said, ["api --silent -X POST repos/a/b/issues/5/comments -F body=@pawl-report/comment.md",
                                                             "api --silent -X PATCH repos/a/b/issues/comments/41 -F body=@pawl-report/comment.md"])
    nowhere = subprocess.run(["sh", "ci/comment.sh"], cwd=place, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False, timeout=120)
    checks.equal("nowhere to put it is said, and no failure", (nowhere.returncode, "Nothing says where" in nowhere.stdout), (0, True))


with tempfile.TemporaryDirectory() as folder:
    good = write(folder, "good", rows(200, 4, .9, 1))
    same = write(folder, "same", rows(200, 4, .9, 2))
    bad = write(folder, "bad", rows(200, 4, .5, 3))
    few = write(folder, "few", rows(5, 40, .9, 4))
    names = ["--quality", "ok", "--safety", "clean"]
    for what, candidate, more, code in (("no worse", same, names, 0), ("worse", bad, names, 1), ("five cases", few, names, 2), ("sequential", bad, ["--quality", "ok", "--sequential"], 1),
                                        ("five cases, passed by policy", few, names + ["--on-cannot-tell", "pass"], 0), ("no candidate", os.path.join(folder, "none"), names, 3),
                                        ("an unknown option", same, ["--qualty", "ok"], 64), ("an unknown score", same, ["--quality", "okay"], 64), ("a wrong margin", same, ["--margin", "-1"], 64)):
        done = gate("--baseline", good, "--candidate", candidate, *more)
        checks.equal(f"{what} ends with", done.returncode, code)
        if code in (3, 64):
            checks.check(f"{what} is explained", done.stderr.strip() != "" and done.stdout == "")
        else:
            checks.check(f"{what} is a table", done.stdout.startswith("Verdict: "))
    told = gate("--baseline", good, "--candidate", bad, *names, "--json")
    checks.equal("JSON has the verdict", json.loads(told.stdout)["verdict"], "worse")
    wrong = write(folder, "wrong", [*rows(200, 4, .9, 2), '{"case": "c0", "tri', '{"case": "c1", "trial": 9, "scores": {"ok": NaN}}'])
    told = gate("--baseline", good, "--candidate", wrong, *names)
    checks.check("wrong rows are named by file and line", f"{wrong}:801: " in told.stderr and f"{wrong}:802: " in told.stderr)
    checks.equal("and the rest counts", told.returncode, 0)

    large, other = write(folder, "large", rows(1000, 5, .8, 5)), write(folder, "other", rows(1000, 5, .8, 6))
    best = 1e9
    for _ in range(3):
        before = time.monotonic()
        gate("--baseline", large, "--candidate", other, *names, "--json")
        best = min(best, time.monotonic() - before)
    print(f"  1,000 cases of 5 trials: {best * 1000:.0f} ms, best of three")

    outputs(folder, good, bad)
    extends(folder)
    in_ci(folder, good, bad)

    answers = subprocess.run([BINARY, "stats", "--json"], capture_output=True, text=True, check=False, input='{"id":"a","fn":"wilson","in":{"x":81,"n":263}}\n\nnonsense\n{"id":2,"fn":"mean_se","in":{"cases":[[1]]}}\n', timeout=60)
    lines = [json.loads(line) for line in answers.stdout.splitlines()]
    checks.equal("stats answers each line", [(line["id"], "out" in line) for line in lines], [("a", True), (None, False), (2, False)])
    checks.check("and names what is wrong", all(line["error"]["message"] for line in lines[1:]))
checks.finish()
