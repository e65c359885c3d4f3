"""Pawl as a Tempo data source: requests as Grafana makes them, over what prometheus.py has sent, on its server."""
import base64
import json
import urllib.parse

PROTOBUF = {"accept": "application/protobuf"}


class Tempo:
    def __init__(self, server, now, **headers):
        self.server, self.headers = server, headers
        self.range = {"start": now // 1_000_000_000 - 7200, "end": now // 1_000_000_000}

    def call(self, path, headers=None, **params):
        return self.server.call("GET", f"/tempo{path}?{urllib.parse.urlencode(params)}", None, {**self.headers, **(headers or {})})

    def search(self, q, **params):
        return self.call("/api/search", q=q, **self.range, **params)

    def found(self, q, **params):
        return self.search(q, **params).json()["traces"]


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def fields(data):
    """The fields of a protobuf message: number, value (bytes or a number)."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 2:
            size, at = varint(data, at)
            yield tag >> 3, data[at:at + size]
            at += size
        elif tag & 7 == 1:
            yield tag >> 3, int.from_bytes(data[at:at + 8], "little")
            at += 8
        else:
            value, at = varint(data, at)
            yield tag >> 3, value


def inside(data, *path):
    """Everything at these nested field numbers."""
    if not path:
        return [data]
    return [found for number, value in fields(data) if number == path[0] for found in inside(value, *path[1:])]


def one_trace(checks, tempo):
    trace = f"{0x1000:032x}"  # refunds, the first
    answer = tempo.call(f"/api/traces/{trace}")
    batches = answer.json()["batches"]
    spans = [s for b in batches for scope in b["scopeSpans"] for s in scope["spans"]]
    checks.equal("a trace as JSON", sorted(s["name"] for s in spans), ["chat claude-sonnet-4-5", "execute_tool find", "invoke_agent refunds"])
    checks.equal("ids are bytes in base64", {base64.b64decode(s["traceId"]).hex() for s in spans}, {trace})
    by_name = {s["name"]: s for s in spans}
    checks.equal("a step that failed says so", by_name["execute_tool find"]["status"], {"code": "STATUS_CODE_ERROR", "message": "no"})
    told = {a["key"]: next(iter(a["value"].values())) for a in by_name["chat claude-sonnet-4-5"]["attributes"]}
    checks.check("what was a column is told", told.get("gen_ai.agent.name") == "refunds" and told.get("gen_ai.usage.input_tokens") == "10" and told.get("user.tier") == "gold" and "pawl.cost_usd" in told, told)
    message = tempo.call(f"/api/traces/{trace}", PROTOBUF)
    checks.equal("as protobuf", (message.headers["content-type"], len(inside(message.body, 1, 2, 2))), ("application/protobuf", 3))
    checks.equal("names and ids in it", (sorted(n.decode() for n in inside(message.body, 1, 2, 2, 5)), {i.hex() for i in inside(message.body, 1, 2, 2, 1)}), (sorted(by_name), {trace}))
    newer = tempo.call(f"/api/v2/traces/{trace}", PROTOBUF)
    checks.equal("the newer API puts it into an answer", inside(newer.body, 1), [message.body])
    checks.equal("in JSON too", len(tempo.call(f"/api/v2/traces/{trace}").json()["trace"]["resourceSpans"]), len(batches))
    checks.equal("zeros in front may be left out", tempo.call("/api/traces/1000").status, 200)
    nothing = tempo.call(f"/api/traces/{'ab' * 16}")
    checks.equal("a trace that is not there", (nothing.status, nothing.headers["content-type"].split(";")[0]), (404, "text/plain"))


def searches(checks, tempo):
    everything = tempo.found("{}", limit=500)
    checks.equal("everything", (len(everything), {t["rootTraceName"] for t in everything}), (180, {"invoke_agent refunds", "invoke_agent research"}))
    checks.equal("20 by default, the newest first", [t["traceID"] for t in tempo.found("{}")], [t["traceID"] for t in everything[:20]])
    failed = tempo.found("{status=error}", limit=500)
    checks.equal("what failed", (len(failed), {t["spanSets"][0]["matched"] for t in failed}, {t["rootTraceName"] for t in failed}), (30, {1}, {"invoke_agent refunds"}))
    hit = failed[0]["spanSets"][0]["spans"][0]
    checks.check("with the span that matched", hit["name"] == "execute_tool find" and len(hit["spanID"]) == 16 and {"key": "status", "value": {"stringValue": "error"}} in hit["attributes"], hit)
    for query, count in (('{span.gen_ai.agent.name="refunds" && name=~"chat.*|execute_tool find"}', None), ('{name="chat gpt-5-mini" && span.gen_ai.agent.name="refunds"}', 45),
                         ('{span.user.tier="gold" && status=error}', 30), ('{.user.tier="silver"}', 0), ('{span.pawl.customer="acme"}', 90), ('{span.gen_ai.request.model=~".*sonnet.*"}', 45),
                         ('{duration>=3s}', 180), ('{duration>3s}', 0), ('{(name="execute_tool find" && status=error) || span.gen_ai.request.model="claude-sonnet-4-5"}', 60),
                         ('{!(status=error) && span.gen_ai.tool.name="find"}', 150), ('{span.nothing != nil}', 0), ('{resource.service.name="x"} | select(status)', 0)):
        answer = tempo.search(query, limit=500)
        if count is None:
            checks.check(f"{query} is refused with what can be asked", answer.status == 400 and ".*part.*" in answer.body.decode(), answer.body)
        else:
            checks.equal(query, len(answer.json()["traces"]) if answer.status == 200 else answer.body, count)
    checks.equal("three spans a trace are shown, all are counted", [(len(t["spanSets"][0]["spans"]), t["spanSets"][0]["matched"]) for t in tempo.found("{span.user.tier=\"gold\"}", limit=1, spss=2)], [(2, 3)])
    checks.equal("a time before it all", tempo.call("/api/search", q="{}", start=1000, end=2000).json()["traces"], [])
    checks.equal("by tags and duration", len(tempo.call("/api/search", tags="gen_ai.agent.name=refu", minDuration="2s", limit=500, **tempo.range).json()["traces"]), 90)
    for path, params, words in (("/api/search", {"q": "{status=error} && {name=\"x\"}"}, "one spanset"), ("/api/search", {"q": "{} | rate()"}, "PromQL"), ("/api/search", {"start": "soon"}, "whole number"),
                                ("/api/search", {"q": "{status=error}", "minDuration": "1s"}, "either by q"), ("/api/metrics/query_range", {"q": "{} | rate()"}, "PromQL")):
        answer = tempo.call(path, **params)
        checks.check(f"{path} {params} is refused in plain words", answer.status == 400 and words in answer.body.decode() and answer.headers["content-type"].startswith("text/plain"), answer.body)


def tags(checks, tempo):
    scopes = {s["name"]: s["tags"] for s in tempo.call("/api/v2/search/tags", **tempo.range).json()["scopes"]}
    checks.check("names by scope", "service.name" in scopes["resource"] and {"user.tier", "gen_ai.agent.name"} <= set(scopes["span"]) and "duration" in scopes["intrinsic"], scopes)
    checks.equal("of one scope", [s["name"] for s in tempo.call("/api/v2/search/tags", scope="span", **tempo.range).json()["scopes"]], ["span"])
    checks.check("the older API", "user.tier" in tempo.call("/api/search/tags", **tempo.range).json()["tagNames"])
    values = lambda tag, **more: sorted(v["value"] for v in tempo.call(f"/api/v2/search/tag/{tag}/values", **tempo.range, **more).json()["tagValues"])  # noqa: E731
    checks.equal("values", values("span.gen_ai.agent.name"), ["refunds", "research"])
    checks.equal("of what a query selects", values("span.gen_ai.agent.name", q='{ span.gen_ai.request.model = "claude-sonnet-4-5" }'), ["refunds"])
    checks.equal("a query that is still written selects all", values("span.gen_ai.agent.name", q="{ span.gen_ai.request.model = }"), ["refunds", "research"])
    checks.equal("words of the language", tempo.call("/api/v2/search/tag/status/values").json()["tagValues"][0], {"type": "keyword", "value": "error"})
    checks.equal("the older API's values", tempo.call("/api/search/tag/user.tier/values", **tempo.range).json()["tagValues"], ["gold"])


def check_all(checks, server, now):
    tempo = Tempo(server, now)
    checks.equal("Grafana's test", (tempo.call("/api/echo").body, tempo.call("/ready").status, json.loads(tempo.call("/api/status/buildinfo").body)["version"][:2]), (b"echo", 200, "2."))
    one_trace(checks, tempo)
    searches(checks, tempo)
    tags(checks, tempo)


def check_keys(checks, server, keys, other):
    """Nobody sees another project's traces."""
    trace = f"{0x1000:032x}"
    basic = lambda key: {"authorization": "Basic " + base64.b64encode(f"grafana:{key}".encode()).decode()}  # noqa: E731
    ask = lambda path, key: server.call("GET", "/tempo" + path, None, basic(key), key="")  # noqa: E731
    checks.equal("its own key sees a trace, another's does not", (ask(f"/api/traces/{trace}", keys["one"]).status, ask(f"/api/traces/{trace}", other).status), (200, 404))
    checks.equal("nor finds it", ask("/api/search?q={}", other).json()["traces"], [])
    checks.equal("no key sees nothing", server.call("GET", f"/tempo/api/traces/{trace}", key="").status, 401)
