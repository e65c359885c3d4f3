// The mock's incidents: one that is open with alerts, a runbook and a linked trace, one that is over.
import { iso } from './fleet.mjs';

const refuse = (status, message) => Object.assign(new Error(message), { status });
const HOUR = 3_600_000;
const books = [
  { name: 'runaway_cost', title: 'Runaway cost', about: 'Money goes out faster than it should: find who spends it, and stop that.', steps: [{ text: 'Which version and model does it come from?', measures: ['cost', 'sessions'], dimensions: ['agent_version'] }, { text: 'Which tools are called again and again?', measures: ['tool_calls'], dimensions: ['tool'] }, { text: 'Set a budget, or take the version back.' }] },
  { name: 'bad_release', title: 'Bad release', about: 'A new version does worse than the one before.', steps: [{ text: 'Compare both versions.' }] },
];

function start(world) {
  if (world.incidents) return world.incidents;
  const entry = (number, hours, actor, kind, text, data = {}) => ({ number, at: iso(Date.now() - hours * HOUR), written: iso(Date.now() - hours * HOUR), actor, kind, text, data });
  const open = {
    id: 'inc_1', number: 7, title: 'Refunds cost ×2.7', severity: 'major', status: 'open', owner: '', agent: 'skyline-support', filter: '', runbook: 'runaway_cost', began: iso(Date.now() - 9.7 * HOUR), opened: iso(Date.now() - 9.6 * HOUR), mitigated: null, resolved: null, opened_by: 'pawl', firing: 1,
    window: { from: '2026-11-12T11:00:00Z', to: '2026-11-12T20:40:00Z' }, where: 'agent=skyline-support',
    timeline: [entry(1, 9.7, 'pawl', 'firing', 'Cost of skyline-support fires: 100 % of the rise comes from agent_version=v13.', { rule: 'rule_1', event: 'evt_3' }), entry(2, 9.6, 'pawl', 'opened', 'Opened by the rule Cost of skyline-support'), entry(3, 9, 'ines', 'note', 'v13 went out at 10:00. **Not from cache** any more.')],
    alerts: [{ event: 'evt_3', rule: 'rule_1', name: 'Cost of skyline-support', split: {}, severity: 'page', fired: iso(Date.now() - 9.7 * HOUR), resolved: null, sentence: '100 % of the rise comes from agent_version=v13.' }],
    links: [{ kind: 'trace', id: '4f1a0c22b7e94d11aa03', note: 'the dearest', at: iso(Date.now() - 8 * HOUR), actor: 'ines' }], cases: [], steps: {},
  };
  const over = { ...open, id: 'inc_0', number: 6, title: 'Order backend was slow', severity: 'critical', status: 'resolved', owner: 'omar', agent: 'orchard-orders', where: 'agent=orchard-orders', runbook: '', began: '2026-11-09T08:00:00Z', opened: '2026-11-09T08:10:00Z', resolved: '2026-11-09T14:00:00Z', firing: 0, timeline: [], alerts: [], links: [], cases: [{ dataset: 'orders', id: 'c1', trace_id: '', at: '2026-11-10T09:00:00Z', actor: 'omar' }] };
  world.incidents = world.stored ? [open, over] : [];
  return world.incidents;
}
const listed = ({ timeline, links, steps, window, where, ...one }) => ({ ...one, alerts: one.alerts.length, cases: one.cases.length, traces: links.length });
/** As the server tells of one: how many, and they themselves. */
const told = (one) => structuredClone({ ...one, alerts: one.alerts.length, cases: one.cases.length, traces: one.links.length, linked_alerts: one.alerts, linked_cases: one.cases });
const note = (one, kind, text, data = {}) => { const entry = { number: one.timeline.length + 1, at: iso(Date.now()), written: iso(Date.now()), actor: 'local', kind, text, data }; one.timeline = [...one.timeline, entry]; return entry; };

function runbook(one, method, step) {
  const book = books.find((each) => each.name === one.runbook);
  if (!book) throw refuse(404, 'The incident has no runbook.');
  if (!step) return { ...book, steps: book.steps.map((each, i) => ({ number: i + 1, text: each.text, query: !!each.measures, done: !!one.steps[i + 1], done_by: one.steps[i + 1] ? 'local' : '', done_at: one.steps[i + 1] ?? null })) };
  const asked = book.steps[step - 1];
  if (method === 'POST') { one.steps[step] = iso(Date.now()); return note(one, 'step', `Step ${step} is done: ${asked.text}`, { runbook: book.name, step }); }
  return { number: step, text: asked.text, question: { measures: asked.measures, dimensions: asked.dimensions, filter: one.where }, columns: [...asked.dimensions.map((name) => ({ name, type: 'string', unit: '' })), ...asked.measures.map((name) => ({ name, type: name === 'cost' ? 'money' : 'integer', unit: name === 'cost' ? 'USD' : '' }))], rows: [['v13', '5.104', 44], ['v12', '0.21', 5]].map((row) => row.slice(0, 1 + asked.measures.length)), before: [['v12', '1.89', 45]].map((row) => row.slice(0, 1 + asked.measures.length)), link: '/traces?filter=agent=skyline-support' };
}

/** Answers what lies below /incidents, or throws what the server would refuse. */
export function incidents(world, method, [id, sub, step], body, q, said) {
  const all = start(world);
  if (!id && method === 'GET') {
    const those = all.filter((one) => !q.status || (q.status === 'active' ? one.status !== 'resolved' : one.status === q.status));
    return { incidents: those.map(listed), total: those.length };
  }
  if (!id) {
    if (!body.title) throw refuse(400, '"title" must have 1 to 200 characters.');
    const made = { ...all[0], id: `inc_${all.length + 8}`, number: 8 + all.length, title: body.title, severity: body.severity ?? 'major', status: 'open', owner: body.owner ?? '', agent: body.agent ?? '', runbook: body.runbook ?? '', began: iso(Date.now()), opened: iso(Date.now()), mitigated: null, resolved: null, opened_by: 'local', firing: 0, window: { from: iso(Date.now() - HOUR), to: iso(Date.now()) }, where: body.agent ? `agent=${body.agent}` : '', timeline: [], alerts: (body.alerts ?? []).map((event) => ({ event, rule: 'rule_1', name: 'Cost of skyline-support', split: {}, severity: 'page', fired: iso(Date.now()), resolved: null, sentence: '' })), links: [], cases: [], steps: {} };
    note(made, 'opened', 'Opened by hand');
    if (body.note) note(made, 'note', body.note);
    all.unshift(made);
    return told(made);
  }
  const one = all.find((each) => each.id === id || `INC-${each.number}` === id || String(each.number) === id);
  if (!one) throw refuse(404, `There is no incident ${id}.`);
  if (method === 'PATCH') {
    for (const [name, value] of Object.entries(body)) if (name !== 'why') { note(one, name, `${name}: ${one[name] || 'nothing'} → ${value || 'nothing'}`, { from: one[name], to: value }); one[name] = value; }
    if (body.status === 'resolved') one.resolved = iso(Date.now());
    return told(one);
  }
  if (sub === 'notes') return note(one, 'note', body.text);
  if (sub === 'links') { one.links = [...one.links, { kind: body.kind, id: body.id, note: body.note ?? '', at: iso(Date.now()), actor: 'local' }]; note(one, body.kind, `Linked ${body.kind} ${body.id}`, { id: body.id }); return told(one); }
  if (sub === 'alerts') { note(one, 'firing', `Joined: ${body.events.join(', ')}`); return told(one); }
  if (sub === 'cases') { one.cases = [...one.cases, { ...body, at: iso(Date.now()), actor: 'local' }]; note(one, 'case', `Gave ${body.dataset} the case ${body.id}`, body); return told(one); }
  if (sub === 'impact') return { window: one.window, before: { from: '2026-11-05T11:00:00Z', to: '2026-11-05T20:40:00Z' }, figures: [{ measure: 'traces', name: 'Runs', unit: '', now: 44, before: 45, ratio: 0.98, link: '/traces?filter=agent=skyline-support' }, { measure: 'users', name: 'Users', unit: '', now: 31, before: 33, ratio: 0.94, link: '/sessions?filter=agent=skyline-support' }, { measure: 'cost', name: 'Cost', unit: 'USD', now: '5.104', before: '1.89', ratio: 2.7, link: '/spans?filter=agent=skyline-support' }, { measure: 'error_rate', name: 'Error rate', unit: 'ratio', now: 0.021, before: 0.019, ratio: 1.1, link: '/spans?filter=agent=skyline-support+is:error' }] };
  if (sub === 'runbook') return runbook(one, method, Number(step ?? 0));
  if (sub === 'post-mortem') return said.markdown(`# INC-${one.number} ${one.title}\n\n## Impact\n\n| | now | week before |\n| --- | --- | --- |\n| Cost | $5.10 | $1.89 |\n\n## Timeline\n\n${one.timeline.map((entry) => `- ${entry.at} ${entry.text}`).join('\n')}\n`);
  return told(one);
}
export const runbooks = { runbooks: books };
