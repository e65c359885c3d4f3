// Incidents: opened from what fires, a timeline that only grows, an owner, runbook steps that ask in place, cases, the post-mortem.
import { readFileSync } from 'node:fs';
import { assert, eventually, looks, test as always } from './harness.mjs';

/** The mock's incidents; a real server has its own (tests/system has their API). */
const test = process.env.PAWL_URL ? () => {} : always;
const query = (page) => new URL(page.url()).searchParams;
const rowOf = (page, text) => page.getByRole('row').filter({ hasText: text });

test('the open ones first; resolved ones are an address; Enter opens', async ({ go }) => {
  const page = await go('/incidents');
  assert.match(await rowOf(page, 'INC-7').textContent(), /open.*major.*Refunds cost ×2\.7.*skyline-support.*nobody.*9 h 4\d m.*1, 1 firing/s);
  assert.equal(await rowOf(page, 'INC-6').count(), 0);
  await page.getByRole('group', { name: 'Which' }).getByRole('button', { name: 'Resolved' }).click();
  await rowOf(page, 'INC-6').waitFor();
  assert.equal(query(page).get('status'), 'resolved');
  await page.goBack();
  await rowOf(page, 'INC-7').waitFor();
  await page.mouse.click(700, 700);
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/incidents\/INC-7$/);
});

test('from a firing: filled in, offered to join, opened with its runbook', async ({ go }) => {
  const page = await go('/alerts');
  await page.getByRole('complementary', { name: 'Evidence' }).getByRole('link', { name: 'Open an incident' }).click();
  const panel = page.getByRole('complementary', { name: 'New incident' });
  assert.equal(await panel.getByLabel('What happens').inputValue(), 'Cost of skyline-support: 100 % of the rise comes from agent_version=v13');
  assert.equal(await panel.getByLabel('Agent').inputValue(), 'skyline-support');
  await panel.getByText('Refunds cost ×2.7').waitFor();
  await panel.getByLabel('What happens').fill('v13 burns money');
  await panel.getByLabel('Runbook').selectOption('runaway_cost');
  await panel.getByText('find who spends it').waitFor();
  const [asked] = await Promise.all([page.waitForRequest((request) => request.method() === 'POST'), panel.getByRole('button', { name: 'Open it', exact: true }).click()]);
  assert.deepEqual(asked.postDataJSON().alerts, ['evt_3']);
  await page.waitForURL(/\/incidents\/INC-\d+$/);
  await page.getByRole('heading', { name: 'v13 burns money' }).waitFor();
  await page.getByRole('region', { name: 'Runbook' }).getByText('find who spends it').waitFor();
});

test('an alert joins an incident that is open', async ({ go }) => {
  const page = await go('/incidents?new=1&event=evt_5&agent=skyline-support');
  await page.getByRole('complementary', { name: 'New incident' }).getByRole('button', { name: 'Add the alert' }).first().click();
  await page.waitForURL(/\/incidents\/INC-\d+$/);
  await page.getByText('Joined: evt_5').waitFor();
});

test('what it costs against the week before; mine by key; a note is written; mitigated, resolved, opened again', async ({ go }) => {
  const page = await go('/incidents/INC-7');
  const cost = page.getByRole('group', { name: /Impact/ }).getByRole('link', { name: /Cost/ });
  assert.match(await cost.textContent(), /\$5\.10▲ 170 %/);
  assert.equal(await cost.getAttribute('href'), '/spans?filter=agent=skyline-support');
  const timeline = page.getByRole('region', { name: 'Timeline' });
  assert.equal(await timeline.locator('strong').textContent(), 'Not from cache');
  await page.keyboard.press('m');
  await timeline.getByText('owner: nothing → local').waitFor();
  await page.keyboard.press('c');
  await page.keyboard.type('Taken back to *v12*.');
  await page.keyboard.press('Control+Enter');
  await timeline.locator('em', { hasText: 'v12' }).waitFor();
  await page.getByRole('button', { name: 'It is mitigated' }).click();
  await page.getByRole('button', { name: 'It is resolved' }).click();
  await timeline.getByText('status: mitigated → resolved').waitFor();
  await page.getByRole('button', { name: 'Open it again' }).click();
  await page.getByRole('button', { name: 'Open it again now' }).click();
  await page.getByRole('button', { name: 'It is mitigated' }).waitFor();
});

test('a step of the runbook asks in place, beside the week before, and is ticked off', async ({ go }) => {
  const page = await go('/incidents/7');
  const book = page.getByRole('region', { name: 'Runbook' });
  await book.getByRole('button', { name: 'Look: step 1' }).click();
  const answer = book.getByRole('table', { name: 'Answer of step 1' });
  assert.match(await answer.textContent(), /v13\$5\.10–44–.*v12\$0\.210\$1\.89545/s);
  assert.equal(await book.getByRole('link', { name: 'Open what it is made of' }).getAttribute('href'), '/traces?filter=agent=skyline-support');
  await book.getByText('3 steps left').waitFor();
  await book.getByRole('checkbox', { name: 'Step 1 is done' }).check();
  await book.getByText('2 steps left').waitFor();
  await page.getByRole('region', { name: 'Timeline' }).getByText(/Step 1 is done/).waitFor();
});

test('a run is linked and becomes a case; what may be personal is said before; the post-mortem is a file', async ({ go, page }) => {
  await page.route('**/api/v1/datasets?*', (route) => route.fulfill({ json: { datasets: [{ name: 'refunds', cases: 12, version: 3 }], total: 1 } }));
  await page.route('**/api/v1/datasets/refunds/from-trace', (route) => route.fulfill({ json: { stored: !route.request().postDataJSON().dry_run, version: 4, case: { id: 'case-41', input: { said: 'Cancel K1NW8N for ines@example.com' } }, marks: [{ field: 'input', kind: 'email', start: 0, length: 4, text: 'ines@example.com' }] } }));
  await go('/incidents/INC-7');
  const form = page.getByRole('form', { name: 'Link a run' });
  await form.getByLabel('Id').fill('91bb7e1022c94410b1a2');
  await form.getByLabel('Why').fill('same loop');
  await form.getByRole('button', { name: 'Link it' }).click();
  const runs = page.getByRole('region', { name: 'Traces and sessions' });
  assert.equal(await runs.getByRole('link', { name: '91bb7e1022c94410b1a2' }).getAttribute('href'), '/traces/91bb7e1022c94410b1a2');
  await runs.getByRole('button', { name: 'Make it a case' }).last().click();
  await runs.getByText('1 place may be personal or secret: email “ines@example.com”').waitFor();
  await runs.getByRole('button', { name: 'Store it' }).click();
  await page.getByRole('region', { name: 'Eval cases' }).getByRole('link', { name: 'refunds: case-41' }).waitFor();
  await page.keyboard.press('p');
  await page.getByRole('article', { name: 'Post-mortem' }).getByRole('heading', { name: 'INC-7 Refunds cost ×2.7' }).waitFor();
  assert.equal(query(page).get('view'), 'post-mortem');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as Markdown' }).click()]);
  assert.equal(file.suggestedFilename(), 'INC-7.md');
  assert.match(readFileSync(await file.path(), 'utf8'), /^# INC-7 .*\n[\s\S]*## Timeline/);
});

test('an empty project says what an incident is; one that is not there says so', async ({ go }) => {
  const page = await go('/incidents');
  await page.getByText('No incident is open.').waitFor();
  await page.goto(new URL('/incidents/INC-99', page.url()).href);
  await page.getByText('There is no incident INC-99.').waitFor();
}, { server: 'empty', noise: /404/ });

looks([
  ['incidents', '/incidents?status=all', 1440, '.tbl tbody tr'], ['incidents-390', '/incidents', 390, '.tbl tbody tr'], ['incident-new', '/incidents?new=1&event=evt_3', 1440, '.panel form'],
  ['incident', '/incidents/INC-7', 1440, '.kps'], ['incident-390', '/incidents/INC-7', 390, '.kps'], ['post-mortem', '/incidents/INC-7?view=post-mortem', 1440, 'article h2'],
], test);
