"""A real server in a temporary directory, a client without frameworks, and a counter of checks. Standard library only."""
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("PAWL") or os.path.join(ROOT, "build/release/pawl")
JSON = {"content-type": "application/json"}
PROTOBUF = {"content-type": "application/x-protobuf"}
# A loaded machine is slow, not wrong: what is waited for may take this much longer.
PATIENCE = float(os.environ.get("PAWL_PATIENCE", "1"))
# http://HOST:PORT of a chdb_http: servers keep their warehouse there.
REMOTE = os.environ.get("PAWL_TEST_REMOTE", "")


class Checks:
    """Counts what holds; the last line of every program here is `N passed, N failed`."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, holds, got=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {name}: {str(got)[:600]}", flush=True)
        return bool(holds)

    def equal(self, name, got, wanted):
        return self.check(name, got == wanted, f"wanted {wanted!r}, got {got!r}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)


class Answer:
    def __init__(self, status, body, headers):
        self.status, self.body, self.headers = status, body, headers

    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        """The sentence of an error, in our own shape or as google.rpc.Status."""
        with contextlib.suppress(ValueError, KeyError, TypeError):
            value = self.json()
            return value["error"]["message"] if "error" in value else value["message"]
        return self.body.decode("utf-8", "replace")


def call(url, method="GET", body=None, headers=None, timeout=20):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout * PATIENCE) as answer:
            return Answer(answer.status, answer.read(), answer.headers)
    except urllib.error.HTTPError as refused:
        return Answer(refused.code, refused.read(), refused.headers)


class Server:
    """`pawl serve` on 127.0.0.1 and a port that it chooses; ended and its data removed on exit."""

    def __init__(self, *flags, data=None, ready=True, key="", listen="127.0.0.1:0"):
        self.home = data or tempfile.mkdtemp(prefix="pawl-test-")
        self.kept = data is not None
        self.data = os.path.join(self.home, "data")
        self.log_path = os.path.join(self.home, f"log.{time.monotonic_ns()}")
        self.key = key
        if REMOTE:  # a database of its own in the double of a ClickHouse server, the same after a restart
            flags += ("--warehouse-url", REMOTE, "--warehouse-database", "t" + hashlib.sha256(self.home.encode()).hexdigest()[:16])
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PAWL_")}
        with open(self.log_path, "wb") as log:
            self.began = time.monotonic()
            self.process = subprocess.Popen(
                [BINARY, "serve", "--data", self.data, "--listen", listen, *flags],
                stdout=log, stderr=log, env=environment)
        self.url = self.wait_for(self.page, 30, "an address")
        self.accepting_s = time.monotonic() - self.began
        self.port = int(self.url.rsplit(":", 1)[1])
        if ready:
            self.wait_for(lambda: self.call("GET", "/readyz").status == 200, 60, "readiness")
            self.ready_s = time.monotonic() - self.began

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def page(self):
        found = re.search(r"page=(http://\S+)", self.log())
        return found and found.group(1)

    def wait_for(self, condition, seconds, what):
        """Polls until it gives something; the value. A server that ended or never gets there is an error."""
        end = time.monotonic() + seconds * PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}: {self.log()[-800:]}")
            with contextlib.suppress(OSError):
                value = condition()
                if value:
                    return value
            time.sleep(0.01)
        log = self.log()[-800:]
        self.stop()
        raise RuntimeError(f"waited {seconds} s for {what}; the log ends: {log}")

    def call(self, method, path, body=None, headers=None, timeout=20, key=None):
        headers = dict(headers or {})
        used = self.key if key is None else key
        if used:
            headers["authorization"] = "Bearer " + used
        return call(self.url + path, method, body, headers, timeout)

    def get(self, path, **more):
        return self.call("GET", path, **more).json()

    def post(self, path, value, **more):
        return self.call("POST", path, json.dumps(value).encode(), JSON, **more)

    def books(self):
        return self.get("/api/v1/books")

    def stored(self, seconds=15):
        """Waits until everything acknowledged is in the warehouse. (The books say so a little early: at the cut.)"""
        self.wait_for(lambda: b"\npawl_ingest_queued_bytes 0\n" in self.call("GET", "/metrics").body, seconds, "an empty queue")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def stop(self):
        self.end()
        if not self.kept:
            shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def command(*words, env=None, timeout=60):
    """Runs `pawl words…`; CompletedProcess with texts."""
    return subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=timeout * PATIENCE,
                          env={**os.environ, **(env or {})}, check=False)


def attribute(key, value):
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    if isinstance(value, float):
        return {"key": key, "value": {"doubleValue": value}}
    return {"key": key, "value": {"stringValue": value}}


def span(trace, number, name="chat", parent=None, start=None, length=1_000_000_000, **attributes):
    """An OTLP JSON span; `trace` and `number` become hexadecimal ids. `a__b` in a name of an attribute is `a.b`."""
    start = start if start is not None else time.time_ns() - 60_000_000_000
    return {"traceId": f"{trace:032x}", "spanId": f"{number:016x}", "parentSpanId": f"{parent:016x}" if parent else "",
            "name": name, "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + length),
            "attributes": [attribute(key.replace("__", "."), value) for key, value in attributes.items()]}


def traces_body(*spans):
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}).encode()


def unpacked(path):
    """The bytes of a file, .zst undone (by the zstd program: Python 3.11 has none)."""
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dcq", path], capture_output=True, check=True).stdout
    with open(path, "rb") as file:
        return file.read()
