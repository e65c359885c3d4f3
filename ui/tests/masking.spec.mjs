// What is hidden before it is stored: kinds, own patterns tried on a text first; what is sealed is revealed by those who may.
import { assert, eventually, looked, test as always } from './harness.mjs';

const staged = process.env.PAWL_URL ? () => {} : always;

staged('kinds are kept, masked or sealed; a pattern is tried before it is added', async ({ go }) => {
  const page = await go('/settings');
  const card = page.getByLabel('a payment card: what is done');
  await card.selectOption('dual');
  await page.getByText('From now on masked, original sealed: a payment card').waitFor();
  await page.getByRole('form', { name: 'New pattern' }).getByLabel('Name').fill('customer');
  await page.getByRole('textbox', { name: 'Pattern, a regular expression' }).fill('CUST-[0-9]{6}');
  await page.getByRole('textbox', { name: 'Text to try it on' }).fill('Ask CUST-123456 about sk-abcdefgh1234.');
  await page.getByRole('button', { name: 'See what is hidden' }).click();
  await page.getByText('Ask *********** about ***************.').waitFor();
  await page.getByText('2 places: customer, model_key').waitFor();
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('CUST-[0-9]{6}').waitFor();
  await looked(page, 'masking');
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByText('None yet').waitFor();
  await card.selectOption('off');
});

staged('a pattern that is none is refused with its reason', async ({ go }) => {
  const page = await go('/settings');
  await page.getByRole('form', { name: 'New pattern' }).getByLabel('Name').fill('broken');
  await page.getByRole('textbox', { name: 'Pattern, a regular expression' }).fill('CUST-[0-9');
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByRole('alert').getByText('The pattern of broken is no regular expression.').waitFor();
}, { noise: /400/ });

staged('what is sealed is revealed at its step', async ({ go }) => {
  const page = await go('/sessions/crew-1');
  await page.getByRole('treeitem').filter({ hasText: 'notify' }).click();
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByText('1 text hidden here.').waitFor();
  await details.getByRole('button', { name: 'Reveal' }).click();
  await details.getByText('sent to mo@example.com').waitFor();
  await eventually(async () => assert.equal(await details.getByText('hidden here').count(), 0));
});
