// Scores: what they may be, given in a replay with one key, thumbs of end users by public keys; traces become cases.
import { assert, eventually, listed, real, test as always, week } from './harness.mjs';
import { looks } from './faults.mjs';

const staged = process.env.PAWL_URL ? () => {} : always;
const query = (page) => new URL(page.url()).searchParams;
const rowOf = (page, text) => page.getByRole('grid').getByRole('row').filter({ hasText: text });
const own = `browser-${process.pid}`;

real('a score is defined, changed and archived; a mistake is said', async ({ go, page }) => {
  await go('/scores?do=new');
  const form = page.getByRole('form', { name: 'New definition' });
  await form.getByLabel('Name').fill(own);
  await form.getByLabel('Least').fill('5');
  await form.getByLabel('Most').fill('1');
  await form.getByRole('button', { name: 'Define it' }).click();
  await form.getByRole('alert').getByText('least is above most').waitFor();
  await form.getByLabel('Least').fill('0');
  await form.getByLabel('What it says').fill('of the browser test');
  await form.getByRole('button', { name: 'Define it' }).click();
  await rowOf(page, own).getByText('0 to 1').waitFor();
  await rowOf(page, own).click();
  const change = page.getByRole('form', { name: `Change ${own}` });
  await change.getByLabel('Most').fill('10');
  await change.getByRole('button', { name: 'Change it' }).click();
  await rowOf(page, own).getByText('0 to 10').waitFor();
  await rowOf(page, own).click();
  await change.getByRole('button', { name: 'Archive' }).click();
  await eventually(async () => assert.equal(await rowOf(page, own).count(), 0));
  await page.getByRole('button', { name: /Archived too/ }).click();
  await rowOf(page, own).getByText('archived').waitFor();
}, { noise: /400/ });

real('a feedback key is made with its lines for a page, and revoked with a second press', async ({ go, page }) => {
  await go('/settings');
  const part = page.getByRole('region', { name: 'Feedback of end users' });
  await part.getByLabel('Scores that the key may give').fill(`${own}.thumbs`);
  await part.getByRole('button', { name: 'Make a feedback key' }).click();
  await part.getByText('sendBeacon').waitFor();
  const row = part.getByRole('row').filter({ hasText: `${own}.thumbs` });
  await row.getByRole('button', { name: 'Revoke' }).click();
  await row.getByRole('button', { name: 'Revoke for good' }).click();
  await row.getByText(/revoked/).waitFor();
});

staged('a step is scored with one key, y gives it, the toast takes it back', async ({ go, page, context, base }) => {
  await go('/sessions/s01856');
  await page.getByRole('treegrid').or(page.getByRole('tree')).first().waitFor();
  await page.keyboard.press('v');
  const dialog = page.getByRole('dialog', { name: /^Score/ });
  await dialog.getByRole('button', { name: /thumbs/ }).waitFor();
  await page.keyboard.press('3');
  await dialog.getByRole('button', { name: /^no/ }).waitFor();
  await page.keyboard.press('n');
  await page.getByText('thumbs: no').waitFor();
  const kept = async () => (await (await context.request.get(`${base}/api/v1/scores`)).json()).scores.filter((one) => one.name === 'thumbs');
  const given = await kept();
  assert.equal(given.length, 1);
  assert.equal(given[0].value, false);
  assert.equal(given[0].source, 'annotation');
  assert.ok(given[0].trace_id || given[0].session_id);
  await page.getByRole('status').getByRole('button', { name: /Undo/ }).click();
  await eventually(async () => assert.equal((await kept()).length, 0));
  // A number outside of its range is not taken.
  await page.keyboard.press('v');
  await dialog.getByRole('button', { name: /goal/ }).waitFor();
  await page.keyboard.press('1');
  await dialog.getByLabel(/Value/).fill('7');
  await dialog.getByText('0 to 1 is its range.').waitFor();
  assert.ok(await dialog.getByRole('button', { name: /Give it/ }).isDisabled());
});

staged('chosen traces become cases: what looks personal is marked before it is stored, and replaced', async ({ go, page, context, base }) => {
  await go(`/traces?${week}`);
  await listed(page);
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.keyboard.press('Shift+J');
  await page.getByText('2 chosen').waitFor();
  await page.getByRole('toolbar', { name: 'Chosen rows' }).getByRole('button', { name: /Add to a dataset/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Add to a dataset' });
  await dialog.getByLabel('Dataset').fill(`${own}-traces`);
  await dialog.getByRole('button', { name: /^Make/ }).click();
  await dialog.getByText('2 values: email, card').waitFor();
  await dialog.getByText('I am [email 1], card [card 1].').waitFor();
  await dialog.getByLabel(/replace what looks personal/).uncheck();
  await dialog.locator('mark').first().waitFor();
  assert.deepEqual([...new Set(await dialog.locator('mark').allTextContents())].sort(), ['4111 1111 1111 1111', 'sofia.rossi@example.com']);
  await dialog.getByLabel(/replace what looks personal/).check();
  await dialog.getByRole('button', { name: /Add 2 cases/ }).click();
  await page.getByText(`2 cases added to ${own}-traces`).waitFor();
  const { cases } = await (await context.request.get(`${base}/api/v1/datasets/${own}-traces/cases`)).json();
  assert.equal(cases.length, 2);
  assert.ok(!JSON.stringify(cases).includes('sofia.rossi@example.com'), 'also not in what tools answered');
  assert.match(JSON.stringify(cases[0].metadata), /\[email 1\]/);
  assert.match(cases[0].source_trace, /^[0-9a-f]{32}$/);
});

looks([
  ['scores', '/scores', (page) => rowOf(page, 'mood').waitFor()],
  ['scores-change', '/scores?open=mood', (page) => page.getByRole('form', { name: 'Change mood' }).waitFor()],
  ['feedback', '/settings', async (page) => { await page.getByRole('button', { name: 'Lines for a page' }).first().click(); await page.getByText('sendBeacon').scrollIntoViewIfNeeded(); }],
  ['score-dialog', '/sessions/s01856', async (page) => { await page.getByText('book_reservation').first().waitFor(); await page.keyboard.press('v'); await page.getByRole('dialog').getByRole('button', { name: /mood/ }).waitFor(); }],
  ['add-to-dataset', `/traces?${week}`, async (page) => { await listed(page); await page.keyboard.press('j'); await page.keyboard.press('x'); await page.getByRole('button', { name: /Add to a dataset/ }).click(); await page.getByRole('dialog').getByText(/values: email/).waitFor(); await page.getByLabel(/replace what looks personal/).uncheck(); }],
]);
