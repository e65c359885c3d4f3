// The first run: lines to paste, refusals with what to do, the first span arriving by itself.
import { assert, eventually, real } from './harness.mjs';

real('shows the lines with the own address, for each SDK, and copies them', async ({ go, page, base }) => {
  await go('/');
  await page.getByRole('heading', { name: 'Send the first span' }).waitFor();
  assert.match(await page.locator('#guide').textContent(), new RegExp(`OTEL_EXPORTER_OTLP_ENDPOINT=${base.replace(/[.:/]/g, '\\$&')}|OTEL_EXPORTER_OTLP_ENDPOINT=http`));
  for (const name of ['Langfuse SDK', 'LangSmith SDK', 'OpenAI Agents', 'LangGraph', 'Claude Code', 'curl', 'OpenTelemetry']) {
    await page.getByRole('tab', { name }).click();
    await page.getByRole('tabpanel', { name }).waitFor();
  }
  await page.keyboard.press('c');
  await page.getByText('Copied').waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^export OTEL_EXPORTER_OTLP_ENDPOINT=/);
}, { server: 'empty' });

real('shows what was refused, and what to do', async ({ go, page, base }) => {
  await go('/');
  await page.getByText('What has reached Pawl').waitFor();
  await fetch(`${base}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/thrift' }, body: 'x' });
  await page.getByText('POST /v1/traces').first().waitFor();
}, { server: 'first' });

real('sees the first span arrive and opens its session', async ({ go, page }) => {
  await go('/');
  await page.getByText('Waiting for the first span').waitFor();
  await page.getByRole('tab', { name: 'curl' }).click();
  const lines = await page.locator('#guide pre').first().textContent();
  const address = /curl (\S+)/.exec(lines)[1];
  const body = /-d '([\s\S]*)'$/.exec(lines)[1];
  const answer = await fetch(address, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  assert.equal(answer.status, 200);
  await page.waitForURL(/\/sessions\/hello-/);
  await go('/sessions');
  await eventually(async () => assert.match(await page.locator('.r').first().textContent(), /Where is my order/));
}, { server: 'first' });

real('with log-in, a key is made on a click and put into the lines', async ({ go, page, context, base }) => {
  await context.request.post(`${base}/api/v1/login`, { data: { email: 'ines@example.com', password: 'correct horse battery' } });
  await page.route('**/api/v1/me', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), ever_received: false } });
  });
  await page.route('**/api/v1/sessions?*', (route) => route.fulfill({ json: { sessions: [], next_cursor: null, stats: { rows_read: 0, elapsed_ms: 1, newest_ms_ago: null } } }));
  await page.route('**/api/v1/live*', (route) => route.abort());
  await page.route('**/api/v1/books', (route) => route.fulfill({ json: { received: 0, refused: 0, quarantined: 0, journal: 0, stored: 0, duplicate: 0, merged: 0, last_refusals: [] } }));
  await go('/');
  await page.getByRole('button', { name: 'Make a key and put it in' }).click();
  await eventually(async () => assert.match(await page.locator('#guide pre').first().textContent(), /Bearer pawl_sk_\w{8}/));
}, { server: 'login', noise: /401|ERR_FAILED/ });
