"""Steps by hand: what they write down, whose they are, and that the program behaves as without them."""
import asyncio
import contextvars
import threading
import unittest

from opentelemetry import baggage, context as otel_context, trace as otel_trace
from server import Case, pawl


class Steps(Case):
    def test_a_tree(self):
        with pawl.span("agent", "agent") as outer:
            with pawl.span("look up", "tool") as inner:
                inner.input({"id": 4}).output("found").set("tenant", "acme")
        pawl.flush()
        agent, tool = self.server.span("agent"), self.server.span("look up")
        self.assertEqual((tool["parent"], tool["trace"], agent["parent"]), (agent["id"], agent["trace"], ""))
        self.assertEqual((outer.trace_id, outer.span_id), (agent["trace"], agent["id"]))
        self.assertEqual(tool["attributes"], {"pawl.kind": "tool", "gen_ai.tool.name": "look up", "gen_ai.tool.call.arguments": '{"id": 4}',
                                              "gen_ai.tool.call.result": "found", "tenant": "acme"})
        self.assertEqual(agent["attributes"]["pawl.agent"], "agent")

    def test_a_model_call(self):
        with pawl.span("answer", "llm") as made:
            made.model("acme-large", provider="acme", served="acme-large-2").usage(input=10, output=5, cache_read=3, cache_write=1, reasoning=2, cost_usd=0.5)
            made.input([{"role": "user", "content": "hi"}]).output([{"role": "assistant", "content": "ho"}])
        pawl.flush()
        said = self.server.span("answer")["attributes"]
        self.assertEqual([said["gen_ai.usage." + name] for name in ("input_tokens", "output_tokens", "cache_read.input_tokens", "cache_creation.input_tokens",
                                                                     "reasoning.output_tokens", "cost")], [10, 5, 3, 1, 2, 0.5])
        self.assertEqual(said["gen_ai.input.messages"], '[{"role": "user", "content": "hi"}]')

    def test_exceptions_go_on_their_way(self):
        @pawl.trace
        def breaks():
            raise KeyError("x")

        with self.assertRaises(KeyError):
            breaks()
        pawl.flush()
        made = self.server.span("breaks")
        self.assertEqual((made["status"], made["events"], made["attributes"]["error.type"]), (2, ["exception"], "KeyError"))

    def test_an_end_by_exit_is_no_error(self):
        with self.assertRaises(SystemExit), pawl.span("leaves"):
            raise SystemExit(0)
        pawl.flush()
        self.assertEqual(self.server.span("leaves")["status"], 0)

    def test_decorator(self):
        class Shop:
            @pawl.trace("look up", kind="tool", tenant="acme")
            def find(self, number, *, deep=False):
                """Finds."""
                return {"number": number, "deep": deep}

        self.assertEqual(Shop().find(7, deep=True), {"number": 7, "deep": True})
        self.assertEqual((Shop.find.__name__, Shop.find.__doc__), ("find", "Finds."))
        pawl.flush()
        said = self.server.span("look up")["attributes"]
        self.assertEqual((said["gen_ai.tool.call.arguments"], said["gen_ai.tool.call.result"], said["tenant"]),
                         ('{"number": 7, "deep": true}', '{"number": 7, "deep": true}', "acme"))

    def test_async(self):
        @pawl.trace
        async def inner(x):
            await asyncio.sleep(0)
            return x + 1

        @pawl.trace(kind="agent")
        async def outer():
            return await asyncio.gather(inner(1), inner(2))

        self.assertEqual(asyncio.run(outer()), [2, 3])
        pawl.flush()
        found = self.server.spans()
        agent = next(one for one in found if one["attributes"]["pawl.kind"] == "agent")
        self.assertEqual([one["parent"] for one in found if one is not agent], [agent["id"]] * 2)

    def test_generators_behave_as_before(self):
        def plain(first):
            got = yield first
            try:
                got = yield got
            except ValueError as wrong:
                got = str(wrong)
            return got

        def run(work):
            steps, seen = work(1), []
            seen.append(next(steps))
            seen.append(steps.send("two"))
            try:
                steps.throw(ValueError("three"))
            except StopIteration as end:
                seen.append(end.value)
            return seen

        self.assertEqual(run(pawl.trace(plain)), run(plain))
        self.assertEqual(list(pawl.trace(lambda: (yield from "ab"))()), ["a", "b"])

        closed = []

        @pawl.trace("endless")
        def endless():
            try:
                while True:
                    yield "x"
            finally:
                closed.append(True)

        for piece in endless():
            self.assertEqual(otel_trace.get_current_span().get_span_context().is_valid, False)  # the caller's steps are not below it
            break
        self.assertEqual(closed, [True])
        pawl.flush()
        self.assertEqual((self.server.span("endless")["attributes"]["gen_ai.output"], self.server.span("endless")["status"]), ("x", 0))

    def test_async_generators(self):
        @pawl.trace("stream")
        async def stream():
            for piece in ("a", "b"):
                with pawl.span("piece " + piece):
                    yield piece

        async def breaks():
            yield 1
            raise KeyError("late")

        async def run():
            self.assertEqual([one async for one in stream()], ["a", "b"])
            with self.assertRaises(KeyError):
                async for _ in pawl.trace(breaks)():
                    pass

        asyncio.run(run())
        pawl.flush()
        self.assertEqual(self.server.span("stream")["attributes"]["gen_ai.output"], "ab")
        self.assertEqual(next(one for one in self.server.spans() if one["name"].endswith("breaks"))["status"], 2)

    def test_guardrail(self):
        with pawl.guardrail("pii") as guard:
            self.assertFalse(guard.blocked)
            guard.block("a card number")
        self.assertTrue(guard.blocked)
        pawl.flush()
        made = self.server.span("pii")
        self.assertEqual((made["attributes"]["pawl.kind"], made["attributes"]["guardrail.triggered"], made["status"]), ("guardrail", True, 0))

    def test_what_a_guardrail_ends_is_blocked(self):
        with self.assertRaises(PermissionError), pawl.span("run", "agent"), pawl.guardrail("pii") as guard:
            guard.block("a card number")
            raise PermissionError("no")
        pawl.flush()
        self.assertEqual([(self.server.span(name)["status"], self.server.span(name)["attributes"]["guardrail.triggered"]) for name in ("run", "pii")], [(0, True)] * 2)

    def test_anything_can_be_written_down(self):
        class Odd:
            def __str__(self):
                raise RuntimeError("no")

        endless = []
        endless.append(endless)
        with pawl.span("odd") as made:
            made.input([b"bytes", Odd(), {1: {2}}, float("nan"), endless]).output(object()).set("x", Odd())
        with pawl.span("long") as made:
            made.input("x" * (2 << 20))
        self.assertTrue(pawl.flush())
        self.assertIn("bytes", self.server.span("odd")["attributes"]["gen_ai.input"])
        self.assertLess(len(self.server.span("long")["attributes"]["gen_ai.input"]), (1 << 20) + 100)

    def test_a_wrong_kind_is_told_where_it_is_written(self):
        with self.assertLogs("pawl", "WARNING") as said, pawl.span("x", "toool") as made:
            made.input(1)
        self.assertIn("toool", said.output[0])
        pawl.flush()
        self.assertEqual(self.server.span("x")["attributes"]["pawl.kind"], "workflow")


class Whose(Case):
    init = {"agent": "helper", "agent_version": "v7", "team": "support", "environment": "test", "service": "shop"}

    def test_everything_inside_a_session(self):
        with pawl.session("chat-1", user="u-1", task="refund", customer="acme", tags=["a", "b"]):
            with pawl.span("one"), pawl.span("two"):
                pass
        with pawl.span("after"):
            pass
        pawl.flush()
        for name in ("one", "two"):
            said = self.server.span(name)["attributes"]
            self.assertEqual([said[key] for key in ("pawl.session", "pawl.user", "pawl.task", "pawl.customer", "tags")], ["chat-1", "u-1", "refund", "acme", ["a", "b"]])
        self.assertNotIn("pawl.session", self.server.span("after")["attributes"])

    def test_who_made_it(self):
        with pawl.span("one"), pawl.span("two"), pawl.span("inner", "agent"):
            pass
        pawl.flush()
        self.assertEqual([self.server.span(name)["attributes"].get("pawl.agent") for name in ("one", "two", "inner")], ["helper", None, "inner"])
        # Of the resource in a program's first init(), of the span where the provider was there before.
        one = {**self.server.span("one")["resource"], **self.server.span("one")["attributes"]}
        self.assertEqual([one.get(name) for name in ("pawl.team", "pawl.agent.version", "deployment.environment.name")], ["support", "v7", "test"])

    def test_late_words_reach_what_runs(self):
        with pawl.span("root"):
            with pawl.span("child"):
                with pawl.user("u-2"), pawl.task("claim"):
                    pass
                pawl.outcome(False)
        pawl.flush()
        self.assertEqual(self.server.span("child")["attributes"]["pawl.user"], "u-2")
        self.assertEqual(self.server.span("root")["attributes"]["pawl.outcome"], "not done")

    def test_identify_in_a_thread(self):
        def work():
            pawl.identify(session="s-9", user="u")
            with pawl.span("in a thread"):
                pass

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        with pawl.span("outside"):
            pass
        pawl.flush()
        self.assertEqual(self.server.span("in a thread")["attributes"]["pawl.session"], "s-9")
        self.assertNotIn("pawl.session", self.server.span("outside")["attributes"])

    def test_a_parent_hands_them_on_where_the_context_was_lost(self):
        with pawl.session("s-1"), pawl.span("parent"):
            parent = otel_trace.get_current_span()
        other = otel_trace.set_span_in_context(parent, otel_context.Context())
        found = []

        def work():
            with pawl.session("s-1"):
                outer = otel_trace.get_tracer("x").start_span("outer")
            child = otel_trace.get_tracer("x").start_span("child", otel_trace.set_span_in_context(outer, otel_context.Context()))
            child.end()
            outer.end()
            found.append(other)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        pawl.flush()
        self.assertEqual(self.server.span("child")["attributes"]["pawl.session"], "s-1")

    def test_baggage_of_a_caller(self):
        token = otel_context.attach(baggage.set_baggage("pawl.session", "far"))
        with pawl.span("called"):
            pass
        otel_context.detach(token)
        pawl.flush()
        self.assertEqual(self.server.span("called")["attributes"]["pawl.session"], "far")
        with pawl.session("secret"):
            self.assertIsNone(baggage.get_baggage("pawl.session"))  # nothing travels unless it was asked for

    def test_decorator_form_of_session(self):
        @pawl.session("s-3")
        def work():
            with pawl.span("decorated"):
                return 5

        self.assertEqual((work(), work()), (5, 5))
        pawl.flush()
        self.assertEqual(self.server.span("decorated")["attributes"]["pawl.session"], "s-3")


class Logs(Case):
    def test_content_that_comes_as_log_records(self):
        from opentelemetry import _logs
        from opentelemetry._logs import LogRecord
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
        with pawl.span("call", "llm") as made:
            _logs.get_logger("gcp.vertex.agent").emit(LogRecord(event_name="gen_ai.user.message", body={"content": "hi"}))
        self.assertTrue(pawl.flush())
        found = [record for body in self.server.bodies("/v1/logs") for resource in ExportLogsServiceRequest.FromString(body).resource_logs
                 for scope in resource.scope_logs for record in scope.log_records]
        self.assertEqual([(one.event_name, one.span_id.hex()) for one in found], [("gen_ai.user.message", made.span_id)])


class Content(Case):
    init = {"content": False}

    def test_none_leaves_the_program(self):
        @pawl.trace("secret", kind="tool")
        def work(word):
            return word

        work("hunter2")
        with pawl.guardrail("g") as guard:
            guard.input("hunter2")
        pawl.flush()
        self.assertFalse(any(b"hunter2" in body for _, _, body, _ in self.server.got))


class Off(unittest.TestCase):
    """Without init(), or with it off, every helper does nothing and gives what it must."""

    def test_nothing_happens(self):
        self.assertFalse(pawl.init(enabled=False))
        with pawl.session("s", user="u"), pawl.user("u"), pawl.task("t"), pawl.span("x", "tool") as made, pawl.guardrail("g") as guard:
            made.input(1).output(2).set("a", 1).model("m").usage(input=1).score("n", 1).fail("x")
            guard.block("no")
        self.assertEqual((made.trace_id, guard.blocked), ("", True))
        self.assertEqual(pawl.trace(lambda x: x + 1)(1), 2)
        self.assertEqual((pawl.score("n", 1), pawl.prompt("p", default="d").text, len(pawl.dataset("d"))), ("", "d", 0))
        pawl.outcome("done")
        contextvars.copy_context().run(lambda: pawl.identify(user="u"))
        result = pawl.experiment("e", [1, 2], lambda x: x)
        self.assertEqual([one.output for one in result.tried], [1, 2])
        self.assertFalse(result.ok)
        self.assertTrue(pawl.flush())
        pawl.shutdown()
        self.assertEqual(pawl.current_trace_id(), "")


if __name__ == "__main__":
    unittest.main()
