// node tests/screens.mjs [WORDS]: a picture of each page in both themes into docs/screens, from the mock's stored week; `make screens`.
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { week } from './harness.mjs';
import { endMocks, mock } from './mocks.mjs';
import { small } from './png.mjs';

const out = fileURLToPath(new URL('../../docs/screens', import.meta.url));
const key = (...keys) => async (page) => { for (const one of keys) await page.keyboard.press(one); };
const click = (role, name) => (page) => page.getByRole(role, { name }).first().click();
const narrow = { width: 390, height: 844 };
const crews = '/compare?a=sessions/crew-1&b=sessions/crew-2';

/** Name, address, what is to be seen before the picture, and what is done first. */
const pages = [
  ['list', `/sessions?filter=agent=skyline-support+cost%3E0.10&${week}&measure=cost&sel=2026-11-12T12:00Z..2026-11-13&open=s01856`, '.panel'],
  ['chart', `/sessions?${week}&view=chart&measure=cost`, '.view canvas'],
  ['hits', `/sessions?filter=gift+card&${week}&view=hits`, '.hits li'],
  ['spans', `/spans?filter=status=error&${week}`, '[role="grid"] .r[aria-selected]'],
  ['palette', `/sessions?${week}`, 'dialog[open] .opt', key('Control+k')],
  ['replay', '/sessions/s01856', '[role="treeitem"]'],
  ['replay-state', '/sessions/crew-1?tab=state', '[role="treeitem"]', (page) => page.getByRole('treeitem').filter({ hasText: 'send_offer' }).click()],
  ['replay-findings', '/traces/faults-t1', 'dialog[open], [role="dialog"]', click('button', /^(why|\d+ more)$/)],
  ['graph', '/traces/swarm-t1?pane=graph', '.canvas .nd'],
  ['flame', '/sessions/s01856?pane=flame', '.frames .fr'],
  ['big', '/traces/big-10000', '[role="treeitem"]'],
  ['share', '/sessions/s01856', 'dialog[open]', key('Shift+S')],
  ['similar', '/sessions/s01856', 'dialog[open] li', key('u')],
  ['compare', crews, '.pair'],
  ['dashboard', `/dashboards/fleet?${week}`, 'canvas'],
  ['costs', `/costs?${week}`, 'table'],
  ['alerts', '/alerts', 'main h1'],
  ['incidents', '/incidents', 'main h1'],
  ['slos', '/slos', 'main h1'],
  ['reports', '/reports', 'main h1'],
  ['datasets', '/datasets', 'main h1'],
  ['experiments', '/experiments', 'main h1'],
  ['settings', '/settings', 'main h2'],
  ['list-390', `/sessions?filter=agent=skyline-support&${week}`, '[role="grid"] .r[aria-selected]', null, narrow],
  ['replay-390', '/sessions/s01856', '.vl', null, narrow],
  ['timeline-390', '/sessions/s01856?view=timeline', '[role="treeitem"]', null, narrow],
  ['compare-390', crews, '.pair', null, narrow],
];

async function picture(browser, base, theme, [name, path, seen, act, size]) {
  const context = await browser.newContext({ viewport: size ?? { width: 1440, height: 900 }, colorScheme: theme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(base + path);
  await page.locator('main.main').first().waitFor();
  if (act) {
    await page.locator('[role="treeitem"], [role="grid"] .r[aria-selected], h1').first().waitFor();
    await act(page);
  }
  await page.locator(seen).first().waitFor();
  await page.evaluate(() => document.fonts.ready);
  await page.waitForLoadState('networkidle').catch(() => {});
  await page.waitForTimeout(300);
  const file = `${out}/${name}-${theme}.png`;
  writeFileSync(file, small(await page.screenshot()));
  await context.close();
  return statSync(file).size;
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
let code = 0;
try {
  mkdirSync(out, { recursive: true });
  const base = await mock(33_000 + (process.pid % 4000));
  let bytes = 0;
  for (const one of pages.filter(([name]) => !process.argv[2] || name.includes(process.argv[2]))) {
    for (const theme of ['dark', 'light']) {
      try {
        bytes += await picture(browser, base, theme, one);
      } catch (error) {
        code = 1;
        console.log(`${one[0]}, ${theme}: ${String(error).split('\n')[0]}`);
      }
    }
  }
  console.log(`${(bytes / 1e6).toFixed(1)} MB of pictures in docs/screens`);
} finally {
  endMocks();
  await browser.close();
}
process.exit(code);
