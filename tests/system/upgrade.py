"""An upgrade under load: no request is refused, every span is stored once. A new program that cannot start changes
nothing. Sockets that systemd keeps."""
import http.client
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time

from pawl import BINARY, JSON, PATIENCE, Checks, Server, call, command, span, traces_body

ROUNDS = 3
THREADS = 6


class Load(threading.Thread):
    """Sends spans one by one; `kept` on a connection that stays open, else on a new one each."""

    def __init__(self, port, number, kept):
        super().__init__(daemon=True)
        self.port, self.number, self.kept = port, number, kept
        self.sent, self.faults, self.slowest, self.ended = 0, [], 0.0, False
        self.start()

    def run(self):
        connection = None
        while not self.ended:
            body = traces_body(span(self.number * 1_000_000 + self.sent + 1, self.sent + 1))
            began = time.monotonic()
            try:
                if connection is None or not self.kept:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30 * PATIENCE)
                connection.request("POST", "/v1/traces", body, JSON)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.faults.append(f"{answer.status}")
            except (OSError, http.client.HTTPException) as fault:
                self.faults.append(repr(fault))
                connection = None
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.sent += 1
            time.sleep(0.002)


def holder(data):
    with open(os.path.join(data, "LOCK"), encoding="utf-8") as lock:
        return int(lock.read().split()[1])


def under_load(checks):
    with Server() as server:
        first = server.process.pid
        load = [Load(server.port, number + 1, kept=number % 2 == 0) for number in range(THREADS)]
        time.sleep(1)
        seen = {first}
        for _ in range(ROUNDS):
            asked = command("upgrade", "--data", server.data)
            checks.equal("the upgrade went well", asked.returncode, 0)
            seen.add(holder(server.data))
            time.sleep(1.5)
        for one in load:
            one.ended = True
        for one in load:
            one.join(60 * PATIENCE)
        try:
            checks.equal("each time another process", len(seen), ROUNDS + 1)
            checks.equal("the first one has ended well", server.process.wait(30 * PATIENCE), 0)
            faults = [fault for one in load for fault in one.faults]
            checks.equal("no request was refused", faults, [])
            sent = sum(one.sent for one in load)
            print(f"{sent} requests over {ROUNDS} upgrades, the slowest took {max(one.slowest for one in load) * 1000:.0f} ms")
            checks.check("there was a load", sent > 500, sent)
            wait(lambda: call(server.url + "/readyz").status == 200)
            wait(lambda: b"\npawl_ingest_queued_bytes 0\n" in call(server.url + "/metrics").body)
            question = b'{"measures": ["spans"], "dimensions": []}'
            counted = lambda: int(float(call(server.url + "/api/v1/query", "POST", question, JSON).json()["rows"][0][0]))
            wait(lambda: counted() >= sent)
            checks.equal("every span is there once", counted(), sent)
            books = call(server.url + "/api/v1/books").json()
            checks.equal("the books know them all", books["received"], sent)
            checks.equal("and balance", sum(books[fate] for fate in ("refused", "quarantined", "journal", "stored", "duplicate", "merged")), sent)
        finally:
            end(holder(server.data))


def wait(condition, seconds=30):
    until = time.monotonic() + seconds * PATIENCE
    while time.monotonic() < until:
        try:
            if condition():
                return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


def end(process):
    """SIGTERM to a process that is no child of ours; it is waited for."""
    try:
        os.kill(process, signal.SIGTERM)
        wait(lambda: not os.path.exists(f"/proc/{process}") or open(f"/proc/{process}/stat").read().split()[2] == "Z")
    except ProcessLookupError:
        pass


def a_bad_successor(checks):
    """The settings are wrong by now: the new process says so and ends, the old one serves on."""
    with tempfile.TemporaryDirectory() as folder:
        settings = os.path.join(folder, "pawl.toml")
        with open(settings, "w", encoding="utf-8") as file:
            file.write('log_level = "info"\n')
        with Server("--config", settings) as server:
            with open(settings, "w", encoding="utf-8") as file:
                file.write('trusted_proxies = "nonsense"\n')
            os.kill(server.process.pid, signal.SIGUSR2)
            server.wait_for(lambda: "not handed over" in server.log(), 20, "a word about it")
            checks.check("it is said why", "nonsense" in server.log(), server.log()[-500:])
            checks.equal("the old one serves on", server.call("POST", "/v1/traces", traces_body(span(1, 1)), JSON).status, 200)
            with open(settings, "w", encoding="utf-8") as file:
                file.write('log_level = "info"\n')
            checks.equal("mended, it goes well", command("upgrade", "--data", server.data).returncode, 0)
            checks.equal("and is there", call(server.url + "/healthz").status, 200)
            end(holder(server.data))


class Kept:
    """A socket that a supervisor keeps, and servers that are started on it as systemd does."""

    def __init__(self, host, data):
        self.socket = socket.socket()
        self.socket.bind((host, 0))
        self.socket.listen(100)
        self.port = self.socket.getsockname()[1]
        self.data = data
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(os.path.join(data, "notify"))
        self.notified.settimeout(20 * PATIENCE)

    def start(self, *flags):
        words = " ".join([BINARY, "serve", "--data", self.data + "/data", *flags])
        script = f"exec 3<&{self.socket.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web NOTIFY_SOCKET={self.data}/notify exec {words}"
        with open(self.data + "/log", "ab") as log:
            process = subprocess.Popen(["sh", "-c", script], pass_fds=[self.socket.fileno()], stdout=log, stderr=log)
        return process

    def log(self):
        with open(self.data + "/log", encoding="utf-8") as file:
            return file.read()


def kept_sockets(checks):
    with tempfile.TemporaryDirectory() as folder:
        kept = Kept("127.0.0.1", folder)
        url = f"http://127.0.0.1:{kept.port}"
        process = kept.start()
        checks.check("systemd is told when it is ready", b"READY=1" in kept.notified.recv(100), kept.log())
        checks.equal("it serves on the socket that it was given", call(url + "/healthz").status, 200)
        process.terminate()
        process.wait(30 * PATIENCE)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(call(url + "/v1/traces", "POST", traces_body(span(3, 3)), JSON, timeout=30).status))
        asking.start()
        time.sleep(0.3)
        process = kept.start()
        asking.join(40 * PATIENCE)
        checks.equal("what came while nobody ran is answered", answers, [200])
        process.terminate()
        process.wait(30 * PATIENCE)
    with tempfile.TemporaryDirectory() as folder:
        kept = Kept("0.0.0.0", folder)
        process = kept.start("--listen", "127.0.0.1:1")
        kept.notified.recv(100)
        checks.equal("a given socket that is open to others asks for keys", call(f"http://127.0.0.1:{kept.port}/api/v1/me").status, 401)
        process.terminate()
        process.wait(30 * PATIENCE)
        process = subprocess.Popen(["sh", "-c", f"LISTEN_PID=$$ LISTEN_FDS=1 exec {BINARY} serve --data {folder}/data 3</dev/null"],
                                   stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        checks.check("what is no socket is said", b"no listening TCP socket" in process.communicate(timeout=30 * PATIENCE)[1])


def main():
    checks = Checks()
    under_load(checks)
    a_bad_successor(checks)
    kept_sockets(checks)
    checks.finish()


if __name__ == "__main__":
    main()
