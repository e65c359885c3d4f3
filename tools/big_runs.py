#!/usr/bin/env python3
"""big_runs.py [SPANS [TRACES]]: a trace of so many spans (100,000) and a session of so many traces (20,000), and what answering them takes.

Starts a server of its own, sends both, and prints milliseconds to the first window, to all windows and of the parts that a page asks for,
beside the server's resident memory (KB) before and after. PAWL names the program; default build/release/pawl.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "system"))
from pawl import JSON, Server, span, traces_body  # noqa: E402

START = time.time_ns() - 3_600_000_000_000
PART = 5000


def resident(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def send(server, spans):
    answer = server.call("POST", "/v1/traces", traces_body(*spans), JSON, timeout=120)
    while answer.status == 503:
        time.sleep(1)
        answer = server.call("POST", "/v1/traces", traces_body(*spans), JSON, timeout=120)
    assert answer.status == 200, answer.body


def step(trace, number, parent, session, start):
    kind = ("chat", "execute_tool")[number % 2]
    more = {"gen_ai__usage__input_tokens": 900, "gen_ai__usage__output_tokens": 60, "gen_ai__request__model": "gpt-4o", "gen_ai__provider__name": "openai",
            "gen_ai__output__messages": f'[{{"role":"assistant","parts":[{{"type":"text","content":"step {number} of {trace}"}}]}}]'} if kind == "chat" else {
                "gen_ai__tool__name": f"tool-{number % 12}", "gen_ai__tool__call__arguments": f'{{"n":{number}}}', "gen_ai__tool__call__result": "x" * 200}
    return span(trace, number, f"{kind} {number % 12}", parent, start, 900_000, gen_ai__operation__name=kind, session__id=session, **more)


def fill(server, spans, traces):
    for first in range(0, spans, PART):
        send(server, [step(0xB16, n + 1, None if n == 0 else 1 + n // 8, "long", START + n * 1_000_000) for n in range(first, min(spans, first + PART))])
    for first in range(0, traces, PART // 3):
        send(server, [step(0xF00000 + n, k, None if k == 1 else 1, "many", START + n * 100_000_000 + k * 1_000_000)
                      for n in range(first, min(traces, first + PART // 3)) for k in (1, 2, 3)])
    server.stored(600)


def timed(server, name, path):
    before, began = resident(server), time.monotonic()
    answer = server.call("GET", path, timeout=300)
    took = (time.monotonic() - began) * 1000
    print(f"{name:58} {took:8.0f} ms {len(answer.body) // 1024:8} KB   resident {before // 1024} → {resident(server) // 1024} MB   {answer.status}")
    return answer


def windows(server, name, path):
    offset, count, began = 0, 0, time.monotonic()
    while offset is not None:
        window = server.get(f"{path}?limit=20000&offset={offset}", timeout=300)
        offset, count = window["next_offset"], count + len(window["rows"])
    print(f"{name:58} {(time.monotonic() - began) * 1000:8.0f} ms {count:8} steps   resident {resident(server) // 1024} MB")


def main(spans, traces):
    with Server() as server:
        fill(server, spans, traces)
        for what, path in ((f"a trace of {spans} spans", f"/api/v1/traces/{0xB16:032x}"), (f"a session of {traces} traces", "/api/v1/sessions/many")):
            for _ in range(3):
                timed(server, f"{what}: first window of 2,000", path + "/skeleton?limit=2000")
            windows(server, f"{what}: all windows of 20,000", path + "/skeleton")
        timed(server, "one span of it with its content", f"/api/v1/traces/{0xB16:032x}/spans/{5:016x}")
        timed(server, "content of it listed", f"/api/v1/traces/{0xB16:032x}/spans/{5:016x}/content")
        timed(server, "similar sessions", "/api/v1/sessions/many/similar")
        timed(server, "the trace whole, without bodies", f"/api/v1/traces/{0xB16:032x}?bodies=none")


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] + ["100000", "20000"][len(sys.argv) - 1:])))
