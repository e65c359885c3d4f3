// Mock servers for tests and pictures: started on a port, ended together.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const server = fileURLToPath(new URL('../mock-server.mjs', import.meta.url));
const children = [];

export async function mock(port, flags = []) {
  const child = spawn(process.execPath, [server, '--port', String(port), ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await new Promise((ready, failed) => {
    child.stdout.once('data', ready);
    child.once('exit', () => failed(new Error(`the mock server on port ${port} did not start`)));
  });
  return `http://127.0.0.1:${port}`;
}

export function endMocks() {
  for (const child of children) child.kill();
}
