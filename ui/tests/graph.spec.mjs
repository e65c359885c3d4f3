// Graph, flame and player of the replay: who called whom, what it cost, the run as it happened; one selection with all other views.
import { assert, eventually, looks, real, test as always } from './harness.mjs';

/** Runs that only the mock server stages. */
const staged = process.env.PAWL_URL ? () => {} : always;
const test = always;
const session = '/sessions/s01856';
const swarm = '/traces/swarm-t1';
const query = (page) => new URL(page.url()).searchParams;
const details = (page) => page.getByRole('complementary', { name: 'Details' });
const graph = (page) => page.getByRole('region', { name: /^Graph/ });
const node = (page, name) => graph(page).getByRole('button', { name });
const chosenRow = (page) => page.locator('[role="treeitem"][aria-selected="true"]');
const player = (page) => page.getByRole('group', { name: 'Player' });
const head = (page) => player(page).getByRole('slider', { name: 'Playhead' });
const seconds = async (page) => Number(await head(page).getAttribute('aria-valuenow'));

async function open(go, path) {
  const page = await go(path);
  await player(page).waitFor();
  return page;
}

real('g opens the graph, m the flame beside it, r the tree; the address says which', async ({ go }) => {
  const page = await open(go, session);
  await page.keyboard.press('g');
  await node(page, /^skyline-support \d+ steps/).waitFor();
  await eventually(() => assert.equal(query(page).get('pane'), 'graph'));
  await page.keyboard.press('m');
  await page.getByRole('group', { name: 'Frames' }).waitFor();
  await eventually(() => assert.equal(query(page).get('pane'), 'both'));
  await page.goBack();
  await eventually(() => assert.equal(query(page).get('pane'), 'graph'));
  await page.keyboard.press('r');
  await page.getByRole('treeitem').first().waitFor();
  assert.equal(await graph(page).count(), 0);
});

real('one selection: a tool of the graph is chosen in the tree and in the details, and again goes to its next call', async ({ go }) => {
  const page = await open(go, `${session}?pane=graph`);
  await node(page, /^book_reservation 3 calls/).click();
  await details(page).getByText('1 of 3', { exact: true }).waitFor();
  await node(page, /^book_reservation 3 calls/).click();
  await details(page).getByText('2 of 3', { exact: true }).waitFor();
  await page.keyboard.press('r');
  await eventually(async () => assert.match(await chosenRow(page).textContent(), /book_reservation/));
  await page.keyboard.press('e');
  await page.keyboard.press('g');
  await eventually(async () => assert.equal(await node(page, /^book_reservation \d/).getAttribute('aria-pressed'), 'true'));
});

/** No node over another, all of them in sight and in letters of at least so many pixels. */
async function readable(page, least, inSight = true) {
  const canvas = await page.locator('.canvas').boundingBox();
  const boxes = await page.locator('.canvas .nd').evaluateAll((list) => list.map((each) => { const box = each.getBoundingClientRect(); return { name: each.textContent.trim(), x: box.x, y: box.y, right: box.right, bottom: box.bottom, font: parseFloat(getComputedStyle(each).fontSize) * (box.width / each.offsetWidth) }; }));
  for (const [i, a] of boxes.entries()) {
    assert.ok(a.font >= least, `${a.name} is drawn at ${a.font} px`);
    if (inSight) assert.ok(a.x >= canvas.x - 1 && a.right <= canvas.x + canvas.width + 1 && a.y >= canvas.y - 1 && a.bottom <= canvas.y + canvas.height + 1, `${a.name} is out of sight`);
    for (const b of boxes.slice(i + 1)) assert.ok(a.right <= b.x || b.right <= a.x || a.bottom <= b.y || b.bottom <= a.y, `${a.name} lies over ${b.name}`);
  }
  return boxes.length;
}

staged('twelve agents stay readable: all in sight, tools told in their nodes, counts on the ways, a loop in red', async ({ go }) => {
  const page = await open(go, `${swarm}?pane=graph`);
  await node(page, /^economist 8 steps · 3 tools/).waitFor();
  assert.equal(await eventually(() => readable(page, 8)), 13);
  await graph(page).getByRole('button', { name: 'lead to checker: 4 ⇄ 4' }).waitFor();
  assert.deepEqual(await page.locator('.nd.lp b').allTextContents(), ['editor', 'checker']);
  const before = await node(page, /^economist \d/).boundingBox();
  await graph(page).getByRole('button', { name: 'Larger' }).click();
  await eventually(async () => assert.ok((await node(page, /^economist \d/).boundingBox()).width > before.width * 1.2));
  await graph(page).getByRole('button', { name: 'Fit' }).click();
  await eventually(async () => assert.ok(Math.abs((await node(page, /^economist \d/).boundingBox()).width - before.width) < 1));
  await graph(page).getByRole('button', { name: 'Show tools' }).click();
  await node(page, /^get_rates 2 calls/).waitFor();
  assert.ok((await readable(page, 7.2, false)) >= 24);
  await eventually(() => assert.equal(query(page).get('tools'), 'shown'));
  await page.goBack();
  await node(page, /^get_rates/).waitFor({ state: 'detached' });
});

for (const [what, run, count] of [['that one calls', 'fleet-t1', 26], ['in a chain', 'fleet-t2', 25]]) {
  staged(`25 agents ${what} are all in sight in letters that can be read`, async ({ go }) => {
    const page = await open(go, `/traces/${run}?pane=graph`);
    await node(page, /^desk-24/).waitFor();
    assert.equal(await eventually(() => readable(page, 7.4)), count);
  });
}

staged('own and rolled-up figures, in money and in tokens, and how they were made', async ({ go }) => {
  const page = await open(go, `${swarm}?pane=graph`);
  const lead = node(page, /^lead 9 steps/);
  assert.match(await lead.textContent(), /\$0\.0470/);
  await lead.hover();
  const card = page.getByRole('tooltip');
  await card.getByText('Rolled up').waitFor();
  assert.match(await card.textContent(), /Own\$0\.0470.*Rolled up\$0\.1228.*9 calls of gpt-4\.1.*Sum\$0\.046[89]\d\d/s);
  await page.mouse.move(5, 400);
  await card.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'tok', exact: true }).click();
  await eventually(async () => assert.match(await lead.textContent(), /\d+(\.\d)?k/));
  await eventually(() => assert.equal(query(page).get('unit'), 'tokens'));
});

real('a figure of the tree says how it was made, its columns show tokens as well', async ({ go }) => {
  const page = await open(go, session);
  const cell = page.locator('[data-why^="rolled "]').first();
  assert.match(await cell.textContent(), /\$0\.2696/);
  await cell.hover();
  await page.getByRole('tooltip').getByText('Input, not cached').waitFor();
  await page.mouse.move(5, 5);
  await page.getByRole('tooltip').waitFor({ state: 'detached' });
  await page.getByTitle('Tokens in the columns').click();
  await eventually(async () => assert.match(await cell.textContent(), /125\.5k/));
});

staged('every step: a lane an agent, an arrow where the word goes over', async ({ go }) => {
  const page = await open(go, `${swarm}?pane=graph`);
  await page.getByRole('button', { name: 'Every step' }).click();
  const lanes = page.getByRole('region', { name: 'Every step by agent' });
  await lanes.getByText('economist', { exact: true }).waitFor();
  await lanes.getByRole('button', { name: /^Step \d+, diff/ }).first().click();
  await details(page).getByText(/of 4$/).first().waitFor();
  assert.ok((await lanes.locator('.over').count()) > 0);
  await eventually(() => assert.equal(query(page).get('every'), '1'));
  await page.keyboard.press('e');
  await eventually(async () => assert.match(await lanes.getByRole('button', { pressed: true }).textContent(), /open_page, failed/));
});

real('flame: by cost, time and tokens; a frame is chosen, fitted and let go', async ({ go }) => {
  const page = await open(go, `${session}?pane=flame`);
  const frames = page.getByRole('group', { name: 'Frames' });
  await frames.getByRole('button', { name: /^s01856 \$0\.2696$/ }).waitFor();
  const group = frames.getByRole('button', { name: /^gpt-4\.1 ×21 \$0\.2696$/ });
  await group.click();
  await details(page).getByText('1 of 21', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'tokens', exact: true }).click();
  await frames.getByRole('button', { name: /^s01856 125\.5k$/ }).waitFor();
  await page.getByRole('button', { name: 'time', exact: true }).click();
  const tool = frames.getByRole('button', { name: /^book_reservation ×3/ });
  const narrow = (await tool.boundingBox()).width;
  await tool.dblclick({ force: true });
  await page.getByRole('button', { name: 'The whole run' }).waitFor();
  await eventually(async () => assert.ok((await tool.boundingBox()).width > narrow * 4));
  await eventually(() => assert.ok(query(page).get('frame')));
  await page.keyboard.press('Escape');
  await eventually(() => assert.equal(query(page).get('frame'), null));
});

test('a run without prices says so and offers time', async ({ go, page }) => {
  await page.route('**/api/v1/sessions/s01856*', async (route) => {
    const answer = await route.fetch();
    const json = await answer.json();
    for (const span of json.spans) { span.cost_usd = null; span.cost = null; }
    await route.fulfill({ response: answer, json });
  });
  await open(go, `${session}?pane=flame&by=cost`);
  await page.getByText('No step of this run has a known cost.').waitFor();
  await page.getByRole('button', { name: 'Draw it by time' }).click();
  await page.getByRole('group', { name: 'Frames' }).waitFor();
});

real('space plays the run: the playhead moves, the selection goes along, what is to come is faint', async ({ go }) => {
  const page = await open(go, `${session}?speed=25`);
  await page.keyboard.press('.');
  await eventually(async () => assert.match(await player(page).textContent(), /step 1 of 37/));
  await page.keyboard.press('Space');
  await player(page).getByRole('button', { name: /^Pause/ }).waitFor();
  await eventually(async () => assert.ok((await seconds(page)) > 8000));
  await page.keyboard.press('Space');
  await player(page).getByRole('button', { name: /^Play/ }).waitFor();
  await eventually(() => assert.ok(Number(query(page).get('at')) > 8000));
  assert.ok((await page.locator('.hold .head').count()) === 1, 'the playhead goes through the timeline');
  const said = await player(page).textContent();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await eventually(async () => assert.equal(await player(other).textContent(), said));
  await page.keyboard.press('Escape');
  await eventually(() => assert.equal(query(page).get('at'), null));
});

real('jumps to the next model call, tool call, error and call of the same; drags along the line; keeps its speed', async ({ go }) => {
  const page = await open(go, session);
  await page.keyboard.press('.');
  await page.keyboard.press('o');
  await details(page).getByRole('heading', { name: 'get_user_details' }).waitFor();
  await page.keyboard.press('l');
  await details(page).getByRole('heading', { name: /gpt-4\.1/ }).waitFor();
  await page.keyboard.press('e');
  await details(page).getByText('1 of 3', { exact: true }).waitFor();
  await eventually(async () => assert.match(await player(page).textContent(), /step 25 of 37/));
  await page.keyboard.press('w');
  await details(page).getByText('2 of 3', { exact: true }).waitFor();
  assert.ok((await page.locator('.vl .dim').count()) > 0, 'what comes later is faint in the transcript');
  const box = await head(page).boundingBox();
  await page.mouse.click(box.x + 2, box.y + 16);
  await eventually(async () => assert.match(await player(page).textContent(), /step 1 of 37/));
  await page.keyboard.press('>');
  await eventually(() => assert.equal(query(page).get('speed'), '10'));
  await head(page).focus();
  await page.keyboard.press('End');
  await eventually(async () => assert.match(await player(page).textContent(), /step 37 of 37/));
});

staged('the next handoff is where another agent takes over', async ({ go }) => {
  const page = await open(go, `${swarm}?pane=graph`);
  await page.keyboard.press('.');
  await page.keyboard.press('h');
  await eventually(async () => assert.equal(await node(page, /^economist \d/).getAttribute('aria-pressed'), 'true'));
  assert.match(await node(page, /^publisher \d/).getAttribute('class'), /dim/);
});

staged('20,000 spans: the graph is drawn and the player moves', async ({ go }) => {
  const page = await open(go, '/traces/big-20000?pane=graph');
  await node(page, /^crawler \d/).waitFor();
  await page.keyboard.press('.');
  await eventually(async () => assert.match(await player(page).textContent(), /step 1 of/));
  await page.getByRole('button', { name: 'Every step' }).click();
  await page.getByRole('region', { name: 'Every step by agent' }).getByRole('button').first().waitFor();
  assert.ok((await page.locator('.lanes .cell').count()) < 120, 'only what is in sight exists');
});

staged('390 wide: a link to the graph shows it, g brings it, and the tabs go on from there', async ({ go }) => {
  const page = await open(go, `${swarm}?pane=graph`);
  const tab = (name) => page.getByRole('group', { name: 'View' }).getByRole('button', { name });
  await node(page, /^lead \d/).waitFor();
  assert.equal(await tab('Timeline').getAttribute('aria-pressed'), 'true');
  await tab('Transcript').click();
  await page.locator('.vl').first().waitFor();
  assert.equal(await node(page, /^lead \d/).count(), 0);
  await page.keyboard.press('m');
  await page.locator('.frames .fr').first().waitFor();
}, { width: 390, height: 844 });

looks([['graph', `${swarm}?pane=graph`, 1440], ['graph-flame', '/traces/crew-t1?pane=both', 1440], ['lanes', `${swarm}?pane=graph&every=1`, 1440], ['graph-320', '/traces/crew-t1?pane=both&view=timeline', 320]].map((one) => [...one, '.canvas .nd, .lanes .cell']), staged);
