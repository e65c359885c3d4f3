// For those who see no motion, no screen or no mouse: nothing moves by itself, what happens is told, the focus comes back, a story by keyboard alone.
import { assert, eventually, listed, test as always, week } from './harness.mjs';

/** The mock's data; what is proved is the page's own. */
const test = process.env.PAWL_URL ? () => {} : always;

const addresses = [
  `/sessions?${week}`, `/sessions?${week}&view=chart`, '/sessions/s01856', '/sessions/s01856?pane=flame', '/traces/swarm-t1?pane=graph', '/compare?a=sessions/crew-1&b=sessions/crew-2',
  `/dashboards/fleet?${week}`, `/costs?${week}`, '/costs/budgets', '/costs/bills', '/alerts', '/alerts/rules', '/alerts/rule/new', '/alerts/history', '/incidents', '/incidents/INC-7', '/slos',
  '/reports', '/reports/kept', '/reports/schedules', '/datasets', '/experiments', '/evaluators', '/scores', '/mentions', '/settings', '/settings/intake',
];
async function settled(page) {
  await page.locator('main').first().waitFor();
  await page.waitForLoadState('networkidle').catch(() => {});
  await page.waitForTimeout(300);
}
/** What an element or what stands before or after it would animate, and what is moving right now. */
const moving = () => [
  ...[...document.querySelectorAll('*')].flatMap((one) => [null, '::before', '::after'].filter((part) => {
    const style = getComputedStyle(one, part);
    return style.animationName !== 'none' || style.transitionDuration.split(', ').some((time) => parseFloat(time) > 0) || style.scrollBehavior === 'smooth';
  }).map((part) => `${one.tagName}.${one.className}${part ?? ''}`)),
  ...document.getAnimations().map((one) => `running: ${one.constructor.name}`),
];

test('with reduced motion nothing moves by itself', async ({ go, page }) => {
  await page.addInitScript(() => {
    window.smooth = [];
    for (const name of ['scrollTo', 'scrollBy', 'scroll', 'scrollIntoView', 'animate']) {
      const plain = Element.prototype[name];
      Element.prototype[name] = function (...said) {
        if (name === 'animate' || said.some((one) => one?.behavior === 'smooth')) window.smooth.push(`${name} of ${this.className}`);
        return plain.apply(this, said);
      };
    }
  });
  for (const address of addresses) {
    await go(address);
    await settled(page);
    assert.deepEqual(await page.evaluate(moving), [], address);
    const styled = await page.evaluate(() => new Promise((done) => {
      const seen = [];
      const watch = new MutationObserver((all) => seen.push(...all.map((one) => `${one.target.tagName}.${one.target.className}`)));
      watch.observe(document.body, { subtree: true, attributes: true, attributeFilter: ['style', 'transform', 'd'] });
      setTimeout(() => { watch.disconnect(); done(seen); }, 400);
    }));
    assert.deepEqual(styled, [], `${address}: moves while nobody does anything`);
    assert.deepEqual(await page.evaluate(() => window.smooth), [], address);
  }
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  await go('/sessions/s01856');
  await settled(page);
  assert.ok((await page.evaluate(moving)).length, 'who wants motion has it: else this test sees nothing');
});

const told = (page, words) => eventually(async () => assert.ok((await page.locator('[role="status"]').allTextContents()).some((text) => words.test(text)), `nothing is told like ${words}`));

test('a page that opens in place is told by its title, the answer to a filter by its count', async ({ go, page }) => {
  await go(`/sessions?${week}`);
  await listed(page);
  await page.keyboard.press('/');
  await page.keyboard.type('user=u207 ');
  await told(page, /^1?\d sessions?$/);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Costs' }).click();
  await told(page, /^Cost/);
  await page.goBack();
  await told(page, /^Sessions/);
});

test('what is copied is told, also inside a dialog', async ({ go, page }) => {
  await go('/sessions/s01856');
  await page.getByRole('treeitem').first().waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('copy the address');
  await page.getByRole('option', { name: /Copy the address/ }).first().waitFor();
  await page.keyboard.press('Enter');
  await told(page, /copied/i);
  await page.keyboard.press('Shift+S');
  const dialog = page.locator('dialog[open]');
  await dialog.getByRole('button', { name: 'Make a link' }).click();
  await dialog.getByRole('button', { name: /Copy/ }).first().click();
  await eventually(async () => assert.ok((await dialog.getByRole('status').allTextContents()).some((text) => /copied/i.test(text))));
});

for (const address of [`/sessions?${week}`, '/sessions/s01856', `/dashboards/fleet?${week}`, `/costs?${week}`, '/datasets', '/settings']) {
  test(`menus and dialogs of ${address.split('?')[0]} open and close by keys, and give the focus back`, async ({ go, page }) => {
    await go(address);
    await settled(page);
    const buttons = page.locator('main button[aria-haspopup]:visible:not([disabled])');
    const names = [];
    for (let i = 0; i < Math.min(await buttons.count(), 12); i++) {
      const button = buttons.nth(i);
      names.push(await button.evaluate((one) => one.getAttribute('aria-label') || one.textContent.trim()));
      await button.focus();
      await page.keyboard.press('Enter');
      await page.locator('dialog[open], [role="dialog"]:visible, [role="menu"]:visible').first().waitFor();
      await eventually(async () => assert.ok(await page.evaluate(() => !!document.activeElement.closest('dialog, [role="dialog"], [role="menu"]')), `${names[i]}: the focus is not in what has opened`), 5_000);
      await page.keyboard.press('Escape');
      await page.locator('dialog[open], [role="dialog"]:visible, [role="menu"]:visible').first().waitFor({ state: 'detached' });
      await eventually(async () => assert.ok(await button.evaluate((one) => document.activeElement === one), `${names[i]}: the focus is gone`), 5_000);
    }
    if (!/settings|datasets/.test(address)) assert.ok(names.length, 'there is a menu');
  });
}

test('story 1 by keyboard alone: from what fires to a budget', async ({ go, page }) => {
  await go('/alerts');
  await page.getByRole('complementary', { name: 'Evidence' }).getByText('100 % of the rise comes from agent_version=v13').first().waitFor();
  const at = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') || document.activeElement?.textContent?.trim() || '');
  async function tabTo(words, most) {
    for (let i = 0; i < most; i++) {
      await page.keyboard.press('Tab');
      if (words.test(await at())) {
        assert.ok(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== 'none' && document.activeElement.getBoundingClientRect().height > 0), 'the focus is seen');
        return i + 1;
      }
    }
    assert.fail(`${words} is not within ${most} tabs; the focus is on “${await at()}”`);
  }
  await tabTo(/^Past the navigation$/, 1);
  await page.keyboard.press('Enter');
  await tabTo(/^Set a budget/, 30);
  await page.keyboard.press('Enter');
  const form = page.getByRole('form', { name: 'Budget' });
  await form.waitFor();
  await told(page, /Cost|Budget/);
  assert.equal(await form.getByLabel('Name').inputValue(), 'skyline-support a day');
  await tabTo(/^Watch it/, 40);
  await page.keyboard.press('Enter');
  const row = page.getByRole('row').filter({ hasText: 'skyline-support a day' });
  await row.waitFor();
  await row.getByRole('button', { name: 'Remove' }).click();
  await row.getByRole('button', { name: 'Remove it' }).click();
  await row.waitFor({ state: 'detached' });
});
