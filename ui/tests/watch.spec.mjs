// Objectives and reports: what is promised and left, made and changed; the week on a page, kept, mailed, shared.
import { assert, eventually, looks, test as always } from './harness.mjs';

/** The mock's objectives and reports; a real server has its own (tests/system has their API). */
const test = process.env.PAWL_URL ? () => {} : always;
const query = (page) => new URL(page.url()).searchParams;
const rowOf = (page, text) => page.getByRole('row').filter({ hasText: text });

test('objectives: the worst first, what is left, how fast it burns; the chosen one says why, and its runs are a click away', async ({ go }) => {
  const page = await go('/slos');
  const first = page.locator('.tbl tbody tr').first();
  await first.getByText('skyline answers').waitFor();
  assert.match(await first.textContent(), /broken.*95 % of runs take at most 60 s.*92\.3 %.*-54 %.*15\.2×.*it has/s);
  await page.keyboard.press('j');
  const panel = page.getByRole('complementary', { name: 'skyline answers' });
  await panel.getByText('page fires').waitFor();
  await eventually(() => assert.equal(query(page).get('slo'), 'skyline answers'));
  assert.equal(await panel.getByRole('link', { name: '31 bad' }).getAttribute('href'), '/traces?filter=agent=skyline-support+duration%3E60s&last=30d');
  await panel.getByRole('img', { name: /Error budget left over 14 days/ }).waitFor();
  assert.equal(await panel.getByRole('table', { name: 'By day' }).getByRole('link').getAttribute('href'), '/traces?filter=agent=skyline-support+duration%3E60s&from=2026-11-10&to=2026-11-11');
  await panel.getByRole('link', { name: 'Tell somebody when it burns' }).click();
  await page.waitForURL(/\/alerts\/rule\/new\?slo=skyline\+answers$/);
  await eventually(async () => assert.equal(await page.getByRole('combobox', { name: 'SLO' }).inputValue(), 'skyline answers'));
});

test('an objective is made, refused at its field, changed and removed', async ({ go }) => {
  const page = await go('/slos');
  await page.locator('.tbl tbody tr').first().waitFor();
  await page.keyboard.press('n');
  const form = page.getByRole('form', { name: 'Objective' });
  await form.getByLabel('Name').fill('refunds in time');
  await form.getByLabel('Agent').fill('skyline-support');
  await form.getByLabel('What is promised').selectOption('latency');
  await form.getByLabel('Share of good runs').fill('20 %');
  await form.getByLabel('At most').fill('45s');
  await form.getByRole('button', { name: 'Promise it' }).click();
  await form.getByText('“target” is the share of runs').waitFor();
  assert.equal(await form.getByLabel('Share of good runs').getAttribute('aria-invalid'), 'true');
  await form.getByLabel('Share of good runs').fill('97.5');
  await form.getByText('skyline-support: 97.5 % of runs take at most 45 s.').waitFor();
  const [asked] = await Promise.all([page.waitForRequest((request) => request.method() === 'PUT'), form.getByRole('button', { name: 'Promise it' }).click()]);
  assert.equal(asked.postDataJSON().target, 0.975);
  const panel = page.getByRole('complementary', { name: 'refunds in time' });
  await panel.getByRole('button', { name: 'Change' }).click();
  await panel.getByLabel('Share of good runs').fill('98 %');
  await panel.getByRole('button', { name: 'Save' }).click();
  await panel.getByText('98 % of runs take at most 45 s').waitFor();
  await panel.getByRole('button', { name: 'Remove' }).click();
  await panel.getByRole('button', { name: 'Remove it' }).click();
  await eventually(async () => assert.equal(await rowOf(page, 'refunds in time').count(), 0));
}, { noise: /400/ });

test('the week: its sentences are links, another week and report are addresses, kept as it is now', async ({ go }) => {
  const page = await go('/reports?day=2026-11-09&tz=UTC');
  const report = page.getByRole('article');
  assert.equal(await report.getByRole('link', { name: 'Cost rose by 17 %' }).getAttribute('href'), '/costs?from=2026-11-09&to=2026-11-16');
  assert.match(await report.textContent(), /Cost\$53\.68▲ 17 %/);
  assert.match(await report.getByRole('link', { name: 'customer-care' }).getAttribute('href'), /^\/spans\?filter=team=%22customer-care%22\+is:counted&from=2026-11-09&to=2026-11-16$/);
  assert.equal(await page.getByRole('link', { name: 'Open as a page' }).getAttribute('href'), '/api/v1/reports/preview?kind=weekly&period=week&day=2026-11-09&timezone=UTC&format=html');
  await page.getByRole('button', { name: 'The week before' }).click();
  await eventually(() => assert.equal(query(page).get('day'), '2026-11-02'));
  await page.getByRole('button', { name: 'SLO compliance' }).click();
  await eventually(() => assert.equal(query(page).get('kind'), 'slo'));
  await page.getByRole('button', { name: 'Keep it' }).click();
  await page.waitForURL(/\/reports\/kept$/);
  await rowOf(page, 'SLO compliance').getByText('2 Nov – 8 Nov').waitFor();
});

test('a kept report is mailed and shared: what failed says why, a link is shown once and can be revoked', async ({ go }) => {
  const page = await go('/reports/kept');
  const row = rowOf(page, 'schedule monday');
  assert.equal(await row.getByText('1 failed').getAttribute('title'), 'head@example.com: 451 try later');
  await row.getByRole('button', { name: 'Send' }).click();
  await page.getByRole('form', { name: 'Send it' }).getByLabel('To, a comma between').fill('a@example.com, b@example.com');
  await page.getByRole('form', { name: 'Send it' }).getByRole('button', { name: 'Send it' }).click();
  await row.getByText('2 waiting').waitFor();
  await row.getByRole('button', { name: 'Share' }).click();
  await page.getByLabel('For whom, a note').fill('CFO');
  await page.getByRole('button', { name: 'Make the link' }).click();
  await page.getByText('This link is shown once').waitFor();
  await page.getByText(/^https:\/\/pawl\.example\/shared\/reports\//).waitFor();
  await page.keyboard.press('4');
  const link = rowOf(page, 'CFO');
  await link.getByRole('button', { name: 'Revoke' }).click();
  await link.getByRole('button', { name: 'Revoke it' }).click();
  await link.getByText('revoked').waitFor();
  await rowOf(page, 'board').getByText('3 times').waitFor();
});

test('a schedule is made with its addresses, refused where one is none, turned off, removed', async ({ go }) => {
  const page = await go('/reports/schedules');
  await rowOf(page, 'each monday, 08:00 Europe/Berlin').getByText('head@example.com').waitFor();
  const form = page.getByRole('form', { name: 'Schedule' });
  await form.getByLabel('Name').fill('costs');
  await form.getByLabel('Report').selectOption('cost');
  await form.getByLabel('Each').selectOption('tuesday');
  await form.getByRole('combobox', { name: 'at', exact: true }).selectOption('6');
  await form.getByLabel(/^To/).fill('cfo.example.com');
  await form.getByRole('button', { name: 'Make it each week' }).click();
  await form.getByText('cfo.example.com is no e-mail address').waitFor();
  await form.getByLabel(/^To/).fill('cfo@example.com');
  await form.getByLabel('With').selectOption('30d');
  await form.getByRole('button', { name: 'Make it each week' }).click();
  const row = rowOf(page, 'each tuesday, 06:00');
  await row.getByText('cfo@example.com').waitFor();
  await row.getByRole('button', { name: 'Turn off' }).click();
  await row.getByText('off', { exact: true }).waitFor();
  await row.getByRole('button', { name: 'Remove' }).click();
  await row.getByRole('button', { name: 'Remove it' }).click();
  await eventually(async () => assert.equal(await row.count(), 0));
}, { noise: /400/ });

test('an empty project says what objectives and schedules are for', async ({ go }) => {
  const page = await go('/slos');
  await page.getByRole('button', { name: 'Make the first objective' }).click();
  await page.getByRole('form', { name: 'Objective' }).waitFor();
  await page.goto(new URL('/reports/kept', page.url()).href);
  await page.getByRole('link', { name: 'Make a schedule' }).click();
  await page.getByText('No schedule yet.').waitFor();
}, { server: 'empty' });

looks([
  ['slos', '/slos?slo=skyline+answers', 1440, '.slo .time canvas'], ['slo-new', '/slos?new=1', 1440, '.slo form'], ['slos-390', '/slos', 390, '.tbl tbody tr'], ['slo-390', '/slos?slo=skyline+answers', 390, '.slo .time canvas'],
  ['reports', '/reports?day=2026-11-09&tz=UTC', 1440, '.report .tile'], ['reports-390', '/reports?day=2026-11-09&tz=UTC', 390, '.report .tile'], ['reports-kept', '/reports/kept', 1440, '.tbl tbody tr'],
  ['report-schedules', '/reports/schedules', 1440, '.tbl tbody tr'], ['report-schedules-390', '/reports/schedules', 390, '.tbl tbody tr'], ['report-links', '/reports/links', 1440, '.tbl tbody tr'],
], test);
