// The ends of a program: what it has said arrives, and it ends as it would have without us.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { FakeServer } from "./server.mjs";

test("the ends of a program: by itself, by exit(), by a signal", async (context) => {
  const server = new FakeServer();
  await server.start();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pawl-test-"));
  context.after(() => server.stop().then(() => fs.rmSync(folder, { recursive: true })));
  const program = (last) => `const pawl = require(${JSON.stringify(path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../dist/index.js"))});
    pawl.init({ frameworks: [] }); pawl.span("of " + process.argv[1], () => undefined); ${last}`;
  const env = { ...process.env, PAWL_URL: server.url, PAWL_BUFFER_DIR: folder };
  const run = (name, last) =>
    new Promise((done) => {
      const child = spawn(process.execPath, ["-e", program(last), name], { env, stdio: ["ignore", "pipe", "inherit"] });
      child.stdout.on("data", () => child.kill("SIGTERM"));
      child.on("exit", (code, signal) => done([code, signal]));
    });
  assert.deepEqual(await run("itself", ""), [0, null]);
  assert.equal(server.spans().filter((one) => one.name === "of itself").length, 1);
  assert.deepEqual(await run("exit", "process.exit(7)"), [7, null]);
  assert.deepEqual(await run("signal", 'console.log("now"); setInterval(() => {}, 1000)'), [null, "SIGTERM"]);
  assert.deepEqual(await run("handler", 'process.on("SIGTERM", () => process.exit(3)); console.log("now"); setInterval(() => {}, 1000)'), [3, null]);
  assert.deepEqual(await run("wrong", 'setTimeout(() => { throw new Error("the program\\u0027s own") }, 10)').then(([code]) => code), 1);
  assert.deepEqual(await run("next", "pawl.flush().then(() => new Promise((done) => setTimeout(done, 500)))"), [0, null]);
  assert.deepEqual([...new Set(server.spans().map((one) => one.name))].sort(), ["exit", "handler", "itself", "next", "signal", "wrong"].map((one) => `of ${one}`));
});
