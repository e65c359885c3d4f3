"""Reports: figures that add up, kept as they were, by schedule, by mail, by link. Part of costs.py, on its server."""
import base64
import contextlib
import csv
import email
import io
import json
import os
import shutil
import sqlite3
import tempfile
import time
from decimal import Decimal

from pawl import JSON, call, command


def put_json(server, method, path, value):
    return server.call(method, path, json.dumps(value).encode(), JSON)


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def numbers(checks, server):
    """The week of 2 November, in which the fleet ran."""
    week = "day=2026-11-04"
    report = server.get(f"/api/v1/reports/preview?{week}&format=json")
    checks.equal("a week from Monday to Monday", (report["from"][:10], report["to"][:10]), ("2026-11-02", "2026-11-09"))
    whole = Decimal(server.post("/api/v1/query", {"measures": ["cost"], "from": "2026-11-02", "to": "2026-11-09"}).json()["rows"][0][0])
    for table in report["costs"]:
        checks.equal(f"cost by {table['by']} adds up", (sum(Decimal(r["cost_usd"]) for r in table["rows"]), Decimal(table["total_usd"])), (whole, whole))
    tiles = {tile["measure"]: tile for tile in report["tiles"]}
    checks.equal("runs", tiles["traces"]["now"], 124)
    checks.check("cost is a tile too", abs(tiles["cost"]["now"] - float(whole)) < 1e-9 and tiles["cost"]["before"] is None, tiles["cost"])
    said = report["sentences"]
    checks.check("sentences are computed", said[0]["text"].startswith("Of 124 runs 0.00 % failed") and "It cost $" in said[1]["text"], said)
    checks.check("and link to their numbers", all("from=2026-11-02T00:00:00Z&to=2026-11-09T00:00:00Z" in one["link"] for one in said) and said[1]["link"].startswith(server.url + "/costs?filter=agent"), said)
    page = server.call("GET", f"/api/v1/reports/preview?{week}")
    text = page.body.decode()
    checks.check("HTML that runs and fetches nothing", page.headers["content-type"].startswith("text/html") and "script" not in text.lower() and "src=" not in text and "default-src 'none'" in page.headers["content-security-policy"], text[:300])
    checks.check("a hostile name is text", "=danger,&quot;x&quot;" in text)
    csv_text = server.call("GET", f"/api/v1/reports/preview?{week}&format=csv").body.decode()
    all_rows = [r for r in rows_of(csv_text) if r["part"] == "cost by agent"]
    checks.equal("CSV adds up", sum(Decimal(r["this_week"]) for r in all_rows if r["name"] != "(all)"), whole)
    local = server.get("/api/v1/reports/preview?day=2026-10-25&timezone=Europe/Berlin&format=json")
    checks.equal("the week in which clocks go back has 169 hours", (local["from"][:16], local["to"][:16]), ("2026-10-18T22:00", "2026-10-25T23:00"))
    month = server.get("/api/v1/reports/preview?kind=cost&period=month&day=2026-11-20&format=json")
    of_month = Decimal(server.post("/api/v1/query", {"measures": ["cost"], "from": "2026-11-01", "to": "2026-12-01"}).json()["rows"][0][0])
    checks.equal("a month beside the month before", (month["period"], month["from"][:10], month["to"][:10], Decimal(month["costs"][0]["total_usd"])), ("month", "2026-11-01", "2026-12-01", of_month))
    checks.check("says so", "month" in server.call("GET", "/api/v1/reports/preview?period=month&day=2026-11-20").body.decode().split("</h1>")[1][:400])
    checks.equal("a period that is none", server.call("GET", "/api/v1/reports/preview?period=year").status, 400)
    slo = server.get("/api/v1/reports/preview?kind=slo&day=2026-11-20&format=json")
    checks.check("objectives of this week", {(o["name"], o["met"]) for o in slo["objectives"]} >= {("desk-up", "not met"), ("from a file", "met")} and "not over" in " ".join(slo["unknown"]), slo)


def reports(checks, server, mails, late):
    """`late`: a span of that week which comes when the report is kept."""
    numbers(checks, server)
    made = server.call("POST", "/api/v1/reports", json.dumps({"day": "2026-11-04"}).encode(), JSON)
    checks.equal("a report is kept", made.status, 201)
    kept = server.call("GET", f"/api/v1/reports/{made.json()['id']}").body
    server.call("POST", "/v1/traces", late, JSON)
    server.stored()
    checks.equal("as it was, whatever comes later", server.call("GET", f"/api/v1/reports/{made.json()['id']}").body, kept)
    checks.equal("a schedule is made", server.call("PUT", "/api/v1/report-schedules/friday", json.dumps({"weekday": "friday", "hour": 8, "to": ["cfo@example.com"], "link_for": "30d"}).encode(), JSON).status, 200)
    with contextlib.closing(sqlite3.connect(os.path.join(server.data, "ledger.db"), timeout=30)) as ledger, ledger:
        ledger.execute("UPDATE report_schedules SET done = 0")  # as if it had been made long ago: due at 08:00, four hours before the server's noon
    until = time.monotonic() + 60
    while time.monotonic() < until and len(server.get("/api/v1/reports")["reports"]) < 2:
        time.sleep(0.2)
    listed = server.get("/api/v1/reports")["reports"]
    checks.equal("it makes its report, of the week before, and says that it is late", sorted((r["schedule"], r["from"][:10], r["late"]) for r in listed), [("", "2026-11-02", False), ("friday", "2026-11-09", True)])
    for query, words in (("kind=moon", "weekly, cost"), ("day=soon", "no day"), ("day=2027-01-01", "not begun"), ("timezone=Mars/Base", "no time zone"), ("format=doc", "html, csv")):
        answer = server.call("GET", "/api/v1/reports/preview?" + query)
        checks.check(f"{query} is refused with what to do", answer.status == 400 and words in answer.message, answer.message)
    mailed(checks, server, mails, made.json()["id"])
    linked(checks, server, made.json()["id"], kept)
    done = command("report", "list", "--server", server.url)
    checks.check("the command lists them", done.returncode == 0 and "friday" in done.stdout, done.stdout + done.stderr)
    pdf = server.call("GET", f"/api/v1/reports/{made.json()['id']}?format=pdf", timeout=120)
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        checks.check("without Chromium the answer says what to do", pdf.status == 501 and "format=html" in pdf.message, pdf.body[:200])
        print("  skipped: PDF: there is no chromium")
        return
    checks.check("a kept report as PDF over the API", pdf.status == 200 and pdf.body[:5] == b"%PDF-", pdf.body[:200])
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "week.pdf")
        done = command("report", "weekly", "--day", "2026-11-04", "--format", "pdf", "--out", out, "--server", server.url, timeout=120)
        with open(out, "rb") as file:
            checks.check("PDF by Chromium", done.returncode == 0 and file.read(5) == b"%PDF-", done.stdout + done.stderr)


def due_mails(server, mails, to, count=1):
    """Waits for the server to send; the mails to somebody."""
    server.wait_for(lambda: len([one for one in mails.mails if one[0] == [to]]) >= count, 60, f"a mail to {to}")
    return [email.message_from_string(one[2]) for one in mails.mails if one[0] == [to]]


def part(message, content_type):
    return next(p.get_payload(decode=True).decode() for p in message.walk() if p.get_content_type() == content_type)


def mailed(checks, server, mails, report):
    """The schedule's mail has come with its report; others are sent by hand."""
    scheduled = due_mails(server, mails, "cfo@example.com")[0]
    checks.check("the schedule's mail says what it is", "Weekly report of default, week of 2026-11-" in str(email.header.make_header(email.header.decode_header(scheduled["Subject"]))), scheduled["Subject"])
    text = part(scheduled, "text/plain")
    checks.check("its text has the sentences and a public link", "runs" in text and f"{server.url}/shared/reports/" in text, text)
    page = call(text.rsplit("All of it: ", 1)[1].strip())
    checks.check("the link opens without a log-in", page.status == 200 and b"<h1>Weekly report</h1>" in page.body, page.body[:200])
    checks.check("the page is in the mail, the table beside it", "<h1>Weekly report</h1>" in part(scheduled, "text/html") and part(scheduled, "text/csv").startswith("part,name,"), scheduled.as_string()[:600])
    sent = put_json(server, "POST", f"/api/v1/reports/{report}/send", {"to": ["ann@example.com", "ann@example.com"]})
    checks.equal("it is sent by hand, once to each", (sent.status, sent.json()), (202, {"queued": 1}))
    due_mails(server, mails, "ann@example.com")
    mails.refuse = "bob@"
    put_json(server, "POST", f"/api/v1/reports/{report}/send", {"to": ["bob@example.com"]})
    refused = server.wait_for(lambda: [m for m in server.get(f"/api/v1/reports/{report}/mails")["mails"] if m["state"] == "failed"], 60, "a refusal")
    checks.check("a refusal for good is kept with its reason", refused[0]["to"] == "bob@example.com" and "550" in refused[0]["error"], refused)
    listed = next(r for r in server.get("/api/v1/reports")["reports"] if r["id"] == report)
    checks.equal("what came of them is listed", {m["to"]: m["state"] for m in listed["mails"]}, {"ann@example.com": "sent", "bob@example.com": "failed"})
    mails.refuse = ""
    for path, body, words in ((f"/api/v1/reports/{report}/send", {"to": ["nobody"]}, "no address"), (f"/api/v1/reports/{report}/send", {}, "1 to 50"),
                              (f"/api/v1/reports/{report}/send", {"to": ["a@b"], "link_for": "5s"}, "1h to 365d"), ("/api/v1/reports/rep_0/send", {"to": ["a@b"]}, "no report")):
        answer = put_json(server, "POST", path, body)
        checks.check(f"{body} is refused with what to do", answer.status in (400, 404) and words in answer.message, answer.message)
    schedule = server.get("/api/v1/report-schedules")["schedules"][0]
    checks.equal("a schedule says who gets it and when", (schedule["to"], schedule["link_for"], schedule["next"][:16]), (["cfo@example.com"], "720h", "2026-11-27T08:00"))


def linked(checks, server, report, kept):
    made = put_json(server, "POST", f"/api/v1/reports/{report}/links", {"expires": "2d", "label": "the board"})
    checks.equal("a link is made", (made.status, made.json()["expires"][:13]), (201, "2026-11-22T12"))
    url = made.json()["url"]
    page = call(url)
    checks.equal("it shows the report as it was kept", (page.status, page.body), (200, kept))
    checks.equal("and is kept by nobody on the way", (page.headers["cache-control"], page.headers["referrer-policy"], "noindex" in page.headers["x-robots-tag"]), ("no-store", "no-referrer", True))
    checks.check("as CSV too", call(url + "?format=csv").body.startswith(b"part,name,"))
    one = next(link for link in server.get("/api/v1/report-links")["links"] if link["label"] == "the board")
    checks.equal("it is listed, without its address", (one["opened"], one["state"], one["report"], "url" in one), (2, "active", report, False))
    checks.equal("it is taken back", (server.call("DELETE", f"/api/v1/report-links/{one['id']}").status, server.call("DELETE", f"/api/v1/report-links/{one['id']}").status), (200, 404))
    gone, never = call(url), call(server.url + "/shared/reports/" + "A" * 32)
    checks.equal("then it is what was never there", (gone.status, gone.json()["error"]["message"]), (never.status, never.json()["error"]["message"]))
    short = put_json(server, "POST", f"/api/v1/reports/{report}/links", {"expires": "1h"}).json()
    with contextlib.closing(sqlite3.connect(os.path.join(server.data, "ledger.db"), timeout=30)) as ledger, ledger:
        ledger.execute("UPDATE report_links SET expires = made WHERE id = ?", (short["id"],))
        held = " ".join(str(row) for row in ledger.execute("SELECT * FROM report_links"))
        audit = [row[0] for row in ledger.execute("SELECT action FROM audit WHERE action LIKE 'report.%'")]
    checks.equal("an expired one is closed", call(short["url"]).status, 404)
    checks.check("no address is stored", url.rsplit("/", 1)[1] not in held, held)
    checks.check("the audit table has it", {"report.link", "report.link.open", "report.link.revoke", "report.send", "report.schedule"} <= set(audit), audit)
    statuses = {call(server.url + "/shared/reports/" + base64.urlsafe_b64encode(bytes([i] * 24)).decode()).status for i in range(120)}
    checks.equal("who guesses is held up", statuses, {404, 429})
    for body in ({"expires": "10m"}, {"expires": "never"}):
        answer = put_json(server, "POST", f"/api/v1/reports/{report}/links", body)
        checks.check(f"{body} is refused", answer.status == 400 and "1h to 365d" in answer.message, answer.message)
    done = command("report", "link", report, "--expires", "7d", "--label", "by hand", "--server", server.url)
    checks.check("the command makes one", done.returncode == 0 and "/shared/reports/" in done.stdout, done.stdout + done.stderr)
    done = command("report", "links", "--server", server.url)
    checks.check("and lists them", done.returncode == 0 and "by hand" in done.stdout and "revoked" in done.stdout, done.stdout + done.stderr)
