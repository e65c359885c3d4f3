"""A real OpenTelemetry Collector in front of a real server: what goes in comes out once, whatever happens in between.

The Collector is built from the project's own modules, as its builder would (tests/collector: pinned, with hashes). Without Go, or
with PAWL_NO_NETWORK=1 and nothing built yet, it says that it was skipped. The configuration is that of the guide's page.
"""
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error

from pawl import JSON, PATIENCE, ROOT, Checks, Server, call, command

PAGE = os.path.join(ROOT, "docs/guides/connect/collector.md")
SOURCE = os.path.join(ROOT, "tests/collector")
GO = (1, 25)
BODIES = 256 << 20  # of requests in flight: docs/limits.md
BODY = 64 << 20
UNKNOWN = {"http": "lz4", "grpc": "snappy"}  # to Pawl: 400, UNIMPLEMENTED
COMPRESSIONS = [("http", "zstd"), ("http", "gzip"), ("http", "deflate"), ("grpc", "gzip"), ("grpc", "zstd"), ("grpc", "none")]


def built():
    """The Collector's path; None with the reason printed where it cannot be had."""
    with open(os.path.join(SOURCE, "go.sum"), "rb") as sums, open(os.path.join(SOURCE, "main.go"), "rb") as source:
        place = os.path.join(ROOT, "build/collector", hashlib.sha256(sums.read() + source.read()).hexdigest()[:16])
    if os.path.exists(place):
        return place
    if os.environ.get("PAWL_NO_NETWORK") == "1":
        return print("  skipped: the Collector is not built yet, and its modules cannot be had without a network")
    told = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout if shutil.which("go") else ""
    version = re.match(r"go(\d+)\.(\d+)", told)
    if not version or tuple(map(int, version.groups())) < GO:
        return print(f"  skipped: a Collector is built with Go {GO[0]}.{GO[1]} or newer; here is {told.strip() or 'none'}")
    os.makedirs(os.path.dirname(place), exist_ok=True)
    made = subprocess.run(["go", "build", "-trimpath", "-ldflags=-s -w", "-o", place + ".new", "."], cwd=SOURCE, capture_output=True, text=True, check=False,
                          env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"}, timeout=900 * PATIENCE)
    if made.returncode != 0:
        return print(f"  skipped: the Collector's modules cannot be had or built: {made.stderr[-300:]}")
    os.rename(place + ".new", place)
    return place


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def page_blocks():
    with open(PAGE, encoding="utf-8") as file:
        whole, over_grpc = re.findall(r"```yaml\n(.*?)```", file.read(), re.DOTALL)
    return whole, over_grpc


class Collector:
    """With the page's configuration; `protocol` is the exporter's."""

    def __init__(self, binary, url, protocol, compression, key="none"):
        whole, over_grpc = page_blocks()
        self.port = free_port()
        if protocol == "grpc":
            over_grpc = over_grpc.replace("  otlp/pawl:\n", "  otlp/pawl:\n    tls: {insecure: true}\n")
            head, rest = whole.split("exporters:\n", 1)
            whole = head + over_grpc + "\n" + rest[rest.index("service:"):].replace("otlphttp/pawl", "otlp/pawl")
        changes = {"https://pawl.example.com": url, "127.0.0.1:14317": f"127.0.0.1:{free_port()}", "127.0.0.1:14318": f"127.0.0.1:{self.port}",
                   "initial_interval: 1s": "initial_interval: 100ms", "max_interval: 30s": "max_interval: 1s"}
        for old, new in changes.items():
            assert old in whole, f"{PAGE} has no {old}"
            whole = whole.replace(old, new)
        whole = re.sub(r"compression: \w+", "compression: " + compression, whole)
        self.folder = tempfile.mkdtemp(prefix="pawl-collector-")
        config, self.log_path = os.path.join(self.folder, "config.yaml"), os.path.join(self.folder, "log")
        with open(config, "w", encoding="utf-8") as file:
            file.write(whole + "  telemetry: {metrics: {level: none}}\n")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([binary, "--config", config], stdout=log, stderr=log, env={**os.environ, "PAWL_KEY": key})
        self.until("Everything is ready")

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def until(self, words, seconds=60):
        end = time.monotonic() + seconds * PATIENCE
        while words not in self.log():
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"the Collector never said '{words}': {self.log()[-1500:]}")
            time.sleep(0.02)

    def send(self, signal_name, value):
        answer = call(f"http://127.0.0.1:{self.port}/v1/{signal_name}", "POST", json.dumps(value).encode(), JSON)
        if answer.status != 200:
            raise RuntimeError(f"the Collector answered {answer.status} {answer.body[:300]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def now():
    return time.time_ns()


def spans(trace, numbers, start=None):
    start = start or now()
    return {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": {"name": "relay"}, "spans": [
        {"traceId": f"{trace:032x}", "spanId": f"{number:016x}", "name": f"step {number}", "kind": 1, "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 1000)}
        for number in numbers]}]}]}


def logs(trace, numbers, start=None):
    start = start or now()
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": [
        {"timeUnixNano": str(start), "traceId": f"{trace:032x}", "spanId": f"{number:016x}", "body": {"stringValue": f"line {number}"}} for number in numbers]}]}]}


def points(name, values):
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": name, "gauge": {"dataPoints": [
        {"timeUnixNano": str(now() + number), "asDouble": value} for number, value in enumerate(values)]}}]}]}]}


def count(server, what):
    """Spans that stand (a repeat that has not been taken back yet would count), log records, points."""
    if what == "spans":
        rows = server.post("/api/v1/query", {"measures": ["spans"], "dimensions": []}).json()["rows"]
        return rows[0][0] if rows else 0
    if what == "logs":
        return len(server.get("/api/v1/logs?limit=1000")["logs"])
    rows = server.post("/api/v1/query", {"measures": [f"metric.{what}"], "dimensions": []}).json().get("rows")
    return rows[0][0] if rows else None


def comes_to(checks, server, name, what, wanted, seconds=60):
    end, got = time.monotonic() + seconds * PATIENCE, None
    while time.monotonic() < end:
        try:
            got = count(server, what)
        except (OSError, ValueError, KeyError):
            got = None  # it starts
        if got == wanted:
            break
        time.sleep(0.1)
    return checks.equal(name, got, wanted)


def everything(checks, binary):
    """All three signals, both protocols, the compressions a Collector sends; a key; partial success."""
    with Server("--auth", "required") as server:
        made = json.loads(command("key", "create", "--scopes", "ingest,read", "--data", server.data, "--json").stdout)["key"]
        server.wait_for(lambda: server.call("GET", "/api/v1/books", key=made).status == 200, 30, "the key")
        server.key = made
        sent = 0
        for trace, (protocol, compression) in enumerate(COMPRESSIONS, 1):
            name = f"{protocol} {compression}"
            with Collector(binary, server.url, protocol, compression, made) as collector:
                for signal_name, value in [("traces", spans(trace, range(1, 21))), ("logs", logs(trace, range(1, 6))), ("metrics", points(f"m{trace}", [1.5] * 3))]:
                    collector.send(signal_name, value)
                sent += 1
                comes_to(checks, server, f"{name}: spans", "spans", 21 * (sent - 1) + 20)
                comes_to(checks, server, f"{name}: log records", "logs", 5 * sent)
                comes_to(checks, server, f"{name}: points", f"m{trace}", 1.5)
                mixed = spans(trace, [30, 31])
                mixed["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] = ""
                refused = server.books()["refused"]
                collector.send("traces", mixed)
                collector.until("Partial success")
                comes_to(checks, server, f"{name}: the good record beside a bad one", "spans", 21 * sent)
                checks.equal(f"{name}: the bad one was refused once", server.books()["refused"], refused + 1)
        books = server.books()
        checks.equal("each once in the books", (books["duplicate"], books["stored"]), (0, sent * (21 + 5)))


def final(checks, binary):
    """What a repeat can never help is said once, and not sent again."""
    with Server("--auth", "required") as server:
        made = json.loads(command("key", "create", "--scopes", "ingest,read", "--data", server.data, "--json").stdout)["key"]
        server.wait_for(lambda: server.call("GET", "/api/v1/books", key=made).status == 200, 30, "the key")
        server.key = made
        for protocol in ("http", "grpc"):
            with Collector(binary, server.url, protocol, "gzip", "pawl_sk_wrong") as collector:
                collector.send("traces", spans(1, [1]))
                collector.until("Dropping data")
                checks.check(f"{protocol}: a wrong key is not tried again", "Will retry" not in collector.log(), collector.log()[-600:])
            refused = server.books()["refused"]
            with Collector(binary, server.url, protocol, UNKNOWN[protocol], made) as collector:
                collector.send("traces", spans(1, [1]))
                collector.until("Dropping data")
                checks.check(f"{protocol}: what is refused for good is not tried again", "Will retry" not in collector.log() and UNKNOWN[protocol] in collector.log(), collector.log()[-600:])
                checks.equal(f"{protocol}: and is in the books", server.books()["refused"], refused + 1)
        checks.equal("nothing of it is stored", count(server, "spans"), 0)


def hold_all_room(server):
    """Connections whose unfinished bodies fill what bodies of requests in flight may take."""
    held, block = [], b" " * (1 << 20)
    for _ in range(BODIES // BODY):
        one = socket.create_connection(("127.0.0.1", server.port))
        one.sendall(f"POST /v1/traces HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\ncontent-type: application/json\r\ncontent-length: {BODY}\r\n\r\n".encode())
        for _ in range(BODY // len(block) - 1):
            one.sendall(block)
        one.sendall(block[:-1])
        held.append(one)
    return held


def pushed_back(checks, binary):
    """Too much at once: refused, and sent again when there is room."""
    for protocol in ("http", "grpc"):
        with Server() as server, Collector(binary, server.url, protocol, "none") as collector:
            held = hold_all_room(server)
            full = f"\npawl_http_inflight_body_bytes {BODIES - len(held)}\n".encode()
            server.wait_for(lambda: full in server.call("GET", "/metrics").body, 60, "no room")
            collector.send("traces", spans(1, range(1, 11)))
            collector.send("logs", logs(1, range(1, 11)))
            collector.until("Will retry")
            checks.equal(f"{protocol}: nothing was taken without room", server.books()["stored"], 0)
            said = collector.log()
            checks.check(f"{protocol}: it was told to wait", ("503" in said or "Unavailable" in said) and "Throttle" in said or "interval" in said, said[-800:])
            for one in held:
                one.close()
            comes_to(checks, server, f"{protocol}: all came", "spans", 10)
            comes_to(checks, server, f"{protocol}: all log records came", "logs", 10)
            checks.check(f"{protocol}: nothing was dropped", "Dropping data" not in collector.log(), collector.log()[-800:])


def killed(checks, binary):
    """The server is killed while requests are on their way, and stays away for a while: each record once."""
    for protocol in ("http", "grpc"):
        home = tempfile.mkdtemp(prefix="pawl-test-")
        port = free_port()
        listen, sent = f"127.0.0.1:{port}", 0
        try:
            server = Server(data=home, listen=listen)
            with Collector(binary, f"http://{listen}", protocol, "gzip") as collector:
                for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
                    for at in range(12):
                        if at == 6:
                            server.process.send_signal(how)
                        collector.send("traces", spans(1, range(sent + 1, sent + 41)))
                        collector.send("logs", logs(1, range(sent + 1, sent + 11)))
                        sent += 40
                    server.process.wait(60 * PATIENCE)
                    collector.until("Will retry")
                    server = Server(data=home, listen=listen)
                comes_to(checks, server, f"{protocol}: every span once", "spans", sent)
                comes_to(checks, server, f"{protocol}: every log record once", "logs", sent // 4)
                books = server.books()
                checks.equal(f"{protocol}: the books agree", books["stored"], sent + sent // 4)
                checks.check(f"{protocol}: nothing was dropped", "Dropping data" not in collector.log(), collector.log()[-800:])
            server.stop()
        finally:
            shutil.rmtree(home, ignore_errors=True)


def main():
    checks = Checks()
    binary = built()
    if binary:
        for part in (everything, final, pushed_back, killed):
            if len(sys.argv) == 1 or part.__name__ in sys.argv[1:]:
                part(checks, binary)
    checks.finish()


main()
