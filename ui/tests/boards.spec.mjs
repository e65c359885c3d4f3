// Dashboards and costs: figures that add up, every point a door, zoom, comparison, files, TV mode.
import { readFileSync } from 'node:fs';
import { assert, eventually, listed, looks, real, test, week } from './harness.mjs';

const fleet = `/dashboards/fleet?${week}`;
const query = (page) => new URL(page.url()).searchParams;
const chart = (page, name) => page.getByRole('figure', { name, exact: true }).getByRole('img');
const drawn = (page, name) => chart(page, name).locator('canvas').waitFor();
const saved = async (page, act) => {
  const [file] = await Promise.all([page.waitForEvent('download'), act()]);
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
};
const menu = async (page, panel, item) => {
  await page.getByRole('button', { name: `More about ${panel}` }).click();
  return page.getByRole('dialog', { name: `More about ${panel}` }).getByText(item, { exact: true });
};
real('the fleet shows its key figures and charts, and its total is that of the list', async ({ go }) => {
  const page = await go(fleet);
  await drawn(page, 'Cost by team');
  const cost = page.locator('a.kp', { hasText: /^Cost/ }).first();
  await eventually(async () => assert.match(await cost.textContent(), /\$\d+\.\d\d/));
  const said = /\$\d+\.\d\d/.exec(await cost.textContent())[0];
  assert.match(await page.getByRole('figure', { name: 'Cost by team' }).textContent(), new RegExp(said.replace(/[$.]/g, '\\$&')));
  await cost.click();
  await page.waitForURL(/\/spans\?/);
  assert.equal(query(page).get('from'), '2026-11-09');
  await eventually(async () => assert.match(await page.getByRole('tab', { name: /^Cost/ }).textContent(), new RegExp(said.replace(/[$.]/g, '\\$&'))));
});

test('a point opens what it is made of; Back returns', async ({ go }) => {
  const page = await go(fleet);
  await drawn(page, 'Cost by team');
  const over = chart(page, 'Cost by team').locator('.u-over');
  // The page is at rest: a fresh answer draws the chart anew.
  const box = await eventually(async () => { assert.equal(await page.locator('[aria-busy="true"]').count(), 0); const found = await over.boundingBox(); assert.ok(found); return found; });
  await over.click({ position: { x: box.width * 0.8, y: box.height - 3 } });
  await page.waitForURL(/\/spans\?/);
  assert.match(query(page).get('filter'), /^team=\S+ is:counted$/);
  const hours = (Date.parse(query(page).get('to')) - Date.parse(query(page).get('from'))) / 3_600_000;
  assert.equal(hours, 6);
  await listed(page);
  await page.goBack();
  await drawn(page, 'Cost by team');
});

test('a drag on a chart narrows all of them, and Back undoes it', async ({ go }) => {
  const page = await go(fleet);
  await drawn(page, 'Error rate');
  const box = await eventually(async () => { assert.equal(await page.locator('[aria-busy="true"]').count(), 0); const found = await chart(page, 'Error rate').locator('.u-over').boundingBox(); assert.ok(found); return found; });
  await page.mouse.move(box.x + box.width * 0.7, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + 50, { steps: 4 });
  await page.mouse.up();
  await eventually(() => assert.notEqual(query(page).get('from'), '2026-11-09'));
  assert.ok(Date.parse(query(page).get('from')) > Date.parse('2026-11-10') && Date.parse(query(page).get('to')) < Date.parse('2026-11-16'));
  assert.equal(new URL(page.url()).pathname, '/dashboards/fleet');
  await page.keyboard.press('o');
  const narrow = query(page).get('from');
  await eventually(() => assert.ok(query(page).get('from') <= narrow));
  await page.goBack();
  await page.goBack();
  await eventually(() => assert.equal(query(page).get('from'), '2026-11-09'));
});

real('with the period before, and without it', async ({ go }) => {
  const page = await go(fleet);
  const panel = page.getByRole('figure', { name: 'Cost by team' });
  await panel.getByText(/week before/).waitFor();
  await page.keyboard.press('b');
  await eventually(async () => assert.equal(await panel.getByText(/week before/).count(), 0));
  assert.equal(query(page).get('alone'), '1');
  assert.match(await page.locator('.hint.cap').textContent(), /^3 h steps/);
});

test('releases, prices and incidents are marked on every chart, each a link; a kind is hidden; a note is written', async ({ go }) => {
  const page = await go(fleet);
  await drawn(page, 'Cost by team');
  const panel = page.getByRole('figure', { name: 'Cost by team', exact: true });
  const incident = panel.getByRole('link', { name: /^INC-7 Refunds cost ×2\.7, 12 Nov 11:00 UTC/ });
  await eventually(async () => assert.equal(await incident.getAttribute('href'), '/incidents/INC-7'));
  assert.match(await panel.getByRole('link', { name: /^skyline-support v13/ }).getAttribute('href'), /agent_version=v13$/);
  await page.getByRole('button', { name: '4 marks' }).click();
  const menu = page.getByRole('dialog', { name: 'Marks on the charts' });
  await menu.getByRole('button', { name: /^Incidents/ }).click();
  await eventually(async () => assert.equal(await incident.count(), 0));
  assert.equal(query(page).get('hide'), 'incident');
  await menu.getByLabel('A note on the charts').fill('index moved');
  await menu.getByLabel('When, UTC').fill('2026-11-14 12:00');
  await menu.getByRole('button', { name: 'Mark it' }).click();
  await menu.getByText('index moved').waitFor();
  await menu.getByRole('button', { name: 'Take away index moved' }).click();
  await eventually(async () => assert.equal(await menu.getByText('index moved').count(), 0));
});

test('another version in the same time: figures against it, its lines dashed, in the file as well', async ({ go }) => {
  const page = await go(`/dashboards/fleet?${week}&filter=agent=skyline-support+agent_version=v13`);
  await drawn(page, 'Cost by team');
  await page.getByRole('button', { name: /^Against/ }).click();
  const menu = page.getByRole('dialog', { name: 'Compare with' });
  assert.equal(await menu.getByLabel('Shown version').inputValue(), 'v13');
  await menu.getByRole('button', { name: /^v12/ }).click();
  await eventually(() => assert.equal(query(page).get('version'), 'v12'));
  const panel = page.getByRole('figure', { name: 'Cost by team', exact: true });
  await panel.getByText('all in v12').waitFor();
  await panel.getByText(/^\$\d.*, v12 \$/).waitFor();
  await page.getByRole('figure', { name: 'Error rate', exact: true }).getByText('skyline-support in v12').waitFor();
  const file = await saved(page, async () => (await menu2(page)).click());
  assert.match(file.bytes.toString('utf8').split('\n')[0], /^time,customer-care,all in v12$/);
  await page.keyboard.press('b');
  await eventually(() => assert.equal(query(page).get('version'), null));
});
const menu2 = (page) => menu(page, 'Cost by team', 'Save as CSV');

test('the quality board shows what this project scores', async ({ go }) => {
  const page = await go(`/dashboards/quality?${week}`);
  await drawn(page, 'Score goal');
  await page.getByRole('figure', { name: 'Score goal' }).getByText('skyline-support').waitFor();
});

real('a chart is also a table whose figures are links, and both are files', async ({ go }) => {
  const page = await go(`${fleet}&alone=1`);
  await drawn(page, 'Cost by team');
  const picture = await saved(page, async () => (await menu(page, 'Cost by team', 'Save as a picture')).click());
  assert.equal(picture.name, 'pawl-fleet-cost-by-team.png');
  assert.deepEqual([...picture.bytes.subarray(1, 4)], [...Buffer.from('PNG')]);
  assert.ok(picture.bytes.readUInt32BE(16) > 400 && picture.bytes.length > 2000);
  await (await menu(page, 'Cost by team', 'Show as a table')).click();
  const table = page.getByRole('region', { name: 'Cost by team as a table' });
  await table.getByRole('link').first().waitFor();
  assert.equal(query(page).get('rows'), 'cost');
  assert.match(await table.getByRole('link').first().getAttribute('href'), /^\/spans\?filter=team=/);
  const file = await saved(page, async () => (await menu(page, 'Cost by team', 'Save as CSV')).click());
  const [head, ...lines] = file.bytes.toString('utf8').trim().split('\n');
  assert.match(head, /^time,/);
  assert.equal(lines.length, 56);
  const sum = lines.flatMap((line) => line.split(',').slice(1)).reduce((n, cell) => n + Number(cell || 0), 0);
  const said = /\$(\d+\.\d\d)/.exec(await page.locator('a.kp', { hasText: /^Cost/ }).first().textContent())[1];
  assert.equal(sum.toFixed(2), said);
});

test('every dashboard is there by its key, and filter and time go along', async ({ go }) => {
  const page = await go(`${fleet}&filter=team=customer-care`);
  await drawn(page, 'Cost by team');
  for (const [key, id] of [['2', 'agent'], ['3', 'cost'], ['4', 'latency'], ['5', 'quality'], ['6', 'guardrails'], ['7', 'tools'], ['1', 'fleet']]) {
    await page.keyboard.press(key);
    await page.waitForURL(new RegExp(`/dashboards/${id}`));
    assert.equal(query(page).get('filter'), 'team=customer-care');
    assert.equal(query(page).get('from'), '2026-11-09');
    await page.locator('figure.cell').first().waitFor();
  }
  await page.getByRole('link', { name: 'Sessions', exact: true }).first().click();
  await page.waitForURL(/\/sessions\?/);
  assert.equal(query(page).get('filter'), 'team=customer-care');
  await listed(page);
});

test('one agent is chosen on its dashboard, and the filter says so', async ({ go }) => {
  const page = await go(`/dashboards/agent?${week}&filter=team=customer-care+agent=skyline-support`);
  const select = page.getByLabel('Which agent');
  await eventually(async () => assert.equal(await select.inputValue(), 'skyline-support'));
  await select.selectOption('');
  await eventually(() => assert.equal(query(page).get('filter'), 'team=customer-care'));
});

test('a mistake in the filter leaves the last good answer', async ({ go }) => {
  const page = await go(fleet);
  await drawn(page, 'Cost by team');
  await page.keyboard.press('/');
  await page.keyboard.type('durration>=10s ');
  await page.getByText('No dimension is called durration').waitFor();
  await drawn(page, 'Cost by team');
});

test('what cannot be read says so in its place, and the rest is shown', async ({ go, page }) => {
  const busy = { error: { code: 'busy', message: 'The store is starting. Try again in a moment.', request_id: 'r-1' } };
  await page.route('**/api/v1/queries', async (route) => {
    const { queries } = route.request().postDataJSON();
    const answer = await (await route.fetch()).json();
    await route.fulfill({ json: { ...answer, answers: answer.answers.map((one, i) => (queries[i].dimensions?.[0] === 'team' ? busy : one)) } });
  });
  await go(fleet);
  await page.getByText('Cost by team could not be read').waitFor();
  await drawn(page, 'Error rate');
  await page.unroute('**/api/v1/queries');
  await page.getByRole('figure', { name: 'Cost by team' }).getByRole('button', { name: 'Try again' }).click();
  await drawn(page, 'Cost by team');
});

test('nothing in the range says what to do', async ({ go }) => {
  const page = await go('/dashboards/fleet?from=2025-01-01&to=2025-01-08');
  await page.getByText('Nothing in 1 – 7 jan').waitFor();
  await page.getByRole('button', { name: 'look at 30 days' }).click();
  await eventually(() => assert.equal(query(page).get('last'), '30d'));
});

test('TV mode fills the screen, reads again by itself and ends with Esc', async ({ go, page }) => {
  await page.clock.install({ time: new Date('2026-11-16T08:00:00Z') });
  await go(fleet);
  await drawn(page, 'Cost by team');
  await page.keyboard.press('t');
  await page.getByText('every 30 s').waitFor();
  assert.equal(query(page).get('tv'), '1');
  assert.equal((await page.locator('main').boundingBox()).x, 0);
  const [again] = await Promise.all([page.waitForRequest('**/api/v1/queries'), page.clock.runFor(31_000)]);
  assert.equal(again.method(), 'POST');
  await page.getByRole('button', { name: /Leave TV mode/ }).click();
  await eventually(() => assert.equal(query(page).get('tv'), null));
});

real('costs add up to the total, to the last digit, on every level', async ({ go, page }) => {
  await go(`/costs?${week}`);
  const table = page.getByRole('region', { name: 'Cost by team, agent, task' });
  await table.getByText('customer-care').waitFor();
  await eventually(async () => assert.match(await page.locator('.status').textContent(), /adds up: \d+ rows = \$\d+\.\d+/));
  const file = await saved(page, () => page.keyboard.press('e'));
  const lines = file.bytes.toString('utf8').trim().split('\n').map((line) => line.split(','));
  assert.deepEqual(lines[0].slice(0, 4), ['team', 'agent', 'task', 'cost_usd']);
  const pico = (text) => { const [whole, rest = ''] = text.split('.'); return BigInt(whole + rest.padEnd(12, '0')); };
  const sum = lines.slice(1, -1).reduce((n, line) => n + (line[3] ? pico(line[3]) : 0n), 0n);
  assert.equal(lines.at(-1)[0], 'sum');
  assert.equal(sum, pico(lines.at(-1)[3]));
  assert.match(await page.locator('.status').textContent(), new RegExp(`= \\$${lines.at(-1)[3].replace('.', '\\.')}`));
  await table.getByRole('button', { name: 'Open customer-care' }).click();
  await table.getByText('skyline-support').waitFor();
  assert.equal(query(page).get('open'), 'customer-care');
  await table.getByRole('row', { name: /skyline-support/ }).getByRole('link').first().click();
  await page.waitForURL(/\/spans\?/);
  assert.equal(query(page).get('filter'), 'team=customer-care agent=skyline-support is:counted');
});

test('costs are split otherwise; what nobody owns is a row of its own', async ({ go, page }) => {
  await go(`/costs?${week}&split=customer`);
  await page.getByText('Not attributed', { exact: true }).waitFor();
  assert.match(await page.getByRole('link', { name: 'why' }).getAttribute('href'), /customer=%22%22/);
  await page.getByRole('group', { name: 'Split by' }).getByRole('button', { name: 'team' }).click();
  await eventually(() => assert.equal(query(page).get('split'), 'customer,team'));
  await page.getByRole('region', { name: 'Cost by customer, team' }).waitFor();
});

real('a dashboard is copied, changed, moved, saved, and shown to a colleague', async ({ go, page, context }) => {
  const title = `On call ${Date.now()}`;
  const name = title.toLowerCase().replaceAll(' ', '-');
  await go(fleet);
  await drawn(page, 'Cost by team');
  await page.getByRole('button', { name: 'Own' }).click();
  await page.getByRole('button', { name: 'Copy Fleet and edit' }).click();
  await page.getByLabel('Title of the dashboard').fill(title);
  await page.getByRole('button', { name: 'Remove Sessions by team' }).click();
  await page.getByRole('button', { name: 'Panel', exact: true }).click();
  const form = page.getByRole('dialog', { name: 'New panel' });
  await form.getByLabel('Shown as').selectOption('bars');
  await form.getByLabel('Measure').selectOption('tool_calls');
  await form.getByLabel('Split by').selectOption('tool');
  await form.getByLabel('Filter, beside that of the page').fill('durration>1s');
  await form.getByRole('button', { name: 'Add it' }).click();
  await form.getByText('No dimension is called durration').waitFor();
  await form.getByLabel('Filter, beside that of the page').fill('kind=tool');
  await form.getByRole('button', { name: 'Add it' }).click();
  await drawn(page, 'Tool calls by tool');
  await page.getByRole('button', { name: 'Move Tool calls by tool forward' }).click();
  await page.getByRole('button', { name: 'Whole width: Tool calls by tool' }).click();
  const names = () => page.locator('.grid .ch .h2').allTextContents();
  await eventually(async () => assert.deepEqual(await names(), ['Cost by team', 'p95 time of a run', 'Error rate', 'Tool calls by tool', 'Agents']));
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.waitForURL(new RegExp(`/dashboards/${name}`));
  await drawn(page, 'Tool calls by tool');
  assert.equal(query(page).get('edit'), null);
  const other = await context.newPage();
  await other.goto(page.url());
  await drawn(other, 'Tool calls by tool');
  await other.getByText(/version 1 by/).first().waitFor();
  await other.close();
  // A colleague saves first: nothing is overwritten.
  await page.getByRole('button', { name: title }).click();
  await page.getByRole('button', { name: `Edit ${title}` }).click();
  await page.getByRole('button', { name: 'Remove Error rate' }).click();
  const layout = (await (await context.request.get(new URL(`/api/v1/dashboards/${name}`, page.url()).href)).json()).layout;
  const csrf = (await (await context.request.get(new URL('/api/v1/me', page.url()).href)).json()).csrf;
  const put = await context.request.put(new URL(`/api/v1/dashboards/${name}`, page.url()).href, { data: { ...layout, about: 'a colleague was here', base: 1 }, headers: { 'x-csrf-token': csrf } });
  assert.equal(put.status(), 200, await put.text());
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Not saved:').waitFor();
  await page.getByRole('button', { name: 'Leave without saving' }).click();
  await page.getByText(/version 2 by/).first().waitFor();
  await page.getByRole('button', { name: title }).click();
  await page.getByRole('button', { name: `Remove ${title}` }).click();
  await page.getByRole('button', { name: `Remove ${title}: press again` }).click();
  await page.waitForURL(/\/dashboards\/fleet/);
}, { noise: /409/ });

test('a dashboard that is not there says so', async ({ go }) => {
  const page = await go('/dashboards/nobodys');
  await page.getByText('There is no dashboard nobodys').waitFor();
});

test('a panel is dragged to another place, and the layout is also a text', async ({ go, page }) => {
  await go(`${fleet}&edit=1`);
  await drawn(page, 'Cost by team');
  const names = () => page.locator('.grid .ch .h2').allTextContents();
  const boxes = page.locator('.grid.own .box');
  await boxes.nth(0).locator('.grip .cap').dragTo(boxes.nth(1));
  await eventually(async () => assert.deepEqual((await names()).slice(0, 2), ['Sessions by team', 'Cost by team']));
  await page.getByRole('button', { name: 'As text' }).click();
  const text = page.getByLabel('Layout');
  const layout = JSON.parse(await text.inputValue());
  assert.equal(layout.panels[0].label, 'Sessions by team');
  await text.fill('{ "title": ');
  await page.getByRole('button', { name: 'Show it' }).click();
  await page.getByText('The text is no JSON').waitFor();
  await text.fill(JSON.stringify({ ...layout, title: 'Short', panels: layout.panels.slice(0, 1) }));
  await page.getByRole('button', { name: 'Show it' }).click();
  await eventually(async () => assert.deepEqual(await names(), ['Sessions by team']));
  assert.equal(await page.getByLabel('Title of the dashboard').inputValue(), 'Short');
});

test('the first run says how to begin on a dashboard too', async ({ go }) => {
  const page = await go('/dashboards/fleet');
  await page.getByText('OTEL_EXPORTER_OTLP_ENDPOINT').first().waitFor();
}, { server: 'empty' });

const board = (panel) => async (page) => {
  if (panel) await drawn(page, panel);
  else await page.getByRole('region', { name: 'Cost by team as a table' }).getByRole('link').first().waitFor();
  await eventually(async () => assert.equal(await page.locator('[aria-busy="true"]').count(), 0));
};
const costs = `/costs?${week}&open=customer-care,customer-care/skyline-support`;
const summed = (page) => page.getByText('Sum', { exact: true }).waitFor();
looks([
  ['dashboard', fleet, 1440, board('Cost by team')], ['dashboard-latency', `/dashboards/latency?${week}`, 1440, board('p95 time of a run')], ['dashboard-quality', `/dashboards/quality?${week}`, 1440, board('Error rate')],
  ['dashboard-table', `${fleet}&rows=cost`, 1440, board(null)], ['dashboard-tv', `${fleet}&tv=1`, 1440, board('Cost by team')], ['dashboard-edit', `${fleet}&edit=1`, 1440, board('Cost by team')], ['dashboard-390', fleet, 390, board('Cost by team')],
  ['costs', costs, 1440, summed], ['costs-390', costs, 390, summed],
], test);
