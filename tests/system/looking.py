"""Searching, state, likeness, big runs by windows, files, saved views, and the commands that look: search, tail, view, diff, export."""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from pawl import BINARY, JSON, PATIENCE, Checks, Server, command, span, traces_body

checks = Checks()
NOW = time.time_ns() - 600_000_000_000
SECRET = "sk-ant-" + "api03-Zx9_4kQ2mN7pR5tV8wY1bD6fH3jL0cG"  # no key of anybody
EVIL = "\x1b]0;owned\x07 \x1b[2J"


def said(text):
    return json.dumps([{"role": "user", "parts": [{"type": "text", "content": text}]}])


def answered(text):
    return json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": text}]}])


def run(trace, session, ask, order, reply, state, failed=False, start=NOW):
    """An agent that is asked, calls a tool and answers; `state`: what the tool changed."""
    who = {"session__id": session, "gen_ai__agent__name": "refunds"}
    tool = span(trace, 3, "execute_tool lookup_order", 1, start + 2_000_000_000, gen_ai__operation__name="execute_tool", gen_ai__tool__name="lookup_order",
                gen_ai__tool__call__arguments=json.dumps({"order": order, "full": True}), gen_ai__tool__call__result=json.dumps({"order": order, "total": 12}), **who)
    tool["events"] = [{"name": "session.state.changed", "timeUnixNano": str(start), "attributes": [{"key": "state", "value": {"stringValue": json.dumps(state)}}]}]
    if failed:
        tool["status"] = {"code": 2, "message": "no such order" + EVIL}
    return [span(trace, 1, "invoke_agent refunds", None, start, 5_000_000_000, gen_ai__operation__name="invoke_agent", **who),
            span(trace, 2, "chat", 1, start + 500_000_000, gen_ai__operation__name="chat", gen_ai__provider__name="openai", gen_ai__request__model="gpt-4o",
                 gen_ai__usage__input_tokens=1000, gen_ai__usage__output_tokens=100, gen_ai__input__messages=said(ask), **who),
            tool,
            span(trace, 4, "chat", 1, start + 4_000_000_000, gen_ai__operation__name="chat", gen_ai__provider__name="openai", gen_ai__request__model="gpt-4o",
                 gen_ai__usage__input_tokens=1200, gen_ai__usage__output_tokens=50, gen_ai__output__messages=answered(reply), **who)]


def send(server, *spans):
    checks.equal("spans are taken", server.call("POST", "/v1/traces", traces_body(*spans), JSON, timeout=60).status, 200)


def fill(server):
    send(server, *run(0xA1, "left", "Please refund the blue kettle", 7, "The refund is on its way.", {"cart": {"total": 12, "items": ["kettle"]}, "plan": "gold"}))
    send(server, *run(0xA2, "left", "And the toaster too, thanks", 8, "Done as well.", {"cart": {"total": 20, "items": ["kettle", "toaster"]}}, start=NOW + 60_000_000_000))
    send(server, *run(0xB1, "right", "Please refund the blue kettle", 9, f"I cannot find it. {SECRET}", {"plan": "basic"}, failed=True))
    send(server, *run(0xB2, "right", "And the toaster too, thanks", 8, "Done as well.", {"plan": None}, start=NOW + 60_000_000_000))
    send(server, span(0xC1, 1, "invoke_agent weather", None, NOW, gen_ai__operation__name="invoke_agent", gen_ai__agent__name="weather", session__id="other"))
    server.stored()


def state(server):
    told = server.get("/api/v1/sessions/left/state")
    checks.equal("changes of each step", [[(c["path"], c["op"], c["after"]) for c in s["changes"]] for s in told["steps"]],
                 [[("cart", "added", {"total": 12, "items": ["kettle"]}), ("plan", "added", "gold")],
                  [("cart.items[1]", "added", "toaster"), ("cart.total", "changed", 20)]])
    checks.equal("the state at the end", told["state"], {"cart": {"total": 20, "items": ["kettle", "toaster"]}, "plan": "gold"})
    checks.equal("null removes", server.get("/api/v1/sessions/right/state")["state"], {})
    checks.equal("a session without state", server.get("/api/v1/sessions/other/state")["steps"], [])
    found = [s["session_id"] for s in server.get("/api/v1/sessions?filter=state.plan%3Dbasic")["sessions"]]
    checks.equal("a filter by state", found, ["right"])
    checks.equal("what it can be completed to", sorted(v["value"] for v in server.get("/api/v1/values?dimension=state.plan")["values"]), ["basic", "gold"])
    checks.equal("the names of state", [v["value"] for v in server.get("/api/v1/values?dimension=state.")["values"]], ["plan"])
    rows = server.post("/api/v1/query", {"measures": ["sessions"], "dimensions": ["state.plan"], "filter": "has:state.plan"}).json()["rows"]
    checks.equal("a split by state", sorted(rows), [["basic", 1], ["gold", 1]])
    one = server.get(f"/api/v1/traces/{0xA1:032x}/spans/{3:016x}")
    checks.check("what is ours is no attribute of theirs", not any(key.startswith("pawl.state") for key in one["attributes"]), one["attributes"])


def overhead(server):
    trace = server.get(f"/api/v1/traces/{0xA1:032x}")["trace"]
    checks.equal("time that nothing accounts for", trace["overhead_ms"], 2000)
    checks.equal("when", trace["overhead"], [[0, 500], [1500, 500], [3000, 1000]])
    measured = server.post("/api/v1/query", {"measures": ["overhead"], "filter": f"trace={0xA1:032x}"}).json()["rows"][0][0]
    checks.equal("the measure says the same", measured, 2000)
    checks.equal("of a session the sum", server.get("/api/v1/sessions/left")["session"]["overhead_ms"], 4000)


def marked(hit):
    snippet = hit["snippet"]
    units = snippet["text"].encode("utf-16-le")
    return [units[2 * at:2 * (at + size)].decode("utf-16-le").lower() for at, size in snippet["marks"]]


def search(server):
    hits = server.get("/api/v1/search?text=kettle")["hits"]
    checks.equal("hits", sorted((h["session_id"], h["slot"]) for h in hits), [("left", "input"), ("right", "input")])
    checks.check("snippets are words and no JSON", all(h["snippet"]["text"] == "Please refund the blue kettle" for h in hits), hits)
    checks.check("marks stand on the words", all(marked(h) == ["kettle"] for h in hits), hits)
    newest = server.get("/api/v1/search?text=toaster+thanks&limit=1")
    checks.equal("newest first, all words", (newest["hits"][0]["start"][:19], marked(newest["hits"][0]), bool(newest["next_cursor"])),
                 (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime((NOW + 60_500_000_000) // 1_000_000_000)), ["toaster", "thanks"], True))
    checks.equal("a phrase and a filter", [h["session_id"] for h in server.get("/api/v1/search?text=%22blue+kettle%22&filter=session%3Dright")["hits"]], ["right"])
    checks.equal("words apart are no phrase", server.get("/api/v1/search?text=%22kettle+blue%22")["hits"], [])
    page, found, pages = server.get("/api/v1/search?text=kettle&from=2026-01-01T00:00:00Z&within_ms=1"), [], 1
    while True:
        found += [h["session_id"] for h in page["hits"]]
        if page["next_cursor"] is None:
            break
        checks.check("what is not complete says how far back it looked", page["searched_to"] is not None, page)
        page, pages = server.get(f"/api/v1/search?text=kettle&from=2026-01-01T00:00:00Z&within_ms=60000&cursor={page['next_cursor']}"), pages + 1
    checks.equal("short of time it answers with what it has, and the cursor goes on", (sorted(found), page["searched_to"], pages >= 2), (["left", "right"], None, True))
    checks.equal("a time that is none", server.call("GET", "/api/v1/search?text=kettle&within_ms=soon").status, 400)
    checks.equal("nothing to search for", server.call("GET", "/api/v1/search?text=").status, 400)
    checks.equal("a mistake in the filter has its place", server.call("GET", "/api/v1/search?text=a&filter=colour%3Dred").json()["error"]["detail"]["position"], 0)


def similar(server):
    told = server.get("/api/v1/sessions/left/similar")
    first = told["similar"][0]
    checks.equal("the most alike", (first["session"]["session_id"], first["same_tools"]), ("right", ["lookup_order"]))
    checks.check("alike words, rare ones too", "kettle" in first["same_words"], first)
    checks.check("other agents are not looked at", told["looked_at"] == 1, told)
    checks.equal("not there", server.call("GET", "/api/v1/sessions/nowhere/similar").status, 404)


def big(server):
    """A trace of more spans than a window, and a result larger than an answer should be."""
    start, part = NOW + 120_000_000_000, 3000
    root = span(0xD1, 1, "root", None, start, 60_000_000_000, gen_ai__operation__name="invoke_agent", session__id="big")
    for first in range(2, 12_002, part):
        send(server, *([root] if first == 2 else []), *(span(0xD1, n, "execute_tool step", 1, start + n * 1000, 1000, gen_ai__operation__name="execute_tool",
                                                             gen_ai__tool__name="step") for n in range(first, first + part)))
    text = "".join(f"line {n} – é\n" for n in range(300_000))
    send(server, span(0xD2, 1, "execute_tool dump", None, start, gen_ai__operation__name="execute_tool", gen_ai__tool__name="dump", gen_ai__tool__call__result=text))
    server.stored(60)
    path, offset, ids, windows = f"/api/v1/traces/{0xD1:032x}/skeleton", 0, [], 0
    while offset is not None:
        window = server.get(f"{path}?limit=5000&offset={offset}", timeout=60)
        at = {name: window["columns"].index(name) for name in window["columns"]}
        if offset == 0:
            checks.equal("what it is as a whole", window["summary"]["span_count"], 12_001)
            checks.equal("the first step", [window["texts"][window["rows"][0][at[c]]] for c in ("kind", "name")] + [window["rows"][0][at["flags"]] & 8], ["agent", "root", 8])
        ids += [row[at["span_id"]] for row in window["rows"]]
        offset, windows = window["next_offset"], windows + 1
    checks.equal("windows hold every step once", (len(ids), len(set(ids)), windows), (12_001, 12_001, 3))
    for path, listed in (("sessions/left", server.get("/api/v1/sessions?filter=session%3Dleft")["sessions"][0]),
                         ("sessions/right", server.get("/api/v1/sessions?filter=session%3Dright")["sessions"][0]),
                         (f"traces/{0xB1:032x}", server.get(f"/api/v1/traces?filter=trace%3D{0xB1:032x}")["traces"][0])):
        summary = server.get(f"/api/v1/{path}/skeleton")["summary"]
        checks.equal(f"the summary of {path} is what the list says", {k: v for k, v in summary.items() if v != listed.get(k)} or sorted(summary), sorted(listed))
    checks.equal("of a session the same", server.get("/api/v1/sessions/big/skeleton?limit=10")["summary"]["span_count"], 12_001)
    content = f"/api/v1/traces/{0xD2:032x}/spans/{1:016x}/content"
    piece = next(p for p in server.get(content)["pieces"] if p["slot"] == "result")
    got, at = [], 0
    while at is not None:
        part = server.get(f"{content}?piece={piece['piece']}&from={at}&bytes=1000001", timeout=60)
        got.append(part["text"])
        at = part["next"]
    checks.check("ranges give the whole, cut at characters", text in "".join(got) or json.dumps(text, ensure_ascii=False)[1:-1] in "".join(got), got[0][:80])
    whole = server.call("GET", f"/api/v1/traces/{0xD2:032x}/spans/{1:016x}?budget=2000", timeout=60)
    checks.equal("a piece that is not there", server.call("GET", content + "?piece=99").status, 404)
    checks.equal("an answer under a budget is one", whole.status, 200)


def files(server):
    lines = server.call("GET", "/api/v1/export/sessions?format=csv&columns=session_id,trace_count,title&filter=session%3Dleft,right&order=name").body.decode().splitlines()
    checks.equal("a list as CSV", sorted(lines), sorted(["session_id,trace_count,title", "left,2,Please refund the blue kettle", "right,2,Please refund the blue kettle"]))
    rows = [json.loads(line) for line in server.call("GET", "/api/v1/export/spans?format=jsonl&limit=1300&filter=tool%3Dstep").body.splitlines()]
    checks.equal("JSON lines over several pages", (len(rows), len({r["span_id"] for r in rows})), (1300, 1300))
    parquet = server.call("GET", "/api/v1/export/traces?format=parquet&limit=100")
    checks.check("Parquet", parquet.body[:4] == parquet.body[-4:] == b"PAR1" and b"duration_ms" in parquet.body, parquet.body[:40])
    send(server, *run(0xE1, "mail", "Write to ada.lovelace@example.com, thanks", 9, "Done.", {}))
    server.stored()
    titles = "/api/v1/export/sessions?format=parquet&columns=title&filter=session%3Dmail"
    checks.check("Parquet as stored", b"ada.lovelace@example.com" in server.call("GET", titles).body)
    starred = server.call("GET", titles + "&redact=1")
    checks.check("Parquet with personal data starred out", starred.body[:4] == b"PAR1" and b"thanks" in starred.body and b"ada.lovelace" not in starred.body, starred.body[:80])
    checks.equal("an unknown column is named", server.call("GET", "/api/v1/export/traces?columns=agnt").message, "columns: agnt is no column of traces. Did you mean agent?")
    page = server.call("GET", "/api/v1/sessions/right/export?format=md").body.decode()
    checks.check("Markdown of a session", all(word in page for word in ("# Session right", "## 2.", "**User**", "blue kettle", "**lookup\\_order**", "no such order")), page)
    checks.check("each message once", page.count("blue kettle") == 1, page)
    history = [{"role": "user", "parts": [{"type": "text", "content": "Where is my green parcel"}]}, {"role": "assistant", "parts": [{"type": "text", "content": "On its way."}]},
               {"role": "user", "parts": [{"type": "text", "content": "Thank you kindly"}]}]
    for trace, said_so_far in ((0xF1, history[:1]), (0xF2, history)):
        send(server, span(trace, 1, "chat", None, NOW + trace * 1_000_000_000, gen_ai__operation__name="chat", gen_ai__provider__name="openai", gen_ai__request__model="gpt-4o", gen_ai__usage__input_tokens=9,
                          gen_ai__input__messages=json.dumps(said_so_far), session__id="grows", gen_ai__agent__name="refunds"))
    server.stored()
    page = server.call("GET", "/api/v1/sessions/grows/export?format=md").body.decode()
    checks.check("each message once over all turns", page.count("green parcel") == page.count("Thank you kindly") == 1 and "1 model call · 0 tool calls" in page, page)
    checks.equal("and in the conversation", [m["role"] for m in server.get("/api/v1/sessions/grows")["conversation"]], ["user", "user"])
    redacted = server.call("GET", "/api/v1/sessions/right/export?format=jsonl&redact=1").body.decode()
    kinds = [next(iter(json.loads(line))) for line in redacted.splitlines()]
    checks.equal("a line a trace and a span", (kinds.count("trace"), len(kinds)), (2, 10))
    checks.check("secrets are starred out", SECRET[8:] not in redacted and "***" in redacted)
    checks.equal("of nothing", server.call("GET", "/api/v1/sessions/nowhere/export").status, 404)


def views(server):
    view = {"name": "Slow refunds", "page": "sessions", "state": {"filter": "agent=refunds", "columns": ["start"]}, "shared": True}
    made = server.post("/api/v1/views", view).json()
    checks.equal("a view is saved", {k: made[k] for k in view}, view)
    checks.equal("a name once", server.post("/api/v1/views", view).status, 409)
    checks.equal("no such page", server.post("/api/v1/views", {**view, "page": "boards"}).status, 400)
    put = server.call("PUT", "/api/v1/views/" + made["id"], json.dumps({"name": "Slower"}).encode(), JSON).json()
    checks.equal("renamed, the rest stays", (put["name"], put["state"]), ("Slower", view["state"]))
    checks.equal("listed by page", [len(server.get(f"/api/v1/views?page={page}")["views"]) for page in ("sessions", "traces")], [1, 0])
    checks.equal("removed", (server.call("DELETE", "/api/v1/views/" + made["id"]).status, server.get("/api/v1/views")["views"]), (200, []))
    checks.equal("not there", server.call("DELETE", "/api/v1/views/" + made["id"]).status, 404)


def commands(server):
    at = ("--server", server.url)
    two = command("diff", "left", "right", *at)
    checks.check("diff: other arguments at the first divergence, exit code 1", two.returncode == 1 and "* first divergence" in two.stdout and "order: 7 → 9" in two.stdout, two.stdout + two.stderr)
    told = json.loads(command("diff", "left", "right", "--json", *at).stdout)
    first = told["pairs"][told["first_divergence"]]
    checks.equal("diff as JSON", (first["fate"], first["left"]["name"], [c["path"] for c in first["changes"]]), ("changed", "lookup_order", ["order"]))
    same = command("diff", "left", "left", *at)
    checks.check("a run is like itself, exit code 0", same.returncode == 0 and "otherwise" in same.stdout, same.stdout)
    checks.equal("diff with nothing", command("diff", "left", "nowhere", *at).returncode, 3)
    found = command("search", "blue kettle", *at).stdout
    checks.check("search", found.count("Please refund the blue kettle") == 2, found)
    printed = command("view", "right", *at).stdout
    checks.check("view prints where there is no terminal", "lookup_order" in printed and "no such order" in printed, printed)
    checks.check("stored text does not steer the terminal", "\x1b" not in printed and "\x07" not in printed)
    checks.check("a transcript", "User: Please refund the blue kettle" in command("view", "left", "--transcript", *at).stdout)
    older = command("sessions", "-session=left", "--from", "7d", "--json", *at).stdout
    checks.equal("a filter that begins with a minus, of as long ago as one says", "left" not in [s["session_id"] for s in json.loads(older)["sessions"]] and len(json.loads(older)["sessions"]) > 0, True)
    checks.equal("no length", server.call("GET", "/api/v1/sessions?from=7x").message, "from=7x is no time. Write it like 2026-11-21T13:00:00Z, or 7d for seven days ago.")
    markdown = command("sessions", "export", "left", "--format", "md", *at).stdout
    checks.check("export", markdown.startswith("# Session left"), markdown[:200])
    tail = subprocess.Popen([BINARY, "tail", "agent=tailed", "--count", "1", *at], stdout=subprocess.PIPE, text=True)
    end = time.monotonic() + 60 * PATIENCE
    while tail.poll() is None and time.monotonic() < end:
        send(server, span(0xE000 + time.time_ns() % 4096, 1, "chat", None, gen_ai__operation__name="chat", gen_ai__agent__name="tailed"))
        time.sleep(0.2)
    checks.check("tail shows what comes", tail.poll() == 0 and "tailed" in tail.stdout.read(), tail.poll())
    tail.kill()


class Terminal:
    """`pawl view` on a terminal of its own."""

    def __init__(self, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(BINARY, [BINARY, *words])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 110, 0, 0))
        self.seen = ""

    def until(self, text):
        end = time.monotonic() + 60 * PATIENCE
        self.seen = ""
        while text not in self.seen and time.monotonic() < end:
            if select.select([self.fd], [], [], 1)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        return text in self.seen

    def press(self, keys, text):
        os.write(self.fd, keys.encode())
        return checks.check(f"view: {keys!r} shows {text!r}", self.until(text), self.seen[-1500:])

    def ended(self):
        end = time.monotonic() + 60 * PATIENCE
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    os.read(self.fd, 65536)
                except OSError:
                    pass
        os.kill(self.pid, signal.SIGKILL)
        return None


def walk(server):
    view = Terminal("view", "right", "--server", server.url)
    checks.check("view opens", view.until("q quit"), view.seen[-1500:])
    view.press("e", "error: ")
    view.press("j", "4/8")
    view.press("/kettle\r", "Please refund the blue kettle")
    view.press("x", "$0.0035")
    view.press("t", "User: Please refund")
    view.press("t", "span ")
    view.press("?", "most expensive step")
    os.write(view.fd, b"qq")  # the first closes the help
    checks.equal("q ends it", view.ended(), 0)


with Server() as server:
    fill(server)
    for part in (state, overhead, search, similar, big, files, views, commands, walk):
        part(server)
checks.finish()
