"""Pawl as a Prometheus data source: the calls that data sources make, in the shape that a real Prometheus gave; then its real clients."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import venv

import tempo
from pawl import JSON, PATIENCE, ROOT, Checks, Server, call, command, span, traces_body

FIXTURES = os.path.join(ROOT, "tests/fixtures/prometheus")
FORM = {"content-type": "application/x-www-form-urlencoded", "user-agent": "Grafana/13"}
MINUTE = 60_000_000_000
# What the recorded server measured, and what Pawl calls it.
NAMES = {"pawl_duration_seconds": "pawl_latency_seconds", "pawl_score_mean": "pawl_latency_p95_seconds"}


def telemetry(now):
    """Ninety minutes of two agents: 10 input and 5 output tokens a call; every third tool call of `refunds` fails."""
    spans = []
    for number in range(90):
        start = now - (90 - number) * MINUTE + MINUTE // 2  # at no edge of what is asked
        for agent, model in (("refunds", "gpt-5-mini" if number % 2 else "claude-sonnet-4-5"), ("research", "gpt-5-mini")):
            trace = 0x1000 + number * 2 + (agent == "research")
            more = {"gen_ai__agent__name": agent, "pawl__customer": "acme" if number % 2 else "globex", "user__tier": "gold"}
            spans.append(span(trace, 1, f"invoke_agent {agent}", start=start, gen_ai__operation__name="invoke_agent", length=3_000_000_000, **more))
            spans.append(span(trace, 2, f"chat {model}", parent=1, start=start, length=(100 + number) * 10_000_000, gen_ai__operation__name="chat",
                              gen_ai__provider__name="openai" if "gpt" in model else "anthropic",
                              gen_ai__request__model=model, gen_ai__usage__input_tokens=10, gen_ai__usage__output_tokens=5, **more))
            spans.append(span(trace, 3, "execute_tool find", parent=1, start=start, gen_ai__operation__name="execute_tool", gen_ai__tool__name="find", **more))
            if agent == "refunds" and number % 3 == 0:
                spans[-1]["status"] = {"code": 2, "message": "no"}
    return spans


class Asker:
    def __init__(self, server, **headers):
        self.server, self.headers = server, headers

    def call(self, method, path, params=None, form=False):
        text = urllib.parse.urlencode(params or {}, doseq=True)
        if form:
            return self.server.call(method, "/prometheus" + path, text.encode(), {**FORM, **self.headers})
        return self.server.call(method, f"/prometheus{path}?{text}", b"" if method == "POST" else None, self.headers)

    def query(self, query, at):
        return self.call("GET", "/api/v1/query", {"query": query, "time": at}).json()["data"]["result"]

    def value(self, query, at):
        """The one value of a query, as a number."""
        result = self.query(query, at)
        return float(result[0]["value"][1]) if len(result) == 1 else result

    def by(self, label, query, at):
        return {line["metric"].get(label, ""): float(line["value"][1]) for line in self.query(query, at)}


def shape(value):
    """Keys and types; of a list the shapes that occur in it; names of metrics and labels are data."""
    if isinstance(value, dict):
        return {key: "labels" if key in ("metric", "labels") else shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(shape(one), sort_keys=True) for one in value}) if not value or isinstance(value[0], (dict, list)) else [shape(value[0])]
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def moved(text, shift):
    """A time of the recording, moved to our data; a query with our names."""
    if text.replace(".", "", 1).isdigit() and len(text) > 8:
        return f"{float(text) + shift:.3f}".rstrip("0").rstrip(".")
    for theirs, ours in NAMES.items():
        text = text.replace(theirs, ours)
    return text


def recorded(checks, asker, now):
    """All 41 pairs: status, type and shape as they were; data, times and wording of numbers are ours."""
    with open(os.path.join(FIXTURES, "pairs.json"), encoding="utf-8") as file:
        pairs = json.load(file)
    checks.equal("all pairs are there", len(pairs), 41)
    shift = int(now / 1e9) // 60 * 60 - 1795261690
    for pair in pairs:
        name, request, wanted = pair["name"], pair["request"], pair["response"]
        params = {key: moved(value, shift) if key != "step" else value for key, value in request["params"].items()}
        # Their scrape was each two seconds, our spans come each minute.
        params = {key: value.replace("[20s]", "[10m]").replace("[10s]", "[10m]").replace("[6s]", "[10m]") for key, value in params.items()}
        if "start" in params and "query" not in params:
            params["start"] = f"{float(params['start']) - 600:.3f}"
        answer = asker.call(request["method"], request["path"], params, request["params_in"] == "form")
        checks.equal(f"{name}: status", answer.status, wanted["status"])
        checks.equal(f"{name}: type", answer.headers["content-type"], wanted["content_type"])
        if not isinstance(wanted["body"], dict):
            checks.equal(f"{name}: body", answer.body.decode(), wanted["body"])
            continue
        got, body = answer.json(), wanted["body"]
        if name in ("rules", "alerts"):  # ours are elsewhere: the same envelope, no rules
            checks.equal(f"{name}: envelope", (got["status"], list(got["data"])), ("success", list(body["data"])))
        elif name == "error_many_to_many":
            words = "found duplicate series for the match group {agent=\"refunds\"} on the right hand-side of the operation: [{__name__=\"pawl_cost_usd_total\""
            checks.check(f"{name}: words", got["errorType"] == "execution" and got["error"].startswith(words) and got["error"].endswith(body["error"][-80:]), got)
        elif got["status"] == "error":
            checks.equal(f"{name}: error", got, body)
        elif name in ("label_values_name", "labels", "metadata", "label_values_match", "labels_match_post"):
            checks.check(f"{name}: shape", bool(got["data"]) and shape(got) == shape(body) or name == "metadata" and shape(got["data"]["pawl_cost_usd_total"]) == shape(body["data"]["pawl_cost_usd_total"]), got)
        elif name in ("instant_scalar", "instant_string", "instant_empty", "format_query", "query_exemplars", "label_values", "label_values_unknown"):
            for one in (got, body):  # the same values too, but for the time
                if name in ("instant_scalar", "instant_string"):
                    one["data"]["result"][0] = 0
            checks.equal(f"{name}: body", got, body)
        elif name in ("series", "series_get"):
            rows = got["data"]
            checks.check(f"{name}: label sets", len(rows) > 1 and all(isinstance(value, str) for row in rows for value in row.values()) and all("__name__" in row for row in rows), got)
            checks.check(f"{name}: what was asked for", all(row["agent"] == "research" for row in rows) if name == "series_get" else {row["__name__"] for row in rows} == {"pawl_cost_usd_total"}, got)
        else:
            checks.equal(f"{name}: shape", shape(got), shape(body))
            checks.check(f"{name}: has data", bool(got["data"]), got)
    for method in ("GET", "POST"):
        health = asker.call(method, "/api/v1/query", {"query": "1+1", "time": "4"}, form=method == "POST")
        checks.equal(f"{method} health", health.json(), {"status": "success", "data": {"resultType": "scalar", "result": [4, "2"]}})


def numbers(checks, asker, now):
    """Sums are exact over the very times asked for; what the catalogue says is what PromQL says."""
    at = now / 1e9
    checks.equal("increase over all", asker.value("sum(increase(pawl_llm_calls_total[2h]))", at), 180)
    checks.equal("increase of ten minutes, at any second", asker.value("sum(increase(pawl_llm_calls_total[10m]))", at - 17.25), 20)
    checks.equal("rate is that by time", asker.value("sum(rate(pawl_llm_calls_total[10m]))", at), 20 / 600)
    checks.equal("by agent", asker.by("agent", "sum by (agent) (increase(pawl_tokens_input_total[30m]))", at), {"refunds": 300, "research": 300})
    checks.equal("by what no metric shows by itself", asker.by("customer", "sum by (customer) (increase(pawl_tokens_total[2h]))", at), {"acme": 1350, "globex": 1350})
    checks.equal("by an attribute", asker.by("attr_user__tier", "sum by (attr_user__tier) (increase(pawl_llm_calls_total[2h]))", at), {"gold": 180})
    checks.equal("matchers", asker.value('sum(increase(pawl_llm_calls_total{agent=~"ref.*",customer!="acme"}[2h]))', at), 45)
    checks.equal("a matcher of nothing", asker.query('pawl_llm_calls_total{agent="nobody"}', at), [])
    checks.equal("ratio of counters", asker.value('sum(increase(pawl_tool_errors_total{agent="refunds"}[2h])) / sum(increase(pawl_tool_calls_total{agent="refunds"}[2h]))', at), 1 / 3)
    checks.equal("the ratio itself", asker.by("agent", "pawl_tool_error_rate_ratio", at)["research"], 0)
    checks.equal("total since ever", asker.value("sum(pawl_llm_calls_total)", at), 180)
    checks.equal("total of before", asker.value("sum(pawl_llm_calls_total)", at - 3600 - 1), 60)
    checks.equal("offset", asker.value("sum(increase(pawl_llm_calls_total[30m] offset 30m))", at), 60)
    checks.equal("subquery", asker.value("max_over_time(sum(increase(pawl_llm_calls_total[5m]))[30m:5m])", at), 10)
    cost = asker.value("sum(increase(pawl_cost_usd_total[2h]))", at)
    table = asker.server.post("/api/v1/query", {"measures": ["cost"], "from": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at - 7200)), "to": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at + 1))},
                              **({"key": asker.headers["authorization"][7:]} if asker.headers else {})).json()["rows"][0][0]
    checks.check("cost is the table's", cost > 0 and abs(cost - float(table)) < 1e-12, (cost, table))
    for step, points in (("60", 31), ("15", 121), ("7", 258), ("1800", 2)):
        data = asker.call("POST", "/api/v1/query_range", {"query": "sum(increase(pawl_llm_calls_total[5m]))", "start": at - 1800, "end": at, "step": step}, form=True).json()["data"]["result"]
        checks.check(f"step {step}: points", len(data) == 1 and len(data[0]["values"]) == points, data)
        checks.equal(f"step {step}: each is ten calls", {value for _, value in data[0]["values"]}, {"10"})
    p95 = asker.value('histogram_quantile(0.95, sum by (le) (increase(pawl_latency_seconds_bucket{kind="llm"}[2h])))', at)
    checks.check("quantile of a histogram", 1.7 < p95 < 2.0, p95)  # of 1.00 to 1.89 s
    checks.equal("its count", asker.value('sum(increase(pawl_latency_seconds_count{kind="llm"}[2h]))', at), 180)
    checks.equal("what is not offered says so", asker.call("GET", "/api/v1/query", {"query": "holt_winters(pawl_spans_total[5m], 2, 1)"}).status, 422)


def federation(checks, asker):
    text = asker.call("GET", "/federate", {"match[]": ['{__name__=~"pawl_(llm_calls|tokens_input)_total"}', "up"]}).body.decode()
    checks.check("federate", "# TYPE pawl_llm_calls_total counter" in text and 'pawl_tokens_input_total{agent="refunds"' in text and 'up{job="pawl"} 1' in text, text)


def dashboards(checks, asker, now):
    """Every query of deploy/grafana is answered; each dashboard shows something of an ordinary project."""
    folder = os.path.join(ROOT, "deploy/grafana")
    variables = {"$__rate_interval": "10m", "$__interval": "5m", "$__range": "2h", "$agent": ".*", "$environment": ".*"}
    for name in sorted(each for each in os.listdir(folder) if each.endswith(".json")):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            panels = json.load(file)["panels"]
        shown = 0
        for panel in panels:
            for target in panel["targets"]:
                expr = target["expr"]
                for variable, value in variables.items():
                    expr = expr.replace(variable, value)
                answer = asker.call("POST", "/api/v1/query_range", {"query": expr, "start": now / 1e9 - 3600, "end": now / 1e9, "step": "300"}, form=True)
                checks.check(f"{name}: {panel['title']}", answer.status == 200, answer.body)
                shown += bool(answer.status == 200 and answer.json()["data"]["result"])
        checks.check(f"{name} shows something", shown * 2 >= len(panels), shown)


def fetched(folder):
    """promtool and prometheus of Debian, unpacked and not installed; None where they cannot be had."""
    if os.environ.get("PAWL_NO_NETWORK") == "1":
        return None
    found = {name: shutil.which(name) for name in ("promtool", "prometheus")}
    if all(found.values()):
        return found
    try:
        subprocess.run(["apt-get", "download", "prometheus"], cwd=folder, capture_output=True, check=True, timeout=300)
        package = next(name for name in os.listdir(folder) if name.endswith(".deb"))
        subprocess.run(["dpkg", "-x", package, "unpacked"], cwd=folder, capture_output=True, check=True, timeout=300)
    except (OSError, subprocess.SubprocessError, StopIteration):
        return None
    return {name: os.path.join(folder, "unpacked/usr/bin", name) for name in found}


def promtool(checks, tools, server, now):
    url, at = f"{server.url}/prometheus", now / 1e9

    def run(*words):
        done = subprocess.run([tools["promtool"], *words], capture_output=True, text=True, timeout=60 * PATIENCE, check=False)
        checks.equal(f"promtool {words[1]}", done.returncode, 0) or print(done.stderr)
        return done.stdout

    text = run("query", "instant", f"--time={at:.3f}", url, "sum by (agent) (increase(pawl_llm_calls_total[1h]))")
    checks.check("promtool sees 60 calls an agent", text.count("=> 60 @") == 2, text)
    text = run("query", "range", f"--start={at - 600:.0f}", f"--end={at:.0f}", "--step=60s", url, "sum(rate(pawl_tokens_total[5m]))")
    checks.check("promtool sees a line", text.count("@[") == 11, text)
    text = run("query", "series", "--match=pawl_tool_calls_total", f"--start={at - 3600:.0f}", f"--end={at:.0f}", url)
    checks.check("promtool sees series", 'agent="refunds"' in text and 'tool="find"' in text, text)
    text = run("query", "labels", url, "agent")
    checks.equal("promtool sees values", text.split(), ["refunds", "research"])


def scraping(checks, tools, server, folder):
    """A whole Prometheus scrapes the measures, and a rule of its own fires on them."""
    with open(os.path.join(folder, "rules.yml"), "w", encoding="utf-8") as file:
        file.write('groups: [{name: pawl, interval: 1s, rules: [{alert: ToolsFail, expr: "sum by (agent) (pawl_tool_errors_total) > 20"}]}]')
    with open(os.path.join(folder, "prometheus.yml"), "w", encoding="utf-8") as file:
        file.write(f"""global: {{scrape_interval: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - {{job_name: pawl-measures, honor_labels: true, metrics_path: /prometheus/federate, params: {{"match[]": ['{{__name__=~"pawl_.*_total"}}']}}, static_configs: [{{targets: ["127.0.0.1:{server.port}"]}}]}}
  - {{job_name: pawl, static_configs: [{{targets: ["127.0.0.1:{server.port}"]}}]}}
""")
    checked = subprocess.run([tools["promtool"], "check", "config", "prometheus.yml"], cwd=folder, capture_output=True, text=True, check=False)
    checks.check("promtool accepts the configuration", checked.returncode == 0, checked.stdout + checked.stderr)
    alerts = subprocess.run([tools["promtool"], "check", "rules", os.path.join(ROOT, "deploy/alerts.yml")], capture_output=True, text=True, check=False)
    checks.check("promtool accepts deploy/alerts.yml", alerts.returncode == 0, alerts.stdout + alerts.stderr)
    with open(os.path.join(folder, "log"), "wb") as log:
        process = subprocess.Popen([tools["prometheus"], "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb", "--web.listen-address=127.0.0.1:0"], cwd=folder, stderr=log, stdout=log)

    def port():
        for line in subprocess.run(["ss", "-ltnp"], capture_output=True, text=True, check=False).stdout.splitlines():
            if f"pid={process.pid}," in line:
                return line.split()[3].rsplit(":", 1)[1]
        with open(os.path.join(folder, "log"), encoding="utf-8") as text:
            found = [line for line in text if "Listening on" in line and "address=127.0.0.1:" in line]
        return found[-1].split("address=127.0.0.1:")[1].split()[0] if found else None

    def theirs(query):
        answer = call(f"http://127.0.0.1:{port()}/api/v1/query?" + urllib.parse.urlencode({"query": query}))
        if answer.status != 200:  # it starts
            return {}
        text = answer.json()
        return {line["metric"].get("agent", ""): float(line["value"][1]) for line in text["data"]["result"]}

    try:
        fired = server.wait_for(lambda: port() and theirs('ALERTS{alertname="ToolsFail",alertstate="firing"}'), 90, "an alert in Prometheus")
        checks.equal("its rule fires for the agent whose tools fail", fired, {"refunds": 1})
        checks.equal("it has the sums", theirs("sum by (agent) (pawl_llm_calls_total)"), {"refunds": 90, "research": 90})
        server.wait_for(lambda: theirs("count(up == 1)") == {"": 2}, 60, "both targets being scraped")
    finally:
        process.terminate()
        process.wait(30)


def api_client(checks, folder, server, now):
    """PyPI prometheus-api-client, pinned."""
    place = os.path.join(folder, "venv")
    try:
        venv.create(place, with_pip=True)
        subprocess.run([f"{place}/bin/pip", "install", "-q", "prometheus-api-client==0.7.2"], capture_output=True, check=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as problem:
        print(f"  skipped: prometheus-api-client cannot be installed: {problem}", flush=True)
        return
    program = f"""
from datetime import datetime, timezone, timedelta
from prometheus_api_client import PrometheusConnect
client = PrometheusConnect(url="{server.url}/prometheus")
assert client.check_prometheus_connection()
end = datetime.fromtimestamp({now / 1e9}, timezone.utc)
print(len(client.all_metrics()) > 30, client.get_label_values("agent"))
print(client.custom_query("sum(increase(pawl_llm_calls_total[2h]))", params={{"time": "{now / 1e9}"}})[0]["value"][1])
data = client.custom_query_range("sum by (agent) (increase(pawl_llm_calls_total[5m]))", start_time=end - timedelta(minutes=30), end_time=end, step="60")
print(len(data), len(data[0]["values"]), data[0]["metric"])
"""
    done = subprocess.run([f"{place}/bin/python", "-c", program], capture_output=True, text=True, timeout=120 * PATIENCE, check=False)
    lines = done.stdout.splitlines()
    checks.check("prometheus-api-client", done.returncode == 0 and lines[:2] == ["True ['refunds', 'research']", "180"] and lines[2] == "2 31 {'agent': 'refunds'}", done.stdout + done.stderr)


def with_keys(checks):
    """A key as Bearer or as Basic; one project sees nothing of another; errors have Prometheus' form."""
    with Server("--auth", "required") as server:
        keys = {}
        for project in ("one", "two"):
            command("project", "create", project, "--data", server.data)
            keys[project] = json.loads(command("key", "create", "--project", project, "--scopes", "ingest,read", "--data", server.data, "--json").stdout)["key"]
        server.wait_for(lambda: all(server.call("GET", "/api/v1/me", key=key).status == 200 for key in keys.values()), 5, "the keys")
        checks.equal("telemetry of one", server.call("POST", "/v1/traces", traces_body(*telemetry(time.time_ns())), JSON, key=keys["one"]).status, 200)
        mine = Asker(server, authorization="Bearer " + keys["one"])
        server.wait_for(lambda: mine.value("sum(pawl_llm_calls_total)", time.time()) == 180, 30, "the spans of one")
        basic = Asker(server, authorization="Basic " + base64.b64encode(f"pawl:{keys['one']}".encode()).decode())
        checks.equal("as Basic", basic.value("sum(pawl_llm_calls_total)", time.time()), 180)
        other = Asker(server, authorization="Bearer " + keys["two"])
        checks.equal("nothing of another project", other.query('{__name__=~"pawl_.+"}', time.time()), [])
        for path in ("/api/v1/label/agent/values", "/api/v1/series"):
            checks.equal(f"{path} of another", other.call("GET", path, {"match[]": '{__name__=~".+"}'} if "series" in path else {}).json()["data"], [])
        tempo.check_keys(checks, server, keys, keys["two"])
        refused = Asker(server, authorization="Bearer pawl_sk_wrong_wrong").call("GET", "/api/v1/query", {"query": "1"})
        checks.equal("a wrong key", (refused.status, refused.json()["status"], refused.json()["errorType"]), (401, "error", "unauthorized"))


def main():
    checks = Checks()
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        now = time.time_ns()
        checks.equal("telemetry", server.call("POST", "/v1/traces", traces_body(*telemetry(now)), JSON).status, 200)
        asker = Asker(server)
        server.wait_for(lambda: asker.value("sum(pawl_llm_calls_total)", now / 1e9) == 180, 30, "the spans")
        recorded(checks, asker, now)
        numbers(checks, asker, now)
        federation(checks, asker)
        dashboards(checks, asker, now)
        tempo.check_all(checks, server, now)
        tools = fetched(folder)
        if tools is None:
            print("  skipped: promtool and prometheus cannot be had here (PAWL_NO_NETWORK, or no apt)", flush=True)
        else:
            promtool(checks, tools, server, now)
            scraping(checks, tools, server, folder)
        if os.environ.get("PAWL_NO_NETWORK") == "1":
            print("  skipped: prometheus-api-client (PAWL_NO_NETWORK)", flush=True)
        else:
            api_client(checks, folder, server, now)
    with_keys(checks)
    checks.finish()


if __name__ == "__main__":
    main()
