"""Keys, scopes, expiry, revocation, the set-up link, log-in, the page's token and the limits on guessing."""
import base64
import contextlib
import json
import os
import re
import socket
import sqlite3
import time

from pawl import JSON, PATIENCE, Checks, Server, command, span, traces_body

ADMIN = {"email": "root@example.com", "name": "Root", "password": "a long and honest password"}


def make_key(server, scopes, *more):
    made = command("key", "create", "--scopes", scopes, "--data", server.data, "--json", *more)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def known(server, key):
    server.wait_for(lambda: server.call("GET", "/api/v1/traces", key=key["key"]).status != 401, 5, "the key")
    return key


def scopes(checks, server):
    """Every route asks for the scope that it says, and for nothing less."""
    described = json.loads(server.call("GET", "/api/v1/openapi.json").body)["paths"]
    keys = {scope: known(server, make_key(server, scope)) for scope in ("ingest", "read", "write", "admin", "operate")}
    for pattern, methods in described.items():
        path = re.sub(r"\{\w+\}", "none", pattern)
        if path.endswith("/live"):
            path += "?filter=%28"  # a mistake: answered at once where the gate lets it pass
        for method, about in methods.items():
            needs = about.get("x-permission")
            if needs == "public":
                continue
            body = b"{}" if method == "post" else None
            answer = server.call(method.upper(), path, body, JSON)
            checks.equal(f"{method} {pattern} without a key", answer.status, 401)
            for scope, key in keys.items():
                answer = server.call(method.upper(), path, body, JSON, key=key["key"])
                refused = scope != needs or pattern.endswith("/reveal")  # what is sealed is for a role, too: admins, as a project begins
                checks.check(f"{method} {pattern} ({needs}) with {scope}", (answer.status == 403) == refused, (answer.status, answer.body[:160]))


def credentials(checks, server):
    key = known(server, make_key(server, "ingest,read"))

    def asked(**headers):
        return server.call("GET", "/api/v1/traces", headers=headers).status

    secret, public = key["key"], key["id"]
    basic = base64.b64encode(f"{public}:{secret}".encode()).decode()
    checks.equal("Bearer", asked(authorization="Bearer " + secret), 200)
    checks.equal("bearer in small letters", asked(authorization="bearer " + secret), 200)
    checks.equal("x-api-key", asked(**{"x-api-key": secret}), 200)
    checks.equal("Basic", asked(authorization="Basic " + basic), 200)
    wrong = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    for name, headers in [("one letter off", {"authorization": "Bearer " + wrong}), ("the public id alone", {"authorization": "Bearer " + public}),
                          ("no key at all", {"authorization": "Bearer "}), ("broken Basic", {"authorization": "Basic %%%"}),
                          ("a scheme of its own", {"authorization": "Digest x"}), ("a cookie that nobody gave", {"cookie": "__Host-pawl=AAAA"})]:
        checks.equal(name, asked(**headers), 401)
    for path in (f"/api/v1/traces?api_key={secret}", f"/healthz?x={secret}", f"/api/v1/traces/{secret}"):
        leaked = server.call("GET", path, key=secret)
        checks.equal("a key in the address is refused", leaked.status, 400)
        checks.check("and its owner is told to revoke it", "revoke" in leaked.message and secret not in leaked.body.decode(), leaked.body)
    checks.equal("a key cannot log out", server.call("POST", "/api/v1/logout", b"{}", JSON, key=secret).status, 403)
    for wide in ("read,write", "admin", "everything"):
        answer = server.post("/api/v1/keys", {"scopes": wide}, key=known(server, make_key(server, "write"))["key"])
        checks.check(f"a key with write cannot make one with {wide}", answer.status in (400, 403), answer.body[:200])
    checks.equal("telemetry with it", server.call("POST", "/v1/traces", traces_body(span(1, 1)), JSON, key=secret).status, 200)
    checks.check("the secret is in no file", not found_in(server.home, secret[12:]))


def found_in(folder, text):
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as file:
                if text.encode() in file.read():
                    return os.path.join(place, name)
    return ""


def ending(checks, server):
    """Keys that expire and keys that are revoked."""
    short = make_key(server, "read", "--expires", "2s")
    known(server, short)
    time.sleep(2.1)
    answer = server.call("GET", "/api/v1/traces", key=short["key"])
    checks.equal("an expired key", answer.status, 401)
    checks.check("is told so", "expired" in answer.message, answer.message)
    for way in ("the command line", "the API"):
        key = known(server, make_key(server, "read,write"))
        if way == "the API":
            checks.equal("revoked by itself", server.call("DELETE", "/api/v1/keys/" + key["id"], key=key["key"]).status, 200)
        else:
            checks.equal("revoked", command("key", "revoke", key["id"], "--data", server.data).returncode, 0)
        since = time.monotonic()
        while server.call("GET", "/api/v1/traces", key=key["key"]).status != 401 and time.monotonic() - since < 10:
            time.sleep(0.02)
        took = time.monotonic() - since
        checks.check(f"revoked by {way}: refused within a second", took < PATIENCE, f"{took:.2f} s")


def living(checks, server):
    """A live view ends with the key that opened it."""
    key = known(server, make_key(server, "read,write,ingest"))
    stream = socket.create_connection(("127.0.0.1", server.port), timeout=10 * PATIENCE)
    stream.sendall(f"GET /api/v1/live HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\nauthorization: Bearer {key['key']}\r\n\r\n".encode())
    checks.check("the live view opens", b"hello" in read_until(stream, b"hello"))
    server.call("DELETE", "/api/v1/keys/" + key["id"], key=key["key"])
    since = time.monotonic()
    rest = read_until(stream, b"0\r\n\r\n")
    took = time.monotonic() - since
    checks.check("and ends within a second of the revocation", rest.endswith(b"0\r\n\r\n") and took < PATIENCE, f"{took:.2f} s {rest}")


def read_until(stream, word):
    """What came until `word` did, or until the other end closed."""
    got = b""
    while word not in got:
        try:
            piece = stream.recv(4096)
        except TimeoutError:
            break
        if not piece:
            break
        got += piece
    return got


def without_ledger(checks, server):
    """The ledger cannot be read: its table of keys is away."""
    key, other = known(server, make_key(server, "ingest,read")), known(server, make_key(server, "ingest"))
    with contextlib.closing(sqlite3.connect(os.path.join(server.data, "ledger.db"), timeout=10, isolation_level=None)) as ledger:
        ledger.execute("ALTER TABLE keys RENAME TO keys_away")
        try:
            server.wait_for(lambda: server.call("GET", "/readyz").status == 503, 5, "readiness to say so")
            ready = server.call("GET", "/readyz").json()
            checks.check("/readyz says that revocation is not guaranteed", "not guaranteed" in ready["revocation"], ready)
            checks.equal("and that ingest goes on", (ready["ingest"], ready["query"]), (True, False))
            for one in (key, other):
                checks.equal("known keys ingest", server.call("POST", "/v1/traces", traces_body(span(0x1ed6e5, 1)), JSON, key=one["key"]).status, 200)
            answer = server.call("GET", "/api/v1/traces", key=key["key"])
            checks.check("but read nothing", answer.status == 503 and "ledger" in answer.message, (answer.status, answer.message))
            checks.equal("unknown ones do neither", server.call("POST", "/v1/traces", b"{}", JSON, key="pawl_sk_000000000000_1").status, 401)
            checks.check("the log has the reason", "the ledger cannot be read" in server.log(), server.log()[-300:])
        finally:
            ledger.execute("ALTER TABLE keys_away RENAME TO keys")
    server.wait_for(lambda: server.call("GET", "/readyz").status == 200, 5, "the ledger")
    checks.equal("afterwards everything is as before", server.call("GET", "/api/v1/traces", key=key["key"]).status, 200)


def in_no_copy(checks, server):
    """No secret is in a back-up, in the journal, in the ledger or in the log."""
    secret = make_key(server, "operate")["key"]
    server.wait_for(lambda: server.call("GET", "/metrics", key=secret).status == 200, 5, "the key")
    sender = known(server, make_key(server, "ingest,read"))["key"]
    server.call("POST", "/v1/traces", traces_body(span(0xbac, 1, custom__leaked=f"header was Bearer {sender}")), JSON, key=sender)
    server.call("GET", "/api/v1/traces?x=" + sender)
    made = server.post("/api/v1/backup", {"name": "one"}, key=secret)
    checks.equal("a back-up", made.status, 200)
    for name, text in (("operator's", secret), ("sender's", sender)):
        checks.equal(f"the {name} key is in no file, not even where a program sent it as data", found_in(server.home, text[20:]), "")


def log_in(checks, server):
    link = re.search(r"http://\S+/setup#(\S+)", server.log())
    if not checks.check("the start prints a set-up link", link, server.log()[-300:]):
        return
    token = link.group(1)
    checks.equal("a wrong token", server.post("/api/v1/setup", {**ADMIN, "token": token[:-1] + "x"}).status // 100, 4)
    first = server.post("/api/v1/setup", {**ADMIN, "token": token})
    checks.equal("the link makes the first administrator", first.status, 200)
    again = server.post("/api/v1/setup", {**ADMIN, "email": "other@example.com", "token": token})
    checks.check("the link works once", again.status in (400, 401, 403, 404, 409), (again.status, again.body[:200]))
    wrong = server.post("/api/v1/login", {"email": ADMIN["email"], "password": "wrong"})
    nobody = server.post("/api/v1/login", {"email": "nobody@example.com", "password": "wrong"})
    checks.equal("a wrong password", wrong.status, 401)
    checks.equal("nobody is answered like somebody", nobody.message, wrong.message)
    right = server.post("/api/v1/login", {"email": ADMIN["email"], "password": ADMIN["password"]})
    checks.equal("the right password", right.status, 200)
    set_cookie = right.headers.get("set-cookie", "")
    for word in ("__Host-pawl=", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"):
        checks.check(f"the cookie says {word}", word in set_cookie, set_cookie)
    cookie = {"cookie": set_cookie.split(";")[0]}
    me = server.call("GET", "/api/v1/me", headers=cookie).json()
    checks.equal("the cookie says who", me["user"]["email"], ADMIN["email"])
    new = json.dumps({"name": "second"}).encode()
    checks.equal("a change without the page's token", server.call("POST", "/api/v1/projects", new, {**JSON, **cookie}).status, 403)
    checks.equal("a change with a wrong one", server.call("POST", "/api/v1/projects", new, {**JSON, **cookie, "x-csrf-token": "x" * len(me["csrf"])}).status, 403)
    with_token = {**JSON, **cookie, "x-csrf-token": me["csrf"]}
    made = server.call("POST", "/api/v1/projects", new, with_token)
    checks.equal("a change with it", made.status, 201)
    audit = server.call("GET", "/api/v1/audit", headers={**cookie, "x-pawl-project": str(made.json()["id"])})
    checks.check("the new project's audit table knows", b"second" in audit.body, audit.body)
    checks.check("the organisation's knows the log-in", b"login" in server.call("GET", "/api/v1/audit", headers=cookie).body)
    checks.equal("log-out", server.call("POST", "/api/v1/logout", b"{}", with_token).status, 200)
    checks.equal("the cookie is dead then", server.call("GET", "/api/v1/me", headers=cookie).status, 401)


def guessing(checks, server):
    statuses = [server.post("/api/v1/login", {"email": ADMIN["email"], "password": f"guess {number}"}).status for number in range(12)]
    checks.check("guessing ends in 429", statuses[0] == 401 and statuses[-1] == 429, statuses)
    limited = server.post("/api/v1/login", {"email": ADMIN["email"], "password": ADMIN["password"]})
    checks.equal("then even the right password waits", limited.status, 429)


def main():
    checks = Checks()
    with Server("--auth", "required") as server:
        scopes(checks, server)
        credentials(checks, server)
        ending(checks, server)
        living(checks, server)
        without_ledger(checks, server)
        in_no_copy(checks, server)
        log_in(checks, server)
        guessing(checks, server)
        server.end()
        kept = Server(data=server.home)  # no --auth: what once asked for keys goes on asking
        checks.equal("a server that once asked for keys goes on asking", kept.call("GET", "/api/v1/traces").status, 401)
        checks.check("and prints no second link", "/setup#" not in kept.log(), kept.log())
        kept.stop()
    checks.finish()


main()
