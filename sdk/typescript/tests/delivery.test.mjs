// Delivery: nothing is lost that the buffer has room for, nothing comes twice without its id, nothing waits for the server.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import http from "../dist/http.js";
import settings from "../dist/settings.js";
import spools from "../dist/spool.js";
import { fresh, pawl, some, until } from "./server.mjs";

const { Answer } = http;
const { settingsOf } = settings;
const { Spool } = spools;
const all = () => true;

test("arrives with its key", async (context) => {
  const { server } = await fresh(context);
  some(3);
  assert.equal(await pawl.flush(), true);
  const { method, url, headers } = server.got[0];
  assert.deepEqual([method, url, headers.authorization, headers["content-encoding"]], ["POST", "/v1/traces", "Bearer pawl_sk_test", "gzip"]);
  assert.deepEqual(server.spans().map((one) => one.name), ["step 0", "step 1", "step 2"]);
  assert.equal(pawl.status().delivered, 3);
});

test("arrives without a flush", async (context) => {
  const { server } = await fresh(context);
  some(1);
  await until(() => server.spans().length === 1, 5000);
});

test("Retry-After is honoured", async (context) => {
  const { server, said } = await fresh(context);
  server.answers = [[503, { "retry-after": "1" }, ""]];
  some(2);
  assert.equal(await pawl.flush(), false); // on disk
  assert.equal(said.length, 1);
  const came = server.got.length;
  const began = Date.now();
  assert.equal(pawl.status().buffered, 1);
  await until(() => server.got.length > came);
  assert.ok(Date.now() - began > 700);
  await until(() => pawl.status().buffered === 0);
  assert.equal(new Set(server.spans().map((one) => one.spanId)).size, 2);
});

test("survives a server that is away", async (context) => {
  const { server, said } = await fresh(context);
  await server.stop();
  for (let i = 0; i < 5; ++i) {
    some(10, `away ${i}`);
    await pawl.flush(5000);
  }
  assert.equal(said.filter((one) => one.includes("does not answer")).length, 1); // said once
  assert.equal(pawl.status().buffered, 5);
  await server.start();
  await until(() => pawl.status().buffered === 0, 20_000);
  some(1, "after");
  assert.equal(await pawl.flush(), true);
  const ids = server.spans().map((one) => one.spanId);
  assert.deepEqual([ids.length, new Set(ids).size], [51, 51]);
});

test("the next run sends what the last one kept", async (context) => {
  const { server, start } = await fresh(context);
  await server.stop();
  some(4);
  pawl.score("n", 1, { traceId: "a".repeat(32) });
  const began = Date.now();
  await pawl.shutdown();
  assert.ok(Date.now() - began < 3000);
  await server.start();
  await start();
  await until(() => server.spans().length === 4 && server.scores().length === 1);
  await until(() => pawl.status().buffered === 0);
});

test("what is refused for good is counted and said", async (context) => {
  const { server, said } = await fresh(context);
  server.answers = [[401, {}, '{"error":{"message":"no such key"}}']];
  some(2);
  assert.equal(await pawl.flush(), false);
  assert.match(said[0], /no such key/);
  assert.deepEqual([pawl.status().refused, pawl.status().buffered], [2, 0]);
});

test("what is too large is halved", async (context) => {
  const { server } = await fresh(context);
  server.answers = [[413, {}, ""]];
  some(4);
  assert.equal(await pawl.flush(), true);
  assert.deepEqual([server.bodies("/v1/traces").length, new Set(server.spans().map((one) => one.spanId)).size], [3, 4]);
});

test("a partial success is counted", async (context) => {
  const { server, said } = await fresh(context);
  server.answers = [[200, {}, '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"an id of zeros"}}']];
  some(3);
  assert.equal(await pawl.flush(), false);
  assert.match(said[0], /an id of zeros/);
  assert.deepEqual([pawl.status().delivered, pawl.status().refused], [2, 1]);
});

test("answers that are none", async (context) => {
  const { server } = await fresh(context);
  for (const answer of [[200, {}, "<html>"], [302, { location: "http://127.0.0.1:1/" }, ""], [418, {}, "\0\xff"]]) {
    server.answers = [answer];
    some(1);
    await pawl.flush();
  }
  assert.ok(server.got.every((one) => one.url === "/v1/traces"));
});

test("a slow server holds nobody, and the end keeps all", async (context) => {
  const { server, start } = await fresh(context);
  server.delayMs = 30_000;
  const began = Date.now();
  some(1000);
  assert.ok(Date.now() - began < 900);
  await pawl.shutdown();
  assert.ok(Date.now() - began < 5000);
  server.delayMs = 0;
  await start();
  await until(() => new Set(server.spans().map((one) => one.spanId)).size === 1000, 15_000);
});

test("memory is bounded, and what is lost is counted", async (context) => {
  const { server, said } = await fresh(context, { bufferBytes: 0, queueBytes: 20_000 });
  await server.stop();
  some(200);
  await until(() => pawl.status().awaySince > 0);
  const now = pawl.status();
  assert.ok(now.overflowed > 100 && now.waiting < 60, JSON.stringify(now));
  assert.ok(said.some((one) => one.includes("no room")));
  await server.start();
  await until(() => pawl.status().waiting === 0);
  await pawl.flush();
  assert.equal(pawl.status().delivered + pawl.status().overflowed, 200);
});

test("the disk buffer", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pawl-test-"));
  const one = new Spool(folder, 1000);
  for (let i = 0; i < 5; ++i) assert.equal(one.put("traces-json", Buffer.alloc(300, i)), true);
  assert.deepEqual([one.waiting(), one.lost], [3, 2]); // the oldest made room
  assert.equal(one.put("traces-json", Buffer.alloc(1001)), false);
  const two = new Spool(folder, 1000);
  const taken = one.take(all);
  assert.equal(taken.body[0], 2);
  assert.equal(two.take(all).body[0], 3); // only one takes it
  one.giveBack(taken);
  const again = two.take(all);
  assert.equal(again.body[0], 2);
  fs.renameSync(again.place, `${again.place.slice(0, again.place.lastIndexOf("@"))}@999999999`);
  assert.equal(one.take(all).body[0], 2); // the claim of a dead process is free
  assert.equal(one.take((kind) => kind === "scores"), undefined); // of another kind
  fs.writeFileSync(path.join(one.folder, "0000-1-1.traces-json~"), "half");
  assert.equal(one.take(all).body[0], 4); // what is half written is not taken
  assert.equal(fs.statSync(one.folder).mode & 0o077, 0);
  const none = new Spool("/proc/none/of/this", 1000);
  assert.deepEqual([none.put("x", Buffer.alloc(1)), none.take(all), none.waiting()], [false, undefined, 0]);
  fs.rmSync(folder, { recursive: true });
});

test("settings", async () => {
  const env = { PAWL_URL: "https://pawl.example.com/", PAWL_API_KEY: "k", OTEL_EXPORTER_OTLP_ENDPOINT: "http://other:4318" };
  assert.deepEqual([settingsOf({}, env).url, settingsOf({}, env).key], ["https://pawl.example.com", "k"]);
  assert.equal(settingsOf({ url: "127.0.0.1:1" }, env).url, "http://127.0.0.1:1");
  const otel = settingsOf({}, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4317/", OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20pawl_sk_1,x-tenant=a" });
  assert.deepEqual([otel.url, otel.key, otel.headers], ["http://127.0.0.1:4318", "pawl_sk_1", { "x-tenant": "a" }]);
  assert.equal(settingsOf({}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://a.example.com/v1/traces" }).url, "https://a.example.com");
  const mine = settingsOf({}, { PAWL_URL: "https://pawl.example.com", OTEL_EXPORTER_OTLP_HEADERS: "x-api-key=of-somebody-else" });
  assert.deepEqual([mine.key, mine.headers], ["", {}]); // foreign headers never go to a named Pawl
  assert.equal(settingsOf({}, {}).url, "http://127.0.0.1:7295");
  for (const wrong of ["ftp://a", "http://", "http://a:99999", "http://a:x"]) assert.throws(() => settingsOf({ url: wrong }, {}), /is no address/);
  assert.equal(settingsOf({}, { PAWL_DISABLED: "1" }).enabled, false);
  assert.equal(settingsOf({}, { OTEL_SDK_DISABLED: "true" }).enabled, false);
  const said = [];
  pawl.setLog((_, text) => said.push(text));
  assert.equal(await pawl.init({ url: "http://a:x" }), false);
  assert.match(said[0], /is no address/);
});

test("Retry-After", () => {
  const after = (text) => new Answer(503, "", "", text).retryAfterMs();
  assert.deepEqual([after("7"), after("99999"), after("Wed, 21 Oct 2015 07:28:00 GMT")], [7000, 300_000, 0]);
  for (const text of ["", "soon", "nan", "-"]) assert.equal(after(text), undefined);
});
