"""`pawl demo` is ready in under 15 s, and shows what its story says (tools/demo_check.py)."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from pawl import BINARY, PATIENCE, ROOT, Checks, call


def main():
    checks, home = Checks(), tempfile.mkdtemp(prefix="pawl-demo-")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % probe.getsockname()[1]
    began = time.monotonic()
    with open(os.path.join(home, "log"), "w+", encoding="utf-8") as log:
        process = subprocess.Popen([BINARY, "demo", "--no-live", "--data", os.path.join(home, "data"), "--listen", address], stdout=log, stderr=log)
        try:
            said = ""
            while "Pawl is at" not in said and process.poll() is None and time.monotonic() - began < 60 * PATIENCE:
                time.sleep(0.05)
                log.seek(0)
                said = log.read()
            took = time.monotonic() - began
            print(f"demo ready in {took:.1f} s (aim: 15)")
            checks.check("the demo is staged", "Pawl is at" in said and "could not be staged" not in said, said)
            checks.check("in under 15 s (a loaded machine gets 45)", took < 45 * PATIENCE, took)
            url = f"http://{address}"
            checks.equal("ready", call(url + "/readyz").status, 200)
            books = call(url + "/api/v1/books").json()
            checks.check("the books: everything stored, nothing refused", books["stored"] > 1000 and not books["refused"] and not books["quarantined"], books)
            program = os.path.join(ROOT, "tools/demo_check.py")
            if os.path.exists(program):
                told = subprocess.run([sys.executable, program, url], capture_output=True, text=True, timeout=120 * PATIENCE, check=False)
                checks.check("what its story says", told.returncode == 0, (told.stdout + told.stderr)[-3000:])
            else:
                print("skipped: tools/demo_check.py is not there: the story of the demo is not compared")
            process.terminate()
            checks.equal("SIGTERM ends it well", process.wait(30 * PATIENCE), 0)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    shutil.rmtree(home, ignore_errors=True)
    checks.finish()


main()
