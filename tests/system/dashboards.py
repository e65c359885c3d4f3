"""Dashboards that users make, against a real server: versions, refusals that say where, and files (`pawl apply`)."""
import json
import os
import tempfile

from pawl import JSON, Checks, Server, command

LAYOUT = {"title": "On call", "figures": [{"label": "Cost", "measure": "cost", "worse": "up"}],
          "panels": [{"kind": "bars", "label": "Cost by team", "measure": "cost", "split": "team"},
                     {"kind": "ranks", "label": "Tools", "split": "tool", "columns": [{"label": "Calls", "measure": "tool_calls"}]}]}
ONE = "/api/v1/dashboards/on-call"


def put(server, path, value):
    return server.call("PUT", path, json.dumps(value).encode(), JSON)


def versions(checks, server):
    checks.equal("none at first", server.get("/api/v1/dashboards"), {"dashboards": []})
    first = put(server, ONE, LAYOUT)
    checks.check("saved", first.status == 200 and first.json()["version"] == 1, first.body)
    checks.equal("panels get ids", [panel["id"] for panel in first.json()["layout"]["panels"]], ["p1", "p2"])
    checks.equal("the same again is no version", put(server, ONE, LAYOUT).json()["version"], 1)
    checks.equal("a change is one", put(server, ONE, {**LAYOUT, "about": "nights", "base": 1}).json()["version"], 2)
    late = put(server, ONE, {**LAYOUT, "about": "days", "base": 1})
    checks.check("who edited an older one overwrites nothing", late.status == 409 and "Not saved" in late.message, late.body)
    checks.equal("an older version is kept", server.get(ONE + "?version=1")["layout"].get("about"), None)
    checks.equal("all of them", [one["version"] for one in server.get(ONE + "/versions")["versions"]], [2, 1])
    checks.equal("removed", server.call("DELETE", ONE).status, 200)
    checks.equal("it is gone", server.call("GET", ONE).status, 404)
    checks.equal("and from the list", server.get("/api/v1/dashboards")["dashboards"], [])
    checks.equal("its versions are kept", [one["layout"] is None for one in server.get(ONE + "/versions")["versions"]], [True, False, False])
    checks.equal("twice is not there", server.call("DELETE", ONE).status, 404)
    checks.equal("it comes back as the next version", put(server, ONE, {**LAYOUT, "base": 0}).json()["version"], 4)
    told = [entry["action"] for entry in server.get("/api/v1/audit")["entries"]]
    checks.check("the audit table knows", told.count("dashboard.save") == 3 and told.count("dashboard.remove") == 1, told)


def refusals(checks, server):
    def refused(name, value, words, path="/api/v1/dashboards/other"):
        answer = put(server, path, value)
        checks.check(name, answer.status == 400 and all(word in answer.message for word in words), answer.body)

    def panel(**fields):
        return {"title": "x", "panels": [{"kind": "lines", "label": "x", "measure": "cost", **fields}]}

    refused("a typo in a key", panel(filtr="kind=llm"), ["panels[0]", "filtr", "filter?"])
    refused("a measure that is not there", panel(measure="costs"), ["panels[0]", "cost"])
    refused("a mistake in a filter", panel(filter="durration>1s"), ["panels[0]", "duration?"])
    refused("a split that cannot be", panel(split="trace"), ["panels[0]", "trace"])
    refused("no title", {"panels": []}, ["title"])
    refused("a built-in name", LAYOUT, ["built-in"], "/api/v1/dashboards/fleet")
    refused("an odd name", LAYOUT, ["a-z"], "/api/v1/dashboards/On%20call")
    refused("another name in the file", {**LAYOUT, "name": "this"}, ["this", "other"])
    checks.equal("no JSON", server.call("PUT", "/api/v1/dashboards/other", b"{", JSON).status, 400)
    checks.equal("nothing of it was saved", server.call("GET", "/api/v1/dashboards/other").status, 404)


def files(checks, server):
    with tempfile.TemporaryDirectory() as folder:
        def file(name, value):
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as out:
                json.dump(value, out)
            return path
        good, bad, nameless = file("a.json", {**LAYOUT, "name": "from-file"}), file("b.json", {**LAYOUT, "name": "bad", "titel": 1}), file("c.json", LAYOUT)
        said = command("apply", "-f", good, "--server", server.url)
        checks.check("applied", said.returncode == 0 and "from-file is version 1" in said.stdout, said)
        said = command("apply", "-f", bad, "-f", good, "-f", nameless, "--server", server.url)
        checks.check("a bad file says which and why, the good one beside it is kept",
                     said.returncode != 0 and "b.json" in said.stderr and "titel" in said.stderr and "c.json" in said.stderr and "from-file is version 1" in said.stdout, said)
        checks.equal("only the good ones are there", [one["name"] for one in server.get("/api/v1/dashboards")["dashboards"]], ["from-file", "on-call"])


def main():
    checks = Checks()
    with Server() as server:
        versions(checks, server)
        refusals(checks, server)
        files(checks, server)
    checks.finish()


main()
