// The list: filter, rows, keys, panel, sorting, choosing.
import { assert, eventually, listed, real, rows, test, week } from './harness.mjs';

const skyline = `/sessions?filter=agent=skyline-support+cost%3E0.10&${week}`;
const query = (page) => new URL(page.url()).searchParams;
const total = (page) => page.locator('.status span').first();

real('shows what a filter finds, with its figures', async ({ go }) => {
  const page = await go(skyline);
  await listed(page);
  await eventually(async () => assert.match(await total(page).textContent(), /^112 sessions/));
  await eventually(async () => assert.match(await page.getByRole('tab', { name: /^Cost/ }).textContent(), /\$20\.[12]/));
  assert.equal(await page.locator('.field .pill').count(), 2);
  assert.match(await page.locator('.status').textContent(), /rows read in [\d\u2009]+ ms/);
});

real('walks rows with j and k, peeks with Space, opens with Enter, and Back returns', async ({ go }) => {
  const page = await go(skyline);
  await listed(page);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  assert.equal(await rows(page).nth(0).getAttribute('aria-selected'), 'true');
  await page.keyboard.press('Space');
  const panel = page.getByRole('complementary', { name: /Details of/ });
  await panel.waitFor();
  const first = query(page).get('open');
  await page.keyboard.press('j');
  await eventually(() => assert.notEqual(query(page).get('open'), first));
  await panel.getByText('The steps that matter').waitFor();
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('role')), 'grid');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/sessions\/s\d+/);
  await page.goBack();
  await listed(page);
  assert.equal(query(page).get('filter'), 'agent=skyline-support cost>0.10');
});

test('a click peeks; a double click opens; the address opens just that', async ({ go, context, base }) => {
  const page = await go(skyline);
  await listed(page);
  await rows(page).nth(2).click({ position: { x: 300, y: 12 } });
  await page.getByRole('complementary', { name: /Details of/ }).waitFor();
  const other = await context.newPage();
  await other.goto(page.url());
  await other.getByRole('complementary', { name: /Details of/ }).waitFor();
  await eventually(async () => assert.equal(await other.locator('.r[aria-selected="true"]').count(), 1));
  await rows(page).nth(3).dblclick({ position: { x: 300, y: 12 } });
  await page.waitForURL(new RegExp(`${base}/sessions/s`));
});

real('the panel tells the steps that matter and how the cost was made', async ({ go }) => {
  const page = await go(`${skyline}&open=s01856`);
  const panel = page.getByRole('complementary', { name: 'Details of s01856' });
  await panel.getByText('book_reservation').first().waitFor();
  assert.match(await panel.textContent(), /payment amount does not add up/);
  await panel.getByRole('link', { name: '$0.2696' }).hover();
  const card = page.getByRole('tooltip');
  await card.waitFor();
  assert.match(await card.textContent(), /Input, not cached.*122\s4\d\d.*\$2\.00 \/ M/s);
});

real('completes names and values with counts; Tab takes; Backspace opens the last pill', async ({ go }) => {
  const page = await go(skyline);
  await listed(page);
  await page.keyboard.press('/');
  await page.keyboard.type('too');
  await page.getByRole('option', { name: /^tool\b/ }).waitFor();
  await page.keyboard.press('Tab');
  const field = page.getByRole('combobox', { name: 'Filter' });
  await eventually(async () => assert.equal(await field.inputValue(), 'tool='));
  await page.getByRole('option', { name: /get_user_details\s*89/ }).waitFor();
  await page.keyboard.type('cancel');
  await page.getByRole('option', { name: /cancel_reservation\s*38/ }).waitFor();
  await page.keyboard.press('Tab');
  await eventually(() => assert.equal(query(page).get('filter'), 'agent=skyline-support cost>0.10 tool=cancel_reservation'));
  await eventually(async () => assert.match(await total(page).textContent(), /^38 sessions/));
  await page.keyboard.press('Backspace');
  await eventually(async () => assert.equal(await field.inputValue(), 'tool=cancel_reservation'));
  await page.keyboard.press('Escape');
  await eventually(async () => assert.equal(await page.locator('.field .pill').count(), 3));
});

test('a comma takes any of, a minus excludes', async ({ go }) => {
  const page = await go(`/sessions?${week}`);
  await listed(page);
  await page.keyboard.press('/');
  await page.keyboard.type('agent=led');
  await page.getByRole('option', { name: /ledger-analyst/ }).waitFor();
  await page.keyboard.press(',');
  await page.keyboard.type('res');
  await page.getByRole('option', { name: /research-crew/ }).waitFor();
  await page.keyboard.press('Tab');
  await eventually(() => assert.equal(query(page).get('filter'), 'agent=ledger-analyst,research-crew'));
  await page.keyboard.type('model=');
  await page.getByRole('option', { name: /gpt-4o/ }).first().waitFor();
  await page.keyboard.press('-');
  await page.keyboard.type('gpt-4o ');
  await eventually(() => assert.equal(query(page).get('filter'), 'agent=ledger-analyst,research-crew -model=gpt-4o'));
});

real('underlines a mistake where it is, names the nearest, and keeps the last good answer', async ({ go }) => {
  const page = await go(skyline);
  await listed(page);
  const before = await rows(page).count();
  await page.keyboard.press('/');
  await page.keyboard.type('durration>=10s ');
  await page.getByRole('alert').getByText('No dimension is called durration.').waitFor();
  assert.equal(await page.locator('.pill.err .bad').textContent(), 'durration');
  assert.equal(await rows(page).count(), before);
  await page.keyboard.press('Tab');
  await eventually(() => assert.match(query(page).get('filter'), / duration>=10s$/));
  await eventually(async () => assert.equal(await page.locator('.pill.err').count(), 0));
}, { noise: /400/ });

test('a pill goes away by its cross', async ({ go }) => {
  const page = await go(skyline);
  await listed(page);
  await page.locator('.field .term').nth(1).hover();
  await page.getByRole('button', { name: 'Take away cost>0.10' }).click();
  await eventually(() => assert.equal(query(page).get('filter'), 'agent=skyline-support'));
});

real('a facet takes a value in and out, Alt excludes it', async ({ go }) => {
  const page = await go(skyline);
  await listed(page);
  const facet = page.getByRole('complementary', { name: 'Facets' }).getByRole('button', { name: /v12/ });
  await facet.click();
  await eventually(() => assert.match(query(page).get('filter'), /agent_version=v12/));
  await eventually(async () => assert.match(await total(page).textContent(), /^6 sessions/));
  await facet.click();
  await eventually(() => assert.doesNotMatch(query(page).get('filter'), /agent_version/));
  await page.getByRole('complementary', { name: 'Facets' }).getByRole('button', { name: /v13/ }).click({ modifiers: ['Alt'] });
  await eventually(() => assert.match(query(page).get('filter'), /-agent_version=v13/));
  await eventually(async () => assert.match(await total(page).textContent(), /^10 sessions/));
});

real('sorts by its heads, both ways', async ({ go }) => {
  const page = await go(`/sessions?${week}`);
  await listed(page);
  const head = page.getByRole('columnheader', { name: /^Cost/ });
  await head.getByRole('button').click();
  await eventually(async () => assert.equal(await head.getAttribute('aria-sort'), 'descending'));
  await eventually(async () => assert.match(await rows(page).first().textContent(), /\$2\.8/));
  await head.getByRole('button').click();
  await eventually(async () => assert.equal(await head.getAttribute('aria-sort'), 'ascending'));
  assert.equal(query(page).get('order'), 'cost');
});

real('draws only rows in sight and fetches further ones on the way', async ({ go }) => {
  const page = await go(`/sessions?${week}`);
  await listed(page);
  assert.ok((await rows(page).count()) < 80);
  const grid = page.getByRole('grid');
  await eventually(async () => {
    await grid.evaluate((node) => (node.scrollTop = node.scrollHeight));
    assert.ok(Number(/(\d+) loaded/.exec(await grid.getAttribute('aria-label'))[1]) >= 400);
  });
  assert.ok((await rows(page).count()) < 80);
});

test('Back returns to the same place in the rows', async ({ go }) => {
  const page = await go(`/sessions?${week}`);
  await listed(page);
  const grid = page.getByRole('grid');
  await grid.evaluate((node) => (node.scrollTop = 2400));
  await page.waitForTimeout(200);
  const row = page.locator('.r', { has: page.locator('a') }).nth(12);
  const words = await row.textContent();
  await row.dblclick({ position: { x: 300, y: 12 } });
  await page.waitForURL(/\/sessions\/s\d+/);
  await page.goBack();
  await page.goBack();
  await listed(page);
  await eventually(async () => assert.ok((await grid.evaluate((node) => node.scrollTop)) > 2000));
  await page.locator('.r').filter({ hasText: words.slice(0, 60) }).first().waitFor();
});

real('says which term finds nothing, and takes it away', async ({ go }) => {
  const page = await go(`/sessions?filter=agent=skyline-support+cost%3E5&${week}`);
  await page.getByText('No session matches.').waitFor();
  await page.getByText('alone has 402').waitFor();
  await page.locator('.nothing').getByRole('button', { name: 'Take away cost>5' }).click();
  await listed(page);
  assert.equal(query(page).get('filter'), 'agent=skyline-support');
});

test('chooses rows with x and Shift, and saves them', async ({ go }) => {
  const page = await go(skyline);
  await listed(page);
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.keyboard.press('Shift+J');
  await page.getByText('2 chosen').waitFor();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV', exact: true }).click()]);
  assert.equal(file.suggestedFilename(), 'sessions.csv');
  await page.keyboard.press('Escape');
  await page.getByText('2 chosen').waitFor({ state: 'detached' });
});

test('shows other columns, and the address remembers them', async ({ go }) => {
  const page = await go(`/sessions?${week}`);
  await listed(page);
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByLabel('User', { exact: true }).check();
  await page.keyboard.press('Escape');
  await page.getByRole('columnheader', { name: 'User' }).waitFor();
  assert.match(query(page).get('cols'), /user/);
});

test('shows every column that was chosen; pinned ones stay while the others are scrolled', async ({ go }) => {
  const cols = 'started,message,agent,version,user,team,environment,tags,turns,steps,errors,tokens,cost,time';
  const page = await go(`/sessions?${week}&cols=${cols}`);
  await listed(page);
  assert.equal(await page.getByRole('columnheader').count(), cols.split(',').length);
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('button', { name: 'Keep User at the left' }).click();
  await page.keyboard.press('Escape');
  await eventually(() => assert.equal(query(page).get('pin'), 'user'));
  assert.deepEqual((await page.getByRole('columnheader').allTextContents()).slice(0, 2), ['Started ↓', 'User']);
  const left = async (name) => (await page.getByRole('columnheader', { name }).boundingBox()).x;
  const [started, user, team] = [await left(/^Started/), await left('User'), await left('Team')];
  await page.getByRole('grid').evaluate((node) => (node.scrollLeft = 300));
  await eventually(async () => assert.ok((await left('Team')) < team - 250));
  assert.ok(Math.abs((await left(/^Started/)) - started) < 1.5);
  assert.ok(Math.abs((await left('User')) - user) < 1.5);
  await page.setViewportSize({ width: 390, height: 844 });
  await eventually(async () => assert.ok((await left(/^Started/)) < 20));
});

test('asks for all facets in one call, counted within the chosen stretch', async ({ go, page }) => {
  const calls = [];
  page.on('request', (request) => { if (request.url().endsWith('/queries') && /"dimensions":\["outcome"\]/.test(request.postData())) calls.push(JSON.parse(request.postData())); });
  await go(`/sessions?filter=agent=skyline-support&${week}`);
  const not = page.getByRole('complementary', { name: 'Facets' }).getByRole('button', { name: /not done/ }).locator('.fc');
  await eventually(() => assert.equal(calls.length, 1));
  assert.ok(calls[0].queries.length > 4);
  const all = Number(await not.textContent());
  await go(`/sessions?filter=agent=skyline-support&${week}&sel=2026-11-12..2026-11-13`);
  await eventually(async () => assert.ok(Number(await not.textContent()) < all));
  assert.deepEqual([calls.at(-1).queries[0].from, calls.at(-1).queries[0].to], ['2026-11-12T00:00:00Z', '2026-11-13T00:00:00Z']);
});

test('has three grains that keep filter and range', async ({ go }) => {
  const page = await go(skyline);
  await listed(page);
  await page.keyboard.press('2');
  await page.waitForURL(/\/traces\?/);
  await listed(page);
  assert.equal(query(page).get('filter'), 'agent=skyline-support cost>0.10');
  await page.getByRole('group', { name: 'Grain' }).getByRole('button', { name: 'Spans' }).click();
  await page.waitForURL(/\/spans\?/);
  await page.getByRole('columnheader', { name: 'Step' }).waitFor();
});

test('chooses a range of time, typed in UTC; what is no moment is said; r opens it', async ({ go }) => {
  const page = await go(`/sessions?${week}`);
  await listed(page);
  await page.keyboard.press('r');
  await page.getByLabel('From, UTC').fill('12.11.2026');
  await page.getByRole('button', { name: 'Show this range' }).click();
  await page.getByRole('alert').getByText('12.11.2026 is no moment. Write it like 2026-11-12 14:05.').waitFor();
  await page.getByLabel('From, UTC').fill('2026-11-12');
  await page.getByLabel('To, empty is now').fill('2026-11-13 00:00');
  await page.keyboard.press('Enter');
  await eventually(() => assert.equal(query(page).get('from'), '2026-11-12'));
  await page.getByRole('button', { name: /12 Nov/ }).waitFor();
});

real('a mistake behind letters that take two bytes is mended where it is', async ({ go }) => {
  const page = await go(`/sessions?${week}&filter=${encodeURIComponent('agent!=Übung 日本 durration>=10s')}`);
  await page.getByRole('alert').getByText('No dimension is called durration.').waitFor();
  assert.equal(await page.locator('.pill.err .bad').textContent(), 'durration');
  assert.equal(await page.getByText('Did you mean').count(), 1);
  await page.getByRole('button', { name: 'duration', exact: true }).click();
  await eventually(() => assert.equal(query(page).get('filter'), 'agent!=Übung 日本 duration>=10s'));
}, { noise: /400/ });

real('is: and has: are completed from what the server knows', async ({ go }) => {
  const page = await go(`/sessions?${week}`);
  await listed(page);
  await page.keyboard.press('/');
  await page.keyboard.type('is:');
  await page.getByRole('option', { name: /is:error/ }).waitFor();
  await page.keyboard.type('unpr');
  await eventually(async () => assert.equal(await page.getByRole('option').count(), 1));
  await page.keyboard.press('Tab');
  await eventually(() => assert.equal(query(page).get('filter'), 'is:unpriced'));
});

test('scores are columns that the server is asked for; the first is among the usual of sessions', async ({ go, page }) => {
  await go(`/traces?${week}`);
  await listed(page);
  const [asked] = await Promise.all([
    page.waitForRequest((request) => /\/api\/v1\/traces\?.*columns=score.goal/.test(request.url())),
    (async () => { await page.getByRole('button', { name: 'Columns' }).click(); await page.getByRole('dialog', { name: 'Columns' }).getByLabel('Goal', { exact: true }).check(); })(),
  ]);
  assert.ok(asked);
  await page.keyboard.press('Escape');
  await page.getByRole('columnheader', { name: 'Goal' }).waitFor();
  await eventually(async () => assert.match(await page.getByRole('grid').textContent(), /0\.\d\d/));
  assert.match(query(page).get('cols'), /score\.goal/);
});

test('a session without a score of its own shows the mean of its traces, and says so', async ({ go, page }) => {
  await go(`/sessions?${week}&cols=started,message,score.tone`);
  await listed(page);
  const mean = page.getByRole('gridcell').filter({ hasText: '⌀ 0.50' }).first();
  await mean.waitFor();
  assert.match(await mean.getAttribute('title'), /^Mean of \d+ scores? of its traces$/);
});

real('the panel tells what rules found, and what can be done from there', async ({ go }) => {
  const page = await go(`/sessions?${week}&filter=session=s01856&open=s01856`);
  const panel = page.getByRole('complementary', { name: /Details of s01856/ });
  const badge = panel.getByRole('link', { name: /failure streak ×3 \$0\.\d+ wasted/ });
  await badge.waitFor();
  assert.match(await badge.getAttribute('href'), /^\/sessions\/s01856\?span=\w+/);
  await page.keyboard.press('u');
  await page.getByRole('dialog', { name: 'More like this' }).getByRole('listitem').first().waitFor();
  await page.keyboard.press('Escape');
  await panel.getByRole('button', { name: 'Make it a case' }).click();
  await page.getByRole('dialog', { name: /dataset/i }).waitFor();
});
