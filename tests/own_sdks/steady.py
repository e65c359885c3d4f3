"""Emits COUNT numbered steps in a session, one every PAUSE seconds, whatever becomes of the server; then says what became of them."""
import sys
import time

import pawl

session, count, pause_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
pawl.init(exit_timeout_s=2)
with pawl.session(session):
    for number in range(count):
        with pawl.span(f"step {number}", "tool"):
            pawl.score("number", number)
        time.sleep(pause_s)
if "stay" in sys.argv:
    for _ in range(150):
        if pawl.flush(1):
            break
        time.sleep(0.2)
print(pawl.status())
