// Alerts: what fires with its evidence, rules as sentences tried before they are saved, channels, silences, history.
import { assert, eventually, looked, looks, test as always } from './harness.mjs';

/** The mock's rules and firings; a real server has its own (tests/system has its API). */
const test = process.env.PAWL_URL ? () => {} : always;
const query = (page) => new URL(page.url()).searchParams;
const evidence = (page) => page.getByRole('complementary', { name: 'Evidence' });
const rowOf = (page, text) => page.getByRole('row').filter({ hasText: text });

test('what fires stands first with its evidence; another is chosen by key, and the address says which', async ({ go }) => {
  const page = await go('/alerts');
  await page.getByRole('heading', { name: '2 instances firing' }).waitFor();
  await evidence(page).getByText('$5.10, 2.7× the $1.89 of before.').waitFor();
  const text = await evidence(page).textContent();
  assert.match(text, /100 % of the rise comes from agent_version=v13/);
  assert.match(text, /agent version v13.*100 %.*new/s);
  assert.match(text, /v13 was released at 12 Nov 10:00, 1 h 00 m before/);
  const cause = evidence(page).getByRole('link', { name: /cancel_reservation/ });
  assert.match(await cause.getAttribute('href'), /^\/spans\?filter=agent=skyline-support\+tool=cancel_reservation&from=2026-11-12T11:00:00Z/);
  await page.keyboard.press('j');
  await evidence(page).getByText('agent=orchard-orders').waitFor();
  await eventually(() => assert.match(query(page).get('alert'), /orchard-orders/));
  await page.keyboard.press('o');
  await rowOf(page, 'skyline-support').filter({ hasText: 'ok' }).waitFor();
  await eventually(() => assert.equal(query(page).get('all'), '1'));
});

test('at three in the morning: one click to the dearest run, one to before and now side by side, one to a budget', async ({ go }) => {
  const page = await go('/alerts');
  const panel = evidence(page);
  const runs = panel.getByRole('table', { name: 'Examples' });
  await eventually(async () => assert.match(await runs.textContent(), /Now.*\d+\.\d s.*\$0\.\d+.*Before.*\$0\.\d+/s));
  assert.match(await runs.getByRole('link').first().getAttribute('href'), /^\/traces\/[0-9a-f]{32}$/);
  assert.match(await panel.getByRole('link', { name: 'Set one of before beside one of now' }).getAttribute('href'), /^\/compare\?a=[0-9a-f]{32}&b=[0-9a-f]{32}$/);
  assert.equal(await panel.getByRole('link', { name: 'Its days on the dashboard' }).getAttribute('href'), '/dashboards/agent?filter=agent=skyline-support&from=2026-11-09&to=2026-11-16&alone=1');
  await panel.getByRole('link', { name: 'Set a budget' }).click();
  const form = page.getByRole('form', { name: 'Budget' });
  assert.equal(await form.getByLabel('Which agent').inputValue(), 'skyline-support');
  assert.equal(await form.getByLabel('Limit in USD').inputValue(), '7');
  await page.goBack();
  await runs.getByRole('link').first().click();
  await page.waitForURL(/\/traces\/[0-9a-f]{32}/);
});

test('a chart of a dashboard becomes a rule; the navigation counts what nobody has seen', async ({ go }) => {
  const page = await go('/dashboards/fleet?from=2026-11-09&to=2026-11-16&filter=team=customer-care');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Alerts 2 firing' }).waitFor();
  await page.getByRole('button', { name: 'More about Cost by team' }).click();
  await page.getByRole('link', { name: 'Alert on this' }).click();
  await page.waitForURL(/\/alerts\/rule\/new\?measure=cost&filter=team=customer-care&split=team$/);
  await page.getByRole('heading', { name: /have fired/ }).waitFor();
  assert.equal(await page.getByLabel('Kind').inputValue(), 'anomaly');
  assert.equal(await page.getByLabel('Split 1').inputValue(), 'team');
});

test('where nothing fires, what has fired last stands in its place', async ({ go, page }) => {
  await page.route('**/api/v1/alerts', async (route) => {
    const answer = await route.fetch();
    const said = await answer.json();
    await route.fulfill({ response: answer, json: { alerts: said.alerts.map((one) => ({ ...one, state: 'ok' })) } });
  });
  await go('/alerts');
  await page.getByRole('heading', { name: 'Nothing fires' }).waitFor();
  const last = page.getByRole('region', { name: 'What has fired last' });
  await last.getByRole('row').nth(1).waitFor();
  for (const row of await last.getByRole('row').allTextContents().then((all) => all.slice(1))) assert.match(row, /fired/);
  await looked(page, 'alerts-calm');
});

test('acknowledged by key, and it says by whom', async ({ go }) => {
  const page = await go('/alerts');
  await evidence(page).waitFor();
  await page.keyboard.press('a');
  await rowOf(page, 'Cost of skyline-support').getByText('seen by local').waitFor();
  assert.equal(await evidence(page).getByRole('button', { name: 'Acknowledge' }).count(), 0);
});

test('rules read as sentences; one is turned off; trouble is said', async ({ go }) => {
  const page = await go('/alerts/rules');
  await rowOf(page, 'Cost of agent=skyline-support is above $0.500, for 1 hour').waitFor();
  await rowOf(page, 'Error rate by agent is unusually high for the hour and day').waitFor();
  await rowOf(page, 'No score of this name came in 30 days.').getByText('trouble').waitFor();
  const slow = rowOf(page, 'Slow answers');
  await slow.getByText('off', { exact: true }).waitFor();
  await slow.getByRole('button', { name: 'Turn on' }).click();
  await slow.getByRole('button', { name: 'Turn off' }).waitFor();
});

test('a new rule is tried before it is saved, tried again when it is changed, and then watched', async ({ go }) => {
  const page = await go('/alerts');
  await evidence(page).waitFor();
  await page.keyboard.press('n');
  await page.waitForURL(/\/alerts\/rule\/new$/);
  const said = page.getByRole('heading', { name: /Would have fired \d+ times/ });
  await said.waitFor();
  const before = await said.textContent();
  await page.getByRole('img', { name: /Error rate over 7 days/ }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Watch it' }).isDisabled(), true);
  await page.getByLabel('Limit').fill('45 %');
  await page.getByLabel('Limit').press('Tab');
  await eventually(async () => assert.notEqual(await said.textContent(), before));
  await page.getByLabel('Limit').fill('many');
  await page.getByLabel('Limit').press('Tab');
  await page.getByText('“many” is no figure. Write it like 45 %.').waitFor();
  await page.getByLabel('Measure').selectOption('cost');
  await page.getByLabel('Filter').fill('agent=research-crew');
  await page.getByLabel('Filter').press('Tab');
  await page.getByLabel('Limit').fill('$1.5');
  await page.getByLabel('Limit').press('Tab');
  await page.getByRole('table', { name: 'When it would have fired' }).getByRole('link').first().waitFor();
  const link = page.getByRole('table', { name: 'When it would have fired' }).getByRole('link').first();
  assert.match(await link.getAttribute('href'), /^\/spans\?filter=agent=research-crew&from=2026-11-\d\dT/);
  await page.getByLabel('Name', { exact: true }).fill('Crew is dear');
  await page.getByRole('checkbox', { name: /care-oncall/ }).check();
  await page.keyboard.press('Control+s');
  await page.waitForURL(/\/alerts\/rule\/rule_/);
  await page.getByText('version 1', { exact: true }).waitFor();
  await page.getByLabel('Severity').selectOption('page');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('version 2', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.waitForURL(/\/alerts\/rules$/);
  await rowOf(page, 'Slow answers').waitFor();
  assert.equal(await rowOf(page, 'Crew is dear').count(), 0);
});

test('an anomaly shows the band of what was usual; a kind has its own words', async ({ go }) => {
  const page = await go('/alerts/rule/new?measure=cost&filter=agent=skyline-support');
  await page.getByRole('heading', { name: /Would have fired/ }).waitFor();
  await page.getByLabel('Kind').selectOption('anomaly');
  await page.getByText('The band is what was usual.').waitFor();
  assert.equal(await page.getByLabel('Limit').count(), 0);
  await page.getByLabel('Strictness').waitFor();
  await page.getByLabel('Kind').selectOption('burn');
  assert.equal(await page.getByLabel('Objective').inputValue(), '99 %');
});

test('the filter is completed and underlined as on the lists; an objective, escalation, dimensions to explain by', async ({ go }) => {
  const page = await go('/alerts/rule/new');
  await page.getByRole('heading', { name: /Would have fired/ }).waitFor();
  const bar = page.getByRole('combobox', { name: 'Filter' });
  await bar.fill('agent=sky');
  await page.getByRole('option', { name: /skyline-support/ }).click();
  await page.getByRole('button', { name: 'Edit agent=skyline-support' }).waitFor();
  await bar.fill('durration>1s');
  await bar.press('Enter');
  await page.getByRole('heading', { name: 'It cannot be tried so' }).waitFor();
  await page.getByRole('button', { name: 'duration', exact: true }).click();
  await page.getByRole('heading', { name: /have fired/ }).waitFor();
  for (const kind of ['stl', 'psi']) await page.getByLabel('Kind').selectOption(kind);
  assert.equal(await page.getByLabel('Distribution').inputValue(), 'model');
  assert.equal(await page.getByLabel('Measure').inputValue(), 'llm_calls');
  await page.getByLabel('Kind').selectOption('burn');
  await page.getByRole('combobox', { name: 'SLO' }).selectOption('skyline answers');
  assert.equal(await page.getByLabel('Measure').count(), 0);
  await page.getByRole('button', { name: 'Escalate' }).click();
  await page.getByLabel('Escalate after, step 1').selectOption('30m');
  await page.getByLabel('Escalate to, step 1').selectOption({ label: 'ops' });
  await page.getByLabel('Explain by 1').selectOption('agent_version');
  await page.getByLabel('Explain by 2').selectOption('tool');
  await page.getByLabel('Gather a message for').selectOption('2m');
  await page.getByLabel('Later messages every').selectOption('30m');
  await page.getByLabel('Incident', { exact: true }).selectOption('major');
  await page.getByLabel('Join an incident for').selectOption('12h');
  await page.getByLabel('Runbook').fill('https://wiki.example/burn');
  await page.getByLabel('Name', { exact: true }).fill('Answers burn');
  const [asked] = await Promise.all([page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/alerts/rules')), page.keyboard.press('Control+s')]);
  const said = asked.postDataJSON();
  assert.deepEqual([said.group_wait, said.group_interval, said.incident, said.incident_window], ['2m', '30m', 'major', '12h']);
  assert.deepEqual([said.kind, said.slo, said.escalate, said.explain, said.runbook], ['burn', 'skyline answers', [{ after: '30m', channel: 'ch_2' }], ['agent_version', 'tool'], 'https://wiki.example/burn']);
  assert.deepEqual(['above', 'measure', 'filter', 'distribution'].filter((name) => name in said), []);
  await page.waitForURL(/\/alerts\/rule\/rule_/);
});

test('what the server refuses is marked at its field', async ({ go, page }) => {
  await page.route('**/api/v1/alerts/backtest', async (route) => {
    if (!/Mars/.test(route.request().postData())) return route.fallback();
    await route.fulfill({ status: 400, json: { error: { code: 'invalid', message: 'There is no time zone Mars.' } } });
  });
  await page.route('**/api/v1/alerts/rules', async (route) => {
    if (route.request().method() !== 'POST') return route.fallback();
    await route.fulfill({ status: 400, json: { error: { code: 'invalid', message: '"strictness" must lie between 0.5 and 10; 1.6 is usual.' } } });
  });
  await go('/alerts/rule/new?measure=cost');
  await page.getByRole('heading', { name: /have fired/ }).waitFor();
  await page.getByLabel('Time zone').fill('Mars');
  await page.getByLabel('Time zone').press('Tab');
  await page.getByText('There is no time zone Mars.').waitFor();
  assert.equal(await page.getByLabel('Time zone').getAttribute('aria-invalid'), 'true');
  await page.getByLabel('Time zone').fill('');
  await page.getByLabel('Strictness').fill('50');
  await page.getByLabel('Name', { exact: true }).fill('x');
  await page.keyboard.press('Control+s');
  await page.getByText('“strictness” must lie between 0.5 and 10').waitFor();
  assert.equal(await page.getByLabel('Strictness').getAttribute('aria-invalid'), 'true');
}, { noise: /400/ });

test('a refusal stays beside the rule, with the last good picture', async ({ go, page }) => {
  await page.route('**/api/v1/alerts/backtest', async (route) => {
    if (!/durration/.test(route.request().postData())) return route.fallback();
    await route.fulfill({ status: 400, json: { error: { code: 'invalid', message: 'No dimension is called durration. Did you mean duration?' } } });
  });
  await go('/alerts/rule/new');
  await page.getByRole('heading', { name: /Would have fired/ }).waitFor();
  await page.getByLabel('Filter').fill('durration>1s');
  await page.getByLabel('Filter').press('Tab');
  await page.getByText('No dimension is called durration.').waitFor();
  await page.getByRole('heading', { name: 'It cannot be tried so' }).waitFor();
  await page.getByRole('img', { name: /Error rate over/ }).waitFor();
}, { noise: /400/ });

test('channels: a test says what came of it, what failed goes out again, a secret is shown once, a private address is refused', async ({ go }) => {
  const page = await go('/alerts/channels');
  const care = rowOf(page, 'care-oncall');
  await care.getByRole('button', { name: 'Send a test' }).click();
  await page.getByText('The test was taken.').waitFor();
  await rowOf(page, 'ops.example/pawl').getByRole('button', { name: 'Send a test' }).click();
  await page.getByText('The test was not taken: ops.example answered 503.').waitFor();
  await care.getByRole('button', { name: 'Send again' }).click();
  await eventually(async () => assert.equal(await care.getByRole('button', { name: 'Send again' }).count(), 0));
  const form = page.getByRole('form', { name: 'New channel' });
  await form.getByLabel('Name').fill('inner');
  await form.getByLabel('Address', { exact: true }).fill('http://169.254.169.254/');
  await form.getByRole('button', { name: 'Add it' }).click();
  await form.getByText('That address is private').waitFor();
  await form.getByLabel('Address', { exact: true }).fill('https://hooks.example/a');
  await form.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('The signing secret of inner is shown once').waitFor();
  await rowOf(page, 'hooks.example').getByRole('button', { name: 'Remove' }).click();
  await rowOf(page, 'hooks.example').getByRole('button', { name: 'Remove it' }).click();
  await eventually(async () => assert.equal(await rowOf(page, 'hooks.example').count(), 0));
}, { noise: /400/ });

test('a silence from a firing alert: pre-filled, with a reason, ended by hand; a weekly window', async ({ go }) => {
  const page = await go('/alerts');
  await evidence(page).getByRole('link', { name: 'Silence' }).click();
  const form = page.getByRole('form', { name: 'New silence' });
  assert.equal(await form.getByLabel('Value').inputValue(), 'Cost of skyline-support');
  await form.getByLabel('Why').fill('known, v14 is on its way');
  await form.getByRole('button', { name: 'Silence it' }).click();
  const row = rowOf(page, 'known, v14 is on its way');
  await row.getByText('rule=Cost of skyline-support').waitFor();
  await row.getByRole('button', { name: 'End it' }).click();
  await row.getByRole('button', { name: 'End it now' }).click();
  await row.getByText('ended').waitFor();
  await form.getByLabel('When').selectOption('weekly');
  await form.getByLabel('Value').fill('Slow answers');
  await form.getByLabel('Why').fill('batches');
  await form.getByRole('button', { name: 'Silence it' }).click();
  await rowOf(page, 'batches').getByText(/each sat, sun 02:00 – 04:00/).waitFor();
});

test('the history says what fired, for how much, and what became of telling it', async ({ go }) => {
  const page = await go('/alerts/history');
  await rowOf(page, 'is over').getByText('care-oncall failed after 10 tries').waitFor();
  await rowOf(page, 'agent=orchard-orders').getByText('care-oncall waiting after 2 tries').waitFor();
  await rowOf(page, 'still fires').getByText('$4.90').waitFor();
  await page.keyboard.press('2');
  await page.waitForURL(/\/alerts\/rules$/);
});

test('an empty project says what to do; a rule that is gone says so', async ({ go }) => {
  const page = await go('/alerts');
  await page.getByText('No rule watches anything yet.').waitFor();
  await page.getByRole('link', { name: 'Make the first rule' }).click();
  await page.waitForURL(/\/alerts\/rule\/new$/);
  await page.goto(new URL('/alerts/rule/rule_none', page.url()).href);
  await page.getByText('There is no rule rule_none.').waitFor();
}, { server: 'empty', noise: /404/ });

looks([['alerts', '/alerts', 1440], ['alert-rules', '/alerts/rules', 1440], ['alert-rule', '/alerts/rule/new?measure=cost', 1440], ['alert-channels', '/alerts/channels', 1440], ['alert-silences', '/alerts/silences', 1440], ['alert-history', '/alerts/history', 1440], ['alerts-320', '/alerts', 320], ['alert-rule-320', '/alerts/rule/new', 320]].map((one) => [...one, '.tbl tbody tr:visible, .time canvas, .few button:visible']), test);
