// Experiments: how they stand, one of them, two or more beside each other down to the span that decided.
import { assert, eventually, real, test as always } from './harness.mjs';
import { looks } from './faults.mjs';

const staged = process.env.PAWL_URL ? () => {} : always;
const query = (page) => new URL(page.url()).searchParams;
const rowOf = (page, text) => page.getByRole('grid').getByRole('row').filter({ hasText: text });
const pair = '/experiments/compare?baseline=v12&candidate=v13';

staged('the list says how each stands; two chosen are compared, the older as baseline', async ({ go, page }) => {
  await go('/experiments');
  await rowOf(page, 'v14').getByText('running').waitFor();
  await rowOf(page, 'v13').getByText('skyline-regression v1').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.getByText('2 chosen').waitFor();
  assert.equal(query(page).get('pick'), 'exp_v13,exp_v12');
  await page.keyboard.press('c');
  await page.getByText(/v13 is worse than v12/).waitFor();
  assert.equal(query(page).get('baseline'), 'exp_v12');
  assert.equal(query(page).get('candidate'), 'exp_v13');
});

staged('one experiment: figures explain themselves, failing cases first, a trial with output, calls and trace', async ({ go, page }) => {
  await go('/experiments/v13');
  await rowOf(page, 'sky-').first().waitFor();
  const solved = page.getByRole('button', { name: /^\d+(\.\d)? %$/ }).first();
  await solved.hover();
  await page.getByRole('tooltip').getByText('pass^5').waitFor();
  await page.getByRole('tooltip').getByText('95 % interval').waitFor();
  await page.mouse.move(5, 400);
  await page.keyboard.press('f');
  await eventually(() => assert.equal(query(page).get('show'), 'failing'));
  await page.keyboard.press('n');
  await page.keyboard.press('Enter');
  const panel = page.getByRole('complementary', { name: /^Case sky-/ });
  await panel.getByText('eligible to cancel it for a full refund').waitFor();
  await page.keyboard.press('.');
  await eventually(() => assert.notEqual(query(page).get('trial'), null));
  const before = query(page).get('case');
  await page.keyboard.press('j');
  await eventually(() => assert.notEqual(query(page).get('case'), before));
  assert.match(await panel.getByRole('link', { name: /Open the trace/ }).getAttribute('href'), /^\/traces\/[0-9a-f]{32}$/);
  await page.keyboard.press('Escape');
  await eventually(() => assert.equal(query(page).get('case'), null));
});

staged('what runs goes on by itself', async ({ go, page, context, base }) => {
  await go('/experiments/v14');
  await page.getByRole('progressbar').waitFor();
  await page.getByText(/60 of 150 trials/).waitFor();
  const now = await (await context.request.get(`${base}/api/v1/experiments/v14`)).json();
  await page.route('**/api/v1/experiments/v14', (route) => route.fulfill({ json: { ...now, trials: 75, seconds_left: 70 } }));
  await page.getByText(/75 of 150 trials/).waitFor();
  await page.unroute('**/api/v1/experiments/v14');
  await page.route('**/api/v1/experiments/v14', (route) => route.fulfill({ json: { ...now, trials: 150, state: 'done', seconds_left: null } }));
  await eventually(async () => assert.equal(await page.getByRole('progressbar').count(), 0));
});

staged('compared: verdict and intervals, a count narrows, numbers explain themselves', async ({ go, page }) => {
  await go(pair);
  const metrics = page.getByRole('region', { name: 'Metrics' });
  await metrics.getByRole('row').filter({ hasText: 'solved' }).getByText('worse', { exact: true }).waitFor();
  await metrics.getByRole('img', { name: /points, between/ }).first().waitFor();
  await metrics.getByRole('row').filter({ hasText: 'solved' }).getByRole('button', { name: /points/ }).hover();
  await page.getByRole('tooltip').getByText('One-sided 95 % bounds').waitFor();
  await page.getByRole('tooltip').getByText('trials of one case are averaged first').waitFor();
  await page.mouse.move(5, 5);
  const first = await page.getByRole('grid').getByRole('row').nth(1).textContent();
  assert.match(first, /new failure|regressed/);
  const chip = page.getByRole('group', { name: 'Findings' }).getByRole('button', { name: /^regressed/ });
  const many = Number(/\d+/.exec(await chip.textContent())[0]);
  assert.ok(many > 0);
  await chip.click();
  await eventually(async () => assert.equal(await page.getByRole('grid').getByRole('row').count(), many + 1));
  assert.equal(query(page).get('show'), 'regressed');
  await page.goBack();
  await eventually(() => assert.equal(query(page).get('show'), null));
  await metrics.getByLabel('Role of tone').selectOption('quality');
  await eventually(() => assert.equal(query(page).get('quality'), 'solved,tone'));
  assert.equal(query(page).get('safety'), 'no_leak');
  await page.getByLabel('Margin').selectOption('0.1');
  await eventually(() => assert.equal(query(page).get('margin'), '0.1'));
  await metrics.getByRole('button', { name: '1 new failure' }).click();
  await eventually(async () => assert.equal(await page.getByRole('grid').getByRole('row').count(), 2));
  await page.getByRole('tab', { name: /Slices/ }).click();
  await page.getByRole('region', { name: 'Slices' }).getByRole('button', { name: 'cancel' }).click();
  await eventually(() => assert.equal(query(page).get('slice'), 'cancel'));
  await page.getByRole('tab', { name: 'In CI' }).click();
  await page.getByText('pawl gate --baseline v12 --candidate v13 --quality solved --safety no_leak').waitFor();
});

staged('compared by keys: n finds what got worse, Enter opens it, o goes to the span that decided', async ({ go, page }) => {
  await go(pair);
  await rowOf(page, 'regressed').first().waitFor();
  await page.keyboard.press('n');
  await page.keyboard.press('n');
  await page.keyboard.press('Enter');
  const panel = page.getByRole('complementary', { name: /^Case sky-/ });
  await panel.getByText('First divergence', { exact: true }).waitFor();
  const one = query(page).get('case');
  assert.ok((await panel.locator('.out mark').count()) > 0, 'what differs in the output is marked');
  await page.keyboard.press('n');
  await eventually(() => assert.notEqual(query(page).get('case'), one));
  await page.keyboard.press('p');
  await eventually(() => assert.equal(query(page).get('case'), one));
  const strip = panel.getByRole('group', { name: /trials? passed/ });
  await strip.nth(1).getByRole('button').nth(3).click();
  assert.equal(query(page).get('ct'), '3');
  await strip.nth(1).getByRole('button').nth(0).click();
  await go(`${pair}&case=${one}`);
  await panel.getByText('Decided by').waitFor();
  await page.keyboard.press('o');
  await eventually(() => assert.match(page.url(), /\/traces\/[0-9a-f]{32}\?span=[0-9a-f]{16}/));
}, { noise: /404/ });

staged('three beside each other: a strip each, the one in front is counted; sides swap', async ({ go, page }) => {
  await go('/experiments/compare?baseline=v12&candidate=v13,v11');
  await page.getByText(/v13 is worse than v12/).waitFor();
  assert.equal(await page.getByRole('grid').getByRole('row').nth(1).getByRole('img', { name: /passed/ }).count(), 3);
  await page.getByRole('group', { name: 'Candidate in front' }).getByRole('button', { name: 'v11' }).click();
  await page.getByText(/v11 .*v12/).first().waitFor();
  assert.equal(query(page).get('with'), '1');
  await go(pair);
  await page.getByText(/v13 is worse than v12/).waitFor();
  await page.keyboard.press('s');
  await page.getByText(/v12 is better than v13/).waitFor();
});

staged('nothing to compare, and nothing yet, say what to do', async ({ go, page }) => {
  await go('/experiments/compare');
  await page.getByText('Choose experiments to compare').waitFor();
  await page.route('**/api/v1/experiments?*', (route) => route.fulfill({ json: { experiments: [], total: 0 } }));
  await go('/experiments');
  await page.getByText('No experiment yet').waitFor();
  await page.getByText('pawl eval run').waitFor();
});

/** Against a server that keeps them: what the page shows is what `pawl gate` would say. */
if (process.env.PAWL_URL) {
  real('two experiments of this server: the gate’s verdict, cases that fell first, the calls to the first divergence', async ({ go, page, context, base }) => {
    const api = `${base}/api/v1`;
    const own = `browser-${process.pid}`;
    const send = async (path, body, type = 'application/json') => {
      const answer = await context.request.post(api + path, { data: typeof body === 'string' ? Buffer.from(body) : body, headers: { 'content-type': type } });
      assert.ok(answer.ok(), `${path}: ${await answer.text()}`);
      return answer.json();
    };
    const ids = Array.from({ length: 24 }, (_, i) => `c${String(i).padStart(2, '0')}`);
    await send(`/datasets/${own}/import`, ids.map((id) => JSON.stringify({ id, input: `Cancel ${id}`, expected: 'no' })).join('\n'), 'application/octet-stream');
    const names = [`${own}-a`, `${own}-b`];
    for (const [k, name] of names.entries()) {
      const { id } = await send('/experiments', { name, dataset: own, dataset_version: '1', planned: 72 });
      const rows = ids.flatMap((one, i) => [0, 1, 2].map((trial) => ({ case: one, trial, trial_id: `${name}-${i}-${trial}`, status: 'ok', scores: { solved: k === 0 || i % 2 === 0 }, cost_usd: '0.01', latency_ms: 900, output: k === 0 || i % 2 === 0 ? 'It cannot be cancelled.' : 'It is cancelled.', trajectory: [{ name: 'look_up', arguments: { id: one } }, ...(k === 0 || i % 2 === 0 ? [] : [{ name: 'cancel', arguments: { id: one } }])] })));
      await send(`/experiments/${id}/trials`, rows.map((row) => JSON.stringify(row)).join('\n'), 'application/x-ndjson');
      await send(`/experiments/${id}/end`, { state: 'done' });
    }
    await go(`/experiments?dataset=${own}`);
    await rowOf(page, names[0]).waitFor();
    await page.getByLabel(`Choose ${names[1]}`).check();
    await page.getByLabel(`Choose ${names[0]}`).check();
    await page.getByRole('link', { name: /Compare/ }).click();
    await page.getByText(`${names[1]} is worse than ${names[0]} on solved: 50 % against 100 %`).waitFor();
    await page.getByRole('group', { name: 'Findings' }).getByRole('button', { name: /^(regressed|fell) 12/ }).waitFor();
    await page.keyboard.press('n');
    await page.keyboard.press('Enter');
    const panel = page.getByRole('complementary', { name: /^Case c/ });
    await panel.getByText('cancel was not called before').waitFor();
    assert.ok((await panel.locator('.out mark').count()) > 0);
    await page.getByRole('tab', { name: 'In CI' }).click();
    await page.getByText(/pawl gate --baseline experiment:/).first().waitFor();
  });
}

const regressed = (page) => page.getByRole('complementary').filter({ hasText: 'First divergence' }).waitFor();
looks([
  ['experiments', '/experiments?pick=exp_v13,exp_v12', (page) => rowOf(page, 'v11').waitFor()],
  ['experiment', '/experiments/v13', (page) => rowOf(page, 'sky-').first().waitFor()],
  ['experiment-running', '/experiments/v14', (page) => rowOf(page, 'sky-').first().waitFor()],
  ['experiment-case', '/experiments/v13?case=sky-09', (page) => page.getByRole('complementary').getByText('First divergence').waitFor()],
  ['compared', pair, (page) => rowOf(page, 'regressed').first().waitFor()],
  ['compared-case', `${pair}&case=sky-17`, regressed],
  ['compared-slices', `${pair}&tab=slices`, (page) => page.getByRole('region', { name: 'Slices' }).getByRole('button', { name: 'cancel' }).waitFor()],
  ['compared-ci', `${pair}&tab=ci`, (page) => page.getByText('How it ends').waitFor()],
  ['compared-three', '/experiments/compare?baseline=v12&candidate=v13,v11', (page) => rowOf(page, 'sky-').first().waitFor()],
]);
