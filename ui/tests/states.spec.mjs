// Loading, failing, growing, hostile and narrow: the list in its other states.
import { assert, eventually, listed, real, rows, test, week } from './harness.mjs';
import { send, sendAndStore } from './seed.mjs';

const query = (page) => new URL(page.url()).searchParams;
const id = (digits) => Array.from({ length: digits }, () => Math.floor(Math.random() * 16).toString(16)).join('');

function sent(session, said, agent = 'live-agent') {
  const text = (key, value) => ({ key, value: { stringValue: value } });
  const now = Date.now();
  const messages = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: said }] }]);
  const span = {
    traceId: id(32), spanId: id(16), name: 'chat gpt-4.1', kind: 3, startTimeUnixNano: `${now - 900}000000`, endTimeUnixNano: `${now}000000`,
    attributes: [text('gen_ai.operation.name', 'chat'), text('gen_ai.provider.name', 'openai'), text('gen_ai.request.model', 'gpt-4.1'), text('gen_ai.agent.name', agent), text('gen_ai.conversation.id', session), text('gen_ai.input.messages', messages), { key: 'gen_ai.usage.input_tokens', value: { intValue: '900' } }, { key: 'gen_ai.usage.output_tokens', value: { intValue: '20' } }],
  };
  return [{ resource: { attributes: [text('service.name', agent)] }, scopeSpans: [{ scope: { name: 'test' }, spans: [span] }] }];
}

test('shows the skeleton of its final layout while it waits', async ({ go, page }) => {
  await page.route('**/api/v1/sessions?*', async (route) => {
    await new Promise((done) => setTimeout(done, 700));
    await route.continue();
  });
  await go(`/sessions?${week}`);
  await page.locator('.r .skel').first().waitFor();
  const head = await page.getByRole('columnheader', { name: 'Cost' }).boundingBox();
  await listed(page);
  assert.deepEqual(await page.getByRole('columnheader', { name: 'Cost' }).boundingBox().then((b) => b.y), head.y);
});

test('says what failed, and tries again', async ({ go, page }) => {
  let broken = true;
  await page.route('**/api/v1/sessions?*', (route) => (broken ? route.fulfill({ status: 503, contentType: 'application/json', body: '{"error":{"code":"unavailable","message":"The warehouse is starting. Try again in a moment.","request_id":"r-1"}}' }) : route.continue()));
  await go(`/sessions?${week}`);
  await page.getByText('The warehouse is starting. Try again in a moment.').waitFor();
  broken = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await listed(page);
}, { noise: /503/ });

real('a server that is starting is waited for: rows, figures and facets come by themselves', async ({ go, page }) => {
  let starting = true;
  const refuse = (route) => (starting ? route.fulfill({ status: 503, headers: { 'retry-after': '1' }, contentType: 'application/json', body: '{"error":{"code":"unavailable","message":"Pawl accepts data, but cannot answer queries yet: reading the journal, 40 %.","request_id":"r-2"}}' }) : route.continue());
  await page.route(/\/api\/v1\/(sessions|query|values|measures|dimensions)/, refuse);
  await go(`/sessions?${week}`);
  await page.getByText('reading the journal, 40 %').waitFor();
  starting = false;
  await listed(page);
  await eventually(async () => assert.match(await page.getByRole('tab', { name: /^Cost/ }).textContent(), /\$/));
  await page.getByRole('complementary', { name: 'Facets' }).getByRole('button', { name: /research-crew/ }).first().waitFor();
  await page.getByRole('button', { name: 'Other measures' }).waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
}, { noise: /503/ });

test('a replay that cannot be read yet comes by itself', async ({ go, page }) => {
  let starting = true;
  await page.route(/\/api\/v1\/sessions\/s01856/, (route) => (starting ? route.fulfill({ status: 503, contentType: 'application/json', body: '{"error":{"code":"unavailable","message":"Pawl is starting.","request_id":"r-3"}}' }) : route.continue()));
  await go('/sessions/s01856');
  await page.getByRole('alert').getByText('Pawl is starting.').waitFor();
  starting = false;
  await page.getByRole('treeitem').first().waitFor();
}, { noise: /503/ });

real('fresh rows wait behind a count, nothing moves until they are taken in', async ({ go, base }) => {
  const session = `live-${id(8)}`;
  await sendAndStore(base, sent(`${session}-a`, 'First of the live ones'));
  const page = await go('/sessions?last=1h');
  await listed(page);
  await page.keyboard.press('f');
  await eventually(() => assert.equal(query(page).get('live'), '1'));
  await page.locator('.dot.on').waitFor();
  const before = await rows(page).first().textContent();
  await send(base, sent(`${session}-b`, 'Second of the live ones'));
  const fresh = page.getByRole('button', { name: /^\d+ new$/ });
  await fresh.waitFor();
  assert.equal(await rows(page).first().textContent(), before);
  await fresh.click();
  await eventually(async () => assert.match(await rows(page).first().textContent(), /Second of the live ones/));
});

real('stored text is text: nothing in it runs', async ({ go, base, page }) => {
  const hostile = `x-${id(6)}`;
  await sendAndStore(base, sent(hostile, '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>', '"><b onmouseover=alert(1)>agent'));
  let dialogs = 0;
  page.on('dialog', (dialog) => { dialogs += 1; void dialog.dismiss(); });
  await go(`/sessions?last=1h&filter=session=${hostile}&open=${hostile}`);
  await page.locator('.r').getByText('<img src=x').waitFor();
  await page.getByRole('complementary', { name: /Details of/ }).getByText('onmouseover').first().waitFor();
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  assert.equal(dialogs, 0);
});

real('rows and facets narrow to a stretch of the strip, which stays; Back undoes it', async ({ go }) => {
  const page = await go(`/sessions?filter=agent=skyline-support+cost%3E0.10&${week}&measure=cost`);
  await listed(page);
  const chart = page.getByRole('slider');
  await page.locator('#strip-chart rect').first().waitFor();
  const box = await chart.boundingBox();
  await page.mouse.move(box.x + box.width * 0.52, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.58, box.y + 20, { steps: 4 });
  assert.equal(query(page).get('sel'), null);
  await page.mouse.up();
  await page.getByRole('button', { name: 'Narrow to it' }).waitFor();
  assert.match(query(page).get('sel'), /^2026-11-12T.*\.\./);
  const status = page.locator('footer').first();
  await eventually(async () => assert.match(await status.textContent(), /^[1-9]\d* of 112 sessions/));
  await eventually(async () => assert.match(await rows(page).first().textContent(), /12 Nov/));
  assert.equal(/^\d+/.exec(await status.textContent())[0], /(\d+) loaded/.exec(await page.getByRole('grid').getAttribute('aria-label'))[1], 'as many as there are rows');
  assert.equal(await page.locator('#strip-chart rect').count() > 20, true);
  await page.goBack();
  await eventually(() => assert.equal(query(page).get('sel'), null));
  await eventually(async () => assert.match(await status.textContent(), /^112 sessions/));
  await page.goForward();
  await page.getByRole('button', { name: 'Narrow to it' }).click();
  await eventually(() => assert.match(query(page).get('from'), /^2026-11-12T/));
  await eventually(async () => assert.match(await status.textContent(), /^\d+ sessions/));
  await page.goBack();
  await eventually(() => assert.equal(query(page).get('from'), '2026-11-09'));
});

test('the strip names what happened', async ({ go }) => {
  const page = await go(`/sessions?filter=agent=skyline-support&${week}`);
  await page.locator('#strip-chart text.mt').filter({ hasText: /^v\d+/ }).first().waitFor();
});

test('the strip works by keyboard: arrows choose, Shift widens, Enter narrows', async ({ go }) => {
  const page = await go(`/sessions?${week}`);
  await listed(page);
  await page.locator('#strip-chart rect').first().waitFor();
  await page.getByRole('slider').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  assert.equal(query(page).get('sel'), '2026-11-09..2026-11-09T04:00Z');
  await page.keyboard.press('Escape');
  await eventually(() => assert.equal(query(page).get('sel'), null));
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await eventually(() => assert.equal(query(page).get('to'), '2026-11-09T02:00Z'));
});

test('other measures are a tab away', async ({ go }) => {
  const page = await go(`/sessions?${week}`);
  await listed(page);
  await page.getByRole('tab', { name: /p95/ }).click();
  await eventually(() => assert.equal(query(page).get('measure'), 'latency.p95'));
  await page.getByRole('button', { name: 'Other measures' }).click();
  await page.locator('.menu .opt').first().click();
  assert.equal(await page.locator('.meas [aria-selected="true"]').count(), 1);
});

real('shows the same as a chart, split by a dimension; a value narrows', async ({ go }) => {
  const page = await go(`/sessions?${week}&measure=cost`);
  await listed(page);
  await page.keyboard.press('c');
  await page.getByRole('img', { name: /^Cost per 2h by agent, \d lines/ }).waitFor();
  await page.getByRole('button', { name: /^Split by/ }).click();
  await page.getByRole('dialog', { name: 'Split by' }).getByRole('button', { name: 'model', exact: true }).click();
  await page.getByRole('img', { name: /by model, 3 lines/ }).waitFor();
  await page.getByRole('table').getByRole('button', { name: 'gpt-4.1', exact: true }).click();
  await eventually(() => assert.equal(query(page).get('filter'), 'model=gpt-4.1'));
});

for (const width of [390, 320]) {
  test(`works at ${width} pixels`, async ({ go }) => {
    const page = await go(`/sessions?filter=agent=skyline-support&${week}`);
    await listed(page);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    await page.getByRole('columnheader', { name: 'Cost' }).waitFor();
    assert.ok((await rows(page).first().boundingBox()).height >= 44);
    await rows(page).first().click({ position: { x: 160, y: 20 } });
    const sheet = page.getByRole('dialog', { name: /Details of/ });
    await sheet.waitFor();
    await sheet.getByRole('button', { name: 'Close, Escape' }).click();
    await sheet.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Narrow down' }).click();
    await page.getByRole('dialog', { name: 'Narrow down' }).getByRole('button', { name: /v12/ }).click();
    await eventually(() => assert.match(query(page).get('filter'), /agent_version=v12/));
    await page.getByRole('dialog', { name: 'Narrow down' }).getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('dialog', { name: 'Menu' }).getByRole('link', { name: 'Traces' }).click();
    await page.waitForURL(/\/traces/);
    await page.getByRole('dialog', { name: 'Menu' }).waitFor({ state: 'detached' });
  }, { width, height: 700 });
}
