"""The small world of the import test, in every form in which other platforms give their history away."""
import csv
import io
import json
import os
import random
import sqlite3
import time


ALWAYS = "from=1990-01-01&to=2100-01-01"
WHOLE = {"from": "1990-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
HOUR = 3600


def iso(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{round(at % 1 * 1000):03d}Z"


def spaced(at):
    return iso(at)[:-1].replace("T", " ")


# --- the truth ----------------------------------------------------------------------------------------------------
def world(count=40, seed=1):
    """Traces of an agent over two years: an agent step, two calls of a model, a tool that fails now and then, scores."""
    chance = random.Random(seed)
    out = []
    now = int(time.time())
    for i in range(count):
        start = now - 730 * 24 * HOUR + i * (700 * 24 * HOUR // count) + 0.125
        trace = {"id": f"trace-{seed}-{i:06d}", "name": "refund", "session": f"s-{i // 4}", "user": f"u{i % 5}", "start": start,
                 "tags": ["b", "a x"], "input": f"where is order {i}?", "metadata": {"tenant": "acme, \"ltd\"", "n": i}, "steps": [], "scores": []}
        root = f"o-{seed}-{i}-0"
        trace["steps"].append({"id": root, "parent": None, "type": "AGENT", "name": "agent", "start": start, "end": start + 9,
                               "input": {"q": f"line\n{i}, \"quoted\""}, "output": {"a": "done"}})
        for k in (1, 2):
            trace["steps"].append({"id": f"o-{seed}-{i}-{k}", "parent": root, "type": "GENERATION", "name": "chat", "start": start + k,
                                   "end": start + k + 0.5, "model": "gpt-4o-mini", "input": [{"role": "user", "content": f"ask {i}.{k}\tÄ\\"}],
                                   "output": {"role": "assistant", "content": f"answer {k}"}, "usage": {"input": 100 + i, "output": 10 + k}})
        failed = i % 7 == 0
        trace["steps"].append({"id": f"o-{seed}-{i}-3", "parent": root, "type": "TOOL", "name": "look_up", "start": start + 4, "end": start + 5,
                               "input": {"order": i}, "output": None if failed else {"state": "sent"},
                               "level": "ERROR" if failed else "DEFAULT", "message": "no such order" if failed else None})
        trace["scores"].append({"id": f"c-{seed}-{i}-n", "step": None, "name": "quality", "type": "NUMERIC", "value": chance.randint(0, 8) / 8, "at": start + 20})
        trace["scores"].append({"id": f"c-{seed}-{i}-c", "step": f"o-{seed}-{i}-1", "name": "tone", "type": "CATEGORICAL", "value": "kind", "at": start + 21})
        out.append(trace)
    return out


# --- Langfuse -----------------------------------------------------------------------------------------------------
def langfuse_api(traces):
    """Rows as its API and the exports of its tables have them."""
    rows = {"traces": [], "observations": [], "scores": []}
    for t in traces:
        rows["traces"].append({"id": t["id"], "timestamp": iso(t["start"]), "name": t["name"], "userId": t["user"], "sessionId": t["session"],
                               "release": None, "version": None, "environment": "default", "tags": t["tags"], "bookmarked": False,
                               "public": False, "input": t["input"], "output": None, "metadata": t["metadata"], "comments": []})
        for s in t["steps"]:
            usage = s.get("usage")
            rows["observations"].append({
                "id": s["id"], "traceId": t["id"], "type": s["type"], "name": s["name"], "startTime": iso(s["start"]), "endTime": iso(s["end"]),
                "parentObservationId": s["parent"], "level": s.get("level", "DEFAULT"), "statusMessage": s.get("message"), "environment": "default",
                "model": s.get("model"), "modelParameters": {}, "input": s["input"], "output": s["output"], "metadata": {},
                "usageDetails": {**usage, "total": sum(usage.values())} if usage else {}, "costDetails": {}, "latency": s["end"] - s["start"]})
        for c in t["scores"]:
            words = c["type"] == "CATEGORICAL"
            rows["scores"].append({"id": c["id"], "timestamp": iso(c["at"]), "name": c["name"], "value": 0 if words else c["value"],
                                   "stringValue": c["value"] if words else None, "dataType": c["type"], "source": "API", "comment": None,
                                   "traceId": t["id"], "observationId": c["step"], "environment": "default"})
    return rows


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def langfuse_columns(traces, clickhouse):
    """Rows of the tables of ClickHouse, or of PostgreSQL's of version 2."""
    rows = {"traces": [], "observations": [], "scores": []}
    for t in traces:
        rows["traces"].append({"id": t["id"], "timestamp": spaced(t["start"]), "name": t["name"], "user_id": t["user"], "session_id": t["session"],
                               "metadata": {k: text_of(v) for k, v in t["metadata"].items()} if clickhouse else json.dumps(t["metadata"]),
                               "release": None, "version": None, "project_id": "p1", "public": False, "bookmarked": False,
                               "tags": t["tags"] if clickhouse else "{" + ",".join(f'"{x}"' if " " in x else x for x in t["tags"]) + "}",
                               "input": t["input"] if clickhouse else json.dumps(t["input"]), "output": None})
        for s in t["steps"]:
            usage = s.get("usage") or {}
            row = {"id": s["id"], "trace_id": t["id"], "project_id": "p1", "type": s["type"], "parent_observation_id": s["parent"], "start_time": spaced(s["start"]),
                   "end_time": spaced(s["end"]), "name": s["name"], "level": s.get("level", "DEFAULT"), "status_message": s.get("message"), "version": None,
                   "input": text_of(s["input"]), "output": None if s["output"] is None else text_of(s["output"])}
            if clickhouse:
                row.update({"metadata": {}, "provided_model_name": s.get("model"), "usage_details": {k: str(v) for k, v in usage.items()},
                            "cost_details": {}, "event_ts": spaced(s["end"]), "is_deleted": 0})
            else:
                row.update({"model": s.get("model"), "prompt_tokens": usage.get("input", 0), "completion_tokens": usage.get("output", 0),
                            "total_tokens": sum(usage.values()), "unit": "TOKENS" if usage else None})
            rows["observations"].append(row)
        for c in t["scores"]:
            words = c["type"] == "CATEGORICAL"
            rows["scores"].append({"id": c["id"], "timestamp": spaced(c["at"]), "project_id": "p1", "trace_id": t["id"], "observation_id": c["step"],
                                   "name": c["name"], "value": None if words else c["value"], "string_value": c["value"] if words else None,
                                   "data_type": c["type"], "source": "API", "comment": None})
    if clickhouse:
        for table in rows.values():
            for row in table:
                row.setdefault("is_deleted", 0)
    return rows


def jsonl(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_csv(rows):
    out = io.StringIO()
    names = list(rows[0])
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow(["" if row[n] is None else text_of(row[n]) for n in names])
    return out.getvalue()


def pg_dump(tables):
    def cell(value):
        if value is None:
            return "\\N"
        if isinstance(value, bool):
            return "t" if value else "f"
        return text_of(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    out = "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n\nCOPY public.users (id, name) FROM stdin;\nu1\tann\n\\.\n\n"
    for name, rows in tables.items():
        out += f"COPY public.{name} ({', '.join(rows[0])}) FROM stdin;\n" + "".join("\t".join(map(cell, row.values())) + "\n" for row in rows) + "\\.\n\n"
    return out


# --- prompts and datasets of Langfuse -------------------------------------------------------------------------------
def langfuse_things(traces):
    """Rows as its API has them; the tables of PostgreSQL are the same with other names (`in_tables`)."""
    day = time.time() - 30 * 24 * HOUR
    stamps = {"createdAt": iso(day), "updatedAt": iso(day + HOUR)}
    prompts = [{"id": f"p-{n}", "projectId": "p1", "name": name, "version": n, "type": kind, "prompt": text, "config": {"temperature": n / 4}, "labels": labels,
                "tags": ["shop", "a b"], "commitMessage": f"change {n}", "createdBy": "API", **stamps}
               for name, kind, n, text, labels in (
                   ("refund/answer", "text", 4, "Hello {{name}},\nyour \"order\"", ["production", "latest", "Not Ours"]),
                   ("refund/answer", "text", 1, "Hi {{name}}", []), ("refund/answer", "text", 2, "\\Hey", ["staging"]),
                   ("look-up", "chat", 1, [{"role": "system", "content": "You look up.\tÄ"}], ["production"]))]
    datasets = [{"id": "d-1", "projectId": "p1", "name": "refunds / hard", "description": "which failed", "metadata": {"team": "shop"}, **stamps},
                {"id": "d-2", "projectId": "p1", "name": "empty", "description": None, "metadata": None, **stamps}]
    items = [{"id": f"i-{n}", "projectId": "p1", "datasetId": "d-1", "datasetName": "refunds / hard", "status": "ARCHIVED" if n == 3 else "ACTIVE",
              "input": {"q": n} if n else "plain \"text\"", "expectedOutput": [n] if n else "42", "metadata": {"n": n} if n else None,
              "sourceTraceId": traces[n]["id"], "sourceObservationId": None, **stamps} for n in range(4)]
    runs = [{"id": "r-1", "name": "gpt-4o", "description": "the first", "metadata": {"model": "gpt-4o"}, "datasetId": "d-1", "datasetName": "refunds / hard", **stamps}]
    tried = [{"id": f"ri-{n}", "datasetRunId": "r-1", "datasetRunName": "gpt-4o", "datasetItemId": f"i-{n}", "traceId": traces[n]["id"], "observationId": None, **stamps} for n in range(3)]
    comments = [{"id": "k-1", "projectId": "p1", "objectType": "TRACE", "objectId": traces[0]["id"], "content": "why?", "authorUserId": "u1", **stamps}]
    return {"prompts": prompts, "datasets": datasets, "dataset_items": items, "dataset_runs": runs, "dataset_run_items": tried, "comments": comments}


def in_tables(things):
    """As PostgreSQL has them: names of columns, JSON in text, no names of what is told by an id."""
    own = {"prompts": ("prompt", "config"), "datasets": ("metadata",), "dataset_items": ("input", "expectedOutput", "metadata"), "dataset_runs": ("metadata",)}
    names = {"projectId": "project_id", "createdAt": "created_at", "updatedAt": "updated_at", "commitMessage": "commit_message", "createdBy": "created_by",
             "datasetId": "dataset_id", "expectedOutput": "expected_output", "sourceTraceId": "source_trace_id", "sourceObservationId": "source_observation_id",
             "datasetRunId": "dataset_run_id", "datasetItemId": "dataset_item_id", "traceId": "trace_id", "observationId": "observation_id",
             "objectType": "object_type", "objectId": "object_id", "authorUserId": "author_user_id"}
    told = ("datasetName", "datasetRunName")

    def cell(table, name, value):
        if value is None or name in own.get(table, ()):
            return None if value is None else json.dumps(value, ensure_ascii=False)
        if isinstance(value, list):
            return "{" + ",".join(f'"{x}"' if " " in x else x for x in value) + "}"
        return value.replace("T", " ")[:-1] if name in ("createdAt", "updatedAt") else value
    return {table: [{names.get(k, k): cell(table, k, v) for k, v in row.items() if k not in told} for row in rows] for table, rows in sorted(things.items())}


# --- LangSmith ----------------------------------------------------------------------------------------------------
def uuid_of(text):
    import uuid
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


def langsmith(traces):
    runs, feedback = [], []
    kinds = {"AGENT": "chain", "GENERATION": "llm", "TOOL": "tool"}
    for t in traces:
        root = uuid_of(t["steps"][0]["id"])
        for s in t["steps"]:
            usage = s.get("usage") or {}
            runs.append({"id": uuid_of(s["id"]), "trace_id": root, "parent_run_id": uuid_of(s["parent"]) if s["parent"] else None, "name": s["name"],
                         "run_type": kinds[s["type"]], "start_time": iso(s["start"])[:-1], "end_time": iso(s["end"])[:-1],
                         "inputs": {"messages": s["input"]} if isinstance(s["input"], list) else s["input"],
                         "outputs": s["output"], "error": s.get("message"), "tags": t["tags"], "session_name": "shop", "status": "success",
                         "extra": {"metadata": {"session_id": t["session"], "ls_model_name": s.get("model"), "ls_provider": "openai" if s.get("model") else None}},
                         "prompt_tokens": usage.get("input", 0), "completion_tokens": usage.get("output", 0), "total_tokens": sum(usage.values()),
                         "feedback_stats": None, "child_run_ids": None})
        for c in t["scores"]:
            words = c["type"] == "CATEGORICAL"
            feedback.append({"id": uuid_of(c["id"]), "run_id": uuid_of(c["step"]) if c["step"] else root, "trace_id": root, "key": c["name"],
                             "score": None if words else c["value"], "value": c["value"] if words else None, "comment": None,
                             "created_at": iso(c["at"]), "feedback_source": {"type": "api"}})
    return runs, feedback


# --- asking -------------------------------------------------------------------------------------------------------
def put(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb" if isinstance(text, bytes) else "w", **({} if isinstance(text, bytes) else {"encoding": "utf-8"})) as file:
        file.write(text)
    return path


def dump_of(path, tables):
    """Tables of a SQLite store as pg_dump writes those of PostgreSQL: the same rows, another program's text."""
    store = sqlite3.connect(path)
    out = {}
    for table in tables:
        rows = store.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in rows.description]
        out[table] = [dict(zip(names, row)) for row in rows]
        if not out[table]:
            out[table] = names
    store.close()
    text = pg_dump({table: rows for table, rows in out.items() if isinstance(rows[0], dict)})
    return text + "".join(f"COPY public.{table} ({', '.join(names)}) FROM stdin;\n\\.\n\n" for table, names in out.items() if isinstance(names[0], str))


def fill(path, rows):
    store = sqlite3.connect(path)
    for table, some in rows.items():
        for row in some:
            store.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", [json.dumps(v) if isinstance(v, (dict, list)) else v for v in row.values()])
    store.commit()
    store.close()


PHOENIX_TABLES = ("dataset_example_revisions", "dataset_examples", "dataset_versions", "datasets", "document_annotations", "experiment_run_annotations", "experiment_runs", "experiments",
                  "project_session_annotations", "project_sessions", "projects", "prompt_version_tags", "prompt_versions", "prompts", "span_annotations", "spans", "trace_annotations", "traces")
