"""Bad input is refused with a reason, its neighbours are kept, the books balance, and the server goes on."""
import contextlib
import gzip
import json
import socket
import struct
import threading
import time
import zlib

from hostile_secrets import field
from pawl import JSON, PATIENCE, PROTOBUF, Checks, Server, call, span, traces_body

TRACE = 0x5b8efff798038103d269b633813fc60c
WAYS = ("refused", "quarantined", "journal", "stored", "duplicate", "merged")


def raw(server, head, wait=5):
    """Bytes as they are; the first bytes of the answer ("" where the server just closed)."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=wait) as peer:
        peer.sendall(head)
        try:
            return peer.recv(4096)
        except (TimeoutError, ConnectionResetError):
            return b""


class Books:
    """What became of the requests of one test: each refused one is counted once, with the sentence that was answered."""

    def __init__(self, server):
        self.server, self.before = server, server.books()

    def refused_one(self, checks, name, answer):
        now = self.server.books()
        counted = (now["received"] - self.before["received"], now["refused"] - self.before["refused"])
        checks.equal(f"{name}: one more received, one more refused", counted, (1, 1))
        last = now["last_refusals"][0]
        said = readable(answer)
        checks.check(f"{name}: the books have status and sentence", last["status"] == answer.status and last["message"][:60] in said, (last, said))
        self.before = now


def readable(answer):
    """The sentence in a google.rpc.Status of either encoding."""
    text = answer.body.decode("utf-8", "replace")
    return answer.message if text.startswith("{") else text


def wrong_bodies(good):
    """name, body, headers, status, words that the answer must have."""
    packed = gzip.compress(good)
    return [("half a JSON", b'{"resourceSpans":[{', JSON, 400, "byte 19"), ("a list", b"[1,2,3]", JSON, 400, "object"), ("a number", b"7", JSON, 400, "byte 0 of 1"),
            ("a text as spans", b'{"resourceSpans":[{"scopeSpans":[{"spans":"x"}]}]}', JSON, 400, "resourceSpans[0].scopeSpans[0].spans"),
            ("broken protobuf", b"\xff" * 64, PROTOBUF, 400, "byte 0"), ("a cut protobuf", b"\x0a\xff\x7fabc", PROTOBUF, 400, "byte 0 of 6"),
            ("a protobuf group", b"\x0b\x0c", PROTOBUF, 400, "byte 0"), ("a protobuf field 0", b"\x00\x00", PROTOBUF, 400, "byte 0"),
            ("a length inside that lies", b"\x0a\x04\x12\x7fab", PROTOBUF, 400, "byte"), ("a number of 11 bytes", b"\x08" + b"\xff" * 10 + b"\x01", PROTOBUF, 400, "varint"),
            ("XML", b"<a/>", {"content-type": "application/xml"}, 415, "application/xml"), ("no content type", b"{}", {"content-type": ""}, 415, "Content-Type"),
            ("no gzip", b"zzzz", {**JSON, "content-encoding": "gzip"}, 400, "gzip"), ("a cut gzip", packed[:-9], {**JSON, "content-encoding": "gzip"}, 400, "gzip"),
            ("a gzip with more behind it", packed + b"more", {**JSON, "content-encoding": "gzip"}, 400, "gzip"),
            ("no zstd", b"zzzz", {**JSON, "content-encoding": "zstd"}, 400, "zstd"), ("an unknown encoding", b"zzzz", {**JSON, "content-encoding": "lzma"}, 400, "lzma"),
            ("fewer encodings than said", packed, {**JSON, "content-encoding": "gzip, gzip"}, 400, "gzip"),
            ("a gzip bomb", gzip.compress(bytes(256 << 20), 9), {**PROTOBUF, "content-encoding": "gzip"}, 413, "67108864"),
            ("a gzip bomb as JSON", gzip.compress(b"[" * (256 << 20), 9), {**JSON, "content-encoding": "gzip"}, 413, "67108864"),
            ("a deflate bomb", zlib.compress(bytes(256 << 20), 9), {**PROTOBUF, "content-encoding": "deflate"}, 413, "67108864"),
            ("a body too long", bytes(65 << 20), PROTOBUF, 413, "67108864"), ("a deep JSON", b"[" * 100_000 + b"]" * 100_000, JSON, 400, "nested too deep")]


def refusals(checks, server):
    """Whole requests that are refused: the answer says what is wrong, and so do the books."""
    books = Books(server)
    for name, body, headers, status, words in wrong_bodies(traces_body(span(TRACE, 1))):
        answer = server.call("POST", "/v1/traces", body, headers, timeout=60)
        checks.equal(f"{name}: {status}", answer.status, status)
        checks.check(f"{name}: says {words}", words in readable(answer), answer.body[:200])
        protobuf = headers.get("content-type") == "application/x-protobuf"
        checks.equal(f"{name}: answered in its own encoding", answer.headers["content-type"], "application/x-protobuf" if protobuf else "application/json")
        books.refused_one(checks, name, answer)


def wrong_fields(checks, server):
    """JSON of the wrong types inside a record: one record is refused, its neighbour kept, the field named."""
    base, books = span(TRACE, 0xf0), Books(server)
    wrong = [("name", 5), ("attributes", {}), ("startTimeUnixNano", "noon"), ("startTimeUnixNano", "-5"), ("endTimeUnixNano", 1.5), ("kind", {}), ("status", "ok"), ("events", "x"),
             ("links", 7), ("spanId", 7), ("traceId", None), ("attributes", [{"key": "a", "value": 5}]), ("attributes", [{"key": "a", "value": {"intValue": "x"}}]),
             ("attributes", [{"key": 5, "value": {"stringValue": "x"}}])]
    for number, (field, value) in enumerate(wrong):
        good = {**base, "spanId": f"{0xe00 + number:016x}"}
        answer = server.call("POST", "/v1/traces", traces_body(good, {**base, field: value}), JSON)
        partial = answer.json().get("partialSuccess", {}) if answer.status == 200 else {}
        checks.check(f"{field}={value}: refused alone and named", str(partial.get("rejectedSpans")) == "1" and f"spans[1].{field}" in partial.get("errorMessage", ""), answer.body)
        now = server.books()
        checks.equal(f"{field}={value}: in the books", (now["received"] - books.before["received"], now["refused"] - books.before["refused"]), (2, 1))
        books.before = now
    server.stored()
    seen = {one["span_id"] for one in server.get(f"/api/v1/traces/{TRACE:032x}")["spans"]}
    checks.check("all good neighbours are kept", {f"{0xe00 + number:016x}" for number in range(len(wrong))} <= seen, sorted(seen))


def wire_types(checks, server):
    """Protobuf whose fields have other wire types than they should: as if the field were not there, as protobuf says."""
    trace, start = bytes.fromhex(f"{0x311:032x}"), time.time_ns()

    def request(number, **change):
        parts = {"trace": field(1, trace), "span": field(2, number.to_bytes(8, "big")), "name": field(5, b"wire"), "start": field(7, start), "end": field(8, start + 9), **change}
        return field(2, b"".join(parts.values()))

    def varint(number, value):
        return bytes([number << 3, value])

    books = Books(server)
    for number, (name, change, words) in enumerate([("trace id as a number", {"trace": varint(1, 7)}, "traceId is missing"), ("trace id of 4 bytes", {"trace": field(1, b"abcd")}, "traceId is not 16 bytes"),
                                                    ("span id as a number", {"span": varint(2, 7)}, "spanId is missing"), ("span id of zeros", {"span": field(2, bytes(8))}, "spanId is all zeros")], 1):
        answer = server.call("POST", "/v1/traces", field(1, field(2, request(number) + request(100 + number, **change))), PROTOBUF)
        checks.check(f"{name}: refused alone and named", answer.status == 200 and f"spans[1].{words}".encode() in answer.body, answer.body)
        now = server.books()
        checks.equal(f"{name}: in the books", (now["received"] - books.before["received"], now["refused"] - books.before["refused"]), (2, 1))
        books.before = now
    for number, change in ((11, {"name": varint(5, 7)}), (12, {"start": field(7, b"noon")}), (13, {"more": varint(9, 3)}), (14, {"name": field(5, b"\xff\xfe")}), (15, {"more": field(77, b"unknown")})):
        answer = server.call("POST", "/v1/traces", field(1, field(2, request(number, **change))), PROTOBUF)
        checks.equal(f"a field that cannot be read ({number}) costs the field, not the span", (answer.status, answer.body), (200, b""))
    server.stored()
    shown = {int(one["span_id"], 16): one["name"] for one in server.get(f"/api/v1/traces/{0x311:032x}")["spans"]}
    checks.equal("all but the refused are kept", sorted(shown), [1, 2, 3, 4, 11, 12, 13, 14, 15])
    checks.equal("what is no UTF-8 is repaired", shown[14], "\ufffd\ufffd")


def nested(levels):
    value = {"stringValue": "bottom"}
    for _ in range(levels):
        value = {"kvlistValue": {"values": [{"key": "a", "value": value}]}}
    return value


def odd_spans(trace):
    """What looks wrong and is somebody's data."""
    now = time.time_ns()
    return [span(trace, 1, "of 1970", start=0), span(trace, 2, "of 2200", start=7_258_118_400_000_000_000), span(trace, 3, "ends before it starts", start=now, length=-3_600_000_000_000),
            span(trace, 4, "without its parent", parent=0xdead), span(trace, 5, "in a circle", parent=6), span(trace, 6, "in a circle", parent=5), span(trace, 7, "its own parent", parent=7),
            {**span(trace, 8, "deep"), "attributes": [{"key": "deep", "value": nested(90)}]}, {**span(trace, 9, "nul \0 inside"), "attributes": [{"key": "a\0b", "value": {"stringValue": "c\0d"}}]},
            span(trace, 10, ""), span(trace, 11, "x" * 100_000), {**span(trace, 12, "no times"), "startTimeUnixNano": 0, "endTimeUnixNano": 0},
            {**span(trace, 13, "last time"), "startTimeUnixNano": str(2**64 - 1), "endTimeUnixNano": str(2**64 - 1)},
            {**span(trace, 14, "twice the same key"), "attributes": [{"key": "k", "value": {"stringValue": "1"}}, {"key": "k", "value": {"stringValue": "2"}}]},
            {**span(trace, 15, "many attributes"), "attributes": [{"key": f"k{n}", "value": {"intValue": n}} for n in range(5_000)]}]


def odd_but_kept(checks, server):
    """Kept, marked where something was left out, and answered for."""
    trace = 0x0dd
    spans, before = odd_spans(trace), server.books()
    answer = server.call("POST", "/v1/traces", traces_body(*spans, spans[0]), JSON)
    checks.check("all are taken", answer.status == 200 and "partialSuccess" not in answer.json(), answer.body[:300])
    huge = span(trace, 16, "execute_tool dump", gen_ai__operation__name="execute_tool", gen_ai__tool__name="dump", gen_ai__tool__call__result="y" * (50 << 20) + "end")
    checks.equal("a tool's result of 50 MB is taken", server.call("POST", "/v1/traces", gzip.compress(traces_body(huge), 1), {**JSON, "content-encoding": "gzip"}, timeout=60).status, 200)
    server.stored(60)
    shown = {int(one["span_id"], 16): one for one in server.get(f"/api/v1/traces/{trace:032x}?bodies=none")["spans"]}
    checks.equal("all are there", sorted(shown), list(range(1, 17)))
    content = f"/api/v1/traces/{trace:032x}/spans/{16:016x}/content"
    piece = next(one for one in server.get(content)["pieces"] if one["slot"] == "result")
    last = server.get(f"{content}?piece={piece['piece']}&from={piece['total'] - 20}", timeout=60)
    checks.check("and can be read to its end", piece["total"] >= (50 << 20) + 3 and last["next"] is None and "yyyend" in last["text"], (piece, last))
    checks.equal("1970 is 1970", shown[1]["start"][:10], "1970-01-01")
    checks.equal("2200 is 2200", shown[2]["start"][:4], "2200")
    checks.check("no time is negative", all(one["duration_ms"] >= 0 for one in shown.values()), {n: one["duration_ms"] for n, one in shown.items()})
    checks.equal("NUL is kept", shown[9]["name"], "nul \0 inside")
    books = server.books()
    checks.equal("one was a duplicate", (books["received"] - before["received"], books["duplicate"] - before["duplicate"]), (17, 1))
    for path in (f"/api/v1/traces/{trace:032x}", "/api/v1/traces?from=1960-01-01T00:00:00Z&to=2250-01-01T00:00:00Z", f"/api/v1/traces/{trace:032x}/spans/{8:016x}", f"/api/v1/traces/{trace:032x}/spans/{16:016x}"):
        checks.equal(f"{path} answers", server.call("GET", path, timeout=60).status, 200)


def talk(server, results, name, first, drip=b"", end=False):
    """Says `first`, then `drip` twice a second; how it ended, and after how long."""
    began, got = time.monotonic(), b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.5) as peer:
        peer.sendall(first)
        if end:
            peer.shutdown(socket.SHUT_WR)
        while time.monotonic() - began < 30 * PATIENCE:
            try:
                piece = peer.recv(4096)
                if not piece:
                    break
                got += piece
            except TimeoutError:
                with contextlib.suppress(OSError):
                    peer.sendall(drip)
            except OSError:
                break
    results[name] = (got[9:12], time.monotonic() - began)


def vanish(server, text):
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as peer:
            peer.sendall(text)


def slow(checks, server):
    """Connections that are slow, half open or end in the middle: cut off in time, and nobody else waits."""
    start = b"POST /v1/traces HTTP/1.1\r\n" + f"host: 127.0.0.1:{server.port}\r\n".encode() + b"content-type: application/json\r\n"
    body, results = start + b"content-length: 5000\r\n\r\n{", {}
    slow_ones = [("half a head", start[:40]), ("a head byte by byte", start[:40], b"x"), ("half a body", body), ("a body byte by byte", body, b" "),
                 ("half a chunk", start + b"transfer-encoding: chunked\r\n\r\n100\r\n{"), ("an end in the middle", body, b"", True)]
    threads = [threading.Thread(target=talk, args=(server, results, *one)) for one in slow_ones] + [threading.Thread(target=vanish, args=(server, body))]
    before, waits = server.books(), []
    for thread in threads:
        thread.start()
    for number in range(100):
        began = time.monotonic()
        checks.equal("meanwhile others are served", server.call("POST", "/v1/traces", traces_body(span(0x510, number + 1)), JSON).status, 200)
        waits.append(time.monotonic() - began)
        time.sleep(0.05)
    checks.check("without waiting", sorted(waits)[90] < 0.5 * PATIENCE, sorted(waits)[-5:])
    for thread in threads:
        thread.join()
    for name, *_ in slow_ones:
        status, took = results[name]
        checks.check(f"{name}: ended, and told so where it could be", status in (b"408", b"400", b"") and took < 20 * PATIENCE, (status, took))
    now = server.books()
    checks.check("half requests are no records", now["received"] - now["refused"] - (before["received"] - before["refused"]) == 100, (before, now))
    checks.check("no memory is held for them", b"pawl_http_inflight_body_bytes 0\n" in server.call("GET", "/metrics").body)


def bodies(checks, server):
    """Whole requests that may be taken or refused, but clearly."""
    good = traces_body(span(TRACE, 1))
    deep = b'{"kvlistValue":{"values":[{"key":"a","value":' * 5000 + b'{"stringValue":"x"}' + b"}]}}" * 5000
    deepest = good.replace(b'"attributes": []', b'"attributes": [{"key":"d","value":' + deep + b"}]")
    for name, body, headers, statuses in [
            ("text", b"hello", {"content-type": "text/plain"}, {415}),
            ("a form", b"a=b", {"content-type": "application/x-www-form-urlencoded"}, {415}),
            ("a deep value", deepest, JSON, {200, 400}),
            ("not UTF-8", good.replace(b'"chat"', b'"\xff\xfe"'), JSON, {200, 400})]:
        answer = server.call("POST", "/v1/traces", body, headers, timeout=60)
        checks.check(f"{name}: {sorted(statuses)}", answer.status in statuses, (answer.status, answer.body[:200]))
        if answer.status != 200:
            checks.check(f"{name}: says why", len(answer.message) > 10, answer.body[:200])
    empty = server.call("POST", "/v1/traces", b"", PROTOBUF)
    checks.equal("nothing in protobuf is an empty request", empty.status, 200)


def records(checks, server):
    """Wrong records inside of good requests."""
    base = span(TRACE, 0xa1)
    for number, (name, change, field) in enumerate([
            ("trace id of zeros", {"traceId": "0" * 32}, "traceId"),
            ("span id of zeros", {"spanId": "0" * 16}, "spanId"),
            ("trace id of 3 digits", {"traceId": "abc"}, "traceId"),
            ("trace id that is no hex", {"traceId": "z" * 32}, "traceId"),
            ("span id too long", {"spanId": "a" * 64}, "spanId")]):
        good = {**base, "spanId": f"{0xb00 + number:016x}"}
        answer = server.call("POST", "/v1/traces", traces_body({**base, "spanId": f"{0xc00 + number:016x}", **change}, good), JSON)
        checks.equal(name + ": the request is taken", answer.status, 200)
        partial = answer.json().get("partialSuccess", {})
        checks.check(name + ": one is rejected", str(partial.get("rejectedSpans")) == "1", answer.body)
        checks.check(name + ": the field is named", field in partial.get("errorMessage", ""), partial)
    script = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\x00 \u202e end"
    server.call("POST", "/v1/traces", traces_body({**base, "spanId": f"{0xd00:016x}", "name": script}), JSON)
    huge = {**base, "spanId": f"{0xd01:016x}", "attributes": [{"key": "x" * 5000, "value": {"stringValue": "y" * 3_000_000}}]}
    checks.equal("an attribute of 3 MB is taken", server.call("POST", "/v1/traces", traces_body(huge), JSON).status, 200)
    server.stored()
    seen = {one["span_id"]: one for one in server.get(f"/api/v1/traces/{TRACE:032x}")["spans"]}
    for number in range(5):
        checks.check(f"good neighbour {number} is kept", f"{0xb00 + number:016x}" in seen, sorted(seen))
    checks.check("markup in a name is kept as text", "<script>" in seen.get(f"{0xd00:016x}", {}).get("name", ""), sorted(seen))


def heads(checks, server):
    """Bytes that are no honest HTTP."""
    host = f"host: 127.0.0.1:{server.port}\r\n".encode()
    start = b"POST /v1/traces HTTP/1.1\r\n" + host
    for name, text in [
            ("a length beyond 64 bits", start + b"content-length: 99999999999999999999\r\n\r\n"),
            ("a negative length", start + b"content-length: -1\r\n\r\n"),
            ("length and chunked", start + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n"),
            ("two lengths", start + b"content-length: 4\r\ncontent-length: 5\r\n\r\nabcd"),
            ("a folded header", start + b"x: a\r\n b\r\ncontent-length: 0\r\n\r\n"),
            ("a space before the colon", start + b"content-length : 0\r\n\r\n"),
            ("no host", b"GET /healthz HTTP/1.1\r\n\r\n"),
            ("two hosts", b"GET /healthz HTTP/1.1\r\n" + host + host + b"\r\n"),
            ("a NUL in a header", b"GET /healthz HTTP/1.1\r\n" + host + b"x: a\0b\r\n\r\n"),
            ("an endless header", b"GET /healthz HTTP/1.1\r\n" + host + b"x: " + b"a" * 200_000),
            ("bad percent", b"GET /api/v1/traces/%zz HTTP/1.1\r\n" + host + b"\r\n"),
            ("HTTP/3.7", b"GET /healthz HTTP/3.7\r\n" + host + b"\r\n")]:
        got = raw(server, text)
        checks.check(name + " is refused", got == b"" or got[9:10] in (b"4", b"5"), got[:80])
    got = raw(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + struct.pack(">I", 0x00FFFFFF)[1:] + b"\x00\x00\x00\x00\x00\x00")
    checks.check("an HTTP/2 frame of 16 MB ends the connection", len(got) < 4096, got[:80])


def every_port(checks):
    """Local mode's rules on all three ports; and it says what it is before anything else."""
    with Server("--otlp-http", "127.0.0.1:0", "--otlp-grpc", "127.0.0.1:0") as server:
        checks.check("the first line says what local mode is", "local mode" in server.log().splitlines()[0] and "reads everything" in server.log().splitlines()[0], server.log()[:300])
        points = server.get("/api/v1/me")["endpoints"]
        ports = {name: int(points[name].rsplit(":", 1)[1]) for name in ("http", "otlp_http", "otlp_grpc")}
        checks.equal("three ports", len(set(ports.values())), 3)
        for name, port in ports.items():
            url = f"http://127.0.0.1:{port}/v1/traces"
            for what, headers in (("a foreign host", {"host": "evil.example"}), ("another's port", {"host": f"127.0.0.1:{1 + port % 60000}"}), ("a foreign origin", {"origin": "https://evil.example"}),
                                  ("origin null", {"origin": "null"}), ("a cross-site fetch", {"sec-fetch-site": "cross-site"}), ("a proxy", {"x-forwarded-for": "1.2.3.4"}), ("via a proxy", {"via": "1.1 x"})):
                answer = call(url, "POST", b"{}", {**JSON, **headers})
                checks.equal(f"{what} at {name}", answer.status, 403)
            checks.check(f"a proxy at {name} is told what it needs", "--auth required" in answer.message, answer.message)
            for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
                checks.equal(f"a {kind} at {name} is not read", call(url, "POST", b"{", {"content-type": kind}).status, 415)
            for host in ("localhost", "127.0.0.1", "LOCALHOST"):
                checks.equal(f"{host} at {name}", call(url, "POST", b"{}", {**JSON, "host": f"{host}:{port}"}).status, 200)
        grpc = call(f"http://127.0.0.1:{ports['otlp_grpc']}/opentelemetry.proto.collector.trace.v1.TraceService/Export", "POST", b"{}", JSON)
        checks.equal("gRPC needs its content type", grpc.status, 415)


def local_mode(checks, server):
    for name, headers, statuses in [
            ("a foreign host", {"host": "evil.example"}, {400, 403, 421}),
            ("another port", {"host": "127.0.0.1:1"}, {400, 403, 421}),
            ("a foreign origin", {"origin": "https://evil.example"}, {403}),
            ("origin null", {"origin": "null"}, {403}),
            ("a cross-site fetch", {"sec-fetch-site": "cross-site"}, {403}),
            ("a proxy's Forwarded", {"forwarded": "for=1.2.3.4"}, {403}),
            ("a proxy's X-Forwarded-For", {"x-forwarded-for": "1.2.3.4"}, {403}),
            ("a proxy's Via", {"via": "1.1 proxy"}, {403}),
            ("a proxy's X-Real-IP", {"x-real-ip": "1.2.3.4"}, {403})]:
        for method, path, body in [("GET", "/api/v1/traces", None), ("POST", "/v1/traces", b"{}"), ("POST", "/api/v1/query", b"{}")]:
            answer = server.call(method, path, body, {**(JSON if body else {}), **headers})
            checks.check(f"{name} at {path} is refused", answer.status in statuses, (answer.status, answer.body[:120]))
    got = raw(server, b"GET /api/v1/me HTTP/1.0\r\n" + f"host: 127.0.0.1:{server.port}\r\n\r\n".encode())
    checks.check("HTTP/1.0 is refused", b" 403 " in got[:20], got[:80])
    same = server.call("GET", "/api/v1/me", headers={"origin": server.url, "sec-fetch-site": "same-origin"})
    checks.equal("the own page is served", same.status, 200)


def questions(checks, server):
    for name, path, body, words in [
            ("an unknown measure", "/api/v1/query", {"measures": ["nonsense"], "dimensions": []}, "nonsense"),
            ("an unknown dimension", "/api/v1/query", {"measures": ["spans"], "dimensions": ["nonsense"]}, "nonsense"),
            ("SQL as a measure", "/api/v1/query", {"measures": ["spans) FROM system.tables --"], "dimensions": []}, ""),
            ("SQL as a dimension", "/api/v1/query", {"measures": ["spans"], "dimensions": ["attr.x'), file('/etc/passwd"]}, None),
            ("an order by nothing", "/api/v1/query", {"measures": ["spans"], "dimensions": [], "order": "nonsense"}, "")]:
        answer = server.post(path, body)
        statuses = {200, 400} if words is None else {400}
        checks.check(name + " is answered as a mistake", answer.status in statuses, (answer.status, answer.body[:200]))
        checks.check(name + " leaks nothing", b"root:" not in answer.body and (not words or words in answer.message), answer.body[:300])
    for term in ("cost>", "agent=", "(a", "a or", "bogus=1", "is:nothing", "duration>=tall", "\"open", "a=\x01'\\", "x" * 100_000):
        answer = server.post("/api/v1/filter", {"filter": term})
        checks.check(f"the filter {term[:12]!r} is checked", answer.status in (200, 400, 413), (answer.status, answer.body[:200]))
    for quote in ("'", "\\", "\\'", "\t", "\n", "%", "'); DROP TABLE spans; --", "{x:String}", "\0"):
        answer = server.post("/api/v1/query", {"measures": ["spans"], "dimensions": ["name"], "filter": json.dumps(quote + "a")})
        checks.check(f"{quote!r} as a text to search for", answer.status in (200, 400), (answer.status, answer.body[:200]))


def main():
    checks = Checks()
    every_port(checks)
    with Server() as server:
        refusals(checks, server)
        bodies(checks, server)
        records(checks, server)
        wrong_fields(checks, server)
        wire_types(checks, server)
        odd_but_kept(checks, server)
        slow(checks, server)
        heads(checks, server)
        local_mode(checks, server)
        questions(checks, server)
        checks.equal("still ready", server.call("GET", "/readyz").status, 200)
        books = server.books()
        checks.check("the books balance", books["received"] == sum(books[way] for way in WAYS), books)
        checks.equal("ends cleanly", server.end(), 0)
        checks.check("no sanitizer and no assertion spoke", "CHECK" not in server.log() and "ERROR: " not in server.log(), server.log()[-500:])
    checks.finish()


main()
