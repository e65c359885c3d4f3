"""`make dev`: the page and its API through one address; a new program is started, an end ends everything."""
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

from pawl import BINARY, PATIENCE, ROOT, Checks, call


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def until(condition, seconds=30):
    end = time.monotonic() + seconds * PATIENCE
    while time.monotonic() < end:
        try:
            value = condition()
            if value:
                return value
        except OSError:
            pass
        time.sleep(0.1)
    return None


def main():
    server, page = free_port(), free_port()
    with tempfile.TemporaryDirectory() as home:
        # A build directory of its own, in which nothing is built: the program is a link that can be replaced.
        program = os.path.join(home, "pawl")
        os.symlink(os.path.abspath(BINARY), program)
        log = open(os.path.join(home, "log"), "w+b")
        environment = {**os.environ, "PAWL_DEV_BUILD": home, "PAWL_DEV_DATA": os.path.join(home, "data"),
                       "PAWL_DEV_LISTEN": f"127.0.0.1:{server}", "PAWL_DEV_PAGE": str(page)}
        process = subprocess.Popen([os.path.join(ROOT, "tools/dev.sh")], stdout=log, stderr=log, env=environment, start_new_session=True)

        def said():
            log.seek(0)
            return log.read().decode("utf-8", "replace")

        url = f"http://localhost:{page}"
        try:
            if not checks.check("the page is served", until(lambda: b"/@vite/client" in call(url + "/").body), said()):
                return
            checks.check("its API is the server's", until(lambda: call(url + "/api/v1/me").json()["mode"] == "local"), said())
            until(lambda: call(f"http://127.0.0.1:{server}/readyz").status == 200)
            question = json.dumps({"measures": ["spans"], "dimensions": []}).encode()
            asked = call(url + "/api/v1/query", "POST", question, {"content-type": "application/json", "origin": url, "sec-fetch-site": "same-origin"})
            checks.equal("a question of the page is answered", asked.status, 200)
            checks.equal("a stranger's page is still refused at the server", call(
                f"http://127.0.0.1:{server}/api/v1/query", "POST", question, {"content-type": "application/json", "origin": url}).status, 403)
            before = len(re.findall("stopping", said()))
            os.unlink(program)
            os.symlink(os.path.abspath(BINARY), program)
            checks.check("a new program is started", until(lambda: "a new server" in said() and len(re.findall("stopping", said())) > before), said())
            checks.check("and answers", until(lambda: call(url + "/api/v1/me").status == 200), said())
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30 * PATIENCE)
        for name, port in (("server", server), ("page", page)):
            with socket.socket() as free:
                checks.check(f"nothing is left on the {name}'s port", free.connect_ex(("127.0.0.1", port)) != 0)
        log.close()


checks = Checks()
main()
checks.finish()
