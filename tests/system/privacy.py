"""Masking, sealing and revealing, share links and comments: what each shows, to whom, and that it is written down."""
import contextlib
import email
import email.policy
import json
import os
import re
import shutil
import sqlite3
import tempfile
import time

from auth_people import PASSWORD, Person
from hostile_secrets import in_journal
from mail_server import MailServer
from pawl import JSON, Checks, Server, call, command, span, traces_body

MAIL, CARD, TICKET, TRACE = "bob.smith@example.com", "4111 1111 1111 1111", "T-483920", 0x9A1
TID = f"{TRACE:032x}"


def chat(trace, text, session="s-private"):
    said = json.dumps([{"role": "user", "parts": [{"type": "text", "content": text}]}])
    return traces_body(span(trace, 1, "chat", gen_ai__operation__name="chat", gen_ai__request__model="m", session__id=session, user__id=MAIL,
                            gen_ai__input__messages=said, custom__note=f"note: {text}\n{MAIL}"))


def multipart(text):
    parts, out = {"post.5b1c0000-0000-4000-8000-000000000001": ("application/json", json.dumps(
        {"id": "5b1c0000-0000-4000-8000-000000000001", "trace_id": "5b1c0000-0000-4000-8000-000000000001", "name": "run", "run_type": "llm",
         "start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T00:00:01Z", "session_name": "p", "inputs": {"q": text}, "outputs": {},
         "dotted_order": "20260101T000000000000Z5b1c0000-0000-4000-8000-000000000001"}).encode())}, b""
    for name, (kind, body) in parts.items():
        out += f'--b\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode() + body + b"\r\n"
    return out + b"--b--\r\n"


def log_body(text, **about):
    record = {"timeUnixNano": str(time.time_ns()), "body": {"stringValue": text}, **about}
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()


def logged(server, key, trace, text):
    """A log record beside a trace; returns once it is shown."""
    server.call("POST", "/v1/logs", log_body(text, traceId=f"{trace:032x}"), JSON, key=key)
    begins = re.split(r"\S+@", text)[0]
    server.wait_for(lambda: any(log["body"].startswith(begins) for log in server.call("GET", f"/api/v1/traces/{trace:032x}", key=key).json().get("logs", [])), 30, f"the log {text}")


def ways(server, key, text):
    """The same text by every way in: each answer, with what it should be."""
    event = {"id": "e1", "type": "trace-create", "timestamp": "2026-01-01T00:00:00Z", "body": {"id": "lf1", "name": "n", "input": text}}
    agents = {"data": [{"object": "trace", "id": "trace_" + "a" * 32, "workflow_name": text, "metadata": {"note": text}}]}
    sent = [("/v1/traces", chat(TRACE, text), JSON, 200), ("/v1/logs", log_body(text), JSON, 200),
            ("/api/public/ingestion", json.dumps({"batch": [event]}).encode(), JSON, 207),
            ("/runs/multipart", multipart(text), {"content-type": "multipart/form-data; boundary=b"}, 202),
            ("/v1/traces/ingest", json.dumps(agents).encode(), JSON, 204),
            ("/api/v1/scores", json.dumps({"name": "tone", "value": 1, "trace_id": TID, "comment": text, "metadata": {"said": text}}).encode(), JSON, 200)]
    return [(path, server.call("POST", path, body, headers, key=key), wanted) for path, body, headers, wanted in sent]


def masked_everywhere(checks, server, owner, key):
    rules = {"kinds": {"email": "dual", "card": "mask"}, "patterns": [{"name": "ticket", "pattern": r"\bT-\d{6}\b", "mode": "dual"}], "reveal": "owner"}
    tried = owner.ask("POST", "/api/v1/masking/test", {"text": f"{MAIL} {CARD} {TICKET}", **rules})[1]
    checks.equal("trying says what would be found", [(f["kind"], f["name"], f["mode"]) for f in tried["found"]],
                 [("email", "email", "dual"), ("card", "visa", "mask"), ("pattern", "ticket", "dual")])
    checks.check("and how it would look", re.fullmatch(r"\*\w{19}\* \*{19} \*\w{6}\*", tried["masked"]), tried["masked"])
    checks.equal("and changes nothing", owner.ask("GET", "/api/v1/masking")[1]["epoch"], 0)
    status, shown = owner.ask("PUT", "/api/v1/masking", rules)
    checks.equal("rules are set", (status, shown["reveal"], shown["may_reveal"]), (200, "owner", True))
    text = f"write {MAIL}, pay {CARD}, see {TICKET}"
    for path, answer, wanted in ways(server, key, text):
        checks.equal(f"{path} takes it", answer.status, wanted)
    server.wait_for(lambda: server.call("GET", f"/api/v1/traces/{TID}", key=key).status == 200, 30, "the trace")
    for secret in (MAIL, CARD, TICKET):
        checks.check(f"{secret} is in no segment of the journal", not in_journal(server, secret))
        checks.check(f"{secret} is in no answer", secret.encode() not in server.call("GET", f"/api/v1/traces/{TID}", key=key).body)
    scores = server.call("GET", f"/api/v1/scores?trace_id={TID}", key=key)
    checks.check("nor in a score", MAIL.encode() not in scores.body and CARD.encode() not in scores.body, scores.body)
    counted = {k["name"]: (k["masked"], k["sealed"]) for k in owner.ask("GET", "/api/v1/masking")[1]["kinds"]}
    checks.check("what was masked is counted", counted["email"][0] >= 8 and counted["card"][1] == 0 < counted["card"][0], counted)
    checks.equal("all but what a score says is sealed", counted["email"][0] - counted["email"][1], 2)
    checks.check("and in the metrics", re.search(rb'pawl_masked_total\{project="\d+",kind="card"\} \d', owner.ask("GET", "/metrics")[1]))
    folder = os.path.join(server.data)
    for name in ("ledger.db", "ledger.db-wal"):
        with open(os.path.join(folder, name), "rb") as file:
            checks.check(f"no original stands in {name}", MAIL.encode() not in file.read())


def revealed(checks, server, owner, member, key):
    checks.equal("a member may not", member.ask("POST", f"/api/v1/traces/{TID}/reveal", {})[0], 403)
    checks.equal("nor a key", server.post(f"/api/v1/traces/{TID}/reveal", {}, key=key).status, 403)
    status, seen = owner.ask("POST", f"/api/v1/traces/{TID}/reveal", {"reason": "a complaint"})
    values = {v["value"]: v for v in seen["values"]}
    checks.equal("the owner sees the originals", (status, sorted(values)), (200, [TICKET, MAIL]))
    whole = json.dumps(owner.ask("GET", f"/api/v1/traces/{TID}")[1])
    checks.check("what is masked stands in what is shown", all(v["masked"] in whole and len(v["masked"]) == len(v["value"]) for v in values.values()), seen)
    one = owner.ask("POST", f"/api/v1/traces/{TID}/reveal", {"refs": [values[MAIL]["ref"], "notThere1"], "span_id": f"{1:016x}"})[1]
    checks.equal("one alone; what does not stand there is missing", ([v["value"] for v in one["values"]], one["missing"]), ([MAIL], ["notThere1"]))
    audit = [e for e in owner.ask("GET", "/api/v1/audit")[1]["entries"] if e["action"] == "reveal"]
    checks.check("each time is in the audit table", len(audit) == 2 and TID in audit[1]["detail"] and "a complaint" in audit[1]["detail"] and MAIL not in audit[1]["detail"], audit)
    checks.equal("another trace", owner.ask("POST", f"/api/v1/traces/{0xdead:032x}/reveal", {})[0], 404)
    by_command(checks, server, owner, key, values[MAIL]["ref"])
    return values[MAIL]["masked"]


def by_command(checks, server, owner, key, reference):
    words = ("reveal", TID, reference, "nobody7", "--reason", "on the phone", "--server", server.url)
    refused = command(*words, env={"PAWL_KEY": key})
    checks.check("the command is refused as the key is", refused.returncode != 0 and "for owners" in refused.stderr, refused)
    owner.ask("PUT", "/api/v1/masking", {"reveal": "member"})
    shown = command(*words, env={"PAWL_KEY": key})
    owner.ask("PUT", "/api/v1/masking", {"reveal": "owner"})
    checks.check("the command shows the original, and what is not kept", shown.returncode == 0 and MAIL in shown.stdout and "nobody7: no original" in shown.stdout and TICKET not in shown.stdout, shown)
    told = owner.ask("GET", "/api/v1/audit")[1]["entries"]
    checks.equal("and is written down with its reason", sum(e["action"] == "reveal" and "on the phone" in e["detail"] for e in told), 1)


DOOMED = {0xD00A: "one@example.com pair@example.com both@example.com", 0xD00B: "pair@example.com", 0xD00C: "both@example.com"}


def doomed(checks, server, owner, key):
    """Three traces; two of them are to go. Gives the references by what they stand for."""
    for trace, text in DOOMED.items():
        server.call("POST", "/v1/traces", chat(trace, text, session=f"s-{trace:x}"), JSON, key=key)
        server.wait_for(lambda one=trace: server.call("GET", f"/api/v1/traces/{one:032x}", key=key).status == 200, 30, "a trace")
    logged(server, key, 0xD00A, "in the log: log@example.com")
    values = owner.ask("POST", f"/api/v1/traces/{0xD00A:032x}/reveal", {})[1]["values"]
    names = {v["value"].split("@")[0]: v["ref"] for v in values}
    checks.equal("what a log record says is revealed too", sorted(names), ["bob.smith", "both", "log", "one", "pair"])
    statuses = [owner.ask("DELETE", f"/api/public/traces/{trace:032x}")[0] for trace in (0xD00A, 0xD00B)]
    checks.equal("two traces are to go", statuses, [200, 200])
    return names


def forgotten(checks, server, owner, names):
    for trace in (0xD00A, 0xD00B):
        server.wait_for(lambda one=trace: owner.ask("GET", f"/api/v1/traces/{one:032x}")[0] == 404, 60, "the deletion")
    with contextlib.closing(sqlite3.connect(f"file:{server.data}/ledger.db?mode=ro", uri=True)) as ledger:
        kept = {name: ledger.execute("SELECT count(*) FROM sealed WHERE reference = ?", (reference,)).fetchone()[0] for name, reference in names.items()}
    checks.equal("originals go with the last trace that holds them", kept, {"one": 0, "pair": 0, "log": 0, "both": 1, "bob.smith": 1})
    values = owner.ask("POST", f"/api/v1/traces/{0xD00C:032x}/reveal", {})[1]["values"]
    checks.check("what stands elsewhere opens still", "both@example.com" in {v["value"] for v in values}, values)


def shared(checks, server, owner, member, key):
    made = {}
    logged(server, key, TRACE, "said before")
    for redaction in ("masked", "no_bodies", "full"):
        status, made[redaction] = owner.ask("POST", "/api/v1/shares", {"objects": [{"kind": "trace", "id": TID}], "redaction": redaction, "expires": "2h"})
        checks.equal(f"a link, {redaction}", status, 201)
    checks.equal("a member shares no run in full", member.ask("POST", "/api/v1/shares", {"objects": [{"kind": "trace", "id": TID}], "redaction": "full"})[0], 403)
    checks.equal("nor what is not there", member.ask("POST", "/api/v1/shares", {"objects": [{"kind": "trace", "id": "nowhere"}]})[0], 404)
    checks.equal("nor for ever", member.ask("POST", "/api/v1/shares", {"objects": [{"kind": "trace", "id": TID}], "expires": "400d"})[0], 400)
    token, share = made["full"]["token"], made["full"]["share"]["id"]
    opened = call(server.url + "/api/v1/share/open", "POST", json.dumps({"token": token}).encode(), JSON)
    checks.equal("anybody opens it", (opened.status, opened.json()["share"]["objects"]), (200, [{"kind": "trace", "id": TID}]))
    cookie = opened.headers["set-cookie"]
    checks.check("by a cookie that no script reads", all(word in cookie for word in ("__Host-", "HttpOnly", "Secure", "SameSite=Strict")), cookie)
    by_cookie = {"cookie": cookie.split(";")[0]}
    root = f"{server.url}/api/v1/share/{share}"
    seen = call(root + "/objects/0", headers=by_cookie)
    checks.equal("it shows the run", (seen.status, seen.json()["trace"]["trace_id"], seen.headers["x-robots-tag"]), (200, TID, "noindex, nofollow"))
    checks.equal("and its span", call(f"{root}/objects/0/traces/{TID}/spans/{1:016x}", headers=by_cookie).status, 200)
    server.call("POST", "/v1/traces", chat(TRACE + 1, "another run"), JSON, key=key)
    server.wait_for(lambda: server.call("GET", f"/api/v1/traces/{TRACE + 1:032x}", key=key).status == 200, 30, "another trace")
    elsewhere = [f"{root}/objects/1", f"{root}/objects/-1", f"{root}/objects/x", f"{root}/objects/0/traces/{TRACE + 1:032x}/spans/{1:016x}",
                 f"{server.url}/api/v1/share/{made['masked']['share']['id']}/objects/0"]
    for path in elsewhere:
        checks.equal(f"not {path[len(server.url):]}", call(path, headers={**by_cookie}).status, 404)
    described = json.loads(server.call("GET", "/api/v1/openapi.json").body)["paths"]
    for path, methods in described.items():  # the token is no key anywhere
        if methods.get("get", {}).get("x-permission", "public") in ("public",) or "live" in path:
            continue
        for headers in (by_cookie, {"x-pawl-share": token}, {"authorization": "Bearer " + token}, {"x-api-key": token}):
            answer = call(server.url + re.sub(r"\{\w+\}", TID, path), headers=headers)
            checks.check(f"GET {path} does not open to a share's token", answer.status in (401, 403), answer.status)
    later = json.loads(chat(TRACE, "said later"))
    later["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["spanId"] = f"{9:016x}"
    server.call("POST", "/v1/traces", json.dumps(later).encode(), JSON, key=key)
    server.wait_for(lambda: len(server.call("GET", f"/api/v1/traces/{TID}", key=key).json()["spans"]) == 2, 30, "what came later")
    logged(server, key, TRACE, "said later")
    checks.equal("a late score", server.post("/api/v1/scores", {"name": "late", "value": 1, "trace_id": TID}, key=key).status, 200)
    shown = call(root + "/objects/0", headers=by_cookie).json()
    checks.equal("what came later is not shown: no step, log record or score", (len(shown["spans"]), [log["body"] for log in shown["logs"]], [s["name"] for s in shown["scores"]]),
                 (1, ["said before"], ["tone"]))
    redacted(checks, server, made)
    listed = owner.ask("GET", f"/api/v1/shares?trace_id={TID}")[1]["shares"]
    checks.equal("links are listed, with how often they were opened", {s["redaction"]: s["openings"] for s in listed}, {"masked": 0, "no_bodies": 0, "full": 1})
    checks.equal("a member does not revoke another's", member.ask("DELETE", f"/api/v1/shares/{share}")[0], 403)
    checks.equal("revoked", owner.ask("DELETE", f"/api/v1/shares/{share}")[0], 200)
    checks.equal("it is at once as if it had never been", (call(root + "/objects/0", headers=by_cookie).message, call(root, headers=by_cookie).status),
                 (call(f"{server.url}/api/v1/share/sh_never/objects/0").message, 404))
    actions = [e["action"] for e in owner.ask("GET", "/api/v1/audit")[1]["entries"]]
    checks.equal("all of it is in the audit table", [actions.count(a) for a in ("share.create", "share.open", "share.revoke")], [3, 1, 1])
    wrong = [call(server.url + "/api/v1/share/open", "POST", b'{"token":"pawl_share_guess"}', JSON).status for _ in range(30)]
    checks.check("who guesses is slowed", wrong[0] == 404 and wrong[-1] == 429, wrong)


def redacted(checks, server, made):
    def of(redaction):
        link = made[redaction]
        return call(f"{server.url}/api/v1/share/{link['share']['id']}/objects/0", headers={"x-pawl-share": link["token"]})

    full, masked, bare = (of(r) for r in ("full", "masked", "no_bodies"))
    checks.equal("all three show it", (full.status, masked.status, bare.status), (200, 200, 200))
    checks.check("full holds what was said", b"see *" in full.body and b"203.0.113.9" not in full.body, full.body)
    checks.check("masked holds it without what any rule finds", b"write *" in masked.body, masked.body)
    checks.check("no_bodies holds none of it", b"write" not in bare.body and b"note:" not in bare.body and bare.json()["spans"][0]["name"] == "chat", bare.body)


def commented(checks, server, owner, member, key, mails):
    status, first = owner.ask("POST", "/api/v1/comments", {"trace_id": TID, "session_id": "s-private", "text": f"@mia look: **{MAIL}** `@nobody`"})
    checks.equal("a comment", (status, [m["handle"] for m in first["mentions"]], first["mine"]), (201, ["mia"], True))
    checks.check("with what the project hides hidden", MAIL not in first["text"], first["text"])
    told = member.ask("GET", "/api/v1/mentions")[1]
    checks.equal("finds who is mentioned", (told["unseen"], told["mentions"][0]["comment"]["id"]), (1, first["id"]))
    server.wait_for(lambda: mails.mails, 60, "the mail")
    to, _, sent = mails.mails[0]
    mail = email.message_from_string(sent.replace("\r\n", "\n"), policy=email.policy.default)
    said = mail.get_body(("plain",)).get_content()
    checks.check("and by mail, with what is hidden hidden and the way there",
                 to == ["mia@example.com"] and mail["subject"] == "Root mentioned you" and "look: **" in said and f"/traces/{TID}" in said and MAIL not in said, (to, mail["subject"], said))
    checks.equal("until it is seen", member.ask("POST", "/api/v1/mentions/seen", {})[1], {"unseen": 0})
    answer = member.ask("POST", "/api/v1/comments", {"trace_id": TID, "span_id": f"{1:016x}", "session_id": "s-private", "text": "seen", "parent": first["id"]})
    checks.equal("an answer", (answer[0], answer[1]["parent"]), (201, first["id"]))
    checks.equal("of the session too", [c["text"][-4:] for c in owner.ask("GET", "/api/v1/comments?session_id=s-private")[1]["comments"]], [first["text"][-4:], "seen"])
    checks.equal("another's is not changed", owner.ask("PUT", f"/api/v1/comments/{answer[1]['id']}", {"text": "mine"})[0], 403)
    checks.equal("one's own is", member.ask("PUT", f"/api/v1/comments/{answer[1]['id']}", {"text": "changed"})[1]["text"], "changed")
    checks.equal("a member deletes no other's", member.ask("DELETE", f"/api/v1/comments/{first['id']}")[0], 403)
    checks.equal("one's own goes", owner.ask("DELETE", f"/api/v1/comments/{first['id']}")[0], 200)
    left = owner.ask("GET", f"/api/v1/comments?trace_id={TID}")[1]["comments"]
    checks.equal("its place stays where it was answered", [(c["deleted"], c["text"]) for c in left], [(True, ""), (False, "changed")])
    brought = {"source": "langfuse", "id": "c-1", "author_name": "Old Hand", "created": "2024-01-02T03:04:05Z", "trace_id": TID, "text": "from before"}
    statuses = [server.post("/api/v1/comments", brought, key=key).status for _ in range(2)]
    checks.equal("what is imported is there once", (statuses, [c["author"]["name"] for c in owner.ask("GET", f"/api/v1/comments?trace_id={TID}")[1]["comments"]][:1]), ([201, 200], ["Old Hand"]))
    checks.equal("nothing to say", owner.ask("POST", "/api/v1/comments", {"trace_id": TID, "text": " "})[0], 400)
    checks.equal("about nothing", owner.ask("POST", "/api/v1/comments", {"text": "x"})[0], 400)


def outlives(checks, server, reference, names):
    """kill -9 between: what was acknowledged is masked, what is masked opens, and what is to be deleted goes."""
    server.kill()
    with contextlib.closing(sqlite3.connect(f"{server.data}/ledger.db")) as ledger:
        ledger.execute("UPDATE deletions SET due = 0")  # not 30 s from when it was asked for
        ledger.commit()
    again = Server("--auth", "required", data=server.home)
    owner = Person(again)
    owner.log_in("root@example.com")
    values = owner.ask("POST", f"/api/v1/traces/{TID}/reveal", {})[1]["values"]
    checks.check("sealed values outlive kill -9", {"masked": reference, "value": MAIL}.items() <= next(v for v in values if v["value"] == MAIL).items(), values)
    forgotten(checks, again, owner, names)
    again.kept = False
    return again


def people(checks, server):
    token = re.search(r"/setup#(\S+)", server.log()).group(1)
    owner, member = Person(server), Person(server)
    owner.ask("POST", "/api/v1/setup", {"token": token, "email": "root@example.com", "name": "Root", "password": PASSWORD})
    owner.ask("GET", "/api/v1/me")
    link = owner.ask("POST", "/api/v1/invitations", {"email": "mia@example.com", "role": "member"})[1]["link"]
    member.ask("POST", "/api/v1/join", {"token": link.split("/join#")[1], "name": "Mia", "password": PASSWORD})
    checks.equal("two people", (owner.ask("GET", "/api/v1/me")[0], member.ask("GET", "/api/v1/me")[0]), (200, 200))
    return owner, member


def main():
    checks, folder = Checks(), tempfile.mkdtemp(prefix="pawl-mail-")
    mails = MailServer(folder)
    server = Server("--auth", "required", "--smtp", f"smtp://localhost:{mails.server.server_address[1]}", "--smtp-from", "pawl@example.com", "--outbound-ca", mails.certificate)
    try:
        owner, member = people(checks, server)
        key = json.loads(command("key", "create", "--project", "default", "--scopes", "ingest,read,write", "--data", server.data, "--json").stdout)["key"]
        server.wait_for(lambda: server.call("GET", "/api/v1/me", key=key).status == 200, 10, "the key")
        masked_everywhere(checks, server, owner, key)
        reference = revealed(checks, server, owner, member, key)
        names = doomed(checks, server, owner, key)
        commented(checks, server, owner, member, key, mails)
        shared(checks, server, owner, member, key)
        server.kept = True
        server = outlives(checks, server, reference, names)
    finally:
        server.kept = False
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    checks.finish()


if __name__ == "__main__":
    main()
