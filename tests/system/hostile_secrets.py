"""Secrets in telemetry: masked before anything is written, by each project's setting, and numbered in the journal."""
import gzip
import json
import os
import random
import string
import struct

from pawl import JSON, PROTOBUF, Checks, Server, command, span, traces_body

ALPHABET = string.ascii_letters + string.digits
TRACE = 0x5EC2E7


def made(prefix, size, seed):
    """Something in the shape of a key; never one that was given out."""
    return prefix + "".join(random.Random(seed).choice(ALPHABET) for _ in range(size))


KEYS = {"model_key": made("sk-" + "proj-", 48, 1), "service_key": made("gh" + "p_", 36, 2), "pawl_key": made("pawl" + "_sk_", 43, 3)}


def field(number, payload):
    """A protobuf field: bytes, or a fixed number of 64 bits."""
    if isinstance(payload, int):
        return bytes([number << 3 | 1]) + struct.pack("<Q", payload)
    size, head = len(payload), bytearray([number << 3 & 127 | 2]) if number < 16 else bytearray([(number << 3 | 2) & 127 | 128, number >> 4])
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    return bytes(head) + bytes([size]) + payload


def protobuf(one):
    """The OTLP JSON span as protobuf."""
    attributes = b"".join(field(9, field(1, a["key"].encode()) + field(2, field(1, a["value"]["stringValue"].encode()))) for a in one["attributes"])
    body = field(1, bytes.fromhex(one["traceId"])) + field(2, bytes.fromhex(one["spanId"])) + field(5, one["name"].encode())
    body += field(7, int(one["startTimeUnixNano"])) + field(8, int(one["endTimeUnixNano"])) + attributes
    return field(1, field(2, field(2, body)))


def in_journal(server, text):
    folder = os.path.join(server.data, "journal")
    return any(text.encode() in open(os.path.join(folder, name), "rb").read() for name in os.listdir(folder) if name.endswith(".seg"))


def epochs(server):
    """The numbers of the rules that requests in the journal were masked by (docs/reference/journal-format.md)."""
    out, folder = [], os.path.join(server.data, "journal")
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".seg"):
            continue
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
        at = 4096
        while at + 64 <= len(data) and data[at + 16:at + 20] == b"PJR1":
            size, kind, epoch = struct.unpack_from("<I", data, at + 20)[0], data[at + 28], struct.unpack_from("<I", data, at + 36)[0]
            if kind == 1:
                out.append(epoch)
            at += (64 + size + 7) // 8 * 8
    return out


def hidden(key):
    """What masking leaves: the prefix that tells what it was."""
    prefix = next(p for p in ("sk-" + "proj-", "gh" + "p_", "pawl" + "_sk_") if key.startswith(p))
    return prefix + "*" * (len(key) - len(prefix))


def send(checks, server, number, name, key="", trace=TRACE):
    one = span(trace, number, "call", gen_ai__operation__name="chat", custom__note=f"before {KEYS['model_key']} between {KEYS['service_key']} after",
               custom__header=KEYS["pawl_key"])
    ways = {"json": (traces_body(one), JSON), "gzip": (gzip.compress(traces_body(one)), {**JSON, "content-encoding": "gzip"}), "protobuf": (protobuf(one), PROTOBUF)}
    body, headers = ways[name]
    answer = server.call("POST", "/v1/traces", body, headers, key=key)
    checks.equal(f"{name} is taken", answer.status, 200)


def note_of(server, number, key="", trace=TRACE):
    path = f"/api/v1/traces/{trace:032x}/spans/{number:016x}"
    server.wait_for(lambda: server.call("GET", path, key=key).status == 200, 15, "the span")
    return server.get(path, key=key)["attributes"]


def usual(checks, server):
    for number, way in enumerate(("json", "gzip", "protobuf"), 1):
        send(checks, server, number, way)
        seen = note_of(server, number)
        wanted = f"before {hidden(KEYS['model_key'])} between {KEYS['service_key']} after"
        checks.equal(f"{way}: a model's key is masked at its length, another is not", seen["custom.note"], wanted)
        checks.equal(f"{way}: Pawl's own is masked", seen["custom.header"], hidden(KEYS["pawl_key"]))
    checks.check("the model's key is in no segment of the journal", not in_journal(server, KEYS["model_key"][10:]))
    checks.check("the other one is", in_journal(server, KEYS["service_key"]))
    checks.check("the count is in the metrics", b"pawl_ingest_masked_secrets_total 6" in server.call("GET", "/metrics").body)


def settings(checks, server):
    shown = server.get("/api/v1/masking")
    checks.equal("on from the first start", ([k["name"] for k in shown["kinds"] if k["on"]], shown["epoch"], shown["changed"]), (["model_key", "cloud_key", "pawl_key", "private_key"], 0, False))

    def put(kinds):
        return server.call("PUT", "/api/v1/masking", json.dumps({"kinds": kinds}).encode(), JSON)

    wrong = put(["model_keys"])
    checks.check("an unknown kind is named", wrong.status == 400 and "model_keys" in wrong.message, wrong.message)
    checks.equal("without kinds nothing changes", server.call("PUT", "/api/v1/masking", b"{}", JSON).status, 400)
    checks.equal("more", put(["model_key", "service_key"]).json()["epoch"], 1)
    send(checks, server, 11, "protobuf")
    checks.equal("is masked from then on", note_of(server, 11)["custom.note"], f"before {hidden(KEYS['model_key'])} between {hidden(KEYS['service_key'])} after")
    checks.equal("nothing", put([]).json()["epoch"], 2)
    send(checks, server, 12, "json")
    checks.equal("is masked then", note_of(server, 12)["custom.note"], f"before {KEYS['model_key']} between {KEYS['service_key']} after")
    checks.equal("the journal says which rules", epochs(server), [0, 0, 0, 1, 2])
    audit = server.get("/api/v1/audit")["entries"]
    checks.equal("and the audit table who set them", [(e["action"], e["detail"], e["actor"]) for e in audit[:2]],
                 [("masking.set", "nothing", "local"), ("masking.set", "model_key,service_key", "local")])


def after_kill(checks, server):
    put = server.call("PUT", "/api/v1/masking", json.dumps({"kinds": ["model_key"]}).encode(), JSON)
    checks.equal("set again", put.json()["epoch"], 3)
    send(checks, server, 21, "json")
    server.kill()
    again = Server(data=server.home)
    checks.equal("the setting outlives kill -9", [k["name"] for k in again.get("/api/v1/masking")["kinds"] if k["on"]], ["model_key"])
    checks.check("what was masked stays so", hidden(KEYS["model_key"]) in note_of(again, 21)["custom.note"])
    again.stop()


def projects(checks):
    with Server("--auth", "required") as server:
        keys = {}
        for name in ("one", "two"):
            command("project", "create", name, "--data", server.data)
            keys[name] = json.loads(command("key", "create", "--project", name, "--scopes", "ingest,read,admin", "--data", server.data, "--json").stdout)["key"]
        server.wait_for(lambda: all(server.call("GET", "/api/v1/me", key=key).status == 200 for key in keys.values()), 5, "the keys")
        answer = server.call("PUT", "/api/v1/masking", b'{"kinds":[]}', JSON, key=keys["one"])
        checks.equal("one project's setting", answer.status, 200)
        for name, masked in (("one", False), ("two", True)):
            send(checks, server, 1, "json", keys[name], TRACE + 1)
            checks.equal(f"{name} is masked: {masked}", hidden(KEYS["model_key"]) in note_of(server, 1, keys[name], TRACE + 1)["custom.note"], masked)
        reader = json.loads(command("key", "create", "--project", "one", "--scopes", "read", "--data", server.data, "--json").stdout)["key"]
        server.wait_for(lambda: server.call("GET", "/api/v1/masking", key=reader).status == 200, 5, "the reader's key")
        checks.equal("a reader does not set it", server.call("PUT", "/api/v1/masking", b'{"kinds":[]}', JSON, key=reader).status, 403)


def main():
    checks = Checks()
    server = Server()
    try:
        usual(checks, server)
        settings(checks, server)
        after_kill(checks, server)
    finally:
        server.stop()
    projects(checks)
    checks.finish()


if __name__ == "__main__":
    main()
