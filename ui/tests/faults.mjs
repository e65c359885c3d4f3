// What every page must hold: axe-core finds nothing, and nothing is wider than the screen.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { assert, test } from './harness.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function noFault(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }));
  assert.deepEqual(found.violations.map((v) => `${v.impact} ${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.html.slice(0, 200)} ${n.failureSummary?.slice(0, 200)}`).join(' | ')}`), []);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it is wider than the screen');
}

/** Pictures of pages in both themes, 1440 and 390 wide: [name, path, ready]. `only`: the mock has them staged. */
export function looks(pages) {
  if (process.env.PAWL_URL) return;
  for (const theme of ['dark', 'light']) {
    for (const width of [1440, 390]) {
      for (const [name, path, ready] of pages) {
        test(`${name} at ${width} looks right and has no fault, ${theme}`, async ({ go, shot }) => {
          const page = await go(path);
          await ready(page);
          await shot(`${name}-${width}-${theme}`);
          await noFault(page);
        }, { theme, width, height: width < 700 ? 844 : 900, noise: /404/ });
      }
    }
  }
}
