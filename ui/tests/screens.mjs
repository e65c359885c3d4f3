// node tests/screens.mjs [NAMES]: a picture of each page (or of these) in both themes into docs/screens, from the mock's stored week; `make screens`.
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { endMocks, mock } from './mocks.mjs';
import { small } from './png.mjs';
import { pages } from './screenlist.mjs';

const out = fileURLToPath(new URL('../../docs/screens', import.meta.url));

async function pictures(browser, servers, [name, path, seen, act, size, server = 'full']) {
  const base = servers[server === 'out' ? 'login' : server];
  const context = await browser.newContext({ viewport: size ?? { width: 1440, height: 900 }, colorScheme: 'dark', reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  if (server === 'login') await context.request.post(`${base}/api/v1/login`, { data: { email: 'ines@example.com', password: 'correct horse battery' } });
  await page.goto(base + path);
  await page.locator('main').first().waitFor();
  if (act) {
    await page.locator('[role="treeitem"], [role="grid"] .r[aria-selected], h1').first().waitFor();
    await act(page);
  }
  await page.locator(seen).first().waitFor();
  await page.evaluate(() => document.fonts.ready);
  await page.waitForLoadState('networkidle', { timeout: 5000 }).catch(() => {});
  let bytes = 0;
  for (const theme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme: theme });
    await page.waitForTimeout(300);
    const file = `${out}/${name}-${theme}.png`;
    writeFileSync(file, small(await page.screenshot()));
    bytes += statSync(file).size;
  }
  return bytes;
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
const names = process.argv.slice(2);
let code = 0;
try {
  mkdirSync(out, { recursive: true });
  const port = 33_000 + (process.pid % 4000) * 3;
  const servers = { full: await mock(port), empty: await mock(port + 1, ['--empty']), login: await mock(port + 2, ['--login']) };
  let bytes = 0;
  for (const one of pages.filter(([name]) => names.length === 0 || names.includes(name))) {
    try {
      bytes += await pictures(browser, servers, one);
    } catch (error) {
      code = 1;
      console.log(`${one[0]}: ${String(error).split('\n')[0]}`);
    }
    await Promise.all(browser.contexts().map((context) => context.close()));
  }
  console.log(`${(bytes / 1e6).toFixed(1)} MB of pictures in docs/screens`);
} finally {
  endMocks();
  await browser.close();
}
process.exit(code);
