// A run is shared by a link that shows it and nothing else; comments with mentions; runs alike; files to take along.
import { assert, eventually, looked, noFault, real, test as always } from './harness.mjs';

const staged = process.env.PAWL_URL ? () => {} : always;
async function open(go, path) {
  const page = await go(path);
  await page.getByRole('treeitem').first().waitFor();
  return page;
}
async function shared(page) {
  await page.getByRole('button', { name: 'Make a link' }).click();
  return (await page.getByRole('dialog', { name: 'Share' }).locator('code').textContent()).trim();
}

staged('a link opens a session without a log-in, to read; it can be taken back', async ({ go, context }) => {
  const page = await open(go, '/sessions/s01856');
  await page.keyboard.press('Shift+S');
  const dialog = page.getByRole('dialog', { name: 'Share' });
  await dialog.getByLabel('Note, for you').fill('for the airline');
  await dialog.getByLabel('What is shown').selectOption('no_bodies');
  const link = await shared(page);
  await looked(page, 'share-dialog');
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
  await looked(guest, 'shared');
  await guest.reload();
  await guest.getByRole('treeitem').first().waitFor();
  const mine = dialog.getByRole('listitem').filter({ hasText: 'for the airline' });
  await mine.getByRole('button', { name: 'Take back' }).click();
  await mine.getByRole('button', { name: 'Take it back' }).click();
  await page.getByText('The link opens nothing any more').first().waitFor(); // in sight, and told inside the dialog
  await guest.goto('about:blank');
  await guest.goto(link);
  await guest.getByText('This link opens nothing').waitFor();
}, { noise: /404/ });

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

real('runs alike, one set beside this one; the run as a file', async ({ go, shot }) => {
  const page = await open(go, '/sessions/s01856');
  await page.keyboard.press('u');
  const dialog = page.getByRole('dialog', { name: 'More like this' });
  await dialog.getByRole('listitem').nth(3).waitFor();
  assert.match(await dialog.getByRole('listitem').first().innerText(), /^\d+ %[^]*skyline-support · /);
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

staged('who is mentioned is told in the navigation, opens the place, and has seen it', async ({ go, context, base }) => {
  await context.request.post(`${base}/api/v1/login`, { data: { email: 'ines@example.com', password: 'correct horse battery' } });
  const page = await go('/sessions');
  await page.getByRole('link', { name: 'Mentions 1 not seen' }).click();
  await page.getByRole('listitem').filter({ hasText: 'same error as on Monday' }).getByText('not seen').waitFor();
  await looked(page, 'mentions');
  await page.mouse.click(900, 800);
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/sessions\/s01856$/);
  await page.goBack();
  await page.getByText('2 mentions').waitFor();
  await page.getByText('0 not seen').waitFor();
  assert.equal(await page.getByRole('link', { name: 'Mentions', exact: true }).count(), 1);
  assert.equal(await page.getByRole('link', { name: 'crew-t1' }).getAttribute('href'), '/traces/crew-t1?span=crew-t1-00004');
}, { server: 'login', noise: /401/ });
