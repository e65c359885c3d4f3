"""`pawl gate` and `pawl stats` as CI calls them: exit codes, what is said where, speed."""
import json
import os
import random
import subprocess
import tempfile
import time

from pawl import BINARY, Checks, command

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

    answers = subprocess.run([BINARY, "stats", "--json"], capture_output=True, text=True, check=False, input='{"id":"a","fn":"wilson","in":{"x":81,"n":263}}\n\nnonsense\n{"id":2,"fn":"mean_se","in":{"cases":[[1]]}}\n', timeout=60)
    lines = [json.loads(line) for line in answers.stdout.splitlines()]
    checks.equal("stats answers each line", [(line["id"], "out" in line) for line in lines], [("a", True), (None, False), (2, False)])
    checks.check("and names what is wrong", all(line["error"]["message"] for line in lines[1:]))
checks.finish()
