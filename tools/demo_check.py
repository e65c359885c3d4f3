#!/usr/bin/env python3
"""demo_check.py URL [TRUTH]: is what the API answers about the staged demo what data/demo/truth.json says?

Compares with every total that the API can be asked for: sessions, model calls, tokens and cost by agent, team and
version; sessions that are blocked, judged and done; guardrails that fired, thumbs and scores; times; the planted
incidents. Live traffic that came after (sessions named live-…) is left out. PAWL_KEY is sent where it is set.
Exit code: 0 all agree, 1 something differs, 3 the server does not answer.
"""
import datetime
import json
import os
import sys
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
NOT_LIVE = "-session~live-"
ONE_TURN = ("orders-concierge", "ledger-analyst", "workspace-assistant", "research-crew")  # no pauses of users
SUMS = ("sessions", "cost", "tokens.input", "tokens.cache_read", "tokens.output", "guardrail_triggers")
QUANTILE_ERROR = 0.03  # 1 % of the histogram on each side, and how a quantile between two values is read


def iso(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


class Api:
    def __init__(self, url):
        self.url = url.rstrip("/") + "/api/v1/"
        now = datetime.datetime.now(datetime.timezone.utc)
        self.range = (iso(now - datetime.timedelta(days=16)), iso(now + datetime.timedelta(hours=1)))

    def call(self, path, body=None):
        headers = {"content-type": "application/json"}
        if os.environ.get("PAWL_KEY"):
            headers["authorization"] = "Bearer " + os.environ["PAWL_KEY"]
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def query(self, measures, dimensions=(), filter="", span=None, grain="span"):
        """{tuple of the dimensions' values: {measure: number or None}}"""
        start, end = span or self.range
        body = {"measures": list(measures), "dimensions": list(dimensions), "from": start, "to": end, "limit": 10000,
                "filter": (NOT_LIVE + " " + filter).strip(), "grain": grain}
        answer = self.call("query", body)
        names = [column["name"] for column in answer["columns"]]
        out = {}
        for row in answer["rows"]:
            cells = dict(zip(names, row))
            key = tuple(cells[name] for name in dimensions)
            out[key] = {name: None if cells[name] is None else float(cells[name]) for name in measures}
        return out


class Check:
    def __init__(self):
        self.right, self.wrong = 0, []

    def same(self, what, got, want, tolerance=0.0):
        if got is not None and abs(got - want) <= tolerance + 1e-9:
            self.right += 1
        else:
            self.wrong.append(f"{what}: the API says {got}, the truth is {want} (± {tolerance:g})")


def rounding(sessions):
    """Each session's cost was rounded to 1e-6 dollars, the sum to 1e-4."""
    return 0.5e-4 + 0.5e-6 * sessions


def check_sums(check, what, got, want):
    check.same(what + " sessions", got["sessions"], want["sessions"])
    check.same(what + " cost_usd", got["cost"], want["cost_usd"], rounding(want["sessions"]))
    paid = (got["sessions"] or 0) - want["blocked"]  # a blocked session called no model
    check.same(what + " cost_per_session", (got["cost"] or 0) / max(1, paid), want["cost_per_session"], 1.5e-6)
    cached = got["tokens.cache_read"] or 0
    check.same(what + " cached_tokens", cached, want["cached_tokens"])
    check.same(what + " input_tokens", (got["tokens.input"] or 0) + cached, want["input_tokens"])
    check.same(what + " output_tokens", got["tokens.output"] or 0, want["output_tokens"])
    check.same(what + " guardrail_triggers", got["guardrail_triggers"], want["guardrail_triggers"])


def check_groups(api, check, truth):
    measures = SUMS + ("cost_unknown_calls",)
    total = api.query(measures)[()]
    check_sums(check, "total", total, truth["total"])
    check.same("calls without a price", total["cost_unknown_calls"], 0)
    by_agent = api.query(measures, ["agent"])
    for agent, want in truth["by_agent"].items():
        check_sums(check, agent, by_agent.get((agent,), dict.fromkeys(measures)), want)
    by_version = api.query(measures, ["agent", "agent_version"])
    for name, want in truth["by_version"].items():
        check_sums(check, name, by_version.get(tuple(name.split(" ")), dict.fromkeys(measures)), want)
    by_team = api.query(["cost"], ["team"])
    check.same("teams", len(by_team), len(truth["by_team_cost_usd"]))
    for team, want in truth["by_team_cost_usd"].items():
        check.same(team + " cost_usd", by_team.get((team,), {}).get("cost"), want, rounding(1000))


def counted(api, dimensions, filter, grain="span"):
    return {key: row["sessions"] for key, row in api.query(["sessions"], dimensions, filter, grain=grain).items()}


def check_judgements(api, check, truth):
    """Each stands on one span of a session: the root of its last turn."""
    split = ["agent", "agent_version"]
    done = counted(api, split, "outcome=done")
    failed = counted(api, split, 'outcome="not done"')
    up, down = (counted(api, split, f"attr.pawl.feedback={thumb}") for thumb in (1, -1))
    blocked = counted(api, split, "status=blocked kind=agent,workflow")
    goals = counted(api, split + ["attr.pawl.score.goal"], "kind=agent,workflow")
    for name, want in truth["by_version"].items():
        key = tuple(name.split(" "))
        judged = done.get(key, 0) + failed.get(key, 0)
        check.same(name + " judged", judged, want["judged"])
        check.same(name + " success_rate", done.get(key, 0) / judged if judged else 0, want["success_rate"], 0.5e-4)
        check.same(name + " thumbs_up", up.get(key, 0), want["thumbs_up"])
        check.same(name + " thumbs_down", down.get(key, 0), want["thumbs_down"])
        check.same(name + " blocked", blocked.get(key, 0), want["blocked"])
        scores = [(float(k[2]), n) for k, n in goals.items() if k[:2] == key and k[2] not in ("", None)]
        mean = sum(score * n for score, n in scores) / max(1, sum(n for _, n in scores))
        check.same(name + " mean_goal_score", mean, want["mean_goal_score"], 0.5e-4)


def check_times(api, check, truth):
    got = api.query(["latency.p50", "latency.p95"], ["agent"], "-status=blocked", grain="session")
    for agent in ONE_TURN:
        for quantile in ("p50", "p95"):
            seconds = (got.get((agent,), {}).get("latency." + quantile) or 0) / 1e3
            want = truth["by_agent"][agent][quantile + "_s"]
            check.same(f"{agent} {quantile}_s", seconds, want, want * QUANTILE_ERROR)


def check_incidents(api, check, truth):
    with open(os.path.join(HERE, "..", "data", "demo", "incidents.json"), encoding="utf-8") as f:
        sessions_of = json.load(f)
    for incident in truth["incidents"]:
        name = incident["id"]
        filter = "session=" + ",".join(sessions_of[name])
        want = truth["by_incident"][name]
        check_sums(check, name, api.query(SUMS, [], filter)[()], want)
        if incident["kind"] != "latency degradation":
            continue
        got = api.query(["latency.p50"], [], filter, grain="session")[()]
        check.same(name + " p50_s", (got["latency.p50"] or 0) / 1e3, want["p50_s"], want["p50_s"] * QUANTILE_ERROR)


def check_findings(api, check, truth):
    """The planted hand-over loop is found by the rules of findings, in each of its sessions and in no other."""
    with open(os.path.join(HERE, "..", "data", "demo", "incidents.json"), encoding="utf-8") as f:
        planted = set(json.load(f)["crew-loop"])
    one = f"session={sorted(planted)[0]}"
    crew = {key[0] for key in api.query(["sessions"], ["session"], "agent=research-crew")}
    found = {key[0] for key in api.query(["sessions"], ["session"], "finding=loop,ping_pong,repeated_call")}
    circles = {key[0] for key in api.query(["sessions"], ["session"], "finding=loop,ping_pong")}
    right = len(found & planted)
    print(f"findings: {right} of {len(planted)} planted loops found; of {len(circles)} sessions with a loop or ping-pong {len(circles & planted)} were planted")
    check.same("planted loops that are found", right, len(planted), 0)
    check.same("loops and ping-pong that nobody planted", len(circles - planted), 0, 0)
    check.same("sessions of the crew that nothing was found in are there too", bool(crew - found), True, 0)
    waste = (api.query(["wasted_cost"], [], one)[()]["wasted_cost"] or 0, api.query(["cost"], [], one)[()]["cost"])
    check.same("most of a planted loop's money is called wasted", waste[1] / 2 < waste[0] <= waste[1], True, 0)


def main(url, truth_path):
    with open(truth_path, encoding="utf-8") as f:
        truth = json.load(f)
    api, check = Api(url), Check()
    for part in (check_groups, check_judgements, check_times, check_incidents, check_findings):
        try:
            part(api, check, truth)
        except urllib.error.HTTPError as error:
            check.wrong.append(f"{part.__name__}: {error} {error.read().decode(errors='replace')[:300]}")
        except OSError as error:
            print(f"{url} does not answer: {error}", file=sys.stderr)
            return 3
    for line in check.wrong:
        print("  " + line)
    print(f"demo: {check.right} totals agree, {len(check.wrong)} do not")
    return 1 if check.wrong else 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else os.path.join(HERE, "..", "data", "demo", "truth.json")))
