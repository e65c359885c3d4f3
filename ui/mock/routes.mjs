// The routes of the mock: what api.md and the page's needs say, over a world in memory.
import { alerts } from './alerts.mjs';
import { datasets } from './datasets.mjs';
import { dimensions, facts, parse } from './filter.mjs';
import { find as finds } from './find.mjs';
import { findingsOf } from './findings.mjs';
import { comparison, experiments } from './experiments.mjs';
import { idOf, iso, tracesOf } from './fleet.mjs';
import { incidents, runbooks } from './incidents.mjs';
import { receive, sampleSession } from './ingest.mjs';
import { money } from './money.mjs';
import { getter, measures, query, select, selectSpans } from './query.mjs';
import { evaluators, scores } from './scores.mjs';
import { settings } from './settings.mjs';
import { social } from './social.mjs';
import { conversationOf, spansOf } from './spans.mjs';
import { listed, skeletonOf, staged } from './staged.mjs';
import { watch } from './slos.mjs';

const stats = (rows) => ({ rows_read: rows, elapsed_ms: 4, newest_ms_ago: 2000 });
const clean = ({ _, ...rest }) => rest;
const refuse = (status, message) => Object.assign(new Error(message), { status });

function page(world, rows, q, pick) {
  const order = q.order || '-start';
  const name = order.replace(/^-/, '');
  const down = order.startsWith('-') ? -1 : 1;
  const value = { start: (r) => r.start, cost: (r) => Number(r.cost_usd ?? -1), duration: (r) => r.active_ms ?? r.duration_ms, tokens: (r) => r.tokens?.input ?? r.tokens ?? 0, errors: (r) => r.error_count ?? (r.error ? 1 : 0) }[name];
  if (!value) throw refuse(400, `Lists cannot be ordered by ${name}.`);
  const sorted = rows.toSorted((a, b) => { const x = value(a), y = value(b); return x === y ? 0 : down * (x < y ? -1 : 1); });
  const at = Number(q.cursor || 0), limit = Number(q.limit || 100);
  const wanted = (q.columns ?? '').split(',').filter(Boolean).map((name) => name.replace(/^score\./, ''));
  const scored = (row) => (wanted.length ? { ...row, scores: Object.fromEntries(wanted.map((name) => [name, (row.scores ?? row._?.session?.scores)?.[name] ?? null])) } : row);
  const averaged = (row) => (pick === 'sessions' && wanted.length ? { ...row, trace_scores: Object.fromEntries(wanted.filter((name) => row.scores[name] === null).map((name) => [name, { count: row.trace_count, mean: 0.5 }])) } : row);
  return { [pick]: sorted.slice(at, at + limit).map(scored).map(averaged).map(clean), next_cursor: at + limit < sorted.length ? String(at + limit) : null, stats: stats(rows.reduce((n, r) => n + (r.span_count ?? 1), 0)) };
}

function values(world, q) {
  if (q.dimension === 'attr.') return [{ value: 'gen_ai.request.model', count: world.sessions.length }];
  const counts = new Map();
  for (const s of select(world, q)) for (const v of [getter(s)(q.dimension)].flat()) counts.set(String(v), (counts.get(String(v)) ?? 0) + 1);
  return [...counts].filter(([v]) => v.toLowerCase().startsWith((q.prefix ?? '').toLowerCase())).sort((a, b) => b[1] - a[1]).slice(0, 50).map(([value, count]) => ({ value, count }));
}

function find(world, id) {
  const found = [];
  for (const s of world.sessions) {
    if (s.session_id === id) found.push({ kind: 'session', id, trace_id: '', label: `${s.agent} ${s.agent_version} · ${s.outcome ?? s.status}`, at: s.start });
    for (const t of tracesOf(s)) if (t.trace_id === id) found.push({ kind: 'trace', id, trace_id: id, label: `${t.agent} ${t.name}`, at: t.start });
  }
  if (/^[0-9a-f]{16}$/.test(id)) for (const s of world.sessions) for (const span of spansOf(s)) if (span.span_id === id) found.push({ kind: 'span', id, trace_id: span.trace_id, label: `${span.kind} ${span.name}`, at: span.start });
  return found;
}

const sessionOf = (world, id) => world.sessions.find((s) => s.session_id === id) ?? missing();
const missing = () => { throw refuse(404, 'There is no such thing here, or it is past its retention.'); };
function traceOf(world, id) {
  for (const s of world.sessions) { const t = tracesOf(s).find((x) => x.trace_id === id); if (t) return t; }
  return missing();
}
const scoresOf = (s) => Object.entries(s.scores ?? {}).map(([name, value]) => ({ name, value, kind: 'number', author: 'evaluator', comment: '', span_id: null }));

const me = (world, host) => ({ mode: world.login ? 'required' : 'local', user: world.login ? { id: 'u1', email: 'ines@example.com', name: 'ines', role: 'admin' } : null, project: { id: 'p1', name: world.login ? 'demo' : 'default' }, role: 'owner', may: ['ingest', 'read', 'write', 'admin', 'operate'], projects: [{ id: 'p1', name: 'demo' }], version: '0.1.0', csrf: 'mock', endpoints: { http: `http://${host}`, otlp_http: 'http://127.0.0.1:4318', otlp_grpc: '127.0.0.1:4317' }, ever_received: world.sessions.length > 0 });

function live(world, request, response, filter) {
  parse(filter);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write('event: hello\ndata: {}\n\n');
  const send = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  world.listeners.add(send);
  const beat = setInterval(() => response.write(': beat\n\n'), 15_000);
  request.on('close', () => { clearInterval(beat); world.listeners.delete(send); });
}

const routes = {
  ...settings,
  'GET /runbooks': () => runbooks,
  'GET /me': (w, c) => me(w, c.host),
  'POST /login': (w, c) => { if (c.body.password !== 'correct horse battery') throw refuse(401, 'Wrong.'); c.cookie('pawl_session=mock; Path=/; HttpOnly; SameSite=Lax'); return {}; },
  'POST /logout': (w, c) => { c.cookie('pawl_session=; Path=/; Max-Age=0'); return {}; },
  'POST /setup': () => ({}),
  'GET /keys': (w) => ({ keys: w.keys }),
  'POST /keys': (w, c) => { const k = { id: `pk_${idOf(w.keys.length, 8)}`, project: 'default', scopes: c.body.scopes, name: c.body.name ?? '', created: iso(Date.now()), last_used: null }; w.keys.push(k); return { ...k, key: `pawl_sk_${idOf(w.keys.length, 24)}` }; },
  'GET /books': (w) => w.books,
  'GET /sessions': (w, c) => page(w, listed(w, c.q.filter) ?? select(w, c.q), c.q, 'sessions'),
  'GET /traces': (w, c) => page(w, listed(w, c.q.filter) ?? select(w, c.q).flatMap(tracesOf), c.q, 'traces'),
  'GET /spans': (w, c) => page(w, selectSpans(w, c.q), c.q, 'spans'),
  'POST /query': (w, c) => query(w, c.body),
  'POST /queries': (w, c) => ({ answers: c.body.queries.map((one) => query(w, one)), stats: query(w, c.body.queries[0]).stats }),
  'GET /measures': () => ({ measures }),
  'GET /dimensions': () => ({ dimensions, flags: facts.map((fact) => fact.name.slice(3)), facts }),
  'GET /values': (w, c) => ({ values: values(w, c.q) }),
  'POST /filter': (w, c) => { try { return { ok: true, terms: parse(c.body.filter).terms }; } catch (e) { if (!e.detail) throw e; return { ok: false, error: e.detail }; } },
  'GET /find': (w, c) => ({ found: find(w, c.q.id ?? '') }),
  'POST /sample': (w) => { sampleSession(w); return {}; },
  'DELETE /sample': (w) => { w.sessions = w.sessions.filter((s) => s.session_id !== 'sample'); return {}; },
};

/** Dashboards that users make: a version is never changed, removing is one too. */
function dashboards(world, method, name, sub, body) {
  world.dashboards ??= [];
  const of = world.dashboards.filter((one) => one.name === name);
  const last = of.at(-1);
  const there = last?.layout ? last : null;
  const add = (layout) => { const one = { name, version: of.length + 1, author: 'local', saved: iso(Date.now()), layout }; world.dashboards.push(one); return one; };
  if (!name) return { dashboards: [...new Map(world.dashboards.map((one) => [one.name, one])).values()].filter((one) => one.layout) };
  if (method === 'GET' && sub === 'versions') return { versions: of.toReversed() };
  if (method === 'PUT') {
    const { base, ...layout } = body;
    if (base !== undefined && base !== (there?.version ?? 0)) throw refuse(409, `Not saved: local changed it (version ${there?.version}).`);
    return add(layout);
  }
  if (!there) throw refuse(404, `There is no dashboard ${name}.`);
  if (method === 'DELETE') { add(null); return {}; }
  return there;
}

function byId(world, method, [kind, id, sub, span, more], q) {
  if (method === 'DELETE' && kind === 'keys') { world.keys = world.keys.map((k) => (k.id === id ? { ...k, revoked: iso(Date.now()) } : k)); return {}; }
  if (method !== 'GET') return null;
  const made = staged(world, kind, id, sub, span, more, q);
  if (made) return made;
  if (kind === 'sessions' && id) {
    const s = sessionOf(world, id);
    if (sub === 'skeleton') return skeletonOf([...spansOf(s)], q, () => clean(s));
    const spans = spansOf(s, q.bodies || 'full');
    return { session: clean(s), traces: tracesOf(s).map(clean), spans, findings: findingsOf(spans), scores: scoresOf(s), conversation: conversationOf(s, spans), stats: stats(spans.length) };
  }
  if (kind === 'traces' && id) {
    const t = traceOf(world, id);
    if (sub === 'skeleton') return skeletonOf(spansOf(t._.session).filter((x) => x.trace_id === id), q, () => clean(t));
    const spans = spansOf(t._.session, sub ? 'full' : q.bodies || 'full').filter((x) => x.trace_id === id);
    if (!sub) return { trace: clean(t), spans, findings: findingsOf(spans), scores: [], stats: stats(spans.length) };
    const one = spans.find((x) => x.span_id === span) ?? missing();
    if (more === 'content') return { pieces: [] };
    return q.raw ? { ...one, raw: [{ slot: 'attribute', key: 'gen_ai.input.messages', format: 'json', text: JSON.stringify(one.input ?? [], null, 1) }] } : one;
  }
  return null;
}

/** Answers true when the request was the API's. */
export async function answer(world, request, url, text, response) {
  const json = (value, status = 200) => { response.writeHead(status, { 'content-type': 'application/json' }); response.end(JSON.stringify(value)); return true; };
  if (url.pathname === '/v1/traces' && request.method === 'POST') { const said = receive(world, request, text); return json(said.body, said.status); }
  if (!url.pathname.startsWith('/api/v1')) return false;
  const path = url.pathname.slice(7);
  if (world.login && !/pawl_session=mock/.test(request.headers.cookie ?? '') && !['/login', '/setup', '/invitation', '/join'].includes(path) && !path.startsWith('/share/')) throw refuse(401, 'Log in first.');
  const q = Object.fromEntries(url.searchParams);
  if (path === '/live') { live(world, request, response, q.filter ?? ''); return true; }
  const [, first, name, sub] = path.split('/');
  if (first === 'dashboards') return json(dashboards(world, request.method, name, sub, text ? JSON.parse(text) : {}));
  if (first === 'budgets' || (first === 'costs' && name !== undefined)) return json(money(world, request.method, first, name, text && name !== 'bills' ? JSON.parse(text) : { text }, q));
  const parts = path.slice(1).split('/').map(decodeURIComponent);
  const bodyOf = () => (text ? JSON.parse(text) : {});
  const file = (type) => (written) => { response.writeHead(200, { 'content-type': `text/${type}; charset=utf-8` }); response.end(written); return true; };
  if (['slos', 'reports', 'report-schedules', 'report-links', 'annotations'].includes(first)) { const said = watch(world, request.method, parts, bodyOf(), q, { html: file('html') }); return said === true ? true : json(said); }
  if (first === 'incidents') { const said = incidents(world, request.method, parts.slice(1), bodyOf(), q, { markdown: file('markdown') }); return said === true ? true : json(said); }
  if (first === 'alerts') return json(alerts(world, request.method, path.split('/').slice(2).map(decodeURIComponent), text ? JSON.parse(text) : {}, q));
  if (first === 'scores' || first === 'score-definitions' || first === 'feedback-keys') return json(scores(world, request.method, path.split('/').slice(1).map(decodeURIComponent), text ? JSON.parse(text) : {}, q));
  if (first === 'evaluators') return json(evaluators(world, request.method, path.split('/').slice(2).map(decodeURIComponent), text ? JSON.parse(text) : {}));
  if (first === 'experiments') return json(experiments(world, request.method, path.split('/').slice(2).map(decodeURIComponent), q));
  if (first === 'comparison') return json(comparison(world, path.split('/').slice(2).map(decodeURIComponent), q));
  if (first === 'datasets') return json(datasets(world, request.method, path.split('/').slice(2).map(decodeURIComponent), text, q));
  const route = routes[`${request.method} ${path}`];
  if (route) return json(route(world, { q, body: text ? JSON.parse(text) : {}, host: request.headers.host, cookie: (text) => response.setHeader('set-cookie', text) }));
  const sought = finds(world, request.method, parts, bodyOf(), q);
  if (sought) return json(sought);
  const shared = social(world, request.method, parts, bodyOf(), q, request.headers.host, (of, asked) => byId(world, 'GET', of, asked) ?? missing());
  if (shared) return json(shared);
  const said = byId(world, request.method, path.split('/').slice(1).map(decodeURIComponent), q);
  return said ? json(said) : json({ error: { code: 'not_found', message: 'No such call.', detail: null, request_id: 'mock' } }, 404);
}
