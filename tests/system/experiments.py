"""Experiments on the server: trials, verdicts side by side, where two runs of a case part; evaluators by version and tried on traces; agents over HTTP."""
import http.server
import json
import os
import random
import sys
import tempfile
import threading
import time

from pawl import JSON, Checks, Server, command, span, traces_body

CASES = 40
EVALUATORS = '[[evaluator]]\nname = "done"\nkind = "contains"\nvalue = "Done"\n[[evaluator]]\nkind = "called"\ntool = "refund"\n'


def lines(rows):
    return "\n".join(json.dumps(row) for row in rows).encode()


def trial(case, number, right, **more):
    calls = [{"name": "look", "arguments": {"id": case}}, {"name": "refund", "arguments": {"order": {"id": case}, "amount": 5 if right else 6}}]
    return {"case": f"c{case}", "trial": number, "status": "ok", "scores": {"right": int(right), "clean": 1}, "cost_usd": "0.01", "latency_ms": 100 + case,
            "slice": "even" if case % 2 == 0 else "odd", "output": f"refunded {5 if right else 6}", "trajectory": calls, **more}


def begin(server, name, version="1", **more):
    return server.post("/api/v1/experiments", {"name": name, "dataset": "refunds", "dataset_version": version, "manifest": name, "planned": CASES * 5, "evaluators_version": "e1",
                                               "agent": {"kind": "command", "target": "python agent.py"}, "quality": ["right"], "safety": ["clean"], **more})


def run(server, name, right, cases=CASES, **more):
    """All cases five times; `right` says whether a trial is."""
    made = begin(server, name, **more).json()
    rows = [trial(case, number, right(case, number)) for case in range(cases) for number in range(5)]
    put = server.call("POST", f"/api/v1/experiments/{name}/trials", lines(rows), JSON).json()
    server.post(f"/api/v1/experiments/{name}/end", {"state": "done"})
    return made, put


def by_trial(checks, server):
    chance = random.Random(7)
    server.call("POST", "/api/v1/datasets/refunds/import", lines({"id": f"c{case}", "input": f"refund {case}", "expected": "refunded 5"} for case in range(CASES)), JSON)
    made, put = run(server, "v12", lambda case, number: case < 12 or chance.random() < .95, branch="main")
    checks.equal("a new one runs", [made.get(key, made) for key in ("state", "trials", "dataset", "branch")], ["running", 0, "refunds", "main"])
    checks.equal("all are stored", put, {"stored": 200, "there": 0, "replaced": 0, "refused": []})
    run(server, "v13", lambda case, number: case >= 12 and chance.random() < .55)
    again = server.call("POST", "/api/v1/experiments/v13/trials", lines([trial(0, 0, True), trial(0, 9, True, status="infra_error"), {"case": "c1", "trial": -1}]), JSON).json()
    checks.check("what is stored stays, what is wrong is named", (again["stored"], again["there"], [one["index"] for one in again["refused"]]) == (1, 1, [2]), again)
    lost = server.get("/api/v1/experiments/v13")
    checks.equal("lost to infrastructure is no outcome", (lost["trials"], lost["infra_errors"], lost["state"]), (200, 1, "done"))
    server.call("POST", "/api/v1/experiments/v13/trials", lines([trial(0, 9, False)]), JSON)
    found = server.get("/api/v1/experiments/v13")
    checks.equal("and gives way to one", (found["trials"], found["infra_errors"]), (201, 0))
    right = next(one for one in found["metrics"] if one["name"] == "right")
    checks.check("means with intervals and pass^k", right["role"] == "quality" and right["ci"][0] < right["mean"] < right["ci"][1] and len(right["pass_hat_k"]) == 5
                 and right["pass_hat_k"][4] < right["pass_hat_k"][0] < right["pass_at_k"][4], right)
    checks.equal("money adds up", found["cost_usd"], "2.010000")
    checks.equal("listed by branch", [one["name"] for one in server.get("/api/v1/experiments?branch=main")["experiments"]], ["v12"])
    checks.equal("another version of the dataset is another experiment", begin(server, "v13", version="2").status, 409)
    failing = server.get("/api/v1/experiments/v13/cases?show=failing&slice=even")
    checks.check("failing cases, the worst first", failing["cases"][0]["case"] == "c0" and failing["cases"][0]["mean"]["right"] == 0 and failing["total"] == failing["counts"]["failing"]
                 and [one["state"] for one in failing["cases"][0]["trials"]] == ["fail"] * 6, failing)
    whole = server.get("/api/v1/experiments/v13/cases/c0")
    checks.check("a case whole", whole["case"]["input"] == "refund 0" and len(whole["trials"]) == 6 and whole["trials"][0]["output"] == "refunded 6", whole)
    checks.equal("rows as the gate reads them", len(server.call("GET", "/api/v1/experiments/v13/rows").body.splitlines()), 201)
    checks.equal("one that is not there", server.call("GET", "/api/v1/experiments/v99").status, 404)
    failed = server.get("/api/v1/datasets/refunds/failures?limit=1000")
    checks.check("where each case failed last", {one["case"]: one["name"] for one in failed["failures"]}["c0"] == "v13" and failed["total"] == len(failed["failures"]) <= CASES, failed)
    checks.equal("and one case says so", server.get("/api/v1/datasets/refunds/cases/c0")["last_failed"]["name"], "v13")
    few = run(server, "few", lambda case, number: case % 2 == 0, cases=3)[0]["id"]
    checks.equal("what is yes or no stays between 0 and 1", server.get(f"/api/v1/experiments/{few}")["metrics"][0]["ci"], [0, 1])


def side_by_side(checks, server):
    query = "baseline=v12&candidate=v13"
    compared = server.get("/api/v1/comparison?" + query)["candidates"][0]
    checks.check("worse, as it was planted", compared["verdict"] == "worse" and compared["exit_code"] == 1, compared)
    checks.check("the metric says by how much", compared["metrics"][0]["name"] == "right" and compared["metrics"][0]["ci"][1] < -.05, compared["metrics"])
    listed = next(one for one in server.get("/api/v1/experiments/v13")["metrics"] if one["name"] == "right")
    checks.equal("the list says the same mean: the unit is the case", round(listed["mean"], 9), round(compared["metrics"][0]["candidate"], 9))
    rows = server.get(f"/api/v1/comparison/cases?{query}&show=regressed")
    checks.check("what regressed comes first, and as often as counted", rows["total"] == compared["counts"]["regressed"] and {"c0", "c1"} <= {one["case"] for one in rows["cases"]}, rows)
    for show, count in compared["counts"].items():
        if show not in ("paired", "newly_flaky"):
            checks.equal(f"clicking on {show} shows as many", server.get(f"/api/v1/comparison/cases?{query}&show={show}&limit=1")["total"], count)
    one = server.get("/api/v1/comparison/cases/c0?" + query)["candidates"][0]["alignment"]
    checks.equal("where they part", (one["divergence"], one["steps"][1]["state"], one["steps"][1]["pointer"]), (1, "arguments", "/amount"))
    equal = server.get("/api/v1/comparison?baseline=v12&candidate=v12,v13")["candidates"]
    checks.check("two candidates, each its verdict", [one["verdict"] for one in equal] in (["no_worse", "worse"], ["cannot_tell", "worse"]), [one["verdict"] for one in equal])
    run(server, "other", lambda case, number: True, version="2")
    other = server.get("/api/v1/comparison?baseline=v12&candidate=other")["candidates"][0]
    checks.check("another version of the dataset is not compared", other["verdict"] is None and other["exit_code"] == 3 and "versions" in other["reason"], other)
    for path in ("/api/v1/comparison?baseline=v12", "/api/v1/comparison?baseline=v12&candidate=v13&margin=x", "/api/v1/comparison?baseline=v12&candidate=v13&quality=nope",
                 f"/api/v1/comparison/cases?{query}&show=best"):
        checks.equal(f"refused: {path}", server.call("GET", path).status, 400)


def judged(checks, server):
    said = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "Done."}], "finish_reason": "stop"}])
    asked = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "refund 1"}]}])
    at = time.time_ns() - 60_000_000_000
    for number, calls in ((91, True), (92, False)):
        spans = [span(number, 1, "invoke_agent desk", None, at, gen_ai__operation__name="invoke_agent"),
                 span(number, 2, "chat", 1, at, gen_ai__operation__name="chat", **{"gen_ai.input.messages": asked, "gen_ai.output.messages": said})]
        if calls:
            spans.append(span(number, 3, "execute_tool refund", 1, at + 5, gen_ai__operation__name="execute_tool", gen_ai__tool__name="refund", **{"gen_ai.tool.call.arguments": '{"order":1}'}))
        server.call("POST", "/v1/traces", traces_body(*spans), JSON)
    server.stored()
    put = server.call("PUT", "/api/v1/evaluators/desk", json.dumps({"text": EVALUATORS}).encode(), JSON)
    checks.equal("kept as version 1", put.json().get("version"), 1)
    server.call("PUT", "/api/v1/evaluators/desk", json.dumps({"text": EVALUATORS + "[[evaluator]]\nkind = 'refusal'\n"}).encode(), JSON)
    checks.equal("then 2, the first one stays", [one["version"] for one in server.get("/api/v1/evaluators/desk")["versions"]], [2, 1])
    wrong = server.call("PUT", "/api/v1/evaluators/desk", json.dumps({"text": "[[evaluator]]\nkind = 'exakt'"}).encode(), JSON)
    checks.check("what is wrong is named", wrong.status == 400 and "Did you mean exact?" in wrong.message, wrong.body)
    tried = server.post("/api/v1/evaluators/try", {"text": EVALUATORS, "traces": [f"{91:032x}", f"{92:032x}", "ff"]}).json()
    checks.equal("tried on traces", [[score["value"] for score in one["scores"]] for one in tried["results"]], [[1, 1], [1, 0]])
    checks.check("summed up, and what is not there is named", tried["summary"][1]["passed"] == 1 and tried["refused"][0]["trace"] == "ff", tried)
    by_filter = server.post("/api/v1/evaluators/try", {"name": "desk", "filter": "tool=refund"}).json()
    checks.equal("found by a filter", [one["trace"] for one in by_filter["results"]], [f"{91:032x}"])
    begin(server, "linked")
    server.call("POST", "/api/v1/experiments/linked/trials", lines([{"case": "c1", "trial": 0, "scores": {"right": 1}, "trace": f"{91:032x}"}, {"case": "c1", "trial": 1, "scores": {"right": 0}, "trace": f"{92:032x}"}]), JSON)
    scores = server.get(f"/api/v1/scores?trace={91:032x}")["scores"]
    checks.check("a trial's score stands with its trace", [(one["name"], one["value"], one["source"], one["evaluator"]) for one in scores] == [("right", 1, "eval", "e1")], scores)
    parted = server.get("/api/v1/comparison/cases/c1?baseline=v12&candidate=linked")["candidates"][0]
    checks.check("calls are read from the trace, and the span that decides is named", parted["alignment"]["from"] == {"baseline": "agent", "candidate": "trace"}
                 and parted["alignment"]["divergence"] == 0 and parted["alignment"]["deciding"]["trace"] == f"{92:032x}", parted)
    checks.equal("removed", (server.call("DELETE", "/api/v1/experiments/linked").status, server.call("GET", "/api/v1/experiments/linked").status), (200, 404))


class Agent(http.server.BaseHTTPRequestHandler):
    """Answers as an agent, and as an API like OpenAI's; the first call of a trial is one too many."""
    seen = {}

    def do_POST(self):
        said = json.loads(self.rfile.read(int(self.headers["content-length"])))
        trial = self.headers["x-pawl-trial-id"]
        self.seen.setdefault(trial, []).append((self.headers["traceparent"], self.headers.get("authorization"), self.headers.get("x-team")))
        busy = len(self.seen[trial]) == 1 and self.path == "/agent"
        answer = {"output": "refunded 5", "cost_usd": 0.01} if self.path == "/agent" else {
            "choices": [{"message": {"role": "assistant", "content": "refunded 5", "tool_calls": [{"function": {"name": "refund", "arguments": json.dumps({"words": said["messages"][0]["content"]})}}]}}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100}}
        body = json.dumps(answer).encode()
        self.send_response(429 if busy else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def from_command(checks, server, folder):
    endpoint = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agent)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{endpoint.server_port}"
    judges, program = os.path.join(folder, "judges.toml"), os.path.join(folder, "judge.py")
    with open(program, "w", encoding="utf-8") as file:
        file.write("import json, sys\nfor line in sys.stdin:\n    asked = json.loads(line)\n    print(json.dumps({'id': asked['id'], 'scores': [{'name': 'short', 'value': len(asked['output']) < 20}]}), flush=True)\n")
    with open(judges, "w", encoding="utf-8") as file:
        file.write(f'[[evaluator]]\nname = "right"\nkind = "exact"\n[[evaluator]]\nname = "program"\nkind = "program"\ncommand = "{sys.executable} {program}"\n')
    words = ["eval", "run", "--server", server.url, "--dataset", "refunds", "--evaluators", judges]
    first = command(*words, "--experiment", "over http", "--agent-url", url + "/agent", "--header", "x-team=TEAM", "--out", os.path.join(folder, "http.jsonl"), "--branch", "next",
                    env={"TEAM": "desk"}, timeout=200)
    checks.check("an agent over HTTP", first.returncode == 0 and f"{CASES} trials ran (0 of them failed)" in first.stdout, first.stdout + first.stderr)
    found = server.get("/api/v1/experiments/over%20http")
    checks.equal("is on the server", [found.get(key, found) for key in ("state", "trials", "cost_usd", "dataset_version", "branch")], ["done", CASES, "0.400000", "1", "next"])
    checks.equal("judged, by a program too", sorted((one["name"], one["mean"]) for one in found["metrics"]), [("right", 1), ("short", 1)])
    calls = next(iter(Agent.seen.values()))
    checks.check("a busy one is asked again with the same trial and another trace", len(calls) == 2 and calls[0][0] != calls[1][0] and calls[0][2] == "desk", calls)
    trial = server.get("/api/v1/experiments/over%20http/cases/c1")["trials"][0]
    checks.check("the trial names the trace that it was given", any(trial["trace"] == call[0].split("-")[1] for call in Agent.seen[trial["trial_id"]]) and trial["retries"] == 1, trial)
    Agent.seen.clear()
    again = command(*words, "--experiment", "over http", "--agent-url", url + "/agent", "--out", os.path.join(folder, "elsewhere.jsonl"), timeout=200)
    checks.check("elsewhere the same experiment goes on: nothing is run twice", again.returncode == 0 and not Agent.seen and f"{CASES} were there" in again.stdout, again.stdout + again.stderr)
    chat = command(*words, "--experiment", "chat", "--agent-openai", url + "/v1", "--model", "m", "--key-env", "SECRET", "--input-price", "2", "--output-price", "10", "--out",
                   os.path.join(folder, "chat.jsonl"), env={"SECRET": "s3"}, timeout=200)
    checks.check("an API as OpenAI's", chat.returncode == 0 and next(iter(Agent.seen.values()))[0][1] == "Bearer s3", chat.stdout + chat.stderr)
    one = server.get("/api/v1/experiments/chat/cases/c2")["trials"][0]
    checks.equal("its calls, tokens and money", (one["trajectory"], one["tokens"], one["cost_usd"]), ([{"name": "refund", "arguments": {"words": "refund 2"}}], 1100, "0.003000"))
    endpoint.shutdown()
    gate = command("gate", "--server", server.url, "--baseline", "branch:main", "--candidate", "experiment:v13", "--quality", "right", "--json", timeout=60)
    checks.check("the gate asks the server for both sides", gate.returncode == 1 and json.loads(gate.stdout)["verdict"] == "worse", gate.stdout[:300] + gate.stderr)
    nowhere = command("gate", "--server", server.url, "--baseline", "branch:none", "--candidate", "experiment:v13", timeout=60)
    checks.check("no baseline is no verdict", nowhere.returncode == 3 and "branch none" in nowhere.stderr, nowhere.stderr)
    tried = command("eval", "try", "--server", server.url, "--name", "desk", "--filter", "tool=refund", timeout=60)
    checks.check("evaluators are tried on traces", tried.returncode == 0 and f"{91:032x}" in tried.stdout, tried.stdout + tried.stderr)
    two = command(*words, "--experiment", "x", "--agent", "true", "--agent-url", url, timeout=60)
    checks.check("one agent only", two.returncode != 0 and "one agent" in two.stderr, two.stderr)


def main():
    checks = Checks()
    with Server() as server:
        by_trial(checks, server)
        side_by_side(checks, server)
        judged(checks, server)
        with tempfile.TemporaryDirectory() as folder:
            from_command(checks, server, folder)
    checks.finish()


main()
