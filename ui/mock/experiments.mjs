// The mock's experiments: three versions of an agent on one dataset and one that runs, compared case by case.
import { sets } from './datasets.mjs';
import { idOf, iso, tracesOf } from './fleet.mjs';

const refuse = (status, message) => Object.assign(new Error(message), { status });
const TRIALS = 5;
const at = Date.parse('2026-11-12T09:00:00Z');
/** The same figure for the same words. */
function luck(...words) {
  let hash = 2166136261;
  for (const letter of words.join(' ')) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
const slices = ['cancel', 'change', 'baggage', 'refund'];
const rate = { v11: 0.74, v12: 0.86, v13: 0.66, v14: 0.86 };

function trialOf(world, version, one, i, trial) {
  const slice = slices[i % 4];
  const worse = version === 'v13' && slice === 'cancel';
  const infra = version === 'v12' && i === 7 && trial === 2;
  const crashed = version === 'v13' && i === 12 && trial === 0;
  const passed = !infra && !crashed && (version === 'v13' && i % 8 === 0 ? false : luck(one.id, 'own') + luck(one.id, trial, version) < (worse ? 0.7 : rate[version] * 2) );
  const leak = version === 'v13' && i === 16 && trial > 1;
  const details = { name: 'get_reservation_details', arguments: { reservation_id: `K1NW${i}N` } };
  const trajectory = infra ? null : passed ? [{ name: 'get_user_details', arguments: { user: one.cluster } }, details, { name: 'update_reservation_flights', arguments: { reservation_id: `K1NW${i}N`, cabin: 'economy', payment: 'gift card' } }] : [details, { name: 'cancel_reservation', arguments: { reservation_id: `K1NW${i}N`, refund: 'full' } }];
  const session = world.sessions[(i * 7 + trial) % world.sessions.length];
  return {
    trial, trial_id: idOf(i * 64 + trial, 16), status: infra ? 'infra_error' : 'ok', failed: crashed, scores: infra ? {} : { solved: passed ? 1 : 0, no_leak: leak ? 0 : 1, tone: Math.round((0.55 + luck(one.id, trial, version, 'tone') * 0.4) * 100) / 100 },
    comment: infra ? '429 from the provider, five times' : crashed ? 'killed after 60 s' : passed ? '' : 'It cancels a booking that is past 24 hours, and refunds it in full.', cost_usd: infra ? null : (0.021 + luck(one.id, trial) * 0.01 + (version === 'v13' ? 0.018 : 0)).toFixed(6),
    tokens: 9200 + Math.round(luck(one.id, trial) * 4000), latency_ms: 8000 + Math.round(luck(one.id, trial, version) * 9000), trace: session ? tracesOf(session)[0].trace_id : null,
    output: infra || crashed ? null : passed ? 'The reservation was made on 2024-05-02, which is beyond the 24-hour cancellation window. I cannot cancel it under the current policy, but I can change the flights for the fare difference.' : 'Since your reservation was made within the last 24 hours, you are eligible to cancel it for a full refund. It is cancelled.', trajectory, at: iso(at + i * 60_000), retries: infra ? 4 : 0,
  };
}
function make(world, name, hours, more = {}) {
  const cases = sets(world).find((one) => one.name === 'skyline-regression').history.map((list) => list[0]).filter((one) => one.version === 1);
  const results = cases.map((one, i) => ({ one, slice: slices[i % 4], trials: Array.from({ length: TRIALS }, (_, trial) => trialOf(world, name, one, i, trial)) })).slice(0, more.planned ? 12 : undefined);
  return { id: `exp_${name}`, name, description: '', dataset: 'skyline-regression', dataset_version: '1', agent: { kind: 'command', target: 'python agent.py', model: 'gpt-4.1' }, manifest: name, branch: name === 'v13' ? 'shorter-prompt' : 'main', commit: idOf(hours, 40), evaluators: [{ name: 'solved', kind: 'json' }, { name: 'no_leak', kind: 'no_secrets' }, { name: 'tone', kind: 'program' }], evaluators_version: idOf(3, 16), state: 'done', created: iso(at + hours * 3_600_000), changed: iso(at + hours * 3_600_000), ended: iso(at + hours * 3_600_000 + 600_000), infra_max: 0.05, seconds_left: null, spend_cap_usd: null, capped: false, metadata: null, ...more, results };
}
function all(world) {
  world.experiments ??= world.stored ? [make(world, 'v14', 60, { state: 'running', planned: 150, ended: null, seconds_left: 95, spend_cap_usd: '5' }), make(world, 'v13', 40), make(world, 'v12', 20), make(world, 'v11', 0)] : [];
  return world.experiments;
}
const named = (world, id) => all(world).find((one) => one.id === id || one.name === id) ?? (() => { throw refuse(404, `There is no experiment ${id}.`); })();
const mean = (list) => (list.length ? list.reduce((sum, each) => sum + each, 0) / list.length : null);
const ok = (trials) => trials.filter((one) => one.status === 'ok');
const valueOf = (one, name) => (name === 'cost_usd' ? Number(one.cost_usd) : name === 'latency_ms' ? one.latency_ms : one.scores[name]);
const caseMean = (row, name) => mean(ok(row.trials).map((one) => valueOf(one, name)).filter((each) => each !== null && each !== undefined));
const spread = (list) => { const m = mean(list); return Math.sqrt(list.reduce((sum, each) => sum + (each - m) ** 2, 0) / Math.max(1, list.length - 1)); };
const square = (one) => ({ trial: one.trial, state: one.status !== 'ok' ? 'infra' : one.failed ? 'crashed' : one.scores.solved === 1 && one.scores.no_leak === 1 ? 'pass' : 'fail', value: one.scores.solved ?? null, trace: one.trace });
const metricNames = ['solved', 'no_leak', 'tone'];

function shown(one) {
  const trials = one.results.flatMap((row) => row.trials);
  const good = ok(trials);
  const { results, ...rest } = one;
  const chain = (hat) => Array.from({ length: TRIALS }, (_, k) => mean(results.map((row) => { const list = ok(row.trials); const c = list.filter((each) => each.scores.solved).length; let p = 1; for (let i = 0; i <= k; i++) p *= Math.max(0, (hat ? c : list.length - c) - i) / Math.max(1, list.length - i); return hat ? p : 1 - p; })));
  return { ...rest, planned: one.planned ?? trials.length, trials: good.length, cases: results.length, failed: good.filter((each) => each.failed).length, infra_errors: trials.length - good.length, cost_usd: good.reduce((sum, each) => sum + Number(each.cost_usd), 0).toFixed(6), cost_unknown: 0,
    latency_ms: { mean: mean(good.map((each) => each.latency_ms)), p95: good.map((each) => each.latency_ms).sort((a, b) => a - b)[Math.floor(good.length * 0.95)] },
    metrics: metricNames.map((name) => { const list = results.map((row) => caseMean(row, name)).filter((each) => each !== null); const [m, se] = [mean(list), spread(list) / Math.sqrt(list.length)]; return { name, role: name === 'no_leak' ? 'safety' : 'quality', mean: m, ci: [m - 2 * se, Math.min(1, m + 2 * se)], cases: list.length, nulls: 0, passed: name === 'tone' ? null : good.filter((each) => each.scores[name] === 1).length, pass_hat_k: name === 'solved' ? chain(true) : null, pass_at_k: name === 'solved' ? chain(false) : null }; }) };
}
const part = (row) => { const list = ok(row.trials).map((one) => square(one).state === 'pass'); const passed = list.filter(Boolean).length; return { failing: passed < list.length, flaky: passed > 0 && passed < list.length, infra: row.trials.some((one) => one.status !== 'ok'), passing: list.length > 0 && passed === list.length }; };
const paged = (list, q) => list.slice(Number(q.offset ?? 0), Number(q.offset ?? 0) + Number(q.limit ?? 100));

function cases(one, q) {
  const rows = one.results.filter((row) => (!q.q || row.one.id.includes(q.q)) && (!q.slice || row.slice === q.slice)).sort((a, b) => caseMean(a, 'solved') - caseMean(b, 'solved'));
  const counts = { all: rows.length, ...Object.fromEntries(['failing', 'flaky', 'infra', 'passing'].map((name) => [name, rows.filter((row) => part(row)[name]).length])) };
  const found = rows.filter((row) => !q.show || part(row)[q.show]);
  return { cases: paged(found, q).map((row) => ({ case: row.one.id, slice: row.slice, cluster: row.one.cluster, mean: Object.fromEntries(metricNames.map((name) => [name, caseMean(row, name)])), trials: row.trials.map(square), cost_usd: ok(row.trials).reduce((sum, each) => sum + Number(each.cost_usd), 0).toFixed(6), latency_ms: mean(ok(row.trials).map((each) => each.latency_ms)), comment: row.trials.find((each) => each.comment)?.comment ?? '', trace: row.trials[0].trace })), total: found.length, counts, slices: slices.map((name) => ({ name, cases: one.results.filter((row) => row.slice === name).length })) };
}

function judged(pairs, name, role, margin) {
  const list = pairs.map(([a, b]) => [caseMean(a, name), caseMean(b, name)]).filter(([a, b]) => a !== null && b !== null);
  const [a, b] = [mean(list.map(([x]) => x)), mean(list.map(([, y]) => y))];
  const se = spread(list.map(([x, y]) => y - x)) / Math.sqrt(list.length);
  const [diff, less] = [b - a, role === 'cost' || role === 'latency'];
  const ci = [diff - 1.7 * se, diff + 1.7 * se];
  const [low, allowed] = [less ? -ci[1] : ci[0], less ? margin * a : margin];
  const p = Math.max(1e-6, Math.min(1, Math.exp(-(((less ? -diff : diff) - 0) ** 2) / Math.max(1e-9, 2 * se * se)) / 2));
  const verdict = low > 0 ? 'better' : low > -allowed ? 'no_worse' : (less ? diff : -diff) > 1.7 * se ? 'worse' : 'cannot_tell';
  return { cases: list.length, baseline: a, candidate: b, diff, ci, p, p_adjusted: Math.min(1, p * 2), verdict };
}
const pairsOf = (a, b) => a.results.flatMap((row) => { const other = b.results.find((each) => each.one.id === row.one.id); return other ? [[row, other]] : []; });
function rowOf(a, bs, id) {
  const [left, ...rights] = [a, ...bs].map((one) => one.results.find((row) => row.one.id === id) ?? null);
  const side = (row) => row && { mean: Object.fromEntries(metricNames.map((name) => [name, caseMean(row, name)])), trials: row.trials.map(square), output: String(row.trials.find((one) => one.output)?.output ?? '').slice(0, 300), cost_usd: ok(row.trials).reduce((sum, each) => sum + Number(each.cost_usd), 0).toFixed(6), latency_ms: 9000, comment: row.trials.find((each) => each.comment)?.comment ?? '', trace: row.trials[0].trace };
  const right = rights[0];
  const diff = left && right ? caseMean(right, 'solved') - caseMean(left, 'solved') : null;
  const clean = left?.trials.every((one) => one.scores.no_leak !== 0);
  return { case: id, slice: (left ?? right).slice, cluster: (left ?? right).one.cluster, finding: !right ? 'only_baseline' : !left ? 'only_candidate' : diff <= -0.8 ? 'regressed' : diff < 0 ? 'fell' : diff > 0 ? 'rose' : 'same', flaky: !!right && part(right).flaky, newly_flaky: !!right && !!left && part(right).flaky && part(left).passing, new_failure: clean && right?.trials.some((one) => one.scores.no_leak === 0) ? ['no_leak'] : [], diff, baseline: side(left), candidates: rights.map(side) };
}
const order = ['regressed', 'fell', 'rose', 'same', 'only_baseline', 'only_candidate'];
function comparedRows(a, bs) {
  const ids = [...new Set([a, ...bs].flatMap((one) => one.results.map((row) => row.one.id)))];
  return ids.map((id) => rowOf(a, bs, id)).sort((x, y) => y.new_failure.length - x.new_failure.length || order.indexOf(x.finding) - order.indexOf(y.finding) || (x.diff ?? 0) - (y.diff ?? 0));
}
const is = (row, show) => (show === 'flaky' ? row.flaky : show === 'newly_flaky' ? row.newly_flaky : show === 'new_failures' ? row.new_failure.length > 0 : show === 'infra' ? [row.baseline, ...row.candidates].some((side) => side?.trials.some((one) => one.state === 'infra')) : row.finding === show);

function compare(a, b) {
  const pairs = pairsOf(a, b);
  const rows = comparedRows(a, [b]);
  const metrics = [['solved', 'quality', 0.05], ['no_leak', 'safety', 0], ['tone', 'watched', 0.05], ['cost_usd', 'cost', 0.1], ['latency_ms', 'latency', 0.1]].map(([name, role, margin]) => {
    const one = { name, role, gated: role !== 'watched' && role !== 'latency', margin, ...judged(pairs, name, role, margin), note: '' };
    if (role === 'safety') Object.assign(one, { new_failures: rows.filter((row) => row.new_failure.length).map((row) => row.case), clean_before: pairs.length }, { verdict: rows.some((row) => row.new_failure.length) ? 'worse' : 'no_worse' });
    return one.verdict === 'cannot_tell' ? { ...one, more: { cases: 140, trials: null } } : one;
  });
  const gated = metrics.filter((one) => one.gated).map((one) => one.verdict);
  const verdict = gated.includes('worse') ? 'worse' : gated.includes('cannot_tell') ? 'cannot_tell' : metrics[0].verdict === 'better' ? 'better' : 'no_worse';
  return { experiment: shown(b), verdict, reason: '', exit_code: { worse: 1, cannot_tell: 2, better: 0, no_worse: 0 }[verdict], metrics, counts: { paired: pairs.length, ...Object.fromEntries([...order, 'flaky', 'newly_flaky', 'new_failures', 'infra'].map((show) => [show, rows.filter((row) => is(row, show)).length])) }, slices: slices.map((slice) => ({ slice, metric: 'solved', ...judged(pairs.filter(([row]) => row.slice === slice), 'solved', 'quality', 0.05) })), infra_errors: { baseline: shown(a).infra_errors, candidate: shown(b).infra_errors }, bad_rows: 0, notes: [], command: `pawl gate --baseline ${a.name} --candidate ${b.name} --quality solved --safety no_leak` };
}

function aligned(left, right) {
  if (!left?.trajectory || !right?.trajectory) return null;
  const same = JSON.stringify(left.trajectory) === JSON.stringify(right.trajectory);
  const [user, details, update] = left.trajectory;
  const steps = same ? left.trajectory.map((call) => ({ state: 'same', baseline: call, candidate: call, pointer: '' })) : left.trajectory.length === 3 && right.trajectory.length === 2 ? [{ state: 'removed', baseline: user, candidate: null, pointer: '' }, { state: 'same', baseline: details, candidate: right.trajectory[0], pointer: '' }, { state: 'removed', baseline: update, candidate: null, pointer: '' }, { state: 'added', baseline: null, candidate: right.trajectory[1], pointer: '' }] : [{ state: 'added', baseline: null, candidate: right.trajectory[0], pointer: '' }];
  return { from: { baseline: 'trace', candidate: 'trace' }, steps, divergence: same ? null : 0, deciding: same || !right.trace ? null : { trace: right.trace, span_id: idOf(3, 16), name: 'cancel_reservation', why: 'It cancels without having asked for the date of the booking.' } };
}
function detail(a, bs, id) {
  const trials = (one) => one.results.find((row) => row.one.id === id)?.trials ?? [];
  const best = Math.max(0, trials(a).findIndex((one) => square(one).state === 'pass'));
  return { case: [a, ...bs].flatMap((one) => one.results).find((row) => row.one.id === id)?.one ?? null, baseline: { trials: trials(a), shown: trials(a).length ? best : null }, candidates: bs.map((b) => { const list = trials(b); const worst = Math.max(0, list.findIndex((one) => square(one).state === 'fail')); return { trials: list, shown: list.length ? worst : null, alignment: aligned(trials(a)[best], list[worst]) }; }) };
}

export function experiments(world, method, [id, sub, one], q) {
  if (!id) { const found = all(world).filter((each) => (!q.dataset || each.dataset === q.dataset) && (!q.q || each.name.includes(q.q))); return { experiments: paged(found, q).map(shown), total: found.length }; }
  const found = named(world, id);
  if (method === 'DELETE') { world.experiments = all(world).filter((each) => each !== found); return {}; }
  if (!sub) return shown(found);
  if (one) { const row = found.results.find((each) => each.one.id === one); return { case: row?.one ?? null, trials: row?.trials ?? [] }; }
  return cases(found, q);
}
export function comparison(world, [sub, one], q) {
  const a = named(world, q.baseline);
  const bs = q.candidate.split(',').map((id) => named(world, id));
  if (one) return detail(a, bs, one);
  if (!sub) return { baseline: shown(a), candidates: bs.map((b) => compare(a, b)) };
  const rows = comparedRows(a, bs).filter((row) => (!q.show || is(row, q.show)) && (!q.slice || row.slice === q.slice) && (!q.q || row.case.includes(q.q)));
  return { cases: paged(rows, q), total: rows.length };
}
