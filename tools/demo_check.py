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
import urllib.parse
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


def plain_findings(session):
    """{rule} by a second, plain reading of docs/reference/findings.md: of rules that need no more than calls and their order."""
    out = set()
    spans = [s for s in session["spans"] if not s["noise"]]
    for trace in {s["trace_id"] for s in spans}:
        mine = [s for s in spans if s["trace_id"] == trace]
        calls, streak = {}, {}
        for call in (s for s in mine if s["kind"] == "tool" and (s.get("tool") or {}).get("name") not in (None, "think")):
            name, arguments = call["tool"]["name"], call["tool"].get("arguments")
            if arguments is not None:
                key = (name, json.dumps(arguments, sort_keys=True))
                calls[key] = calls.get(key, 0) + 1
            streak[name] = streak.get(name, 0) + 1 if call["status"] == "error" else 0
            if streak[name] >= 3:
                out.add("failure_streak")
        if max(calls.values(), default=0) >= 3:
            out.add("repeated_call")
        if any({"length", "max_tokens"} & set(s["finish_reasons"]) for s in mine if s["kind"] == "llm"):
            out.add("truncated")
    return out


def check_rules(api, check, _):
    """Precision and recall of rules against the plain reading, over every session with a finding and every tenth of the others."""
    found = {}
    for (session, rule) in api.query(["sessions"], ["session", "finding"], "has:finding"):
        found.setdefault(session, set()).add(rule)
    others = sorted({key[0] for key in api.query(["sessions"], ["session"])} - set(found))[::10]
    right, said, true = {}, {}, {}
    looked = [session for session in sorted(found)[:80] + others[:80] if session]
    for session in looked:
        plain = plain_findings(api.call("sessions/" + urllib.parse.quote(session, safe="")))
        for rule in ("repeated_call", "failure_streak", "truncated"):
            ours = rule in found.get(session, ()) or (rule == "repeated_call" and rule in plain and "loop" in found.get(session, ()))  # a loop says it of its calls
            said[rule], true[rule] = said.get(rule, 0) + ours, true.get(rule, 0) + (rule in plain)
            right[rule] = right.get(rule, 0) + (ours and rule in plain)
    for rule, n in sorted(said.items()):
        precision, recall = (right[rule] / n if n else 1.0), (right[rule] / true[rule] if true[rule] else 1.0)
        print(f"findings: {rule}: precision {precision:.2f} ({right[rule]} of {n}), recall {recall:.2f} ({right[rule]} of {true[rule]}) over {len(looked)} sessions")
        check.same(f"{rule} that a plain reading sees too", right[rule], true[rule], 0)


def main(url, truth_path):
    with open(truth_path, encoding="utf-8") as f:
        truth = json.load(f)
    api, check = Api(url), Check()
    for part in (check_groups, check_judgements, check_times, check_incidents, check_findings, check_rules):
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
