"""What is quarantined is seen and sent again: over the API, by the command, by doctor. No real engine refuses a row of
Pawl's, so that the entries are put into the ledger by hand; how they come there is proved in src/features/ingest."""
import base64
import json
import os
import shutil
import sqlite3
import tempfile
import time

from pawl import Checks, Server, command, span, traces_body

BAD = {"reason": "Code: 117. DB::Exception: Incorrect data\nin a row", "name": "<script>alert(1)</script>"}


def hold(data, number, body, project=1):
    """An entry as the writer makes it."""
    ledger = sqlite3.connect(os.path.join(data, "ledger.db"))
    now = time.time_ns()
    with ledger:
        ledger.execute(
            "INSERT INTO quarantine (project, state, batch, segment, place, number, signal, encoding, received, kept, trace, span, record, name, reason, tries, bytes, body) "
            "VALUES (?, 'held', 1, 1, ?, 0, 0, 1, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
            (project, 4096 + number, now, now, f"{0xbad:032x}", f"{number:032x}", f"{number:032x}", BAD["name"], BAD["reason"], len(body), base64.b64encode(body).decode()))
    ledger.close()


def main():
    checks, home = Checks(), tempfile.mkdtemp(prefix="pawl-quarantine-")
    try:
        server = Server(data=home)
        checks.equal("nothing is held at first", server.get("/api/v1/quarantine"), {"count": 0, "records": [], "next_before": None})
        server.call("POST", "/v1/traces", traces_body(*[span(1, n) for n in range(1, 4)]), {"content-type": "application/json"})
        server.stored()
        server.stop()
        for number in (2, 3, 4):
            hold(server.data, number, traces_body(span(0xbad, number, f"held {number}")))
        hold(server.data, 9, traces_body(span(0xbad, 9)), project=2)
        said = command("doctor", "--data", server.data, "--server", "http://127.0.0.1:1")
        checks.check("doctor says so without a server", said.returncode == 1 and "pawl quarantine list" in said.stdout, said.stdout)

        server = Server(data=home)
        listed = server.get("/api/v1/quarantine?limit=2")
        checks.equal("how many are held", listed["count"], 3)
        checks.equal("the newest first, a page at a time", [one["span_id"] for one in listed["records"]], [f"{4:016x}", f"{3:016x}"])
        checks.equal("its words are the warehouse's, unchanged", [listed["records"][0]["reason"], listed["records"][0]["name"]], [BAD["reason"], BAD["name"]])
        rest = server.get(f"/api/v1/quarantine?before={listed['next_before']}")
        checks.equal("the next page is the rest", ([one["span_id"] for one in rest["records"]], rest["next_before"]), ([f"{2:016x}"], None))
        books = server.books()
        checks.equal("the books know of it", (books["quarantined"], books["received"]), (3, sum(books[way] for way in ("refused", "quarantined", "journal", "stored", "duplicate", "merged"))))
        for wrong in ({}, {"ids": []}, {"ids": ["x"]}, {"ids": ["1"], "all": True}, []):
            checks.equal(f"{wrong} is refused", server.post("/api/v1/quarantine/retry", wrong).status, 400)
        for query in ("limit=0", "limit=1001", "limit=x", "before=0"):
            checks.equal(f"{query} is refused", server.call("GET", "/api/v1/quarantine?" + query).status, 400)

        shown = command("quarantine", "list", "--server", server.url)
        checks.check("the command shows them", shown.returncode == 0 and "3 of 3 quarantined records" in shown.stdout and "Incorrect data" in shown.stdout, shown.stdout + shown.stderr)
        checks.equal("the command wants ids or --all", command("quarantine", "retry", "--server", server.url).returncode, 64)
        first = rest["records"][0]["id"]
        sent = command("quarantine", "retry", first, "--server", server.url, "--json")
        checks.equal("one is sent again", json.loads(sent.stdout or "{}"), {"sent": 1, "held": 2})
        checks.equal("not twice", server.post("/api/v1/quarantine/retry", {"ids": [first]}).json(), {"sent": 0, "held": 2})
        other = server.post("/api/v1/quarantine/retry", {"ids": ["4"]}).json()
        checks.equal("another project's is not there", other["sent"], 0)
        server.kill()

        server = Server(data=home)
        checks.equal("what was sent again is sent once, over a kill", server.get("/api/v1/quarantine")["count"], 2)
        checks.equal("the others go with all", server.post("/api/v1/quarantine/retry", {"all": True}).json(), {"sent": 2, "held": 0})
        server.stored()
        spans = server.wait_for(lambda: server.call("GET", f"/api/v1/traces/{0xbad:032x}").status == 200 and server.get(f"/api/v1/traces/{0xbad:032x}")["spans"], 10, "the trace")
        checks.equal("all are stored, each once", sorted(one["name"] for one in spans), ["held 2", "held 3", "held 4"])
        books = server.books()
        checks.equal("the books know it", (books["quarantined"], books["received"]), (0, sum(books[way] for way in ("refused", "quarantined", "journal", "stored", "duplicate", "merged"))))
        audited = server.call("GET", "/api/v1/audit?limit=50")
        checks.check("the audit table names it", b"quarantine.retry" in audited.body, audited.body)
        checks.equal("a list of nothing", command("quarantine", "list", "--server", server.url).stdout, "Nothing is quarantined.\n")
        server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    checks.finish()


main()
