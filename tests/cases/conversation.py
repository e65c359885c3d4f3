"""What the sections of a case do to a server."""
import contextlib
import datetime
import gzip
import json
import os
import re
import subprocess
import tempfile
import threading
import time
import urllib.request

from pawl import JSON, PATIENCE, ROOT, Server, attribute, unpacked
from sections import Words, brief, read_case, table_text

SETTLED_S = 8  # what counts in a trace is settled two seconds after its last span


class Differs(Exception):
    """The server answered otherwise than the case says."""


def nanos(text):
    whole, _, fraction = text.removesuffix("Z").partition(".")
    moment = datetime.datetime.fromisoformat(whole + "+00:00")
    return int(moment.timestamp()) * 1_000_000_000 + int((fraction + "0" * 9)[:9])


def opened_sections(case):
    """The case's sections, `given NAME` replaced by those of the shared opening."""
    out = []
    for section in case.sections:
        if section.word == "given":
            out += opened_sections(read_case(os.path.join(ROOT, "tests/cases/given", section.rest + ".case")))
        else:
            out.append(section)
    return out


def price_file(section):
    """A price file from a table: model, and dollars per million input, cached, written, output, reasoning tokens."""
    keys = {"input": "input_mtok", "cached": "cache_read_mtok", "written": "cache_write_mtok", "output": "output_mtok", "reasoning": "output_reasoning_mtok"}
    providers = {}
    for row in section.table()[1]:
        prices = {keys[column]: cell for column, cell in row.items() if column in keys and cell != "-"}
        providers.setdefault(row.get("provider", "acme"), []).append({"id": row["model"], "match": {"equals": row["model"]}, "prices": [{"prices": prices}]})
    return {"source": "case", "providers": [{"id": name, "model_match": {"or": [one["match"] for one in models]}, "models": models}
                                            for name, models in providers.items()]}


def cell_value(text):
    """A cell as an attribute: a whole number, a decimal, true or false, else the text (quotes keep it one)."""
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        return json.loads(text)
    if re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if re.fullmatch(r"-?\d+\.\d+", text):
        return float(text)
    return {"true": True, "false": False}.get(text, text)


class Listener:
    """GET /api/v1/live on a thread of its own."""

    def __init__(self, server, query):
        self.events, self.open = [], threading.Event()
        self.request = urllib.request.Request(f"{server.url}/api/v1/live{query}")
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()
        if not self.open.wait(10 * PATIENCE):
            raise Differs("the live stream does not open")

    def listen(self):
        with contextlib.suppress(OSError), urllib.request.urlopen(self.request, timeout=20 * PATIENCE) as stream:
            kind = ""
            for line in stream:
                text = line.decode().rstrip("\n")
                if text.startswith("event: "):
                    kind = text[7:]
                elif text.startswith("data: "):
                    self.events.append({"event": kind, "data": json.loads(text[6:])})
                    self.open.set()


class Conversation:
    """One case with its server; the server starts at the first section that needs it."""

    def __init__(self, case, bless):
        self.case, self.bless, self.words = case, bless, Words()
        self.sections = opened_sections(case)
        self.home = tempfile.TemporaryDirectory(prefix="pawl-case-")
        self.flags, self.server, self.at, self.began = [], None, None, None
        self.sent = self.answer = self.asked = self.listener = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.server:
            self.server.stop()
        self.home.cleanup()

    def play(self, section):
        work = getattr(self, "do_" + section.word, None)
        if not work:
            raise ValueError(f"{section.source}: there is no section '{section.word}'")
        try:
            work(section)
        except Differs as different:
            raise Differs(f"{section.source}: {different}") from None

    def running(self):
        if not self.server:
            flags = list(self.flags)
            if self.at is not None:
                self.began = self.began or time.time_ns()
                now = self.at + time.time_ns() - self.began
                flags += ["--clock", datetime.datetime.fromtimestamp(now // 10**9, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{now % 10**9:09}Z"]
            self.server = Server(*flags, data=self.home.name)
        return self.server

    def do_at(self, section):
        self.at = nanos(section.rest)

    def do_prices(self, section):
        path = os.path.join(self.home.name, "prices.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(price_file(section), file)
        self.flags += ["--prices", path]

    def do_serve(self, section):
        self.flags += section.rest.split()

    # --- sending ---------------------------------------------------------------------------------------------------
    def body_of(self, text):
        text = text.strip("\n")
        if text.startswith("@hex "):
            return bytes.fromhex(text[5:])
        if text.startswith("@"):
            return unpacked(os.path.join(ROOT, text[1:].strip()))
        return self.words.fill(text).encode()

    def do_send(self, section):
        method, path = section.rest.split(" ", 1)
        headers, lines = {}, section.body.splitlines()
        while lines and re.match(r"[A-Za-z-]+: ", lines[0]):
            name, value = lines.pop(0).split(": ", 1)
            headers[name.lower()] = self.words.fill(value.strip())
        body = self.body_of("\n".join(lines)) if "".join(lines).strip() else None
        if body is not None and headers.pop("compressed", None):  # the body is as said already
            pass
        elif body is not None:
            body = self.encoded(body, headers.get("content-encoding", ""))
        self.sent = (method, self.words.fill(path), body if body is not None or method == "GET" else b"", headers)
        self.answer = self.running().call(*self.sent)
        self.asked = None

    @staticmethod
    def encoded(body, encoding):
        if encoding == "gzip":
            return gzip.compress(body)
        if encoding == "zstd":
            return subprocess.run(["zstd", "-cq"], input=body, capture_output=True, check=True).stdout
        return body

    def do_spans(self, section):
        """A table of spans, sent as OTLP JSON: trace span parent name start ms status error, else attributes (service: resource)."""
        base = self.at or time.time_ns() - 60_000_000_000
        spans = []
        for row in section.table()[1]:
            row = {key: self.words.fill(cell) for key, cell in row.items() if cell != "-"}
            start = base + round(float(row.pop("start", "0")) * 1e9)
            one = {"traceId": row.pop("trace", "1").rjust(32, "0"), "spanId": row.pop("span").rjust(16, "0"), "name": row.pop("name"),
                   "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + round(float(row.pop("ms", "1000")) * 1e6))}
            if "parent" in row:
                one["parentSpanId"] = row.pop("parent").rjust(16, "0")
            if "error" in row:
                one["status"] = {"code": 2, "message": row.pop("error")}
            one["attributes"] = [attribute(key, cell_value(cell)) for key, cell in row.items()]
            spans.append(one)
        body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
        self.sent, self.asked = ("POST", "/v1/traces", body, JSON), None
        self.answer = self.running().call(*self.sent)
        if self.answer.status != 200 or self.answer.body != b"{}":
            raise Differs(f"the spans were answered {self.answer.status} {self.answer.body[:300]!r}")

    def do_again(self, _):
        """What was sent last, once more."""
        self.answer = self.running().call(*self.sent)

    # --- comparing -------------------------------------------------------------------------------------------------
    def until_same(self, difference, ask):
        """A question is asked again until its answer is as expected, for as long as the server may take to settle."""
        end = time.monotonic() + SETTLED_S * PATIENCE
        while True:
            before = dict(self.words.known)
            wrong = difference()
            if not wrong or time.monotonic() > end or (self.bless and time.monotonic() > end - SETTLED_S * PATIENCE + 4):
                return wrong
            self.words.known = before
            time.sleep(0.1)
            ask()

    def do_reply(self, section):
        status, lines = section.rest, section.body.splitlines()
        headers = {}
        while lines and re.match(r"[A-Za-z-]+: ", lines[0]):
            name, value = lines.pop(0).split(": ", 1)
            headers[name.lower()] = value.strip()
        text = "\n".join(lines).strip()

        def difference():
            if str(self.answer.status) != status:
                return f"{self.sent[0]} {self.sent[1]} should be answered {status}, was {self.answer.status} {self.answer.body[:300]!r}"
            for name, value in headers.items():
                if not self.words.matches(value, self.answer.headers.get(name, "")):
                    return f"the header {name} should be {value}, is {self.answer.headers.get(name)}"
            if not text:
                return None
            if text[0] in "{[":
                return self.words.difference(json.loads(text), self.answer.json())
            got = self.answer.body.decode("utf-8", "replace").strip()
            return None if self.words.matches(text, got) else f"the answer should be {text}, is {got[:300]}"

        def ask():
            self.answer = self.running().call(*self.sent)

        wrong = self.until_same(difference, ask) if self.sent[0] == "GET" else difference()
        if wrong and self.bless:
            section.line = f"reply {self.answer.status}"
            body = self.answer.body.decode("utf-8", "replace")
            section.body = "".join(f"{name}: {self.answer.headers.get(name)}\n" for name in headers) + (json.dumps(json.loads(body), ensure_ascii=False) if body[:1] in ("{", "[") else body) + "\n\n"
        elif wrong:
            raise Differs(wrong)

    def do_query(self, section):
        question = {"measures": [], "dimensions": []}
        for line in section.body.splitlines():
            word, _, rest = line.strip().partition(" ")
            rest = self.words.fill(rest.strip())
            if word in ("measure", "by"):
                question["measures" if word == "measure" else "dimensions"] = [name.strip() for name in rest.split(",")]
            elif word == "where":
                question["filter"] = rest
            elif word == "limit":
                question["limit"] = int(rest)
            elif word in ("from", "to", "step", "order", "zone"):
                question[word] = rest
            elif word:
                raise ValueError(f"{section.source}: a query has no line '{word}'")
        self.asked = self.sent = ("POST", "/api/v1/query", json.dumps(question).encode(), JSON)
        self.answer = self.running().call(*self.sent)

    def got_rows(self):
        if self.answer.status != 200:
            return [], [[f"{self.answer.status} {self.answer.message}"]]
        value = self.answer.json()
        cells = [["-" if cell is None else str(cell) if not isinstance(cell, list) else ",".join(map(str, cell)) for cell in row] for row in value["rows"]]
        return [column["name"] for column in value["columns"]], cells

    def do_rows(self, section):
        columns, wanted = section.table()
        wanted = [list(row.values()) for row in wanted]

        def difference():
            names, rows = self.got_rows()
            if columns and names != columns:
                return f"the columns should be {columns}, are {names} {brief(rows)}"
            if len(rows) != len(wanted):
                return f"there should be {len(wanted)} rows, there are {len(rows)}: {brief(rows)}"
            for row, other in zip(wanted, rows):
                for name, cell, got in zip(columns, row, other):
                    same = self.words.matches(cell, got) if "<" in cell else same_cell(cell, got)
                    if not same:
                        return f"{name} should be {cell}, is {got} in {brief(rows)}"
            return None

        def ask():
            self.answer = self.running().call(*self.asked)

        wrong = self.until_same(difference, ask)
        if wrong and self.bless:
            section.body = table_text(*self.got_rows())
        elif wrong:
            raise Differs(wrong)

    # --- waiting and breaking --------------------------------------------------------------------------------------
    def do_wait(self, section):
        if section.rest == "stored":
            return self.running().stored()
        raise ValueError(f"{section.source}: there is nothing to wait for called '{section.rest}' (stored)")

    def do_restart(self, section):
        server = self.running()
        server.kill() if section.rest == "kill" else server.end()
        self.server = None
        self.running()

    def do_live(self, section):
        self.listener = Listener(self.running(), "?filter=" + urllib.request.quote(section.rest) if section.rest else "")

    def do_events(self, section):
        """The events so far, one JSON a line; more may come later."""
        wanted = [json.loads(line) for line in section.body.splitlines() if line.strip()]
        end = time.monotonic() + SETTLED_S * PATIENCE
        while len(self.listener.events) < len(wanted) and time.monotonic() < end:
            time.sleep(0.05)
        wrong = self.words.difference(wanted, self.listener.events, "the events")
        if wrong:
            raise Differs(wrong)


def same_cell(wanted, got):
    """Numbers are the same by value: 0.002400 is 0.0024."""
    if wanted == got:
        return True
    number = r"-?\d+(\.\d+)?"
    return bool(re.fullmatch(number, wanted) and re.fullmatch(number, got)) and float(wanted) == float(got)
