"""Scores, prompts, datasets and experiments, against a server that is right, wrong, slow and gone."""
import json
import logging
import os
import sys
import time
import types
import unittest

from opentelemetry import trace as otel_trace
from server import Case, _frameworks, pawl

from pawl import _once, _prompts, _table

PROMPT = {"name": "refund", "version": 3, "prompt": "Be {{tone}}, {{name}}.", "config": {"m": 1}, "labels": ["production"]}


class Scores(Case):
    def test_of_what_runs(self):
        with pawl.span("a") as outer, pawl.span("b") as inner:
            pawl.score("helpful", 0.5, comment="so so", metadata={"k": 1})
            pawl.score("exact", True, this_span=True)
            inner.score("tone", "friendly")
        pawl.score("of", 1, session_id="s-1", id="mine")
        self.assertTrue(pawl.flush())
        helpful, exact, tone, of = self.server.scores()
        self.assertEqual((helpful["traceId"], helpful["value"], helpful["dataType"], helpful["comment"], helpful["metadata"]), (outer.trace_id, 0.5, "NUMERIC", "so so", {"k": 1}))
        self.assertEqual((exact["observationId"], exact["value"], exact["dataType"]), (inner.span_id, 1, "BOOLEAN"))
        self.assertEqual((tone["observationId"], tone["value"], tone["dataType"]), (inner.span_id, "friendly", "CATEGORICAL"))
        self.assertEqual((of["sessionId"], of["id"], "traceId" in of), ("s-1", "mine", False))

    def test_of_the_session_around(self):
        with pawl.session("s-5"):
            pawl.score("n", 1)
        pawl.flush()
        self.assertEqual(self.server.scores()[0]["sessionId"], "s-5")

    def test_what_is_none(self):
        with self.assertLogs("pawl", logging.WARNING):
            for name, value in (("n", float("nan")), ("n", None), ("", 1), ("n", []), ("n", "")):
                self.assertEqual(pawl.score(name, value, trace_id="a" * 32), "")
            self.assertEqual(pawl.score("nowhere", 1), "")
        pawl.flush()
        self.assertEqual(self.server.scores(), [])

    def test_refused_ones_are_said(self):
        self.server.answers = [(207, {}, b'{"accepted":1,"rejected":1,"errors":[{"message":"no such config"}]}')]
        with self.assertLogs("pawl", logging.WARNING) as said:
            pawl.score("a", 1, trace_id="a" * 32)
            pawl.score("b", 1, trace_id="a" * 32)
            self.assertFalse(pawl.flush())
        self.assertIn("no such config", said.output[0])


class Prompts(Case):
    def setUp(self):
        super().setUp()
        self.server.routes["/api/public/v2/prompts/refund"] = PROMPT

    def asked(self):
        return len([1 for method, path, _, _ in self.server.got if method == "GET"])

    def test_once_from_the_server_then_from_memory(self):
        first, second = pawl.prompt("refund"), pawl.prompt("refund")
        self.assertEqual((first.version, first.source, second.source, self.asked()), (3, "server", "memory", 1))
        self.assertEqual(first.format(tone="kind", name="Ann"), "Be kind, Ann.")
        self.assertEqual(first.format(tone="kind"), "Be kind, {{name}}.")
        self.assertIn("label=production", self.server.got[0][1])
        pawl.prompt("refund", version=2)
        self.assertIn("version=2", self.server.got[1][1])

    def test_stale_one_goes_on_while_it_is_asked_again(self):
        pawl.prompt("refund", fresh_s=0)
        self.server.routes["/api/public/v2/prompts/refund"] = {**PROMPT, "version": 4}
        self.server.delay_s = 0.3
        began = time.monotonic()
        self.assertEqual(pawl.prompt("refund", fresh_s=0).version, 3)
        self.assertLess(time.monotonic() - began, 0.2)
        self.until(lambda: pawl.prompt("refund", fresh_s=60).version == 4)

    def test_last_known_when_the_server_is_gone(self):
        pawl.prompt("refund")
        _prompts.forget_prompts()  # a new run
        self.server.stop()
        with self.assertLogs("pawl", logging.WARNING):
            found = pawl.prompt("refund", default="other")
        self.assertEqual((found.text, found.version, found.source), (PROMPT["prompt"], 3, "disk"))
        self.server.start()

    def test_default_when_nothing_is_known(self):
        with self.assertLogs("pawl", logging.WARNING):
            self.assertEqual(pawl.prompt("none", default="Hi {{x}}").format(x=1), "Hi 1")
            chat = pawl.prompt("none2", default=[{"role": "system", "content": "Be {{x}}"}])
            self.assertEqual(chat.format_messages(x="kind"), [{"role": "system", "content": "Be kind"}])
            self.assertEqual((pawl.prompt("none3").text, pawl.prompt("none3").source), ("", "none"))

    def test_removed_one_is_not_brought_back_from_disk(self):
        pawl.prompt("refund")
        _prompts.forget_prompts()
        del self.server.routes["/api/public/v2/prompts/refund"]
        with self.assertLogs("pawl", logging.WARNING):
            self.assertEqual(pawl.prompt("refund", default="d").source, "default")

    def test_slow_server_costs_its_time_once(self):
        self.server.delay_s = 1
        with self.assertLogs("pawl", logging.WARNING):
            began = time.monotonic()
            for _ in range(20):
                self.assertEqual(pawl.prompt("slow", default="d", timeout_s=0.2).source, "default")
            self.assertLess(time.monotonic() - began, 0.8)

    def test_nonsense_is_no_prompt(self):
        for body in (b"<html>", b"[]", b'{"name":"refund"}', b'{"prompt":1,"name":"refund","version":"x"}'):
            _prompts.forget_prompts()
            self.server.answers = [(200, {}, body)]
            with self.assertLogs("pawl", logging.WARNING):
                pawl._safe.forget_said()
                self.assertEqual(pawl.prompt("refund", default="d").text, "d")

    def test_chat_with_a_placeholder(self):
        self.server.routes["/api/public/v2/prompts/folder/chat"] = {**PROMPT, "name": "folder/chat", "prompt": [
            {"role": "system", "content": "Be {{tone}}"}, {"type": "placeholder", "name": "history"}]}
        found = pawl.prompt("folder/chat")
        self.assertEqual(found.format_messages(tone="kind", history=[{"role": "user", "content": "u"}]),
                         [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "u"}])

    def test_steps_say_which_they_used(self):
        with pawl.prompt("refund").used(), pawl.span("call", "llm"):
            pass
        pawl.flush()
        said = self.server.span("call")["attributes"]
        self.assertEqual((said["gen_ai.prompt.name"], said["gen_ai.prompt.version"]), ("refund", "3"))


class Experiments(Case):
    def setUp(self):
        super().setUp()
        self.server.routes["/api/public/v2/datasets/qa"] = {"id": "d-1", "name": "qa"}
        for page in (1, 2):
            self.server.routes[f"/api/public/dataset-items?datasetName=qa&limit=100&page={page}"] = {
                "data": [{"id": f"c-{page}{n}", "input": {"q": f"{page}{n}"}, "expectedOutput": f"{page}{n}"} for n in range(2)], "meta": {"totalPages": 2}}

    def test_pages_of_a_dataset(self):
        found = pawl.dataset("qa").check()
        self.assertEqual(([one.id for one in found], found.id), (["c-10", "c-11", "c-20", "c-21"], "d-1"))

    def test_half_a_dataset_is_none(self):
        del self.server.routes["/api/public/dataset-items?datasetName=qa&limit=100&page=2"]
        with self.assertLogs("pawl", logging.WARNING):
            found = pawl.dataset("qa")
        self.assertEqual((len(found), "404" in found.error), (0, True))
        with self.assertRaises(pawl.PawlError):
            found.check()

    def test_runs_judges_and_links(self):
        def answer(input):
            if input["q"] == "21":
                raise RuntimeError("no idea")
            return input["q"] if input["q"] != "11" else "wrong"

        def exact(output, expected):
            return output == expected

        async def several(*, output, case):
            return {"length": len(output), "tone": "dry", "unknown": None}

        result = pawl.experiment("answers", "qa", answer, [exact, several], metadata={"m": "x"})
        self.assertEqual(result.means, {"exact": 2 / 3, "length": 3.0})
        self.assertEqual([one.error for one in result.tried], ["", "", "", "RuntimeError: no idea"])
        self.assertFalse(result.ok)
        with self.assertRaisesRegex(pawl.PawlError, "c-21: RuntimeError"):
            result.check()
        items = [json.loads(body) for body in self.server.bodies("/api/public/dataset-run-items")]
        self.assertEqual({(one["datasetItemId"], one["traceId"]) for one in items}, {(one.case.id, one.trace_id) for one in result.tried})
        self.assertEqual({one["runName"] for one in items}, {result.name})
        self.assertEqual(len({one["trace"] for one in self.server.spans()}), 4)
        self.assertEqual(len(self.server.scores()), 9)
        self.assertEqual({one["attributes"]["pawl.experiment.case"] for one in self.server.spans()}, {"c-10", "c-11", "c-20", "c-21"})

    def test_local_cases_and_async(self):
        async def answer(input, expected):
            return input + expected

        result = pawl.experiment("sums", [{"input": 1, "expected": 2}, pawl.Case("x", 3, 4)], answer)
        self.assertEqual(([one.output for one in result.check().tried], self.server.bodies("/api/public/dataset-run-items")), ([3, 7], []))

    def test_a_wrong_scorer_is_told(self):
        result = pawl.experiment("e", [1], lambda x: x, [lambda output: object()])
        self.assertIn("scorer <lambda>: TypeError", result.tried[0].error)

    def test_nothing_to_try_is_no_success(self):
        self.server.stop()
        with self.assertLogs("pawl", logging.WARNING):
            result = pawl.experiment("e", "qa", lambda x: x)
        self.assertFalse(result.ok)
        self.assertIn("does not answer", result.error)
        self.assertFalse(pawl.experiment("e", [], lambda x: x).ok)
        self.server.start()

    def test_cases_are_added(self):
        self.server.routes["/api/public/dataset-items"] = {"id": "c-9", "input": 1, "expectedOutput": 2}
        self.assertEqual(pawl.dataset("qa").add(1, 2, from_trace="t").id, "c-9")
        self.assertEqual(json.loads(self.server.bodies("/api/public/dataset-items")[-1]), {"datasetName": "qa", "input": 1, "expectedOutput": 2, "sourceTraceId": "t"})


class Frameworks(Case):
    """What tells of which framework, and once."""

    def tearDown(self):
        _once.owners.modules.clear()
        for name in ("acme_framework", "acme_framework.inner", "acme_client", "acme_user", "acme_late"):
            sys.modules.pop(name, None)
        super().tearDown()

    def test_table(self):
        names = [one.name for one in _table.FRAMEWORKS]
        self.assertEqual(len(names), len(set(names)))
        for one in _table.FRAMEWORKS:
            self.assertTrue(one.by or one.tells_itself is not None, one.name)
            for by in one.by:
                self.assertRegex(by.instrumentor, r"^[a-z0-9_.]+:[A-Za-z0-9]+$")

    def test_installed_without_importing(self):
        self.assertTrue(_frameworks.installed("opentelemetry.sdk.trace"))
        self.assertFalse(_frameworks.installed("opentelemetry.sdk.nothing"))
        self.assertFalse(_frameworks.installed("no_such_package.at.all"))

    def test_when_imported(self):
        seen = []
        path = os.path.join(self.folder.name, "acme_late.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write("VALUE = 5\n")
        sys.path.insert(0, self.folder.name)
        try:
            _frameworks.when_imported("acme_late", lambda: seen.append(sys.modules["acme_late"].VALUE))
            _frameworks.when_imported("json", lambda: seen.append("now"))
            self.assertEqual(seen, ["now"])
            import acme_late
            self.assertEqual(seen, ["now", 5])
            self.assertEqual(acme_late.__loader__.__class__.__name__, "SourceFileLoader")
            self.assertEqual(acme_late.__spec__.loader, acme_late.__loader__)
        finally:
            sys.path.remove(self.folder.name)

    def module(self, name, source):
        made = types.ModuleType(name)
        exec(compile(source, name, "exec"), made.__dict__)
        sys.modules[name] = made
        return made

    def test_a_call_is_told_once(self):
        client = _table.Framework("Acme", "acme", "acme_client", client_scopes=("acme.scope",), client_modules=("acme_client",))
        framework = _table.Framework("Frame", "frame", "acme_framework", calls_from=("acme_framework",))
        tracer = _once.OnceTracer(otel_trace.get_tracer_provider().get_tracer("acme.scope"), client, _once.owners)
        call = self.module("acme_client", "def call(tracer, name):\n    span = tracer.start_span(name)\n    span.end()\n    return span.is_recording\n")
        inner = self.module("acme_framework.inner", "def run(call, *args):\n    return call(*args)\n")
        user = self.module("acme_user", "def tool(call, *args):\n    return call(*args)\n")
        inner.run(call.call, tracer, "before it is on")
        _once.owners.add(framework)
        inner.run(call.call, tracer, "by the framework")
        inner.run(user.tool, call.call, tracer, "by a tool of the framework's user")
        user.tool(call.call, tracer, "by the user")
        with pawl.span("a call by hand", "llm"):
            user.tool(call.call, tracer, "inside a call")
        with pawl.span("an agent", "agent"):
            user.tool(call.call, tracer, "inside an agent")
        pawl.flush()
        self.assertEqual({one["name"] for one in self.server.spans()},
                         {"before it is on", "by a tool of the framework's user", "by the user", "a call by hand", "an agent", "inside an agent"})

    def test_scopes_of_clients(self):
        self.assertEqual(_once.client_of("openinference.instrumentation.openai").name, "OpenAI")
        self.assertEqual(_once.client_of("opentelemetry.instrumentation.openai.v1").name, "OpenAI")
        self.assertEqual(_once.client_of("com.anthropic.sdk.python").name, "Anthropic")
        for scope in ("openinference.instrumentation.openai_agents", "openinference.instrumentation.langchain", "", "x"):
            self.assertIsNone(_once.client_of(scope))


if __name__ == "__main__":
    unittest.main()
