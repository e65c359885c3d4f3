// Budgets and bills: how far a period has come and when it runs out; what providers bill beside what was seen; chargeback as a file.
import { assert, eventually, looks, real, test as always, week } from './harness.mjs';

/** The mock's budgets and bills; a real server has none until somebody makes them. */
const staged = process.env.PAWL_URL ? () => {} : always;
const query = (page) => new URL(page.url()).searchParams;
const rowOf = (page, text) => page.getByRole('row').filter({ hasText: text });

staged('budgets: spent of the limit, the end with its range, the day it runs out with how sure that is', async ({ go }) => {
  const page = await go('/costs/budgets');
  const research = rowOf(page, 'research-crew');
  await research.getByText('at risk').waitFor();
  assert.match(await research.textContent(), /\$38\.40 of \$60\.00.*\$66\.00\$59\.40 – \$75\.90.*27 Nov \(25 Nov – not\).*12 calls without a price/s);
  assert.match(await rowOf(page, 'customer-care').textContent(), /exceeded.*it has run out/s);
  assert.match(await rowOf(page, 'the whole organisation').textContent(), /ok.*not in this period/s);
  assert.equal(await research.getByRole('link').getAttribute('href'), '/spans?filter=agent=research-crew+is:counted&from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z');
});

real('a budget is made, changed and removed; a mistake is said', async ({ go }) => {
  const page = await go('/costs/budgets');
  const form = page.getByRole('form', { name: 'Budget' });
  await form.getByLabel('Name').fill('browser-test');
  await form.getByLabel('Limit in USD').fill('-5');
  await form.getByLabel('Which team').fill('care');
  await form.getByRole('button', { name: 'Watch it' }).click();
  await form.getByRole('alert').waitFor();
  await form.getByLabel('Limit in USD').fill('$250');
  await form.getByRole('button', { name: 'Watch it' }).click();
  const row = rowOf(page, 'browser-test');
  await row.getByText('of $250.00').waitFor();
  await row.getByRole('button', { name: 'Change' }).click();
  await page.getByRole('heading', { name: 'Change browser-test' }).waitFor();
  await form.getByLabel('Limit in USD').fill('300');
  await form.getByRole('button', { name: 'Watch it' }).click();
  await row.getByText('of $300.00').waitFor();
  await row.getByRole('button', { name: 'Remove' }).click();
  await row.getByRole('button', { name: 'Remove it' }).click();
  await eventually(async () => assert.equal(await row.count(), 0));
}, { noise: /400/ });

looks([['budgets', '/costs/budgets', 1440], ['bills', '/costs/bills', 1440], ['budgets-320', '/costs/budgets', 320], ['bills-320', '/costs/bills', 320]].map((one) => [...one, '.page-pad form, .pad .calm, .page-pad .tbl, .pad .tbl']), staged);

staged('bills beside what was seen: only what differs, why, narrowed to a reason; what was imported can be removed', async ({ go }) => {
  const page = await go('/costs/bills');
  await rowOf(page, 'service tier').getByText('$9.20').first().waitFor();
  assert.equal(await rowOf(page, 'agrees').count(), 0);
  assert.match(await page.locator('.sums').textContent(), /\$36\.00billed.*\$23\.10seen by Pawl.*\+\$12\.90difference/s);
  await page.getByRole('button', { name: /^not seen/ }).click();
  await eventually(() => assert.equal(query(page).get('reason'), 'not_seen'));
  await eventually(async () => assert.equal(await page.getByRole('region', { name: 'By day and model' }).getByRole('row').count(), 2));
  await page.getByRole('button', { name: 'Also what agrees' }).click();
  await rowOf(page, 'agrees').waitFor();
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByText('No bill of a provider was imported yet.').waitFor();
});

real('the chargeback is a link to whole days of this filter', async ({ go, context, base }) => {
  const page = await go(`/costs?${week}&filter=agent=skyline-support`);
  await page.getByRole('region', { name: 'Cost so far' }).waitFor();
  await eventually(async () => { await page.getByRole('button', { name: 'Save', exact: true }).click({ timeout: 1000 }); });
  const focus = page.getByRole('link', { name: 'Chargeback, FOCUS 1.2, CSV' });
  const href = await focus.getAttribute('href');
  assert.equal(href, '/api/v1/costs/export?from=2026-11-09T00:00:00Z&to=2026-11-16T00:00:00Z&filter=agent=skyline-support&format=focus');
  if (!process.env.PAWL_URL) return;
  const answer = await context.request.get(base + href);
  assert.equal(answer.status(), 200);
  assert.match((await answer.text()).split('\n')[0], /BilledCost/);
});

staged('an export is given to Pawl in the page: what came of it, what was wrong, and what is none', async ({ go }) => {
  const page = await go('/costs/bills');
  const choose = page.getByLabel('Export of a provider');
  await choose.setInputFiles({ name: 'photo.png', mimeType: 'image/png', buffer: Buffer.from([1, 2, 3]) });
  await page.getByText('photo.png: This is no export that Pawl knows').waitFor();
  await choose.setInputFiles({ name: 'costs.json', mimeType: 'application/json', buffer: Buffer.from('{"data": []}') });
  await page.getByText(/6 records of anthropic\.costs, 9 Nov – 11 Nov; 5 new, 1 replaced\./).waitFor();
  await page.getByText('line 3: no amount').waitFor();
  await rowOf(page, 'anthropic.costs').getByText('$12.40').waitFor();
}, { noise: /400/ });
