"""Delivery: nothing is lost that the buffer has room for, nothing comes twice without its id, nothing waits for the server."""
import logging
import os
import time
import unittest

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess, ExportTraceServiceResponse
from server import Case, pawl

from pawl._http import Answer
from pawl._settings import settings_of
from pawl._spool import Spool


def some(count, name="step"):
    for number in range(count):
        with pawl.span(f"{name} {number}", "tool"):
            pass


class Delivering(Case):
    def test_arrives_with_its_key(self):
        some(3)
        self.assertTrue(pawl.flush())
        method, path, _, headers = self.server.got[0]
        self.assertEqual((method, path, headers["authorization"], headers["content-encoding"]), ("POST", "/v1/traces", "Bearer pawl_sk_test", "gzip"))
        self.assertEqual(sorted(one["name"] for one in self.server.spans()), ["step 0", "step 1", "step 2"])
        self.assertEqual(pawl.status().delivered, 3)

    def test_arrives_without_a_flush(self):
        some(1)
        self.until(self.server.spans, 5)

    def test_retry_after_is_honoured(self):
        self.server.answers = [(503, {"retry-after": "1"}, b"")]
        some(2)
        with self.assertLogs("pawl", logging.WARNING):
            self.assertFalse(pawl.flush())  # on disk
        came, began = len(self.server.got), time.monotonic()
        self.assertEqual(pawl.status().buffered, 1)
        self.until(lambda: len(self.server.got) > came)
        self.assertGreater(time.monotonic() - began, 0.7)
        self.until(lambda: pawl.status().buffered == 0)
        self.assertEqual(len({one["id"] for one in self.server.spans()}), 2)

    def test_survives_a_server_that_is_away(self):
        self.server.stop()
        with self.assertLogs("pawl", logging.WARNING) as said:
            for number in range(5):
                some(10, f"away {number}")
                pawl.flush(5)
        self.assertEqual(len([line for line in said.output if "does not answer" in line]), 1)  # said once
        self.assertEqual(pawl.status().buffered, 5)
        self.server.start()
        self.until(lambda: pawl.status().buffered == 0, 20)
        some(1, "after")
        self.assertTrue(pawl.flush())
        ids = [one["id"] for one in self.server.spans()]
        self.assertEqual((len(ids), len(set(ids))), (51, 51))

    def test_next_run_sends_what_the_last_one_kept(self):
        self.server.stop()
        some(4)
        pawl.score("n", 1, trace_id="a" * 32)
        began = time.monotonic()
        pawl.shutdown()
        self.assertLess(time.monotonic() - began, 3)
        self.server.start()
        self.start()
        self.until(lambda: len(self.server.spans()) == 4 and len(self.server.scores()) == 1)
        self.until(lambda: pawl.status().buffered == 0)

    def test_refused_for_good_is_counted_and_said(self):
        self.server.answers = [(401, {}, b'{"error":{"message":"no such key"}}')]
        with self.assertLogs("pawl", logging.WARNING) as said:
            some(2)
            self.assertFalse(pawl.flush())
        self.assertIn("no such key", said.output[0])
        self.assertEqual((pawl.status().refused, pawl.status().buffered), (2, 0))

    def test_too_large_is_halved(self):
        self.server.answers = [(413, {}, b"")]
        some(4)
        self.assertTrue(pawl.flush())
        self.assertEqual([len(self.server.bodies("/v1/traces")), len({one["id"] for one in self.server.spans()})], [3, 4])

    def test_partial_success_is_counted(self):
        answer = ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(rejected_spans=1, error_message="an id of zeros"))
        self.server.answers = [(200, {}, answer.SerializeToString())]
        with self.assertLogs("pawl", logging.WARNING) as said:
            some(3)
            self.assertFalse(pawl.flush())
        self.assertIn("an id of zeros", said.output[0])
        self.assertEqual((pawl.status().delivered, pawl.status().refused), (2, 1))

    def test_answers_that_are_none(self):
        for answer in ((200, {}, b"<html>"), (302, {"location": "http://127.0.0.1:1/"}, b""), (200, {"content-encoding": "gzip"}, b"\xff"), (418, {}, b"\x00\xff")):
            self.server.answers = [answer]
            some(1)
            pawl.flush()
        self.assertFalse(any(path != "/v1/traces" for _, path, _, _ in self.server.got))

    def test_slow_server_holds_nobody(self):
        self.server.delay_s = 1.0
        began = time.monotonic()
        some(1000)
        self.assertLess(time.monotonic() - began, 0.9)

    def test_end_is_quick_and_keeps_all_when_the_server_hangs(self):
        self.server.delay_s = 30
        some(3)
        time.sleep(0.1)
        began = time.monotonic()
        pawl.shutdown()
        self.assertLess(time.monotonic() - began, 4)
        self.server.delay_s = 0
        self.start()
        self.until(lambda: len({one["id"] for one in self.server.spans()}) == 3, 15)

    def test_a_span_that_cannot_be_encoded_stops_nobody(self):
        with pawl.span("bad", "tool") as made:
            made._span._name = 5  # nothing of OpenTelemetry's makes such a one
        some(2)
        pawl.flush()
        self.assertEqual(sorted(one["name"] for one in self.server.spans()), ["step 0", "step 1"])
        self.assertEqual(pawl.status().unreadable, 1)

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_fork(self):
        some(1, "parent")
        child = os.fork()
        if child == 0:
            some(2, "child")
            os._exit(0 if pawl.flush(5) else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertTrue(pawl.flush())
        self.assertEqual(sorted(one["name"] for one in self.server.spans()), ["child 0", "child 1", "parent 0"])


class WithoutDisk(Case):
    init = {"buffer_bytes": 0, "queue_bytes": 20_000}

    def test_memory_is_bounded_and_what_is_lost_is_counted(self):
        self.server.stop()
        with self.assertLogs("pawl", logging.WARNING):
            some(200)
            self.until(lambda: pawl.status().away_since)
        now = pawl.status()
        self.assertGreater(now.overflowed, 100)
        self.assertLess(now.waiting, 60)
        self.server.start()
        self.until(lambda: pawl.status().waiting == 0)
        pawl.flush()
        self.assertEqual(pawl.status().delivered + pawl.status().overflowed, 200)


class Buffer(unittest.TestCase):
    def setUp(self):
        self.case = Case()
        Case.setUp(self.case)
        self.folder = self.case.folder.name

    def tearDown(self):
        self.case.tearDown()

    def test_oldest_makes_room(self):
        spool = Spool(self.folder, 1000)
        for number in range(5):
            self.assertTrue(spool.put("traces", bytes([number]) * 300))
        self.assertEqual((spool.waiting(), spool.lost), (3, 2))
        self.assertEqual(spool.take({"traces"})[2][0], 2)
        self.assertFalse(spool.put("traces", b"x" * 1001))

    def test_only_one_takes_it(self):
        one, two = Spool(self.folder, 1000), Spool(self.folder, 1000)
        one.put("traces", b"a")
        path, kind, body = one.take({"traces"})
        self.assertEqual((kind, body, two.take({"traces"})), ("traces", b"a", None))
        one.give_back(path)
        self.assertEqual(two.take({"traces"})[2], b"a")

    def test_claim_of_a_dead_process_is_free(self):
        spool = Spool(self.folder, 1000)
        spool.put("traces", b"a")
        path, _, _ = spool.take({"traces"})
        os.rename(path, path.rpartition("@")[0] + "@999999999")
        self.assertEqual(spool.take({"traces"})[2], b"a")

    def test_half_written_file_is_not_taken(self):
        spool = Spool(self.folder, 1000)
        with open(os.path.join(spool.folder, "00000-1-1.traces~"), "wb") as file:
            file.write(b"half")
        self.assertIsNone(spool.take({"traces"}))
        self.assertEqual(spool.waiting(), 0)

    def test_others_cannot_read_it(self):
        spool = Spool(self.folder, 1000)
        spool.put("traces", b"a")
        self.assertEqual(os.stat(spool.folder).st_mode & 0o077, 0)
        self.assertEqual(os.stat(os.path.join(spool.folder, os.listdir(spool.folder)[0])).st_mode & 0o077, 0)

    def test_a_folder_that_cannot_be_made(self):
        spool = Spool("/proc/none/of/this", 1000)
        self.assertEqual((spool.put("traces", b"a"), spool.take({"traces"}), spool.waiting()), (False, None, 0))


class Settings(unittest.TestCase):
    def test_precedence(self):
        env = {"PAWL_URL": "https://pawl.example.com/", "PAWL_API_KEY": "k", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://other:4318"}
        self.assertEqual((settings_of(env).url, settings_of(env).key), ("https://pawl.example.com", "k"))
        self.assertEqual(settings_of(env, url="http://127.0.0.1:1").url, "http://127.0.0.1:1")

    def test_falls_back_to_opentelemetry(self):
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317/", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20pawl_sk_1,x-tenant=a"}
        found = settings_of(env)
        self.assertEqual((found.url, found.key, dict(found.headers)), ("http://127.0.0.1:4318", "pawl_sk_1", {"x-tenant": "a"}))
        self.assertEqual(settings_of({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://a.example.com/v1/traces"}).url, "https://a.example.com")

    def test_foreign_headers_never_go_to_a_named_pawl(self):
        env = {"PAWL_URL": "https://pawl.example.com", "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=of-somebody-else"}
        self.assertEqual((settings_of(env).key, dict(settings_of(env).headers)), ("", {}))

    def test_local_default(self):
        self.assertEqual(settings_of({}).url, "http://127.0.0.1:7295")

    def test_wrong_addresses(self):
        for wrong in ("ftp://a", "http://", "http://a:99999", "http://a:x"):
            with self.assertRaises(ValueError):
                settings_of({}, url=wrong)
        with self.assertLogs("pawl", logging.WARNING):
            self.assertFalse(pawl.init("http://a:x"))

    def test_off(self):
        self.assertFalse(settings_of({"PAWL_DISABLED": "1"}).enabled)
        self.assertFalse(settings_of({"OTEL_SDK_DISABLED": "true"}).enabled)

    def test_retry_after(self):
        self.assertEqual(Answer(503, headers={"retry-after": "7"}).retry_after_s(), 7)
        self.assertEqual(Answer(503, headers={"retry-after": "99999"}).retry_after_s(), 300)
        self.assertEqual(Answer(503, headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}).retry_after_s(), 0)
        for text in ("", "soon", "nan", "-"):
            self.assertIsNone(Answer(503, headers={"retry-after": text}).retry_after_s())


if __name__ == "__main__":
    unittest.main()
