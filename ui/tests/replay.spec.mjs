// The replay: transcript, tree and timeline, details, one selection; what is wrong is found, what is unknown is said to be.
import { assert, eventually, looks, real, test as always } from './harness.mjs';

/** Runs that only the mock server stages. */
const staged = process.env.PAWL_URL ? () => {} : always;
const test = always;
const session = '/sessions/s01856';
const query = (page) => new URL(page.url()).searchParams;
const row = (page, text) => page.getByRole('treeitem').filter({ hasText: text });
const chosen = (page) => page.locator('[role="treeitem"][aria-selected="true"]');
const details = (page) => page.getByRole('complementary', { name: 'Details' });
const transcript = (page) => page.getByRole('region', { name: 'Transcript' });
const search = (page) => page.getByRole('searchbox', { name: 'Search inside' });

async function open(go, path) {
  const page = await go(path);
  await page.getByRole('treeitem').first().waitFor();
  return page;
}
/** Moves the selection to a tool call, wherever it lies. */
async function choose(page, text, at = 0) {
  await row(page, text).nth(at).click();
  await eventually(async () => assert.match(await chosen(page).textContent(), new RegExp(text)));
}

real('tells a session as a conversation, without JSON', async ({ go }) => {
  const page = await open(go, session);
  const said = transcript(page);
  await said.getByText('Sure, my user ID is mohamed_silva_9265.').waitFor();
  await said.getByText('×3 same arguments').waitFor();
  await said.getByText('3 calls in a row').waitFor();
  const text = await said.textContent();
  assert.match(text, /Turns 1 – 3/);
  assert.match(text, /Turn 4/);
  assert.doesNotMatch(text, /[{[]"/);
  assert.match(text, /payment amount does not add up/);
});

test('folded turns open, long texts open, thoughts open', async ({ go }) => {
  const page = await open(go, session);
  await transcript(page).getByRole('button', { name: /Turns 1 – 3/ }).click();
  await transcript(page).getByText("I'd like to know the total amounts").waitFor();
  await eventually(() => assert.equal(query(page).get('fold'), 'early'));
  await open(go, session);
  await transcript(page).getByRole('button', { name: /more lines/ }).first().click();
  await transcript(page).getByRole('button', { name: 'Fewer lines' }).first().waitFor();
});

real('one selection: chosen in the tree it is chosen everywhere, and the address opens just that', async ({ go, context }) => {
  const page = await open(go, session);
  await choose(page, 'book_reservation', 1);
  await details(page).getByText('2 of 3', { exact: true }).waitFor();
  await transcript(page).getByRole('button', { name: 'Try 2, failed', pressed: true }).waitFor();
  await eventually(() => assert.ok(query(page).get('span')));
  const other = await context.newPage();
  await other.goto(page.url());
  await details(other).getByText('2 of 3', { exact: true }).waitFor();
  await transcript(other).getByRole('button', { name: 'Try 3, failed' }).click();
  await details(other).getByText('3 of 3', { exact: true }).waitFor();
  await details(other).getByRole('button', { name: /Call of book_reservation before/ }).click();
  await details(other).getByText('2 of 3', { exact: true }).waitFor();
});

real('the keys move: errors, costliest, slowest, up and down, fold and open', async ({ go }) => {
  const page = await open(go, session);
  await page.keyboard.press('e');
  await details(page).getByText('1 of 3', { exact: true }).waitFor();
  await page.keyboard.press('e');
  await details(page).getByText('2 of 3', { exact: true }).waitFor();
  await page.keyboard.press('Shift+E');
  await details(page).getByText('1 of 3', { exact: true }).waitFor();
  await page.keyboard.press('x');
  await eventually(async () => assert.match(await chosen(page).textContent(), /gpt-4\.1/));
  const dearest = await chosen(page).getAttribute('id');
  await page.keyboard.press('x');
  await eventually(async () => assert.notEqual(await chosen(page).getAttribute('id'), dearest));
  await page.keyboard.press('s');
  await eventually(async () => assert.match(await chosen(page).textContent(), /gpt-4\.1/));
  await row(page, 'Turn 5').click();
  await page.keyboard.press('ArrowDown');
  await eventually(async () => assert.match(await chosen(page).textContent(), /gpt-4\.1/));
  await page.keyboard.press('ArrowLeft');
  await eventually(async () => assert.match(await chosen(page).textContent(), /Turn 5/));
  await page.keyboard.press('ArrowLeft');
  await eventually(async () => assert.equal(await row(page, 'Turn 5').getAttribute('aria-expanded'), 'false'));
  await page.keyboard.press('ArrowRight');
  await eventually(async () => assert.equal(await row(page, 'Turn 5').getAttribute('aria-expanded'), 'true'));
  await page.keyboard.press('ArrowUp');
  await eventually(async () => assert.match(await chosen(page).textContent(), /Turn 4/));
});

test('badges say what was found, what it wasted and why, and jump there', async ({ go }) => {
  const page = await open(go, session);
  const streak = page.getByRole('button', { name: /^failure streak ×3/ });
  assert.match(await streak.textContent(), /\$0\.07\d\d wasted/);
  await row(page, 'Turn 1').click();
  await streak.click();
  await eventually(async () => assert.match(await chosen(page).textContent(), /book_reservation/));
  await page.getByRole('button', { name: /^(why|\d+ more)$/ }).click();
  await page.getByRole('dialog').getByText(/repeated call ×3/).first().waitFor();
  assert.match(await page.getByRole('dialog').textContent(), /book_reservation: one tool failed three times and did not succeed in between. Wasted is what the calls between the first try and the last cost/);
});

staged('all that rules find is a badge: what was found more than once is told once and gone through', async ({ go, shot }) => {
  const page = await open(go, '/traces/faults-t1');
  const why = page.getByRole('button', { name: /^(why|\d+ more)$/ });
  await why.click();
  const said = await page.getByRole('dialog').textContent();
  for (const badge of [/loop ×3.*wasted/, /ping-pong ×3/, /failure streak ×4.*wasted/, /retry storm ×3/, /context growth ×18/, /abandoned.*wasted/, /truncated ×2.*wasted/, /invalid arguments.*wasted/]) assert.match(said, badge);
  await shot('badges');
  const truncated = page.getByRole('dialog').getByRole('button', { name: /^truncated ×2/ });
  await truncated.click();
  await eventually(() => assert.ok(query(page).get('span')));
  const first = query(page).get('span');
  await why.click();
  await truncated.click();
  await eventually(() => assert.notEqual(query(page).get('span'), first));
});

real('a number says how it was made: on hover, and by ? while focused', async ({ go }) => {
  const page = await open(go, session);
  const cost = page.locator('.figures').getByRole('link', { name: '$0.2696' });
  await cost.hover();
  const card = page.getByRole('tooltip');
  await card.waitFor();
  assert.match(await card.textContent(), /Input, not cached.*× \$2\.00 \/ M.*Output.*× \$8\.00 \/ M.*Sum.*\$0\.2695\d\d/s);
  assert.match(await card.textContent(), /openai\/gpt-4\.1/);
  const [number, box] = [await cost.boundingBox(), await card.boundingBox()];
  assert.ok(box.y >= number.y + number.height, 'the card covers its own number');
  await card.getByRole('button', { name: 'Copy the formula' }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /Sum: \$0\.2695/);
  await page.mouse.move(700, 700);
  await card.waitFor({ state: 'detached' });
  await page.locator('.figures').getByRole('link', { name: /125\.5k/ }).focus();
  await page.keyboard.press('?');
  await page.getByRole('tooltip').getByText('Input, not cached').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('tooltip').waitFor({ state: 'detached' });
});

real('searches names and payloads, n of m, and dims the rest', async ({ go }) => {
  const page = await open(go, session);
  await page.keyboard.press('/');
  await page.keyboard.type('payment');
  const says = transcript(page).getByRole('status').first();
  await eventually(async () => assert.match(await says.textContent(), /^(\d+ of )?\d+$/));
  await page.keyboard.press('Enter');
  await eventually(async () => assert.match(await says.textContent(), /^\d+ of \d+$/));
  const first = await says.textContent();
  await page.keyboard.press('Enter');
  await eventually(async () => assert.notEqual(await says.textContent(), first));
  assert.ok((await page.locator('[role="treeitem"].dim').count()) > 3);
  assert.ok(await page.evaluate(() => CSS.highlights.get('found')?.size > 0));
  await eventually(() => assert.equal(query(page).get('q'), 'payment'));
  await page.keyboard.press('Escape');
  await eventually(() => assert.equal(query(page).get('q'), null));
});

real('details: words, JSON, raw, the difference to the call before, the context, a copied path', async ({ go }) => {
  const page = await open(go, session);
  await choose(page, 'book_reservation', 1);
  const panel = details(page);
  await panel.getByText('passengers').waitFor();
  assert.doesNotMatch(await panel.textContent(), /[{[]"/);
  await panel.getByRole('button', { name: 'Diff with the call before' }).click();
  await panel.getByText(/The same arguments as step \d+/).waitFor();
  await panel.getByRole('button', { name: 'All arguments' }).click();
  await panel.getByRole('button', { name: 'passengers', exact: true }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'passengers');
  assert.match(await panel.textContent(), /Asked for by step \d+.*System prompt.*From cache/s);
  await panel.getByRole('button', { name: 'JSON' }).click();
  await panel.getByRole('button', { name: /^(Fold|Open) passengers/ }).waitFor();
  const [outer, inner] = [await panel.locator('.j').first().boundingBox(), await panel.getByText('mohamed_silva_9265').last().boundingBox()];
  assert.ok(inner.x < outer.x + 160 && outer.height > 120, 'the JSON is laid out in lines');
  await panel.getByRole('button', { name: 'Raw' }).click();
  await panel.locator('pre').first().waitFor();
  await eventually(() => assert.equal(query(page).get('form'), 'raw'));
  await panel.getByRole('tab', { name: /Attributes/ }).click();
  await panel.getByText('span_id').waitFor();
  await panel.getByRole('tab', { name: 'Context' }).click();
  await panel.getByText(/\d+ messages/).first().waitFor();
  await eventually(() => assert.equal(query(page).get('tab'), 'context'));
});

staged('a link to hidden plumbing shows where it lies: the row of its tool', async ({ go }) => {
  const page = await open(go, '/traces/crew-t1');
  const id = await page.evaluate(async () => (await (await fetch('/api/v1/traces/crew-t1')).json()).spans.find((span) => span.name === 'POST /stock').span_id);
  await open(go, `/traces/crew-t1?span=${id}`);
  await eventually(async () => assert.match(await chosen(page).textContent(), /get_stock/));
  await page.keyboard.press('ArrowDown');
  await eventually(async () => assert.notEqual(query(page).get('span'), id));
  assert.equal(await chosen(page).count(), 1);
});

test('the wheel zooms at the pointer, a double click fits, All time takes it back', async ({ go }) => {
  const page = await open(go, session);
  const bar = row(page, 'book_reservation').first().locator('.tb');
  const before = await bar.boundingBox();
  await page.mouse.move(before.x + 1, before.y + 4);
  for (let i = 0; i < 6; i++) await page.mouse.wheel(0, -60);
  await page.getByRole('button', { name: 'All time' }).waitFor();
  await eventually(async () => {
    const after = await bar.boundingBox();
    assert.ok(Math.abs(after.x - before.x) < 4, `moved from ${before.x} to ${after.x}`);
    assert.ok(after.width >= before.width);
  });
  await eventually(() => assert.match(query(page).get('zoom') ?? '', /^[\d.]+-[\d.]+$/));
  await bar.dblclick();
  await eventually(async () => assert.ok((await bar.boundingBox()).width > 60));
  await page.getByRole('button', { name: 'All time' }).click();
  await eventually(() => assert.equal(query(page).get('zoom'), null));
});

test('pauses are taken out and put back, the critical path dims the rest', async ({ go }) => {
  const page = await open(go, session);
  const pauses = page.getByRole('button', { name: 'Pauses hidden' });
  await pauses.click();
  await page.getByRole('button', { name: /Hide pauses, \d+ % idle/ }).waitFor();
  await eventually(() => assert.equal(query(page).get('pauses'), 'shown'));
  await page.getByRole('button', { name: /Hide pauses/ }).click();
  await pauses.waitFor();
  await page.getByRole('button', { name: 'Critical path' }).click();
  await eventually(() => assert.equal(query(page).get('critical'), '1'));
});

real('keeps the list it came from: n of m, j and k', async ({ go }) => {
  const list = 'filter=agent=skyline-support cost>0.10&from=2026-11-09&to=2026-11-16';
  const page = await open(go, `${session}?list=${encodeURIComponent(list)}`);
  await page.getByText(/^\d+ of 112$/).waitFor();
  await page.keyboard.press('j');
  await page.waitForURL((url) => !url.pathname.endsWith('s01856'));
  await page.getByRole('treeitem').first().waitFor();
  await page.getByText(/^\d+ of 112$/).waitFor();
  await page.keyboard.press('k');
  await page.waitForURL(/s01856/);
  assert.equal(query(page).get('list'), list);
  await page.getByRole('link', { name: 'Sessions' }).first().waitFor();
  assert.match(await page.locator('.crumb a').getAttribute('href'), /filter=agent/);
});

real('what is not there says so', async ({ go }) => {
  const page = await go('/sessions/nothing-here');
  await page.getByRole('alert').getByText('There is no session nothing-here here').waitFor();
}, { noise: /404/ });

test('1100 wide: details are a sheet that Esc closes', async ({ go }) => {
  const page = await open(go, session);
  assert.equal(await details(page).count(), 0);
  await row(page, 'cancel_reservation').click();
  await details(page).waitFor();
  await page.keyboard.press('Escape');
  await details(page).waitFor({ state: 'detached' });
  await page.keyboard.press('d');
  await details(page).waitFor();
}, { width: 1100 });

real('390 wide: one of three views, nothing beside the screen', async ({ go, shot }) => {
  const page = await go(session);
  const views = page.getByRole('group', { name: 'View' });
  await transcript(page).getByText('×3 same arguments').waitFor();
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  assert.ok(await fits());
  await views.getByRole('button', { name: 'Timeline' }).click();
  await page.getByRole('treeitem').first().waitFor();
  await shot('replay-390-timeline');
  assert.ok(await fits());
  await views.getByRole('button', { name: 'Details' }).click();
  await details(page).waitFor();
  assert.ok(await fits());
  await page.goBack();
  await page.getByRole('treeitem').first().waitFor();
}, { width: 390, height: 844 });

staged('what services logged stands beside the step, errors marked', async ({ go }) => {
  const page = await open(go, '/sessions/crew-1');
  await page.getByRole('treeitem').filter({ hasText: 'get_stock' }).first().click();
  await details(page).getByRole('tab', { name: /^Logs/ }).click();
  await details(page).getByText('no answer from Kite within 2 s').waitFor();
  await details(page).getByText('error', { exact: true }).first().waitFor();
  await page.getByRole('treeitem').first().click();
  await details(page).getByRole('tab', { name: /^Logs/ }).click();
  await details(page).getByText('budget of the run').waitFor();
});

staged('a crew: nested cards, a handoff, calls at once, a retry storm, a block', async ({ go }) => {
  const page = await open(go, '/sessions/crew-1');
  const said = transcript(page);
  await said.getByText('3 calls at once').waitFor();
  await said.getByText('hands over to').waitFor();
  await said.getByText('failed ×3').waitFor();
  await said.getByText(/Blocked: An order over/).waitFor();
  await said.getByText('accepted').waitFor();
  await page.getByRole('button', { name: /^retry storm ×3/ }).waitFor();
  assert.equal(await said.getByText('Which of our three suppliers').count(), 1);
  await said.getByRole('button', { name: 'Fold negotiator' }).click();
  await said.getByText('failed ×3').waitFor({ state: 'detached' });
});

staged('plumbing is hidden and counted, unknown is not zero, wrappers are left out', async ({ go }) => {
  const page = await open(go, '/sessions/crew-1');
  assert.equal(await row(page, 'POST /stock').count(), 0);
  await page.getByRole('button', { name: '3 plumbing spans hidden' }).click();
  await row(page, 'POST /stock').first().waitFor();
  await choose(page, 'gpt-4.1-mini');
  assert.match(await details(page).textContent(), /Tokens in– ?not reported by this SDK/);
  assert.match(await row(page, 'gpt-4.1-mini').first().locator('[title]').first().getAttribute('title'), /./);
  await page.locator('.figures').getByRole('link', { name: /\$0\.0/ }).hover();
  await page.getByRole('tooltip').getByText('1 wrapper span that repeats its children’s tokens').waitFor();
  assert.match(await page.getByRole('tooltip').textContent(), /at the price that the SDK reported/);
});

staged('stored text stays text, and a link asks before it leaves', async ({ go, page: tab }) => {
  let asked = '';
  tab.on('dialog', (dialog) => {
    asked = dialog.message();
    void dialog.dismiss();
  });
  const page = await open(go, '/sessions/crew-1');
  await transcript(page).getByRole('button', { name: /more lines/ }).last().click();
  await transcript(page).getByRole('link', { name: 'its status page' }).click();
  assert.match(asked, /status\.kite\.example/);
  assert.equal(await page.locator('main img').count(), 0);
  assert.match(page.url(), /crew-1/);
}, { noise: /inline event handler/ });

staged('a running session grows while it is looked at, and follows', async ({ go }) => {
  const page = await open(go, '/sessions/live-1');
  const steps = page.locator('.status span').first();
  await page.getByRole('button', { name: /Follow/ }).click();
  const count = async () => parseInt(await steps.textContent(), 10);
  const before = await count();
  await eventually(async () => assert.ok((await count()) > before), 5000);
  await eventually(async () => assert.match(await chosen(page).textContent(), /file_invoice/), 5000);
  await eventually(async () => assert.match(await transcript(page).textContent(), /All twelve invoices are filed/), 15_000);
  await eventually(async () => assert.match(await page.locator('.status').textContent(), /complete so far, live/), 8000);
});

staged('ten thousand spans: few elements, soon there, quick under the keys', async ({ page, base, context }) => {
  const tools = await context.newCDPSession(page);
  await tools.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.addInitScript(() => {
    const real = window.fetch;
    window.fetch = async (...args) => {
      const response = await real(...args);
      if (!/traces\/big-10000\?/.test(String(args[0]))) return response;
      const text = await response.text();
      return { ok: true, status: 200, headers: response.headers, text: async () => ((window.arrived = performance.now()), text), json: async () => JSON.parse(text) };
    };
    new MutationObserver(() => {
      if (!window.drawn && document.querySelector('[role="treeitem"]')) requestAnimationFrame(() => (window.drawn ??= performance.now()));
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto(`${base}/traces/big-10000`);
  await page.waitForFunction(() => window.drawn, null, { timeout: 30_000 });
  const took = await page.evaluate(() => Math.round(window.drawn - window.arrived));
  const { metrics } = await tools.send('Performance.getMetrics');
  const work = Math.round(metrics.find((metric) => metric.name === 'TaskDuration').value * 1000);
  console.log(`     10,000 spans: drawn ${took} ms after their data; ${work} ms of processor time in all, the page and 9.6 MB of JSON included`);
  assert.ok(work < 2000, `${work} ms of processor time`);
  const drawn = { rows: await page.getByRole('treeitem').count(), elements: await page.locator('*').count() };
  assert.ok(drawn.rows < 120 && drawn.elements < 5000, JSON.stringify(drawn));
  await page.keyboard.press('e');
  await details(page).getByText(/of 4.9\d\d/).waitFor();
  await page.locator('[role="tree"]').evaluate((tree) => (tree.scrollTop = tree.scrollHeight));
  await eventually(async () => assert.ok((await page.getByRole('treeitem').count()) > 10));
});

const told = (page) => transcript(page).getByRole('listitem').first().waitFor();
looks([['replay', session, 1440, told], ['replay-390', session, 390, told], ['replay-1100', `${session}?view=details`, 1100, told], ...(process.env.PAWL_URL ? [] : [['replay-crew', '/sessions/crew-1', 1440, told]])], test);

for (const width of [768, 900]) {
  test(`${width} wide: the id, every figure and every button of the timeline are in sight`, async ({ go }) => {
    const page = await open(go, session);
    const within = async (list, edge, what) => {
      for (const each of await list.all()) {
        const box = await each.boundingBox();
        if (box) assert.ok(box.x + box.width <= edge + 1, `${what} ${await each.textContent()} is cut off`);
      }
    };
    assert.ok((await page.locator('h1.id').boundingBox()).width >= 60);
    await within(page.locator('.sum .figures > div:visible'), width, 'the figure');
    await within(page.locator('[data-pane="timeline"] .pt button:visible'), width, 'the button');
  }, { width, height: 900 });
}

test('the timeline shows the turn of the chosen step, and all again', async ({ go }) => {
  const page = await open(go, session);
  await row(page, 'Turn 4').click();
  await page.keyboard.press('z');
  await eventually(() => assert.match(query(page).get('zoom') ?? '', /^\d+(\.\d)?-\d+/));
  await page.getByRole('button', { name: 'All time' }).waitFor();
  const bar = await page.locator('[data-pane="timeline"] .pt').first().boundingBox();
  for (const button of await page.locator('[data-pane="timeline"] .pt').first().getByRole('button').all()) assert.ok((await button.boundingBox()).x + (await button.boundingBox()).width <= bar.x + bar.width + 1, `${await button.textContent()} is cut off`);
  await page.keyboard.press('z');
  await eventually(() => assert.equal(query(page).get('zoom'), null));
});

staged('the state of a run: what each step changed, and how it stood at the end; orchestration is hatched', async ({ go, shot }) => {
  const page = await open(go, '/sessions/crew-1');
  await row(page, 'send_offer').click();
  await details(page).getByRole('tab', { name: 'State' }).click();
  const changes = details(page).getByRole('list', { name: 'Changes of the state' });
  await changes.getByText('offer.price').waitFor();
  assert.match(await changes.textContent(), /offer\.status.*asked.*offer\.status.*asked.*accepted/s);
  assert.match(await details(page).textContent(), /At the end/);
  await shot('state');
  await changes.getByRole('button').first().click();
  await eventually(async () => assert.match(await chosen(page).textContent(), /negotiator/));
  assert.ok((await page.locator('.lines .between').count()) > 2);
  await page.locator('.figures').getByText('42.0 s').hover();
  await page.getByRole('tooltip').getByText('Orchestration').waitFor();
});
