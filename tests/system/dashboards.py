"""Dashboards that users make, against a real server: versions, refusals that say where, and files (`pawl apply`)."""
import json
import os
import tempfile
import time
import urllib.parse

from pawl import JSON, Checks, Server, command, span, traces_body

LAYOUT = {"title": "On call", "figures": [{"label": "Cost", "measure": "cost", "worse": "up"}],
          "panels": [{"kind": "bars", "label": "Cost by team", "measure": "cost", "split": "team"},
                     {"kind": "ranks", "label": "Tools", "split": "tool", "columns": [{"label": "Calls", "measure": "tool_calls"}]}]}
ONE = "/api/v1/dashboards/on-call"


def put(server, path, value):
    return server.call("PUT", path, json.dumps(value).encode(), JSON)


def versions(checks, server):
    checks.equal("none at first", server.get("/api/v1/dashboards"), {"dashboards": []})
    first = put(server, ONE, LAYOUT)
    checks.check("saved", first.status == 200 and first.json()["version"] == 1, first.body)
    checks.equal("panels get ids", [panel["id"] for panel in first.json()["layout"]["panels"]], ["p1", "p2"])
    checks.equal("the same again is no version", put(server, ONE, LAYOUT).json()["version"], 1)
    checks.equal("a change is one", put(server, ONE, {**LAYOUT, "about": "nights", "base": 1}).json()["version"], 2)
    late = put(server, ONE, {**LAYOUT, "about": "days", "base": 1})
    checks.check("who edited an older one overwrites nothing", late.status == 409 and "Not saved" in late.message, late.body)
    checks.equal("an older version is kept", server.get(ONE + "?version=1")["layout"].get("about"), None)
    checks.equal("all of them", [one["version"] for one in server.get(ONE + "/versions")["versions"]], [2, 1])
    checks.equal("removed", server.call("DELETE", ONE).status, 200)
    checks.equal("it is gone", server.call("GET", ONE).status, 404)
    checks.equal("and from the list", server.get("/api/v1/dashboards")["dashboards"], [])
    checks.equal("its versions are kept", [one["layout"] is None for one in server.get(ONE + "/versions")["versions"]], [True, False, False])
    checks.equal("twice is not there", server.call("DELETE", ONE).status, 404)
    checks.equal("it comes back as the next version", put(server, ONE, {**LAYOUT, "base": 0}).json()["version"], 4)
    told = [entry["action"] for entry in server.get("/api/v1/audit")["entries"]]
    checks.check("the audit table knows", told.count("dashboard.save") == 3 and told.count("dashboard.remove") == 1, told)


def refusals(checks, server):
    def refused(name, value, words, path="/api/v1/dashboards/other"):
        answer = put(server, path, value)
        checks.check(name, answer.status == 400 and all(word in answer.message for word in words), answer.body)

    def panel(**fields):
        return {"title": "x", "panels": [{"kind": "lines", "label": "x", "measure": "cost", **fields}]}

    refused("a typo in a key", panel(filtr="kind=llm"), ["panels[0]", "filtr", "filter?"])
    refused("a measure that is not there", panel(measure="costs"), ["panels[0]", "cost"])
    refused("a mistake in a filter", panel(filter="durration>1s"), ["panels[0]", "duration?"])
    refused("a split that cannot be", panel(split="trace"), ["panels[0]", "trace"])
    refused("no title", {"panels": []}, ["title"])
    refused("a built-in name", LAYOUT, ["built-in"], "/api/v1/dashboards/fleet")
    refused("an odd name", LAYOUT, ["a-z"], "/api/v1/dashboards/On%20call")
    refused("another name in the file", {**LAYOUT, "name": "this"}, ["this", "other"])
    checks.equal("no JSON", server.call("PUT", "/api/v1/dashboards/other", b"{", JSON).status, 400)
    checks.equal("nothing of it was saved", server.call("GET", "/api/v1/dashboards/other").status, 404)


def files(checks, server):
    with tempfile.TemporaryDirectory() as folder:
        def file(name, value):
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as out:
                json.dump(value, out)
            return path
        good, bad, nameless = file("a.json", {**LAYOUT, "name": "from-file"}), file("b.json", {**LAYOUT, "name": "bad", "titel": 1}), file("c.json", LAYOUT)
        said = command("apply", "-f", good, "--server", server.url)
        checks.check("applied", said.returncode == 0 and "from-file is version 1" in said.stdout, said)
        said = command("apply", "-f", bad, "-f", good, "-f", nameless, "--server", server.url)
        checks.check("a bad file says which and why, the good one beside it is kept",
                     said.returncode != 0 and "b.json" in said.stderr and "titel" in said.stderr and "c.json" in said.stderr and "from-file is version 1" in said.stdout, said)
        checks.equal("only the good ones are there", [one["name"] for one in server.get("/api/v1/dashboards")["dashboards"]], ["from-file", "on-call"])


DAY = 86_400_000_000_000


def send_versions(server, now):
    """Version 1 for three days, 2 since the last day, of an agent that has always been there; another agent with one version only; many who came once."""
    spans = []
    for i in range(72):
        at, version = now - 3 * DAY + i * DAY // 24, "1" if i < 48 else "2"
        for agent, name in (("refunds", version), ("research", "9")):
            trace = 0x500 + i * 2 + (agent == "research")
            spans.append(span(trace, trace, "chat", start=at, gen_ai__operation__name="chat", gen_ai__provider__name="house", gen_ai__request__model="house-1",
                              gen_ai__usage__input_tokens=100 if name == "1" else 300, gen_ai__agent__name=agent, pawl__agent__version=name))
    for i in range(60):
        spans.append(span(0x900 + i, 0x900 + i, "helper", start=now - DAY // 2, gen_ai__operation__name="invoke_agent", gen_ai__agent__name=f"expert-{i}", pawl__agent__version="9"))
    return server.call("POST", "/v1/traces", traces_body(*spans), JSON).status


def annotations(checks, server, now):
    ask = lambda **params: server.call("GET", "/api/v1/annotations?" + urllib.parse.urlencode(params))  # noqa: E731
    iso = lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at // 1_000_000_000))  # noqa: E731
    whole = {"from": iso(now - 2 * DAY), "to": iso(now + 60_000_000_000)}
    release = [a for a in ask(**whole).json()["annotations"] if a["kind"] == "release"]
    checks.equal("a version first seen is a release, to the minute", [(a["agent"], a["version"], a["at"][:16]) for a in release], [("refunds", "2", iso(now - DAY)[:16])])
    checks.equal("none of an agent that is not asked for", ask(agent="research", kinds="release", **whole).json()["annotations"], [])
    price = ask(kinds="price", **whole).json()["annotations"]
    checks.equal("prices that began to hold, of a model that was called", [(a["title"], a["at"][:10]) for a in price], [("house-1 has new prices", iso(now - DAY)[:10])])
    made = server.post("/api/v1/annotations", {"title": "Deploy", "detail": "by hand", "at": iso(now - DAY // 2), "until": iso(now - DAY // 4), "agent": "refunds"})
    checks.equal("a note is made", (made.status, made.json()["kind"]), (201, "note"))
    listed = ask(**whole).json()
    checks.equal("all of them in order", ([a["kind"] for a in listed["annotations"] if a["kind"] != "price"], listed["cut"]), (["release", "note"], False))
    part = {"from": iso(now - DAY // 3), "to": whole["to"], "kinds": "note"}
    checks.equal("a note that reaches into the range is in it", len(ask(**part).json()["annotations"]), 1)
    checks.equal("one about another agent is not", len(ask(agent="research", **part).json()["annotations"]), 0)
    for body, words in (({"title": ""}, "1 to 200"), ({"title": "x", "at": "soon"}, "no time"), ({"title": "x", "at": iso(now), "until": iso(now - DAY)}, "before")):
        answer = server.post("/api/v1/annotations", body)
        checks.check(f"{body} is refused", answer.status == 400 and words in answer.message, answer.message)
    checks.check("an unknown kind is refused", ask(kinds="party").status == 400)
    gone = [server.call("DELETE", "/api/v1/annotations/" + made.json()["id"]).status for _ in range(2)]
    checks.equal("removed once", gone, [200, 404])


def compared(checks, server, now):
    iso = lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at // 1_000_000_000))  # noqa: E731
    whole = {"from": iso(now - 3 * DAY), "to": iso(now + 60_000_000_000)}
    question = {"measures": ["spans", "tokens.input"], "dimensions": ["agent"], "filter": "agent=refunds version=2", **whole}
    answer = server.post("/api/v1/query", {**question, "compare": {"agent_version": "1"}}).json()
    checks.equal("with another version", (answer["rows"], answer["compare"]["rows"]), ([["refunds", 24, 7200]], [["refunds", 48, 4800]]))
    checks.equal("by this filter", answer["compare"]["filter"], "agent=refunds agent_version=1")
    last = {**question, "filter": "agent=refunds", "from": iso(now - DAY), "to": iso(now)}
    before = server.post("/api/v1/query", {**last, "compare": {"period": "before"}}).json()
    checks.equal("with the time before, of the same length", (before["rows"], before["compare"]["rows"], before["compare"]["to"][:19] + "Z"), ([["refunds", 24, 7200]], [["refunds", 24, 2400]], last["from"]))
    text = server.call("POST", "/api/v1/query?format=csv", json.dumps({**question, "compare": {"agent_version": "1"}}).encode(), JSON)
    checks.equal("as CSV", text.body.decode().splitlines(), ["side,agent,spans (spans),tokens.input (tokens)", "this,refunds,24,7200", "compared,refunds,48,4800"])
    plain = server.call("POST", "/api/v1/query?format=csv", json.dumps({**question, "measures": ["cost"], "step": "1d"}).encode(), JSON).body.decode().splitlines()
    checks.check("money and times as they are", plain[0] == "time,agent,cost (USD)" and len(plain) >= 2 and plain[1].count(",") == 2 and '"' not in plain[1], plain)
    for compare, words in (({}, "needs agent_version"), ({"period": "after"}, "before"), ({"version": "1"}, "known"), ({"from": "2026-01-01"}, "both from and to"), ("1", "object")):
        refused = server.post("/api/v1/query", {**question, "compare": compare})
        checks.check(f"compare {compare} is refused", refused.status == 400 and words in refused.message, refused.message)


def together(checks, server, now):
    """Several questions in one call are what each is alone."""
    iso = lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at // 1_000_000_000))  # noqa: E731
    past, last = {"from": iso(now - 2 * DAY + 7_000_000_000), "to": iso(now - DAY + 90_000_000_000)}, {"from": iso(now - DAY + 90_000_000_000), "to": iso(now)}
    queries = [{"measures": measures, "dimensions": by, "filter": where, "timezone": "UTC", **when, **({"step": "1h"} if step else {})}
               for measures, by, where in ((["cost", "error_rate"], ["agent"], ""), (["tokens"], [], ""), (["sessions"], ["agent_version"], ""), (["latency.p95"], ["kind"], "agent=refunds"))
               for when, step in ((last, False), (past, False), ({**past, "to": last["to"]}, True))]
    queries += [{"measures": ["cost"], "dimensions": ["tag"], "limit": 1, "order": "-cost"}, {"measures": ["overhead"], "grain": "trace"}, {"measures": ["tokens"], "filter": "agent=nobody", **last}]
    answer = server.post("/api/v1/queries", {"queries": queries})
    checks.equal("several questions at once", (answer.status, len(answer.json()["answers"])), (200, len(queries)))
    checks.check("what was read is told", answer.json()["stats"]["rows_read"] > 0, answer.json()["stats"])
    for query, got in zip(queries, answer.json()["answers"], strict=True):
        alone = server.post("/api/v1/query", query).json()
        checks.equal(f"{query} together and alone", (got.get("columns"), got.get("rows")), (alone["columns"], alone["rows"]))
    checks.check("with something in them", sum(len(one["rows"]) for one in answer.json()["answers"]) > 50)
    mixed = server.post("/api/v1/queries", {"queries": [{"measures": ["spans"]}, {"measures": ["spanz"]}, {"measures": ["spans"], "filter": "agnt=x"}, {"measures": ["spans"], "compare": {"period": "before"}}]})
    said = [one.get("error", {}).get("message", "") for one in mixed.json()["answers"]]
    checks.check("a mistake stands in its place", mixed.status == 200 and said[0] == "" and "spanz" in said[1] and "agent?" in said[2] and "compare" in said[3], said)
    for body, words in (({}, "queries"), ({"queries": []}, "1 to 60"), ({"queries": [{"measures": ["spans"]}] * 61}, "1 to 60")):
        refused = server.post("/api/v1/queries", body)
        checks.check(f"{str(body)[:40]} is refused", refused.status == 400 and words in refused.message, refused.message)


def own_dashboards(checks, server):
    versions(checks, server)
    refusals(checks, server)
    files(checks, server)


def main():
    checks = Checks()
    now = time.time_ns() // 60_000_000_000 * 60_000_000_000
    since = time.strftime("%Y-%m-%d", time.gmtime((now - DAY) // 1_000_000_000))
    own = {"providers": [{"id": "house", "models": [{"id": "house-1", "prices": [{"prices": {"input_mtok": "1"}}, {"constraint": {"start_date": since}, "prices": {"input_mtok": "2"}}]}]}]}
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as prices:
        prices.write(json.dumps(own))
        prices.flush()
        with Server("--prices", prices.name) as server:
            checks.equal("spans are taken", send_versions(server, now), 200)
            server.stored()
            annotations(checks, server, now)
            compared(checks, server, now)
            together(checks, server, now)
            own_dashboards(checks, server)
    checks.finish()


main()
