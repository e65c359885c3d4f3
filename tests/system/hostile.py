"""Bad input is refused with a reason, its neighbours are kept, the books balance, and the server goes on."""
import gzip
import json
import socket
import struct
import zlib

from pawl import JSON, PROTOBUF, Checks, Server, span, traces_body

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


def bodies(checks, server):
    """Whole requests that are wrong."""
    good = traces_body(span(TRACE, 1))
    deep = b'{"kvlistValue":{"values":[{"key":"a","value":' * 5000 + b'{"stringValue":"x"}' + b"}]}}" * 5000
    nested = good.replace(b'"attributes": []', b'"attributes": [{"key":"d","value":' + deep + b"}]")
    for name, body, headers, statuses in [
            ("half a JSON", b'{"resourceSpans":[{', JSON, {400}),
            ("a list", b"[1,2,3]", JSON, {400}),
            ("a number", b"7", JSON, {400}),
            ("broken protobuf", b"\xff" * 64, PROTOBUF, {400}),
            ("a cut protobuf", b"\x0a\xff\x7fabc", PROTOBUF, {400}),
            ("a protobuf group", b"\x0b\x0c", PROTOBUF, {200, 400}),
            ("a protobuf field 0", b"\x00\x00", PROTOBUF, {400}),
            ("text", b"hello", {"content-type": "text/plain"}, {415}),
            ("a form", b"a=b", {"content-type": "application/x-www-form-urlencoded"}, {415}),
            ("XML", b"<a/>", {"content-type": "application/xml"}, {400, 415}),
            ("no gzip", b"zzzz", {**JSON, "content-encoding": "gzip"}, {400}),
            ("a cut gzip", gzip.compress(good)[:-9], {**JSON, "content-encoding": "gzip"}, {400}),
            ("no zstd", b"zzzz", {**JSON, "content-encoding": "zstd"}, {400}),
            ("an unknown encoding", b"zzzz", {**JSON, "content-encoding": "lzma"}, {400, 415}),
            ("a gzip bomb", gzip.compress(bytes(256 << 20), 9), {**PROTOBUF, "content-encoding": "gzip"}, {400, 413}),
            ("a deflate bomb", zlib.compress(bytes(256 << 20), 9), {**PROTOBUF, "content-encoding": "deflate"}, {400, 413}),
            ("a deep value", nested, JSON, {200, 400}),
            ("a deep JSON", b"[" * 100_000 + b"]" * 100_000, JSON, {400}),
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
    with Server() as server:
        bodies(checks, server)
        records(checks, server)
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
