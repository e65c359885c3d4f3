// Two runs side by side: where they part, what differs and what it costs; entered from a list and from a replay.
import { assert, eventually, listed, looks, real, test as always, week } from './harness.mjs';

/** Runs that only the mock server stages. */
const staged = process.env.PAWL_URL ? () => {} : always;
const test = always;
const crews = '/compare?a=sessions/crew-1&b=sessions/crew-2';
const query = (page) => new URL(page.url()).searchParams;
const pair = (page, text) => page.locator('.pair').filter({ hasText: text });
const chosen = (page) => page.locator('.pair.chosen');

staged('the first divergence is named and chosen; arguments that differ stand below; the rows carry what differs', async ({ go }) => {
  const page = await go(crews);
  await page.locator('.pair[aria-current="step"]').getByText('The same tool, other arguments: sku.').waitFor();
  assert.match(await page.locator('.args').textContent(), /sku.*A-77.*→.*A-78/s);
  assert.match(await page.locator('.figures').textContent(), /Cost \$0\.0144 → \$0\.0224 \+56 %.*From cache 49 % → 34 % −15 points.*Steps 19 → 17 −2/s);
  assert.match(await page.locator('.figures').getByRole('status').textContent(), /2 changed · 2 only left · 14 same/);
  await page.keyboard.press('n');
  await eventually(async () => assert.match(await chosen(page).textContent(), /only left.*no such step/s));
  await page.keyboard.press('n');
  await eventually(async () => assert.match(await chosen(page).textContent(), /\+\$0\.0080.*I could not find a supplier/s));
  await eventually(() => assert.equal(query(page).get('at'), '14'));
  await page.keyboard.press('p');
  await eventually(async () => assert.match(await chosen(page).textContent(), /text-embedding/));
  await page.keyboard.press('1');
  await eventually(async () => assert.match(await chosen(page).textContent(), /First divergence/));
});

staged('only differences, swapped sides, a step in its replay; the address says it all', async ({ go, context }) => {
  const page = await go(crews);
  await pair(page, 'First divergence').waitFor();
  await page.keyboard.press('=');
  await eventually(async () => assert.equal(await page.locator('.pair').count(), 4));
  const other = await context.newPage();
  await other.goto(page.url());
  await eventually(async () => assert.equal(await other.locator('.pair').count(), 4));
  await other.close();
  await page.keyboard.press('s');
  await eventually(async () => assert.match(await page.locator('.figures').textContent(), /Cost \$0\.0224 → \$0\.0144 −36 %/));
  await eventually(async () => assert.match(await pair(page, 'only right').first().textContent(), /text-embedding/));
  assert.equal(query(page).get('a'), 'sessions/crew-2');
  await page.keyboard.press('1');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/sessions\/crew-1\?span=/);
  await page.getByRole('complementary', { name: 'Details' }).getByRole('heading', { name: 'get_stock' }).waitFor();
});

staged('a run beside itself did the same', async ({ go }) => {
  const page = await go('/compare?a=sessions/crew-1&b=traces/crew-t1');
  await page.getByText('The two did the same, step by step.').waitFor();
});

real('c in a replay sets the last good run beside it; another one can be chosen', async ({ go }) => {
  const page = await go('/sessions/s01856');
  await page.getByRole('treeitem').first().waitFor();
  await page.keyboard.press('c');
  await page.waitForURL(/\/compare\?/);
  await eventually(() => assert.match(query(page).get('a') ?? '', /^sessions\/s0/));
  await page.locator('.pair').first().waitFor();
  assert.match(await page.locator('.pairhead').textContent(), /done.*not done.*s01856/s);
  const first = query(page).get('a');
  await page.getByRole('button', { name: /good run/i }).click();
  await page.getByRole('dialog').getByRole('button').nth(1).click();
  await eventually(() => assert.notEqual(query(page).get('a'), first));
  await page.locator('.pair').first().waitFor();
});

real('two rows of a list are compared, the older one left', async ({ go }) => {
  const page = await go(`/sessions?${week}&filter=agent=skyline-support`);
  await listed(page);
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.keyboard.press('Shift+J');
  await page.getByText('2 chosen').waitFor();
  await page.keyboard.press('c');
  await page.waitForURL(/\/compare\?a=sessions\/s\d+&b=sessions\/s\d+/);
  await page.locator('.figures').waitFor();
});

staged('nothing chosen, and a run that is gone', async ({ go }) => {
  const page = await go('/compare');
  await page.getByRole('heading', { name: 'Choose two runs' }).waitFor();
  await page.goto(new URL('/compare?a=sessions/nowhere&b=sessions/crew-2', page.url()).href);
  await page.getByRole('heading', { name: 'sessions/nowhere could not be read' }).waitFor();
}, { noise: /404/ });

test('no good run to compare with is said, with what can be done', async ({ go, page }) => {
  await page.route(/\/api\/v1\/sessions\?/, (route) => route.fulfill({ json: { sessions: [], next_cursor: null, stats: { rows_read: 0, elapsed_ms: 1, newest_ms_ago: null } } }));
  await go('/compare?b=sessions/s01856');
  await page.getByRole('heading', { name: 'Nothing to set it beside' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Other runs of this agent' }).getAttribute('href'), '/sessions?filter=agent=%22skyline-support%22&last=30d');
});

looks([1440, 320].map((width) => [`compare-${width}`, `${crews}&inside=1`, width, (page) => pair(page, 'First divergence').waitFor()]), staged);

staged('keys that follow at once go by what stands there: swapped, the first divergence, opened', async ({ go }) => {
  const page = await go(crews);
  await pair(page, 'First divergence').waitFor();
  for (const key of ['n', 'n', 's', '1', 'Enter']) await page.keyboard.press(key);
  await page.waitForURL(/\/sessions\/crew-1\?span=/);
  await page.getByRole('complementary', { name: 'Details' }).getByRole('heading', { name: 'get_stock' }).waitFor();
});
