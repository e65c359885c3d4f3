"""Every recording in tests/fixtures/otlp, posted to a real server, comes out of the API as what its program did."""
import concurrent.futures
import glob
import json
import os
import sys
import time
import urllib.parse

from pawl import PATIENCE, PROTOBUF, JSON, ROOT, Checks, Server, unpacked

# What no reader can say, because the recording does not carry it: the same as src/llm/fixtures_test.cc allows.
BEYOND_REACH = {"crewai-own": 2, "langfuse-sdk": 4, "openai-v2-latest": 1, "openai-v2-old-events": 1}


def send(server, folder):
    bad = []
    for path in sorted(glob.glob(os.path.join(folder, "[0-9]*"))):
        name = os.path.basename(path).split(".")
        if name[1] not in ("traces", "logs", "metrics"):
            continue  # the SDK's own calls
        answer = server.call("POST", f"/v1/{name[1]}", unpacked(path), PROTOBUF if name[2] == "pb" else JSON)
        if answer.status != 200 or b"rejected" in answer.body:
            bad.append(f"{os.path.basename(path)} was answered {answer.status} {answer.body[:120]!r}")
    return bad


def everything(server):
    found, cursor = [], ""
    while True:
        page = server.get("/api/v1/traces?limit=200&from=1970-01-01T00:00:00Z" + (f"&cursor={cursor}" if cursor else ""))
        found += page["traces"]
        cursor = page.get("next_cursor")
        if not cursor:
            return [server.get("/api/v1/traces/" + trace["trace_id"]) for trace in found]


def seen(traces, sessions):
    spans = [one for trace in traces for one in trace["spans"]]
    llm = [one for one in spans if one["kind"] == "llm"]
    names = {}
    for one in spans:
        if one["kind"] == "tool":
            name = (one.get("tool") or {}).get("name") or one["name"]
            names[name] = names.get(name, 0) + 1

    def tokens(of, *kinds):
        return sum((one["tokens"] or {}).get(kind) or 0 for one in of if one["counted"] for kind in kinds)

    def heads(field):
        # one trace can hold spans of several sessions: its own summary names one
        return ({trace["trace"][field] for trace in traces} | {one[field] for one in sessions}) - {None, ""}

    def model(one):
        return (one.get("model") or {}).get("served") or (one.get("model") or {}).get("requested")

    return {"spans": len(spans), "llm_calls": len(llm), "tool_calls": sum(names.values()), "tools": names,
            "agents": {one["agent"] for one in spans} - {None, ""}, "session_id": heads("session_id"), "user_id": heads("user_id"),
            "input_tokens": tokens(spans, "input", "cache_read", "cache_write"),
            "llm_input_tokens": tokens(llm, "input", "cache_read", "cache_write"),
            "cached_tokens": tokens(spans, "cache_read"), "output_tokens": tokens(spans, "output", "reasoning"),
            "models": {model(one) for one in spans if one["kind"] in ("llm", "embedding")} - {None, ""},
            "errors": sum(one["status"] in ("error", "blocked") for one in spans)}


def names_of(value):
    return set(value) if isinstance(value, list) else {value} if value else set()


def differences(expected, found):
    for key in ("spans", "tool_calls", "tools", "cached_tokens", "output_tokens"):
        if expected.get(key) is not None and expected[key] != found[key]:
            yield f"{key} should be {expected[key]}, is {found[key]}"
    if expected.get("input_tokens") not in (None, found["input_tokens"], found["llm_input_tokens"]):
        yield f"input_tokens should be {expected['input_tokens']}, is {found['input_tokens']}"
    if expected.get("llm_calls") is not None and found["llm_calls"] not in (expected["llm_calls"], expected.get("llm_requests")):
        yield f"llm_calls should be {expected['llm_calls']}, is {found['llm_calls']}"
    for key in ("agents", "session_id", "user_id"):
        if not names_of(expected.get(key)) <= found[key]:
            yield f"{key} should be {expected[key]}, is {sorted(found[key])}"
    for model in names_of(expected.get("models")):
        if not any(other.startswith(model) or model.startswith(other) for other in found["models"]):
            yield f"models should hold {model}, is {sorted(found['models'])}"
            break
    if expected.get("errors") is not None and (expected["errors"] == 0) != (found["errors"] == 0):
        yield f"errors should be {expected['errors']}, is {found['errors']}"


def state_differences(expected, server):
    """What steps wrote into the state (messages aside), at the end of each trace; and a filter that asks for it."""
    if "state" not in expected:
        return
    found, all_time = {}, "from=1970-01-01T00:00:00Z"
    for trace in server.get("/api/v1/traces?limit=200&" + all_time)["traces"]:
        found |= server.get(f"/api/v1/traces/{trace['trace_id']}/state")["state"]
    found.pop("messages", None)
    if found != expected["state"]:
        yield f"state should be {expected['state']}, is {found}"
    if "state_filter" in expected:
        asked = urllib.parse.urlencode({"filter": expected["state_filter"]})
        if len(server.get(f"/api/v1/traces?{asked}&{all_time}")["traces"]) != 1:
            yield f"{expected['state_filter']} should find the trace"


def compare(folder):
    name = os.path.basename(folder)
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
        expected = json.load(file)
    with Server() as server:
        bad = send(server, folder)
        server.stored()
        end = time.monotonic() + 8 * PATIENCE  # what counts in a whole trace is settled two seconds after its last span
        while True:
            try:
                wrong = list(differences(expected, seen(everything(server), server.get("/api/v1/sessions?limit=1000&from=1970-01-01T00:00:00Z")["sessions"])))
                wrong += state_differences(expected, server)
            except (KeyError, OSError) as refused:  # a loaded machine: the query was refused, ask again
                wrong = ["the query was answered with an error without " + str(refused)] * 12
            if len(wrong) <= BEYOND_REACH.get(name, 0) or time.monotonic() > end:
                break
            time.sleep(0.3)
        books = server.books()
        if books["refused"] or books["quarantined"]:
            bad.append(f"the books say {books}")
    return name, bad, wrong


def main():
    checks = Checks()
    folders = sorted(os.path.dirname(path) for path in glob.glob(os.path.join(ROOT, "tests/fixtures/otlp/*/expected.json")))
    folders = [folder for folder in folders if not sys.argv[1:] or os.path.basename(folder) in sys.argv[1:]]
    with concurrent.futures.ThreadPoolExecutor(3) as several:
        for name, bad, wrong in several.map(compare, folders):
            checks.check(f"{name} is taken", not bad, "; ".join(bad))
            checks.check(f"{name} is what its program did", len(wrong) <= BEYOND_REACH.get(name, 0), "; ".join(wrong))
    checks.check("there are recordings", len(folders) > 0)
    checks.finish()


main()
