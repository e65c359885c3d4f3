// A run is shared by a link that shows it and nothing else; comments with mentions; runs alike; files to take along.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { assert, eventually, test as always } from './harness.mjs';

const staged = process.env.PAWL_URL ? () => {} : always;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
async function noFault(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }));
  assert.deepEqual(found.violations.map((v) => `${v.impact} ${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.html.slice(0, 160)}`).join(' | ')}`), []);
}
async function open(go, path) {
  const page = await go(path);
  await page.getByRole('treeitem').first().waitFor();
  return page;
}
async function shared(page) {
  await page.getByRole('button', { name: 'Make a link' }).click();
  return (await page.getByRole('dialog', { name: 'Share' }).locator('code').textContent()).trim();
}

for (const theme of ['dark', 'light']) {
  staged(`a link opens a session without a log-in, to read; it can be taken back, ${theme}`, async ({ go, shot, context }) => {
    const page = await open(go, '/sessions/s01856');
    await page.keyboard.press('Shift+S');
    const dialog = page.getByRole('dialog', { name: 'Share' });
    await dialog.getByLabel('Note, for you').fill('for the airline');
    await dialog.getByLabel('What is shown').selectOption('no_bodies');
    const link = await shared(page);
    await shot(`share-dialog-${theme}`);
    await noFault(page);
    const guest = await context.newPage();
    const asked = [];
    guest.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await guest.goto(link);
    await guest.getByText('Shared with you').waitFor();
    await guest.getByRole('treeitem').first().waitFor();
    assert.equal(new URL(guest.url()).hash, '');
    assert.ok(!asked.some((path) => path.startsWith('/api/') && !path.startsWith('/api/v1/share/')), asked.filter((path) => path.startsWith('/api/')).join(' '));
    assert.equal(await guest.getByRole('link', { name: /Compare|Sessions/ }).count(), 0);
    await guest.keyboard.press('e');
    await guest.getByRole('complementary', { name: 'Details' }).getByText('payment amount does not add up').first().waitFor();
    await guest.screenshot({ path: `${process.env.PAWL_SHOTS ?? '../build/shots'}/shared-${theme}.png` });
    await noFault(guest);
    await guest.reload();
    await guest.getByRole('treeitem').first().waitFor();
    await dialog.getByRole('button', { name: 'Take back' }).click();
    await dialog.getByRole('button', { name: 'Take it back' }).click();
    await page.getByText('The link opens nothing any more').waitFor();
    await guest.goto('about:blank');
    await guest.goto(link);
    await guest.getByText('This link opens nothing').waitFor();
  }, { theme, noise: /404/ });
}

staged('two runs beside each other are shared as one', async ({ go, context }) => {
  const page = await go('/compare?a=sessions/crew-1&b=sessions/crew-2');
  await page.locator('.pair').first().waitFor();
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  const link = await shared(page);
  const guest = await context.newPage();
  await guest.goto(link);
  await guest.locator('.pair[aria-current="step"]').waitFor();
  assert.equal(await guest.getByRole('link').count(), 0);
});

staged('comments stand at the step they are about; a mention is completed; one’s own are changed and taken back', async ({ go, shot }) => {
  const page = await open(go, '/sessions/s01856');
  const details = page.getByRole('complementary', { name: 'Details' });
  await page.getByRole('treeitem').first().click();
  await details.getByText('It priced one seat').waitFor();
  await page.keyboard.press('e');
  const section = details.getByRole('region', { name: 'Comments' });
  await section.getByRole('button', { name: 'Comment on this step' }).click();
  await page.keyboard.type('Ask @to');
  await section.getByRole('option', { name: /Tom/ }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.type('why');
  await shot('comment');
  await page.keyboard.press('Control+Enter');
  await section.getByText('Ask @tom why').waitFor();
  await section.getByRole('button', { name: 'Change' }).click();
  await section.getByRole('textbox').fill('Never mind');
  await section.getByRole('button', { name: 'Save' }).click();
  await section.getByText('Never mind').waitFor();
  await noFault(page);
  await section.getByRole('button', { name: 'Take back' }).click();
  await section.getByRole('button', { name: 'Take it back' }).click();
  await section.getByText('Never mind').waitFor({ state: 'detached' });
});

staged('runs alike, one set beside this one; the run as a file', async ({ go, shot }) => {
  const page = await open(go, '/sessions/s01856');
  await page.keyboard.press('u');
  const dialog = page.getByRole('dialog', { name: 'More like this' });
  await dialog.getByRole('listitem').nth(3).waitFor();
  await shot('similar');
  await noFault(page);
  await dialog.getByRole('link', { name: 'Compare' }).first().click();
  await page.waitForURL(/\/compare\?a=sessions\/s\d+&b=sessions\/s01856/);
  await page.goBack();
  await page.getByRole('treeitem').first().waitFor();
  await page.getByRole('button', { name: 'More to do' }).click();
  const file = page.getByRole('dialog', { name: 'More to do' }).getByRole('link', { name: /As Markdown/ });
  await eventually(async () => assert.equal(await file.getAttribute('href'), '/api/v1/sessions/s01856/export?format=md&redact=1'));
});
