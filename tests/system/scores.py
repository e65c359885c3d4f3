"""Scores against a real server: put, found, overwritten, in filters and measures; feedback of end users by a public key."""
import csv
import io
import json
import time

from pawl import JSON, Checks, Server, call, command, span, traces_body

NOW = time.time_ns() - 3_600_000_000_000


def send(server):
    """Two agents: four traces each, each a root and a model call; the first two of each in one session."""
    spans = []
    for number in range(1, 9):
        agent, common = ("shop" if number <= 4 else "desk"), {"gen_ai__agent__name": "shop" if number <= 4 else "desk"}
        if number in (1, 2):
            common["session__id"] = "s1"
        at = NOW + number * 60_000_000_000
        spans.append(span(number, number * 16, f"run {agent}", None, at, 2_000_000_000, gen_ai__operation__name="invoke_agent", **common))
        spans.append(span(number, number * 16 + 1, "chat", number * 16, at, 1_000_000_000, gen_ai__operation__name="chat", gen_ai__request__model="gpt-5", **common))
    server.call("POST", "/v1/traces", traces_body(*spans), JSON)
    server.wait_for(lambda: ask(server, ["spans"]) == [[16]], 60, "the spans")


def trace(number):
    return f"{number:032x}"


def ask(server, measures, **more):
    answer = server.post("/api/v1/query", {"measures": measures, **more})
    return answer.json()["rows"] if answer.status == 200 else answer.message


def traces_that(server, text):
    answer = server.post("/api/v1/query", {"measures": ["traces"], "filter": text}).json()
    return answer["rows"][0][0] if answer.get("rows") else answer


def in_queries(checks, server):
    put = [{"id": f"q{number}", "name": "quality", "value": number / 10, "trace_id": trace(number), "author": "ann"} for number in range(1, 9)]
    put += [{"name": "ok", "value": number % 2 == 0, "trace_id": trace(number)} for number in range(1, 9)]
    put += [{"name": "tone", "value": "warm", "kind": "category", "trace_id": trace(5), "span_id": f"{5 * 16 + 1:016x}"}, {"name": "happy", "value": 1, "session_id": "s1"}]
    stored = server.post("/api/v1/scores", {"scores": put}).json()
    checks.equal("all are stored", (stored["stored"], stored["refused"], len(stored["ids"])), (18, [], 18))
    server.wait_for(lambda: ask(server, ["score.quality.count"]) == [[8]] and ask(server, ["score.happy.count"]) == [[1]], 60, "the copy of scores")
    checks.check("the mean", abs(ask(server, ["score.quality"])[0][0] - .45) < 1e-12, ask(server, ["score.quality"]))
    checks.equal("the pass rate", ask(server, ["score.ok.pass_rate", "score.ok.count"]), [[.5, 8]])
    by_agent = {row[0]: row[1:] for row in ask(server, ["score.quality.sum", "score.ok.count"], dimensions=["agent"])}
    checks.check("by agent", set(by_agent) == {"shop", "desk"} and abs(by_agent["shop"][0] - 1) < 1e-9 and abs(by_agent["desk"][0] - 2.6) < 1e-9 and by_agent["shop"][1] == 4, by_agent)
    by_time = ask(server, ["score.quality.count"], step="1h")
    checks.equal("over time each once", sum(row[1] for row in by_time), 8)
    checks.equal("of a filter", ask(server, ["score.quality.count"], filter="agent=desk"), [[4]])
    checks.equal("of a session's spans", ask(server, ["score.happy.count"], dimensions=["agent"]), [["shop", 1]])
    for text, wanted in (("score.quality>=0.5", 4), ("score.quality<0.3", 2), ("-score.quality>=0.5", 4), ("score.ok=true", 4), ("score.ok=false agent=shop", 2), ("has:score.quality", 8),
                         ("score.tone=warm", 1), ("score.tone~WAR", 1), ("score.happy=1", 2), ("score.nothing=1", 0), ("score.ok!=true", 4), ('score."quality">0.75', 1)):
        checks.equal(f"traces with {text}", traces_that(server, text), wanted)
    found = server.get("/api/v1/traces?filter=score.quality%3E%3D0.75")
    checks.equal("in lists", [row["trace_id"] for row in found["traces"]], [trace(8)])
    spans = server.get("/api/v1/spans?filter=score.tone%3Dwarm")["spans"]
    checks.equal("of a span alone", [row["name"] for row in spans], ["chat"])
    names = {one["name"] for one in server.get("/api/v1/measures")["measures"]}
    checks.check("the catalogue knows them", {"score.quality", "score.ok.pass_rate", "score.happy.count"} <= names)
    beside_measures(checks, server)
    answer = server.post("/api/v1/filter", {"filter": "score.>1"}).json()
    checks.check("a name is missing", not answer["ok"] and "score." in answer["error"]["message"], answer)


def last_word(checks, server):
    """What is overwritten, removed or said again is right in measures too."""
    server.post("/api/v1/scores", {"id": "q1", "name": "quality", "value": 1, "trace_id": trace(1), "author": "ann"})
    server.wait_for(lambda: traces_that(server, "score.quality>=0.5") == 5, 60, "the overwritten score")
    shown = server.get("/api/v1/scores/q1")
    checks.equal("what it said earlier is kept", ([one["value"] for one in shown["earlier"]], shown["score"]["value"]), ([.1], 1))
    server.post("/api/v1/scores", {"name": "quality", "value": 0, "trace_id": trace(8), "author": "ann"})
    server.wait_for(lambda: traces_that(server, "score.quality>=0.75") == 1, 60, "the later word of the same author")
    checks.equal("each author has one word about one thing", ask(server, ["score.quality.count"]), [[8]])
    server.post("/api/v1/scores", {"id": "bob", "name": "quality", "value": .9, "trace_id": trace(8), "author": "bob"})
    server.wait_for(lambda: ask(server, ["score.quality.count"]) == [[9]], 60, "another author's")
    server.call("DELETE", "/api/v1/scores/bob")
    server.wait_for(lambda: ask(server, ["score.quality.count"]) == [[8]], 60, "the removal")
    checks.equal("removed once", server.call("DELETE", "/api/v1/scores/bob").status, 404)
    checks.equal("other words are left out", server.get("/api/v1/scores?name=quality&trace=" + trace(8))["total"], 1)
    listed = server.get("/api/v1/traces?columns=score.quality,score.none&limit=1000")["traces"]
    checks.equal("a list's rows have them as columns", next(one["scores"] for one in listed if one["trace_id"] == trace(8)), {"quality": 0, "none": None})
    checks.equal("what is no column of it is said", server.call("GET", "/api/v1/traces?columns=cost").status, 400)
    checks.equal("unless asked for", server.get("/api/v1/scores?all=1&name=quality&trace=" + trace(8))["total"], 2)


def beside_measures(checks, server):
    """Measures of spans and of scores in one query: the same as asked for apart, by step and split."""
    checks.equal("beside spans", ask(server, ["spans", "score.ok.pass_rate", "traces", "score.ok.count"]), [[16, .5, 8, 8]])
    for more in ({"dimensions": ["agent"]}, {"step": "1h"}, {"dimensions": ["agent", "model"], "step": "5m"}, {"dimensions": ["agent"], "filter": "score.tone=warm", "grain": "trace"}):
        keys = len(more.get("dimensions", ())) + ("step" in more)
        spans, scores = ({tuple(row[:keys]): row[keys:] for row in ask(server, measures, **more)} for measures in (["llm_calls", "cost"], ["score.quality", "score.happy.count"]))
        both = {tuple(row[:keys]): row[keys:] for row in ask(server, ["score.quality", "llm_calls", "score.happy.count", "cost"], **more)}
        wanted = {key: [scores.get(key, [None, 0])[0], calls, scores.get(key, [None, 0])[1], cost] for key, (calls, cost) in spans.items()}
        checks.equal(f"as apart: {more}", both, wanted)
    checks.equal("in the order of a score", [row[0] for row in ask(server, ["spans", "score.quality"], dimensions=["agent"], order="score.quality")], ["shop", "desk"])
    checks.equal("as many as wanted", ask(server, ["spans", "score.quality.count"], dimensions=["agent"], order="-score.quality.count", limit=1), [["desk", 8, 4]])
    checks.equal("none are counted where there is none", ask(server, ["spans", "score.happy.count", "score.happy"], dimensions=["agent"], filter="agent=desk"), [["desk", 8, 0, None]])
    checks.check("a metric is still asked for apart", "metric.NAME" in ask(server, ["score.ok", "spans", "metric.x"]))


def of_sessions(checks, server):
    """A session's own word, else what its traces and their spans were given; others' words are no part of it."""
    def row(columns):
        return next(one for one in server.get(f"/api/v1/sessions?columns={columns}&limit=1000")["sessions"] if one["session_id"] == "s1")
    one = row("score.quality,score.happy,score.none")
    checks.equal("its own word", one["scores"], {"quality": None, "happy": 1, "none": None})
    checks.check("the mean of its traces", list(one["trace_scores"]) == ["quality"] and one["trace_scores"]["quality"]["count"] == 2 and abs(one["trace_scores"]["quality"]["mean"] - .15) < 1e-12, one)
    put = server.post("/api/v1/scores", [{"id": "own", "name": "quality", "value": .9, "session_id": "s1"}, {"name": "step", "value": 3, "trace_id": trace(1), "span_id": f"{17:016x}"}, {"name": "word", "value": "so", "kind": "category", "trace_id": trace(1)}]).json()
    checks.equal("given", put["refused"], [])
    server.wait_for(lambda: ask(server, ["score.step.count", "score.word.count", "score.quality.count"]) == [[1, 1, 9]], 60, "the copy")
    one = row("score.quality,score.step,score.word")
    checks.equal("the session's own word hides the mean", (one["scores"]["quality"], one["trace_scores"]), (.9, {"step": {"count": 1, "mean": 3}, "word": {"count": 1, "mean": None}}))
    checks.equal("twenty columns", len(row(",".join(["score.quality"] + [f"score.x{i}" for i in range(19)]))["scores"]), 20)
    checks.check("only where asked for", "trace_scores" not in server.get("/api/v1/sessions?limit=1")["sessions"][0])
    server.call("DELETE", "/api/v1/scores/own")
    server.wait_for(lambda: ask(server, ["score.quality.count"]) == [[8]], 60, "its removal")


def definitions(checks, server):
    def define(name, value):
        return server.call("PUT", f"/api/v1/score-definitions/{name}", json.dumps(value).encode(), JSON)

    def refused(value, word):
        answer = server.post("/api/v1/scores", {"trace_id": trace(2), **value})
        checks.check(f"refused: {value}", answer.status == 400 and word in answer.message, answer.body)

    checks.equal("defined", define("stars", {"kind": "numeric", "least": 1, "most": 5}).status, 200)
    checks.equal("categories", define("mood", {"kind": "category", "categories": ["good", {"name": "bad", "value": 7}]}).json()["categories"], [{"name": "good", "value": 0}, {"name": "bad", "value": 7}])
    checks.equal("the kind stays", define("stars", {"kind": "boolean"}).status, 409)
    checks.equal("an odd kind", define("odd", {"kind": "number"}).status, 400)
    checks.equal("bounds the wrong way", define("odd", {"kind": "numeric", "least": 2, "most": 1}).status, 400)
    refused({"name": "stars", "value": 6}, "at most 5")
    refused({"name": "mood", "value": "so so"}, "no category")
    refused({"name": "x"}, "needs a value")
    refused({"name": "x", "value": 1, "probability": 2}, "probability")
    refused({"name": "x", "value": {"a": 1}}, "number or a text")
    several = server.post("/api/v1/scores", [{"name": "stars", "value": 3, "trace_id": trace(2)}, 7, {"name": "stars", "value": 0, "trace_id": trace(2)}, {"name": "stars"}]).json()
    checks.equal("the good beside it is kept", (several["stored"], [one["index"] for one in several["refused"]]), (1, [1, 2, 3]))
    checks.equal("no JSON", server.call("POST", "/api/v1/scores", b"{", JSON).status, 400)
    checks.equal("listed", [one["name"] for one in server.get("/api/v1/score-definitions")["definitions"]], ["mood", "stars"])


def as_csv(checks, server):
    text = "﻿name,value,trace_id,comment,probability\r\ncsv,0.5," + trace(3) + ',"two\nlines, ""quoted""",0.1\r\ncsv,true,' + trace(4) + ",=1+1,\r\ncsv,1\r\nbad\"cell,1,x\r\ncsv,maybe," + trace(5) + ",,\r\n"
    answer = server.call("POST", "/api/v1/scores", text.encode(), {"content-type": "text/csv"}).json()
    checks.equal("rows of a CSV", (answer["stored"], [one["index"] for one in answer["refused"]]), (3, [2, 3]))
    checks.check("what is no CSV is named by its line", "line 6, column 1" in answer["refused"][1]["why"], answer)
    out = server.call("GET", "/api/v1/scores?name=csv&format=csv")
    rows = {row["trace_id"]: row for row in csv.DictReader(io.StringIO(out.body.decode(), newline=""))}
    checks.equal("comes back", (rows[trace(3)]["comment"], rows[trace(3)]["probability"], rows[trace(5)]["value"]), ('two\nlines, "quoted"', "0.1", "maybe"))
    checks.equal("no formula for a spreadsheet", rows[trace(4)]["comment"], "'=1+1")


def feedback(checks, server):
    made = server.post("/api/v1/feedback-keys", {"names": ["thumbs"]}).json()
    checks.check("two lines for a web page", made["key"] in made["snippet"] and len(made["snippet"].strip().split("\n")) == 2 and "/api/v1/feedback'" in made["snippet"], made)

    def give(value, key=made["key"], name="thumbs", **more):
        body = json.dumps({"key": key, "name": name, "value": value, "trace_id": trace(6), **more}).encode()
        return call(server.url + "/api/v1/feedback", "POST", body, {"content-type": "text/plain;charset=UTF-8", "origin": "https://shop.example"})

    checks.equal("a thumb", give(True).status, 200)
    checks.equal("changes its mind", give(False).status, 200)
    found = server.get("/api/v1/scores?name=thumbs")["scores"]
    checks.check("the last word of whoever it is holds", len(found) == 1 and found[0]["value"] is False and found[0]["author"].startswith("end user #") and found[0]["source"] == "feedback", found)
    checks.equal("a user of the page is another author", give(True, user="u7").status, 200)
    checks.equal("both stand", server.get("/api/v1/scores?name=thumbs")["total"], 2)
    checks.equal("not another score", give(True, name="quality").status, 403)
    checks.equal("not without a key", give(True, key="pawl_fk_00").status, 403)
    checks.equal("the key reads nothing", server.call("GET", "/api/v1/scores", key=made["key"]).status in (200, 401, 403), True)
    checks.equal("in time it is too much", 429 in [give(True, user="u8").status for _ in range(60)], True)
    odd = server.post("/api/v1/feedback-keys", {"names": ["it's"]})
    checks.equal("no name that leaves the quotes", odd.status, 400)
    checks.equal("revoked", server.call("DELETE", "/api/v1/feedback-keys/" + made["key"]).status, 200)
    checks.equal("it is listed as revoked", [one["revoked"] is not None for one in server.get("/api/v1/feedback-keys")["keys"]], [True])


def main():
    checks = Checks()
    with Server("--auth", "required") as server:  # in local mode no page of another origin may ask
        made = json.loads(command("key", "create", "--project", "default", "--scopes", "ingest,read,write", "--data", server.data, "--json").stdout)
        server.wait_for(lambda: server.call("GET", "/api/v1/scores", key=made["key"]).status == 200, 60, "the key")
        server.key = made["key"]
        send(server)
        in_queries(checks, server)
        of_sessions(checks, server)
        last_word(checks, server)
        definitions(checks, server)
        as_csv(checks, server)
        feedback(checks, server)
        books = server.books()
        checks.check("the books close", "scores" not in books or books["scores"], books)
    checks.finish()


main()
