"""Alerts to their channels: every kind gets its own words, private places and redirects are refused, a crash between a
firing and its delivery loses nothing and sends nothing under another id, silences and acknowledgements hold."""
import http.server
import json
import os
import re
import tempfile
import threading

import incidents
from mail_server import MailServer
from pawl import JSON, Checks, Server, command, span, traces_body

START = "2026-11-20T10:00:30Z"  # of the servers' clock
MINUTE = 60_000_000_000
NOW = 1_795_168_830 * 1_000_000_000  # the same


class Receiver:
    """An HTTP endpoint on the loopback: keeps what comes; `status` by path says what it answers."""

    def __init__(self):
        self.calls, self.status, outer = [], {}, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.calls.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(outer.status.get(self.path, 200))
                if outer.status.get(self.path) == 302:
                    self.send_header("location", "http://169.254.169.254/latest/meta-data/")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def of(self, path):
        return [one for one in self.calls if one[0] == path]


def make_channels(checks, server, receiver):
    """Every kind, tried by its button; the ids."""
    kinds = {"webhook": {"url": receiver.url("/hook")}, "slack": {"url": receiver.url("/slack")}, "mattermost": {"url": receiver.url("/mattermost")},
             "teams": {"url": receiver.url("/teams")}, "pagerduty": {"url": receiver.url("/pager"), "secret": "0123456789abcdef0123456789abcdef"},
             "alertmanager": {"url": receiver.url("/am/")}, "email": {"to": ["ann@example.com", "bob@example.com"]}}
    ids = {}
    for kind, more in kinds.items():
        made = server.post("/api/v1/alerts/channels", {"name": "to " + kind, "kind": kind, **more})
        checks.equal(f"a channel of kind {kind}", made.status, 201)
        ids[kind] = made.json()["id"]
        checks.equal(f"{kind}: only a webhook's secret is shown", "secret" in made.json(), kind == "webhook")
        checks.equal(f"{kind} is tried", server.call("POST", f"/api/v1/alerts/channels/{ids[kind]}/test").json(), {"taken": True, "trouble": ""})
    for wrong, word in [({"kind": "fax", "url": "http://x.example/"}, "fax"), ({"kind": "slack", "url": "ftp://x.example/"}, "http"),
                        ({"kind": "pagerduty", "secret": "short"}, "32"), ({"kind": "email", "to": ["ann"]}, "ann")]:
        answer = server.post("/api/v1/alerts/channels", {"name": "wrong", **wrong})
        checks.check(f"{wrong} is refused", answer.status == 400 and word in answer.message, answer.body)
    return ids


def walls(checks, server, receiver):
    """Where no channel leads, however it is written."""
    for name, url in [("metadata", "http://169.254.169.254/latest"), ("private", "http://10.0.0.1/"), ("v6", "http://[::1]:9/"), ("other port", "http://127.0.0.1:1/")]:
        made = server.post("/api/v1/alerts/channels", {"name": name, "kind": "slack", "url": url}).json()
        tried = server.call("POST", f"/api/v1/alerts/channels/{made['id']}/test").json()
        checks.check(f"{name} is refused", not tried["taken"] and "private address" in tried["trouble"], tried)
        checks.equal("and removed", server.call("DELETE", f"/api/v1/alerts/channels/{made['id']}").status, 200)
    receiver.status["/away"] = 302
    made = server.post("/api/v1/alerts/channels", {"name": "away", "url": receiver.url("/away")}).json()
    tried = server.call("POST", f"/api/v1/alerts/channels/{made['id']}/test").json()
    checks.check("a redirect inwards is not followed, and named", not tried["taken"] and "169.254.169.254" in tried["trouble"], tried)
    server.call("DELETE", f"/api/v1/alerts/channels/{made['id']}")


def deliveries(server):
    return [one for event in server.get("/api/v1/alerts/events")["events"] for one in event["deliveries"]]


def crash(checks, flags, home, receiver, mails, ids):
    """Fires, is killed while the webhook fails, and comes back: the same id, and in the end taken once."""
    rule = {"name": "spans at all", "measure": "spans", "kind": "threshold", "above": 0, "step": "1m", "split": ["agent"], "keep_firing_for": "6h",
            "channels": list(ids.values()), "runbook": "https://wiki.example/spans"}
    with Server(*flags, "--clock", START, data=home) as server:
        made, failing = (server.post("/api/v1/alerts/rules", one).json() for one in (rule, incidents.CLOCK_RULE))
        server.wait_for(lambda: all(server.get("/api/v1/alerts/rules/" + one["id"])["evaluated"] for one in (made, failing)), 60, "the first look at the rules")
        body = traces_body(*[span(7 + i, 1 + i, start=NOW, gen_ai__agent__name=f"refunds {i}", gen_ai__operation__name="invoke_agent") for i in range(3)],
                           *incidents.failing_tool(7, NOW))
        checks.equal("spans are taken", server.call("POST", "/v1/traces", body, JSON).status, 200)
        server.stored()
        server.kill()
    receiver.calls.clear()
    mails.mails.clear()
    receiver.status["/hook"] = 503
    with Server(*flags, "--clock", "2026-11-20T10:05:00Z", data=home) as server:
        server.wait_for(lambda: receiver.of("/hook"), 90, "the first try")
        server.kill()
    tried = {one[1]["webhook-id"] for one in receiver.of("/hook")}
    checks.equal("a group is one message", len(tried), 1)
    receiver.status["/hook"] = 200
    before = len(receiver.of("/hook"))
    with Server(*flags, "--clock", "2026-11-20T10:08:00Z", data=home) as server:
        server.wait_for(lambda: len(receiver.of("/hook")) > before and all(one["state"] == "sent" for one in deliveries(server)), 90, "all deliveries")
        again = receiver.of("/hook")[before:]
        checks.equal("after the crash the same message, once", ([one[1]["webhook-id"] for one in again]), sorted(tried))
        checks.equal("of all three instances", again[0][2]["data"]["count"], 3)
        told = [one["split"]["agent"] for one in again[0][2]["data"]["alerts"]]
        checks.equal("each named", sorted(told), ["refunds 0", "refunds 1", "refunds 2"])
        checks.check("with what explains it", again[0][2]["data"]["alerts"][0]["evidence"]["sentence"], again[0][2])
        words(checks, receiver, mails)
        people(checks, server, receiver, made)
        commands(checks, server, home)
        incidents.check(checks, server, home)


def words(checks, receiver, mails):
    """What each kind was told; a crash may repeat one, under the same key."""
    slack = receiver.of("/slack")[-1][2]
    checks.check("Slack: text and blocks", "3 instances" in slack["text"] and slack["blocks"][0]["type"] == "header", slack)
    checks.check("Mattermost", receiver.of("/mattermost")[-1][2]["attachments"], "")
    checks.equal("Teams", receiver.of("/teams")[-1][2]["attachments"][0]["content"]["type"], "AdaptiveCard")
    pages = {one[2]["dedup_key"]: one[2] for one in receiver.of("/pager")}
    checks.equal("PagerDuty: one incident an instance", [one["event_action"] for one in pages.values()], ["trigger"] * 3)
    alerts = receiver.of("/am/api/v2/alerts")[-1][2]
    checks.equal("Alertmanager: labels", sorted(one["labels"]["agent"] for one in alerts), ["refunds 0", "refunds 1", "refunds 2"])
    checks.check("Alertmanager: they end by themselves", all(one["endsAt"] > one["startsAt"] for one in alerts), alerts)
    taken = {re.search(r"Message-ID: <(\S+)>", text).group(1): (to, secure) for to, secure, text in mails.mails}
    checks.equal("one mail to both, under TLS", list(taken.values()), [(["ann@example.com", "bob@example.com"], True)])
    checks.check("after a log-in", mails.log_ins and mails.log_ins[-1].startswith("AUTH PLAIN"), mails.log_ins)


def people(checks, server, receiver, rule):
    """Acknowledged, silenced."""
    firing = server.get("/api/v1/alerts?state=firing")["alerts"]
    checks.equal("three instances fire", len([one for one in firing if one["rule"] == rule["id"]]), 3)
    checks.check("with evidence", all(one["evidence"] and one["event"] for one in firing), firing)
    one = server.post("/api/v1/alerts/acknowledge", {"rule": rule["id"], "split": {"agent": "refunds 1"}})
    checks.equal("one is acknowledged", one.json(), {"acknowledged": 1})
    checks.equal("the others with the rule", server.post("/api/v1/alerts/acknowledge", {"rule": "spans at all"}).json(), {"acknowledged": 2})
    checks.equal("and nobody twice", server.post("/api/v1/alerts/acknowledge", {"rule": "spans at all"}).status, 404)
    server.wait_for(lambda: len({call[2]["dedup_key"] for call in receiver.of("/pager") if call[2]["event_action"] == "acknowledge"}) == 3, 60, "PagerDuty's acknowledgements")
    made = server.post("/api/v1/alerts/silences", {"matchers": [{"name": "rule", "value": "spans at all"}, {"name": "agent", "op": "=~", "value": "refunds [01]"}], "for": "2h", "why": "we are on it"})
    checks.equal("a silence says whom it mutes", (made.status, made.json()["mutes"], made.json()["state"]), (201, 2, "active"))
    muted = [one["muted_by"] for one in server.get("/api/v1/alerts?state=firing")["alerts"] if one["rule"] == rule["id"] and one["split"]["agent"] != "refunds 2"]
    checks.equal("and they say by whom", muted, [[made.json()["id"]]] * 2)
    checks.equal("it ends", server.call("DELETE", "/api/v1/alerts/silences/" + made.json()["id"]).status, 200)
    checks.equal("and is listed as ended", server.get("/api/v1/alerts/silences")["silences"][0]["state"], "ended")
    wrong = server.post("/api/v1/alerts/silences", {"matchers": [], "for": "2h", "why": "x"})
    checks.check("one that mutes nothing is refused", wrong.status == 400 and "matchers" in wrong.message, wrong.body)


def commands(checks, server, home):
    """The same on the command line."""
    def run(*said):
        return command(*said, "--server", server.url)

    checks.check("pawl alert list", "refunds 2" in run("alert", "list").stdout, run("alert", "list"))
    shown = run("alert", "show", "spans at all")
    checks.check("pawl alert show", shown.returncode == 0 and "acknowledged" in shown.stdout, shown)
    checks.check("pawl alert silence", '"mutes":1' in run("alert", "silence", "agent=refunds 2", "--for", "1h", "--why", "tried").stdout, "")
    checks.check("a matcher that is none", run("alert", "silence", "nonsense", "--why", "x").returncode != 0, "")
    checks.check("pawl alert test", "took it" in run("alert", "test", "to slack").stdout, "")
    checks.check("pawl alert ack, when there is nothing", run("alert", "ack", "spans at all").returncode == 3, "")
    path = os.path.join(home, "rule.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"name": "from a file", "measure": "cost", "kind": "threshold", "above": 5}, file)
    for _ in range(2):
        checks.equal("pawl apply of a rule", run("apply", "-f", path).stdout, "rule from a file is version 1\n")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"name": "from a file", "measure": "cost", "kind": "threshold", "above": 6}, file)
    checks.equal("a change is a version", run("apply", "-f", path).stdout, "rule from a file is version 2\n")
    checks.equal("and the one before stays", [one["version"] for one in server.get("/api/v1/alerts/rules/from%20a%20file/versions")["versions"]], [2, 1])


def main():
    checks, receiver = Checks(), Receiver()
    with tempfile.TemporaryDirectory(prefix="pawl-alerts-") as home:
        mails = MailServer(home)
        secret = os.path.join(home, "password")
        with open(secret, "w", encoding="utf-8") as file:
            file.write("the mail's password")
        flags = ["--outbound-allow", f"127.0.0.1:{receiver.server.server_port}", "--outbound-ca", mails.certificate, "--smtp",
                 f"smtp://localhost:{mails.server.server_address[1]}", "--smtp-from", "pawl@example.com", "--smtp-user", "pawl", "--smtp-password-file", secret]
        with Server(*flags, "--clock", START, data=home) as server:
            ids = make_channels(checks, server, receiver)
            walls(checks, server, receiver)
            mails.refuse = "bob"
            tried = server.call("POST", f"/api/v1/alerts/channels/{ids['email']}/test").json()
            checks.check("a refused address is named, the other got it", not tried["taken"] and "nobody of that name" in tried["trouble"] and mails.mails[-1][0] == ["ann@example.com"], tried)
            mails.refuse = ""
            server.kill()
        crash(checks, flags, home, receiver, mails, ids)
        with Server("--clock", START) as server:
            answer = server.post("/api/v1/alerts/channels", {"name": "m", "kind": "email", "to": ["ann@example.com"]})
            checks.check("without smtp the reason says so", answer.status == 400 and "smtp" in answer.message, answer.body)
    checks.finish()


main()
