"""Cloud Logging through Pub/Sub: tokens that Google signs (here a provider of our own), what is let in, what is kept."""
import base64
import json
import tempfile
import time

from identity_provider import Provider
from pawl import JSON, Checks, Server, command

PATH = "/ingest/gcp/pubsub"
AUDIENCE = "https://pawl.example.com" + PATH
PUSHER = "push@shop.iam.gserviceaccount.com"
TRACE = "7c22f8e37f636d49e684cefc586c42fb"


def entry(number=1, **more):
    return {"logName": "projects/shop/logs/app", "insertId": f"i{number}", "timestamp": f"2026-11-20T11:08:{number:02}Z", "severity": "ERROR",
            "resource": {"type": "cloud_run_revision", "labels": {"service_name": "support"}}, "textPayload": f"entry {number}", **more}


def push(value, delivery=1):
    data = base64.b64encode(json.dumps(value).encode()).decode()
    return {"message": {"data": data, "messageId": str(delivery), "publishTime": f"2026-11-20T12:00:{delivery:02}Z"}, "subscription": "projects/shop/subscriptions/pawl"}


def tokens(checks, provider):
    flags = ["--auth", "required", "--public-url", "https://pawl.example.com", "--pubsub-issuer", provider.issuer, "--outbound-allow", f"127.0.0.1:{provider.port}",
             "--pubsub-push", f"{PUSHER} -> default; other@shop.iam.gserviceaccount.com -> nowhere"]
    with Server(*flags) as server:
        made = json.loads(command("key", "create", "--scopes", "ingest,read,operate", "--data", server.data, "--json").stdout)["key"]

        def send(token=None, value=None, **claims):
            honest = {"iss": provider.issuer, "aud": AUDIENCE, "azp": "1139", "sub": "1139", "email": PUSHER, "email_verified": True,
                      "iat": int(time.time()), "exp": int(time.time()) + 3600, **claims}
            token = provider.key.token(honest) if token is None else token
            headers = {**JSON, **({"authorization": "Bearer " + token} if token else {})}
            return server.call("POST", PATH, json.dumps(value or push(entry())).encode(), headers, key="")

        good = send()
        checks.equal("a push of the service account is let in", (good.status, good.body), (200, b"{}"))
        asked = len([path for path in provider.asked if path.endswith("/keys")])
        checks.equal("its redelivery too", send(value=push(entry(), 2)).status, 200)
        checks.equal("the keys are asked for once", len([path for path in provider.asked if path.endswith("/keys")]), asked)
        for name, answer in [("no token", send("")), ("a key of Pawl", send(made)), ("another audience", send(aud="https://other.example.com")),
                             ("another issuer", send(iss="https://accounts.example.com")), ("an expired token", send(exp=int(time.time()) - 3600)),
                             ("an address that is not verified", send(email_verified=False)), ("another account", send(email="x@shop.iam.gserviceaccount.com")),
                             ("a stranger's signature", send(provider.stranger.token({"iss": provider.issuer, "aud": AUDIENCE, "email": PUSHER}, {"alg": "RS256", "kid": "k1"}))),
                             ("no signature", send("e30.e30."))]:
            checks.check(f"{name} is not let in", answer.status in (400, 401, 403) and answer.message, (answer.status, answer.body))
        checks.equal("a project that is not there", send(email="other@shop.iam.gserviceaccount.com").status, 404)
        server.key = made
        server.stored()
        logs = server.get("/api/v1/logs?from=2026-11-19T00:00:00Z&to=2026-11-22T00:00:00Z")["logs"]
        checks.equal("one entry is kept once", [(one["body"], one["severity"]) for one in logs], [("entry 1", "ERROR")])
        books = server.books()
        checks.equal("the books say so", (books["received"], books["stored"], books["duplicate"]), (2, 1, 1))


def entries(checks):
    with Server() as server:
        def send(value):
            return server.call("POST", PATH, value if isinstance(value, bytes) else json.dumps(value).encode(), JSON)

        for number in (3, 1, 2):
            checks.equal(f"entry {number}, unordered", send(push(entry(number, trace=f"projects/shop/traces/{TRACE}", spanId="6c8df260069ea7df"))).status, 200)
        checks.equal("an unwrapped entry", send(entry(4)).status, 200)
        for name, value, words in [("no JSON", b"{", "no JSON"), ("something else", {"a": 1}, "neither a push of Pub/Sub"), ("no base64", {"message": {"data": "?"}}, "no base64"),
                                   ("no entry", push({"a": 1}), "logName"), ("nothing inside", push(""), "must be a JSON object")]:
            answer = send(value)
            checks.check(f"{name} is named", answer.status == 400 and words in answer.message, (answer.status, answer.body))
        server.stored()
        logs = server.get("/api/v1/logs?from=2026-11-19T00:00:00Z&to=2026-11-22T00:00:00Z")["logs"]
        checks.equal("all are there", sorted(one["body"] for one in logs), [f"entry {n}" for n in (1, 2, 3, 4)])
        checks.equal("under their service", {one["service"] for one in logs}, {"support"})
        checks.equal("refusals are in the books", server.books()["refused"], 5)


def settings(checks):
    for name, flags in [("a rule without a project", ["--pubsub-push", "a@b.example", "--public-url", "https://p.example.com"]), ("a rule without an audience", ["--pubsub-push", "a@b.example -> default"])]:
        with tempfile.TemporaryDirectory() as data:
            ended = command("serve", "--data", data, "--listen", "127.0.0.1:0", *flags)
            checks.check(f"{name} does not start", ended.returncode == 3 and "pubsub" in ended.stderr, ended.stderr)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        tokens(checks, Provider(folder))
    entries(checks)
    settings(checks)
    checks.finish()


main()
