"""kill -9 under load, again and again on one data directory: every acknowledged span is there, exactly once.

usage: kill_rounds.py [ROUNDS [SEED]]   (10 rounds; the seed is printed, and gives the same rounds again)
"""
import http.client
import json
import random
import shutil
import sys
import tempfile
import threading
import time

from pawl import JSON, Checks, Server, span, traces_body

SPANS = 5


def body(number, start):
    """A request of one trace: an agent and four calls, with a text of their own."""
    trace = number << 16 | 0x77
    text = json.dumps([{"role": "user", "parts": [{"type": "text", "content": f"{number} " + "x" * 400}]}])
    return traces_body(span(trace, number * 8 + 1, "invoke_agent check", start=start, gen_ai__operation__name="invoke_agent"),
                       *[span(trace, number * 8 + 2 + i, "chat gpt-4.1", parent=number * 8 + 1, start=start, gen_ai__operation__name="chat",
                              gen_ai__request__model="gpt-4.1", gen_ai__usage__input_tokens=100, gen_ai__input__messages=text)
                         for i in range(SPANS - 1)])


class Load:
    """Four clients that send until told to stop, and remember what was acknowledged."""

    def __init__(self, numbers):
        self.numbers, self.lock = numbers, threading.Lock()
        self.acknowledged, self.sent = set(), set()
        self.start = time.time_ns() - 600_000_000_000

    def client(self, server, stop):
        while not stop.is_set():
            with self.lock:
                number = next(self.numbers)
                self.sent.add(number)
            try:
                if server.call("POST", "/v1/traces", body(number, self.start), JSON, timeout=5).status == 200:
                    with self.lock:
                        self.acknowledged.add(number)
            except (OSError, http.client.HTTPException):
                time.sleep(0.002)

    def round(self, server, seconds):
        stop = threading.Event()
        clients = [threading.Thread(target=self.client, args=(server, stop)) for _ in range(4)]
        for one in clients:
            one.start()
        time.sleep(seconds)
        server.kill()
        stop.set()
        for one in clients:
            one.join()




def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time()) % 100_000
    print(f"{rounds} rounds, seed {seed}")
    chance, checks, home = random.Random(seed), Checks(), tempfile.mkdtemp(prefix="pawl-kill-")
    load = Load(iter(range(1, 10**9)))
    try:
        for _ in range(rounds):
            # Some rounds end before the engine is open: what is acknowledged then is in the journal alone.
            server = Server(data=home, ready=chance.random() < 0.7)
            load.round(server, chance.uniform(0.05, 1.8))
        server = Server(data=home)
        server.stored(60)
        wrong, kept = [], 0
        for number in sorted(load.sent):
            answer = server.call("GET", f"/api/v1/traces/{number << 16 | 0x77:032x}?bodies=none")
            ids = sorted(one["span_id"] for one in answer.json()["spans"]) if answer.status == 200 else []
            whole = ids == [f"{number * 8 + 1 + i:016x}" for i in range(SPANS)]
            kept += whole
            # A request that was in flight at a kill is there whole or not at all.
            if not whole and (number in load.acknowledged or ids):
                wrong.append((number, number in load.acknowledged, len(ids)))
        checks.check("requests were acknowledged", len(load.acknowledged) > rounds, len(load.acknowledged))
        checks.check("every acknowledged trace is whole, each span once; no other is in pieces", not wrong, wrong[:20])
        found = server.post("/api/v1/query", {"measures": ["spans", "llm_calls", "tokens.input"], "dimensions": []}).json()["rows"][0]
        checks.equal("the sums over all of them count each once", [int(float(x)) for x in found], [SPANS * kept, (SPANS - 1) * kept, 100 * (SPANS - 1) * kept])
        books = server.books()
        checks.check("the books balance", books["received"] == sum(books[way] for way in ("refused", "quarantined", "journal", "stored", "duplicate", "merged")), books)
        checks.equal("the books know what is stored", books["stored"], SPANS * kept)
        print(f"{len(load.sent)} requests sent, {len(load.acknowledged)} acknowledged, {kept} kept; ready again in {server.ready_s:.2f} s")
        server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    checks.finish()


main()
