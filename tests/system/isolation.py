"""Two projects, one server: with project A's key no route shows anything of B, not even that it exists."""
import http.client
import base64
import hashlib
import json
import re
import threading
import time
import urllib.request

from pawl import JSON, PATIENCE, Checks, Server, command, span, traces_body

MARK = {"A": "alpha5512", "B": "zebra7391"}
TRACE = {"A": 0xA11A, "B": 0xB22B}
NEVER = {"trace_id": f"{0xC33C:032x}", "span_id": f"{0xC3:016x}", "session_id": "never-session", "key": "pk_NEVERMADE123"}  # and NEVER_THERE


def telemetry(project):
    """Traces in which every text carries the project's mark."""
    mark, trace = MARK[project], TRACE[project]
    text = json.dumps([{"role": "user", "parts": [{"type": "text", "content": f"tell me about {mark}"}]}])
    more = {"session__id": f"{mark}-session", "user__id": f"{mark}-user", "gen_ai__agent__name": f"{mark}-agent", "pawl__team": f"{mark}-team",
            "pawl__task": f"{mark}-task", "deployment__environment__name": f"{mark}-env", "custom__key": f"{mark}-value", f"{mark}.attr": "1"}
    spans = [span(trace, 1, f"invoke_agent {mark}", gen_ai__operation__name="invoke_agent", **more),
             span(trace, 2, f"chat {mark}", parent=1, gen_ai__operation__name="chat", gen_ai__request__model=f"{mark}-model",
                  gen_ai__usage__input_tokens=50, gen_ai__input__messages=text, gen_ai__prompt__name=f"{mark}-prompt", **more),
             span(trace, 3, f"execute_tool {mark}", parent=1, gen_ai__operation__name="execute_tool", gen_ai__tool__name=f"{mark}-tool",
                  error__type=f"{mark}-error", **more)]
    spans[2]["status"] = {"code": 2, "message": f"{mark} failed"}
    return traces_body(*spans)


class World:
    def __init__(self, server):
        self.server, self.keys, self.key_ids, self.kept = server, {}, {}, {}
        for project in "AB":
            name = f"{MARK[project]}-project"
            made = command("project", "create", name, "--data", server.data, "--json")
            assert made.returncode == 0, made.stderr
            key = json.loads(command("key", "create", "--project", name, "--scopes", "ingest,read,write,admin", "--name", f"{MARK[project]}-key",
                                     "--data", server.data, "--json").stdout)
            self.keys[project], self.key_ids[project] = key["key"], key["id"]
        server.wait_for(lambda: all(server.call("GET", "/api/v1/me", key=key).status == 200 for key in self.keys.values()), 5, "the keys")

    def ids(self, project):
        return {"trace_id": f"{TRACE[project]:032x}", "span_id": f"{2:016x}", "session_id": f"{MARK[project]}-session", "key": self.key_ids[project],
                **self.kept.get(project, {})}

    def ask(self, method, path, body=None, project="A", **headers):
        data = json.dumps(body).encode() if body is not None else None
        return self.server.call(method, path, data, {**(JSON if data else {}), **headers}, key=self.keys[project])


def belongings(world, project):
    """Of everything that clients of other vendors keep here one each, with the project's mark; ids by what routes call them."""
    mark, json_post = MARK[project], lambda path, body: world.ask("POST", path, body, project)
    trace = f"{TRACE[project]:032x}"
    made = [json_post("/api/public/v2/prompts", {"name": f"{mark}-prompt", "prompt": mark, "labels": ["production"]}),
            json_post("/api/public/v2/datasets", {"name": f"{mark}-set"}),
            json_post("/api/public/dataset-items", {"datasetName": f"{mark}-set", "id": f"{mark}-item", "input": mark, "sourceTraceId": trace}),
            json_post("/api/public/dataset-run-items", {"runName": f"{mark}-run", "datasetItemId": f"{mark}-item", "traceId": trace}),
            json_post("/api/public/scores", {"id": f"{mark}-score", "traceId": trace, "name": f"{mark}-tone", "value": mark}),
            json_post("/api/public/score-configs", {"name": f"{mark}-stars", "dataType": "NUMERIC"}),
            json_post("/langsmith/sessions", {"name": f"{mark}-runs"}),
            json_post("/api/public/media", {"traceId": trace, "contentType": "image/png", "contentLength": len(mark), "field": "input",
                                            "sha256Hash": base64.b64encode(hashlib.sha256(mark.encode()).digest()).decode()}),
            world.ask("PUT", f"/api/v1/dashboards/{mark}-board", {"title": mark}, project),
            world.ask("PUT", f"/api/v1/evaluators/{mark}-judges", {"text": f"[[evaluator]]\nkind = 'contains'\nvalue = '{mark}'"}, project),
            json_post("/api/v1/views", {"name": mark, "page": "sessions", "state": {"filter": mark}, "shared": True}),
            json_post("/api/v1/incidents", {"title": mark, "agent": f"{mark}-agent", "owner": mark, "note": mark, "runbook": "data_leak", "traces": [trace]})]
    assert all(answer.status < 300 for answer in made), [answer.body for answer in made]
    dataset, session, config, media = made[1].json()["id"], made[6].json()["id"], made[5].json()["id"], made[7].json()
    world.server.call("PUT", media["uploadUrl"].removeprefix(world.server.url), mark.encode(), {"content-type": "image/png"})
    return {"prompt": f"{mark}-prompt", "dataset_name": f"{mark}-set", "item_id": f"{mark}-item", "run_name": f"{mark}-run", "score_id": f"{mark}-score",
            "feedback_id": f"{mark}-score", "config_id": config, "dataset_id": dataset, "example_id": f"{mark}-item", "media_id": media["mediaId"],
            "observation_id": f"{2:016x}", "token": f"{mark}-token", "rest": f"{mark}/nowhere", "dashboard": f"{mark}-board",
            "dataset": f"{mark}-set", "experiment": f"{mark}-run", "case": f"{mark}-item", "evaluators": f"{mark}-judges", "view_id": made[-2].json()["id"], "incident": made[-1].json()["id"]}


NEVER_THERE = {"prompt": "never-prompt", "dataset_name": "never-set", "item_id": "never-item", "run_name": "never-run", "score_id": "never-score",
               "feedback_id": "never-score", "config_id": "never-config", "dataset_id": "never-set-id", "example_id": "never-item", "media_id": "never-media",
               "observation_id": f"{0xC3:016x}", "token": "never-token", "rest": "never/nowhere", "dashboard": "never-board",
               "dataset": "never-set", "experiment": "never-run", "case": "never-item", "evaluators": "never-judges", "view_id": "00ff00ff00ff00ff",
               "incident": "inc_0123456789abcdef"}


def has_shared_id(pattern):
    """Routes whose only id both projects have: see `shared_ids`."""
    return "{observation_id}" in pattern or "/runs/{run_id}" in pattern or "/label/{name}" in pattern


def fill(pattern, ids):
    key = "key" if "/keys/" in pattern else "trace_id"
    if pattern.startswith("/api/v1/comparison/cases/"):
        pattern += "?baseline={experiment}&candidate={experiment}"
    return re.sub(r"\{(\w+)\}", lambda found: ids.get(found.group(1), ids[key]), pattern)


def same_shape(answer, ids):
    """An answer without what may differ: the id asked for, the request's own id, clocks."""
    text = answer.body.decode("utf-8", "replace")
    for value in ids.values():
        text = text.replace(value, "ID")
    text = re.sub(r'"(request_id|at)":"[^"]*"', r'"\1":""', text)
    return answer.status, re.sub(r'"(elapsed_ms|newest_ms_ago|rows_read)":[0-9.]+', r'"\1":0', text)


def shows_nothing(checks, world, name, answer):
    theirs = [MARK["B"], world.ids("B")["trace_id"], world.keys["B"][:20], world.key_ids["B"]]
    text = answer.body.decode("utf-8", "replace")
    checks.check(f"{name} shows nothing of B", not any(word in text for word in theirs), text[:400])


def by_id(checks, world, routes):
    """What is not yours and what is not there are answered alike, in status and in words."""
    for method, pattern in routes:
        if "{" not in pattern:
            continue
        theirs, never = world.ids("B"), NEVER
        if has_shared_id(pattern):
            continue
        if "span_id" in pattern:  # also B's span in a trace of ours
            mixed = {**theirs, "trace_id": world.ids("A")["trace_id"], "span_id": f"{0xB2:016x}"}
            checks.check(f"{method} {pattern}: no such span in ours", world.ask(method, fill(pattern, mixed)).status == 404)
        got, wanted = (same_shape(world.ask(method, fill(pattern, ids)), ids) for ids in (theirs, never))
        checks.equal(f"{method} {pattern}: not yours as not there", got, wanted)
        checks.check(f"{method} {pattern}: 404", got[0] == 404, got)
    for kind in ("trace_id", "span_id", "session_id"):
        got, wanted = (same_shape(world.ask("GET", f"/api/v1/find?id={ids[kind]}"), ids) for ids in (world.ids("B"), NEVER))
        if kind != "span_id":  # both projects have this span id
            checks.equal(f"find by {kind}: not yours as not there", got, wanted)


def fill_before(world):
    """So many older spans of B that its marked ones share no block of 8,192 rows with A's (docs/security.md "Known and accepted")."""
    start = time.time_ns() - 20 * 3_600_000_000_000
    for part in range(4):
        body = traces_body(*(span(0xF111000 + number, 1, "filler", start=start + number) for number in range(part * 5_000, part * 5_000 + 5_000)))
        assert world.server.call("POST", "/v1/traces", body, JSON, key=world.keys["B"], timeout=60).status == 200
    last = f"/api/v1/traces/{0xF111000 + 19_999:032x}"
    world.server.wait_for(lambda: world.server.call("GET", last, key=world.keys["B"]).status == 200, 60, "what fills the space between A and B")


def share_of_pairs(a, b):
    """How often something of `a` is greater than something of `b`: 0.5 where nothing tells them apart (Mann and Whitney)."""
    return sum((x > y) + 0.5 * (x == y) for x in a for y in b) / (len(a) * len(b))


def timing(checks, world, routes):
    """Nor does the time tell them apart. By turns, so that a busy machine is busy for both; a difference must come three times."""
    connection = http.client.HTTPConnection("127.0.0.1", world.server.port, timeout=30)
    headers = {"host": f"127.0.0.1:{world.server.port}", "authorization": "Bearer " + world.keys["A"]}

    def ask(method, path):
        began = time.perf_counter()
        connection.request(method, path, headers=headers)
        connection.getresponse().read()
        return time.perf_counter() - began

    for method, pattern in [*routes, ("DELETE", "/api/v1/keys/{id}"), ("GET", "/api/v1/find?id={trace_id}")]:
        if "{" not in pattern or has_shared_id(pattern):
            continue
        paths = {name: fill(pattern, ids) for name, ids in (("theirs", world.ids("B")), ("never", {**NEVER, **NEVER_THERE}))}
        shares = []
        while len(shares) < 3:
            took = {"theirs": [], "never": []}
            for turn in range(60):
                for name in ("theirs", "never") if turn % 2 else ("never", "theirs"):
                    took[name].append(ask(method, paths[name]))
            shares.append(share_of_pairs(took["theirs"], took["never"]))
            if abs(shares[-1] - 0.5) < 0.15:
                break
        checks.check(f"{method} {pattern}: not yours takes as long as not there", abs(shares[-1] - 0.5) < 0.15 or min(shares) < 0.5 < max(shares), shares)
    told = []
    while len(told) < 3 and max(told, default=0) < 0.7:  # the same measurement of something that does differ
        mine, never = ([ask("GET", fill("/api/v1/traces/{trace_id}", ids)) for _ in range(60)] for ids in (world.ids("A"), NEVER))
        told.append(share_of_pairs(mine, never))
    checks.check("the clock is fine enough to tell what is there", max(told) > 0.7, told)
    connection.close()


def as_user(checks, world, routes):
    """A member of A by log-in: what is B's is not there, by its id, by name and by switching to it."""
    command("user", "create", "ada@example.com", "--project", f"{MARK['A']}-project", "--role", "admin", "--data", world.server.data, env={"PAWL_PASSWORD": "a long and honest password"})
    entered = world.server.post("/api/v1/login", {"email": "ada@example.com", "password": "a long and honest password"})
    cookie = {"cookie": entered.headers["set-cookie"].split(";")[0]}

    def ask(method, path, project=""):
        return world.server.call(method, path, headers={**cookie, **({"x-pawl-project": project} if project else {})})

    mine = json.loads(ask("GET", "/api/v1/me").body)
    checks.equal("one project is theirs", [project["name"] for project in mine["projects"]], [f"{MARK['A']}-project"])
    theirs = next(number for number in range(1, 10) if number != mine["project"]["id"] and world.ask("GET", "/api/v1/me", project="B").json()["project"]["id"] == number)
    for method, pattern in routes:
        if method != "GET" or pattern.endswith("/live") or pattern.startswith("/api/v1/oidc"):
            continue
        path = fill(pattern, world.ids("B"))
        answer = ask("GET", path)
        answer.body = answer.body.replace(path.encode(), b"").replace(b"/api/v1", b"")
        for value in world.ids("B").values():  # the question itself
            answer.body = answer.body.replace(value.encode(), b"") if "{" in pattern else answer.body
        shows_nothing(checks, world, f"GET {pattern} as a user", answer)
        if json.loads(world.server.call("GET", "/api/v1/openapi.json").body)["paths"][pattern]["get"].get("x-permission") in ("public", "self"):
            continue
        there, nowhere = (same_shape(ask("GET", path, project), {}) for project in (str(theirs), "999"))
        checks.equal(f"GET {pattern} switched to B as to nowhere", there, nowhere)
        checks.equal(f"GET {pattern} switched to B", there[0], 404)


def shared_ids(checks, world):
    """Both projects have a span of this id: each sees its own."""
    for path in (f"/api/public/observations/{2:016x}", f"/langsmith/runs/{2:016x}"):
        answer = world.ask("GET", path)
        checks.check(f"{path} is A's own", answer.status == 200 and MARK["A"] in answer.body.decode(), answer.body[:300])
        shows_nothing(checks, world, path, answer)
    answer = world.ask("GET", f"/langsmith/feedback?run={2:016x}")
    shows_nothing(checks, world, "feedback of a run", answer)
    for path in ("/langsmith/runs/query", "/api/public/scores"):
        shows_nothing(checks, world, path, world.ask("POST", path, {"name": "n", "value": 1, "traceId": world.ids("A")["trace_id"]}))
    for project in "BA":
        world.ask("POST", "/api/public/scores", {"id": "same-id", "name": "n", "value": MARK[project], "sessionId": "s"}, project)
    theirs = world.ask("GET", "/api/public/scores/same-id", project="B").json()
    checks.equal("a score of the same id in another project changes nothing of B's", theirs.get("stringValue"), MARK["B"])


def lists(checks, world, routes):
    """Everything that lists, counts or completes."""
    window = "from=1970-01-01T00:00:00Z&to=2100-01-01T00:00:00Z"
    reads = [pattern for method, pattern in routes if method == "GET" and "{" not in pattern and not pattern.endswith("/live")]
    for pattern in reads:
        for query in ("", f"?{window}", f"?{window}&limit=200", f"?filter=%22{MARK['B']}%22&{window}", f"?project=2&{window}", "?project=3"):
            answer = world.ask("GET", pattern + query)
            if pattern != "/api/v1/openapi.json":
                answer.body = answer.body.replace(b"No dimension is called", b"")
            shows_nothing(checks, world, f"GET {pattern}{query}", answer)
    dimensions = [one["name"] for one in world.ask("GET", "/api/v1/dimensions").json()["dimensions"]]
    for dimension in [*dimensions, "attr.custom.key", f"attr.{MARK['B']}.attr", "attr"]:
        for prefix in ("", MARK["B"][:3]):
            answer = world.ask("GET", f"/api/v1/values?dimension={dimension}&prefix={prefix}&{window}")
            answer.body = answer.body.replace(f"attr.{MARK['B']}.attr".encode(), b"")  # the question itself
            shows_nothing(checks, world, f"values of {dimension} from '{prefix}'", answer)


def questions(checks, world):
    names = [one["name"] for one in world.ask("GET", "/api/v1/measures").json()["measures"] if "NAME" not in one["name"]]
    splits = [one["name"] for one in world.ask("GET", "/api/v1/dimensions").json()["dimensions"] if one.get("groups")]
    for split in ["", *splits, "attr.custom.key"]:
        split = split.replace("NAME", "custom.key")
        asked = {"measures": ["spans", "traces"], "dimensions": [split] if split else [], "from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
        shows_nothing(checks, world, f"query by {split or 'nothing'}", world.ask("POST", "/api/v1/query", asked))
        shows_nothing(checks, world, f"queries by {split or 'nothing'}", world.ask("POST", "/api/v1/queries", {"queries": [asked, {**asked, "measures": ["cost"], "step": "1mo"}]}))
    for measure in names:
        if measure not in world.before:  # of a score that A has got since
            checks.check(f"{measure} is not B's", MARK["B"] not in measure, measure)
            continue
        asked = {"measures": [measure], "dimensions": []}
        checks.equal(f"{measure} is the same with B's data as without", world.ask("POST", "/api/v1/query", asked).json()["rows"], world.before[measure])
    for term in (f"session={MARK['B']}-session", f'"{MARK["B"]}"', f"agent~{MARK['B']}", f"attr.custom.key={MARK['B']}-value", f"prompt~{MARK['B']}",
                 f"agent={MARK['B']}-agent or tool={MARK['B']}-tool", f"-agent={MARK['A']}-agent", "(agent!=x)", "tokens>0"):
        asked = {"measures": ["spans"], "dimensions": ["agent"], "filter": term}
        shows_nothing(checks, world, f"query where {term}", type("A", (), {"body": json.dumps(world.ask("POST", "/api/v1/query", asked).json().get("rows")).encode()}))
    for header in ({"x-pawl-project": "2"}, {"x-pawl-project": "3"}, {"X-Pawl-Project": f"{MARK['B']}-project"}):
        shows_nothing(checks, world, f"query with {header}", world.ask("POST", "/api/v1/query", {"measures": ["spans"], "dimensions": ["agent"]}, **header))


def installation(checks, world):
    """What is about all projects together is not for a project's administrator."""
    for method, path in (("GET", "/metrics"), ("POST", "/api/v1/backup")):
        checks.equal(f"{method} {path} needs the scope operate", world.ask(method, path, {} if method == "POST" else None).status, 403)
    made = command("key", "create", "--scopes", "operate", "--data", world.server.data, "--json")
    key = json.loads(made.stdout)["key"]
    world.server.wait_for(lambda: world.server.call("GET", "/metrics", key=key).status == 200, 5, "the operator's key")
    checks.equal("which reads no project", world.server.call("GET", "/api/v1/traces", key=key).status, 403)
    answer = world.ask("POST", "/api/v1/keys", {"scopes": ["operate"]})
    checks.equal("and which an administrator cannot make", answer.status, 403)
    quiet = json.loads(command("project", "create", "quiet", "--data", world.server.data, "--json").stdout)
    key = json.loads(command("key", "create", "--project", str(quiet["id"]), "--scopes", "read", "--data", world.server.data, "--json").stdout)["key"]
    world.server.wait_for(lambda: world.server.call("GET", "/api/v1/me", key=key).status == 200, 5, "the quiet project's key")
    stats = world.server.call("GET", "/api/v1/traces", key=key).json()["stats"]
    checks.equal("a quiet project is not told when others got something", stats["newest_ms_ago"], None)


def revoking(checks, world):
    answer = world.ask("DELETE", f"/api/v1/keys/{world.key_ids['B']}")
    checks.equal("B's key cannot be revoked by A", answer.status, 404)
    checks.equal("B's key still works", world.ask("GET", "/api/v1/me", project="B").status, 200)


def live(checks, world):
    """A's stream while both send."""
    seen, up = [], threading.Event()

    def listen():
        request = urllib.request.Request(world.server.url + "/api/v1/live", headers={"authorization": "Bearer " + world.keys["A"]})
        try:
            with urllib.request.urlopen(request, timeout=8 * PATIENCE) as stream:
                for line in stream:
                    seen.append(line.decode())
                    up.set()
        except OSError:
            pass

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    checks.check("the stream opens", up.wait(10 * PATIENCE))
    for project in "BA":
        body = telemetry(project).replace(f"{TRACE[project]:032x}".encode(), f"{TRACE[project] + 0x100000:032x}".encode())
        checks.equal("telemetry is taken", world.server.call("POST", "/v1/traces", body, JSON, key=world.keys[project]).status, 200)
        time.sleep(0.5)
    end = time.monotonic() + 8 * PATIENCE
    while time.monotonic() < end and not any(MARK["A"] in line for line in seen):
        time.sleep(0.05)
    text = "".join(seen)
    checks.check("A's spans come by", MARK["A"] in text, text[:300])
    checks.check("B's do not", MARK["B"] not in text, text[:300])


def main():
    checks = Checks()
    with Server("--auth", "required", ready=True) as server:
        world = World(server)
        described = json.loads(server.call("GET", "/api/v1/openapi.json").body)["paths"]
        routes = [(method.upper(), pattern) for pattern, methods in described.items() for method in methods]
        checks.check("OpenAPI names the routes", len(routes) > 20, routes)
        checks.equal("A's telemetry is taken", server.call("POST", "/v1/traces", telemetry("A"), JSON, key=world.keys["A"]).status, 200)
        server.wait_for(lambda: server.call("GET", "/api/v1/traces/" + world.ids("A")["trace_id"], key=world.keys["A"]).status == 200, 15, "A's trace")
        time.sleep(3 * PATIENCE)  # until A's trace has been recounted: the measures compared below stand still
        world.before = {one["name"]: world.ask("POST", "/api/v1/query", {"measures": [one["name"]], "dimensions": []}).json().get("rows")
                        for one in world.ask("GET", "/api/v1/measures").json()["measures"] if "NAME" not in one["name"]}
        fill_before(world)
        checks.equal("B's telemetry is taken", server.call("POST", "/v1/traces", telemetry("B"), JSON, key=world.keys["B"]).status, 200)
        server.wait_for(lambda: server.call("GET", "/api/v1/traces/" + world.ids("B")["trace_id"], key=world.keys["B"]).status == 200, 15, "B's trace")
        checks.check("B sees its own", MARK["B"] in world.ask("GET", "/api/v1/traces", project="B").body.decode())
        world.kept = {project: belongings(world, project) for project in "AB"}
        shared_ids(checks, world)
        by_id(checks, world, [route for route in routes if route[0] == "GET"])
        timing(checks, world, [route for route in routes if route[0] == "GET"])
        as_user(checks, world, routes)
        lists(checks, world, routes)
        questions(checks, world)
        installation(checks, world)
        revoking(checks, world)
        live(checks, world)
    checks.finish()


main()
