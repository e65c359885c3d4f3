"""The warehouse in a ClickHouse of one's own: kept there, waited for while it is away, never shared, never downgraded;
tables of an older Pawl are made anew beside the work. And cases against it."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

from pawl import BINARY, JSON, ROOT, Checks, Server, call, command, span, traces_body

DOUBLE = os.environ.get("PAWL_CHDB_HTTP") or os.path.join(os.path.dirname(os.path.abspath(BINARY)), "chdb_http")
LIBRARY = os.path.join(ROOT, "third_party/chdb/libchdb.so")


class ClickHouse:
    """A ClickHouse server's double (tests/chdb_http)."""

    def __init__(self, folder, port=0):
        self.folder, self.port = folder, port
        self.start()

    def start(self):
        self.process = subprocess.Popen([DOUBLE, LIBRARY, os.path.join(self.folder, "clickhouse"), str(self.port)], stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def run(self, sql, database="pawl"):
        answer = call(f"{self.url}/?database={database}&default_format=TabSeparated&query={urllib.parse.quote(sql)}", "POST", b"", timeout=60)
        if answer.status != 200:
            raise RuntimeError(f"{sql}: {answer.body.decode('utf-8', 'replace')}")
        return answer.body.decode().strip()


def counted(server):
    answer = server.post("/api/v1/query", {"measures": ["spans"], "dimensions": []})
    return int(float(answer.json()["rows"][0][0])) if answer.status == 200 else -1


def send(server, first, count):
    for number in range(first, first + count):
        body = traces_body(span(0x5E0000 + number, 1, name="chat", openinference__span__kind="LLM", input__value=f"the lantern number {number} \\ \t\n'; DROP"))
        if server.call("POST", "/v1/traces", body, JSON).status != 200:
            return number - first
    return count


def kept_and_waited_for(checks, clickhouse, flags, home):
    with Server(*flags, data=home) as server:
        checks.equal("accepted", send(server, 0, 40), 40)
        server.stored()
        checks.equal("every span is there", counted(server), 40)
        checks.equal("in the ClickHouse", clickhouse.run("SELECT sum(sign) FROM spans"), "40")
        found = server.get("/api/v1/traces?filter=lantern&limit=100")["traces"]
        checks.equal("full text finds", len(found), 40)
        detail = server.get(f"/api/v1/traces/{found[0]['trace_id']}")
        checks.check("content came back byte for byte", "\\\\ \\t\\n'; DROP" in json.dumps(detail), json.dumps(detail)[:300])
        clickhouse.kill()
        checks.equal("while it is away everything is accepted", send(server, 100, 30), 30)
        checks.equal("a query says that it is not there", server.post("/api/v1/query", {"measures": ["spans"], "dimensions": []}).status, 503)
        checks.check("the metrics say so", "\npawl_warehouse_up 0\n" in server.call("GET", "/metrics").body.decode())
        clickhouse.start()
        server.wait_for(lambda: counted(server) == 70, 40, "what came meanwhile")
        checks.equal("once each", clickhouse.run("SELECT sum(sign) FROM spans"), "70")
        server.end()
        clickhouse.kill()
        again = Server(*flags, data=server.home, ready=False)
        checks.equal("a start without it accepts", send(again, 200, 5), 5)
        clickhouse.start()
        again.wait_for(lambda: counted(again) == 75, 60, "the warehouse")
        checks.equal("and finds it when it comes", counted(again), 75)
        findings = json.loads(command("doctor", "--data", again.data, "--server", again.url, "--json", timeout=60).stdout)
        checks.equal("the doctor is content", [one for one in findings if not one["good"]], [])
        again.end()
        elsewhere = Server(data=server.home, ready=False)
        elsewhere.wait_for(lambda: "is in the warehouse" in elsewhere.log(), 20, "a word about the other warehouse")
        checks.check("without the setting it does not begin an empty one", "database pawl" in elsewhere.log(), elsewhere.log()[-400:])
        elsewhere.end()
    with Server(*flags, ready=False) as stranger:
        stranger.wait_for(lambda: "belongs to another installation" in stranger.log(), 20, "a refusal")
        checks.equal("a second installation is refused, its data kept in its journal", send(stranger, 0, 3), 3)
        checks.check("readiness says why", "another installation" in stranger.get("/readyz")["progress"])


def never_downgraded(checks, clickhouse, flags, home):
    clickhouse.run("INSERT INTO schema_steps (owner, number, state, program) VALUES ('traces', 1000, 'done', '9.9')")
    newer = Server(*flags, data=home, ready=False)
    newer.wait_for(lambda: "does not open" in newer.log(), 20, "a refusal")
    said = newer.get("/readyz")["progress"]
    checks.check("a newer schema is refused with both versions", "Pawl 9.9" in said and "step 1000" in said, said)
    checks.equal("data is kept meanwhile", send(newer, 500, 4), 4)
    checks.equal("nothing was written", clickhouse.run("SELECT sum(sign) FROM spans"), "75")
    newer.end()


def older_tables(checks, clickhouse):
    """A warehouse as the first installations made it, with rows."""
    clickhouse.run("CREATE DATABASE older")
    with open(os.path.join(ROOT, "src/records/traces/testdata/first_schema.sql"), encoding="utf-8") as file:
        for statement in file.read().split(";\n"):
            if "CREATE TABLE" in statement:
                clickhouse.run(statement[statement.index("CREATE TABLE"):], "older")
    clickhouse.run("INSERT INTO bodies (project, scope, hash, at, trace, span, slot, bytes, batch) SELECT 1, 1, number, now64(3), number, 1, 0, "
                   "concat('an old lantern ', toString(number)), 1 + intDiv(number, 4) FROM numbers(20000)", "older")
    with Server("--warehouse-url", clickhouse.url, "--warehouse-database", "older") as server:
        checks.equal("it is written to while tables are made anew", send(server, 0, 20), 20)
        server.stored()
        server.wait_for(lambda: "pawl_tables_to_rebuild 0" in server.call("GET", "/metrics").body.decode(), 60, "the tables")
        checks.check("it was done beside the work", "a table was made anew" in server.log(), server.log()[-600:])
        checks.equal("every body is there", clickhouse.run("SELECT uniqExact(hash) FROM bodies WHERE project = 1 AND batch <= 5000", "older"), "20000")
        checks.equal("in its new place", clickhouse.run("SELECT countIf(text LIKE 'an old lantern%' AND bytes = '') FROM bodies", "older"), "20000")
        checks.equal("with those that came meanwhile", counted(server), 20)
        checks.equal("and nothing of the copy is left", clickhouse.run("SELECT count() FROM system.tables WHERE name LIKE '%_step%' AND database = 'older' AND name != 'schema_steps'"), "0")


def cases(checks, clickhouse, words):
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tests/cases/run.py"), *words], capture_output=True, text=True, check=False,
                          env={**os.environ, "PAWL_TEST_REMOTE": clickhouse.url})
    checks.equal(f"cases against it ({' '.join(words) or 'all'})", done.returncode, 0)
    print(done.stdout.strip())


def main():
    checks = Checks()
    folder = tempfile.mkdtemp(prefix="pawl-remote-")
    clickhouse = ClickHouse(folder)
    try:
        flags = ("--warehouse-url", clickhouse.url)
        home = tempfile.mkdtemp(prefix="pawl-test-", dir=folder)
        kept_and_waited_for(checks, clickhouse, flags, home)
        never_downgraded(checks, clickhouse, flags, home)
        older_tables(checks, clickhouse)
        cases(checks, clickhouse, sys.argv[1:] or ["ask"])
    finally:
        clickhouse.kill()
        shutil.rmtree(folder, ignore_errors=True)
    checks.finish()


if __name__ == "__main__":
    main()
