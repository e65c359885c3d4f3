"""`pawl import`: a small world in every form in which other platforms give their history away, carried into real servers
and compared with what is true; the same again; killed in the middle; wrong, half and foreign files."""
import base64
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from imports_world import ALWAYS, HOUR, PHOENIX_TABLES, WHOLE, as_csv, dump_of, fill, in_tables, iso, jsonl, langfuse_api, langfuse_columns, langfuse_things, langsmith, pg_dump, put, uuid_of, world
from pawl import BINARY, PATIENCE, ROOT, Checks, Server, command, unpacked

checks = Checks()
def run(server, vendor, *words, state=None, wanted=0, name=""):
    """`pawl import …`; its report."""
    flags = ["--state", state] if state else ["--no-state"]
    done = command("import", vendor, *words, "--server", server.url, "--json", *flags, timeout=300)
    if not checks.equal(f"{name or vendor}: exit code", done.returncode, wanted):
        print(done.stdout[-500:], done.stderr[-500:])
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {"carried": -1, "already": -1, "not_carried": -1, "kinds": {}, "refused": [], "text": done.stdout + done.stderr}


def sums(server, by=()):
    answer = server.post("/api/v1/query", {"measures": ["spans", "traces", "sessions", "llm_calls", "tool_calls", "errors", "tokens.input",
                                                        "tokens.output", "cost"], "dimensions": list(by), **WHOLE}).json()
    names = [c["name"] for c in answer["columns"]]
    return [dict(zip(names, row)) for row in answer["rows"]]


def scores_of(server):
    page, out = 1, 0
    while True:
        answer = server.get(f"/api/public/v2/scores?limit=100&page={page}")
        out += len(answer["data"])
        page += 1
        if not answer["data"] or page > answer["meta"]["totalPages"]:
            return out


def settled(server, wanted, seconds=60):
    """Waits until the corrections have made it `wanted`; what it is at last."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        server.stored(60)
        got = {k: v for k, v in sums(server)[0].items() if k in wanted}
        if got == wanted or time.monotonic() > end:
            return got
        time.sleep(0.2)


def truth_of(traces, root_spans):
    steps = [s for t in traces for s in t["steps"]]
    return {"spans": len(steps) + (len(traces) if root_spans else 0), "traces": len(traces), "sessions": len({t["session"] for t in traces}),
            "llm_calls": sum(s["type"] == "GENERATION" for s in steps), "errors": sum(s.get("level") == "ERROR" for s in steps),
            "tokens.input": sum(s.get("usage", {}).get("input", 0) for s in steps), "tokens.output": sum(s.get("usage", {}).get("output", 0) for s in steps)}


def check_tree(server, name, trace, ids, times=True):
    """One trace: ids, parents, times, status, content as they were."""
    answer = server.get(f"/api/v1/traces/{ids(trace)}")
    spans = {s["span_id"]: s for s in answer.get("spans", [])}
    for step in trace["steps"]:
        span = spans.get(ids(step))
        if not checks.check(f"{name}: step {step['id']}", span is not None, list(spans)):
            continue
        if step["parent"]:
            checks.equal(f"{name}: parent", span["parent_id"], ids({"id": step["parent"]}))
        checks.equal(f"{name}: start", span["start"][:23] + "Z", iso(step["start"]))
        checks.equal(f"{name}: duration", span["duration_ms"], round((step["end"] - step["start"]) * 1000))
        checks.equal(f"{name}: status", span["status"], "error" if step.get("level") == "ERROR" else "ok")
        if "model" in step:
            checks.equal(f"{name}: model", span["model"]["requested"] or span["model"]["served"], step["model"])
            checks.equal(f"{name}: tokens", span["tokens"]["input"], step["usage"]["input"])
            checks.check(f"{name}: asked", step["input"][0]["content"] in json.dumps(span["input"], ensure_ascii=False).replace("\\\\", "\\").replace("\\t", "\t"), span["input"])
    checks.equal(f"{name}: session", answer["trace"]["session_id"], trace["session"])
    checks.equal(f"{name}: scores", sorted(str(s["value"]) for s in answer["scores"]), sorted(str(float(c["value"]) if c["type"] == "NUMERIC" else c["value"]) if not (c["type"] == "NUMERIC" and c["value"] in (0, 1)) else str(int(c["value"])) for c in trace["scores"]))


def carried_and_again(name, vendor, paths, traces, root_spans, ids):
    """Carried into an empty server, then again with its state, then without one: nothing is doubled."""
    truth = truth_of(traces, root_spans)
    with Server() as server, tempfile.TemporaryDirectory() as home:
        state = os.path.join(home, "state.json")
        report = run(server, vendor, *paths, state=state, name=name)
        everything = truth["spans"] + sum(len(t["scores"]) for t in traces)
        checks.equal(f"{name}: carried", report["carried"], everything)
        checks.equal(f"{name}: truth", settled(server, truth), truth)
        cost = sums(server)[0]["cost"]
        checks.check(f"{name}: cost", float(cost) > 0, cost)
        checks.equal(f"{name}: scores", scores_of(server), sum(len(t["scores"]) for t in traces))
        check_tree(server, name, traces[7], ids)
        check_tree(server, name, traces[8], ids)
        again = run(server, vendor, *paths, state=state, name=name)
        checks.equal(f"{name}: again by state", (again["carried"], again["already"]), (0, everything))
        anew = run(server, vendor, *paths, name=name)
        checks.equal(f"{name}: spans known again", sum(k["already"] for n, k in anew["kinds"].items() if n not in ("score", "feedback")), truth["spans"])
        checks.equal(f"{name}: truth after all", settled(server, truth), truth)
        checks.equal(f"{name}: cost after all", sums(server)[0]["cost"], cost)
        checks.equal(f"{name}: scores after all", scores_of(server), sum(len(t["scores"]) for t in traces))


def same(value):
    return value["id"]


def langfuse_forms():
    traces = world()
    with tempfile.TemporaryDirectory() as home:
        api, ch, pg = langfuse_api(traces), langfuse_columns(traces, True), langfuse_columns(traces, False)
        for table, rows in api.items():
            put(home, f"json/{table}.json", json.dumps(rows))
            put(home, f"jsonl/{table}.jsonl", jsonl(rows))
            put(home, f"pages/{table}.json", "".join(json.dumps({"data": rows[i:i + 50], "meta": {"page": i // 50 + 1}}, indent=1) + "\n"
                                                     for i in range(0, len(rows), 50)))
            put(home, f"csv/{table}.csv", as_csv(rows))
            put(home, f"clickhouse/{table}.jsonl", jsonl(ch[table]))
            subprocess.run(["gzip", "-q", os.path.join(home, f"jsonl/{table}.jsonl")], check=True)
            subprocess.run(["zstd", "-q", "--rm", os.path.join(home, f"clickhouse/{table}.jsonl")], check=True)
        put(home, "dump.sql", pg_dump(pg))
        details = []
        for t in traces:
            row = next(r for r in api["traces"] if r["id"] == t["id"])
            details.append({**row, "observations": [o for o in api["observations"] if o["traceId"] == t["id"]],
                            "scores": [c for c in api["scores"] if c["traceId"] == t["id"]]})
        put(home, "details.json", json.dumps(details, indent=2))
        for form in ("json", "jsonl", "pages", "csv", "clickhouse"):
            carried_and_again(f"langfuse {form}", "langfuse", [os.path.join(home, form)], traces, True, same)
        carried_and_again("langfuse dump", "langfuse", [os.path.join(home, "dump.sql")], traces, True, same)
        carried_and_again("langfuse details", "langfuse", [os.path.join(home, "details.json")], traces, True, same)


def langsmith_forms():
    traces = world(seed=2)
    runs, feedback = langsmith(traces)

    def ids(value):
        return uuid_of(value["steps"][0]["id"] if "steps" in value else value["id"])
    with tempfile.TemporaryDirectory() as home:
        put(home, "jsonl/runs.jsonl", jsonl(runs))
        put(home, "jsonl/feedback.jsonl", jsonl(feedback))
        put(home, "csv/runs.csv", as_csv(runs))
        put(home, "csv/feedback.csv", as_csv(feedback))
        put(home, "api/runs.json", json.dumps({"runs": runs, "cursors": {"next": None}}))
        put(home, "api/feedback.json", json.dumps(feedback))
        for form in ("jsonl", "csv", "api"):
            carried_and_again(f"langsmith {form}", "langsmith", [os.path.join(home, form)], traces, False, ids)
    parquet(traces)


def parquet(traces):
    """The same runs as a bulk export has them: a Parquet file, here written by ClickHouse; JSON is text in its columns."""
    truth = truth_of(traces, False)
    with Server() as server, tempfile.TemporaryDirectory() as home:
        os.mkdir(os.path.join(home, "a*b"))  # the engine takes paths for patterns
        path = shutil.copy(os.path.join(ROOT, "tests/fixtures/imports/langsmith_runs.parquet"), os.path.join(home, "a*b", "runs{1}.parquet"))
        report = run(server, "langsmith", path, state=os.path.join(home, "state.json"), name="parquet")
        checks.equal("parquet: carried", counts(report), {"run": (truth["spans"], 0, 0)})
        checks.equal("parquet: truth", settled(server, truth), truth)
        again = run(server, "langsmith", path, state=os.path.join(home, "state.json"), name="parquet again")
        checks.equal("parquet: again by state", (again["carried"], again["already"]), (0, truth["spans"]))


def real_store(name, vendor, truth, scores):
    with Server() as server, tempfile.TemporaryDirectory() as home:
        path = put(home, name, unpacked(os.path.join(ROOT, "tests/fixtures/imports", name + ".zst")))
        state = os.path.join(home, "state.json")
        report = run(server, vendor, path, state=state)
        checks.equal(f"{vendor}: carried", (report["carried"], report["already"]), (truth["spans"] + scores, 0))
        checks.equal(f"{vendor}: truth", settled(server, truth), truth)
        checks.check(f"{vendor}: cost", float(sums(server)[0]["cost"]) > 0)
        checks.equal(f"{vendor}: scores", scores_of(server), scores)
        other = {"mlflow": "mlflow_traces.jsonl", "phoenix": "phoenix_spans.json"}[vendor]  # the same as the program's own JSON
        run(server, vendor, put(home, other, unpacked(os.path.join(ROOT, "tests/fixtures/imports", other + ".zst"))), name=other)
        checks.equal(f"{vendor}: truth after its JSON", settled(server, truth), truth)
        checks.equal(f"{vendor}: scores after its JSON", scores_of(server), scores)
        again = run(server, vendor, path)
        checks.equal(f"{vendor}: spans known again", again["kinds"]["span"], {"carried": 0, "already": truth["spans"], "not_carried": 0})
        server.end()
        with Server(data=server.home) as later:  # another process, which remembers nothing
            run(later, vendor, path)
            checks.equal(f"{vendor}: truth after all", settled(later, truth), truth)
            checks.equal(f"{vendor}: scores after all", scores_of(later), scores)
            return later.get(f"/api/v1/traces?limit=100&{ALWAYS}")["traces"], later.get(f"/api/v1/spans?limit=100&{ALWAYS}")["spans"], later.get(
                "/api/public/v2/scores?limit=100")["data"]


def stores():
    traces, spans, scores = real_store("mlflow.db", "mlflow", {"spans": 9, "traces": 3, "sessions": 1, "llm_calls": 3, "errors": 1,
                                                               "tokens.input": 360, "tokens.output": 90}, 3)
    checks.equal("mlflow: session", {t["session_id"] for t in traces}, {"s-1"})
    checks.equal("mlflow: user", {t["user_id"] for t in traces}, {"u-7"})
    checks.equal("mlflow: kinds", sorted(s["kind"] for s in spans), ["agent"] * 3 + ["llm"] * 3 + ["tool"] * 3)
    checks.equal("mlflow: scores", sorted(s["name"] for s in scores), ["expected", "helpful", "quality"])
    traces, spans, scores = real_store("phoenix.db", "phoenix", {"spans": 18, "traces": 6, "sessions": 4, "llm_calls": 6, "errors": 2,
                                                                 "tokens.input": 366, "tokens.output": 120}, 9)
    checks.equal("phoenix: sessions", {t["session_id"] for t in traces}, {"shop-s0", "shop-s1", "support-s0", "support-s1"})
    checks.equal("phoenix: times", {t["start"][:10] for t in traces}, {"2024-11-21"})
    checks.equal("phoenix: kinds", sorted(s["kind"] for s in spans), ["agent"] * 6 + ["llm"] * 6 + ["tool"] * 6)
    checks.equal("phoenix: scores", sorted(s["name"] for s in scores), ["correct"] * 6 + ["done", "happy", "tone"])


# --- prompts, datasets, scores in columns ---------------------------------------------------------------------------
def counts(report):
    return {kind: (n["carried"], n["already"], n["not_carried"]) for kind, n in report["kinds"].items() if any(n.values())}


def things():
    traces = world(6, seed=5)
    has = langfuse_things(traces)
    with tempfile.TemporaryDirectory() as home, Server() as server:
        for table, rows in has.items():
            put(home, f"api/{table}.json", json.dumps({"data": rows, "meta": {"page": 1}}))
        put(home, "dump.sql", pg_dump(in_tables(has)))
        put(home, "page/items.csv", as_csv([{k: v for k, v in row.items() if k != "datasetId"} for row in has["dataset_items"][1:]]))
        report = run(server, "langfuse", os.path.join(home, "api"), state=os.path.join(home, "state.json"), name="things")
        every = {"prompt version": (4, 0, 0), "dataset": (2, 0, 0), "dataset item": (4, 0, 0), "run item": (3, 0, 0), "comment": (1, 0, 0)}
        checks.equal("things: carried", counts(report), every)
        comments = lambda: [(c["text"], c["author"]["name"]) for c in server.get(f"/api/v1/comments?trace_id={traces[0]['id']}")["comments"]]  # noqa: E731
        checks.equal("things: the comment", comments(), [("why?", "u1")])
        checks.check("things: a label that is none here", any("Not Ours" in r["why"] for r in report["stayed_behind"]), report["stayed_behind"])
        path = "/api/public/v2/prompts/refund%2Fanswer"
        checks.equal("things: the prompt in use", [server.get(path)[k] for k in ("version", "prompt", "config", "tags", "commitMessage")],
                     [4, has["prompts"][0]["prompt"], {"temperature": 1}, ["shop", "a b"], "change 4"])
        checks.equal("things: versions keep their numbers", [server.get(f"{path}?version={n}")["prompt"] for n in (1, 2, 4)], ["Hi {{name}}", "\\Hey", has["prompts"][0]["prompt"]])
        checks.equal("things: labels", server.get(f"{path}?label=staging")["version"], 2)
        checks.equal("things: chat", server.get("/api/public/v2/prompts/look-up")["prompt"], has["prompts"][3]["prompt"])
        dataset = server.get("/api/public/v2/datasets/refunds%20%2F%20hard")
        checks.equal("things: the dataset", (dataset["description"], dataset["metadata"]), ("which failed", {"team": "shop"}))
        fields = ("id", "input", "expectedOutput", "metadata", "sourceTraceId", "status")
        for item in has["dataset_items"]:
            got = server.get(f"/api/public/dataset-items/{item['id']}")
            checks.equal(f"things: item {item['id']}", [got[k] for k in fields], [item[k] for k in fields])
        tried = server.get("/api/public/datasets/refunds%20%2F%20hard/runs/gpt-4o")
        checks.equal("things: the run", (tried["description"], tried["metadata"], sorted(i["traceId"] for i in tried["datasetRunItems"])),
                     ("the first", {"model": "gpt-4o"}, [t["id"] for t in traces[:3]]))
        again = run(server, "langfuse", os.path.join(home, "api"), state=os.path.join(home, "state.json"), name="things again")
        checks.equal("things: again by state", (again["carried"], again["already"]), (0, 14))
        held = {kind: (0, n[0], 0) for kind, n in every.items()} | {"comment": (1, 0, 0)}  # sent again, the same one by its id
        checks.equal("things: the dump is the same", counts(run(server, "langfuse", os.path.join(home, "dump.sql"), name="things of a dump")), held)
        checks.equal("things: still one comment", len(comments()), 1)
        checks.equal("things: so are items alone", counts(run(server, "langfuse", os.path.join(home, "page/items.csv"), name="items of the page")),
                     {"dataset": (0, 1, 0), "dataset item": (0, 3, 0)})
        # What has changed since: the source's newer item takes its place, an older one does not, a prompt's version never.
        server.post("/api/public/dataset-items", {"id": "i-1", "datasetName": "refunds / hard", "input": "ours"})
        has["dataset_items"][2].update(input="theirs", updatedAt=iso(time.time() + HOUR))
        has["prompts"][0]["prompt"] = "another"
        for table in ("prompts", "datasets", "dataset_items"):
            put(home, f"later/{table}.json", json.dumps(has[table]))
        later = run(server, "langfuse", os.path.join(home, "later"), wanted=1, name="things later")
        checks.equal("things: what changed", counts(later), {"prompt version": (0, 3, 1), "dataset": (0, 2, 0), "dataset item": (1, 3, 0)})
        checks.equal("things: newer wins", [server.get(f"/api/public/dataset-items/i-{n}")["input"] for n in (1, 2)], ["ours", "theirs"])
        checks.check("things: ours stays, and is told", any("Pawl's stays" in r["why"] for r in later["stayed_behind"]), later["stayed_behind"])
        # Files that records refer to: those that are there are kept, the others are told.
        picture = b"\x89PNG a picture"
        media = base64.urlsafe_b64encode(hashlib.sha256(picture).digest()).decode()[:22]
        put(home, f"media/bucket/p1/{media}.png", picture)
        marks = [f"@@@langfuseMedia:type=image/png|id={name}|source=bytes@@@" for name in (media, "AAAAAAAAAAAAAAAAAAAAAA")]
        put(home, "media/observations.jsonl", jsonl([{**langfuse_api(traces)["observations"][1], "input": [{"role": "user", "content": f"look {mark}"}]} for mark in marks]))
        seen = run(server, "langfuse", os.path.join(home, "media"), name="media")
        checks.equal("media: the file that is there", counts(seen)["media file"], (1, 0, 0))
        checks.equal("media: the file that is not", [(r["why"][:31], r["count"]) for r in seen["stayed_behind"]], [("media whose files are not in th", 1)])
        checks.equal("media: its bytes", server.call("GET", f"/api/v1/media/{media}").body, picture)
        checks.equal("media: once", counts(run(server, "langfuse", os.path.join(home, "media"), name="media again"))["media file"], (0, 1, 0))
        # Scores in columns of a page's export: carried where no table of scores comes along.
        rows = [{**row, "quality": [0.5, 1], "tone": ["kind"], "done": ["True"], "unused": None} for row in langfuse_api(traces)["traces"]]
        put(home, "columns/traces.csv", as_csv(rows))
        columns = run(server, "langfuse", os.path.join(home, "columns"), name="columns")
        checks.equal("columns: carried", counts(columns), {"trace": (6, 0, 0), "score": (24, 0, 0)})
        checks.equal("columns: what they say", sorted(str(s.get("stringValue") or s["value"]) for s in server.wait_for(lambda: server.get(f"/api/public/v2/scores?traceId={traces[0]['id']}")["data"], 60, "scores")),
                     ["0.5", "1", "True", "kind"])
        put(home, "columns/a.json", json.dumps(langfuse_api(traces)["scores"]))
        both = run(server, "langfuse", os.path.join(home, "columns"), name="columns beside scores")
        checks.equal("columns: beside the table", (both["kinds"]["score"]["carried"], sum(r["count"] for r in both["left_out"])), (12, 18))
    langsmith_datasets()


def phoenix_things():
    """Its store with prompts, datasets and an experiment in it, and the same store as a dump of PostgreSQL."""
    at = "2024-11-20 10:00:00.123456"
    stamps = {"created_at": at, "updated_at": at}
    version = {"prompt_id": 1, "invocation_parameters": {"type": "openai", "openai": {"temperature": 0}}, "template_format": "MUSTACHE", "model_provider": "OPENAI", "model_name": "gpt-4o",
               "metadata": {}, "created_at": at}
    parts = [{"type": "text", "text": "Answer "}, {"type": "text", "text": "{{q}}"}]
    with tempfile.TemporaryDirectory() as home, Server() as server:
        path = put(home, "phoenix.db", unpacked(os.path.join(ROOT, "tests/fixtures/imports/phoenix.db.zst")))
        store = sqlite3.connect(path)
        trace = store.execute("SELECT trace_id FROM traces ORDER BY id LIMIT 1").fetchone()[0]
        store.close()
        fill(path, {
            "prompts": [{"id": 1, "name": "answer", "metadata": {}, **stamps}, {"id": 2, "name": "plain", "metadata": {}, **stamps}],
            "prompt_versions": [{"id": n, **version, "template_type": "CHAT", "description": f"take {n}",
                                 "template": {"type": "chat", "messages": [{"role": "system", "content": f"v{n}"}, {"role": "ai", "content": parts}]}} for n in range(1, 12)] +
                               [{**version, "id": 12, "prompt_id": 2, "template_type": "STR", "template": {"type": "string", "template": "say \"hi\""}}],
            "prompt_version_tags": [{"id": 1, "name": "production", "prompt_id": 1, "prompt_version_id": 10}],
            "datasets": [{"id": 1, "name": "hard", "description": "which failed", "metadata": {"a": 1}, **stamps}],
            "dataset_versions": [{"id": n, "dataset_id": 1, "metadata": {}, "created_at": at} for n in (1, 2)],
            "dataset_examples": [{"id": n, "dataset_id": 1, "span_rowid": 1 if n == 1 else None, "created_at": at} for n in (1, 2, 3)],
            "dataset_example_revisions": [{"id": k, "dataset_example_id": n, "dataset_version_id": v, "input": {"q": f"{n}.{v}"}, "output": {"a": n}, "metadata": {}, "revision_kind": kind, "created_at": at}
                                          for k, n, v, kind in ((1, 1, 1, "CREATE"), (2, 2, 1, "CREATE"), (3, 3, 1, "CREATE"), (4, 2, 2, "PATCH"), (5, 3, 2, "DELETE"))],
            "experiments": [{"id": n, "dataset_id": 1, "dataset_version_id": 2, "name": "try", "repetitions": 1, "metadata": {"m": n}, **stamps} for n in (1, 2)],
            "experiment_runs": [{"id": 1, "experiment_id": 1, "dataset_example_id": 1, "repetition_number": 1, "trace_id": trace, "output": {}, "start_time": at, "end_time": at},
                                {"id": 2, "experiment_id": 2, "dataset_example_id": 2, "repetition_number": 1, "trace_id": None, "output": {}, "start_time": at, "end_time": at}],
            "experiment_run_annotations": [{"id": 1, "experiment_run_id": 1, "name": "exact", "annotator_kind": "CODE", "score": 0.25, "metadata": {}, "start_time": at, "end_time": at}]})
        dump = put(home, "dump.sql", dump_of(path, PHOENIX_TABLES))
        report = run(server, "phoenix", path, wanted=1, name="phoenix things")
        wanted = {"span": (18, 0, 0), "score": (10, 0, 0), "prompt version": (12, 0, 0), "dataset": (1, 0, 0), "dataset item": (2, 0, 0), "run item": (1, 0, 0), "record": (0, 0, 1)}
        checks.equal("phoenix things: carried", counts(report), wanted)
        checks.equal("phoenix things: what cannot be", [(r["why"], r["count"]) for r in report["refused"]], [("the run item has no item, or neither a trace nor an observation", 1)])
        checks.equal("phoenix things: a deleted example", [(r["why"], r["count"]) for r in report["left_out"]], [("deleted at the source", 1)])
        prompt = server.get("/api/public/v2/prompts/answer")
        checks.equal("phoenix things: the prompt in use", (prompt["version"], prompt["prompt"], prompt["commitMessage"], prompt["config"]["model"]),
                     (10, [{"role": "system", "content": "v10"}, {"role": "assistant", "content": "Answer {{q}}"}], "take 10", "gpt-4o"))
        checks.equal("phoenix things: a text", server.get("/api/public/v2/prompts/plain?version=1")["prompt"], 'say "hi"')
        items = {item["id"]: item for item in server.get("/api/public/dataset-items?datasetName=hard")["data"]}
        checks.equal("phoenix things: the newest revisions", {key: item["input"]["q"] for key, item in items.items()}, {"phoenix hard 1": "1.1", "phoenix hard 2": "2.2"})
        checks.check("phoenix things: where an example comes from", bool(items["phoenix hard 1"]["sourceTraceId"]), items["phoenix hard 1"])
        checks.equal("phoenix things: the experiment", [i["traceId"] for i in server.get("/api/public/datasets/hard/runs/try%201")["datasetRunItems"]], [trace])
        server.wait_for(lambda: len(server.get(f"/api/v1/spans?limit=100&{ALWAYS}")["spans"]) == 18, 60, "spans")
        scores = scores_of(server)
        again = run(server, "phoenix", dump, wanted=1, name="phoenix of PostgreSQL")
        checks.equal("phoenix of PostgreSQL: the same", {k: v for k, v in counts(again).items() if k != "score"},
                     {kind: (0, n[0], n[2]) for kind, n in wanted.items() if kind != "score"})
        checks.equal("phoenix of PostgreSQL: scores", (again["kinds"]["score"]["carried"], scores_of(server)), (10, scores))


def mlflow_things():
    made = 1_700_000_000_000
    with tempfile.TemporaryDirectory() as home, Server() as server:
        path = put(home, "mlflow.db", unpacked(os.path.join(ROOT, "tests/fixtures/imports/mlflow.db.zst")))
        chat = [{"role": "user", "content": "ask {{x}}"}]
        tags = [("plain", 1, "mlflow.prompt.text", "[not JSON"), ("plain", 2, "mlflow.prompt.text", "two"), ("talk", 1, "mlflow.prompt.text", json.dumps(chat)), ("talk", 1, "_mlflow_prompt_type", "chat")]
        fill(path, {"registered_models": [{"name": n, "creation_time": made} for n in ("plain", "talk", "a model")],
                    "model_versions": [{"name": n, "version": v, "creation_time": made, "description": f"take {v}"} for n, v in (("plain", 1), ("plain", 2), ("talk", 1), ("a model", 1))],
                    "model_version_tags": [{"name": n, "version": v, "key": k, "value": x} for n, v, k, x in tags],
                    "registered_model_aliases": [{"name": "plain", "alias": "production", "version": 1}],
                    "evaluation_datasets": [{"dataset_id": "d-1", "name": "hard", "created_time": made, "last_update_time": made}],
                    "evaluation_dataset_records": [{"dataset_record_id": f"dr-{n}", "dataset_id": "d-1", "inputs": {"q": n}, "expectations": {"a": n} if n else {}, "tags": {"t": "x"}, "source_id": "tr-" + "0" * 31 + "1",
                                                    "source_type": "TRACE", "input_hash": str(n), "created_time": made, "last_update_time": made} for n in (0, 1)]})
        tables = [row[0] for row in sqlite3.connect(path).execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
        dump = put(home, "dump.sql", dump_of(path, sorted(tables)))
        report = run(server, "mlflow", path, name="mlflow things")
        wanted = {"span": (9, 0, 0), "score": (3, 0, 0), "prompt version": (3, 0, 0), "dataset": (1, 0, 0), "dataset item": (2, 0, 0)}
        checks.equal("mlflow things: carried", counts(report), wanted)
        checks.equal("mlflow things: prompts", [server.get(p)["prompt"] for p in ("/api/public/v2/prompts/plain", "/api/public/v2/prompts/plain?version=2", "/api/public/v2/prompts/talk?version=1")],
                     ["[not JSON", "two", chat])
        item = server.get("/api/public/dataset-items/dr-1")
        checks.equal("mlflow things: an item", [item[k] for k in ("input", "expectedOutput", "metadata", "sourceTraceId")], [{"q": 1}, {"a": 1}, {"t": "x"}, "0" * 31 + "1"])
        server.wait_for(lambda: len(server.get(f"/api/v1/spans?limit=100&{ALWAYS}")["spans"]) == 9, 60, "spans")
        again = run(server, "mlflow", dump, name="mlflow of PostgreSQL")
        checks.equal("mlflow of PostgreSQL: the same", {k: v for k, v in counts(again).items() if k != "score"}, {kind: (0, n[0], 0) for kind, n in wanted.items() if kind != "score"})


def langsmith_datasets():
    day = iso(time.time() - 24 * HOUR)
    dataset = {"id": uuid_of("dataset"), "name": "refunds", "description": "hard ones", "data_type": "kv", "created_at": day, "modified_at": day, "example_count": 3,
               "session_count": 1, "last_session_start_time": None, "inputs_schema": None, "outputs_schema": None, "transformations": None, "metadata": None}
    examples = [{"id": uuid_of(f"example {n}"), "dataset_id": dataset["id"], "inputs": {"q": f"order {n}"}, "outputs": {"a": n}, "created_at": day, "modified_at": day,
                 "metadata": {"dataset_split": ["hard" if n else "base"], "n": n}, "source_run_id": None, "attachments": {"a": {}} if n == 2 else None} for n in range(3)]
    tried = {"id": uuid_of("session"), "name": "refunds-gpt-4o", "reference_dataset_id": dataset["id"], "description": "tried", "start_time": day, "tenant_id": "t", "extra": {"metadata": {"m": 1}}}
    with tempfile.TemporaryDirectory() as home, Server() as server:
        put(home, "jsonl/datasets.jsonl", jsonl([dataset]))
        put(home, "jsonl/a_examples.jsonl", jsonl(examples))
        put(home, "jsonl/projects.jsonl", jsonl([tried]))
        put(home, "examples.csv", as_csv(examples))
        wanted = {"dataset": (1, 0, 0), "example": (3, 0, 0), "experiment": (1, 0, 0)}
        report = run(server, "langsmith", os.path.join(home, "jsonl"), name="langsmith datasets")
        checks.equal("langsmith datasets: carried", counts(report), wanted)
        checks.equal("langsmith datasets: attachments are told", [(r["why"], r["count"]) for r in report["stayed_behind"]], [("attachments of examples", 1)])
        got = server.get(f"/langsmith/examples?dataset={dataset['id']}")
        checks.equal("langsmith datasets: examples", sorted((e["id"], e["inputs"]["q"], e["outputs"]["a"], e["metadata"]["dataset_split"][0]) for e in got),
                     sorted((e["id"], e["inputs"]["q"], e["outputs"]["a"], e["metadata"]["dataset_split"][0]) for e in examples))
        checks.equal("langsmith datasets: the experiment", server.get(f"/langsmith/sessions/{tried['id']}")["reference_dataset_id"], dataset["id"])
        again = {kind: (0, n[0], 0) for kind, n in wanted.items()}
        checks.equal("langsmith datasets: again", counts(run(server, "langsmith", os.path.join(home, "jsonl"), name="langsmith again")), again)
        checks.equal("langsmith datasets: CSV", counts(run(server, "langsmith", os.path.join(home, "examples.csv"), name="examples as CSV")),
                     {"dataset": (0, 1, 0), "example": (0, 3, 0)})


# --- what goes wrong ----------------------------------------------------------------------------------------------
def bad_files():
    traces = world(3, seed=3)
    api = langfuse_api(traces)
    lines = jsonl(api["observations"]).splitlines()
    lines[2] = lines[2][:40]
    lines[4] = lines[4].replace('"startTime": "2', '"startTime": "soon 2')
    with tempfile.TemporaryDirectory() as home, Server() as server:
        path = put(home, "observations.jsonl", "\n".join(lines) + "\n")
        report = run(server, "langfuse", path, wanted=1, name="bad rows")
        checks.equal("bad rows: the good are carried", (report["carried"], report["not_carried"]), (len(lines) - 2, 2))
        places = sorted((p["file"], p["line"]) for r in report["refused"] for p in r["places"])
        checks.equal("bad rows: where", places, [(path, 3), (path, 5)])
        said = command("import", "langfuse", path, "--server", server.url, "--no-state", "--dry-run")
        checks.check("dry run: says what would be", "Would be carried: 10 observations" in said.stdout and f"{path}:3" in said.stdout, said.stdout)
        half = put(home, "half.json", json.dumps(api["scores"])[:-30])
        report = run(server, "langfuse", half, wanted=1, name="half file")
        checks.equal("half file", (report["carried"], report["not_carried"]), (5, 1))
        for name, content, word in (("x.zip", b"PK\x03\x04aaaa", "unpack"), ("x.bin", b"\x00\x01\x02", "neither"), ("x.dump", b"PGDMP\x01", "pg_restore"),
                                    ("x.parquet", b"PAR1aaaa", "Parquet"), ("x.db", b"SQLite format 3\0", "SQLite"), ("empty.json", b"", "empty")):
            wrong = put(home, name, content)
            said = command("import", "langfuse", wrong, "--server", server.url, "--no-state")
            checks.check(f"{name}: told", said.returncode == 64 and word in said.stderr and wrong in said.stderr, (said.returncode, said.stderr))
        said = command("import", "phoenix", put(home, "other.db", unpacked(os.path.join(ROOT, "tests/fixtures/imports/mlflow.db.zst"))), "--server", server.url, "--no-state")
        checks.check("a store of another", said.returncode == 64 and "no store of phoenix" in said.stderr, said.stderr)
        said = command("import", "langfuse", os.path.join(home, "nowhere"), "--server", server.url, "--no-state")
        checks.check("no file", said.returncode == 64 and "no such file" in said.stderr, said.stderr)
    with Server("--auth", "required") as server, tempfile.TemporaryDirectory() as home:
        path = put(home, "o.jsonl", jsonl(api["observations"]))
        said = command("import", "langfuse", path, "--server", server.url, "--no-state", "--key", "pawl_sk_wrong")
        checks.check("a wrong key", said.returncode == 3 and "key" in said.stderr, (said.returncode, said.stderr))
        made = command("key", "create", "--data", server.data, "--project", "default", "--scopes", "ingest", "--json")
        key = json.loads(made.stdout)["key"]

        def takes():
            said = command("import", "langfuse", path, "--server", server.url, "--no-state", "--json", env={"PAWL_KEY": key})
            return said if said.returncode == 0 else None
        said = server.wait_for(takes, 60, "the key to be known")
        report = json.loads(said.stdout)
        checks.equal("a key that may only ingest", (report["carried"], report["asked_what_is_there"]), (12, False))
        prompt = put(home, "prompts.json", json.dumps(langfuse_things(world(4))["prompts"][1:2]))
        said = command("import", "langfuse", prompt, "--server", server.url, "--no-state", "--json", env={"PAWL_KEY": key})
        checks.equal("a key that may not write prompts", (said.returncode, [(r["why"], r["count"]) for r in json.loads(said.stdout)["refused"]]),
                     (1, [("the key may not write a prompt version: give one with the scopes read and write", 1)]))


def killed():
    """kill -9 of the importer, and of the server, in the middle: run again, it goes on, and nothing is missing or doubled."""
    traces = world(4000, seed=4)
    api = langfuse_api(traces)
    truth = truth_of(traces, True)
    with tempfile.TemporaryDirectory() as home:
        for table, rows in api.items():
            put(home, f"export/{table}.jsonl", jsonl(rows))
        state = os.path.join(home, "state.json")
        words = [BINARY, "import", "langfuse", os.path.join(home, "export"), "--state", state, "--json", "--server"]
        server = Server()
        try:
            first = subprocess.Popen([*words, server.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            server.wait_for(lambda: os.path.exists(state) or first.poll() is not None, 60, "the first batch")
            first.send_signal(signal.SIGKILL)
            first.communicate()
            kept = json.load(open(state, encoding="utf-8"))
            checks.check("killed: some of it is remembered", 0 < sum(f["rows"] for f in kept["files"].values()) < sum(map(len, api.values())), kept)
            port = server.port
            second = subprocess.Popen([*words, server.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            before = os.stat(state).st_ino
            server.wait_for(lambda: os.stat(state).st_ino != before or second.poll() is not None, 60, "the next batch")
            server.kill()
            server = Server(data=server.home, listen=f"127.0.0.1:{port}")
            out, said = second.communicate(timeout=300 * PATIENCE)
            checks.equal("killed: the second run ends well", second.returncode, 0)
            report = json.loads(out)
            checks.equal("killed: all of it is accounted for", (report["carried"] + report["already"], report["not_carried"]), (sum(map(len, api.values())), 0))
            checks.check("killed: it went on", report["already"] > 0, report)
            checks.equal("killed: truth", settled(server, truth, 120), truth)
            checks.equal("killed: scores", scores_of(server), len(api["scores"]))
            books = server.books()
            checks.equal("killed: the books balance", books["received"], sum(v for k, v in books.items() if k != "received" and isinstance(v, int)))
        finally:
            home_of_server = server.home
            server.stop()
            shutil.rmtree(home_of_server, ignore_errors=True)


if __name__ == "__main__":
    parts = {"langfuse": langfuse_forms, "langsmith": langsmith_forms, "stores": stores, "things": things, "phoenix": phoenix_things, "mlflow": mlflow_things, "bad": bad_files, "killed": killed}
    for part in sys.argv[1:] or parts:
        parts[part]()
    checks.finish()
