"""`pawl eval run`: trials, judged and kept; agents that hang, die, print nonsense; going on after kill -9; then the gate."""
import collections
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from pawl import BINARY, PATIENCE, Checks, command

AGENT = '''import json, os, sys, time
case = json.load(sys.stdin)
with open(os.environ["CALLS"], "a") as calls:
    calls.write(case["case"] + " " + str(case["trial"]) + " " + os.environ["PAWL_TRIAL_ID"] + "\\n")
word = case["input"]
if word == "hang": time.sleep(1000)
if word == "die": sys.exit(7)
if word == "plain": print("just text"); sys.exit(0)
if word == "busy" and not os.path.exists(os.environ["CALLS"] + ".busy"):
    open(os.environ["CALLS"] + ".busy", "w").close(); sys.exit(75)
if word == "lost": sys.exit(75)
print(json.dumps({"output": "echo " + str(word), "trajectory": [{"name": "echo", "arguments": {"n": 1}}], "cost_usd": 0.01, "trace": "ab12"}))
'''
EVALUATORS = '''[[evaluator]]
name = "right"
kind = "exact"
[[evaluator]]
name = "calls"
kind = "trajectory"
metric = "exact"
[[evaluator]]
name = "polite"
kind = "regex"
value = "echo|text"
[[evaluator]]
kind = "no_secrets"
'''
CASES = [{"id": "ok", "input": "a", "expected": "echo a", "expected_trajectory": [{"name": "echo", "arguments": {"n": 1.0}}]}, {"id": "wrong", "input": "b", "expected": "c"},
         {"id": "plain", "input": "plain", "expected": "just text"}, {"id": "die", "input": "die", "expected": "x"}, {"id": "busy", "input": "busy", "expected": "echo busy"}]

checks = Checks()
with tempfile.TemporaryDirectory() as folder:
    def path(name, text=None):
        if text is not None:
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        return os.path.join(folder, name)

    def lines(cases):
        return "".join(json.dumps(case) + "\n" for case in cases)

    def results(name):
        with open(path(name), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    agent = f"{sys.executable} {path('agent.py', AGENT)}"
    judges = path("judges.toml", EVALUATORS)
    environment = {"CALLS": path("calls", "")}

    def words(cases, out, *more):
        return ["eval", "run", "--cases", cases, "--agent", agent, "--evaluators", judges, "--out", out, *more]

    cases = path("cases.jsonl", lines(CASES))
    ran = command(*words(cases, path("out.jsonl"), "--trials", "2", "--timeout", "60"), env=environment, timeout=200)
    checks.check("ran", ran.returncode == 0 and "10 trials ran (2 of them failed), 0 were there" in ran.stdout, ran.stdout + ran.stderr)
    by_case = {(row["case"], row["trial"]): row for row in results("out.jsonl")}
    checks.equal("all trials", len(by_case), 10)
    checks.equal("judged", by_case["ok", 0]["scores"], {"right": 1, "calls": 1, "polite": 1, "no_secrets": 1})
    checks.equal("nothing expected, no score", by_case["wrong", 1]["scores"], {"right": 0, "calls": None, "polite": 1, "no_secrets": 1})
    checks.equal("plain text is the output", by_case["plain", 0]["scores"]["right"], 1)
    checks.check("a crash is an outcome", by_case["die", 0]["status"] == "ok" and by_case["die", 0]["scores"]["right"] == 0 and "ended with 7" in by_case["die", 0]["comment"], by_case["die", 0])
    checks.equal("what was busy is run again", by_case["busy", 0]["status"], "ok")
    with open(environment["CALLS"], encoding="utf-8") as file:
        calls = [line.split() for line in file]
    checks.equal("the same trial has the same id", len({tuple(call) for call in calls}), 10)
    again = command(*words(cases, path("out.jsonl"), "--trials", "2"), env=environment, timeout=200)
    checks.check("nothing is run twice", "0 trials ran (0 of them failed), 10 were there" in again.stdout, again.stdout + again.stderr)

    hang = command(*words(path("hang.jsonl", lines([{"id": "h", "input": "hang", "expected": "x"}])), path("hang-out.jsonl"), "--timeout", "0.5"), env=environment, timeout=100)
    checks.check("a hanging agent is ended, and that is an outcome", hang.returncode == 0 and "out of time" in results("hang-out.jsonl")[0]["comment"], hang.stdout + hang.stderr)
    lost = command(*words(path("lost.jsonl", lines([{"id": "l", "input": "lost"}])), path("lost-out.jsonl"), "--retries", "1"), env=environment, timeout=100)
    checks.check("lost to infrastructure is no outcome", lost.returncode == 1 and results("lost-out.jsonl")[0]["status"] == "infra_error", lost.stdout)

    many = path("many.jsonl", lines([{"id": f"m{number}", "input": number, "expected": f"echo {number}"} for number in range(60)]))
    capped = command(*words(many, path("capped.jsonl"), "--spend-cap", "0.05", "--concurrency", "1"), env=environment, timeout=200)
    checks.check("the cap holds", capped.returncode == 1 and "5 trials ran" in capped.stdout and "spend cap" in capped.stderr, capped.stdout + capped.stderr)

    path("calls", "")
    first = subprocess.Popen([BINARY, *words(many, path("killed.jsonl"), "--concurrency", "2")], env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60 * PATIENCE
    while time.monotonic() < end and first.poll() is None and (not os.path.exists(path("killed.jsonl")) or len(results("killed.jsonl")) < 5):
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()
    kept = {row["case"] for row in results("killed.jsonl")}
    with open(path("killed.jsonl"), "a", encoding="utf-8") as file:
        file.write('{"case":"m59","trial":0,"sta')  # a line that was cut off
    second = command(*words(many, path("killed.jsonl"), "--concurrency", "2"), env=environment, timeout=300)
    checks.check("it goes on after kill -9", second.returncode == 0 and f"{60 - len(kept)} trials ran" in second.stdout, second.stdout + second.stderr)
    checks.equal("every trial once", sorted(collections.Counter(row["case"] for row in results("killed.jsonl")).values()), [1] * 60)
    with open(environment["CALLS"], encoding="utf-8") as file:
        paid = collections.Counter(line.split()[0] for line in file)
    checks.check("what was kept is not paid for twice", all(paid[case] == 1 for case in kept), paid)
    gate = command("gate", "--baseline", path("killed.jsonl"), "--candidate", path("killed.jsonl"), "--quality", "right", timeout=60)
    checks.check("the gate reads it", gate.returncode == 0 and "no worse" in gate.stdout, gate.stdout + gate.stderr)

    for text, word in (('[[evaluator]]\nkind = "exakt"\n', "Did you mean exact?"), ('[[evaluator]]\nkind = "regex"\nvalue = "("\n', "regular expression"), ("x = ", "line 1"), ("", "no [[evaluator]]"),
                       ('[[evaluator]]\nkind = "exact"\nvalu = "x"\n', "Did you mean value?")):
        judges = path("bad.toml", text)
        refused = command(*words(cases, path("never.jsonl")), env=environment)
        checks.check(f"refused: {word}", refused.returncode != 0 and word in refused.stderr and not os.path.exists(path("never.jsonl")), refused.stderr)
checks.finish()
