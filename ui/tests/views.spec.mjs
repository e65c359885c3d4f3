// A list kept under a name, taken along as a file, put on a dashboard, into a dataset, labelled; passages that hold the words of a filter.
import { assert, eventually, listed, looked, noFault, real, test as always, week } from './harness.mjs';

const staged = process.env.PAWL_URL ? () => {} : always;
const query = (page) => new URL(page.url()).searchParams;
async function choose(page, n) {
  for (let i = 0; i < n; i++) { await page.keyboard.press('j'); await page.keyboard.press('x'); }
  await page.getByText(`${n} chosen`).waitFor();
}

staged('what is shown is saved under a name, opened again, changed and removed', async ({ go, shot }) => {
  const page = await go(`/sessions?filter=agent=skyline-support+cost%3E0.10&${week}&order=-cost&measure=cost`);
  await listed(page);
  await page.getByRole('button', { name: 'Views', exact: true }).click();
  const menu = page.getByRole('dialog', { name: 'Saved views' });
  await menu.getByPlaceholder('Save this view as').fill('Dear flights');
  await menu.getByLabel(/for everybody/).check();
  await menu.getByRole('button', { name: 'Save', exact: true }).click();
  await menu.getByRole('link', { name: /Dear flights/ }).waitFor();
  await shot('views');
  await noFault(page);
  await page.goto(new URL('/traces', page.url()).href);
  await page.getByRole('button', { name: 'Views', exact: true }).click();
  await menu.getByRole('link', { name: /Dear flights.*sessions · shared/ }).click();
  await page.waitForURL(/\/sessions\?/);
  await listed(page);
  assert.equal(query(page).get('filter'), 'agent=skyline-support cost>0.10');
  assert.equal(query(page).get('order'), '-cost');
  await page.getByRole('button', { name: 'Views', exact: true }).click();
  await page.getByRole('button', { name: 'Dear flights', exact: true }).waitFor();
  await menu.getByRole('button', { name: 'Remove' }).click();
  await menu.getByRole('button', { name: 'Remove it' }).click();
  await menu.getByText('No view is saved yet').waitFor();
});

staged('the list as a file, redacted unless one wants it whole', async ({ go }) => {
  const page = await go(`/sessions?filter=agent=skyline-support&${week}`);
  await listed(page);
  await page.getByRole('button', { name: 'Export' }).click();
  const menu = page.getByRole('dialog', { name: 'Export' });
  const parquet = menu.getByRole('link', { name: /Parquet/ });
  const address = new URL(await parquet.getAttribute('href'), page.url());
  assert.equal(address.pathname, '/api/v1/export/sessions');
  assert.deepEqual([...address.searchParams].filter(([name]) => name !== 'from' && name !== 'to'), [['format', 'parquet'], ['order', '-start'], ['limit', '10000'], ['filter', 'agent=skyline-support'], ['redact', '1']]);
  await menu.getByLabel(/starred out/).uncheck();
  await eventually(async () => assert.doesNotMatch(await parquet.getAttribute('href'), /redact/));
});

real('a chart is split by an attribute that was observed', async ({ go }) => {
  const page = await go(`/sessions?${week}&view=chart&measure=cost`);
  await page.getByRole('button', { name: /^Split by/ }).click();
  const any = page.getByPlaceholder('attr. any attribute');
  await any.focus();
  await page.locator('datalist option[value]').first().waitFor({ state: 'attached' });
  const name = await page.locator('datalist option').first().getAttribute('value');
  await any.fill(name);
  await page.keyboard.press('Enter');
  await eventually(() => assert.equal(query(page).get('split'), `attr.${name}`));
  await page.locator('.tbl tbody tr').first().waitFor();
});

staged('a chart goes on a dashboard', async ({ go }) => {
  const page = await go(`/sessions?filter=agent=skyline-support&${week}&view=chart&measure=cost&split=model`);
  await page.getByRole('img', { name: /Cost per/ }).waitFor();
  await page.getByRole('link', { name: /^INC-7/ }).first().waitFor();
  await page.getByRole('button', { name: 'Add to a dashboard' }).click();
  const menu = page.getByRole('dialog', { name: 'Add to a dashboard' });
  await menu.getByPlaceholder('A new dashboard').fill('Flights');
  await menu.getByRole('button', { name: 'Make it' }).click();
  await page.waitForURL(/\/dashboards\/flights/);
  await page.getByText('Cost by model').first().waitFor();
});

staged('split by any attribute', async ({ go }) => {
  const page = await go(`/sessions?${week}&view=chart`);
  await page.getByRole('button', { name: /^Split by/ }).click();
  await page.getByPlaceholder('attr. any attribute').fill('tenant');
  await page.keyboard.press('Enter');
  await eventually(() => assert.equal(query(page).get('split'), 'attr.tenant'));
}, { noise: /400/ });

staged('chosen rows become cases: first looked at, then stored; or get a label', async ({ go, page, shot }) => {
  let scores = null;
  await page.route('**/api/v1/scores', async (route) => {
    scores = route.request().postDataJSON();
    await route.fulfill({ json: { stored: scores.length, ids: [], refused: [] } });
  });
  await go(`/traces?filter=agent=skyline-support&${week}`);
  await listed(page);
  await choose(page, 2);
  await page.getByRole('button', { name: 'Add to a dataset' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add to a dataset' });
  await dialog.getByLabel('Dataset').fill('flights');
  await dialog.getByRole('button', { name: 'Make flights' }).click();
  await dialog.getByText('2 values: email, card').waitFor();
  await shot('to-dataset');
  await noFault(page);
  await dialog.getByRole('button', { name: 'Add 2 cases' }).click();
  await page.getByText('2 cases added to flights').waitFor();
  await page.keyboard.press('Home');
  await page.keyboard.press('x');
  await page.getByText('1 chosen').waitFor();
  await page.getByRole('button', { name: 'Label' }).click();
  await page.getByLabel('Value: a word, a number, yes or no').fill('wrong seat');
  await page.getByRole('button', { name: 'Label them' }).click();
  await page.getByText('1 row labelled label wrong seat').waitFor();
  assert.equal(scores[0].value, 'wrong seat');
  assert.ok(scores[0].trace_id);
});

staged('passages that hold the words of the filter, and where they open', async ({ go }) => {
  const page = await go(`/sessions?filter=agent=skyline-support+gift+card&${week}&view=hits`);
  await page.locator('.hits li').nth(2).waitFor();
  assert.match((await page.locator('.hits mark').first().textContent()).toLowerCase(), /gift|card/);
  await looked(page, 'hits');
  await page.locator('.hits a').first().click();
  await page.waitForURL(/\/sessions\/s\d+\?span=/);
  await page.getByRole('treeitem', { selected: true }).waitFor();
});
