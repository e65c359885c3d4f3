// Browser tests without a framework: one chromium, a fresh context a test, a failed test leaves a picture.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export { assert };
export const shots = process.env.PAWL_SHOTS ?? fileURLToPath(new URL('../../build/shots', import.meta.url));
/** The stored week (testdata/fleet.json). */
export const week = 'from=2026-11-09&to=2026-11-16';

const tests = [];
let file = '';
export const setFile = (name) => (file = name);

/** `server`: full (default), empty, first (empty, and what comes first may come to it) or login; `width`, `height`, `theme`, `noise`: console errors that are part of the test. */
export function test(name, run, options = {}) {
  tests.push({ file, name, run, options });
}

/** A test that also runs against the real server; the others do so when they are named, or with PAWL_REAL=all. */
export const real = (name, run, options = {}) => test(name, run, { ...options, real: true });

/** How long a thing may take before it counts as missing: long, since the machine may be busy building. */
export const patience = Number(process.env.PAWL_PATIENCE_MS ?? 60_000);

/** Asks again until it holds. */
export async function eventually(check, ms = patience) {
  const end = Date.now() + ms;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((done) => setTimeout(done, 25));
    }
  }
}

async function runOne(browser, one, servers) {
  const { options } = one;
  const base = servers[options.server ?? 'full'];
  if (!base) return 'skipped';
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 }, reducedMotion: 'reduce', acceptDownloads: true, permissions: ['clipboard-read', 'clipboard-write'], colorScheme: options.theme ?? 'dark',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const problems = [];
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !options.noise?.test(message.text())) problems.push(`console: ${message.text()} ${message.location().url}`);
  });
  const go = async (path) => {
    await page.goto(base + path);
    return page;
  };
  try {
    await one.run({ page, base, go, context, shot: (name) => page.screenshot({ path: `${shots}/${name}.png` }) });
    assert.deepEqual(problems, []);
    return 'passed';
  } catch (error) {
    await page.screenshot({ path: `${shots}/failed-${one.file}-${one.name.replaceAll(/\W+/g, '-').slice(0, 60)}.png` }).catch(() => {});
    one.error = error;
    return 'failed';
  } finally {
    await context.close();
  }
}

export async function runAll(servers, only) {
  mkdirSync(shots, { recursive: true });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const one of tests) {
    if (only ? !`${one.file} ${one.name}`.includes(only) : process.env.PAWL_URL && process.env.PAWL_REAL !== 'all' && !one.options.real) continue;
    const began = Date.now();
    const result = await runOne(browser, one, servers);
    count[result] += 1;
    const mark = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' }[result];
    console.log(`${mark} ${one.file}: ${one.name} (${Date.now() - began} ms)`);
    if (one.error) console.log(`     ${String(one.error.stack ?? one.error).split('\n').slice(0, 12).join('\n     ')}`);
  }
  await browser.close();
  return count;
}

/** Rows of the list that are drawn. */
export const rows = (page) => page.locator('[role="grid"] .r[aria-selected]');

/** Waits until the list shows rows. */
export async function listed(page) {
  await rows(page).first().waitFor();
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** What axe-core finds on the page as it stands: nothing; and nothing is wider than the screen. */
export async function noFault(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }));
  assert.deepEqual(found.violations.map((v) => `${v.impact} ${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.html.slice(0, 200)} ${n.failureSummary?.slice(0, 200)}`).join(' | ')}`), []);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it is wider than the screen');
}

/** The page as it stands in both themes, loaded once: a picture of each, and no fault in either. */
export async function looked(page, name) {
  for (const theme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme: theme });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.screenshot({ path: `${shots}/${name}-${theme}.png` });
    await noFault(page);
  }
}

/** Pages in both themes: [name, path, width, what has to be there (a selector, or what waits for it)]. */
export function looks(pages, how = test, options = {}) {
  for (const [name, path, width, ready] of pages) {
    how(`${name} looks right and has no fault in both themes`, async ({ go }) => {
      const page = await go(path);
      if (typeof ready === 'string') await page.locator(ready).first().waitFor();
      else await ready(page);
      await looked(page, name);
    }, { width, ...(width < 700 ? { height: 844 } : {}), ...options });
  }
}
