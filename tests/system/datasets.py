"""Datasets over the API and the command line: versions, files in and out, cases from traces."""
import json
import os
import tempfile
import time

from pawl import JSON, ROOT, Checks, Server, command, span, traces_body

LINES = {"content-type": "application/x-ndjson"}
FORMATS = os.path.join(ROOT, "tests/fixtures/quality/formats")


def cases(server, name="refunds", more=""):
    return server.get(f"/api/v1/datasets/{name}/cases{more}")


def by_command(checks, server):
    where = ["--server", server.url]
    checks.check("none yet", "no dataset yet" in command("dataset", "list", *where).stdout)
    first = command("dataset", "import", "refunds", os.path.join(FORMATS, "cases.jsonl"), *where)
    checks.check("imported", first.returncode == 0 and "version 1: 2 added" in first.stdout, first.stdout + first.stderr)
    again = command("dataset", "import", "refunds", os.path.join(FORMATS, "cases.jsonl"), *where)
    checks.check("the same again is no version", "version 1: 0 added, 0 changed, 2 as before" in again.stdout, again.stdout)
    bad = command("dataset", "import", "refunds", os.path.join(FORMATS, "bad-rows.jsonl"), *where)
    checks.check("a bad file changes nothing", bad.returncode == 1 and "bad-rows.jsonl:3: the id c1 is taken by line 1" in bad.stderr and cases(server)["version"] == 1, bad.stderr)
    some = command("dataset", "import", "others", os.path.join(FORMATS, "bad-rows.jsonl"), "--skip-bad", *where)
    checks.check("unless the good ones are wanted", some.returncode == 0 and "2 added" in some.stdout and "6 rows left out" in some.stdout, some.stdout + some.stderr)
    for file, count in (("cases.csv", 2), ("adk.evalset.json", 2), ("langfuse-dataset-items.json", 2), ("langsmith-examples.jsonl", 2), ("openai-eval-data.jsonl", 2)):
        done = command("dataset", "import", file.split(".")[0], os.path.join(FORMATS, file), *where)
        checks.check(f"imported {file}", done.returncode == 0 and f"{count} added" in done.stdout, done.stdout + done.stderr)
    checks.equal("retired ones are kept", (cases(server, "langfuse-dataset-items")["total"], cases(server, "langfuse-dataset-items", "?retired=1")["total"]), (1, 2))
    out = command("dataset", "export", "refunds", *where)
    checks.equal("exported", [json.loads(line)["id"] for line in out.stdout.splitlines()], ["c1", "c2"])
    suite = json.loads(command("dataset", "export", "adk", "--format", "adk", *where).stdout)
    checks.equal("exported for ADK", [[one["eval_id"], len(one["conversation"])] for one in suite["eval_cases"]], [["c1", 1], ["c2", 2]])
    checks.check("listed", "refunds" in command("dataset", "list", *where).stdout)
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for number in range(100_000):
            file.write(json.dumps({"id": f"c{number}", "input": f"question {number * 7919} about {number % 977} things", "tags": ["big"]}) + "\n")
        file.flush()
        before = time.monotonic()
        big = command("dataset", "import", "big", file.name, *where, timeout=300)
        print(f"  100,000 rows: {time.monotonic() - before:.1f} s, looked at and stored")
        checks.check("100,000 rows", big.returncode == 0 and "100000 added" in big.stdout, big.stdout + big.stderr[-300:])
    before = time.monotonic()
    page = cases(server, "big", "?limit=100")
    print(f"  a page of them: {(time.monotonic() - before) * 1000:.0f} ms")
    checks.equal("a page of them", (len(page["cases"]), page["total"]), (100, 100_000))


def suites(checks, server):
    """promptfoo's configuration, run as it was written; OpenAI's graders; a log of Inspect as dataset and experiment."""
    where = ["--server", server.url]
    with tempfile.TemporaryDirectory() as folder:
        judges, out = os.path.join(folder, "judges.toml"), os.path.join(folder, "out.jsonl")
        done = command("dataset", "import", "suite", os.path.join(FORMATS, "promptfooconfig.yaml"), "--evaluators", judges, *where)
        checks.check("promptfoo's tests are cases", done.returncode == 0 and "4 added" in done.stdout and "javascript is kept and not run" in done.stderr, done.stdout + done.stderr)
        kept = server.get("/api/v1/evaluators/suite")
        checks.equal("what they assert is kept", [one["name"] for one in kept["evaluators"]], ["pass", "politeness"])
        agent = "python3 -c 'import json,sys; print(\"Answer the customer: \" + json.load(sys.stdin)[\"input\"][\"question\"])'"
        ran = command("eval", "run", "--dataset", "suite", "--evaluators", judges, "--agent", agent, "--out", out, *where)
        with open(out, encoding="utf-8") as file:
            scores = {row["case"]: row["scores"] for row in map(json.loads, file)}
        checks.check("judged as promptfoo judges its echo, but for the transform", ran.returncode == 0 and {name: one["pass"] for name, one in scores.items()} ==
                     {"greets by name": 1, "order number": 1, "test 3": 0, "fails on purpose": 0} and scores["greets by name"]["politeness"] == 1, (scores, ran.stderr))
        again = command("dataset", "export", "suite", os.path.join(folder, "again.yaml"), "--format", "promptfoo", *where)
        back = command("dataset", "import", "suite2", os.path.join(folder, "again.yaml"), *where)
        checks.check("written for promptfoo, and read again", again.returncode == 0 and "4 added" in back.stdout and
                     [one["criteria"] for one in cases(server, "suite2")["cases"]] == [one["criteria"] for one in cases(server, "suite")["cases"]], back.stdout + back.stderr)
    graders = command("eval", "import", os.path.join(FORMATS, "openai-graders.json"))
    checks.check("OpenAI's graders are evaluators", graders.returncode == 0 and graders.stdout.count("[[evaluator]]") == 5 and "asks a model" in graders.stderr, graders.stdout + graders.stderr)
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as judges:
        judges.write(graders.stdout)
        judges.flush()
        back = command("eval", "export", judges.name)
    checks.check("and evaluators are graders again", back.returncode == 0 and json.loads(back.stdout)["testing_criteria"] == json.load(open(os.path.join(FORMATS, "openai-graders.json")))["testing_criteria"], back.stdout + back.stderr)
    log = os.path.join(FORMATS, "inspect-log.json")
    taken = command("eval", "import", log, "--experiment", "inspected", "--dataset", "inspect", *where)
    checks.check("a log of Inspect is an experiment", taken.returncode == 0 and "4 trials stored" in taken.stdout, taken.stdout + taken.stderr)
    found = server.get("/api/v1/experiments/inspected")
    checks.equal("over its samples", (found["dataset"], found["state"], found["trials"], found["metrics"][0]["mean"], cases(server, "inspect")["total"]), ("inspect", "done", 4, .5, 4))
    gate = command("gate", "--baseline", log, "--candidate", log)
    checks.equal("and the gate reads it", (gate.returncode, "4 cases on both sides" in gate.stdout), (2, True))
    taken = command("eval", "import", log.replace(".json", ".eval"), "--experiment", "unzipped", "--dataset", "inspect", *where)
    checks.check("a log as .eval, too", taken.returncode == 0 and "4 trials stored" in taken.stdout, taken.stdout + taken.stderr)
    again = server.get("/api/v1/experiments/unzipped")
    checks.equal("with the same results", (again["trials"], again["metrics"][0]["mean"], cases(server, "inspect")["total"]), (4, .5, 4))
    gate = command("gate", "--baseline", log, "--candidate", log.replace(".json", ".eval"))
    checks.check("and against itself", "4 cases on both sides" in gate.stdout, gate.stdout + gate.stderr)
    checks.check("a zip that is damaged says so", "no zip archive" in server.call("POST", "/api/v1/datasets/z/import", b"PK\x03\x04", LINES).message)


def versions(checks, server):
    one = "/api/v1/datasets/refunds/cases/c1"
    changed = {"input": "Where is order 41?", "expected": "On Friday.", "tags": ["order", "late"], "cluster": "orders", "owner": "ann"}
    put = server.call("PUT", one, json.dumps(changed).encode(), JSON)
    checks.check("a case is put", put.status == 200 and put.json()["case"]["version"] == 2 and len(put.json()["versions"]) == 2, put.body)
    checks.equal("as it was", {case["id"]: case["expected"] for case in cases(server, more="?version=1")["cases"]}["c1"], "It arrives on Friday.")
    checks.equal("as it is", {case["id"]: case["expected"] for case in cases(server)["cases"]}["c1"], "On Friday.")
    checks.equal("no such version", server.call("GET", "/api/v1/datasets/refunds/cases?version=9").status, 404)
    checks.equal("a split", [case["id"] for case in cases(server, more="?split=test")["cases"]], ["c2"])
    checks.equal("retired", server.call("DELETE", "/api/v1/datasets/refunds/cases/c2").status, 200)
    checks.equal("it is not run", [case["id"] for case in cases(server)["cases"]], ["c1"])
    checks.equal("and not gone", server.get("/api/v1/datasets/refunds/cases/c2")["case"]["retired"], True)
    wrong = server.call("PUT", one, b'{"input":1,"split":7}', JSON)
    checks.check("a wrong field is named", wrong.status == 400 and "split" in wrong.message, wrong.body)
    refused = server.call("POST", "/api/v1/datasets/refunds/import", b'{"id":"a","input":1}\n{"id":"b"}\n', LINES)
    checks.check("one bad row, nothing stored", refused.status == 422 and not refused.json()["stored"] and refused.json()["bad_rows"][0]["line"] == 2, refused.body)
    near = server.call("POST", "/api/v1/datasets/refunds/import?dry_run=1", "\n".join(json.dumps(row) for row in (
        {"id": "x", "input": "Please refund order 4711, it never arrived at my door.", "split": "dev"},
        {"id": "y", "input": "please refund order 9902, it never arrived at my door!", "split": "test"})).encode(), LINES).json()
    checks.check("near-duplicates across splits", near["near_duplicates_total"] == 1 and near["near_duplicates"][0]["across_splits"], near)
    listed = server.call("GET", "/api/public/v2/datasets/refunds").json()
    checks.equal("Langfuse's clients see the same", listed.get("name"), "refunds")
    items = server.call("GET", "/api/public/dataset-items?datasetName=refunds").json()
    checks.check("and its items", any(item["expectedOutput"] == "On Friday." for item in items["data"]), items)


def from_trace(checks, server):
    said = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Refund order 42 to ada@example.org"}]}])
    answered = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "Done."}], "finish_reason": "stop"}])
    at = time.time_ns() - 60_000_000_000
    server.call("POST", "/v1/traces", traces_body(
        span(77, 1, "invoke_agent desk", None, at, gen_ai__operation__name="invoke_agent"),
        span(77, 2, "chat", 1, at, gen_ai__operation__name="chat", gen_ai__request__model="gpt-5", **{"gen_ai.input.messages": said, "gen_ai.output.messages": answered}),
        span(77, 3, "execute_tool refund", 1, at + 5, gen_ai__operation__name="execute_tool", gen_ai__tool__name="refund",
             **{"gen_ai.tool.call.arguments": '{"order":42}', "gen_ai.tool.call.result": '{"ok":true}'})), JSON)
    server.stored()
    path = "/api/v1/datasets/refunds/from-trace"
    looked = server.post(path, {"trace_id": f"{77:032x}", "dry_run": True}).json()
    case = looked["case"]
    checks.equal("filled in", (case["input"], case["expected"], case["expected_trajectory"]), ("Refund order 42 to ada@example.org", "Done.", [{"name": "refund", "arguments": {"order": 42}}]))
    checks.equal("with what tools answered", case["metadata"], {"tool_results": [{"name": "refund", "arguments": {"order": 42}, "result": {"ok": True}}]})
    checks.check("what is somebody's own is marked", [(mark["field"], mark["kind"], mark["text"]) for mark in looked["marks"]] == [("input", "email", "ada@example.org")], looked["marks"])
    checks.equal("nothing is stored yet", cases(server)["total"], 1)
    made = server.post(path, {"trace_id": f"{77:032x}", "id": "from-77", "split": "dev"}).json()
    checks.check("stored", made["stored"] and server.get("/api/v1/datasets/refunds/cases/from-77")["case"]["source_trace"] == f"{77:032x}", made)
    checks.equal("a trace that is not there", server.post(path, {"trace_id": "ff"}).status, 404)


def main():
    checks = Checks()
    with Server() as server:
        by_command(checks, server)
        suites(checks, server)
        versions(checks, server)
        from_trace(checks, server)
    checks.finish()


main()
