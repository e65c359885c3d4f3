// The mock's budgets, and bills of providers beside what was seen.
const refuse = (status, message) => Object.assign(new Error(message), { status });
const month = { period_start: '2026-11-01T00:00:00Z', period_end: '2026-12-01T00:00:00Z', timezone: 'UTC' };
const budget = (name, scope, value, limit, spent, forecast, more = {}) => ({ name, scope, value, period: 'month', ...month, limit_usd: limit, spent_usd: spent, left_usd: String(Number(limit) - Number(spent)), used: Number(spent) / Number(limit), daily_usd: '3.1', forecast_usd: forecast, forecast_p10_usd: String(Number(forecast) * 0.9), forecast_p50_usd: forecast, forecast_p90_usd: String(Number(forecast) * 1.15), runs_out: null, runs_out_p10: null, runs_out_p50: null, runs_out_p90: null, method: 'holt_winters', state: 'ok', unknown_calls: 0, ...more });

function start(world) {
  world.money ??= world.stored
    ? {
        budgets: [budget('care', 'team', 'customer-care', '40', '41.2', '78', { state: 'exceeded' }), budget('research', 'agent', 'research-crew', '60', '38.4', '66', { state: 'at_risk', runs_out: '2026-11-27T00:00:00Z', runs_out_p10: '2026-11-25T00:00:00Z', runs_out_p50: '2026-11-27T00:00:00Z', runs_out_p90: null, unknown_calls: 12 }), budget('everything', 'organisation', '', '500', '121.9', '233.5')],
        imports: [{ source: 'openai.costs', from: '2026-11-09T00:00:00Z', to: '2026-11-16T00:00:00Z', records: 84, billed_usd: '91.25', imported: '2026-11-16T06:00:00Z' }],
      }
    : { budgets: [], imports: [] };
  return world.money;
}
const row = (day, model, type, billed, seen, reason = '') => ({ day, provider: 'openai', model, type, billed_usd: billed, seen_usd: seen, difference_usd: String(Number(billed ?? 0) - Number(seen ?? 0)), billed_quantity: 600000, seen_quantity: seen === null ? null : 590000, agrees: !reason, reason });

export function money(world, method, first, name, body, q) {
  const all = start(world);
  if (first === 'budgets') {
    if (method === 'GET') return { budgets: all.budgets };
    if (method === 'DELETE') { all.budgets = all.budgets.filter((one) => one.name !== decodeURIComponent(name)); return {}; }
    if (!(Number(body.limit_usd) > 0)) throw refuse(400, 'limit_usd: an amount above 0, such as "250".');
    const made = budget(decodeURIComponent(name), body.scope, body.value, body.limit_usd, '0', '0', { period: body.period, timezone: body.timezone });
    all.budgets = [...all.budgets.filter((one) => one.name !== made.name), made];
    return made;
  }
  if (name === 'bills') {
    if (method === 'POST') {
      if (!/"data"|usage_start_time|,/.test(body.text)) throw refuse(400, 'This is no export that Pawl knows: a page of usage or costs of a provider (JSON or CSV).');
      const made = { source: 'anthropic.costs', from: '2026-11-09T00:00:00Z', to: '2026-11-12T00:00:00Z', records: 6, billed_usd: '12.4', imported: '2026-11-16T07:00:00Z' };
      all.imports = [...all.imports.filter((one) => one.source !== made.source), made];
      return { ...made, fresh: 5, replaced: 1, other_services: 0, problems: ['line 3: no amount'], more: false };
    }
    if (method === 'DELETE') { all.imports = all.imports.filter((one) => one.source !== q.source); return { removed: 84 }; }
    return { imports: all.imports };
  }
  if (name === 'reconcile') {
    const rows = all.imports.length ? [row('2026-11-10', 'gpt-4.1', 'input', '12.5', '12.5'), row('2026-11-12', 'gpt-4.1', 'input', '18.4', '9.2', 'service_tier'), row('2026-11-12', 'gpt-4o', 'output', '4.1', null, 'not_seen'), row('2026-11-13', 'gpt-4o', 'cache_read', '1.0', '1.4', 'price')] : [];
    return { from: q.from, to: q.to, rows, total: { billed_usd: '36.0', seen_usd: '23.1', difference_usd: '12.9', rows: rows.length, agreeing: rows.filter((one) => one.agrees).length }, reasons: [{ name: 'service_tier', sentence: 'The factor is that of the priority tier.', rows: 1, difference_usd: '9.2' }, { name: 'not_seen', sentence: 'More requests there than calls here: traffic that never passed Pawl.', rows: 1, difference_usd: '4.1' }, { name: 'price', sentence: 'A price is wrong here: tokens agree, money differs by one factor.', rows: 1, difference_usd: '-0.4' }].filter(() => rows.length) };
  }
  throw refuse(404, 'No such call.');
}
