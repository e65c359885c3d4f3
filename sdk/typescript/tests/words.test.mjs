// The words of this package: what they write down, whose it is, and that the program behaves as without them.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { context as otelContext, propagation, trace as otel } from "@opentelemetry/api";
import frameworks from "../dist/frameworks.js";
import once from "../dist/once.js";
import prompts from "../dist/prompts.js";
import safe from "../dist/safe.js";
import table from "../dist/table.js";
import { fresh, pawl, until } from "./server.mjs";

const rest = (ms) => new Promise((done) => setTimeout(done, ms));

test("off: every helper does nothing and gives what it must", async () => {
  pawl.setLog(() => undefined);
  assert.equal(await pawl.init({ enabled: false }), false);
  const made = pawl.session("s", { user: "u" }, () => pawl.user("u", () => pawl.task("t", () => pawl.span("x", { kind: "tool" }, (step) => step.input(1).output(2).set("a", 1).model("m").usage({ input: 1 }).fail("no")))));
  assert.equal(made.traceId, "");
  assert.equal(pawl.guardrail("g", (guard) => guard.block("no").blocked), true);
  assert.equal(pawl.trace((x) => x + 1)(1), 2);
  assert.deepEqual([pawl.score("n", 1), (await pawl.prompt("p", { default: "d" })).text, (await pawl.dataset("d")).cases], ["", "d", []]);
  pawl.outcome("done");
  const result = await pawl.experiment("e", { dataset: [{ input: 1 }, { input: 2 }], run: (x) => x });
  assert.deepEqual([result.tried.map((one) => one.output), result.ok], [[1, 2], false]);
  assert.equal(await pawl.flush(), true);
  await pawl.shutdown();
  assert.equal(pawl.currentTraceId(), "");
  assert.equal(pawl.version, JSON.parse(fs.readFileSync(new URL("../package.json", import.meta.url), "utf8")).version);
});

test("a tree of steps", async (context) => {
  const { server } = await fresh(context);
  const [outer, inner] = await pawl.span("agent", { kind: "agent" }, async (agent) => {
    await rest(1);
    return [agent, pawl.span("look up", { kind: "tool", attributes: { tenant: "acme" } }, (step) => step.input({ id: 4 }).output("found"))];
  });
  await pawl.flush();
  const agent = server.span("agent");
  const tool = server.span("look up");
  assert.deepEqual([tool.parentSpanId, tool.traceId, agent.parentSpanId], [agent.spanId, agent.traceId, undefined]);
  assert.deepEqual([outer.traceId, inner.spanId], [agent.traceId, tool.spanId]);
  assert.deepEqual(tool.said, { "pawl.kind": "tool", "gen_ai.tool.name": "look up", tenant: "acme", "gen_ai.tool.call.arguments": '{"id":4}', "gen_ai.tool.call.result": "found" });
  assert.equal(agent.said["pawl.agent"], "agent");
});

test("a model call", async (context) => {
  const { server } = await fresh(context);
  pawl.span("answer", { kind: "llm" }, (call) =>
    void call.model("acme-large", { provider: "acme", served: "acme-2" }).usage({ input: 10, output: 5, cacheRead: 3, cacheWrite: 1, reasoning: 2, costUsd: 0.5 })
      .input([{ role: "user", content: "hi" }]).output([{ role: "assistant", content: "ho" }]));
  await pawl.flush();
  const { said } = server.span("answer");
  assert.deepEqual(["input_tokens", "output_tokens", "cache_read.input_tokens", "cache_creation.input_tokens", "reasoning.output_tokens", "cost"].map((one) => said[`gen_ai.usage.${one}`]), [10, 5, 3, 1, 2, 0.5]);
  assert.equal(said["gen_ai.input.messages"], '[{"role":"user","content":"hi"}]');
});

test("errors go on their way", async (context) => {
  const { server } = await fresh(context);
  class Own extends TypeError {}
  const wrong = new Own("x");
  assert.throws(() => pawl.span("breaks", () => { throw wrong; }), (error) => error === wrong);
  await assert.rejects(pawl.span("later", async () => { throw wrong; }), (error) => error === wrong);
  assert.throws(() => pawl.span("odd", () => { throw undefined; }), (error) => error === undefined);
  await pawl.flush();
  for (const name of ["breaks", "later", "odd"]) assert.equal(server.span(name).status.code, 2);
  assert.deepEqual(server.span("breaks").events.map((one) => one.name), ["exception"]);
});

test("wrapped functions behave as before", async (context) => {
  const { server } = await fresh(context);
  class Shop {
    rate = 3;
    async find(number, deep) {
      await rest(1);
      return { number, deep, rate: this.rate };
    }
  }
  Shop.prototype.find = pawl.trace({ kind: "tool", attributes: { tenant: "acme" } })(Shop.prototype.find, { name: "find" });
  assert.deepEqual([await new Shop().find(7, true), Shop.prototype.find.name, Shop.prototype.find.length], [{ number: 7, deep: true, rate: 3 }, "find", 2]);
  class Lazy extends Promise {
    extra() {
      return 5;
    }
  }
  assert.equal(pawl.trace(function special() { return Lazy.resolve(1); })().extra(), 5);
  await pawl.flush();
  const { said } = server.span("find");
  assert.deepEqual([said["gen_ai.tool.call.arguments"], said["gen_ai.tool.call.result"], said.tenant], ["[7,true]", '{"number":7,"deep":true,"rate":3}', "acme"]);
});

test("generators behave as before", async (context) => {
  const { server } = await fresh(context);
  function* plain(first) {
    let got = yield first;
    try {
      got = yield got;
    } catch (wrong) {
      got = wrong.message;
    }
    return got;
  }
  const run = (work) => {
    const steps = work(1);
    return [steps.next(), steps.next("two"), steps.throw(new Error("three")), steps.next()];
  };
  assert.deepEqual(run(pawl.trace(plain)), run(plain));
  let closed = 0;
  const endless = pawl.trace({ name: "endless" }, async function* () {
    try {
      for (;;) {
        await rest(1);
        pawl.span("inside", () => undefined);
        yield "x";
      }
    } finally {
      closed += 1;
    }
  });
  for await (const piece of endless()) {
    assert.deepEqual([piece, otel.getActiveSpan()], ["x", undefined]); // the caller's steps are not below it
    break;
  }
  const breaks = pawl.trace({ name: "breaks" }, async function* () {
    yield 1;
    throw new Error("late");
  });
  await assert.rejects(async () => { for await (const _ of breaks()); }, /late/);
  await pawl.flush();
  assert.deepEqual([closed, server.span("endless").said["gen_ai.output"], server.span("endless").status.code, server.span("breaks").status.code], [1, "x", 0, 2]);
  assert.equal(server.span("inside").parentSpanId, server.span("endless").spanId);
});

test("guardrails", async (context) => {
  const { server } = await fresh(context);
  await pawl.guardrail("pii", async (guard) => guard.block("a card number"));
  await assert.rejects(pawl.span("run", { kind: "agent" }, () => pawl.guardrail("injection", async (guard) => {
    guard.block("ignore all");
    throw new Error("no");
  })));
  await pawl.flush();
  for (const name of ["pii", "run", "injection"]) assert.deepEqual([server.span(name).said["guardrail.triggered"], server.span(name).status.code], [true, 0], name);
});

test("anything can be written down", async (context) => {
  const { server, said } = await fresh(context);
  const endless = [];
  endless.push(endless);
  const odd = { get x() { throw new Error("no"); } };
  pawl.span("odd", (step) => void step.input([1n, NaN, undefined, Symbol("s"), () => 1, odd, new Map([[1, new Set([2])]]), new Uint8Array(3), new Error("e"), endless]).output(undefined).set("x", odd));
  pawl.span("long", (step) => void step.input("x".repeat(2 << 20)));
  pawl.span("wrong kind", { kind: "toool" }, () => undefined);
  assert.equal(await pawl.flush(), true);
  assert.match(server.span("odd").said["gen_ai.input"], /<3 bytes>/);
  assert.ok(server.span("long").said["gen_ai.input"].length < (1 << 20) + 100);
  assert.deepEqual([server.span("wrong kind").said["pawl.kind"], said.length], ["workflow", 1]);
});

test("whose it is", async (context) => {
  const { server } = await fresh(context, { agent: "helper", team: "support", environment: "test", agentVersion: "v7" });
  await pawl.session("chat-1", { user: "u-1", task: "refund", customer: "acme", tags: ["a", "b"] }, async () => {
    await rest(1);
    await pawl.span("one", async () => {
      await rest(1);
      pawl.span("two", () => undefined);
      pawl.span("inner", { kind: "agent" }, () => undefined);
      await Promise.all([1, 2].map((n) => pawl.user(`u-${n}`, async () => { await rest(n); pawl.span(`of ${n}`, () => undefined); })));
      pawl.outcome(false);
    });
    // A framework hands on ids and nothing else.
    const parent = otel.getTracer("x").startSpan("parent");
    await new AsyncLocalStorage().run(1, () => {
      otel.getTracer("x").startSpan("child", {}, otel.setSpanContext(otelContext.active(), parent.spanContext())).end();
    });
    parent.end();
  });
  pawl.span("after", () => undefined);
  await pawl.flush();
  for (const name of ["one", "two", "child"]) {
    assert.deepEqual(["pawl.session", "pawl.task", "pawl.customer", "tags"].map((key) => server.span(name).said[key]), ["chat-1", "refund", "acme", ["a", "b"]], name);
  }
  assert.deepEqual(["of 1", "of 2"].map((name) => server.span(name).said["pawl.user"]), ["u-1", "u-2"]);
  assert.equal(server.span("after").said["pawl.session"], undefined);
  assert.equal(server.span("one").said["pawl.outcome"], "not done");
  assert.deepEqual(["one", "two", "inner"].map((name) => server.span(name).said["pawl.agent"]), ["helper", undefined, "inner"]);
  const one = { ...server.span("one").resource, ...server.span("one").said };
  assert.deepEqual([one["pawl.team"], one["pawl.agent.version"], one["deployment.environment.name"]], ["support", "v7", "test"]);
});

test("identify, and a caller's baggage", async (context) => {
  const { server } = await fresh(context);
  await Promise.all(["a", "b"].map(async (name) => {
    await rest(1);
    pawl.identify({ session: name });
    await rest(1);
    pawl.span(`in ${name}`, () => undefined);
  }));
  const carried = propagation.setBaggage(otelContext.active(), propagation.createBaggage({ "pawl.session": { value: "far" } }));
  otelContext.with(carried, () => pawl.span("called", () => undefined));
  await pawl.flush();
  assert.deepEqual(["in a", "in b", "called"].map((name) => server.span(name).said["pawl.session"]), ["a", "b", "far"]);
});

test("no content leaves the program where none shall", async (context) => {
  const { server } = await fresh(context, { content: false });
  await pawl.trace({ kind: "tool" }, async (word) => word)("hunter2");
  await pawl.flush();
  assert.ok(server.spans().length === 1 && !server.got.some((one) => one.body.includes("hunter2")));
});

test("scores", async (context) => {
  const { server, said } = await fresh(context);
  pawl.span("a", (outer) => {
    pawl.span("b", (inner) => {
      pawl.score("helpful", 0.5, { comment: "so so", metadata: { k: 1 } });
      pawl.score("exact", true, { thisSpan: true });
      server.wanted = [outer.traceId, inner.spanId];
    });
  });
  pawl.session("s-5", () => pawl.score("of", "word", { id: "mine" }));
  for (const [name, value] of [["n", NaN], ["n", null], ["", 1], ["n", []], ["n", ""]]) assert.equal(pawl.score(name, value, { traceId: "a".repeat(32) }), "");
  assert.equal(pawl.score("nowhere", 1), "");
  assert.ok(said.length >= 2);
  await pawl.flush();
  const [helpful, exact, of, ...more] = server.scores();
  assert.deepEqual([helpful.traceId, helpful.value, helpful.dataType, helpful.comment, helpful.metadata, exact.observationId, exact.value, exact.dataType],
    [server.wanted[0], 0.5, "NUMERIC", "so so", { k: 1 }, server.wanted[1], 1, "BOOLEAN"]);
  assert.deepEqual([of.sessionId, of.id, of.dataType, "traceId" in of, more], ["s-5", "mine", "CATEGORICAL", false, []]);
  server.answers = [[207, {}, '{"errors":[{"message":"no such config"}]}']];
  pawl.score("a", 1, { traceId: "a".repeat(32) });
  assert.equal(await pawl.flush(), false);
  assert.match(said.at(-1), /no such config/);
});

const refund = { name: "refund", version: 3, prompt: "Be {{tone}}, {{name}}.", config: { m: 1 }, labels: ["production"] };

test("prompts", async (context) => {
  const { server, said } = await fresh(context);
  server.routes["/api/public/v2/prompts/refund"] = refund;
  const [first, second] = [await pawl.prompt("refund"), await pawl.prompt("refund")];
  assert.deepEqual([first.version, first.source, second.source, server.got.length], [3, "server", "memory", 1]);
  assert.deepEqual([first.format({ tone: "kind", name: "Ann" }), first.format({ tone: "kind" })], ["Be kind, Ann.", "Be kind, {{name}}."]);
  assert.match(server.got[0].url, /label=production/);
  await pawl.prompt("refund", { version: 2 });
  assert.match(server.got[1].url, /version=2/);
  first.used(() => pawl.span("call", { kind: "llm" }, () => undefined));
  // The stale one goes on while it is asked again.
  await pawl.prompt("stale", { default: "d" });
  server.routes["/api/public/v2/prompts/later"] = { ...refund, name: "later" };
  await pawl.prompt("later", { freshMs: 0 });
  server.routes["/api/public/v2/prompts/later"] = { ...refund, name: "later", version: 4 };
  server.delayMs = 200;
  const began = Date.now();
  assert.equal((await pawl.prompt("later", { freshMs: 0 })).version, 3);
  assert.ok(Date.now() - began < 150);
  await rest(300);
  server.delayMs = 0;
  assert.equal((await pawl.prompt("later", { freshMs: 0 })).version, 4);
  await rest(50);
  // A new run, and the server is gone.
  prompts.forgetPrompts();
  await pawl.flush();
  assert.deepEqual([server.span("call").said["gen_ai.prompt.name"], server.span("call").said["gen_ai.prompt.version"]], ["refund", "3"]);
  await server.stop();
  const kept = await pawl.prompt("refund", { default: "other" });
  assert.deepEqual([kept.text, kept.version, kept.source], [refund.prompt, 3, "disk"]);
  const none = await pawl.prompt("none", { default: [{ role: "system", content: "Be {{x}}" }] });
  assert.deepEqual(none.formatMessages({ x: "kind" }), [{ role: "system", content: "Be kind" }]);
  assert.deepEqual([(await pawl.prompt("none2")).text, (await pawl.prompt("none2")).source], ["", "none"]);
  await server.start();
  // Removed: not brought back from disk. Nonsense: no prompt.
  prompts.forgetPrompts();
  delete server.routes["/api/public/v2/prompts/refund"];
  assert.equal((await pawl.prompt("refund", { default: "d" })).source, "default");
  for (const body of ["<html>", "[]", '{"name":"refund"}', '{"prompt":1,"name":"refund","version":"x"}']) {
    prompts.forgetPrompts();
    server.answers = [[200, {}, body]];
    assert.equal((await pawl.prompt("refund", { default: "d" })).text, "d");
  }
  server.routes["/api/public/v2/prompts/folder/chat"] = { ...refund, name: "folder/chat", prompt: [{ role: "system", content: "Be {{tone}}" }, { type: "placeholder", name: "history" }] };
  assert.deepEqual((await pawl.prompt("folder/chat")).formatMessages({ tone: "kind", history: [{ role: "user", content: "u" }] }), [{ role: "system", content: "Be kind" }, { role: "user", content: "u" }]);
  assert.ok(said.length > 0);
});

test("datasets and experiments", async (context) => {
  const { server } = await fresh(context);
  server.routes["/api/public/v2/datasets/qa"] = { id: "d-1", name: "qa" };
  const at = (page) => `/api/public/dataset-items?datasetName=qa&limit=100&page=${page}`;
  for (const page of [1, 2]) {
    server.routes[at(page)] = { data: [0, 1].map((n) => ({ id: `c-${page}${n}`, input: { q: `${page}${n}` }, expectedOutput: `${page}${n}` })), meta: { totalPages: 2 } };
  }
  assert.deepEqual((await pawl.dataset("qa")).check().cases.map((one) => one.id), ["c-10", "c-11", "c-20", "c-21"]);
  const exact = ({ output, expected }) => output === expected;
  const result = await pawl.experiment("answers", {
    dataset: "qa",
    run: async (input) => {
      if (input.q === "21") throw new Error("no idea");
      return input.q === "11" ? "wrong" : input.q;
    },
    scorers: [exact, async ({ output }) => ({ length: output.length, tone: "dry", unknown: undefined })],
    metadata: { m: "x" },
  });
  assert.deepEqual([result.means, result.tried.map((one) => one.error), result.ok], [{ exact: 2 / 3, length: 3 }, ["", "", "", "Error: no idea"], false]);
  assert.throws(() => result.check(), /case c-21: Error: no idea/);
  const items = server.bodies("/api/public/dataset-run-items");
  assert.deepEqual(new Set(items.map((one) => `${one.datasetItemId} ${one.traceId}`)), new Set(result.tried.map((one) => `${one.case.id} ${one.traceId}`)));
  assert.deepEqual([new Set(items.map((one) => one.runName)).size, new Set(server.spans().map((one) => one.traceId)).size, server.scores().length], [1, 4, 9]);
  const local = await pawl.experiment("sums", { dataset: [{ input: 1, expected: 2 }], run: (input, one) => input + one.expected });
  assert.deepEqual([local.check().tried[0].output, server.bodies("/api/public/dataset-run-items").length], [3, 4]);
  const bad = await pawl.experiment("e", { dataset: [{ input: 1 }], run: (x) => x, scorers: [() => Symbol("x")] });
  assert.match(bad.tried[0].error, /^scorer score: Error/);
  server.routes["/api/public/dataset-items"] = { id: "c-9", input: 1 };
  assert.equal((await (await pawl.dataset("qa")).add({ input: 1, fromTrace: "t" })).id, "c-9");
  delete server.routes[at(2)];
  delete server.routes["/api/public/dataset-items"];
  const half = await pawl.dataset("qa");
  assert.deepEqual([half.cases.length, half.error.includes("404")], [0, true]);
  assert.throws(() => half.check(), pawl.PawlError);
  assert.equal((await pawl.experiment("e", { dataset: [], run: (x) => x })).ok, false); // nothing to try is no success
  await server.stop();
  assert.match((await pawl.experiment("e", { dataset: "qa", run: (x) => x })).error, /does not answer/);
  await server.start();
});

test("the table of frameworks", () => {
  assert.equal(new Set(table.frameworks.map((one) => one.name)).size, table.frameworks.length);
  for (const one of table.frameworks) assert.ok(one.by.length || one.tellsItself !== undefined, one.name);
  assert.equal(once.clientOf("@arizeai/openinference-instrumentation-openai").name, "OpenAI");
  assert.equal(once.clientOf("com.anthropic.sdk.typescript").name, "Anthropic");
  for (const scope of ["@arizeai/openinference-instrumentation-openai-agents", "", "gen_ai"]) assert.equal(once.clientOf(scope), undefined);
});

test("who called a client", () => {
  const [openai] = table.frameworks;
  const stack = (...files) => ["Error", ...files.map((file) => `    at f (${file}:1:2)`)].join("\n");
  const by = (...files) => once.calledBy(stack("/app/node_modules/@arizeai/openinference-instrumentation-openai/dist/x.js", "/app/node_modules/openai/client.js", "node:internal/process", ...files), new Set(["@langchain/openai"]), openai);
  assert.equal(by("/app/node_modules/@langchain/openai/dist/a.js", "/app/main.js"), true);
  assert.equal(by("file:///app/node_modules/.pnpm/@langchain+openai@1/node_modules/@langchain/openai/dist/a.js"), true);
  assert.equal(by("/app/tool.js", "/app/node_modules/@langchain/openai/dist/a.js"), false); // a tool of the user's
  assert.equal(by("/app/main.js"), false);
  assert.equal(by("C:\\app\\node_modules\\@langchain\\openai\\dist\\a.js"), true);
  assert.equal(by(), false);
});

test("files of packages", (context) => {
  const folder = fs.mkdtempSync("/tmp/pawl-test-");
  context.after(() => fs.rmSync(folder, { recursive: true }));
  const lay = (name, said, ...files) => {
    const here = path.join(folder, "node_modules", name);
    fs.mkdirSync(here, { recursive: true });
    fs.writeFileSync(path.join(here, "package.json"), JSON.stringify(said));
    for (const file of files) {
      fs.mkdirSync(path.dirname(path.join(here, file)), { recursive: true });
      fs.writeFileSync(path.join(here, file), "");
    }
    return frameworks.folderOf(name, [path.join(folder, "src/deep")]);
  };
  const both = lay("both", { exports: { ".": { import: { types: "./x.d.ts", default: "./a.mjs" }, require: "./a.cjs" }, "./sub/*": { node: "./lib/*.js" } } }, "a.mjs", "a.cjs", "lib/one.js");
  assert.deepEqual([frameworks.entryOf(both, "", "import"), frameworks.entryOf(both, "", "require"), frameworks.entryOf(both, "sub/one", "import")],
    ["a.mjs", "a.cjs", "lib/one.js"].map((file) => path.join(both, file)));
  const old = lay("@old/main", { main: "lib/main" }, "lib/main.js");
  assert.deepEqual([frameworks.entryOf(old, "", "require"), frameworks.entryOf(old, "lib/none", "require")], [path.join(old, "lib/main.js"), undefined]);
  assert.equal(frameworks.folderOf("none", [folder]), undefined);
  safe.forgetSaid();
});

test("a failing log is nobody's trouble", async (context) => {
  const { server } = await fresh(context);
  pawl.setLog(() => { throw new Error("log"); });
  server.answers = [[503, {}, ""]];
  pawl.span("x", () => undefined);
  await pawl.flush();
  await until(() => pawl.status().buffered === 0);
});
