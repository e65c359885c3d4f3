"""Incidents on a server: opened by a rule, joined, worked on, exported; a part of the step `alerts`."""
import json
import os
import re

from pawl import command, span

CLOCK_RULE = {"name": "failing runs", "measure": "error_rate", "kind": "threshold", "above": 0.01, "step": "1m", "split": ["agent"],
              "keep_firing_for": "6h", "incident": True, "folder": "checkout"}


def failing_tool(trace, at):
    """What goes wrong in the trace, of the first agent, with what was asked."""
    said = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Where is my order?"}]}])
    more = {"gen_ai__agent__name": "refunds 0", "user__id": "anna"}
    tool = span(trace, 50, "execute_tool lookup", 1, at + 10, gen_ai__operation__name="execute_tool", gen_ai__tool__name="lookup", error__type="Timeout", **more)
    model = span(trace, 51, "chat", 1, at + 5, gen_ai__operation__name="chat", gen_ai__request__model="gpt-4o", gen_ai__input__messages=said, **more)
    return [tool | {"status": {"code": 2, "message": "down"}}, model]


def opened_by_rule(checks, server):
    """The rule's firing is an incident; the other rule's firing of the same agent joined it."""
    found = server.wait_for(lambda: [one for one in server.get("/api/v1/incidents?status=active")["incidents"] if one["alerts"] >= 2], 90, "an incident with two alerts")
    checks.equal("one incident for one agent", len(found), 1)
    one = server.get("/api/v1/incidents/" + found[0]["id"])
    checks.equal("opened by Pawl, as severe as the rule says", (one["opened_by"], one["severity"], one["status"], one["agent"]), ("pawl", "critical", "open", "refunds 0"))
    checks.equal("by number too", server.get("/api/v1/incidents/INC-1")["id"], one["id"])
    kinds = [entry["kind"] for entry in one["timeline"]]
    checks.equal("its timeline", (kinds.count("firing"), kinds.count("opened")), (2, 1))
    checks.check("an alert says why", any(alert["sentence"] for alert in one["linked_alerts"]), one["linked_alerts"])
    checks.equal("a runbook is chosen", one["runbook"], "tool_outage")
    return one


def worked_on(checks, server, one):
    path = "/api/v1/incidents/" + one["id"]
    runbook = server.get(path + "/runbook")
    for step in runbook["steps"]:
        ran = server.get(f"{path}/runbook/{step['number']}")
        checks.check(f"step {step['number']} answers with figures and a link", (not step["query"] or ran["columns"]) and ran["link"].startswith("/traces?"), ran)
    checks.equal("the failing tool is seen in place", server.get(path + "/runbook/1")["rows"][0][0], "lookup")
    done = server.post(path + "/runbook/1", {"note": "it is lookup"})
    checks.equal("a step is done", (done.status, done.json()["kind"]), (201, "step"))
    checks.equal("and says so", [step["done"] for step in server.get(path + "/runbook")["steps"]][:2], [True, False])
    checks.equal("no such step", server.call("GET", path + "/runbook/99").status, 404)
    note = server.post(path + "/notes", {"text": "The tool is down.\n- [ ] cache its answers"})
    checks.equal("a note", (note.status, note.json()["kind"]), (201, "note"))
    changed = server.call("PATCH", path, json.dumps({"owner": "ann@example.com", "severity": "major"}).encode(), {"content-type": "application/json"})
    checks.equal("an owner", (changed.status, changed.json()["owner"], [entry["kind"] for entry in changed.json()["timeline"]][-2:]), (200, "ann@example.com", ["severity", "owner"]))
    linked = server.post(path + "/links", {"kind": "trace", "id": f"{7:032x}", "note": "the first"})
    checks.equal("a trace", (linked.status, linked.json()["traces"]), (200, 1))
    for body, word in [({"severity": "awful"}, "critical"), ({"runbook": "magic"}, "magic"), ({"ownr": "x"}, "owner"), ({"filter": "agnt=x"}, "agent"),
                       ({"began": "2099-01-01T00:00:00Z"}, "ahead")]:
        answer = server.call("PATCH", path, json.dumps(body).encode(), {"content-type": "application/json"})
        checks.check(f"{body} is refused", answer.status == 400 and word in answer.message, answer.body)
    figures = {figure["name"]: figure for figure in server.get(path + "/impact")["figures"]}
    checks.equal("what it did", (figures["Runs"]["now"], figures["People"]["now"], figures["Share of tool calls that failed"]["now"]), (1, 1, 1))


def by_hand(checks, server):
    events = [event["id"] for event in server.get("/api/v1/alerts/events")["events"] if event["notice"] == "firing"]
    made = server.post("/api/v1/incidents", {"title": "Seen by a person", "severity": "minor", "alerts": events[:1], "traces": [f"{8:032x}"], "note": "look"})
    checks.equal("opened by hand", (made.status, made.json()["alerts"], made.json()["traces"], made.json()["opened_by"]), (201, 1, 1, "local"))
    checks.equal("no such firing", server.post("/api/v1/incidents", {"title": "x", "alerts": ["evt_none"]}).status, 404)
    checks.equal("without a word", server.post("/api/v1/incidents", {}).status, 400)
    more = server.post(f"/api/v1/incidents/{made.json()['id']}/alerts", {"events": events})
    checks.equal("more alerts", more.json()["alerts"], len(events))


def on_the_command_line(checks, server, home):
    def run(*said):
        return command("incident", *said, "--server", server.url)

    checks.check("pawl incident list", "INC-1" in run("list", "--status", "active").stdout, run("list"))
    checks.check("pawl incident note", run("note", "INC-1", "seen from the shell").returncode == 0, "")
    shown = run("show", "1")
    checks.check("pawl incident show", "seen from the shell" in shown.stdout and "ann@example.com" in shown.stdout, shown)
    server.call("PUT", "/api/v1/datasets/from%20incidents", b"{}", {"content-type": "application/json"})
    made = run("case", "INC-1", "--dataset", "from incidents", "--trace", f"{7:032x}")
    checks.check("pawl incident case", made.returncode == 0 and "from incidents" in made.stdout, made)
    checks.equal("the incident knows its case", server.get("/api/v1/incidents/INC-1")["cases"], 1)
    checks.check("pawl incident resolve", "resolved" in run("resolve", "INC-1", "--why", "the tool is back").stdout, "")
    path = os.path.join(home, "INC-1.md")
    checks.check("pawl incident export", run("export", "INC-1", "-o", path).returncode == 0, "")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for heading in ("# INC-1", "## Impact", "## What explains it", "## Timeline", "## Notes", "## What we change", "## Cases that it gave"):
        checks.check(f"the post-mortem has {heading}", heading in text, text[:500])
    checks.check("with what was said", "- [ ] cache its answers" in text and "the tool is back" in text and "from incidents" in text, text)
    checks.check("and a figure that links", re.search(r"\| \[Runs\]\(http\S+\) \| 1 \|", text), text)
    checks.check("the audit has all of it", {"incidents.open", "incidents.change", "incidents.note", "incidents.case", "incidents.link", "incidents.step"} <= audited(server), audited(server))


def audited(server):
    return {entry["action"] for entry in server.get("/api/v1/audit")["entries"]}


def check(checks, server, home):
    one = opened_by_rule(checks, server)
    worked_on(checks, server, one)
    by_hand(checks, server)
    on_the_command_line(checks, server, home)
