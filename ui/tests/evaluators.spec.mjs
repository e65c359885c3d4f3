// Evaluators: written as text, tried on past traces before they are kept, versioned; a mistake is said.
import { assert, eventually, test as always } from './harness.mjs';
import { looks } from './faults.mjs';

const staged = process.env.PAWL_URL ? () => {} : always;
const query = (page) => new URL(page.url()).searchParams;

staged('evaluators are written, tried on past traces, kept and changed', async ({ go, page }) => {
  await go('/evaluators');
  await page.getByText('What an evaluator can be').waitFor();
  await page.keyboard.press('n');
  const text = page.getByLabel('Evaluators, TOML');
  await text.fill('[[evaluator]]\nname = "short"\nkind = "stepz"\nmost = 2\n');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('alert').getByText('no kind is called stepz').waitFor();
  await text.fill('[[evaluator]]\nname = "short"\nkind = "steps"\nmost = 2\n');
  await page.getByText('not tried as it stands').waitFor();
  await page.getByRole('button', { name: 'Add a kind' }).click();
  await page.getByRole('button', { name: /no_secrets/ }).click();
  assert.match(await text.inputValue(), /kind = "no_secrets" {2}# neither output/);
  await page.getByLabel('Which traces').fill('agent=skyline-support');
  await page.keyboard.press('Control+Enter');
  await page.getByText('20 traces tried').waitFor();
  assert.equal(query(page).get('filter'), 'agent=skyline-support');
  const first = page.getByRole('grid').getByRole('row').nth(1);
  await first.getByText('fail').first().waitFor();
  assert.match(await first.textContent(), /calls, at most 2|bearer token/);
  assert.equal(await page.getByText('not tried as it stands').count(), 0);
  await page.getByLabel('Name', { exact: true }).fill('browser-own');
  await page.keyboard.press('Control+s');
  await page.getByText('browser-own saved: version 1').waitFor();
  await eventually(() => assert.equal(new URL(page.url()).pathname, '/evaluators/browser-own'));
  await text.fill('[[evaluator]]\nname = "short"\nkind = "steps"\nmost = 4\n');
  await page.getByRole('button', { name: /^Save/ }).click();
  await page.getByText('version 2', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('button', { name: 'Remove it for good' }).click();
  await page.getByText('What an evaluator can be').waitFor();
  await eventually(async () => assert.equal(await page.getByRole('link', { name: 'browser-own' }).count(), 0));
}, { noise: /400/ });

looks([
  ['evaluators', '/evaluators', (page) => page.getByRole('link', { name: 'refunds' }).waitFor()],
  ['evaluators-tried', '/evaluators/refunds?filter=agent=skyline-support', async (page) => {
    await eventually(async () => assert.match(await page.getByLabel('Evaluators, TOML').inputValue(), /steps/));
    await page.getByRole('button', { name: /^Try/ }).click();
    await page.getByText('20 traces tried').waitFor();
  }],
]);
