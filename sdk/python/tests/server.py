"""A server for the tests of this package: keeps what it is sent, answers as it is told."""
import gzip
import http.server
import json
import os
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../src"))
import pawl  # noqa: E402
from pawl import _frameworks, _prompts, _safe, _start  # noqa: E402


class FakeServer:
    """`answers`: (status, headers, body) for the next requests, then 200. `routes`: path → value for GET. It can go and come back."""

    def __init__(self):
        self.got, self.answers, self.routes, self.delay_s, self.port = [], [], {}, 0.0, 0
        self.start()

    def start(self):
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.take("GET")

            def do_POST(self):
                self.take("POST")

            def take(self, method):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                time.sleep(fake.delay_s)
                status, headers, said = fake.answer(method, self.path, body, dict(self.headers))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method, path, body, headers):
        self.got.append((method, path, body, {k.lower(): v for k, v in headers.items()}))
        if self.answers:
            return self.answers.pop(0)
        plain = urllib.parse.unquote(path.partition("?")[0])
        if method == "GET":
            value = self.routes.get(path, self.routes.get(plain))
            return (200, {}, json.dumps(value).encode()) if value is not None else (404, {}, b'{"message":"not there"}')
        if plain in self.routes:
            return 200, {}, json.dumps(self.routes[plain]).encode()
        return 200, {}, b"" if plain.startswith("/v1/") else b"{}"

    def bodies(self, path):
        return [body for _, where, body, _ in self.got if where.partition("?")[0] == path]

    def spans(self):
        """Every span that came, by name, as {id, parent, trace, attributes, status, events}."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
        found = []
        for body in self.bodies("/v1/traces"):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    for one in scope.spans:
                        found.append({"name": one.name, "id": one.span_id.hex(), "parent": one.parent_span_id.hex(), "trace": one.trace_id.hex(),
                                      "scope": scope.scope.name, "status": one.status.code, "events": [event.name for event in one.events],
                                      "attributes": {kv.key: value_of(kv.value) for kv in one.attributes},
                                      "resource": {kv.key: value_of(kv.value) for kv in resource.resource.attributes}})
        return found

    def span(self, name):
        return next(one for one in self.spans() if one["name"] == name)

    def scores(self):
        return [one for body in self.bodies("/api/public/scores") for one in json.loads(body)]


def value_of(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None


class Case(unittest.TestCase):
    """A fresh server and a fresh pawl for each test."""
    init = {}

    def setUp(self):
        _safe.forget_said()
        _prompts.forget_prompts()
        self.server = FakeServer()
        self.folder = tempfile.TemporaryDirectory(prefix="pawl-test-")
        self.start(**self.init)

    def start(self, **given):
        self.assertTrue(pawl.init(self.server.url, "pawl_sk_test", buffer_dir=self.folder.name, frameworks=(), **{"exit_timeout_s": 2, **given}))

    def tearDown(self):
        pawl.shutdown()
        self.server.stop()
        self.folder.cleanup()

    def until(self, condition, seconds=10):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, f"waited {seconds} s; {pawl.status()}")
            time.sleep(0.02)

    @property
    def running(self):
        return _start._running


__all__ = ["Case", "FakeServer", "pawl", "_frameworks", "_safe", "_start"]
