"""Users over HTTP: the first administrator, invitations, roles, own log-ins, addresses behind a proxy, and what nobody may do."""
import http.client
import json
import re
import socket
import statistics
import time

from pawl import JSON, PATIENCE, Checks, Server, command, span, traces_body

PASSWORD = "a long and honest password"


class Person:
    """A browser: one cookie, the page's token, a project."""

    def __init__(self, server, address=""):
        self.server, self.cookie, self.csrf, self.project, self.address = server, "", "", "", address

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20 * PATIENCE)
        sent = {"host": f"127.0.0.1:{self.server.port}", **({"cookie": self.cookie} if self.cookie else {}), **({"x-pawl-project": self.project} if self.project else {}),
                **({"x-forwarded-for": self.address, "x-forwarded-proto": "https"} if self.address else {}), **headers}
        if method != "GET":
            sent = {**JSON, "x-csrf-token": self.csrf, **sent}
        connection.request(method, path, json.dumps(body).encode() if body is not None else None, sent)
        answer = connection.getresponse()
        text, cookie = answer.read(), answer.getheader("set-cookie") or ""
        connection.close()
        if cookie.startswith("__Host-pawl="):
            self.cookie = cookie.split(";")[0]
        value = json.loads(text) if text.startswith((b"{", b"[")) else text
        if path == "/api/v1/me" and answer.status == 200:
            self.csrf = value["csrf"]
        return answer.status, value

    def log_in(self, email, password=PASSWORD):
        status, value = self.ask("POST", "/api/v1/login", {"email": email, "password": password})
        self.ask("GET", "/api/v1/me")
        return status, value


def first_of_local_mode(checks):
    """What local mode gathered is the first administrator's."""
    server = Server()
    server.call("POST", "/v1/traces", traces_body(span(0x10ca1, 1, "of local mode")), JSON)
    server.stored()
    server.end()
    home = server.home
    with Server("--auth", "required", data=home) as asking:
        checks.equal("nobody sees it now", asking.call("GET", f"/api/v1/traces/{0x10ca1:032x}").status, 401)
        token = re.search(r"/setup#(\S+)", asking.log()).group(1)
        person = Person(asking)
        checks.equal("the set-up link", person.ask("POST", "/api/v1/setup", {"token": token, "email": "root@example.com", "name": "Root", "password": PASSWORD})[0], 200)
        status, trace = person.ask("GET", f"/api/v1/traces/{0x10ca1:032x}")
        checks.equal("but the first administrator does", (status, trace.get("spans", [{}])[0].get("name")), (200, "of local mode"))
        checks.check("the link is in no log line, only where it was printed", asking.log().count(token) == 1, asking.log())
    server.kept = False
    server.stop()


def invited(checks, server, root):
    status, made = root.ask("POST", "/api/v1/invitations", {"email": "Ada@Example.com", "role": "viewer"})
    checks.equal("an invitation", (status, made["email"], made["role"], made["by"]), (201, "ada@example.com", "viewer", "root@example.com"))
    token = made["link"].split("/join#")[1]
    ada = Person(server)
    checks.equal("says what it is for", ada.ask("POST", "/api/v1/invitation", {"token": token}), (200, {"email": "ada@example.com", "project": "default", "role": "viewer"}))
    checks.equal("a short password", ada.ask("POST", "/api/v1/join", {"token": token, "name": "Ada", "password": "short"})[0], 400)
    checks.equal("is taken", ada.ask("POST", "/api/v1/join", {"token": token, "name": "Ada", "password": PASSWORD})[0], 200)
    checks.equal("once", Person(server).ask("POST", "/api/v1/join", {"token": token, "name": "Eve", "password": PASSWORD})[0], 403)
    checks.equal("and logs in", ada.ask("GET", "/api/v1/me")[1]["user"]["email"], "ada@example.com")
    members = root.ask("GET", "/api/v1/members")[1]
    checks.equal("members", [(m["email"], m["role"], m["me"]) for m in members["members"]], [("ada@example.com", "viewer", False), ("root@example.com", "owner", True)])
    checks.equal("no invitation is open", members["invitations"], [])
    return ada, next(m["id"] for m in members["members"] if m["email"] == "ada@example.com")


def roles(checks, server, root, ada, ada_id):
    everything = [("POST", "/api/v1/keys", {"scopes": ["read"]}), ("GET", "/api/v1/keys", None), ("GET", "/api/v1/members", None), ("PUT", f"/api/v1/members/{ada_id}", {"role": "admin"}),
                  ("POST", "/api/v1/invitations", {"email": "x@example.com", "role": "admin"}), ("GET", "/api/v1/users", None), ("PUT", f"/api/v1/users/{ada_id}", {"owner": True}),
                  ("POST", "/api/v1/projects", {"name": "mine"}), ("GET", "/api/v1/audit", None), ("PUT", "/api/v1/masking", {"kinds": []}), ("POST", "/api/v1/backup", {"name": "x"}), ("GET", "/metrics", None)]
    for method, path, body in everything:
        checks.equal(f"a viewer does not {method} {path}", ada.ask(method, path, body)[0], 403)
    checks.equal("a viewer reads", ada.ask("GET", "/api/v1/traces")[0], 200)
    root.ask("PUT", f"/api/v1/members/{ada_id}", {"role": "member"})
    checks.equal("a member makes keys at once", ada.ask("POST", "/api/v1/keys", {"scopes": ["ingest", "read"]})[0], 201)
    checks.equal("but none that do more", ada.ask("POST", "/api/v1/keys", {"scopes": ["admin"]})[0], 403)
    root.ask("PUT", f"/api/v1/members/{ada_id}", {"role": "admin"})
    checks.equal("an administrator invites", ada.ask("POST", "/api/v1/invitations", {"email": "b@example.com", "role": "admin"})[0], 201)
    for method, path, body in everything:
        if path in (f"/api/v1/users/{ada_id}", "/api/v1/users", "/api/v1/projects", "/api/v1/backup", "/metrics"):
            checks.equal(f"but does not {method} {path}", ada.ask(method, path, body)[0], 403)
    checks.equal("no role is called king", root.ask("PUT", f"/api/v1/members/{ada_id}", {"role": "king"})[0], 400)
    checks.equal("nobody is member 999", root.ask("PUT", "/api/v1/members/999", {"role": "viewer"})[0], 404)
    checks.equal("nor member x", root.ask("PUT", "/api/v1/members/x", {"role": "viewer"})[0], 404)


def own(checks, server, ada):
    phone = Person(server)
    phone.log_in("ada@example.com")
    status, shown = ada.ask("GET", "/api/v1/logins")
    checks.equal("own log-ins", (status, len(shown["logins"]), [one["current"] for one in shown["logins"]].count(True)), (200, 2, 1))
    other = next(one["id"] for one in shown["logins"] if not one["current"])
    checks.equal("nobody ends another's", root_of(server).ask("DELETE", f"/api/v1/logins/{other}")[0], 404)
    checks.equal("one's own", ada.ask("DELETE", f"/api/v1/logins/{other}")[0], 200)
    checks.equal("is over", phone.ask("GET", "/api/v1/me")[0], 401)
    phone.log_in("ada@example.com")
    checks.equal("a wrong old password", ada.ask("POST", "/api/v1/password", {"old": "wrong", "password": PASSWORD + "2"})[0], 403)
    checks.equal("a new password", ada.ask("POST", "/api/v1/password", {"old": PASSWORD, "password": PASSWORD + "2"})[0], 200)
    checks.equal("ends the other log-ins", (phone.ask("GET", "/api/v1/me")[0], ada.ask("GET", "/api/v1/me")[0]), (401, 200))
    checks.equal("the old one is wrong now", Person(server).log_in("ada@example.com")[0], 401)
    checks.equal("the new one is right", Person(server).log_in("ada@example.com", PASSWORD + "2")[0], 200)


def root_of(server):
    person = Person(server)
    person.log_in("root@example.com")
    return person


def leaving(checks, server, root, ada, ada_id):
    root_id = next(u["id"] for u in root.ask("GET", "/api/v1/users")[1]["users"] if u["me"])
    checks.equal("nobody disables themselves", root.ask("PUT", f"/api/v1/users/{root_id}", {"disabled": True})[0], 409)
    checks.equal("the last owner stays one", root.ask("PUT", f"/api/v1/users/{root_id}", {"owner": False})[0], 409)
    checks.equal("out of the project", root.ask("DELETE", f"/api/v1/members/{ada_id}")[0], 200)
    checks.equal("means out of it at once", ada.ask("GET", "/api/v1/traces")[0], 403)
    checks.equal("but still somebody", ada.ask("GET", "/api/v1/logins")[0], 200)
    again = root.ask("POST", "/api/v1/invitations", {"email": "ada@example.com", "role": "viewer"})[1]["link"].split("#")[1]
    checks.equal("an account is not made twice", Person(server).ask("POST", "/api/v1/join", {"token": again, "name": "Eve", "password": PASSWORD})[0], 409)
    checks.equal("another's invitation", root.ask("POST", "/api/v1/join/accept", {"token": again})[0], 403)
    checks.equal("one's own", ada.ask("POST", "/api/v1/join/accept", {"token": again})[0], 200)
    checks.equal("opens the project again", ada.ask("GET", "/api/v1/traces")[0], 200)
    checks.equal("disabled", root.ask("PUT", f"/api/v1/users/{ada_id}", {"disabled": True})[0], 200)
    checks.equal("is out at once", ada.ask("GET", "/api/v1/logins")[0], 401)
    checks.equal("and does not come back", Person(server).log_in("ada@example.com", PASSWORD + "2")[0], 401)
    command("user", "enable", "ada@example.com", "--data", server.data)
    checks.equal("until somebody enables them", Person(server).log_in("ada@example.com", PASSWORD + "2")[0], 200)
    ada.log_in("ada@example.com", PASSWORD + "2")
    command("user", "disable", "ada@example.com", "--data", server.data)
    since = time.monotonic()
    while ada.ask("GET", "/api/v1/me")[0] != 401 and time.monotonic() - since < 10:
        time.sleep(0.02)
    checks.check("the command line lets out within a second", time.monotonic() - since < 1.2 * PATIENCE, time.monotonic() - since)


def projects(checks, root):
    status, made = root.ask("POST", "/api/v1/projects", {"name": "second"})
    checks.equal("an owner makes a project", status, 201)
    checks.equal("its name is taken then", root.ask("POST", "/api/v1/projects", {"name": "second"})[0], 409)
    other = Person(root.server)
    other.cookie, other.project = root.cookie, str(made["id"])
    checks.equal("and is switched to", other.ask("GET", "/api/v1/me")[1]["project"], {"id": made["id"], "name": "second"})
    checks.equal("there are two", [p["name"] for p in other.ask("GET", "/api/v1/me")[1]["projects"]], ["default", "second"])
    other.project = "999"
    checks.equal("a third is not there", other.ask("GET", "/api/v1/me")[0], 404)


def audited(checks, root):
    entries = root.ask("GET", "/api/v1/audit")[1]["entries"]
    actions = {entry["action"] for entry in entries}
    for action in ("login", "login.failed", "login.end", "user.create", "user.disable", "user.enable", "member.invite", "member.join", "member.set", "member.remove", "password.set", "key.create", "settings"):
        checks.check(f"the audit table has {action}", action in actions, sorted(actions))
    checks.check("with names of the actors", any(entry["actor_name"] == "root@example.com" for entry in entries), entries[:3])
    older = root.ask("GET", f"/api/v1/audit?before={entries[-1]['number'] + 3}&limit=2")[1]["entries"]
    checks.equal("page by page", [entry["number"] for entry in older], [entries[-1]["number"] + 2, entries[-1]["number"] + 1])
    text = json.dumps(entries)
    checks.check("no secret is in it", PASSWORD not in text and "pawl_sk_" not in text, text[:300])


def alike(checks, server):
    """Nobody is told by time whether there is such an account. A difference must come three times: the machine has its own."""
    for turn in range(3):
        times = {"root@example.com": [], "nobody@example.com": []}
        for number in range(8):
            for email, took in times.items():
                person = Person(server, f"10.3.{number + 8 * turn}.{len(took)}")
                began = time.monotonic()
                person.ask("POST", "/api/v1/login", {"email": email, "password": f"wrong {number}"})
                took.append(time.monotonic() - began)
        known, unknown = (statistics.median(took) for took in times.values())
        if 0.6 < known / unknown < 1.7:
            break
    checks.check("a wrong password takes as long for nobody as for somebody", 0.6 < known / unknown < 1.7, (known, unknown))


def addresses(checks, server):
    """Behind a proxy that is trusted, an address is the client's; what the client says itself counts for nothing."""
    for number in range(30):
        Person(server, "198.51.100.7").ask("POST", "/api/v1/login", {"email": f"nobody{number}@example.com", "password": "x"})
    checks.equal("an address that guessed thirty times waits", Person(server, "198.51.100.7").log_in("root@example.com")[0], 429)
    checks.equal("so does it with a forged neighbour in front", Person(server, "203.0.113.1, 198.51.100.7").log_in("root@example.com")[0], 429)
    checks.equal("another does not", Person(server, "198.51.100.8").log_in("root@example.com")[0], 200)
    for number in range(30):
        Person(server, f"2001:db8:5::{number:x}").ask("POST", "/api/v1/login", {"email": f"v6{number}@example.com", "password": "x"})
    checks.equal("of IPv6 it is the network", Person(server, "2001:db8:5::ffff").log_in("root@example.com")[0], 429)
    checks.equal("another network does not wait", Person(server, "2001:db8:5:1::1").log_in("root@example.com")[0], 200)


def sites(checks, server, root):
    """What pages of other sites can start."""
    for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}):
        checks.equal(f"{headers}: no log-in", Person(server).ask("POST", "/api/v1/login", {"email": "root@example.com", "password": PASSWORD}, **headers)[0], 403)
        checks.equal(f"{headers}: no change", root.ask("POST", "/api/v1/projects", {"name": "evil"}, **headers)[0], 403)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        checks.equal(f"a body of {kind!r} logs nobody in", Person(server).ask("POST", "/api/v1/login", {"email": "root@example.com", "password": PASSWORD}, **{"content-type": kind})[0], 400)
    answer = server.call("GET", "/api/v1/me", headers={"origin": "https://evil.example", "cookie": root.cookie})
    checks.check("no answer is shared with another origin", not any(name.lower().startswith("access-control") for name in answer.headers), str(answer.headers))
    checks.equal("no preflight is granted", server.call("OPTIONS", "/api/v1/me", headers={"origin": "https://evil.example", "access-control-request-method": "GET"}).headers.get("access-control-allow-origin"), None)


def own_address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            return probe.getsockname()[0]
        except OSError:
            return ""


def plain_http(checks):
    """A log-in needs TLS, except on the loopback."""
    address = own_address()
    if not address or address.startswith("127."):
        print("skipped: this machine has no address but the loopback")
        return
    with Server(listen="0.0.0.0:0", ready=False) as server:
        command("user", "create", "root@example.com", "--owner", "--data", server.data, env={"PAWL_PASSWORD": PASSWORD})
        checks.equal("on the loopback", Person(server).log_in("root@example.com")[0], 200)
        connection = http.client.HTTPConnection(address, server.port, timeout=10)
        for headers in ({}, {"x-forwarded-proto": "https"}, {"forwarded": "proto=https"}):
            connection.request("POST", "/api/v1/login", json.dumps({"email": "root@example.com", "password": PASSWORD}), {**JSON, **headers})
            answer = connection.getresponse()
            text = answer.read().decode()
            checks.check(f"from elsewhere without TLS ({headers}) it is refused", answer.status == 403 and "TLS" in text, (answer.status, text))
        connection.close()


def main():
    checks = Checks()
    first_of_local_mode(checks)
    with Server("--auth", "required", "--trusted-proxies", "127.0.0.1") as server:
        command("user", "create", "root@example.com", "--owner", "--data", server.data, env={"PAWL_PASSWORD": PASSWORD})
        root = root_of(server)
        ada, ada_id = invited(checks, server, root)
        roles(checks, server, root, ada, ada_id)
        own(checks, server, ada)
        leaving(checks, server, root, ada, ada_id)
        projects(checks, root)
        sites(checks, server, root)
        audited(checks, root)
        alike(checks, server)
        addresses(checks, server)
    plain_http(checks)
    checks.finish()


if __name__ == "__main__":
    main()
