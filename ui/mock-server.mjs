// A stand-in for the server while the page is built and tested: the API over a stored week of a fleet, and the page from dist/.
// node mock-server.mjs [--port 7399] [--empty] [--login] [--slow MS]
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answer } from './mock/routes.mjs';
import { newWorld } from './mock/query.mjs';

const flag = (name, fallback) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : fallback);
const has = (name) => process.argv.includes(name);
const port = Number(flag('--port', '7399'));
const slow = Number(flag('--slow', '0'));
const dist = fileURLToPath(new URL('./dist', import.meta.url));
const world = { ...newWorld(has('--empty')), login: has('--login'), port };

const types = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html; charset=utf-8', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function page(url, response) {
  const path = normalize(url.pathname);
  const file = join(dist, path);
  const found = path !== '/' && file.startsWith(dist) && existsSync(file) && extname(file);
  const shown = found ? file : join(dist, 'index.html');
  response.writeHead(200, { 'content-type': types[extname(shown)] ?? 'application/octet-stream', 'content-security-policy': policy, 'x-content-type-options': 'nosniff', 'cache-control': found ? 'max-age=3600' : 'no-store' });
  response.end(readFileSync(shown));
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, `http://127.0.0.1:${port}`);
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  if (slow && url.pathname.startsWith('/api/')) await new Promise((done) => setTimeout(done, slow));
  try {
    if (await answer(world, request, url, text, response)) return;
    page(url, response);
  } catch (error) {
    const status = error.detail ? 400 : error.status ?? 500;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { code: status === 400 ? 'invalid' : 'failed', message: error.message, detail: error.detail ?? null, request_id: 'mock' } }));
    if (status === 500) console.error(error);
  }
});
server.listen(port, '127.0.0.1', () => console.log(`mock server at http://127.0.0.1:${port}`));
