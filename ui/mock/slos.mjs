// The mock's objectives, reports with their schedules and links, and what is drawn over time on charts.
const refuse = (status, message) => Object.assign(new Error(message), { status });
const DAY = 86_400_000;
const day = (at) => new Date(at).toISOString().slice(0, 10);
const iso = (at) => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');

function slo(name, agent, kind, more) {
  const one = { name, agent, kind, target: 0.99, threshold: '', score: '', window: '30d', filter: '', description: '', valid: 402, bad: 3, sli: 0.9925, interval: [0.978, 0.997], budget_left: 0.62, state: 'met', exhausted_at: null, changed: '2026-11-02T09:00:00Z', ...more };
  one.valid_filter = `agent=${agent}`;
  one.bad_filter = kind === 'latency' ? `agent=${agent} duration>${one.threshold}` : kind === 'cost' ? `agent=${agent} cost>${one.threshold}` : `agent=${agent} is:error`;
  one.burn ??= [['page', 14.4, '1h', '5m'], ['page', 6, '6h', '30m'], ['ticket', 3, '1d', '2h'], ['ticket', 1, '3d', '6h']].map(([severity, factor, long, short]) => ({ severity, factor, long, short, long_burn: 0.3, short_burn: 0, firing: false }));
  one.history ??= Array.from({ length: 14 }, (_, i) => ({ day: day(Date.parse('2026-11-02') + i * DAY), valid: 28, bad: i === 8 ? 3 : 0, sli: i === 8 ? 0.893 : 1, budget_left: i < 8 ? 1 : one.budget_left + (13 - i) * 0.002 }));
  return one;
}

function start(world) {
  world.watch ??= {
    slos: world.stored
      ? [
          slo('skyline answers', 'skyline-support', 'latency', { threshold: '60s', target: 0.95, valid: 402, bad: 31, sli: 0.9229, interval: [0.893, 0.945], budget_left: -0.54, state: 'broken', burn: [{ severity: 'page', factor: 14.4, long: '1h', short: '5m', long_burn: 15.2, short_burn: 16, firing: true }, { severity: 'ticket', factor: 1, long: '3d', short: '6h', long_burn: 1.4, short_burn: 0.9, firing: false }] }),
          slo('ledger is right', 'ledger-analyst', 'quality', { score: 'goal', threshold: '0.7', target: 0.9, valid: 195, bad: 14, sli: 0.928, interval: [0.883, 0.957], budget_left: 0.28, state: 'at_risk', exhausted_at: '2026-11-24T00:00:00Z' }),
          slo('orders cost', 'orders-concierge', 'cost', { threshold: '0.05', target: 0.98, valid: 342, bad: 1, sli: 0.9971, interval: [0.984, 0.9995], budget_left: 0.85 }),
          slo('workspace works', 'workspace-assistant', 'availability', { valid: 12, bad: 0, sli: 1, interval: [0.757, 1], budget_left: 1, state: 'too_few' }),
        ]
      : [],
    reports: world.stored ? [{ id: 'rep_2', kind: 'weekly', from: '2026-11-09T00:00:00Z', to: '2026-11-16T00:00:00Z', timezone: 'UTC', made: '2026-11-16T08:00:02Z', schedule: 'monday', late: false, mails: [{ to: 'head@example.com', state: 'failed', attempts: 3, error: '451 try later', changed: '2026-11-16T09:00:00Z' }], links: 1 }] : [],
    schedules: world.stored ? [{ name: 'monday', kind: 'weekly', timezone: 'Europe/Berlin', weekday: 'monday', hour: 8, enabled: true, trouble: '', to: ['head@example.com'], link_for: '30d', next: '2026-11-23T07:00:00Z' }] : [],
    links: world.stored ? [{ id: 'rl_1', report: 'rep_2', kind: 'weekly', from: '2026-11-09T00:00:00Z', label: 'board', author: 'ines', made: '2026-11-16T08:30:00Z', expires: '2026-12-16T08:30:00Z', opened: 3, last_opened: '2026-11-16T10:00:00Z', state: 'active' }] : [],
    notes: [],
  };
  return world.watch;
}

function slos(all, method, name, body) {
  const one = all.slos.find((each) => each.name === name);
  if (!name) return { slos: all.slos.map(({ history, ...rest }) => rest) };
  if (method === 'PUT') {
    if (!body.agent) throw refuse(400, '"agent" must name the agent whose objective it is.');
    if (!(Number(body.target) >= 0.5 && Number(body.target) <= 0.99999)) throw refuse(400, '"target" is the share of runs that must be good, between 0.5 and 0.99999.');
    if (body.kind === 'latency' && !/^\d+(ms|s|m)$/.test(body.threshold)) throw refuse(400, '"threshold" of latency is a length of time such as "10s".');
    const made = slo(name, body.agent, body.kind, { ...body, target: Number(body.target) });
    all.slos = [...all.slos.filter((each) => each.name !== name), made];
    return made;
  }
  if (!one) throw refuse(404, `There is no objective ${name}.`);
  if (method === 'DELETE') { all.slos = all.slos.filter((each) => each !== one); return {}; }
  return one;
}

const previewOf = (q) => ({
  kind: q.kind || 'weekly', project: 'default', from: `${q.day || '2026-11-09'}T00:00:00Z`, to: '2026-11-16T00:00:00Z', timezone: q.timezone || 'UTC', made: iso(Date.now()),
  sentences: [{ text: 'Cost rose by 17 % to $53.68, most of it skyline-support.', link: '/costs?from=2026-11-09&to=2026-11-16' }, { text: 'One objective is broken: skyline answers.', link: '/slos?slo=skyline+answers' }],
  tiles: [{ name: 'Sessions', measure: 'sessions', unit: '', now: 1239, before: 1133, low: null, high: null, moved: false, last: [900, 1000, 950, 1000, 1100, 1050, 1000, 1100, 1133, 1120, 1133, 1239] }, { name: 'Cost', measure: 'cost', unit: 'USD', now: 53.68, before: 45.93, low: null, high: null, moved: true, last: [30, 31, 33, 40, 41, 38, 40, 39, 42, 44, 45.93, 53.68] }, { name: 'Cost per solved task', measure: 'cost_per_successful_task', unit: 'USD', now: 0.061, before: 0.052, low: null, high: null, moved: false, last: [0.05, 0.052, 0.061] }],
  costs: [{ by: 'team', rows: [{ key: 'customer-care', cost_usd: '32.58', before_usd: '16.62', calls: 3120 }], total_usd: '53.68', before_usd: '45.93' }], objectives: [], alerts: [], unknown: [],
});

function reports(all, method, [id, sub], body, q, said) {
  if (id === 'preview') return q.format === 'json' ? previewOf(q) : said.html(`<!doctype html><title>Weekly report</title><h1>${q.kind} report</h1>`);
  const one = all.reports.find((each) => each.id === id);
  if (!id && method === 'POST') {
    const from = Date.parse(body.day || '2026-11-09');
    const made = { id: `rep_${all.reports.length + 9}`, kind: body.kind, from: iso(from), to: iso(from + 7 * DAY), period: body.period ?? 'week', timezone: body.timezone || 'UTC', made: iso(Date.now()), schedule: '', late: false, mails: [], links: 0 };
    all.reports.unshift(made);
    return made;
  }
  if (!id) return { reports: all.reports };
  if (!one) throw refuse(404, `There is no report ${id}.`);
  if (sub === 'links') {
    const link = { id: `rl_${all.links.length + 2}`, report: id, kind: one.kind, from: one.from, label: body.label ?? '', author: 'local', made: iso(Date.now()), expires: iso(Date.now() + 30 * DAY), opened: 0, last_opened: null, state: 'active' };
    all.links.unshift(link);
    one.links += 1;
    return { id: link.id, url: `https://pawl.example/shared/reports/${link.id}-token`, expires: link.expires };
  }
  if (sub === 'send') { one.mails = [...one.mails, ...body.to.map((to) => ({ to, state: 'waiting', attempts: 0, error: '', changed: iso(Date.now()) }))]; return { queued: body.to.length }; }
  return q.format === 'json' ? previewOf({ kind: one.kind }) : said.html(`<!doctype html><title>${one.kind}</title>`);
}

function schedules(all, method, name, body) {
  if (!name) return { schedules: all.schedules };
  if (method === 'DELETE') { all.schedules = all.schedules.filter((one) => one.name !== name); return {}; }
  if (body.to?.some((to) => !to.includes('@'))) throw refuse(400, `to: ${body.to.find((to) => !to.includes('@'))} is no e-mail address.`);
  const made = { name, trouble: '', next: '2026-11-23T07:00:00Z', ...body };
  all.schedules = [...all.schedules.filter((one) => one.name !== name), made];
  return made;
}

const annotations = [
  { id: '', kind: 'release', at: '2026-11-10T10:00:00Z', until: null, title: 'skyline-support v13', detail: '', agent: 'skyline-support', version: 'v13', severity: '', link: '/spans?filter=agent=skyline-support+agent_version=v13', author: '' },
  { id: '', kind: 'release', at: '2026-11-13T08:00:00Z', until: null, title: 'skyline-support v14', detail: '', agent: 'skyline-support', version: 'v14', severity: '', link: '/spans?filter=agent=skyline-support+agent_version=v14', author: '' },
  { id: '', kind: 'incident', at: '2026-11-12T11:00:00Z', until: '2026-11-13T09:00:00Z', title: 'INC-7 Refunds cost ×2.7', detail: '', agent: 'skyline-support', version: '', severity: 'major', link: '/incidents/INC-7', author: '' },
  { id: '', kind: 'price', at: '2026-11-11T00:00:00Z', until: null, title: 'Prices of OpenAI', detail: 'gpt-4.1: input $2.00 → $2.20', agent: '', version: '', severity: '', link: '', author: '' },
];

/** Answers what lies below /slos, /reports, /report-schedules, /report-links and /annotations. */
export function watch(world, method, [first, ...path], body, q, said) {
  const all = start(world);
  if (first === 'slos') return slos(all, method, path[0] ?? '', body);
  if (first === 'reports') return reports(all, method, path, body, q, said);
  if (first === 'report-schedules') return schedules(all, method, path[0], body);
  if (first === 'report-links') {
    if (!path[0]) return { links: all.links };
    const one = all.links.find((each) => each.id === path[0]);
    if (one) one.state = 'revoked';
    return {};
  }
  if (method === 'POST') { const note = { id: `ann_${all.notes.length + 1}`, kind: 'note', until: null, detail: '', agent: '', version: '', severity: '', link: '', author: 'local', ...body }; all.notes.push(note); return note; }
  if (method === 'DELETE') { all.notes = all.notes.filter((one) => one.id !== path[0]); return {}; }
  const kinds = (q.kinds ?? 'release,price,incident,note').split(',');
  const inside = (one) => (!q.from || (one.until ?? one.at) >= q.from) && (!q.to || one.at < q.to) && kinds.includes(one.kind);
  return { annotations: world.stored ? [...annotations, ...all.notes].filter(inside) : [], cut: false };
}
