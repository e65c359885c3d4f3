"""A server built with the thread sanitizer, under every kind of load at once: ingest over HTTP and gRPC, queries, lists,
full text, the live view, keys that come and go, an upgrade, an end. Its warehouse is the engine in another process
(tests/chdb_http): the engine itself does not run under the sanitizer.

usage: threads.py [SECONDS]     PAWL: the program (build/tsan/pawl), PAWL_CHDB_HTTP: the double (build/release/chdb_http)
"""
import glob
import http.client
import json
import os
import shutil
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("PAWL", os.path.join(ROOT, "build/tsan/pawl"))
os.environ.setdefault("PAWL_CHDB_HTTP", os.path.join(ROOT, "build/release/chdb_http"))
os.environ.setdefault("PAWL_PATIENCE", "6")
from pawl import JSON, PATIENCE, Checks, Server, call, command, span, traces_body  # noqa: E402
from remote import ClickHouse, counted  # noqa: E402
from upgrade import end, holder, wait  # noqa: E402

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 25


class Busy:
    """Threads that repeat something until told to end."""

    def __init__(self):
        self.ended, self.threads, self.faults, self.counts = False, [], [], {}

    def start(self, name, work):
        def run():
            count = 0
            while not self.ended:
                try:
                    if not work(count):
                        self.faults.append(name)
                except (OSError, http.client.HTTPException, ValueError) as fault:
                    self.faults.append(f"{name}: {fault!r}")
                count += 1
            self.counts[name] = count

        thread = threading.Thread(target=run, daemon=True)
        self.threads.append(thread)
        thread.start()

    def end(self):
        self.ended = True
        for thread in self.threads:
            thread.join(60 * PATIENCE)


def load(busy, server, key):
    headers = {**JSON, "authorization": "Bearer " + key}

    def ingest(number):
        def one(count):
            spans = [span(number * 10_000_000 + count, part + 1, name="step", parent=part or None, openinference__span__kind="LLM",
                          session__id=f"s-{count % 7}", llm__model_name="gpt-5", llm__token_count__prompt=10,
                          input__value=f"lantern {count} {part}") for part in range(5)]
            return call(server.url + "/v1/traces", "POST", traces_body(*spans), headers).status == 200
        return one

    def ask(path, body=None):
        def one(_):
            answer = call(server.url + path, "POST" if body else "GET", json.dumps(body).encode() if body else None, headers)
            return answer.status in (200, 503)  # 503: for a moment after the upgrade
        return one

    def live(_):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=3)
        try:
            connection.request("GET", "/api/v1/live", headers=headers)
            answer = connection.getresponse()
            for _ in range(20):
                if busy.ended or not answer.readline():
                    break
        except TimeoutError:
            pass
        finally:
            connection.close()
        return True

    def keys(_):
        made = call(server.url + "/api/v1/keys", "POST", b'{"scopes": "ingest", "name": "brief"}', headers)
        if made.status != 201:
            return made.status == 503
        brief = made.json()
        gone = call(server.url + "/api/v1/keys/" + brief["id"], "DELETE", b"{}", headers)
        time.sleep(0.2)
        return gone.status in (200, 503)

    for number in (1, 2):
        busy.start(f"ingest {number}", ingest(number))
    busy.start("query", ask("/api/v1/query", {"measures": ["spans", "cost"], "dimensions": ["agent"]}))
    busy.start("sessions", ask("/api/v1/sessions"))
    busy.start("text", ask("/api/v1/traces?filter=lantern"))
    busy.start("metrics", ask("/metrics"))
    busy.start("page", ask("/"))
    busy.start("live", live)
    busy.start("keys", keys)


def reports(folder):
    out = []
    for path in glob.glob(os.path.join(folder, "tsan.*")):
        with open(path, encoding="utf-8", errors="replace") as file:
            out.append(file.read())
    return out


def main():
    checks, folder = Checks(), tempfile.mkdtemp(prefix="pawl-threads-")
    os.environ["TSAN_OPTIONS"] = f"log_path={folder}/tsan second_deadlock_stack=1 history_size=4 suppressions={ROOT}/tests/system/threads.supp"
    clickhouse = ClickHouse(folder)
    try:
        with Server("--warehouse-url", clickhouse.url, "--auth", "required") as server:
            made = command("key", "create", "--scopes", "ingest,read,write,admin,operate", "--data", server.data, "--json")
            key = json.loads(made.stdout)["key"]
            server.wait_for(lambda: server.call("GET", "/api/v1/traces", key=key).status == 200, 10, "the key")
            busy = Busy()
            load(busy, server, key)
            time.sleep(SECONDS / 2)
            upgraded = command("upgrade", "--data", server.data)
            checks.equal("upgraded under it", upgraded.returncode, 0)
            time.sleep(SECONDS / 2)
            busy.end()
            try:
                checks.equal("nothing went wrong", sorted(set(busy.faults)), [])
                sent = 5 * (busy.counts["ingest 1"] + busy.counts["ingest 2"])
                server.key = key
                checks.check("every span is there once", wait(lambda: counted(server) == sent), (counted(server), sent))
                print("times:", ", ".join(f"{name} {count}" for name, count in sorted(busy.counts.items())))
            finally:
                end(holder(server.data))
            checks.equal("the first process ended well", server.process.wait(30 * PATIENCE), 0)
        found = reports(folder)
        for one in found[:3]:
            print(one[:6000])
        checks.equal("the thread sanitizer has nothing to say", len(found), 0)
    finally:
        clickhouse.kill()
        shutil.rmtree(folder, ignore_errors=True)
    checks.finish()


if __name__ == "__main__":
    main()
