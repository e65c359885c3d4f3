// node tests/run.mjs [WORDS]: every *.spec.mjs (PAWL_SHARD=1/2: every second one) against PAWL_URL (PAWL_EMPTY_URL, PAWL_LOGIN_URL), else against mock servers on the built page.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runAll, setFile } from './harness.mjs';
import { endMocks, mock } from './mocks.mjs';
import { seed } from './seed.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The parts without a browser: node's own runner over tests/unit. */
function units() {
  const said = spawnSync(process.execPath, ['--test', '--test-reporter=tap', `${here}unit/`], { encoding: 'utf8' }).stdout;
  const number = (word) => Number(new RegExp(`^# ${word} (\\d+)`, 'm').exec(said)?.[1] ?? 0);
  for (const line of said.split('\n')) if (/^\s*not ok/.test(line)) console.log(`FAIL unit: ${line.trim()}`);
  console.log(`ok   unit: ${number('pass')} without a browser`);
  return { passed: number('pass'), failed: number('fail') };
}

async function servers() {
  if (process.env.PAWL_INJECTED_URL) return { injected: process.env.PAWL_INJECTED_URL };
  if (process.env.PAWL_URL) {
    await seed(process.env.PAWL_URL);
    return { full: process.env.PAWL_URL, empty: process.env.PAWL_EMPTY_URL, first: process.env.PAWL_EMPTY_URL, login: process.env.PAWL_LOGIN_URL };
  }
  if (!existsSync(`${here}../dist/index.html`)) throw new Error('Build the page first: npm run build');
  const port = 21_000 + (process.pid % 4000) * 4;
  return { full: await mock(port, []), empty: await mock(port + 1, ['--empty']), login: await mock(port + 2, ['--login']), first: await mock(port + 3, ['--empty']) };
}

let code = 3;
try {
  const at = await servers();
  const [shard, shards] = (process.env.PAWL_SHARD ?? '1/1').split('/').map(Number);
  const specs = readdirSync(here).filter((name) => name.endsWith('.spec.mjs')).sort();
  for (const name of specs.filter((_, i) => i % shards === shard - 1)) {
    setFile(name.replace('.spec.mjs', ''));
    await import(`./${name}`);
  }
  const count = await runAll(at, process.argv[2]);
  const alone = process.argv[2] || process.env.PAWL_URL || shard > 1 ? { passed: 0, failed: 0 } : units();
  count.passed += alone.passed;
  count.failed += alone.failed;
  console.log(`${count.passed} passed, ${count.failed} failed${count.skipped ? `, ${count.skipped} skipped` : ''}`.replace(/, \d+ skipped$/, (s) => (process.env.PAWL_URL ? s : '')));
  code = count.failed ? 1 : 0;
} finally {
  endMocks();
}
process.exit(code);
