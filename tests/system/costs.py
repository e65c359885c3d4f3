"""Money over the demo's fleet: the FOCUS export adds up to what the API answers, to the pico-dollar, and its values are allowed ones."""
import contextlib
import csv
import glob
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
from decimal import Decimal

from costs_reports import reports
from mail_server import MailServer
from pawl import ROOT, Checks, Server, command, span, traces_body, JSON

checks = Checks()
AT = 1_793_692_800_000_000_000  # 2026-11-03T08:00:00Z
DAY = 86_400_000_000_000
RANGE = "from=2026-11-01&to=2026-12-01"


def call_span(trace, at, agent="", team="", **more):
    words = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 1234,
             "gen_ai.usage.output_tokens": 77} | {k.replace("__", "."): v for k, v in more.items()}
    if agent:
        words["gen_ai.agent.name"] = agent
    if team:
        words["pawl.team"] = team
    return span(trace, trace * 16 + 1, "chat", None, at, **{k.replace(".", "__"): v for k, v in words.items()})


def send(server):
    spans = []
    for i in range(120):
        at = AT + (i % 3) * DAY + i * 1_000_000_000
        which = i % 6
        if which == 0:
            spans.append(call_span(1000 + i, at, "refunds", "support", gen_ai__usage__cache_read__input_tokens=1000 + i, user__id=f"u{i % 4}"))
        elif which == 1:
            spans.append(call_span(1000 + i, at, "research", "growth", gen_ai__provider__name="anthropic", gen_ai__request__model="claude-sonnet-4-5-20250929",
                                   gen_ai__usage__input_tokens=150_000 + i * 1000))  # some beyond the tier at 200,000
        elif which == 2:
            spans.append(call_span(1000 + i, at))  # nobody's
        elif which == 3:
            spans.append(call_span(1000 + i, at, "=danger,\"x\"", gen_ai__request__model="o3-mini", tenant="acme"))
        elif which == 4:
            spans.append(call_span(1000 + i, at, "house", gen_ai__provider__name="house", gen_ai__request__model="house-1"))  # no price
        else:
            spans.append(call_span(1000 + i, at, "refunds", "support", gen_ai__openai__response__service_tier="flex", gen_ai__request__model="o3"))
    for i in range(12):  # a tool that charges by call, in runs that are there, told by a framework and by the server below it
        at, below = AT + (i * 6 % 3) * DAY + i * 6 * 1_000_000_000, (1000 + i * 6) * 16
        words = {"gen_ai__operation__name": "execute_tool", "gen_ai__tool__name": "web_search", "gen_ai__agent__name": "refunds", "pawl__team": "support", "search__pages": str(i)}
        spans.append(span(1000 + i * 6, below + 2, "execute_tool web_search", below + 1, at, **words))
        spans.append(span(1000 + i * 6, below + 3, "execute_tool web_search", below + 2, at, **words))
    for i in range(4):  # by a price of our own: half of the list's
        spans.append(call_span(5000 + i, AT + i * 1_000_000_000, "contract", "growth", gen_ai__request__model="gpt-4.1", gen_ai__usage__input_tokens=1_000_000))
    checks.equal("spans are taken", server.call("POST", "/v1/traces", traces_body(*spans), JSON).status, 200)
    server.stored()


def total(server, filter_text=""):
    answer = server.post("/api/v1/query", {"measures": ["cost"], "from": "2026-11-01", "to": "2026-12-01", "filter": filter_text})
    return Decimal(answer.json()["rows"][0][0])


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def columns():
    with open(os.path.join(ROOT, "tests/costs/focus-columns-1.2.csv"), encoding="utf-8") as file:
        return {row["column"]: row for row in csv.DictReader(file)}


def look_at_values(rows):
    known = columns()
    wrong = []
    for row in rows:
        for name, value in row.items():
            rule = known.get(name)
            if rule is None:
                if not name.startswith("x_"):
                    wrong.append((name, "no column of FOCUS 1.2"))
                continue
            if value == "":
                if rule["nullable"] == "no":
                    wrong.append((name, "empty"))
                continue
            if rule["type"] == "Decimal" and not re.fullmatch(r"-?\d+\.\d+", value):
                wrong.append((name, value))
            if rule["type"] == "Date/Time" and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value):
                wrong.append((name, value))
            if rule["type"] == "JSON":
                json.loads(value)
            allowed = [one.strip() for one in rule["values"].split(" / ")] if rule["values"] else []
            if allowed and value not in allowed:
                wrong.append((name, value))
    checks.equal("values that FOCUS 1.2 does not allow", wrong[:5], [])
    missing = [name for name, rule in known.items() if rule["level"] == "Mandatory" and name not in rows[0]]
    checks.equal("mandatory columns that are missing", missing, [])


def focus(server):
    answer = server.call("GET", f"/api/v1/costs/export?{RANGE}&attributes=user,attr.tenant")
    checks.equal("the export is answered", (answer.status, answer.headers["content-type"]), (200, "text/csv; charset=utf-8"))
    text = answer.body.decode()
    rows = rows_of(text)
    for column in ("EffectiveCost", "BilledCost", "ContractedCost", "PricingCurrencyEffectiveCost"):
        checks.equal(f"Sum({column}) is the total that the API answers", sum(Decimal(r[column]) for r in rows), total(server))
    listed = sum(Decimal(r["ListCost"]) for r in rows if r["x_Agent"] != "contract")
    checks.equal("Sum(ListCost) too, where there are no prices of one's own", listed, total(server, "agent!=contract"))
    own = [r for r in rows if r["x_Agent"] == "contract"]
    checks.equal("own prices: what the list says stands beside it", {(r["ContractedUnitPrice"], r["ListUnitPrice"]) for r in own}, {("1.0", "2.0"), ("4.0", "8.0")})
    checks.equal("and costs twice as much", sum(Decimal(r["ListCost"]) for r in own), 2 * total(server, "agent=contract"))
    look_at_values(rows)
    nobody = [r for r in rows if r["x_CostSource"] == "unattributed"]
    checks.equal("what belongs to nobody has rows of its own", {r["ChargeCategory"] for r in nobody}, {"Adjustment"})
    checks.equal("nobody's cost", sum(Decimal(r["EffectiveCost"]) for r in nobody), total(server, "-has:agent"))
    kinds = {r["x_TokenType"] for r in rows if r["x_Agent"] == "refunds" and r["x_ModelServed"] == "gpt-4o"}
    checks.equal("kinds of tokens are told apart", kinds, {"input", "cache_read", "output"})
    for row in rows:
        if row["ListUnitPrice"]:
            product = Decimal(row["ListUnitPrice"]) * Decimal(row["PricingQuantity"])
            checks.check("quantity × price is the cost, but for rounding", abs(product - Decimal(row["ListCost"])) <= Decimal(row["x_SpanCount"] or 1) * Decimal("1e-12"), row)
    prices = {r["ListUnitPrice"] for r in rows if r["x_Agent"] == "research" and r["x_TokenType"] == "input"}
    checks.equal("a tier is a price of its own", prices, {"3.0", "6.0"})
    checks.equal("a tier of service is told", {r["x_ServiceTier"] for r in rows if r["x_ModelServed"] == "o3"}, {"flex"})
    unknown = [r for r in rows if r["x_CostSource"] == "unknown"]
    checks.equal("what has no price is there with its tokens", sum(int(r["x_TokenCount"]) for r in unknown), 20 * (1234 + 77))
    checks.check("a spreadsheet takes no name for a formula", "'=danger" in text and not re.search(r'(^|,)"?=danger', text, re.M))
    checks.equal("attributes asked for are tags", {json.loads(r["Tags"]).get("user") for r in rows if r["x_UserId"]}, {f"u{i}" for i in range(4) if i % 2 == 0})
    hours = rows_of(server.call("GET", f"/api/v1/costs/export?{RANGE}&by=hour").body.decode())
    checks.equal("by hour it adds up too", sum(Decimal(r["EffectiveCost"]) for r in hours), total(server))
    plain = rows_of(server.call("GET", f"/api/v1/costs/export?{RANGE}&format=csv&attributes=user").body.decode())
    checks.equal("the plain table adds up too", sum(Decimal(r["cost_usd"]) for r in plain), total(server))
    checks.check("and has a column for what was asked", "user" in plain[0])
    return text


def shared(server):
    rows = rows_of(server.call("GET", f"/api/v1/costs/export?{RANGE}&shared=support&split=tokens").body.decode())
    checks.equal("shared cost is split and adds up", sum(Decimal(r["EffectiveCost"]) for r in rows), total(server))
    parts = [r for r in rows if r["x_AllocationMethod"]]
    checks.equal("by what and from whom is told", {(r["x_AllocationMethod"], r["x_AllocatedFrom"], r["ChargeCategory"], r["x_CostSource"]) for r in parts}, {("tokens", "support", "Adjustment", "allocated")})
    left = {day: sum(Decimal(r["EffectiveCost"]) for r in rows if r["x_Team"] == "support" and r["ChargePeriodStart"].startswith(day)) for day in ("2026-11-03", "2026-11-05")}
    checks.check("nothing is left with the team that shares, but on a day without another team", left["2026-11-03"] == 0 and left["2026-11-05"] > 0, left)
    look_at_values(rows)
    answer = server.call("GET", f"/api/v1/costs/export?{RANGE}&shared=support&shared_by=moon")
    checks.check("shared by what is not offered is refused", answer.status == 400 and "team or agent" in answer.message, answer.message)


def parquet(server, text):
    answer = server.call("GET", f"/api/v1/costs/export?{RANGE}&attributes=user,attr.tenant&format=parquet")
    body = answer.body
    checks.equal("FOCUS as Parquet is answered", (answer.status, answer.headers["content-type"], body[:4], body[-4:]), (200, "application/vnd.apache.parquet", b"PAR1", b"PAR1"))
    python, why = python_for_validator()
    if python is None:
        print(f"  skipped: reading the Parquet file: {why}")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "focus.parquet")
        with open(path, "wb") as file:
            file.write(body)
        code = ("import json, sys, pyarrow.parquet as p; t = p.read_table(sys.argv[1]); "
                "print(json.dumps({'rows': t.num_rows, 'cost': str(sum(v for v in t['EffectiveCost'].to_pylist())), "
                "'types': {f.name: str(f.type) for f in t.schema}, 'agents': sorted({v or '' for v in t['x_Agent'].to_pylist()})}))")
        done = subprocess.run([python, "-c", code, path], capture_output=True, text=True, check=False, timeout=120)
    if not checks.check("pyarrow reads it", done.returncode == 0, done.stderr):
        return
    said, rows = json.loads(done.stdout), rows_of(text)
    checks.equal("as many rows as the CSV", said["rows"], len(rows))
    checks.equal("the same sum, exact", Decimal(said["cost"]), total(server))
    checks.equal("columns have types", (said["types"]["EffectiveCost"], said["types"]["ChargePeriodStart"], said["types"]["x_TokenCount"]), ("decimal128(38, 12)", "timestamp[ms, tz=UTC]", "int64"))
    checks.check("names stand as they are: no spreadsheet reads it", '=danger,"x"' in said["agents"], said["agents"])


def tables(server):
    """Rows, the unattributed one and what the limit cut off are the total, whatever the dimension; shared cost moves, and none is made."""
    for by, limit in (("agent", 1000), ("agent", 1), ("user", 1000), ("model", 2), ("attr.tenant", 10), ("team,model", 1000), ("customer", 5), ("project", 10)):
        table = server.get(f"/api/v1/costs?{RANGE}&by={by}&limit={limit}")
        parts = [*table["rows"], table["unattributed"], table["other"]]
        for figure in ("cost_usd", "calls", "tokens", "unknown_calls"):
            checks.equal(f"{figure} by {by} adds up", sum(Decimal(row[figure] or 0) for row in parts), Decimal(table["total"][figure]))
        checks.equal(f"by {by}: the total", Decimal(table["total"]["cost_usd"]), total(server))
    for split in ("cost", "tokens", "calls", "equal"):
        for shared in ("unattributed", "refunds"):
            table = server.get(f"/api/v1/costs?{RANGE}&by=agent&shared={shared}&split={split}")
            parts = [*table["rows"], table["unattributed"]]
            checks.equal(f"{shared} split by {split}: nothing is made", sum(Decimal(row["shared_usd"]) for row in parts), 0)
            checks.equal(f"{shared} split by {split}: the total", sum(Decimal(row["total_usd"]) for row in parts), total(server))
            giver = table["unattributed"] if shared == "unattributed" else next(r for r in table["rows"] if r["key"] == [shared])
            checks.equal(f"{shared} split by {split}: it keeps nothing", Decimal(giver["total_usd"]), 0)
    for query, words in (("by=tag", "would not add up"), ("by=agentt", "Did you mean agent?"), ("shared=refunds&split=luck", "split=luck"), ("limit=0", "1 to 10000")):
        answer = server.call("GET", "/api/v1/costs?" + query)
        checks.check(f"{query} is refused", answer.status == 400 and words in answer.message, answer.message)


def what_if(server):
    ask = lambda **body: server.post("/api/v1/costs/what-if", {"from": "2026-11-01", "to": "2026-12-01"} | body)  # noqa: E731
    one = ask(models=[{"from": "gpt-4o", "to": "gpt-4o-mini"}]).json()
    checks.equal("what it did cost", Decimal(one["actual_usd"]), total(server))
    model = next(m for m in one["models"] if m["model"] == "gpt-4o")
    # gpt-4o-mini: $0.15, $0.075 cached, $0.60 a million. 20 calls of refunds with cache, 20 of nobody.
    cached = sum(1000 + i for i in range(0, 120, 6))
    wanted = (Decimal("0.15") * (40 * 1234 - cached) + Decimal("0.075") * cached + Decimal("0.60") * 40 * 77) / 1_000_000
    checks.equal("gpt-4o as gpt-4o-mini, by hand", Decimal(model["repriced_usd"]), wanted)
    checks.equal("the rest is as it was", Decimal(one["difference_usd"]), wanted - Decimal(model["actual_usd"]))
    same = ask(models=[{"from": m, "to": m} for m in ("gpt-4o", "o3", "o3-mini", "claude-sonnet-4-5-20250929")]).json()
    checks.equal("the same models cost the same, tiers and flex too", Decimal(same["difference_usd"]), 0)
    doubled = {"providers": [{"id": "openai", "name": "OpenAI", "models": [{"id": "gpt-4o", "match": {"equals": "gpt-4o"}, "prices": [{"prices": {
        "input_mtok": "5", "cache_read_mtok": "2.5", "output_mtok": "20"}}]}]}]}
    listed = ask(prices=doubled, filter="model=gpt-4o")
    checks.equal("another price list is taken", listed.status, 200)
    checks.equal("twice the price is twice the cost", Decimal(listed.json()["repriced_usd"]), 2 * total(server, "model=gpt-4o"))
    nothing = ask(models=[{"from": "gpt-4o", "to": "no-such-model"}]).json()
    checks.check("a model without a price keeps its cost, and says so", Decimal(nothing["difference_usd"]) == 0 and nothing["models"][0]["kept_because"], nothing)
    for body, words in (({}, "what is to change"), ({"models": [{"from": "a"}]}, "Each of models"), ({"prices": {"providers": 1}}, "providers"), ({"models": [{"from": "a", "to": "b"}], "from": "2026-11-01T00:10:00Z"}, "start of an hour")):
        answer = ask(**body)
        checks.check(f"{json.dumps(body)} is refused", answer.status == 400 and words in answer.message, answer.message)


def budgets(server):
    put = lambda name, **body: server.call("PUT", "/api/v1/budgets/" + name, json.dumps(body).encode(), JSON)  # noqa: E731
    made = put("all", limit_usd="100", period="month")
    checks.equal("a budget is made", made.status, 200)
    one = made.json()
    checks.equal("what it says is spent", Decimal(one["spent_usd"]), total(server))
    checks.equal("its month", (one["period_start"][:10], one["period_end"][:10]), ("2026-11-01", "2026-12-01"))
    local = put("team", limit_usd="0.000000000001", scope="team", value="support", period="month", timezone="America/New_York").json()
    checks.equal("a local month", (local["period_start"][:19], local["period_end"][:19]), ("2026-11-01T04:00:00", "2026-12-01T05:00:00"))
    checks.equal("a team's spending", Decimal(local["spent_usd"]), total(server, "team=support"))
    checks.equal("it is exceeded", local["state"], "exceeded")
    checks.check("the forecast has an interval", Decimal(one["forecast_p10_usd"]) <= Decimal(one["forecast_p50_usd"]) <= Decimal(one["forecast_p90_usd"]) and one["method"] in ("mean", "holt_winters"), one)
    whole = put("everything", limit_usd="50", scope="organisation").json()
    checks.equal("a budget of the organisation counts every project", Decimal(whole["spent_usd"]), total(server))
    checks.equal("it is deleted", server.call("DELETE", "/api/v1/budgets/everything").status, 200)
    checks.equal("both are listed", [b["name"] for b in server.get("/api/v1/budgets")["budgets"]], ["all", "team"])
    for body, words in (({"limit_usd": "0"}, "above 0"), ({"limit_usd": "x"}, "above 0"), ({"limit_usd": "1", "scope": "team"}, "must name"), ({"limit_usd": "1", "scope": "moon", "value": "x"}, "scope=moon"),
                        ({"limit_usd": "1", "period": "year"}, "day, week or month"), ({"limit_usd": "1", "timezone": "Europe/Berlim"}, "Europe/Berlin")):
        answer = put("bad", **body)
        checks.check(f"{json.dumps(body)} is refused", answer.status == 400 and words in answer.message, answer.message)
    done = command("cost", "budget", "list", "--server", server.url)
    checks.check("the command lists them", done.returncode == 0 and "exceeded" in done.stdout, done.stdout + done.stderr)
    checks.equal("one is deleted", server.call("DELETE", "/api/v1/budgets/team").status, 200)
    checks.equal("and is gone", server.call("DELETE", "/api/v1/budgets/team").status, 404)


def page(day, *results):
    """A page of OpenAI's costs or usage, of one day of November."""
    at = AT // 1_000_000_000 // 86400 * 86400 + (day - 3) * 86400
    return json.dumps({"object": "page", "data": [{"object": "bucket", "start_time": at, "end_time": at + 86400, "results": list(results)}], "has_more": False}).encode()


def charge(item, value, quantity=None, **more):
    return {"amount": {"value": float(value), "currency": "usd"}, "line_item": item, "quantity": quantity, "quantity_unit": "tokens" if quantity else None} | more


def bills(server):
    send_bill = lambda body: server.call("POST", "/api/v1/costs/bills", body, {"content-type": "application/octet-stream"})  # noqa: E731
    seen = {}  # of the third: what the export says, by kind
    for row in rows_of(server.call("GET", f"/api/v1/costs/export?{RANGE}&format=csv").body.decode()):
        if row["model"] == "gpt-4o" or row["model_requested"] == "gpt-4o":
            if row["period_start"].startswith("2026-11-03"):
                cost, tokens = seen.get(row["type"], (Decimal(0), Decimal(0)))
                seen[row["type"]] = cost + Decimal(row["cost_usd"]), tokens + Decimal(row["quantity"])
    same = [charge(f"gpt-4o-2024-08-06, {name}", cost, int(tokens)) for name, (cost, tokens) in (("input", seen["input"]), ("cached input", seen["cache_read"]), ("output", seen["output"]))]
    first = send_bill(page(3, *same, charge("web search tool calls", 0.5)))
    checks.equal("an export of OpenAI is taken", (first.status, first.json()["source"], first.json()["records"], first.json()["fresh"]), (200, "openai.costs", 4, 4))
    again = send_bill(page(3, *same, charge("web search tool calls", 0.25)))
    checks.equal("a later export replaces", (again.json()["fresh"], again.json()["replaced"]), (0, 4))
    table = lambda extra="": server.get(f"/api/v1/costs/reconcile?{RANGE}{extra}")  # noqa: E731
    answer = table()
    third = [r for r in answer["rows"] if r["day"] == "2026-11-03" and r["provider"] == "openai"]
    checks.equal("what is billed as seen agrees", {r["type"] for r in third if r["agrees"] and r["model"].startswith("gpt-4o")}, {"input", "cache_read", "output"})
    checks.equal("tools by call that Pawl does not price", [(r["billed_usd"], r["reason"]) for r in third if r["type"] == "tools"], [("0.25", "server_tools")])
    checks.equal("a model that nobody bills stays in view", {r["reason"] for r in answer["rows"] if r["model"] == "house-1"}, {"no_bill"})
    checks.equal("days without a bill are in no total", Decimal(answer["total"]["billed_usd"]), sum(Decimal(str(one["amount"]["value"])) for one in same) + Decimal("0.25"))
    # The fourth: the same tokens at 30 times the price; by keys first, then by model alone: the bucket is told anew.
    dear = [charge(one["line_item"], Decimal(str(one["amount"]["value"])) * 30, one["quantity"], api_key_id="key-1") for one in same]
    send_bill(page(3, *dear))
    checks.equal("another grouping of the same day replaces the day", server.get("/api/v1/costs/bills")["imports"][0]["records"], 3)
    answer = table()
    third = [r for r in answer["rows"] if r["day"] == "2026-11-03" and r["model"].startswith("gpt-4o")]
    checks.equal("tokens agree and money does not: the price", {r["reason"] for r in third}, {"price"})
    checks.check("reasons are said in words", [r for r in answer["reasons"] if r["name"] == "price" and r["rows"] == 3 and "price" in r["sentence"]], answer["reasons"])
    checks.equal("a filter narrows what was seen", {r["reason"] for r in table("&filter=agent%3Dnobody")["rows"]}, {"not_seen"})
    folder = os.path.join(ROOT, "tests/costs/providers")
    for source in ("openai_usage_completions.json", "anthropic_cost_report.json", "anthropic_usage_messages.json", "google_billing_export.jsonl", "aws_cur2_bedrock.csv"):
        done = command("cost", "import", os.path.join(folder, source), "--server", server.url)
        checks.check(f"the command imports {source}", done.returncode == 0 and "new" in done.stdout, done.stdout + done.stderr)
    done = command("cost", "reconcile", "--from", "2026-11-01", "--to", "2026-12-01", "--server", server.url)
    checks.check("the command shows every provider", done.returncode == 0 and all(name in done.stdout for name in ("AnthropicClaudeSonnet4.5", "Gemini 2.5 Pro", "not_usage", "price")), done.stdout + done.stderr)
    checks.equal("sources", [one["source"] for one in server.get("/api/v1/costs/bills")["imports"]], ["anthropic.costs", "anthropic.usage", "aws", "google", "openai.costs", "openai.usage"])
    checks.equal("one is removed", server.call("DELETE", "/api/v1/costs/bills?source=aws").json(), {"removed": 3})
    checks.equal("and is gone", server.call("DELETE", "/api/v1/costs/bills?source=aws").status, 404)
    for body, words in ((b"hello", "no export that Pawl knows"), (b"{\"data\": 7}", "no list"), (page(3, charge("x, input", 1, currency=1) | {"amount": {"value": 1, "currency": "eur"}}), "")):
        answer = send_bill(body)
        checks.check("what is no bill is refused with what it should be", (answer.status == 400 and words in answer.message) if words else answer.json()["problems"], answer.body)
    done = command("cost", "import", __file__, os.path.join(folder, "aws_cur2_bedrock.csv"), "--server", server.url)
    checks.check("a wrong file keeps no other back", done.returncode != 0 and "costs.py" in done.stderr and "aws" in done.stdout, done.stdout + done.stderr)


def objectives(server):
    put = lambda name, **body: server.call("PUT", "/api/v1/slos/" + name, json.dumps(body).encode(), JSON)  # noqa: E731
    now = 1_795_176_000_000_000_000  # the server's clock: 2026-11-20T12:00:00Z
    spans = []
    for i in range(200):  # one an hour ago and then two a minute: of the last 50 every second fails
        fails = i >= 150 and i % 2 == 0
        spans.append(span(9000 + i, (9000 + i) * 16 + 1, "invoke_agent desk", None, now - 3_600_000_000_000 + i * 15_000_000_000, gen_ai__operation__name="invoke_agent",
                          gen_ai__agent__name="desk", **({"error__type": "timeout"} if fails else {})) | ({"status": {"code": 2}} if fails else {}))
    checks.equal("runs are taken", server.call("POST", "/v1/traces", traces_body(*spans), JSON).status, 200)
    server.stored()
    made = put("desk-up", agent="desk", kind="availability", target=0.9)
    checks.equal("an objective is made", made.status, 200)
    one = made.json()
    checks.equal("runs and how many were bad", (one["valid"], one["bad"], one["sli"], one["state"]), (200, 25, 0.875, "broken"))
    checks.check("the budget is overspent by a quarter", abs(one["budget_left"] + 0.25) < 1e-9, one["budget_left"])
    page = one["burn"][0]
    checks.check("burn rates of two windows", abs(page["long_burn"] - 1.25) < 0.2 and not page["firing"] and one["burn"][0]["long"] == "1h", one["burn"])
    listed = server.post("/api/v1/query", {"measures": ["latency.count"], "grain": "trace", "filter": one["bad_filter"], "from": "2026-11-01", "to": "2026-12-01"}).json()
    checks.equal("its filter opens the same runs", listed["rows"], [[25]])
    shown = server.get("/api/v1/slos/desk-up")
    checks.equal("its days add up", (sum(d["valid"] for d in shown["history"]), sum(d["bad"] for d in shown["history"])), (200, 25))
    checks.equal("latency", (lambda slo: (slo["valid"], slo["bad"]))(put("desk-fast", agent="desk", kind="latency", threshold="1h", target=0.9).json()), (200, 0))
    cost = put("refunds-cheap", agent="refunds", kind="cost", threshold="0.003", target=0.9).json()
    by_hand = server.post("/api/v1/query", {"measures": ["latency.count"], "grain": "trace", "filter": "agent=refunds cost>0.003", "from": "2026-11-01", "to": "2026-12-01"}).json()["rows"][0][0]
    checks.equal("cost", (cost["valid"], cost["bad"]), (40, by_hand))
    for body, words in (({"agent": "a"}, "kind"), ({"agent": "a", "kind": "availability", "target": 2}, "0.99999"), ({"agent": "a", "kind": "availability", "target": 0.9, "filter": "durration>1"}, "Did you mean duration?"),
                        ({"agent": "a", "kind": "latency", "target": 0.9, "threshhold": "1s"}, "Did you mean threshold?")):
        answer = put("bad", **body)
        checks.check(f"{json.dumps(body)} is refused", answer.status == 400 and words in answer.message, answer.message)
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(json.dumps({"slo": {"name": "from a file", "agent": "desk", "kind": "availability", "target": 0.8}}))
        file.flush()
        done = command("apply", "-f", file.name, "--server", server.url)
        checks.check("an objective as a file", done.returncode == 0 and "from a file" in done.stdout, done.stdout + done.stderr)
    done = command("slo", "list", "--server", server.url)
    checks.check("the command lists them", done.returncode == 0 and all(word in done.stdout for word in ("desk-up", "87.50 %", "broken", "from a file")), done.stdout + done.stderr)
    done = command("slo", "show", "desk-up", "--server", server.url)
    checks.check("and shows one", done.returncode == 0 and "1h & 5m" in done.stdout, done.stdout + done.stderr)
    checks.equal("one is removed", (server.call("DELETE", "/api/v1/slos/desk-fast").status, server.call("GET", "/api/v1/slos/desk-fast").status), (200, 404))


def refusals(server):
    for query, words in (("from=2026-01-05T10:00:00Z", "start of a day"), ("from=tomorrow", "no time"), ("from=2026-02-01&to=2026-01-01", "not before"),
                         ("by=minute", "day or hour"), ("format=xls", "focus"), ("version=9", "1.2"), ("attributes=agentt", "Did you mean agent?"),
                         ("attributes=tag", "would not add up"), ("filter=durration%3E1", "Did you mean duration?")):
        answer = server.call("GET", "/api/v1/costs/export?" + query)
        checks.check(f"{query} is refused with what to do", answer.status == 400 and words in answer.message, answer.message)


def commands(server, text):
    done = command("cost", "export", "--server", server.url, "--from", "2026-11-01", "--to", "2026-12-01", "--attribute", "user,attr.tenant")
    checks.equal("the command writes the same", (done.returncode, done.stdout), (0, text))
    done = command("cost", "--server", server.url, "--from", "2026-11-01", "--to", "2026-12-01", "--json")
    checks.check("pawl cost is what it was", done.returncode == 0 and json.loads(done.stdout)["rows"], done.stderr)


def python_for_validator():
    """A Python of at least 3.12 with the foundation's validator, kept under build/; or None and why not."""
    if os.environ.get("PAWL_NO_NETWORK") == "1":
        return None, "without a network it cannot be had"
    place = os.path.join(ROOT, "build/clients/focus-validator-2.2.1")
    python = os.path.join(place, "bin/python")
    if os.path.exists(os.path.join(place, "ready")):
        return python, ""
    names = [shutil.which(name) for name in ("python3.12", "python3.13", "python3")]
    if shutil.which("pyenv"):  # its shims run chosen versions only
        names += glob.glob(subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=False).stdout.strip() + "/versions/3.1[2-9]*/bin/python3")
    for found in names:
        if not found or subprocess.run([found, "-c", "import sys; sys.exit(sys.version_info < (3, 12))"], capture_output=True, check=False).returncode != 0:
            continue
        steps = ([found, "-m", "venv", "--clear", place], [python, "-m", "pip", "install", "-q", "--only-binary", ":all:", "focus-validator==2.2.1", "pyarrow==18.1.0"])
        if all(subprocess.run(step, capture_output=True, check=False, timeout=600).returncode == 0 for step in steps):
            open(os.path.join(place, "ready"), "w", encoding="utf-8").close()
            return python, ""
    return None, "it wants Python 3.12 or newer, and its packages"


SUPPORTED = ("ACCOUNT_NAMING PUBLIC_PRICE_LIST USAGE_MEASUREMENT UNIT_PRICING SUB_ACCOUNT TAGGING NEGOTIATED_PRICING MULTIPLE_SUB_ACCOUNT_TYPES "
             "BILLING_BASED_ON_PROVISIONED_RESOURCES RESOURCE_TYPE_ASSIGNMENT MULTIPLE_PRICING_CATEGORIES")


def validator(text):
    """The FinOps foundation's own: its exit code says nothing, and two of its rules contradict each other, so that one always fails."""
    python, why = python_for_validator()
    if python is None:
        print(f"  skipped: focus-validator: {why}")
        return
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        packages = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], capture_output=True, text=True, check=True).stdout.strip()
        done = subprocess.run([os.path.join(os.path.dirname(python), "focus-validator"), "--block-download", "--validate-version", "1.2", "--data-file", file.name,
                               "--show-violations", "--applicability-criteria", ",".join(word + "_SUPPORTED" for word in SUPPORTED.split())],
                              cwd=packages, capture_output=True, text=True, check=False, timeout=600)
    said = re.search(r"Total: (\d+) \| Pass: (\d+) \| Fail: (\d+)", done.stdout)
    failed = re.findall(r"(\S+): FAIL", done.stdout)
    checks.check("focus-validator passes the export, but for the rule that contradicts another",
                 said is not None and int(said[2]) >= 250 and set(failed) <= {"InvoiceId-C-004-C", "InvoiceId-C-005-C"} and int(said[3]) <= 1,
                 done.stdout[-1500:] + done.stderr[-500:])


def main():
    own = {"providers": [{"id": "openai", "name": "OpenAI", "models": [{"id": "gpt-4.1", "match": {"equals": "gpt-4.1"}, "prices": [{"prices": {"input_mtok": "1", "output_mtok": "4"}}]}]}],
           "tools": [{"id": "web_search", "provider": "tavily", "prices": [{"per_call": "0.008", "per_unit": {"attribute": "search.pages", "price": "0.000123456789"}}]}]}
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as prices:
        prices.write(json.dumps(own))
        prices.flush()
        text = ask_all(prices.name)
    validator(text)
    checks.finish()


def tools(server, text):
    """Twelve calls of a tool, each told twice, at 0.008 a call and a price a page."""
    wanted = 12 * Decimal("0.008") + sum(range(12)) * Decimal("0.000123456789")
    checks.equal("calls of a tool are charged once", total(server, "kind=tool"), wanted)
    table = server.get(f"/api/v1/costs?{RANGE}&by=tool")
    checks.equal("a row of the cost table", [Decimal(r["cost_usd"]) for r in table["rows"] if r["key"] == ["web_search"]], [wanted])
    rows = [r for r in rows_of(text) if r["ProviderName"].lower().startswith("tavily")]
    checks.equal("the export has their charges", sum(Decimal(r["EffectiveCost"]) for r in rows), wanted)
    checks.equal("by call and by unit", {(r["SkuMeter"], r["ConsumedUnit"], r["x_Tool"]) for r in rows}, {("Tool Calls", "Requests", "web_search"), ("Tool Units", "Units", "web_search")})
    checks.equal("which add up", (sum(Decimal(r["ConsumedQuantity"]) for r in rows if r["SkuMeter"] == "Tool Calls"), sum(Decimal(r["ConsumedQuantity"]) for r in rows if r["SkuMeter"] == "Tool Units")), (12, 66))
    shown = server.get(f"/api/v1/traces/{1006:032x}")
    charged = [s for s in shown["spans"] if s["kind"] == "tool"]
    checks.equal("the span says how its charge was made", [[(line["type"], line["units"], line["price_usd"]) for line in s["cost"]["formula"]] for s in charged], [[("tool_calls", 1, "0.008"), ("tool_units", 1, "0.000123456789")]])


def ask_all(prices):
    with contextlib.ExitStack() as open_things:
        mails = MailServer(open_things.enter_context(tempfile.TemporaryDirectory()))
        flags = ["--outbound-ca", mails.certificate, "--smtp", f"smtp://localhost:{mails.server.server_address[1]}", "--smtp-from", "pawl@example.com"]
        server = open_things.enter_context(Server("--clock", "2026-11-20T12:00:00Z", "--prices", prices, *flags))
        send(server)
        text = focus(server)
        shared(server)
        parquet(server, text)
        tables(server)
        tools(server, text)
        what_if(server)
        budgets(server)
        bills(server)
        objectives(server)
        refusals(server)
        commands(server, text)
        reports(checks, server, mails, traces_body(call_span(7777, AT, "late", "support")))  # last: it sends more
        return text


if __name__ == "__main__":
    main()
