// A server for the tests of this package: keeps what it is sent, answers as it is told. It can go and come back.
import * as fs from "node:fs";
import * as http from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import * as pawl from "../dist/index.js";
import prompts from "../dist/prompts.js";
import safe from "../dist/safe.js";

export { pawl };

export class FakeServer {
  got = [];
  answers = []; // [status, headers, body] for the next requests, then 200
  routes = {};
  delayMs = 0;
  port = 0;

  async start() {
    this.server = http.createServer(async (request, response) => {
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      let body = Buffer.concat(pieces);
      if (request.headers["content-encoding"] === "gzip") body = gunzipSync(body);
      if (this.delayMs) await new Promise((done) => setTimeout(done, this.delayMs).unref());
      const [status, headers, said] = this.answer(request.method, request.url, body.toString(), request.headers);
      response.writeHead(status, headers).end(said);
    });
    await new Promise((done) => this.server.listen(this.port, "127.0.0.1", done));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  answer(method, url, body, headers) {
    this.got.push({ method, url, body, headers });
    if (this.answers.length) return this.answers.shift();
    const plain = decodeURIComponent(url.split("?")[0]);
    const value = this.routes[url] ?? this.routes[plain];
    if (value !== undefined) return [200, {}, JSON.stringify(value)];
    return method === "GET" ? [404, {}, '{"message":"not there"}'] : [200, {}, "{}"];
  }

  bodies(where) {
    return this.got.filter((one) => one.url.split("?")[0] === where).map((one) => JSON.parse(one.body));
  }

  spans() {
    return this.bodies("/v1/traces").flatMap((body) =>
      body.resourceSpans.flatMap((resource) =>
        resource.scopeSpans.flatMap((scope) =>
          scope.spans.map((one) => ({ ...one, scope: scope.scope.name, said: read(one.attributes), resource: read(resource.resource.attributes) })),
        ),
      ),
    );
  }

  span(name) {
    return this.spans().find((one) => one.name === name);
  }

  scores() {
    return this.bodies("/api/public/scores").flat();
  }
}

const plain = (value) => (value.arrayValue ? value.arrayValue.values.map(plain) : Object.values(value)[0]);
const read = (attributes) => Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));

/** A fresh server and a fresh pawl: `const t = await fresh(context)`; ended by itself. */
export async function fresh(context, options = {}) {
  safe.forgetSaid();
  prompts.forgetPrompts();
  const server = new FakeServer();
  await server.start();
  const said = [];
  pawl.setLog((level, text) => (level === "warn" || level === "error" ? said.push(text) : undefined));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pawl-test-"));
  const start = (more = {}) => pawl.init({ url: server.url, key: "pawl_sk_test", bufferDir: folder, frameworks: [], exitTimeoutMs: 2000, ...options, ...more });
  await start();
  context.after(async () => {
    await pawl.shutdown();
    await server.stop();
    fs.rmSync(folder, { recursive: true });
  });
  return { server, said, folder, start };
}

export async function until(condition, ms = 10_000) {
  const end = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms; ${JSON.stringify(pawl.status())}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

export function some(count, name = "step") {
  for (let i = 0; i < count; ++i) pawl.span(`${name} ${i}`, { kind: "tool" }, () => undefined);
}
