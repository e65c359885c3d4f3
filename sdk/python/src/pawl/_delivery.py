"""From memory to the server: a bounded queue, one thread, and the disk buffer while nobody answers.

`put` never blocks and never raises. The thread takes what has come for a second (or 512 records, or 4 MB), encodes and
sends it. An answer that says "come again" (none at all, 408, 429, 5xx; Retry-After is honoured) puts the request on disk and
everything behind it too, until one gets through; then the disk is emptied, the oldest first. A final refusal is counted and said.
"""
from __future__ import annotations

import gzip
import json
import logging
import os
import random
import threading
import time
import weakref
from collections import deque
from dataclasses import dataclass
from typing import Any, Callable, Sequence

from ._http import Answer, Http
from ._safe import log, say_once, went_wrong
from ._settings import Settings
from ._spool import Spool

BATCH_RECORDS, BATCH_BYTES, WAIT_S = 512, 4 << 20, 1.0
LONGEST_PAUSE_S = 30.0


@dataclass(frozen=True)
class Kind:
    """How records of a kind become a request."""
    path: str
    content_type: str
    encode: Callable[[Sequence[Any]], bytes]
    one_by_one: bool = False  # one record is one request


def encode_spans(spans: Sequence[Any]) -> bytes:
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans as encode
    return bytes(encode(spans).SerializeToString())


def encode_logs(records: Sequence[Any]) -> bytes:
    from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs as encode
    return bytes(encode(records).SerializeToString())


def encode_list(values: Sequence[Any]) -> bytes:
    return json.dumps(list(values)).encode()


def encode_one(values: Sequence[Any]) -> bytes:
    return json.dumps(values[0]).encode()


KINDS = {
    "traces": Kind("/v1/traces", "application/x-protobuf", encode_spans),
    "logs": Kind("/v1/logs", "application/x-protobuf", encode_logs),
    "scores": Kind("/api/public/scores", "application/json", encode_list),
    "run-items": Kind("/api/public/dataset-run-items", "application/json", encode_one, one_by_one=True),
}


@dataclass
class Status:
    """What became of everything: `delivered` reached the server, `buffered` is on disk, the rest is lost and said why."""
    delivered: int = 0
    waiting: int = 0  # in memory
    buffered: int = 0  # requests on disk
    refused: int = 0  # by the server, for good
    overflowed: int = 0  # there was no room in memory
    unreadable: int = 0  # could not be encoded
    made_room: int = 0  # requests that left the full disk buffer
    away_since: float = 0.0  # time.time(), 0 while the server answers
    last_error: str = ""


class Delivery:
    def __init__(self, settings: Settings, http: Http, spool: Spool) -> None:
        self._settings, self._http, self.spool = settings, http, spool
        self._status = Status()
        self._reset()
        _deliveries.add(self)

    def _reset(self) -> None:
        self._queue: deque[tuple[str, Any, int]] = deque()
        self._bytes = 0
        self._room = threading.Condition()
        self.spool.unlock()
        self._thread: threading.Thread | None = None
        self._busy = self._stopping = False
        self._sending: tuple[str, bytes] | None = None
        self._hurry = 0  # who waits for everything to go out
        self._pause_until = 0.0
        self._failures = 0
        # What an earlier process left is looked at once; after that only while something is there.
        self._maybe_on_disk = self.spool.usable

    # -- in ----------------------------------------------------------------------------------------------------------------

    def put(self, kind: str, record: Any, size: int) -> None:
        with self._room:
            if self._stopping:
                return
            if self._bytes + size > self._settings.queue_bytes or len(self._queue) >= self._settings.queue_records:
                self._status.overflowed += 1
                say = self._status.overflowed == 1
            else:
                say = False
                self._queue.append((kind, record, size))
                self._bytes += size
                if len(self._queue) == 1 or len(self._queue) >= BATCH_RECORDS or self._bytes >= BATCH_BYTES:
                    self._room.notify_all()
            self._start()
        if say:
            log.warning("no room for more telemetry in memory (%d bytes): what comes now is counted and lost", self._settings.queue_bytes)

    def wake(self) -> None:
        """Starts the thread, for what an earlier process left on disk."""
        with self._room:
            self._start()

    def _start(self) -> None:
        if self._thread is None and not self._stopping:
            self._thread = threading.Thread(target=self._run, name="pawl", daemon=True)
            try:
                self._thread.start()
            except RuntimeError as wrong:  # the interpreter is ending
                self._thread = None
                say_once(logging.WARNING, f"the delivery of telemetry cannot start: {wrong}")

    # -- the thread --------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._room:
                batch = self._next()
                if batch is None:
                    self._thread = None
                    self._room.notify_all()
                    return
                self._busy = True
            try:
                self._work(*batch)
            except Exception as wrong:  # never the end of delivery
                went_wrong("delivery", wrong)
            with self._room:
                self._busy = False
                self._room.notify_all()

    def _next(self) -> tuple[str, list[Any]] | None:
        """Waits for a batch; ("", []) to look at the disk alone, None: nothing is left and nothing more will come."""
        since = time.monotonic()
        while True:
            enough = len(self._queue) >= BATCH_RECORDS or self._bytes >= BATCH_BYTES or self._hurry or self._stopping
            if self._queue and (enough or time.monotonic() - since >= WAIT_S):
                return self._take()
            if not self._queue:
                if self._stopping:
                    return None
                if self._maybe_on_disk and time.monotonic() >= self._pause_until:
                    return "", []
                since = time.monotonic()
            pause = WAIT_S - (time.monotonic() - since) if self._queue else None
            if self._maybe_on_disk:
                pause = min(pause or LONGEST_PAUSE_S, max(self._pause_until - time.monotonic(), 0.02))
            self._room.wait(pause)

    def _take(self) -> tuple[str, list[Any]]:
        kind, bytes_ = self._queue[0][0], 0
        taken: list[Any] = []
        most = 1 if KINDS[kind].one_by_one else BATCH_RECORDS
        while self._queue and self._queue[0][0] == kind and len(taken) < most and (not taken or bytes_ + self._queue[0][2] <= BATCH_BYTES):
            _, record, size = self._queue.popleft()
            bytes_ += size
            taken.append(record)
        self._bytes -= bytes_
        return kind, taken

    def _work(self, kind: str, records: list[Any]) -> None:
        if records:
            self._send(kind, records)
        # Behind a success, or when the pause is over: a little of what waits on disk, then memory again.
        if self._maybe_on_disk and time.monotonic() >= self._pause_until and not self._stopping:
            self._empty_disk(20)

    def _encoded(self, kind: str, records: list[Any]) -> bytes | None:
        try:
            return KINDS[kind].encode(records)
        except Exception as wrong:
            if len(records) == 1:
                self._status.unreadable += 1
                went_wrong(f"encoding {kind}", wrong)
                return None
        good = [one for one in records if self._encoded(kind, [one]) is not None]  # the bad one stops nobody
        return KINDS[kind].encode(good) if good else None

    def _send(self, kind: str, records: list[Any]) -> None:
        body = self._encoded(kind, records)
        if body is None:
            return
        packed = gzip.compress(body, 3)
        if time.monotonic() < self._pause_until and self.spool.put(kind, packed):
            self._maybe_on_disk = True
            return
        self._sending = (kind, packed)
        answer = self._post(kind, packed)
        self._sending = None
        if answer.good:
            self._came_through(kind, answer, len(records))
        elif answer.status == 413 and len(records) > 1:
            self._send(kind, records[: len(records) // 2])
            self._send(kind, records[len(records) // 2:])
        elif not answer.passing:
            self._refused(kind, answer, len(records))
        else:
            self._went_away(answer)
            if self.spool.put(kind, packed):
                self._maybe_on_disk = True
            else:
                self._keep(kind, records, len(body))

    def _keep(self, kind: str, records: list[Any], size: int) -> None:
        """Back to the front of the queue: there is no disk to put it on."""
        if self._stopping:
            self._status.overflowed += len(records)
            log.warning("%d records of telemetry are lost: %s, and there is no disk buffer", len(records), self._status.last_error)
            return
        with self._room:
            for one in reversed(records):
                self._queue.appendleft((kind, one, size // len(records)))
            self._bytes += size // len(records) * len(records)
            self._room.wait(max(self._pause_until - time.monotonic(), 0.05))

    def _post(self, kind: str, packed: bytes) -> Answer:
        how = KINDS[kind]
        timeout_s = min(self._settings.timeout_s, self._settings.exit_timeout_s) if self._stopping else None
        if how.content_type == "application/json":  # these paths take it as it is
            return self._http.ask("POST", how.path, gzip.decompress(packed), {"content-type": how.content_type}, timeout_s)
        return self._http.ask("POST", how.path, packed, {"content-type": how.content_type, "content-encoding": "gzip"}, timeout_s)

    def _empty_disk(self, most: int) -> None:
        for _ in range(most):
            found = self.spool.take(KINDS)
            if found is None:
                self._maybe_on_disk = self.spool.waiting() > 0  # others may hold theirs
                if self._maybe_on_disk:
                    self._pause_until = time.monotonic() + LONGEST_PAUSE_S
                return
            path, kind, packed = found
            answer = self._post(kind, packed)
            if answer.passing:
                self.spool.give_back(path)
                self._went_away(answer)
                return
            self.spool.done(path)
            if answer.good:
                self._came_through(kind, answer, 0)
            else:
                self._refused(kind, answer, 0)

    # -- what an answer means ----------------------------------------------------------------------------------------------

    def _came_through(self, kind: str, answer: Answer, records: int) -> None:
        if self._status.away_since:
            log.info("the server answers again after %.0f s", time.time() - self._status.away_since)
        self._failures, self._pause_until, self._status.away_since = 0, 0.0, 0.0
        refused, why = refused_in(kind, answer)
        self._status.delivered += max(records - refused, 0)
        self._status.refused += refused
        if refused:
            self._status.last_error = why
            say_once(logging.WARNING, f"the server refused {refused} of {records} {kind}: {why}", about=f"{kind} {why}")

    def _refused(self, kind: str, answer: Answer, records: int) -> None:
        self._status.refused += max(records, 1)
        self._status.last_error = answer.message()
        hint = " (is PAWL_API_KEY right, and has it the scope ingest?)" if answer.status in (401, 403) else ""
        if answer.status < 400 or answer.status in (404, 405):
            hint = " (is PAWL_URL the address of a Pawl?)"
        say_once(logging.WARNING, f"the server at {self._settings.url} refused {kind}{hint}: {answer.message()}", about=f"refused {kind} {answer.status}")

    def _went_away(self, answer: Answer) -> None:
        self._failures += 1
        pause = answer.retry_after_s()
        if pause is None:
            pause = min(2.0 ** (self._failures - 1), LONGEST_PAUSE_S) * random.uniform(0.7, 1.3)
        self._pause_until = time.monotonic() + pause
        self._status.last_error = answer.message()
        if not self._status.away_since:
            self._status.away_since = time.time()
            where = f"telemetry waits in {self.spool.folder}" if self.spool.usable else "telemetry waits in memory"
            log.warning("%s; %s", answer.message(), where)

    # -- out ---------------------------------------------------------------------------------------------------------------

    def flush(self, timeout_s: float) -> bool:
        """Sends everything now. True: all of it is at the server; False: some is on disk, or lost, or still here."""
        end = time.monotonic() + timeout_s
        lost = self._lost()
        with self._room:
            self._hurry += 1
            self._room.notify_all()
            while (self._queue or self._busy) and time.monotonic() < end and self._thread is not None:
                self._room.wait(min(end - time.monotonic(), 0.2))
            self._hurry -= 1
            left = bool(self._queue) or self._busy
        return not left and self._lost() == lost and self.spool.waiting() == 0

    def _lost(self) -> int:
        return self._status.refused + self._status.overflowed + self._status.unreadable + self.spool.lost

    def stop(self, timeout_s: float) -> None:
        """The last flush; what nobody takes goes to disk. After it nothing is accepted."""
        with self._room:
            if self._stopping:
                return
            self._stopping = True
            self._room.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
            if thread.is_alive():
                self._save_rest()
        status = self.status()
        lost = status.refused + status.overflowed + status.unreadable + status.made_room
        if lost:
            log.warning("%d records of telemetry did not reach the server: %s", lost, status)
        _deliveries.discard(self)

    def _save_rest(self) -> None:
        """The thread hangs in a request: the rest goes to disk from here, and that request too (it may come twice, told once)."""
        sending = self._sending
        if sending is not None:
            self.spool.put(*sending)
        with self._room:
            while self._queue:
                kind, records = self._take()
                body = self._encoded(kind, records)
                if body is not None and not self.spool.put(kind, gzip.compress(body, 3)):
                    self._status.overflowed += len(records)

    def status(self) -> Status:
        with self._room:
            now = Status(**vars(self._status))
            now.waiting = len(self._queue)
        now.buffered, now.made_room = self.spool.waiting(), self.spool.lost
        return now


def refused_in(kind: str, answer: Answer) -> tuple[int, str]:
    """Of an answer that is good as a whole: how many records were not taken, and why."""
    try:
        if kind in ("traces", "logs"):
            if not answer.body:
                return 0, ""
            if kind == "traces":
                from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
                partial = ExportTraceServiceResponse.FromString(answer.body).partial_success
                return int(partial.rejected_spans), str(partial.error_message)
            from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
            said = ExportLogsServiceResponse.FromString(answer.body).partial_success
            return int(said.rejected_log_records), str(said.error_message)
        if answer.status == 207:
            errors = answer.json().get("errors") or []
            return len(errors), "; ".join(str(one.get("message")) for one in errors[:3])
    except Exception as wrong:
        went_wrong(f"reading the answer to {kind}", wrong)
    return 0, ""


_deliveries: weakref.WeakSet[Delivery] = weakref.WeakSet()


def _in_child() -> None:
    """After a fork: the parent delivers what it had; the child begins with an empty queue and a thread of its own."""
    for one in list(_deliveries):
        one._reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
