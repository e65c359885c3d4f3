"""What stands between a server and the world: certificates that are renewed, proxies that are believed, descriptors."""
import contextlib
import json
import os
import re
import resource
import signal
import socket
import sqlite3
import ssl
import subprocess
import tempfile

from pawl import JSON, Checks, Server, command


def make_certificate(folder, name):
    paths = [os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")]
    made = [path + ".new" for path in paths]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", made[0], "-keyout", made[1]], check=True, capture_output=True)
    for new, path in zip(made, paths):
        os.replace(new, path)
    return paths


def shown(port):
    """The certificate that a new connection is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain, context.wrap_socket(plain) as secure:
        return secure.getpeercert(binary_form=True)


class SecureServer(Server):
    def page(self):
        found = re.search(r"page=https://(\S+)", self.log())
        return found and "http://" + found.group(1)


def certificates(checks, folder):
    cert, key = make_certificate(folder, "first")
    alone = command("serve", "--data", folder + "/never", "--listen", "127.0.0.1:0", "--tls-cert", cert)
    checks.check("a certificate without its key is said", alone.returncode == 3 and "tls_key is missing" in alone.stderr, alone.stderr)
    with SecureServer("--tls-cert", cert, "--tls-key", key, ready=False) as server:
        first = shown(server.port)
        make_certificate(folder, "second")
        server.wait_for(lambda: shown(server.port) != first, 15, "the new certificate, by itself")
        checks.check("a renewed certificate is found", True)
        second = shown(server.port)
        with open(cert, "w", encoding="utf-8") as file:
            file.write("half")
        server.wait_for(lambda: "the old certificate stays in use" in server.log(), 15, "a word about a broken file")
        checks.check("the broken file is named", cert in server.log().split("stays in use")[1], server.log()[-300:])
        checks.equal("and the old one is shown", shown(server.port), second)
        make_certificate(folder, "third")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(lambda: shown(server.port) not in (first, second), 5, "the third one")
        checks.check("SIGHUP reads it at once", "certificate read" in server.log(), server.log()[-300:])
        checks.equal("SIGHUP ends nothing", server.process.poll(), None)


def audit(server):
    """The installation's own entries, which only its owner may ask for."""
    with contextlib.closing(sqlite3.connect(f"file:{server.data}/ledger.db?mode=ro", uri=True)) as ledger:
        return repr(ledger.execute("SELECT * FROM audit").fetchall())


def proxies(checks, folder):
    wrong = command("serve", "--data", folder + "/never", "--listen", "127.0.0.1:0", "--trusted-proxies", "proxy.example")
    checks.check("a proxy that is no address is said", wrong.returncode == 3 and "proxy.example" in wrong.stderr, wrong.stderr)
    with Server("--auth", "required", "--trusted-proxies", "127.0.0.1,10.0.0.0/8") as server:
        body = json.dumps({"email": "nobody@example.com", "password": "wrong password here"}).encode()

        def log_in(**headers):
            return server.call("POST", "/api/v1/login", body, {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}).status

        for number in range(8):  # from as many addresses: none of them is guessing too often, the account is
            checks.equal("a wrong password", log_in(x_forwarded_for=f"198.51.100.77, 203.0.113.{number}, 10.0.0.9", x_forwarded_proto="https"), 401)
        text = audit(server)
        checks.check("the audit table has the client", "203.0.113.7" in text, text[:600])
        checks.check("not what the client said of itself", "198.51.100.77" not in text, text[:600])
        checks.check("and not the proxy", "10.0.0.9" not in text, text[:600])
    with Server("--auth", "required") as server:
        server.call("POST", "/api/v1/login", b'{"email":"a@example.com","password":"wrong password here"}', {**JSON, "x-forwarded-for": "203.0.113.5"})
        text = audit(server)
        checks.check("nobody is believed unasked", "203.0.113.5" not in text and "127.0.0.1" in text, text[:600])


def descriptors(checks):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
    try:
        with Server() as server:
            with open(f"/proc/{server.process.pid}/limits", encoding="utf-8") as limits:
                line = next(line for line in limits if line.startswith("Max open files"))
            checks.equal("as many descriptors as the system allows", line.split()[3], line.split()[4])
            checks.check("the metrics know", f"process_max_fds {line.split()[3]}" in server.call("GET", "/metrics").body.decode())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        certificates(checks, folder)
        proxies(checks, folder)
    descriptors(checks)
    checks.finish()


main()
