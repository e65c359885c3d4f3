"""Reading by SQL over ClickHouse's HTTP interface: numbers, its real Python client, and an attack corpus that gets nothing out."""
import base64
import json
import os
import subprocess
import tempfile
import time
import urllib.parse
import venv

from pawl import JSON, PATIENCE, Checks, Server, command, span, traces_body

MARK = {"one": "alpha5512", "two": "zebra7391"}
PROGRAM = {"user-agent": "clickhouse-connect/1.12"}


def telemetry(mark, now):
    spans = []
    for number in range(60):
        start = now - (60 - number) * 60_000_000_000
        more = {"gen_ai__agent__name": f"{mark}-agent", "user__id": f"{mark}-user", "secret": f"{mark} 12345"}
        spans.append(span(0x5000 + number, 1, f"chat {mark}", start=start, gen_ai__operation__name="chat", gen_ai__provider__name="openai",
                          gen_ai__request__model="gpt-5-mini", gen_ai__usage__input_tokens=1000 + number, gen_ai__usage__output_tokens=10, **more))
        spans.append(span(0x5000 + number, 2, f"tool {mark}", parent=1, start=start, gen_ai__operation__name="execute_tool", gen_ai__tool__name=f"{mark}-tool", **more))
        if number % 4 == 0:
            spans[-1]["status"] = {"code": 2, "message": f"{mark} failed"}
    return spans


class Asker:
    def __init__(self, server, key):
        self.server, self.key = server, key

    def ask(self, sql, form="JSONCompact", path="/sql", headers=None):
        return self.server.call("POST", f"{path}?default_format={form}", sql.encode(), {**PROGRAM, "content-type": "application/octet-stream", **(headers or {})}, key=self.key, timeout=60)

    def rows(self, sql):
        answer = self.ask(sql)
        return answer.json()["data"] if answer.status == 200 else answer.body.decode()


def numbers(checks, asker):
    mark = MARK["one"]
    checks.equal("spans", asker.rows("SELECT count() FROM spans"), [[120]])
    checks.equal("by agent", asker.rows("SELECT agent, count(*) n, countIf(is_error) FROM pawl.spans WHERE start >= now() - INTERVAL 1 DAY GROUP BY agent ORDER BY n DESC"),
                 [[f"{mark}-agent", 120, 15]])
    checks.equal("a bound of start", asker.rows("SELECT count() FROM spans WHERE start >= now() - INTERVAL 30 MINUTE AND kind = 'tool'")[0][0] in (29, 30, 31), True)
    checks.equal("a window", asker.rows("SELECT kind, n, sum(n) OVER (ORDER BY kind ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS total, row_number() OVER (ORDER BY kind) AS place, "
                                        "lagInFrame(n, 1, 0) OVER (ORDER BY kind) AS before FROM (SELECT toString(kind) AS kind, count() AS n FROM spans GROUP BY kind) ORDER BY kind")[-1][2:4], [120, 2])
    bound = asker.server.call("POST", "/sql?" + urllib.parse.urlencode({"param_kind": "tool", "param_since": "2026-01-01 00:00:00", "param_n": "5", "param_many": "['tool','llm']"}),
                              b"SELECT count(), {n:UInt8} FROM spans WHERE kind = {kind:String} AND kind IN {many:Array(String)} AND start >= {since:DateTime} LIMIT {n:UInt8} FORMAT TSV", PROGRAM, key=asker.key)
    checks.equal("bound values", (bound.status, bound.body.split(b"\t")[1:]), (200, [b"5\n"]))
    missing = asker.ask("SELECT {kind:String}", "TSV")
    checks.check("a value that is missing is named", missing.status == 400 and b"param_kind" in missing.body, missing.body)
    checks.equal("a bound as text", asker.rows("SELECT count() FROM spans WHERE start > '2026-01-01 00:00:00' AND start < '2100-01-01 00:00:00'"), [[120]])
    checks.equal("a model", asker.rows("SELECT DISTINCT model FROM spans WHERE model != ''"), [["gpt-5-mini"]])
    table = asker.server.post("/api/v1/query", {"measures": ["cost", "tokens.input"]}, key=asker.key).json()["rows"][0]
    ours = asker.rows("SELECT sum(cost_usd), sum(tokens_input) FROM spans")[0]
    checks.check("cost to the pico-dollar", float(ours[0]) > 0 and abs(float(ours[0]) - float(table[0])) < 5e-13 and int(ours[1]) == table[1], (ours, table))
    checks.equal("attributes", asker.rows("SELECT DISTINCT attributes['secret'] FROM spans"), [[f"{mark} 12345"]])
    checks.equal("join", asker.rows("SELECT count() FROM spans a JOIN spans b ON a.trace_id = b.trace_id AND b.span_id = a.parent_id"), [[60]])
    checks.equal("with and union", asker.rows("WITH t AS (SELECT tool, duration_ms FROM spans WHERE tool != '') SELECT count() FROM t UNION ALL SELECT count() FROM t"), [[60], [60]])
    checks.equal("case, quantile, cast", asker.rows("SELECT CASE WHEN duration_ms > 500 THEN 'slow' ELSE 'fast' END AS s, quantile(0.5)(duration_ms), CAST(count() AS String) FROM spans GROUP BY s"),
                 [["slow", 1000, "120"]])
    checks.equal("time", asker.rows("SELECT count() > 0 FROM (SELECT toStartOfInterval(start, INTERVAL 5 MINUTE) t, date_trunc('hour', start) h, dateDiff('minute', t, now()) d, formatDateTime(t, '%H:%i') f FROM spans)"), [[1]])
    checks.equal("logs and points are there", asker.rows("SELECT (SELECT count() FROM logs), (SELECT count() FROM metric_points)"), [[0, 0]])
    for form, wanted in (("CSVWithNames", b'"n"\n120\n'), ("TabSeparated", b"120\n"), ("JSONEachRow", b'{"n":120}\n')):
        answer = asker.ask(f"SELECT count() AS n FROM spans FORMAT {form}")
        checks.equal(f"as {form}", (answer.body, answer.headers["x-clickhouse-format"]), (wanted, form))
    for column in asker.rows("SELECT name, type FROM system.columns WHERE table = 'spans'"):
        got = asker.rows(f"SELECT toString(any(`{column[0]}`)), any(`{column[0]}`) FROM spans") if column[0] != "attributes" else [[""]]
        checks.check(f"column {column[0]}", isinstance(got, list), got)
        meta = asker.ask(f"SELECT `{column[0]}` FROM spans LIMIT 1").json()["meta"][0]["type"]
        checks.equal(f"type of {column[0]}", meta, column[1])
    checks.equal("columns told", len(asker.rows("DESCRIBE TABLE spans")) > 30, True)
    checks.equal("tables told", asker.rows("SHOW TABLES"), [["spans"], ["logs"], ["metric_points"]])
    for path, method in (("/ping", "GET"), ("/sql/ping", "GET")):
        checks.equal(path, asker.server.call(method, path).body, b"Ok.\n")
    checks.equal("at the root", asker.ask("SELECT 1", path="/").json()["data"], [[1]])
    got = asker.server.call("GET", "/sql?query=" + urllib.parse.quote("SELECT 2 AS x FORMAT CSV"), headers={"authorization": "Basic " + base64.b64encode(f"default:{asker.key}".encode()).decode()}, key="")
    checks.equal("GET, Basic", got.body, b"2\n")
    got = asker.server.call("GET", "/sql?query=SELECT+3", headers={"x-clickhouse-user": "default", "x-clickhouse-key": asker.key}, key="")
    checks.equal("X-ClickHouse-Key", got.body, b"3\n")
    for sql, status, code in (("SELECT", 400, "62"), ("SELECT nothing FROM spans", 404, "47"), ("SELECT * FROM nowhere", 404, "60"), ("SELECT agent FROM spans GROUP BY model", 400, "215"), ("SELECT length(1)", 400, "43")):
        answer = asker.ask(sql)
        checks.equal(f"{sql}: error", (answer.status, answer.headers.get("x-clickhouse-exception-code")), (status, code)) or print(answer.body)
    answer = asker.server.call("POST", "/sql", b"SELECT 1", PROGRAM, key="pawl_sk_wrong_x")
    checks.check("a wrong key", answer.status == 401 and answer.body.startswith(b"Code: 516. DB::Exception:"), answer.body)


# What the rewriting lets through or refuses: nothing of the other project may come back, in rows, errors or time.
CORPUS = """SELECT * FROM spans
SELECT * FROM logs
SELECT count() FROM spans WHERE 1 = 1 OR project = 2
SELECT project FROM spans
SELECT sign, batch FROM spans
SELECT spans.project FROM spans
SELECT 2 AS project, * FROM spans
SELECT 2 AS project, agent FROM spans WHERE project = 2
SELECT agent FROM spans WHERE (SELECT 2 AS project) = 2
WITH spans AS (SELECT 2 AS project) SELECT * FROM spans
WITH x AS (SELECT * FROM spans) SELECT * FROM x WHERE project = 2
SELECT * FROM (SELECT *, 2 AS project FROM spans) WHERE project = 2
SELECT a.* FROM spans a CROSS JOIN spans b LIMIT 5000
SELECT * FROM spans a FULL JOIN spans b ON a.trace_id = b.trace_id
SELECT uniqExact(agent), groupArray(agent) FROM spans
SELECT toString(toInt64(agent)) FROM spans
SELECT toInt64(user) FROM spans WHERE agent = 'zebra7391-agent'
SELECT count() FROM spans WHERE toInt64(attributes['secret']) = 1
SELECT count() FROM spans WHERE toDateTime(name) > now()
SELECT count() FROM spans WHERE CAST(name AS Int64) = 1
SELECT count() FROM spans HAVING toInt64(any(name)) = 1
SELECT count() FROM spans WHERE agent = 'zebra7391-agent' AND toInt64(name) = 5
SELECT count() FROM spans WHERE if(agent LIKE 'zebra%', toInt64(name), 0) = 1
SELECT toInt64(max(name)) FROM spans WHERE agent LIKE 'zebra%'
SELECT arrayElement(splitByChar(' ', name), 2) FROM spans GROUP BY 1
SELECT * FROM system.tables
SELECT * FROM system.columns
SELECT * FROM system.databases
SELECT * FROM system.settings
SELECT * FROM system.functions
SELECT * FROM system.query_log
SELECT * FROM spans WHERE trace_id IN (SELECT trace_id FROM spans WHERE agent LIKE 'zebra%')
SELECT * FROM spans ORDER BY agent DESC LIMIT 1
SELECT * FROM spans UNION ALL SELECT * FROM spans
SELECT * FROM spans WHERE agent = '\\' OR 1 = 1 --'
SELECT * FROM spans WHERE agent = ''') OR project = 2 --'
SELECT hostName(), version(), currentUser(), currentDatabase()
SELECT * FROM file('/etc/passwd', 'LineAsString')
SELECT file('/etc/passwd')
SELECT 1 INTO OUTFILE '/tmp/pawl-sql-test'
SELECT * FROM url('http://127.0.0.1/')
INSERT INTO spans SELECT * FROM spans
DROP TABLE spans
SYSTEM SHUTDOWN
SELECT 1; SELECT * FROM bodies
SELECT sleep(3)
SELECT count() FROM spans a, spans b, spans c, spans d, spans e
SELECT * FROM pawl.spans SETTINGS max_memory_usage = 0, readonly = 0, allow_introspection_functions = 1"""


def attacks(checks, asker, other):
    """`asker` is of project one; nothing of two."""
    before = other.rows("SELECT count() FROM spans")
    for sql in CORPUS.splitlines():
        for form in ("TabSeparated", "JSON"):
            answer = asker.ask(sql, form)
            text = answer.body.decode("utf-8", "replace").replace(sql, "")
            checks.check(f"nothing of the other: {sql}", MARK["two"] not in text and "root:" not in text and "/work" not in text, text[:400])
            checks.check(f"answered: {sql}", answer.status in (200, 400, 404, 503), (answer.status, text[:200]))
    checks.check("no file was written", not os.path.exists("/tmp/pawl-sql-test"))
    checks.equal("nothing was changed", other.rows("SELECT count() FROM spans"), before)
    # An error must not depend on what lies beside: the same words with and without the other's rows in the way.
    for sql in ("SELECT count() FROM spans WHERE toInt64(if(user LIKE 'zebra%', user, '1')) = 0", "SELECT count() FROM spans WHERE toInt64(if(agent LIKE 'zebra%', agent, '1')) = 0"):
        answer = asker.ask(sql, "TabSeparated")
        checks.check(f"no error of another's row: {sql}", answer.status == 200 and answer.body.decode().strip() == "0", answer.body)
    for params in ("param_project=2", "param_p1=2", "compress=1", "decompress=1", "database=system", "readonly=0&max_memory_usage=1", "session_id=1", "user=x&password=y"):
        answer = asker.server.call("POST", f"/sql?{params}", b"SELECT * FROM spans FORMAT TSV", PROGRAM, key=asker.key)
        checks.check(f"?{params}", answer.status in (200, 400) and MARK["two"] not in answer.body.decode(), answer.body[:300])


def real_client(checks, folder, server, key):
    """PyPI clickhouse-connect, pinned."""
    if os.environ.get("PAWL_NO_NETWORK") == "1":
        print("  skipped: clickhouse-connect (PAWL_NO_NETWORK)", flush=True)
        return
    place = os.path.join(folder, "venv")
    try:
        venv.create(place, with_pip=True)
        subprocess.run([f"{place}/bin/pip", "install", "-q", "clickhouse-connect==1.12.0"], capture_output=True, check=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as problem:
        print(f"  skipped: clickhouse-connect cannot be installed: {problem}", flush=True)
        return
    program = f"""
import clickhouse_connect
for path in ("", "/sql"):
    client = clickhouse_connect.get_client(host="127.0.0.1", port={server.port}, username="default", password="{key}", proxy_path=path, compress=False)
    assert client.ping()
    result = client.query("SELECT agent, count() AS n, sum(cost_usd) AS cost, max(start) AS newest FROM spans GROUP BY agent")
    print(result.column_names, len(result.result_rows), result.result_rows[0][:2], type(result.result_rows[0][2]).__name__, type(result.result_rows[0][3]).__name__)
    print(client.command("SELECT count() FROM spans"), [row[0] for row in client.query("SHOW TABLES").result_rows])
    print(len(client.query("SELECT * FROM spans").result_rows))
    try:
        client.query("SELECT * FROM file('/etc/passwd')")
    except Exception as problem:
        print("not offered" in str(problem))
"""
    done = subprocess.run([f"{place}/bin/python", "-c", program], capture_output=True, text=True, timeout=120 * PATIENCE, check=False)
    lines = done.stdout.splitlines()
    wanted = [f"('agent', 'n', 'cost', 'newest') 1 ('{MARK['one']}-agent', 120) Decimal datetime", "120 ['spans', 'logs', 'metric_points']", "120", "True"]
    checks.equal("clickhouse-connect", lines, wanted * 2) or print(done.stderr[-2000:])


def main():
    checks = Checks()
    with Server("--auth", "required") as server, tempfile.TemporaryDirectory() as folder:
        keys = {}
        for project in MARK:
            command("project", "create", project, "--data", server.data)
            keys[project] = json.loads(command("key", "create", "--project", project, "--scopes", "ingest,read", "--data", server.data, "--json").stdout)["key"]
        server.wait_for(lambda: all(server.call("GET", "/api/v1/me", key=key).status == 200 for key in keys.values()), 5, "the keys")
        askers = {project: Asker(server, keys[project]) for project in MARK}
        for project, mark in MARK.items():
            checks.equal(f"telemetry of {project}", server.call("POST", "/v1/traces", traces_body(*telemetry(mark, time.time_ns())), JSON, key=keys[project]).status, 200)
        for asker in askers.values():
            server.wait_for(lambda asker=asker: asker.rows("SELECT count() FROM spans") == [[120]], 60, "the spans")
        numbers(checks, askers["one"])
        attacks(checks, askers["one"], askers["two"])
        real_client(checks, folder, server, keys["one"])
    with Server() as server:
        answer = server.call("POST", "/", b"SELECT 1", {**PROGRAM, "content-type": "text/plain; charset=utf-8"})
        checks.equal("local mode, by a program", answer.body, b"1\n")
        answer = server.call("POST", "/", b"SELECT 1", {"user-agent": "Mozilla/5.0", "content-type": "text/plain"})
        checks.equal("local mode, by a page", answer.status, 415)
    checks.finish()


if __name__ == "__main__":
    main()
