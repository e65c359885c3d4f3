// The mock's alerts: rules in memory, a back-test that judges the stored week, what fires with its evidence, channels, silences, history.
import { idOf, iso, tracesOf } from './fleet.mjs';
import { query } from './query.mjs';

const refuse = (status, message) => Object.assign(new Error(message), { status });
const HOUR = 3_600_000;
const week = { from: '2026-11-09T00:00:00Z', to: '2026-11-16T00:00:00Z' };

function start(world) {
  if (world.alerts) return world.alerts;
  const rule = (number, definition, more = {}) => ({ id: `rule_${idOf(number, 8)}`, name: definition.name, version: 1, enabled: definition.enabled !== false, evaluated: iso(Date.now() - 60_000), trouble: '', starter: false, definition, ...more });
  const rules = [
    rule(1, { name: 'Cost of skyline-support', measure: 'cost', kind: 'threshold', filter: 'agent=skyline-support', above: 0.5, step: '1h', for: '1h', severity: 'page', channels: ['ch_1'], runbook: 'https://runbooks.example/cost' }),
    rule(2, { name: 'Error rate', measure: 'error_rate', kind: 'anomaly', direction: 'up', split: ['agent'], step: '15m', severity: 'ticket', channels: [] }, { starter: true }),
    rule(3, { name: 'Slow answers', measure: 'latency.p95', kind: 'threshold', above: 60_000, step: '15m', for: '30m', enabled: false }, { enabled: false }),
    rule(4, { name: 'Goal score', measure: 'score.goal.mean', kind: 'change', direction: 'down', change: 0.2, window: '24h' }, { trouble: 'No score of this name came in 30 days.' }),
  ];
  /** Traces of the dearest sessions of a version. */
  const of = (version) => world.sessions.filter((s) => s.agent === 'skyline-support' && s.agent_version === version).sort((a, b) => Number(b.cost_usd) - Number(a.cost_usd)).map((s) => tracesOf(s).at(-1).trace_id);
  const evidence = {
    window: { from: '2026-11-12T11:00:00Z', to: '2026-11-12T20:40:00Z' }, baseline: { days: 7 }, unit: 'USD', actual: 5.104, expected: 1.89, ratio: 2.7, sentence: '100 % of the rise comes from agent_version=v13.', spread_evenly: false,
    causes: [{ where: { agent_version: 'v13' }, filter: 'agent_version=v13', actual: 5.104, expected: null, share: 1, ratio: null }, { where: { model: 'gpt-4.1' }, filter: 'model=gpt-4.1', actual: 5.104, expected: null, share: 1, ratio: null }, { where: { agent_version: 'v13', tool: 'get_reservation_details' }, filter: 'agent_version=v13 tool=get_reservation_details', actual: 4.44, expected: 1.12, share: 0.87, ratio: 3.9 }, { where: { tool: 'cancel_reservation' }, filter: 'tool=cancel_reservation', actual: 1.68, expected: 0.6, share: 0.33, ratio: 2.8 }],
    traces: { after: of('v13').slice(0, 2), before: of('v12').slice(0, 1) }, release: { agent: 'skyline-support', version: 'v13', at: '2026-11-12T10:00:00Z', minutes_before: 60 }, price_change: null, runbook: '',
  };
  const alert = (of, split, state, hours, value, more = {}) => ({ rule: of.id, name: of.name, severity: of.definition.severity ?? 'ticket', kind: of.definition.kind, measure: of.definition.measure, unit: of.definition.measure === 'cost' ? 'USD' : 'ratio', filter: of.definition.filter ?? '', split, state, since: iso(Date.now() - hours * HOUR), value, acknowledged_by: '', event: null, muted_by: [], evidence: null, runbook: of.definition.runbook ?? '', ...more });
  const event = (number, of, notice, hours, value, deliveries, split = {}) => ({ id: `evt_${idOf(number, 10)}`, rule: of.id, name: of.name, version: 1, split, at: iso(Date.now() - hours * HOUR), notice, reason: '', learning: false, value, passed: false, evidence: notice === 'firing' ? evidence : null, deliveries });
  const sent = (state, attempts = 1, error = '') => ({ channel: 'ch_1', name: 'care-oncall', state, attempts, error, escalation: false });
  world.alerts = {
    rules, alerts: [alert(rules[0], {}, 'firing', 9.7, 5.104, { evidence, event: 'evt_3' }), alert(rules[1], { agent: 'orchard-orders' }, 'firing', 1.2, 0.21), alert(rules[1], { agent: 'ledger-analyst' }, 'pending', 0.2, 0.09), alert(rules[1], { agent: 'skyline-support' }, 'ok', 200, 0.01)],
    events: [event(5, rules[1], 'firing', 1.2, 0.21, [sent('waiting', 2, 'HTTP 503')], { agent: 'orchard-orders' }), event(4, rules[0], 'reminder', 5.7, 4.9, [sent('sent')]), event(3, rules[0], 'firing', 9.7, 3.2, [sent('sent')]), event(2, rules[0], 'resolved', 20, 0.3, [sent('failed', 10, 'HTTP 410')]), event(1, rules[0], 'firing', 39, 1.1, [sent('sent')])],
    channels: [{ id: 'ch_1', name: 'care-oncall', kind: 'slack', url: 'https://hooks.slack.com/services/T0/B0/…', enabled: true, trouble: '', waiting: 1, failed: 1 }, { id: 'ch_2', name: 'ops', kind: 'webhook', url: 'https://ops.example/pawl', enabled: true, trouble: '', waiting: 0, failed: 0 }],
    silences: [{ id: 'sil_1', matchers: [{ name: 'severity', op: '=', value: 'info' }], from: iso(Date.now() - HOUR), to: null, weekly: { days: ['sat', 'sun'], from: '02:00', to: '04:00', timezone: 'Europe/Berlin' }, author: 'ines', why: 'batch runs', state: 'active', mutes: 0 }],
  };
  if (!world.stored) world.alerts = { rules: [], alerts: [], events: [], channels: [], silences: [] };
  return world.alerts;
}

function check(definition) {
  for (const name of ['name', ...(typeof definition.slo === 'string' ? [] : ['measure'])]) if (!definition[name]) throw refuse(400, `A rule needs a ${name}.`);
  if (definition.kind === 'threshold' && definition.above === undefined && definition.below === undefined) throw refuse(400, 'A threshold needs above or below.');
}

/** Judges the stored week by the hour: a threshold at its limit, anything else at three times its median. */
function backtest(world, definition) {
  check(definition);
  const answer = query(world, { measures: [definition.measure ?? 'error_rate'], filter: definition.filter ?? '', step: '1h', ...week });
  const course = { split: {}, at: [], value: [], low: [], high: [], expected: [] };
  for (const [time, value] of answer.rows) {
    course.at.push(Date.parse(time) / 1000);
    course.value.push(value === null ? null : Number(value));
  }
  const known = course.value.filter((value) => value > 0).sort((a, b) => a - b);
  const middle = known[known.length >> 1] ?? 0;
  const banded = definition.kind !== 'threshold' && definition.kind !== 'prediction';
  for (let i = 0; i < course.at.length; i++) { course.low.push(banded ? 0 : null); course.high.push(banded ? middle * 3 : null); course.expected.push(banded ? middle : null); }
  const above = banded ? middle * 3 : definition.above ?? Infinity;
  const firings = [];
  course.value.forEach((value, i) => {
    const bad = value !== null && (value > above || (definition.below !== undefined && value < definition.below));
    const last = firings.at(-1);
    if (bad && last && last.resolved_at === null) last.value = Math.max(last.value, value);
    else if (bad) firings.push({ split: {}, fired_at: iso(course.at[i] * 1000), resolved_at: null, value, learning: false });
    else if (last && last.resolved_at === null) last.resolved_at = iso(course.at[i] * 1000);
  });
  const minutes = firings.reduce((sum, one) => sum + (Date.parse(one.resolved_at ?? week.to) - Date.parse(one.fired_at)) / 60_000, 0);
  return { ...week, firings, minutes_firing: minutes, notices: firings.length * 2, instances: 1, series: [course] };
}

/** Answers a call below /alerts, or throws what the server would refuse. */
export function alerts(world, method, path, body, q) {
  const all = start(world);
  const [first = '', id = '', sub = ''] = path;
  const rule = all.rules.find((one) => one.id === id || one.name === id);
  if (first === '') return { alerts: all.alerts.filter((one) => !q.state || one.state === q.state) };
  if (first === 'backtest') return backtest(world, body);
  if (first === 'events') return { events: all.events.filter((one) => !q.rule || one.rule === q.rule) };
  if (first === 'acknowledge') {
    const mine = all.alerts.filter((one) => one.rule === body.rule && one.state === 'firing' && Object.entries(body.split ?? {}).every(([name, value]) => one.split[name] === value));
    for (const one of mine) one.acknowledged_by = 'local';
    return { acknowledged: mine.length };
  }
  if (first === 'rules') {
    if (!id && method === 'GET') return { rules: all.rules };
    if (method === 'POST') {
      check(body);
      if (all.rules.some((one) => one.name === body.name)) throw refuse(409, `There is a rule ${body.name} already.`);
      const made = { id: `rule_${idOf(all.rules.length + 9, 8)}`, name: body.name, version: 1, enabled: body.enabled !== false, evaluated: null, trouble: '', starter: false, definition: body };
      all.rules.push(made);
      return made;
    }
    if (!rule) throw refuse(404, `There is no rule ${id}.`);
    if (method === 'DELETE') { all.rules = all.rules.filter((one) => one !== rule); return {}; }
    if (method === 'PUT') { check(body); Object.assign(rule, { name: body.name, version: rule.version + 1, enabled: body.enabled !== false, definition: body, trouble: '' }); return rule; }
    return sub === 'versions' ? { versions: [{ version: rule.version, changed: iso(Date.now()), actor: 'local', definition: rule.definition }] } : rule;
  }
  if (first === 'channels') {
    const channel = all.channels.find((one) => one.id === id);
    if (!id && method === 'GET') return { channels: all.channels };
    if (!id) {
      if (/169\.254|localhost/.test(body.url ?? '')) throw refuse(400, 'That address is private; the operator has not allowed it.');
      const made = { id: `ch_${all.channels.length + 1}`, name: body.name, kind: body.kind, url: body.url ?? '', to: body.to ?? [], enabled: true, trouble: '', waiting: 0, failed: 0 };
      all.channels.push(made);
      return body.kind === 'webhook' ? { ...made, secret: 'whsec_bW9ja21vY2ttb2NrbW9ja21vY2s=' } : made;
    }
    if (!channel) throw refuse(404, `There is no channel ${id}.`);
    if (sub === 'test') return channel.id === 'ch_2' ? { taken: false, trouble: 'ops.example answered 503.' } : { taken: true, trouble: '' };
    if (sub === 'resend') { const n = channel.failed; channel.failed = 0; return { resent: n }; }
    all.channels = all.channels.filter((one) => one !== channel);
    return {};
  }
  if (first === 'silences') {
    if (!id && method === 'GET') return { silences: all.silences };
    if (!id) {
      if (!body.why) throw refuse(400, 'A silence needs a reason (why).');
      const made = { id: `sil_${all.silences.length + 1}`, matchers: body.matchers, from: iso(Date.now()), to: body.weekly ? null : iso(Date.now() + 2 * HOUR), weekly: body.weekly ?? null, author: 'local', why: body.why, state: 'active', mutes: 1 };
      all.silences.unshift(made);
      return made;
    }
    const one = all.silences.find((each) => each.id === id);
    if (one) one.state = 'ended';
    return {};
  }
  throw refuse(404, 'No such call.');
}
