// Stories of people, played: every click and every key that is pressed is counted (a word that is typed is one), and printed beside the best tool of today, whose figures are counted from its documentation.
import { assert, eventually, listed, test as always, week } from './harness.mjs';

const staged = process.env.PAWL_URL ? () => {} : always;

/** Hands that are counted. */
function hands(page) {
  let acts = 0;
  const began = Date.now();
  return {
    press: (key) => (acts++, page.keyboard.press(key)),
    type: (text) => (acts++, page.keyboard.type(text)),
    click: (locator) => (acts++, locator.click()),
    /** Prints, and holds it against what was aimed at. */
    done(number, words, best, aim) {
      console.log(`     story ${number}, ${words}: ${acts} clicks and keys, ${((Date.now() - began) / 1000).toFixed(1)} s without reading; the best of today ${best}; aimed at ${aim}`);
      assert.ok(acts <= aim, `${acts} clicks and keys`);
    },
  };
}
const details = (page) => page.getByRole('complementary', { name: 'Details' });

staged('story 1: 3 a.m., the cost spikes: which agent, why, and a limit', async ({ go }) => {
  const page = await go('/alerts');
  const panel = page.getByRole('complementary', { name: 'Evidence' });
  await panel.getByText('100 % of the rise comes from agent_version=v13').first().waitFor();
  const one = hands(page);
  await one.click(panel.getByRole('link', { name: 'Set a budget' }));
  const form = page.getByRole('form', { name: 'Budget' });
  assert.equal(await form.getByLabel('Name').inputValue(), 'skyline-support a day');
  assert.ok(Number((await form.getByLabel('Limit in USD').inputValue()).replace('$', '')) > 0);
  await one.click(form.getByRole('button', { name: 'Watch it' }));
  const row = page.getByRole('row').filter({ hasText: 'skyline-support a day' });
  await row.waitFor();
  one.done(1, 'agent, version and cause stand in the evidence; a budget of its usual day, which warns and stops nothing', 'Langfuse 12 to 15 · 10–20 min', 3);
  await row.getByRole('button', { name: 'Remove' }).click();
  await row.getByRole('button', { name: 'Remove it' }).click();
  await row.waitFor({ state: 'detached' });
});

staged('story 2: the bot lied to me yesterday, with a user id', async ({ go }) => {
  const page = await go(`/sessions?${week}`);
  await listed(page);
  const one = hands(page);
  await one.press('/');
  await one.type('user=u207 ');
  await eventually(async () => assert.match(await page.locator('.status').textContent(), /^1?\d sessions?/));
  await one.click(page.locator('[role="grid"] .r[aria-selected]').filter({ hasText: '12 Nov 20:36' }).first());
  await page.getByRole('complementary', { name: /Details of/ }).getByText('book_reservation').first().waitFor();
  await one.click(page.getByRole('complementary', { name: /Details of/ }).getByRole('link', { name: /^book_reservation/ }).first());
  await details(page).getByText('payment amount does not add up').first().waitFor();
  one.done(2, 'the tool’s answer behind a wrong sentence', 'LangSmith 8 · 5 min', 4);
});

staged('story 3: it ran and failed; the first wrong step', async ({ go }) => {
  const page = await go('/sessions/s01856');
  await page.getByRole('treeitem').first().waitFor();
  const one = hands(page);
  await one.press('e');
  await details(page).getByText('payment amount does not add up').first().waitFor();
  await one.press('c');
  await page.locator('.pair[aria-current="step"]').waitFor();
  one.done(3, 'the first error, then where it parts from the last good run', 'Laminar 6 · 10–30 min', 2);
});

staged('story 4: yesterday good, today bad: what changed', async ({ go }) => {
  const page = await go(`/sessions?filter=agent=skyline-support&${week}`);
  await listed(page);
  const one = hands(page);
  await one.press('Shift+J');
  await page.getByText('2 chosen').waitFor();
  await one.press('c');
  await page.getByText('Before it began').waitFor();
  await page.getByText('First divergence').first().waitFor();
  one.done(4, 'model, version, prompt, and the first divergence', 'MLflow 6 · 15 min', 3);
});

staged('story 6: a failure becomes a test', async ({ go }) => {
  const page = await go('/sessions/s01856');
  await page.getByRole('treeitem').first().waitFor();
  const one = hands(page);
  await one.press('a');
  const dialog = page.getByRole('dialog', { name: 'Add to a dataset' });
  await eventually(async () => assert.ok(await dialog.getByRole('button', { name: /^Add the case/ }).isEnabled()));
  await one.press('Control+Enter');
  await page.getByText(/1 case added to /).waitFor();
  one.done(6, 'looked at and added to the dataset of last time', 'Opik 6 · 5 min', 2);
});

staged('story 8: cost by team and by solved task, a month beside the one before, as PDF', async ({ go }) => {
  const page = await go('/reports?tz=UTC');
  await page.getByRole('article').waitFor();
  const one = hands(page);
  await one.click(page.getByRole('group', { name: 'Of a' }).getByRole('button', { name: 'Month' }));
  const report = page.getByRole('article');
  await report.getByRole('columnheader', { name: 'The month before' }).first().waitFor();
  assert.match(await report.textContent(), /Cost per solved task/);
  await report.getByRole('link', { name: 'customer-care' }).waitFor();
  await one.click(page.getByRole('button', { name: 'Keep it' }));
  await page.waitForURL(/\/reports\/kept$/);
  const opened = page.waitForEvent('popup');
  await one.click(page.getByRole('row').filter({ hasText: 'hand' }).first().getByRole('link', { name: 'PDF' }));
  const pdf = await opened;
  assert.match(pdf.url(), /\/api\/v1\/reports\/[^/]+\?format=pdf/);
  await pdf.close();
  one.done(8, 'cost by team and by solved task beside the month before', 'LiteLLM and a spreadsheet 10 · 120 min', 4);
});
