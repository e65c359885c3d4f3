"""The printed reference is current, answers have the shapes that OpenAPI says, and commands answer alike with and without a server."""
import json
import os

from pawl import JSON, ROOT, Checks, Server, attribute, command, span, traces_body

checks = Checks()


def run(*words, env=None, code=0):
    done = command(*words, env=env, timeout=120)
    checks.equal("pawl " + " ".join(words) + " ends with", done.returncode, code)
    return done.stdout if code == 0 else done.stderr


def pages():
    for page in ("api", "cli", "tables"):
        with open(os.path.join(ROOT, "docs/reference", page + ".md"), encoding="utf-8") as file:
            checks.check(f"docs/reference/{page}.md is what `pawl describe` prints (tools/reference.sh writes it)", file.read() == run("describe", "--page", page))
    told = json.loads(run("describe", "--json"))
    checks.check("every slice says what it is", all(s["about"] for s in told["slices"]))
    routes = [r for s in told["slices"] for r in s["routes"]]
    checks.equal("routes without a summary or a permission", [r["path"] for r in routes if not r["summary"] or not r["permission"]], [])
    names = [c["name"].split()[1] for c in told["commands"]]
    claimed = [c for s in told["slices"] for c in s["commands"]]
    checks.equal("commands that no slice claims", sorted(set(names) - set(claimed)), [])
    checks.equal("commands that are claimed and are not there", sorted(set(claimed) - set(names)), [])
    checks.equal("tables without columns", [t["name"] for s in told["slices"] for t in s["tables"] if not t["columns"]], [])
    checks.check("every flag has its environment variable", all(f["environment"] or not f["name"].startswith("--") or f["name"] == "--print-config"
                                                                for c in told["commands"] for f in c["flags"]))
    return {(r["method"], r["path"]) for r in routes}


class Shapes:
    """As much of JSON Schema as OpenAPI of Pawl uses."""

    def __init__(self, document):
        self.all = document["components"]["schemas"]
        self.wrong = []

    def look(self, value, schema, at):
        if "$ref" in schema:
            return self.look(value, self.all[schema["$ref"].rsplit("/", 1)[1]], at)
        if "anyOf" in schema:
            return None if value is None else self.look(value, schema["anyOf"][0], at)
        kinds = schema.get("type")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(self.fits(value, kind) for kind in kinds):
            self.wrong.append(f"{at} is {value!r:.60}, not {kinds}")
        elif isinstance(value, dict) and "properties" in schema:
            self.wrong += [f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value]
            for name, one in value.items():
                if name in schema["properties"]:
                    self.look(one, schema["properties"][name], f"{at}.{name}")
                elif at.rsplit(".", 1)[-1] not in ("tokens", "parts[]"):  # those may hold more
                    self.wrong.append(f"{at}.{name} is not told of")
        elif isinstance(value, list) and "items" in schema:
            for one in value:
                self.look(one, schema["items"], at + "[]")
        return None

    @staticmethod
    def fits(value, kind):
        if kind in ("integer", "number"):
            return isinstance(value, (int, float) if kind == "number" else int) and not isinstance(value, bool)
        return isinstance(value, {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)}[kind])


def send(server):
    at = 1_767_600_000_000_000_000  # 2026-01-05T08:00:00Z
    said = [{"role": "user", "parts": [{"type": "text", "content": "Refund my order."}]}]
    tool = span(10, 3, "execute_tool lookup", 1, at + 2, gen_ai__operation__name="execute_tool", gen_ai__tool__name="lookup",
                gen_ai__tool__call__arguments='{"order": 7}', error__type="NotFound")
    tool |= {"status": {"code": 2, "message": "no"}, "events": [{"name": "note", "timeUnixNano": str(at)}]}
    sent = traces_body(span(10, 1, "invoke_agent refunds", None, at, gen_ai__operation__name="invoke_agent", gen_ai__agent__name="refunds", session__id="s-1", user__id="anna"),
                       span(10, 2, "chat gpt-4o", 1, at + 1, gen_ai__operation__name="chat", gen_ai__provider__name="openai", gen_ai__request__model="gpt-4o",
                            gen_ai__usage__input_tokens=1000, gen_ai__usage__output_tokens=100, gen_ai__input__messages=json.dumps(said)),
                       tool, span(10, 4, "chat house-1", 1, at + 3, gen_ai__operation__name="chat", gen_ai__request__model="house-1", gen_ai__usage__input_tokens=10))
    checks.equal("spans are taken", server.call("POST", "/v1/traces", sent, JSON).status, 200)
    log = {"timeUnixNano": str(at + 2), "severityNumber": 17, "traceId": f"{10:032x}", "spanId": f"{3:016x}", "body": {"stringValue": "not found"}, "attributes": [attribute("a", 1)]}
    checks.equal("a log record is taken", server.post("/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [log]}]}]}).status, 200)
    server.stored()


TRACE = f"{10:032x}"
RANGE = "from=2026-01-05T00:00:00Z&to=2026-01-06T00:00:00Z"


def shapes_of(server, routes):
    document = server.get("/api/v1/openapi.json")
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    api = {(method, path) for method, path in routes if path.startswith("/api/v1/") and "/oidc/" not in path}
    checks.equal("API routes that OpenAPI leaves out", sorted(api - told), [])
    asked = [("/api/v1/sessions", f"/api/v1/sessions?{RANGE}"), ("/api/v1/traces", f"/api/v1/traces?{RANGE}"), ("/api/v1/spans", f"/api/v1/spans?{RANGE}"),
             ("/api/v1/traces/{trace_id}", "/api/v1/traces/" + TRACE), ("/api/v1/traces/{trace_id}", "/api/v1/traces/" + TRACE + "?bodies=none"),
             ("/api/v1/sessions/{session_id}", "/api/v1/sessions/s-1?bodies=new"), ("/api/v1/logs", f"/api/v1/logs?{RANGE}"),
             ("/api/v1/traces/{trace_id}/spans/{span_id}", "/api/v1/traces/" + TRACE + "/spans/0000000000000002?raw=1"),
             ("/api/v1/find", "/api/v1/find?id=s-1"), ("/api/v1/values", f"/api/v1/values?dimension=agent&{RANGE}"), ("/api/v1/measures", "/api/v1/measures"),
             ("/api/v1/dimensions", "/api/v1/dimensions"), ("/api/v1/books", "/api/v1/books"), ("/api/v1/me", "/api/v1/me"),
             ("/api/v1/prices/unknown", "/api/v1/prices/unknown"), ("/api/v1/keys", "/api/v1/keys"), ("/api/v1/masking", "/api/v1/masking"),
             ("/api/v1/search", f"/api/v1/search?text=refund&{RANGE}"), ("/api/v1/views", "/api/v1/views"),
             ("/api/v1/sessions/{session_id}/state", "/api/v1/sessions/s-1/state"), ("/api/v1/sessions/{session_id}/similar", "/api/v1/sessions/s-1/similar"),
             ("/api/v1/costs", f"/api/v1/costs?{RANGE}"), ("/api/v1/budgets", "/api/v1/budgets")]
    for path, target in asked:
        shapes = Shapes(document)
        answer = server.call("GET", target)
        checks.equal(f"GET {target}", answer.status, 200)
        schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        shapes.look(answer.json(), schema, path)
        checks.equal(f"the shape of {target}", shapes.wrong[:5], [])
    refused = server.call("GET", "/api/v1/traces/nothing")
    shapes = Shapes(document)
    shapes.look(refused.json(), document["paths"]["/api/v1/traces/{trace_id}"]["get"]["responses"]["default"]["content"]["application/json"]["schema"], "error")
    checks.equal("the shape of an error", (refused.status, shapes.wrong), (404, []))


QUESTIONS = [["sessions", "--json", "--from", "2026-01-05"], ["traces", "agent=refunds", "--json", "--from", "2026-01-05"],
             ["query", "--measures", "cost,tokens,spans", "--by", "kind", "--json", "--from", "2026-01-05"], ["cost", "--json", "--from", "2026-01-05"]]


def without_stats(text):
    answer = json.loads(text)
    answer.pop("stats")
    return answer


def commands(server):
    """The same question to the server, and to its directory once it has ended."""
    with_server = [without_stats(run(*words, "--server", server.url)) for words in QUESTIONS]
    checks.equal("a session is there", len(with_server[0]["sessions"]), 1)
    held = run("sessions", "--data", server.data, code=3)
    checks.check("a directory that is served says by whom", "is held by process" in held and "--server" in held, held)
    mistake = run("sessions", "agent=refünds durration>1s", "--server", server.url, code=64)
    checks.equal("a mistake is underlined", mistake.splitlines()[1:], ["  agent=refünds durration>1s", "                ^^^^^^^^^"])
    server.end()
    for words, said in zip(QUESTIONS, with_server):
        checks.equal("without a server: " + " ".join(words), without_stats(run(*words, "--data", server.data)), said)
    checks.check("a project that is not there", "There is no project nope" in run("sessions", "--data", server.data, "--project", "nope", code=3))


def precedence(server):
    """A flag wins over the environment, that over the file."""
    file = os.path.join(server.data, "words.toml")
    with open(file, "w", encoding="utf-8") as out:
        out.write('limit = 2\nfrom = "2026-01-05"\n')
    base = ["query", "--data", server.data, "--measures", "spans", "--by", "name", "--json", "--config", file]
    count = lambda text: len(json.loads(text)["rows"])  # noqa: E731
    checks.equal("a file's limit", count(run(*base)), 2)
    checks.equal("an environment's limit", count(run(*base, env={"PAWL_LIMIT": "3"})), 3)
    checks.equal("a flag's limit", count(run(*base, "--limit", "1", env={"PAWL_LIMIT": "3"})), 1)
    with open(file, "w", encoding="utf-8") as out:
        out.write("limitt = 2\n")
    checks.check("an unknown key names the nearest", "words.toml:1: no setting is called limitt. Did you mean limit?" in run(*base, code=64))
    checks.check("nothing where nothing is", "there is no data of Pawl" in run("sessions", "--data", server.data + "-not", code=3))
    checks.check("and it is not made", not os.path.exists(server.data + "-not"))


def main():
    routes = pages()
    server = Server()
    try:
        send(server)
        shapes_of(server, routes)
        commands(server)
        precedence(server)
    finally:
        server.stop()
    checks.finish()


main()
