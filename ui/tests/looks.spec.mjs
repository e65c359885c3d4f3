// A picture of every page in both themes (PAWL_SHOTS, to be looked at), and axe-core on each: nothing may be found.
import { listed, looked, looks, test, week } from './harness.mjs';

const skyline = `/sessions?filter=agent=skyline-support+cost%3E0.10&${week}&measure=cost&sel=2026-11-12T12:00Z..2026-11-13`;

const pages = [
  ['list', skyline, async (page) => { await listed(page); }],
  ['list-peek', `${skyline}&open=s01856`, async (page) => { await listed(page); await page.getByText('transfer_to_human_agents').waitFor(); }],
  ['list-complete', skyline, async (page) => { await listed(page); await page.keyboard.press('/'); await page.keyboard.type('tool='); await page.getByRole('option', { name: /cancel_reservation/ }).waitFor(); for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowDown'); }],
  ['list-mistake', skyline, async (page) => { await listed(page); await page.keyboard.press('/'); await page.keyboard.type('durration>=10s '); await page.getByText('No dimension').waitFor(); }],
  ['list-chosen', `/sessions?${week}`, async (page) => { await listed(page); await page.keyboard.press('j'); await page.keyboard.press('x'); await page.keyboard.press('Shift+J'); await page.getByText('2 chosen').waitFor(); }],
  ['list-nothing', `/sessions?filter=agent=skyline-support+cost%3E5&${week}`, async (page) => { await page.getByText('alone has').waitFor(); }],
  ['list-hover', `${skyline}&open=s01856`, async (page) => { await page.getByText('transfer_to_human_agents').waitFor(); await page.getByRole('link', { name: '$0.2696' }).hover(); await page.getByRole('tooltip').waitFor(); }],
  ['range', `/sessions?${week}`, async (page) => { await listed(page); await page.getByRole('button', { name: /9 – 15 Nov/ }).click(); }],
  ['columns', `/sessions?${week}`, async (page) => { await listed(page); await page.getByRole('button', { name: 'Columns' }).click(); }],
  ['chart', `/sessions?${week}&view=chart&measure=cost`, async (page) => { await page.getByRole('img', { name: /Cost per 2h by agent/ }).waitFor(); await page.getByRole('table').getByRole('button', { name: 'research-crew' }).waitFor(); }],
  ['traces', `/traces?${week}&order=-cost`, async (page) => { await listed(page); }],
  ['spans', `/spans?${week}&filter=status=error`, async (page) => { await listed(page); await page.keyboard.press('j'); await page.keyboard.press('Space'); await page.locator('.panel .sec').nth(2).waitFor(); }],
  ['palette', `${skyline}&open=s01856`, async (page) => { await listed(page); await page.keyboard.press('Control+k'); await page.keyboard.type('s01856'); await page.getByRole('option', { name: /skyline-support/ }).first().waitFor(); }],
  ['palette-all', `/sessions?${week}`, async (page) => { await listed(page); await page.keyboard.press('Control+k'); await page.getByRole('option', { name: /Agent ledger-analyst/ }).waitFor(); }],
  ['keys', `/sessions?${week}`, async (page) => { await listed(page); await page.keyboard.press('?'); await page.getByRole('dialog').waitFor(); }],
  ['settings', '/settings', async (page) => { await page.getByText('Addresses').waitFor(); await page.getByText('bearer token').waitFor(); }],
  ['intake', '/settings/intake', async (page) => { await page.getByText('house-70b').first().waitFor(); }],
  ['audit', '/settings/audit', async (page) => { await page.getByText('key.create').waitFor(); }],
  ['missing', '/nowhere', async (page) => { await page.getByText('Nothing lives').waitFor(); }],
];

looks(pages.map(([name, path, ready]) => [name, path, 1440, ready]), test, { noise: /40[04]/ });
looks([
  ['list-390', skyline, 390, listed],
  ['narrow-390', skyline, 390, async (page) => { await listed(page); await page.getByRole('button', { name: 'Narrow down' }).click(); }],
], test);
test('log-in looks right and has no fault in both themes', async ({ go, page }) => {
  await page.route('**/api/v1/me', (route) => route.fulfill({ status: 401, json: { error: { code: 'denied', message: 'Log in first.' } } }));
  await go('/');
  await page.getByLabel('Password').waitFor();
  await looked(page, 'login');
}, { server: 'login', noise: /401/ });
for (const [name, path, word] of [['people', '/settings/people', 'Users of the organisation'], ['you', '/settings/me', 'Where you are logged in'], ['join', '/join#abc', 'You become member of demo.']]) {
  test(`${name} looks right and has no fault in both themes`, async ({ go, page, context, base }) => {
    if (name !== 'join') await context.request.post(`${base}/api/v1/login`, { data: { email: 'ines@example.com', password: 'correct horse battery' } });
    await go(path);
    await page.getByText(word).waitFor();
    await looked(page, name);
  }, { server: 'login', noise: /401/ });
}
test('the first run looks right and has no fault in both themes', async ({ go, page }) => {
  await page.route('**/api/v1/me', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), ever_received: false } });
  });
  await page.route('**/api/v1/sessions?*', (route) => route.fulfill({ json: { sessions: [], next_cursor: null, stats: { rows_read: 0, elapsed_ms: 1, newest_ms_ago: null } } }));
  await page.route('**/api/v1/books', (route) => route.fulfill({ json: { received: 0, refused: 2, quarantined: 0, journal: 0, stored: 0, duplicate: 0, merged: 0, last_refusals: [{ at: '2026-11-12T10:42:31Z', path: 'POST /v1/traces', status: 415, message: 'The body was Thrift. Pawl reads OTLP as protobuf or JSON.' }, { at: '2026-11-12T10:42:07Z', path: 'POST /v1/traces', status: 401, message: 'No key came with it. Add the second export line, then start the agent again.' }] } }));
  await go('/');
  await page.getByText('The body was Thrift').waitFor();
  await looked(page, 'first-run');
});
