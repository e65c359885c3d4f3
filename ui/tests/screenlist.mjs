// Which pictures there are: one of each route at least (tests/unit/screens.test.mjs holds it).
import { week } from './harness.mjs';

const key = (...keys) => async (page) => { for (const one of keys) await page.keyboard.press(one); };
const click = (role, name) => (page) => page.getByRole(role, { name }).first().click();
const narrow = { width: 390, height: 844 };
const crews = '/compare?a=sessions/crew-1&b=sessions/crew-2';

/** Opens what a guest of a shared link sees. */
async function asGuest(page) {
  await page.keyboard.press('Shift+S');
  await page.getByRole('button', { name: 'Make a link' }).click();
  const link = (await page.getByRole('dialog', { name: 'Share' }).locator('code').textContent()).trim();
  await page.goto('about:blank');
  await page.goto(link);
  await page.getByText('Shared with you').waitFor();
}

/** Name, address, what is to be seen before the picture, what is done first, the size, and whose server: that with the stored week, an empty one, or one that asks for a log-in (`out`: nobody is logged in). */
export const pages = [
  ['list', `/sessions?filter=agent=skyline-support+cost%3E0.10&${week}&measure=cost&sel=2026-11-12T12:00Z..2026-11-13&open=s01856`, '.panel'],
  ['chart', `/sessions?${week}&view=chart&measure=cost`, '.view canvas'],
  ['hits', `/sessions?filter=gift+card&${week}&view=hits`, '.hits li'],
  ['spans', `/spans?filter=status=error&${week}`, '[role="grid"] .r[aria-selected]'],
  ['palette', `/sessions?${week}`, 'dialog[open] .opt', key('Control+k')],
  ['replay', '/sessions/s01856', '[role="treeitem"]'],
  ['replay-state', '/sessions/crew-1?tab=state', '[role="treeitem"]', (page) => page.getByRole('treeitem').filter({ hasText: 'send_offer' }).click()],
  ['replay-findings', '/traces/faults-t1', 'dialog[open], [role="dialog"]', click('button', /^(why|\d+ more)$/)],
  ['graph', '/traces/swarm-t1?pane=graph', '.canvas .nd'],
  ['flame', '/sessions/s01856?pane=flame', '.frames .fr'],
  ['big', '/traces/big-10000', '[role="treeitem"]'],
  ['share', '/sessions/s01856', 'dialog[open]', key('Shift+S')],
  ['similar', '/sessions/s01856', 'dialog[open] li', key('u')],
  ['compare', crews, '.pair'],
  ['dashboard', `/dashboards/fleet?${week}`, 'canvas'],
  ['costs', `/costs?${week}`, 'table'],
  ...['agent', 'cost', 'latency', 'quality', 'guardrails', 'tools'].map((id) => [`dashboard-${id}`, `/dashboards/${id}?${week}`, 'canvas']),
  ['budgets', '/costs/budgets', 'table'],
  ['bills', '/costs/bills', 'table'],
  ['alerts', '/alerts', 'main h1'],
  ...['rules', 'channels', 'silences', 'history'].map((tab) => [`alerts-${tab}`, `/alerts/${tab}`, 'table, form']),
  ['rule', '/alerts/rule/new?measure=cost&filter=agent=skyline-support', 'canvas'],
  ['incidents', '/incidents', 'main h1'],
  ['incident', '/incidents/INC-7', '.kp'],
  ['post-mortem', '/incidents/INC-7?view=post-mortem', 'article table'],
  ['slos', '/slos', 'main h1'],
  ['reports', '/reports', '.tile'],
  ...['kept', 'schedules', 'links'].map((tab) => [`reports-${tab}`, `/reports/${tab}`, 'table']),
  ['datasets', '/datasets', 'main h1'],
  ['dataset', '/datasets/skyline-regression?case=sky-02', '.panel'],
  ['experiments', '/experiments', 'main h1'],
  ['experiment', '/experiments/v13', '[role="grid"] .gr'],
  ['comparison', '/experiments/compare?baseline=v12&candidate=v13,v11', '.said'],
  ['evaluators', '/evaluators', 'main h1'],
  ['scores', '/scores', 'main h1'],
  ['mentions', '/mentions', 'main h1', null, null, 'login'],
  ['traces', `/traces?${week}&order=-cost`, '[role="grid"] .r[aria-selected]'],
  ['settings', '/settings', 'main h2'],
  ['intake', '/settings/intake', 'main h2'],
  ['people', '/settings/people', 'main h2', null, null, 'login'],
  ['you', '/settings/me', 'main h2', null, null, 'login'],
  ['audit', '/settings/audit', 'table'],
  ['first-run', '/', '#guide', null, null, 'empty'],
  ['login', '/', 'input[type="password"]', null, null, 'out'],
  ['setup', '/setup#abc', 'input[type="password"]', null, null, 'out'],
  ['join', '/join#abc', 'input[type="password"]', null, null, 'out'],
  ['guest', '/sessions/s01856', '[role="treeitem"]', asGuest],
  ['missing', '/nowhere', 'main .link'],
  ['list-390', `/sessions?filter=agent=skyline-support&${week}`, '[role="grid"] .r[aria-selected]', null, narrow],
  ['replay-390', '/sessions/s01856', '.vl', null, narrow],
  ['timeline-390', '/sessions/s01856?view=timeline', '[role="treeitem"]', null, narrow],
  ['compare-390', crews, '.pair', null, narrow],
];
