"""Log-in by an identity provider: a small one of our own on the loopback, honest and dishonest."""
import http.client
import json
import os
import re
import tempfile
import time
import urllib.parse

from identity_provider import SECRET, Provider
from pawl import JSON, Checks, Server, command

RULES = "group:platform -> owner; group:readers -> default/viewer; group:makers -> default/member; email:*@verified.example -> default/viewer"


class Browser:
    """Cookies and redirects, one step at a time."""

    def __init__(self, server):
        self.server, self.cookies, self.csrf = server, {}, ""

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        headers = {"host": f"127.0.0.1:{self.server.port}", "cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if body is not None:
            headers.update({**JSON, "x-csrf-token": self.csrf})
        connection.request(method, path, json.dumps(body).encode() if body is not None else None, headers)
        answer = connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                pair, *flags = value.split("; ")
                key, _, text = pair.partition("=")
                assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(flags), value
                self.cookies.pop(key, None)
                if text:
                    self.cookies[key] = text
        text = answer.read()
        connection.close()
        return answer.status, answer.getheader("location") or "", text

    def leave(self, next_path="/"):
        status, to, text = self.ask("GET", "/api/v1/oidc/start?next=" + urllib.parse.quote(next_path, safe=""))
        assert status == 302, (status, text)
        return to

    def back(self, query):
        return self.ask("GET", "/api/v1/oidc/callback?" + urllib.parse.urlencode(query))

    def log_in(self, provider, next_path="/"):
        to = self.leave(next_path)
        return self.back(provider.allow(to)[0]) if to.startswith(provider.issuer) else (302, to, b"")

    def me(self):
        status, _, text = self.ask("GET", "/api/v1/me")
        if status == 200:
            self.csrf = json.loads(text)["csrf"]
        return status, json.loads(text)


def refused(answer):
    found = re.search(r"[?&]refused=(\w+)", answer[1])
    return found.group(1) if found else answer[:2]


def honest(checks, server, provider):
    ways = json.loads(Browser(server).ask("GET", "/api/v1/login")[2])
    checks.equal("the page is told of the button", ways["oidc"], {"name": "Test ID", "start": "/api/v1/oidc/start"})
    browser = Browser(server)
    provider.person = {"sub": "ines", "email": "ines@company.example", "name": "Ines", "groups": ["makers"]}
    to = browser.leave("/sessions?filter=agent%3Da")
    asked = provider.allow(to)[1]
    for name, wanted in {"response_type": "code", "client_id": "pawl", "scope": "openid email profile", "code_challenge_method": "S256",
                         "redirect_uri": server.url + "/api/v1/oidc/callback"}.items():
        checks.equal(f"the provider is asked with {name}", asked.get(name), wanted)
    status, where, _ = browser.log_in(provider, "/sessions?filter=agent%3Da")
    checks.equal("back where it began", (status, where), (302, "/sessions?filter=agent%3Da"))
    checks.equal("one cookie stays", sorted(browser.cookies), ["__Host-pawl"])
    status, me = browser.me()
    checks.equal("who it is", (status, me.get("user", {}).get("email"), me.get("role")), (200, "ines@company.example", "member"))
    provider.person["groups"] = ["readers"]
    again = Browser(server)
    again.log_in(provider)
    checks.equal("roles follow the groups", again.me()[1]["role"], "viewer")
    checks.equal("for log-ins of before too", browser.me()[1]["role"], "viewer")
    provider.person["groups"] = ["platform"]
    again.log_in(provider)
    checks.equal("up to owner", again.me()[1]["role"], "owner")
    provider.person["groups"] = []
    checks.equal("without any group there is no way in", refused(again.log_in(provider)), "denied")
    checks.equal("and the roles are gone", browser.me()[0], 403)
    provider.person = {"sub": "facts"}
    provider.facts = {"sub": "facts", "email": "f@verified.example", "email_verified": True}
    other = Browser(server)
    other.log_in(provider)
    checks.equal("user facts fill what the token leaves out", other.me()[1].get("user", {}).get("email"), "f@verified.example")
    provider.facts = {"sub": "somebody else", "email": "g@verified.example", "email_verified": True}
    provider.person = {"sub": "facts2"}
    checks.equal("but not those of somebody else", refused(Browser(server).log_in(provider)), "failed")
    provider.facts = {}
    for sub, email, verified, wanted in [("v1", "v1@verified.example", True, "/"), ("v2", "v2@verified.example", False, "denied"), ("v3", "v3@other.example", True, "denied")]:
        provider.person = {"sub": sub, "email": email, "email_verified": verified}
        answer = Browser(server).log_in(provider)
        checks.equal(f"{email} verified={verified}", refused(answer) if wanted != "/" else answer[1], wanted)


def dishonest(checks, server, provider):
    """Each of these is a log-in that must not happen."""
    provider.person = {"sub": "ines", "email": "ines@company.example", "groups": ["platform"]}
    now = int(time.time())
    for name, wrong in [("another issuer", {"iss": "https://evil.example"}), ("another client", {"aud": "other"}), ("another nonce", {"nonce": "x"}),
                        ("an old token", {"exp": now - 120}), ("a token from the future", {"iat": now + 600}), ("no subject", {"sub": ""}),
                        ("two clients", {"aud": ["pawl", "other"]})]:
        provider.wrong = wrong
        browser = Browser(server)
        checks.equal(name, refused(browser.log_in(provider)), "failed")
        checks.check(name + ": no cookie", "__Host-pawl" not in browser.cookies, browser.cookies)
    provider.wrong = {}
    for name, header in [("alg none", {"alg": "none"}), ("alg HS256", {"alg": "HS256", "kid": "k1"}), ("another key's id", {"alg": "RS256", "kid": "k2"})]:
        provider.header = header
        checks.equal(name, refused(Browser(server).log_in(provider)), "failed")
    provider.header = {"alg": "RS256", "kid": "k1"}
    provider.sign_with = provider.stranger
    checks.equal("another key", refused(Browser(server).log_in(provider)), "failed")
    provider.sign_with, provider.header = provider.key, None

    browser = Browser(server)
    query, _ = provider.allow(browser.leave())
    thief = Browser(server)
    checks.equal("another browser's way back", refused(thief.back(query)), "expired")
    thief.leave()
    checks.equal("with a try of its own", refused(thief.back(query)), "expired")
    checks.equal("the provider says no", refused(browser.back({"error": "access_denied", "state": query["state"]})), "denied")
    checks.equal("after which the try is over", refused(browser.back(query)), "expired")
    query, _ = provider.allow(browser.leave())
    checks.equal("an answer of another provider", refused(browser.back({**query, "iss": "https://evil.example"})), "failed")
    query, _ = provider.allow(browser.leave())
    cookie = dict(browser.cookies)
    checks.equal("the right one", browser.back({**query, "iss": provider.issuer})[1], "/")
    browser.cookies = cookie
    checks.equal("a code works once", refused(browser.back(query)), "failed")
    checks.equal("a code that nobody gave", refused(thief_with_code(server)), "failed")
    for path in ("//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        checks.equal(f"next={path} leads nowhere else", Browser(server).log_in(provider, path)[1], "/")


def thief_with_code(server):
    browser = Browser(server)
    state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(browser.leave()).query))["state"]
    return browser.back({"code": "guessed", "state": state})


def connecting(checks, server, provider):
    """An account with a password is not taken over by its address, and is connected by its owner."""
    provider.person = {"sub": "root-at-provider", "email": "root@example.com", "email_verified": True, "groups": ["platform"]}
    checks.equal("the same address is not enough", refused(Browser(server).log_in(provider)), "not_connected")
    root = Browser(server)
    checks.equal("log-in by password", root.ask("POST", "/api/v1/login", {"email": "root@example.com", "password": "a long and honest password"})[0], 200)
    root.me()
    without, root.csrf = root.csrf, ""
    checks.equal("connecting needs the page's token", root.ask("POST", "/api/v1/oidc/connect", {})[0], 403)
    root.csrf = without
    status, _, text = root.ask("POST", "/api/v1/oidc/connect", {})
    checks.equal("leaves for the provider", status, 200)
    checks.equal("and comes back to the settings", root.back(provider.allow(json.loads(text)["url"])[0])[1], "/settings/me")
    browser = Browser(server)
    browser.log_in(provider)
    checks.equal("then the provider logs in the same user", browser.me()[1]["user"]["email"], "root@example.com")
    logins = json.loads(browser.ask("GET", "/api/v1/logins")[2])
    checks.equal("the log-in says how it was made", {one["via"] for one in logins["logins"]}, {"password", "single sign-on"})
    _, _, text = root.ask("POST", "/api/v1/oidc/connect", {})
    query = provider.allow(json.loads(text)["url"])[0]
    root.cookies["__Host-pawl"] = "0" * 64
    checks.equal("a connection of somebody who has logged out", refused(root.back(query)), "denied")


def keys_change(checks, server, provider):
    time.sleep(2.1)  # unknown keys were asked for a moment ago
    provider.key = provider.sign_with = provider.stranger
    provider.person = {"sub": "rotated", "email": "r@verified.example", "email_verified": True}
    checks.equal("new keys of the provider are read when they are met", Browser(server).log_in(provider)[1], "/")
    before = len(provider.asked)
    provider.header = {"alg": "RS256", "kid": "invented"}
    for _ in range(5):
        Browser(server).log_in(provider)
    checks.check("invented keys do not make it ask and ask", provider.asked[before:].count("/realm/keys") <= 1, provider.asked[before:])
    provider.header = None


def walls(checks, provider, folder):
    """Where the outbound client does not go."""
    flags = ["--auth", "required", "--oidc-client-id", "pawl"]
    other = Provider(folder)
    with Server(*flags, "--oidc-issuer", provider.issuer, "--outbound-allow", "10.0.0.1", ready=False) as server:
        before = len(provider.asked)
        checks.equal("a private provider that is not allowed", refused((302, Browser(server).leave())), "unavailable")
        checks.equal("is never called", len(provider.asked), before)
        checks.check("the log says which setting", "outbound_allow" in server.log(), server.log()[-400:])
    with Server(*flags, "--oidc-issuer", provider.issuer, "--outbound-allow", f"127.0.0.1:{provider.port}", ready=False) as server:
        before = len(other.asked)
        for place in (other.issuer + "/.well-known/openid-configuration", "http://169.254.169.254/latest/meta-data/", f"http://[::1]:{other.port}/"):
            provider.moved = place
            checks.equal(f"a redirect to {place}", refused((302, Browser(server).leave())), "unavailable")
        provider.moved = ""
        checks.equal("is not followed", len(other.asked), before)
        checks.check("the metadata address is not called for", "169.254" in server.log() and "private address" in server.log(), server.log()[-600:])
    for name, more in [("http without outbound_allow", ["--oidc-issuer", provider.issuer, "--oidc-client-id", "x"]),
                       ("no client id", ["--oidc-issuer", "https://id.example.com"]),
                       ("a wrong rule", ["--oidc-issuer", "https://id.example.com", "--oidc-client-id", "x", "--oidc-roles", "group:a -> king"]),
                       ("a wrong place", ["--outbound-allow", "10.0.0.0/99"]),
                       ("a missing secret file", ["--oidc-issuer", "https://id.example.com", "--oidc-client-id", "x", "--oidc-client-secret-file", "/nowhere"])]:
        with tempfile.TemporaryDirectory() as data:
            ended = command("serve", "--data", data, "--listen", "127.0.0.1:0", *more)
            checks.check(f"{name} does not start", ended.returncode == 3 and ("oidc" in ended.stderr or "outbound" in ended.stderr), ended.stderr)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        provider = Provider(folder)
        secret = os.path.join(folder, "secret")
        with open(secret, "w", encoding="utf-8") as file:
            file.write(SECRET + "\n")
        flags = ["--auth", "required", "--oidc-issuer", provider.issuer, "--oidc-client-id", "pawl", "--oidc-client-secret-file", secret, "--oidc-name", "Test ID",
                 "--oidc-roles", RULES, "--outbound-allow", f"127.0.0.1:{provider.port}"]
        with Server(*flags, ready=False) as server:
            made = command("user", "create", "root@example.com", "--owner", "--data", server.data, env={"PAWL_PASSWORD": "a long and honest password"})
            checks.equal("an owner by the command line", made.returncode, 0)
            honest(checks, server, provider)
            dishonest(checks, server, provider)
            connecting(checks, server, provider)
            keys_change(checks, server, provider)
            for word in (SECRET, "access-token-77"):
                checks.check("no secret is in the log", word not in server.log())
            owner = Browser(server)
            owner.ask("POST", "/api/v1/login", {"email": "root@example.com", "password": "a long and honest password"})
            audit = owner.ask("GET", "/api/v1/audit")[2].decode()
            for word in ("user.create", "roles.set", "identity.connect", "by single sign-on", "settings"):
                checks.check(f"the audit table has {word}", word in audit, audit[:300])
        shown = command("serve", "--print-config", *flags).stdout
        checks.check("--print-config does not print the secret", SECRET not in shown and "oidc_issuer" in shown, shown)
        walls(checks, provider, folder)
    checks.finish()


main()
