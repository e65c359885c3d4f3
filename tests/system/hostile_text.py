"""Script injections in every field: they go in over HTTP and come out as text, in the API, in the log, and on the page.

usage: hostile_text.py [--no-browser]
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse

from pawl import JSON, PATIENCE, ROOT, Checks, Server, attribute, command

EVIL = "http://evil.invalid"
# Each runs `boom()`, opens a dialog, loads from elsewhere or breaks out of its place, if it is ever taken for more than text.
CORPUS = {
    "script": "<script>boom()</script>", "closed": "</script><script>boom()</script>", "attribute": "\"'><img src=x onerror=boom()>", "svg": "<svg onload=boom()>",
    "svg script": "<svg><script>boom()</script></svg>", "iframe": "<iframe srcdoc='<script>parent.boom()</script>'></iframe>", "link": "[click](javascript:boom())",
    "link in html": "<a href=javascript:boom()>x</a>", "data link": "[x](data:text/html,<script>boom()</script>)", "image": f"![x]({EVIL}/i.png)", "image in html": f"<img src={EVIL}/h.png>",
    "style": f"<div style='background:url({EVIL}/s.png)'>x</div>", "style sheet": f"<style>@import '{EVIL}/c.css';*{{display:none}}</style>", "base": f"<base href={EVIL}/>",
    "refresh": f"<meta http-equiv=refresh content='0;url={EVIL}'>", "form": f"<form action={EVIL}><button autofocus onfocus=boom()>x</button></form>",
    "object": f"<object data={EVIL}/o></object><embed src={EVIL}/e>", "details": "<details open ontoggle=boom()>x</details>", "video": "<video><source onerror=boom()></video>",
    "clobber": "<form id=app><input name=attributes></form><a id=defaultView></a>", "mutation": "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=boom()&gt;\">",
    "noscript": "<noscript><p title=\"</noscript><img src=x onerror=boom()>\">", "template": "{{constructor.constructor('boom()')()}} ${boom()} <%= boom() %>", "string": "';boom();//\\';boom();//",
    "comment": "--><script>boom()</script><!--", "cdata": "]]><script>boom()</script>", "entity": "&lt;script&gt;boom()&lt;/script&gt;&#60;img src=x onerror=boom()&#62;",
    "prototype": "__proto__", "constructor": "constructor", "lines": "a\r\nx-evil: 1\r\n\r\n<script>boom()</script>", "event": "x\n\nevent: span\ndata: {\"boom\":1}\n\n", "separator": "a\u2028boom()\u2029b",
    "right to left": "\u202e<script>boom()</script>\u2066", "nul": "<scr\0ipt>boom()</scr\0ipt>", "math": "$$\\href{javascript:boom()}{x}$$", "code": "```html\n<script>boom()</script>\n```<img src=x onerror=boom()>",
    "table": "|a|\n|-|\n|<img src=x onerror=boom()>|", "auto link": f"see javascript:boom() and {EVIL}/auto <{EVIL}/angle>", "reference": f"[x][1]\n\n[1]: javascript:boom() '\"onmouseover=boom() x=\"'",
    "ansi": "\x1b]8;;http://evil.invalid\x07x\x1b]8;;\x07\x1b[31m", "sql": "'; DROP TABLE spans; --", "formula": "=HYPERLINK(\"http://evil.invalid\",\"x\")",
}


def ids(number):
    return {"traceId": f"{0xB00 + number:032x}", "spanId": f"{number * 16 + 1:016x}"}


def messages(text):
    parts = [{"type": "text", "content": text}, {"type": "reasoning", "content": text}, {"type": "tool_call", "id": text, "name": text, "arguments": {text: text}}, {"type": text, text: text}]
    return json.dumps([{"role": "user", "parts": parts}, {"role": text, "parts": parts}, {"role": "tool", "parts": [{"type": "tool_call_response", "id": text, "response": text}]}])


def spans(number, text):
    """A run in which every text that a program can choose is this one."""
    now = time.time_ns() - 60_000_000_000
    common = {"session.id": f"{text} s{number}", "user.id": text, "gen_ai.agent.name": text, "gen_ai.agent.version": text, "pawl.task": text, "pawl.outcome": text, "tag.tags": text, "langfuse.trace.tags": text,
              "langfuse.trace.name": text, "pawl.customer": text, text: text, "gen_ai.prompt.name": text, "error.type": text, "url.full": "javascript:boom()"}
    base = {**ids(number), "name": text, "traceState": text, "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 2_000_000_000), "status": {"code": 2, "message": text},
            "events": [{"timeUnixNano": str(now), "name": text, "attributes": [attribute(text, text), attribute("exception.message", text), attribute("exception.stacktrace", text)]}],
            "links": [{**ids(number + 1), "attributes": [attribute(text, text)]}]}

    def one(offset, operation, **more):
        attributes = {**common, "gen_ai.operation.name": operation, **{key.replace("__", "."): value for key, value in more.items()}}
        return {**base, "spanId": f"{number * 16 + 1 + offset:016x}", "parentSpanId": base["spanId"] if offset else "", "attributes": [attribute(key, value) for key, value in attributes.items()]}

    return [one(0, "invoke_agent"),
            one(1, "chat", gen_ai__provider__name=text, gen_ai__request__model=text, gen_ai__response__model=text, gen_ai__response__id=text, gen_ai__input__messages=messages(text),
                gen_ai__output__messages=messages(text), gen_ai__system_instructions=json.dumps([{"type": "text", "content": text}]), gen_ai__tool__definitions=json.dumps([{"name": text, "description": text}])),
            one(2, "execute_tool", gen_ai__tool__name=text, gen_ai__tool__call__id=text, gen_ai__tool__description=text, gen_ai__tool__call__arguments=json.dumps({text: text}), gen_ai__tool__call__result=text),
            one(3, text)]


def send(checks, server, key):
    for number, (name, text) in enumerate(CORPUS.items()):
        resource = {"attributes": [attribute("service.name", text), attribute("pawl.team", text), attribute("deployment.environment.name", text), attribute(text, text)]}
        scope = {"name": text, "version": text, "attributes": [attribute(text, text)]}
        traces = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans(number, text), "schemaUrl": text}]}]}
        log = {**ids(number), "timeUnixNano": str(time.time_ns()), "severityText": text, "body": {"stringValue": text}, "attributes": [attribute(text, text), attribute("event.name", text)]}
        logs = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": [log]}]}]}
        point = {"timeUnixNano": str(time.time_ns()), "asDouble": 1.5, "attributes": [attribute(text, text)]}
        metrics = {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"scope": scope, "metrics": [{"name": text, "unit": text, "description": text, "gauge": {"dataPoints": [point]}}]}]}]}
        for path, value in (("/v1/traces", traces), ("/v1/logs", logs), ("/v1/metrics", metrics)):
            answer = server.call("POST", path, json.dumps(value).encode(), JSON, key=key)
            checks.check(f"{name} is taken at {path}", answer.status == 200 and "artialSuccess" not in answer.body.decode(), answer.body[:300])


def together(server, key):
    """One more run that holds a call and a tool of each text: what the browser walks through."""
    trace, everything = f"{0xA11:032x}", []
    for number, text in enumerate(CORPUS.values()):
        for one in spans(number, text)[1:3]:
            everything.append({**one, "traceId": trace, "parentSpanId": f"{0xA11:016x}"})
    root = {**spans(0, "all of it")[0], "traceId": trace, "spanId": f"{0xA11:016x}"}
    server.call("POST", "/v1/traces", json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [root, *everything]}]}]}).encode(), JSON, key=key)
    server.wait_for(lambda: len(server.call("GET", f"/api/v1/traces/{trace}?bodies=none", key=key).json().get("spans", [])) == len(everything) + 1, 30, "the whole run")


def texts_in(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)
    elif isinstance(value, str):
        yield value


def is_json(checks, name, answer):
    """Nothing of this can be taken for a page, whatever stands in it."""
    kind = answer.headers.get("content-type", "").split(";")[0]
    checks.equal(f"{name}: JSON by its type", kind, "application/json")
    checks.equal(f"{name}: and by nothing else", answer.headers.get("x-content-type-options"), "nosniff")
    checks.check(f"{name}: no header of somebody else's", answer.headers.get("x-evil") is None, str(answer.headers))
    try:
        return json.loads(answer.body)
    except ValueError as wrong:
        checks.check(f"{name}: whole JSON", False, (wrong, answer.body[:200]))
        return {}


def through_the_api(checks, server, key):
    for number, (name, text) in enumerate(CORPUS.items()):
        trace = ids(number)["traceId"]
        shown = is_json(checks, f"trace {name}", server.call("GET", f"/api/v1/traces/{trace}", key=key))
        found = sum(one == text for one in texts_in(shown))
        checks.check(f"{name} comes out as it went in, in many places", found >= 20, (found, json.dumps(shown)[:400]))
        session = urllib.parse.quote(f"{text} s{number}", safe="")
        shown = is_json(checks, f"session {name}", server.call("GET", "/api/v1/sessions/" + session, key=key))
        checks.equal(f"{name} as a session's id is found", shown.get("session", {}).get("session_id"), f"{text} s{number}")
        quoted = urllib.parse.quote(json.dumps(text, ensure_ascii=False), safe="")
        for path in (f"/api/v1/traces?filter=agent={quoted}", f"/api/v1/find?id={session}", f"/api/v1/values?dimension=agent&prefix={urllib.parse.quote(text[:40], safe='')}",
                     f"/api/v1/traces/{session}", f"/api/v1/sessions/{quoted}", f"/api/v1/traces?order={quoted}", f"/api/v1/traces?from={quoted}", f"/api/v1/values?dimension={quoted}", f"/api/v1/nothing/{session}",
                     f"/api/v1/traces/{trace}/spans/{session}", f"/api/v1/traces?cursor={quoted}"):
            answer = server.call("GET", path, key=key)
            checks.check(f"{name} at {path[:40]}: answered", answer.status in (200, 400, 404), (answer.status, answer.body[:200]))
            is_json(checks, f"{name} at {path[:40]}", answer)
        for path, value in (("/api/v1/query", {"measures": [text], "dimensions": [text]}), ("/api/v1/filter", {"filter": text}), ("/api/v1/keys", {"scopes": [text]}), ("/api/v1/invitations", {"email": text, "role": text}),
                            *([("/api/v1/login", {"email": text, "password": text})] if number < 8 else []), ("/api/v1/invitation", {"token": text})):
            is_json(checks, f"{name} to {path}", server.call("POST", path, json.dumps(value).encode(), JSON, key=key))
    for path in ("/api/v1/traces?limit=1000", "/api/v1/sessions?limit=1000", "/api/v1/spans?limit=1000", "/api/v1/logs?limit=1000", "/api/v1/books", "/api/v1/audit", "/api/v1/keys", "/api/v1/openapi.json"):
        answer = server.call("GET", path, key=key)
        checks.equal(f"{path} with all of it", answer.status, 200)
        is_json(checks, path, answer)
    page = server.call("GET", "/sessions/" + urllib.parse.quote(CORPUS["script"], safe=""), headers={"accept": "text/html"})
    checks.check("the page holds nothing of its address", b"boom" not in page.body and "script-src 'self'" in page.headers["content-security-policy"], page.body[:200])


def through_the_stream(checks, server, key):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10 * PATIENCE) as stream:
        stream.sendall(f"GET /api/v1/live HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\nauthorization: Bearer {key}\r\n\r\n".encode())
        got = b""
        while b"hello" not in got:
            got += stream.recv(4096)
        send_again = {"resourceSpans": [{"scopeSpans": [{"spans": [{**one, "traceId": f"{0xE0000 + number:032x}"} for number, text in enumerate(CORPUS.values()) for one in spans(number, text)[:1]]}]}]}
        server.call("POST", "/v1/traces", json.dumps(send_again).encode(), JSON, key=key)
        end = time.monotonic() + 5 * PATIENCE
        stream.settimeout(1)
        while time.monotonic() < end and got.count(b"event: span") < len(CORPUS):
            try:
                got += stream.recv(65536)
            except TimeoutError:
                continue
    head, _, body = got.partition(b"\r\n\r\n")
    checks.check("the stream is one by its type", b"text/event-stream" in head and b"nosniff" in head, head)
    plain = re.sub(rb"\r\n[0-9a-fA-F]+\r\n", b"", b"\r\n" + body)
    lines = [line for line in plain.split(b"\n") if line.strip()]
    checks.check("every line is an event, its data, or silence", all(line.startswith((b"event: ", b"data: ", b":")) for line in lines), [line[:80] for line in lines if not line.startswith((b"event: ", b"data: ", b":"))][:3])
    checks.check("no event was forged", b'data: {"boom":1}' not in plain)


def named_things(checks, server):
    """Names of projects, keys and users; the admin's key for the rest."""
    admin = json.loads(command("key", "create", "--scopes", "ingest,read,write,admin", "--data", server.data, "--json").stdout)["key"]
    server.wait_for(lambda: server.call("GET", "/api/v1/me", key=admin).status == 200, 5, "the key")
    refused = 0
    for name, text in CORPUS.items():
        answer = server.post("/api/v1/keys", {"scopes": ["read"], "name": text}, key=admin)
        is_json(checks, f"{name} as a key's name", answer)
        if any(ord(c) < 32 for c in text) or len(text.encode()) > 100:
            refused += 1
            checks.equal(f"{name} is no name of a key", answer.status, 400)
        else:
            checks.equal(f"{name} as a key's name", (answer.status, answer.json().get("name")), (201, text))
            if "\0" not in text:
                made = command("project", "create", "--data", server.data, "--json", "--", text)
                checks.check(f"{name} as a project's name", made.returncode == 0 and json.loads(made.stdout)["name"] == text, (made.stdout, made.stderr))
    checks.check("some names are refused", refused > 3, refused)
    command("user", "create", "root@example.com", "--owner", "--name", CORPUS["attribute"], "--data", server.data, env={"PAWL_PASSWORD": "correct horse battery"})
    command("user", "create", "\"><script>boom()</script>@example.com", "--name", CORPUS["svg"], "--data", server.data, env={"PAWL_PASSWORD": "correct horse battery"})
    server.post("/api/v1/invitations", {"email": "<img/src=x/onerror=boom()>@example.com", "role": "viewer"}, key=admin)
    return admin


def in_the_log(checks, server):
    for path in ("/api/v1/traces/%0a2026-11-21T00:00:00Z%20error%20forged", "/api/v1/x%0d%0aforged"):
        server.call("GET", path)
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as peer:
        peer.sendall(b"GET /api/v1/me HTTP/1.1\r\nhost: a\x1b[31m\r\nuser-agent: x\x1b]0;boom\x07\r\n\r\n")
        peer.recv(1000)
    log = server.log()
    checks.check("no line of the log was forged", not re.search(r"^\s*forged|\nforged", log), log[-300:])
    checks.check("no escape reaches the terminal", "\x1b" not in log and "\x07" not in log, log[-300:])


def on_the_page(checks, server):
    """ui/tests/injected.spec.mjs in Chromium, under the real server's content security policy."""
    node = shutil.which("node") or os.path.join(ROOT, "third_party/node/bin/node")
    told = subprocess.run([node, "tests/run.mjs", "injected"], cwd=os.path.join(ROOT, "ui"), capture_output=True, text=True, timeout=600 * PATIENCE, check=False,
                          env={**os.environ, "PAWL_INJECTED_URL": server.url})
    found = re.search(r"(\d+) passed, (\d+) failed", told.stdout)
    checks.check("nothing of it runs on any page", told.returncode == 0 and found and int(found.group(1)) > 0, told.stdout[-3000:] + told.stderr[-500:])
    print("".join(f"  {line}\n" for line in told.stdout.splitlines() if line.startswith(("ok", "FAIL"))), end="")


def main():
    checks = Checks()
    with Server("--auth", "required") as server:
        key = named_things(checks, server)
        send(checks, server, key)
        server.wait_for(lambda: all(server.call("GET", "/api/v1/traces/" + ids(number)["traceId"], key=key).status == 200 for number in range(len(CORPUS))), 30, "all of it")
        together(server, key)
        through_the_api(checks, server, key)
        through_the_stream(checks, server, key)
        in_the_log(checks, server)
        if "--no-browser" not in sys.argv:
            on_the_page(checks, server)
    checks.finish()


main()
