// Every page on a narrow screen: axe finds nothing, nothing is wider than the screen, one h1, a title, the zone of its times; and what keys and drags do on all of them.
import { assert, eventually, listed, noFault, test, week } from './harness.mjs';

const crews = '/compare?a=sessions/crew-1&b=sessions/crew-2';
const pair = '/experiments/compare?baseline=v12&candidate=v13';
const text = (words) => (page) => page.getByText(words).first().waitFor();
const seen = (selector) => (page) => page.locator(selector).first().waitFor();
const tree = seen('[role="treeitem"]');
const board = (name) => [`board-${name}`, `/dashboards/${name}?${week}`, seen('.cell canvas')];

/** Name, address, what has to be there. */
const pages = [
  ['spans', `/spans?${week}&filter=status=error`, listed],
  ['chart', `/sessions?${week}&view=chart&measure=cost`, seen('.view canvas')],
  ['hits', `/sessions?${week}&filter=gift+card&view=hits`, seen('.hits li')],
  ['flame', '/sessions/s01856?pane=flame&view=timeline', seen('.frames .fr')],
  ['tree', '/sessions/s01856?view=timeline', tree],
  ['details', '/sessions/s01856?view=details', seen('.panel, [role="tab"]')],
  ['compare', crews, seen('.pair')],
  ...['agent', 'cost', 'guardrails', 'tools'].map(board),
  ['costs', `/costs?${week}`, seen('.tbl tbody tr')],
  ['alert-rules', '/alerts/rules', seen('.tbl tbody tr')],
  ['alert-history', '/alerts/history', seen('.tbl tbody tr')],
  ['alert-channels', '/alerts/channels', seen('.tbl tbody tr')],
  ['alert-silences', '/alerts/silences', seen('.tbl tbody tr')],
  ['incidents', '/incidents?status=all', seen('.tbl tbody tr')],
  ['incident', '/incidents/INC-7', seen('.kps')],
  ['reports-kept', '/reports/kept', seen('.tbl tbody tr')],
  ['report-links', '/reports/links', seen('.tbl tbody tr')],
  ['scores', '/scores', text('mood')],
  ['datasets', '/datasets', text('orders-load')],
  ['dataset', '/datasets/skyline-regression', text('sky-04')],
  ['dataset-case', '/datasets/skyline-regression?case=sky-05', text('Expected outcome')],
  ['dataset-import', '/datasets/tone?do=import', seen('dialog[open]')],
  ['evaluators', '/evaluators', text('refunds')],
  ['experiments', '/experiments', text('v11')],
  ['experiment', '/experiments/v13', text('sky-01')],
  ['compared', pair, text('new failure')],
  ['compared-slices', `${pair}&tab=slices`, text('baggage')],
  ['compared-ci', `${pair}&tab=ci`, text('How it ends')],
  ['mentions', '/mentions', text('Nobody is logged in')],
  ['settings', '/settings', text('bearer token')],
  ['intake', '/settings/intake', text('house-70b')],
  ['me', '/settings/me', text('Theme')],
  ['audit', '/settings/audit', text('key.create')],
];
/** What is not there says so, and leads on. */
const gone = [
  ['session', '/sessions/none-such', text('There is no session')],
  ['incident', '/incidents/INC-999', seen('[role="alert"] a')],
  ['dataset', '/datasets/none-such', seen('[role="alert"] a')],
  ['experiment', '/experiments/none-such', seen('[role="alert"] a')],
  ['board', '/dashboards/none-such', text('Go to the fleet')],
  ['rule', '/alerts/rule/none-such', seen('[role="alert"] a')],
  ['evaluators', '/evaluators/none-such', seen('[role="alert"] a')],
];

async function sound(page, zoned = true) {
  await noFault(page);
  const told = await page.evaluate(() => ({ heads: [...document.querySelectorAll('h1')].filter((one) => one.checkVisibility()).map((one) => one.textContent.trim()), title: document.title, status: document.querySelector('footer.status')?.textContent ?? '', below: document.querySelector('footer.status')?.getBoundingClientRect().bottom ?? innerHeight, height: innerHeight }));
  assert.equal(told.heads.length, 1, `h1: ${told.heads.join(' | ')}`);
  assert.ok(told.heads[0], 'the h1 has no text');
  assert.match(told.title, /Pawl$/);
  if (zoned) assert.match(told.status, /UTC/);
  assert.ok(Math.abs(told.below - told.height) < 1, 'the status line is not the last line of the screen');
}
const groups = [[pages.slice(0, 11), 'lists, runs and boards'], [pages.slice(11, 20), 'money and alerts'], [pages.slice(20), 'what improves agents, settings']];
for (const [some, what] of groups) {
  test(`320 wide, ${what}: no fault, nothing wider than the screen, the zone is said`, async ({ go }) => {
    for (const [name, path, ready] of some) {
      const page = await go(path);
      await ready(page);
      await sound(page).catch((error) => { throw new Error(`${name}: ${error.message}`); });
    }
  }, { width: 320, height: 700, noise: /40[04]/ });
}
test('dashboards that no other test looks at have no fault', async ({ go }) => {
  for (const [name, path, ready] of ['agent', 'cost', 'guardrails', 'tools'].map(board)) {
    const page = await go(path);
    await ready(page);
    await sound(page).catch((error) => { throw new Error(`${name}: ${error.message}`); });
  }
});
test('390 wide: what can be done with a row is in sight, however wide the table', async ({ go }) => {
  let found = 0;
  for (const [name, path, ready] of pages) {
    const page = await go(path);
    await ready(page);
    const told = await page.locator('.tbl td:last-child .btn').evaluateAll((all) => all.filter((one) => one.checkVisibility()).map((one) => [one.textContent.trim(), one.getBoundingClientRect()]).map(([text, box]) => ({ text, left: box.left, right: box.right })));
    for (const one of told) assert.ok(one.left >= 0 && one.right <= 390, `${name}: ${JSON.stringify(one)}`);
    found += told.length;
  }
  assert.ok(found > 3, `${found} buttons were looked at`);
}, { width: 390, height: 844, noise: /40[04]/ });
test('what is not there says so on every page, leads on, and has no fault', async ({ go }) => {
  for (const [name, path, ready] of gone) {
    const page = await go(path);
    await ready(page);
    await noFault(page).catch((error) => { throw new Error(`${name}: ${error.message}`); });
    assert.ok(await page.evaluate(() => { const line = document.querySelector('footer.status'); return !line || Math.abs(line.getBoundingClientRect().bottom - innerHeight) < 1; }), `${name}: the status line floats`);
  }
}, { noise: /404/ });
test('the sheet of keys scrolls by keyboard where the screen is small', async ({ go, page }) => {
  await go(`/sessions?${week}`);
  await listed(page);
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  await noFault(page);
  await page.keyboard.press('Tab');
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Keys that work here'));
}, { width: 320, height: 700 });
test('390 wide: the address says chart or hits, and so it is; another is chosen in the sheet', async ({ go, page }) => {
  await go(`/sessions?${week}&view=chart&measure=cost`);
  await page.locator('.view canvas').waitFor();
  await page.getByRole('button', { name: 'Narrow down' }).click();
  await page.getByRole('button', { name: 'Views', exact: true }).click();
  await page.getByPlaceholder('Save this view as').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Export' }).click();
  await page.getByRole('link', { name: /Parquet/ }).waitFor();
  await noFault(page);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog', { name: 'Narrow down' }).getByRole('button', { name: 'Table', exact: true }).click();
  await page.keyboard.press('Escape');
  await listed(page);
}, { width: 390, height: 844 });
test('390 wide: a run becomes a case by a button that is in sight', async ({ go, page }) => {
  await go('/sessions/s01856');
  await page.getByRole('button', { name: 'Make it a case' }).click();
  await page.getByRole('dialog').waitFor();
}, { width: 390, height: 844 });
test('390 wide: the kind of a report is chosen from a list; each tells only of its own', async ({ go, page }) => {
  await go('/reports?day=2026-11-09&tz=UTC');
  await page.locator('.report .tile').first().waitFor();
  await page.getByRole('combobox', { name: 'Report' }).selectOption('cost');
  await eventually(() => assert.match(page.url(), /kind=cost/));
  await eventually(async () => assert.equal(await page.locator('.report .tile').count(), 0));
  await page.getByRole('heading', { name: 'Cost by team' }).waitFor();
}, { width: 390, height: 844 });
test('a period before without anything takes no room on a chart, and it says so', async ({ go, page }) => {
  await go(`/dashboards/fleet?${week}`);
  await page.getByText('nothing in the week before').first().waitFor();
});
test('tables of settings, money, alerts, reports: j and k go from row to row, Enter opens', async ({ go, page }) => {
  await go('/alerts/rules');
  await page.locator('.tbl tbody tr').first().waitFor();
  const at = () => page.evaluate(() => [...document.querySelectorAll('main .tbl tbody tr')].findIndex((row) => row.contains(document.activeElement)));
  for (const key of ['j', 'j', 'k']) await page.keyboard.press(key);
  assert.equal(await at(), 0);
  await page.keyboard.press('j');
  assert.equal(await at(), 1);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/alerts\/rule\//);
});
test('a drag on a chart zooms once, though charts share a crosshair', async ({ go, page }) => {
  await go(`/dashboards/fleet?${week}`);
  await page.locator('.cell canvas').first().waitFor();
  const over = page.locator('.cell .u-over').first();
  const box = await eventually(async () => { assert.equal(await page.locator('[aria-busy="true"]').count(), 0); const found = await over.boundingBox(); assert.ok(found); return found; });
  const before = await page.evaluate(() => history.length);
  await page.mouse.move(box.x + box.width * 0.31, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.47, box.y + 50, { steps: 4 });
  await page.mouse.up();
  await eventually(() => assert.doesNotMatch(page.url(), /from=2026-11-09&/));
  assert.equal(await page.evaluate(() => history.length), before + 1);
});
test('the first Tab offers the way past the navigation', async ({ go, page }) => {
  await go('/settings');
  await page.getByText('bearer token').waitFor();
  await page.keyboard.press('Tab');
  await page.getByRole('button', { name: 'Past the navigation' }).waitFor();
  await noFault(page);
  await page.keyboard.press('Enter');
  assert.ok(await page.evaluate(() => !!document.activeElement?.closest('main')));
});
