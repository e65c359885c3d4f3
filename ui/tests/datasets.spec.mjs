// Datasets: made, filled by hand and from files, searched, changed by version, retired and taken back.
import { assert, eventually, real, test as always } from './harness.mjs';
import { looks } from './faults.mjs';

const staged = process.env.PAWL_URL ? () => {} : always;
const query = (page) => new URL(page.url()).searchParams;
const rowOf = (page, text) => page.getByRole('grid').getByRole('row').filter({ hasText: text });
const own = `browser-${process.pid}`;

real('a dataset is made, a case is written, changed, retired and taken back', async ({ go, page }) => {
  await go('/datasets');
  await page.getByRole('button', { name: 'New dataset' }).or(page.getByRole('button', { name: 'Make the first dataset' })).first().waitFor();
  await page.keyboard.press('n');
  const form = page.getByRole('form', { name: 'New dataset' });
  await form.getByLabel('Name').fill(own);
  await form.getByLabel('What it is for').fill('of the browser test');
  await form.getByRole('button', { name: 'Make it' }).click();
  await page.getByText('No case yet').waitFor();
  await page.getByRole('link', { name: 'Write the first case' }).click();
  const panel = page.getByRole('complementary', { name: 'New case' });
  await panel.getByRole('button', { name: 'Add the case' }).click();
  await panel.getByRole('alert').getByText('A case needs an id').waitFor();
  await panel.getByLabel('Id', { exact: true }).fill('late-order');
  await panel.getByLabel('Input', { exact: true }).fill('Where is order 41?');
  await panel.getByLabel('Expected calls, in order').fill('[{"name": "find_order", "arguments": {"order_id": "41"}');
  await panel.getByText(/Not JSON/).waitFor();
  await panel.getByLabel('Expected calls, in order').fill('[{"name": "find_order", "arguments": {"order_id": "41"}}]');
  await panel.getByLabel('Tags').fill('order, late');
  await page.keyboard.press('Control+s');
  await rowOf(page, 'late-order').getByText('Where is order 41?').waitFor();
  const open = page.getByRole('complementary', { name: 'Case late-order' });
  await open.getByLabel('Expected outcome').fill('It arrives on Friday.');
  await open.getByText('changed', { exact: true }).waitFor();
  await open.getByRole('button', { name: 'Save' }).click();
  await rowOf(page, 'late-order').getByText('It arrives on Friday.').waitFor();
  await open.getByRole('tab', { name: 'Versions 2' }).click();
  await open.getByText('It arrives on Friday.').waitFor();
  assert.equal(query(page).get('tab'), 'versions');
  await open.getByRole('tab', { name: 'Case', exact: true }).click();
  await open.getByRole('button', { name: 'Retire it' }).click();
  await eventually(async () => assert.equal(await rowOf(page, 'late-order').count(), 0));
  await page.getByRole('status').getByRole('button', { name: /Undo/ }).click();
  await rowOf(page, 'late-order').waitFor();
}, { noise: /404/ });

real('a file is looked at first: bad rows by line, near-duplicates across splits; the rest is kept when asked', async ({ go, page }) => {
  await go('/datasets?do=new');
  await page.getByLabel('Name').fill(`${own}-file`);
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByText('No case yet').waitFor();
  await page.keyboard.press('i');
  const dialog = page.getByRole('dialog', { name: /Import cases/ });
  const text = (n, split) => `{"id":"c${n}","input":"Where is order ${4000 + n}, which was promised for the first Friday of the month?","split":"${split}"}`;
  await dialog.getByLabel('Cases as text').fill(`${text(1, 'dev')}\n{"id":"broken","input":"half a\n${text(2, 'test')}\n{"id":"nothing"}\n`);
  await dialog.getByRole('button', { name: 'Look at it' }).click();
  const bad = dialog.getByRole('region', { name: 'Bad rows' });
  await bad.getByRole('row').nth(2).waitFor();
  assert.deepEqual(await bad.getByRole('row').locator('td:first-child').allTextContents(), ['2', '4']);
  await dialog.getByText('1 pair across splits').waitFor();
  assert.ok(await dialog.getByRole('button', { name: /Store 2 cases/ }).isDisabled());
  await dialog.getByLabel(/leave out the 2 bad rows/).check();
  await dialog.getByRole('button', { name: /Store the 2 good ones/ }).click();
  await rowOf(page, 'c2').waitFor();
  await page.getByText('2 added').waitFor();
  // A file by hand, and what says the same again makes no version.
  await page.keyboard.press('i');
  await page.locator('input[type=file]').setInputFiles({ name: 'cases.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(`${text(1, 'dev')}\n`) });
  await dialog.getByRole('button', { name: /Store 1 case/ }).click();
  await page.getByText('no new version').waitFor();
  const href = await page.getByRole('button', { name: 'Export' }).click().then(() => page.getByRole('link', { name: 'JSON lines' }).getAttribute('href'));
  assert.match(href, new RegExp(`^/api/v1/datasets/${own}-file/export\\?format=jsonl`));
});

staged('ten thousand cases: rows in sight only, all of them searched; terms, splits and the open case stand in the address', async ({ go, page }) => {
  await go('/datasets');
  await rowOf(page, 'orders-load').getByText('10 000').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('orders-');
  await page.keyboard.press('Enter');
  await eventually(async () => assert.equal(await rowOf(page, '').count(), 2));
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.getByText('load-00000').waitFor();
  await eventually(async () => assert.match(await page.locator('.status').textContent(), /10.000 cases.*first rows in/));
  assert.ok((await page.getByRole('grid').getByRole('row').count()) < 80, 'only rows in sight exist');
  await page.keyboard.press('/');
  await page.keyboard.type('tag:batch-3 split:test "order 4290"');
  await rowOf(page, 'load-00290').waitFor();
  await eventually(() => assert.equal(query(page).get('q'), 'tag:batch-3 split:test "order 4290"'));
  assert.match(await page.locator('.status').textContent(), /1 of 10.000 cases/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.getByRole('complementary', { name: 'Case load-00290' }).waitFor();
  assert.equal(query(page).get('case'), 'load-00290');
  await page.keyboard.press('Escape');
  await eventually(() => assert.equal(query(page).get('case'), null));
});

staged('an older version is read as it was and not changed; somebody’s newer one is not overwritten unasked', async ({ go, page, context, base }) => {
  await go('/datasets/skyline-regression?version=1&case=sky-02');
  await page.getByText('an older version, read only').waitFor();
  assert.equal(await page.getByRole('button', { name: /Save/ }).count(), 0);
  assert.equal(await rowOf(page, 'sky-35').count(), 0);
  await go('/datasets/skyline-regression?case=sky-02');
  const panel = page.getByRole('complementary', { name: 'Case sky-02' });
  await panel.getByLabel('Owner').fill('rita');
  const was = (await (await context.request.get(`${base}/api/v1/datasets/skyline-regression/cases/sky-02`)).json()).case;
  await context.request.put(`${base}/api/v1/datasets/skyline-regression/cases/sky-02`, { data: { ...was, owner: 'lea' } });
  await page.keyboard.press('Control+s');
  await panel.getByText('Not saved: the case was changed').waitFor();
  await panel.getByRole('button', { name: 'Save mine over it' }).click();
  await page.getByText('sky-02 saved').waitFor();
  await page.keyboard.press('Escape');
  await rowOf(page, 'sky-02').getByText('rita').waitFor();
});

looks([
  ['datasets', '/datasets', (page) => rowOf(page, 'orders-load').waitFor()],
  ['dataset', '/datasets/skyline-regression', (page) => rowOf(page, 'sky-04').waitFor()],
  ['dataset-case', '/datasets/skyline-regression?case=sky-05', (page) => page.getByRole('complementary', { name: 'Case sky-05' }).getByLabel('Input').waitFor()],
  ['dataset-empty', '/datasets/tone', (page) => page.getByText('No case yet').waitFor()],
  ['dataset-import', '/datasets/tone?do=import', async (page) => {
    await page.getByLabel('Cases as text').fill('{"id":"a","input":"Where is order 41?","split":"dev"}\n{"id":"b","input":"Where is order 42?","split":"test"}\n{"id":\n');
    await page.getByRole('button', { name: 'Look at it' }).click();
    await page.getByRole('region', { name: 'Bad rows' }).waitFor();
  }],
]);
