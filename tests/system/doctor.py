"""`pawl doctor` finds what is broken and mends the text index; the metrics that the alerts name are there."""
import glob
import json
import os
import re
import shutil
import socket
import threading

from pawl import JSON, ROOT, Checks, Server, command, span, traces_body


def look(server, *flags, **more):
    """The findings by name, and the exit code."""
    asked = command("doctor", "--data", server.data, "--server", server.url, "--json", *flags, timeout=120, **more)
    try:
        return {one["what"]: one for one in json.loads(asked.stdout)}, asked.returncode
    except ValueError:
        raise RuntimeError(f"{asked.stdout} {asked.stderr}") from None


def bad(findings):
    return {name: one["found"] for name, one in findings.items() if not one["good"]}


def index_files(server):
    return sorted(glob.glob(os.path.join(server.data, "warehouse/**/skp_idx_words*"), recursive=True), key=os.path.getsize)


def searched(server, word):
    return len(server.get(f"/api/v1/traces?filter={word}")["traces"])


def fill(server):
    for number in range(30):
        text = f"The customer asks about parcel{number} and a refund of the broken lantern"
        body = traces_body(span(0xD0C0 + number, 1, name="agent", gen_ai__prompt=text, input__value=text, openinference__span__kind="AGENT"))
        assert server.call("POST", "/v1/traces", body, JSON).status == 200
    server.stored()


def damage(path):
    with open(path, "r+b") as file:
        size = os.path.getsize(path)
        file.seek(size // 2)
        file.write(b"\xff" * max(1, min(64, size - size // 2)))


def text_index(checks):
    with Server() as server:
        fill(server)
        checks.check("full text finds", searched(server, "lantern") > 0)
        findings, code = look(server)
        checks.equal("a running server is well", (bad(findings), code), ({}, 0))
        checks.check("its parts were looked at", "every part whole" in findings["spans"]["found"], findings)
        findings, _ = look(server, "--rebuild")
        checks.check("the index is built beside the server", "built anew" in findings["text index"]["found"], findings["text index"])
        server.end()
        files = index_files(server)
        if not checks.check("it has files", files):
            return
        damage(files[-1])
        findings, code = look(server)
        checks.check("a damaged index is found", "damaged" in bad(findings).get("text index", ""), findings)
        checks.equal("and nothing else", (list(bad(findings)), code), (["text index"], 1))
        findings, code = look(server, "--repair")
        checks.equal("it is mended", (bad(findings), code), ({}, 0))
        findings, code = look(server)
        checks.equal("and is well afterwards", (bad(findings), code, findings["text index"]["found"]), ({}, 0, "finds what a scan finds"))
        parts = [path for path in glob.glob(os.path.join(server.data, "warehouse/**/data.bin"), recursive=True) +
                 glob.glob(os.path.join(server.data, "warehouse/**/text.bin"), recursive=True) if "store" in path]
        damage(max(parts, key=os.path.getsize))
        findings, code = look(server, "--repair")
        checks.check("damaged data is said, and not mended", code == 1 and any("restore a back-up" in found for found in bad(findings).values()), bad(findings))
        shutil.rmtree(server.home, ignore_errors=True)


def ports(checks):
    with socket.socket() as other, Server() as server:
        other.bind(("127.0.0.1", 0))
        other.listen()
        other.settimeout(20)
        text = f"127.0.0.1:{other.getsockname()[1]}"

        def answer():
            try:
                peer = other.accept()[0]
                peer.recv(1000)
                peer.sendall(b"220 another program\r\n")
                peer.close()
            except OSError:
                pass

        threading.Thread(target=answer, daemon=True).start()
        findings, _ = look(server, env={"PAWL_LISTEN": server.url[7:], "PAWL_OTLP_HTTP": text, "PAWL_OTLP_GRPC": "off"})
        checks.equal("our port", findings[f"port {server.url[7:]}"]["found"], "a Pawl answers")
        checks.check("another program on a port", "another program" in findings[f"port {text}"]["found"], findings[f"port {text}"])
    fresh = command("doctor", "--data", "/nonexistent/pawl", "--json")
    checks.check("a directory that is not there yet is no fault", "not there yet" in fresh.stdout, fresh.stdout)


def metrics(checks):
    with Server() as server:
        server.call("POST", "/v1/traces", traces_body(span(1, 1)), JSON)
        server.stored()
        server.call("GET", "/api/v1/nothing")
        text = server.call("GET", "/metrics").body.decode()
        helped, typed, seen = {}, {}, {}
        for line in text.splitlines():
            if line.startswith("# HELP "):
                _, _, name, about = line.split(" ", 3)
                checks.check(f"{name} is explained once", about and name not in helped, line)
                helped[name] = about
            elif line.startswith("# TYPE "):
                typed[line.split()[2]] = line.split()[3]
            else:
                found = re.fullmatch(r'([a-z_]+)(\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})? (-?[0-9.e+-]+|\+Inf)', line)
                if not checks.check("a line of the text format", found, line):
                    continue
                checks.check(f"{line} is there once", found[1] + (found[2] or "") not in seen, line)
                seen[found[1] + (found[2] or "")] = float(found[3])
        for name in {re.sub(r"_(bucket|sum|count)$", "", one.split("{")[0]) if "seconds_" in one else one.split("{")[0] for one in seen}:
            checks.check(f"{name} has a type and help", name in typed and name in helped, name)
        checks.equal("what was accepted is counted", seen['pawl_http_answers_total{kind="ingest",class="2xx"}'], 1)
        checks.equal("what was not found too", seen['pawl_http_answers_total{kind="other",class="4xx"}'] + seen['pawl_http_answers_total{kind="api",class="4xx"}'], 1)
        checks.equal("and the rows", seen['pawl_warehouse_rows{table="spans"}'], 1)
        known = {one.split("{")[0] for one in seen} | {"up", "pawl_certificate_end_seconds"}  # the last one: with TLS
        with open(os.path.join(ROOT, "deploy/alerts.yml"), encoding="utf-8") as rules:
            named = set(re.findall(r"\b((?:pawl|process)_[a-z_]+)", "".join(line for line in rules if "expr:" in line)))
        checks.equal("every alert has its metric", named - known, set())


def main():
    checks = Checks()
    text_index(checks)
    ports(checks)
    metrics(checks)
    checks.finish()


main()
