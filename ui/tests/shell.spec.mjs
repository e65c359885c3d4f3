// The shell: navigation, theme, palette, keys, log-in, settings; and what the page weighs.
import { cpus, loadavg } from 'node:os';
import { brotliCompressSync } from 'node:zlib';
import { assert, eventually, listed, real, rows, test, week } from './harness.mjs';

test('the navigation folds with [ and is remembered', async ({ go, page }) => {
  await go(`/sessions?${week}`);
  await listed(page);
  const nav = page.getByRole('navigation', { name: 'Main' });
  assert.equal((await nav.boundingBox()).width, 176);
  await page.keyboard.press('[');
  await eventually(async () => assert.equal((await nav.boundingBox()).width, 48));
  assert.equal(await nav.getByRole('link', { name: 'Traces' }).getAttribute('title'), 'Traces');
  await page.reload();
  await listed(page);
  assert.equal((await nav.boundingBox()).width, 48);
});

test('the theme follows the system, is chosen, and is there before the first paint', async ({ go, page }) => {
  await go(`/sessions?${week}`);
  await listed(page);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await ground(), 'rgb(16, 17, 19)');
  await page.keyboard.press('Shift+L');
  await eventually(async () => assert.equal(await ground(), 'rgb(255, 255, 255)'));
  await page.route('**/api/v1/me', () => {});
  await page.reload();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
});

real('the palette finds an id, and Enter opens it', async ({ go, page }) => {
  await go(`/sessions?${week}`);
  await listed(page);
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Search or jump' });
  await palette.waitFor();
  await page.keyboard.type('s01856');
  await palette.getByRole('option', { name: /s01856.*skyline-support/ }).waitFor();
  assert.match(await palette.getByRole('option', { selected: true }).textContent(), /s01856/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/sessions\/s01856/);
  await palette.waitFor({ state: 'detached' });
});

test('the palette goes to places, runs commands, and says when nothing fits', async ({ go, page }) => {
  await go(`/sessions?${week}`);
  await listed(page);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('>light');
  await page.keyboard.press('Enter');
  await eventually(async () => assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light'));
  await page.keyboard.press('Control+k');
  await page.keyboard.type('@ledger');
  await page.getByRole('option', { name: /ledger-analyst/ }).waitFor();
  await page.keyboard.press('Enter');
  await eventually(() => assert.match(page.url(), /filter=agent=ledger-analyst/));
  await page.keyboard.press('Control+k');
  await page.keyboard.type('no-such-id-77');
  await page.getByText('No session, trace or span here has the id').waitFor();
  await page.getByRole('combobox', { name: 'Search or jump' }).fill('gift card');
  await page.getByRole('option', { name: /Passages that hold gift card/ }).click();
  await page.waitForURL(/view=hits/);
  assert.equal(new URL(page.url()).searchParams.get('filter'), '"gift card"');
});

test('? shows every key, and Esc returns', async ({ go, page }) => {
  await go(`/sessions?${week}`);
  await listed(page);
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'All keys' });
  await sheet.waitFor();
  for (const label of ['Next row', 'Write a filter', 'Search or jump', 'Choose the row']) await sheet.getByText(label, { exact: true }).waitFor();
  await page.keyboard.press('j');
  assert.equal(await page.locator('.r[aria-selected="true"]').count(), 0);
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
});

real('the navigation holds only what exists', async ({ go, page }) => {
  await go(`/sessions?${week}`);
  await listed(page);
  assert.deepEqual(await page.getByRole('navigation', { name: 'Main' }).getByRole('link').allTextContents().then((all) => all.map((text) => text.replace(/\s*\d+$/, ''))), ['Sessions', 'Traces', 'Spans', 'Dashboards', 'Costs', 'Alerts', 'Incidents', 'SLOs', 'Reports', 'Experiments', 'Datasets', 'Evaluators', 'Scores', 'Settings']);
  await go('/nowhere/at-all');
  await page.getByText('Nothing lives at this address').waitFor();
}, { noise: /404/ });

real('makes a key that is shown once, and revokes it with a second press', async ({ go, page }) => {
  await go('/settings');
  const name = `ci-${Date.now() % 100_000}`;
  await page.getByLabel('Name of the key').fill(name);
  await page.getByRole('button', { name: 'Make a key' }).click();
  await page.getByText('This key is shown once').waitFor();
  assert.match(await page.locator('.made code').textContent(), /^pawl_sk_/);
  const row = page.getByRole('row', { name: new RegExp(name) });
  await row.getByRole('button', { name: 'Revoke' }).click();
  await row.getByRole('button', { name: 'Revoke for good' }).click();
  await row.getByText(/^revoked /).waitFor();
  await page.getByText(/Revoked .*within a second/).waitFor();
});

real('settings have a part each: what comes in, what has no price, the theme, the audit table', async ({ go, page }) => {
  await go('/settings');
  await page.getByText('Masked before it is written').waitFor();
  await page.getByRole('tab', { name: 'What comes in' }).click();
  await page.waitForURL(/\/settings\/intake$/);
  await page.getByText('Calls without a price').waitFor();
  await eventually(async () => assert.match(await page.locator('.books dd').first().textContent(), /^\d/));
  await page.getByRole('tab', { name: 'Audit' }).click();
  await page.getByRole('columnheader', { name: 'Who' }).waitFor();
  await page.getByRole('tab', { name: 'This browser' }).click();
  await page.getByRole('group', { name: 'Theme' }).waitFor();
  await page.goBack();
  await page.waitForURL(/\/settings\/audit$/);
});

test('what has no price is listed with the file that mends it', async ({ go, page }) => {
  await go('/settings/intake#prices');
  await page.getByText('house-70b').first().waitFor();
  const file = JSON.parse(await page.locator('#prices pre').first().textContent());
  assert.deepEqual(file.providers.map((p) => p.id), ['house', 'own']);
  assert.equal(await page.getByRole('link', { name: /1.204/ }).getAttribute('href'), '/spans?filter=is:unpriced+model=house-70b&last=90d');
  await page.getByRole('button', { name: 'Price history again' }).click();
  await page.getByText('priced again in the background').waitFor();
});

real('people: invited, given another role, oneself', async ({ go, page, context, base }) => {
  await context.request.post(`${base}/api/v1/login`, { data: { email: 'ines@example.com', password: 'correct horse battery' } });
  await go('/settings/people');
  await page.getByText('Members of').waitFor();
  await page.getByLabel('Address of whom to invite').fill(`n${Date.now()}@example.com`);
  await page.getByRole('button', { name: 'Invite' }).click();
  const link = await page.locator('.made code').textContent();
  assert.match(link, /\/join#\S+$/);
  await page.getByRole('tab', { name: 'You' }).click();
  await page.getByText('this one').waitFor();
}, { server: 'login', noise: /401/ });

test('an invitation tells what it is for, and lets in', async ({ go, page }) => {
  await go('/join#abc');
  await page.getByText('You become member of demo.').waitFor();
  await page.getByLabel('Name').fill('New');
  await page.getByLabel(/^Password/).fill('correct horse battery');
  await page.getByRole('button', { name: 'Join' }).click();
  await page.waitForURL(/\/$/);
}, { server: 'login', noise: /401/ });

real('an invitation that is none says so', async ({ go, page }) => {
  await go('/join#nothing');
  await page.getByRole('alert').waitFor();
}, { server: 'login', noise: /401|404|403|400/ });

real('asks for a log-in, says when it is wrong, and lets in', async ({ go, page }) => {
  await go('/');
  await page.getByLabel('Email').fill('ines@example.com');
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('do not belong together').waitFor();
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await page.getByRole('button', { name: /log out/ }).click();
  await page.getByLabel('Password').waitFor();
}, { server: 'login', noise: /401/ });

test('the set-up page takes the one-time link', async ({ go, page }) => {
  await go('/setup');
  await page.getByText('one-time link').waitFor();
  await go('/setup#abc');
  await page.reload();
  await page.getByLabel(/Password/).waitFor();
}, { server: 'login', noise: /401/ });

real('weighs at most 250 kB compressed, and asks nobody else', async ({ go, page, base }) => {
  const foreign = [];
  const asked = new Set();
  page.on('request', (request) => {
    const name = /\/assets\/([^?]+\.(?:js|css))$/.exec(request.url())?.[1];
    if (name) asked.add(name);
    if (!request.url().startsWith(base) && !request.url().startsWith('data:')) foreign.push(request.url());
  });
  await go(`/sessions?${week}`);
  await listed(page);
  assert.deepEqual(foreign, []);
  assert.ok(asked.size >= 2, 'the page has a script and a style');
  assert.ok(![...asked].some((name) => /^(Boards|Costs|Settings|Alerts|Compare|GraphPane)-/.test(name)), 'what other pages need comes when they are opened');
  let bytes = 0;
  for (const name of asked) bytes += brotliCompressSync(await (await page.request.get(`${base}/assets/${name}`)).body()).length;
  console.log(`     ${(bytes / 1000).toFixed(1)} kB of script and style for the first page, compressed`);
  assert.ok(bytes <= 250_000);
});

test('on paper: light, without what is pressed, every row and every word', async ({ go, page }) => {
  const sheets = async () => ((await page.pdf({ preferCSSPageSize: true })).toString('latin1').match(/\/Type\s*\/Page\b/g) ?? []).length;
  await go(`/sessions?${week}`);
  await listed(page);
  assert.ok((await rows(page).count()) < 60);
  assert.ok((await sheets()) >= 4, 'a hundred rows are more than three sheets');
  await page.emulateMedia({ media: 'print' });
  await eventually(async () => assert.equal(await rows(page).count(), 100));
  assert.equal(await page.locator('.nav').isVisible(), false);
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)');
  await page.emulateMedia({ media: 'screen' });
  await eventually(async () => assert.ok((await rows(page).count()) < 60));
  await go('/sessions/s01856');
  const transcript = page.getByRole('region', { name: 'Transcript' });
  await transcript.getByRole('button', { name: /more lines/ }).first().waitFor();
  await page.emulateMedia({ media: 'print' });
  await eventually(async () => assert.equal(await transcript.getByRole('button', { name: /more lines/ }).count(), 0));
  for (const list of ['.vl', '.tbody']) assert.ok(await page.locator(list).evaluate((one) => one.scrollHeight <= one.clientHeight + 1), `${list} would be cut`);
  assert.ok((await sheets()) >= 3);
}, { theme: 'dark' });

test('the first list is there soon', async ({ go, page }) => {
  await go(`/sessions?${week}`);
  await listed(page);
  await page.reload();
  await listed(page);
  const ms = await page.evaluate(() => performance.getEntriesByType('paint').find((entry) => entry.name === 'first-contentful-paint')?.startTime ?? 0);
  console.log(`     first contentful paint ${ms.toFixed(0)} ms`);
  if (loadavg()[0] < cpus().length) assert.ok(ms < 1000);
});
