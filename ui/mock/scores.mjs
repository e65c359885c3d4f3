// The mock's scores, what they may be, feedback keys, and evaluators tried on the stored week.
import { iso, tracesOf } from './fleet.mjs';

const refuse = (status, message) => Object.assign(new Error(message), { status });
const at = '2026-11-10T09:00:00Z';
const definition = (name, kind, description, more = {}) => ({ name, id: `def_${name}`, kind, description, least: null, most: null, categories: [], archived: false, created: at, changed: at, in_use: 0, ...more });
function start(world) {
  world.scoring ??= world.stored
    ? { definitions: [definition('goal', 'numeric', 'The user got what they came for', { least: 0, most: 1, in_use: 1412 }), definition('mood', 'category', 'How the user sounds at the end', { categories: [{ name: 'angry', value: 0 }, { name: 'fine', value: 1 }, { name: 'glad', value: 2 }], in_use: 38 }), definition('thumbs', 'boolean', 'A thumb of the end user', { in_use: 214 }), definition('note', 'text', 'A remark', { archived: true })], scores: [], keys: [{ key: 'pawl_fk_5d41402abc4b2a76b9719d911017c592', names: ['thumbs'], created: at, author: 'ines@example.com', revoked: null, snippet: snippet('pawl_fk_5d41402abc4b2a76b9719d911017c592', 'thumbs') }] }
    : { definitions: [], scores: [], keys: [] };
  return world.scoring;
}
const snippet = (key, name) => `<script>const thumbs = (trace, value) => navigator.sendBeacon('https://pawl.example.com/api/v1/feedback', JSON.stringify({key: '${key}', name: '${name}', trace_id: trace, value}));</script>\n<button onclick="thumbs(TRACE_ID, true)">👍</button><button onclick="thumbs(TRACE_ID, false)">👎</button>\n`;

export function scores(world, method, [first, id], body, q) {
  const all = start(world);
  if (first === 'score-definitions') {
    if (method === 'GET') return { definitions: all.definitions };
    if (body.least !== null && body.most !== null && body.least > body.most) throw refuse(400, 'least is above most.');
    if (body.kind === 'category' && !body.categories?.length) throw refuse(400, 'A score of categories needs `categories`.');
    const was = all.definitions.find((one) => one.name === id);
    const made = { ...(was ?? definition(id, body.kind, '')), ...body, changed: iso(Date.now()) };
    all.definitions = was ? all.definitions.map((one) => (one === was ? made : one)) : [...all.definitions, made];
    return made;
  }
  if (first === 'feedback-keys') {
    if (method === 'GET') return { keys: all.keys };
    if (method === 'DELETE') { all.keys = all.keys.map((one) => (one.key === id ? { ...one, revoked: iso(Date.now()) } : one)); return {}; }
    if (!body.names?.length || !body.names.every((name) => /^[\w.-]+$/.test(name))) throw refuse(400, 'names must be 1 to 20 names of scores, each of letters, digits, . - and _.');
    const key = `pawl_fk_${String(all.keys.length + 1).repeat(32).slice(0, 32)}`;
    const made = { key, names: body.names, created: iso(Date.now()), author: 'local', revoked: null, snippet: snippet(key, body.names[0]) };
    all.keys.unshift(made);
    return made;
  }
  if (method === 'DELETE') { all.scores = all.scores.filter((one) => one.id !== id); return {}; }
  if (method === 'GET') return { scores: all.scores.filter((one) => (!q.trace || one.trace_id === q.trace) && (!q.session || one.session_id === q.session)), total: all.scores.length };
  const known = all.definitions.find((one) => one.name === body.name);
  if (known?.kind === 'numeric' && (body.value < known.least || body.value > known.most)) throw refuse(400, `${body.name} is from ${known.least} to ${known.most}.`);
  const one = { id: `score_${all.scores.length + 1}`, author: 'local', comment: '', source: 'api', at: iso(Date.now()), stands: true, ...body };
  all.scores.push(one);
  return { stored: 1, ids: [one.id], refused: [] };
}

const field = (name, type, needed, one, choices) => ({ name, type, needed, one, ...(choices ? { choices } : {}) });
const kinds = [
  { kind: 'exact', one: 'the output is the expected one', fields: [field('value', 'text', false, 'instead of the expected outcome'), field('ignore_case', 'boolean', false, '')] },
  { kind: 'contains', one: 'the output holds a text', fields: [field('value', 'text', true, 'what it holds')] },
  { kind: 'regex', one: 'the output matches (RE2)', fields: [field('value', 'text', true, 'the expression')] },
  { kind: 'trajectory', one: 'the calls compare so with the expected ones', fields: [field('metric', 'choice', true, '', ['exact', 'in_order', 'any_order', 'precision', 'recall']), field('arguments', 'choice', false, '', ['exact', 'ignore', 'subset', 'superset'])] },
  { kind: 'steps', one: 'at most so many calls', fields: [field('most', 'number', true, '')] },
  { kind: 'no_secrets', one: 'neither output nor calls hold a key, token or private key', fields: [] },
];
const namesIn = (text) => [...text.matchAll(/\[\[evaluator\]\]([^[]*)/g)].map(([, block]) => ({ name: /^\s*name\s*=\s*"([^"]*)"/m.exec(block)?.[1] ?? '', kind: /^\s*kind\s*=\s*"([^"]*)"/m.exec(block)?.[1] ?? '' }));
function checked(text) {
  const found = namesIn(text);
  if (!found.length) throw refuse(400, 'There is no [[evaluator]] in it.');
  const wrong = found.find((one) => !kinds.some((kind) => kind.kind === one.kind));
  if (wrong) throw refuse(400, `evaluator ${wrong.name || '1'}: no kind is called ${wrong.kind || '""'}. Known: ${kinds.map((one) => one.kind).join(', ')}.`);
  return found;
}
export function evaluators(world, method, [name], body) {
  world.evaluators ??= world.stored ? [{ name: 'refunds', history: [{ version: 1, changed: at, author: 'ines@example.com', text: '[[evaluator]]\nname = "no_secrets"\nkind = "no_secrets"\n\n[[evaluator]]\nname = "short"\nkind = "steps"\nmost = 12\n' }] }] : [];
  const shown = (one) => ({ name: one.name, ...one.history.at(-1), evaluators: namesIn(one.history.at(-1).text) });
  if (name === 'try') {
    const asked = checked(body.text);
    const traces = world.sessions.filter((s) => !body.filter || body.filter.includes(s.agent)).slice(0, body.limit).map((s) => [s, tracesOf(s)[0]]);
    const most = Number(/most\s*=\s*(\d+)/.exec(body.text)?.[1] ?? 12);
    const results = traces.map(([s, t], i) => ({ trace: t.trace_id, name: t.name, start: t.start, output: s.title, trajectory_calls: s.tool_calls, cost_usd: s.cost_usd, latency_ms: s.duration_ms, tokens: s.tokens, scores: asked.map((one) => { const value = one.kind === 'steps' ? Number(s.tool_calls <= most) : one.kind === 'no_secrets' ? Number(i % 11 !== 3) : null; return { name: one.name, value, comment: value === null ? 'Nothing is expected of this trace.' : value ? '' : one.kind === 'steps' ? `${s.tool_calls} calls, at most ${most}` : 'The output holds a bearer token.' }; }) }));
    const of = (one) => results.map((row) => row.scores.find((score) => score.name === one.name).value);
    return { evaluators: asked, tried: results.length, results, summary: asked.map((one) => { const list = of(one).filter((value) => value !== null); return { name: one.name, mean: list.length ? list.reduce((a, b) => a + b, 0) / list.length : null, passed: list.filter((value) => value === 1).length, failed: list.filter((value) => value === 0).length, nulls: of(one).length - list.length }; }), refused: [] };
  }
  if (!name) return { kinds, evaluators: world.evaluators.map(shown) };
  const one = world.evaluators.find((each) => each.name === name);
  if (method === 'PUT') {
    checked(body.text);
    const next = { version: (one?.history.length ?? 0) + 1, changed: iso(Date.now()), author: 'local', text: body.text };
    if (one) one.history.push(next); else world.evaluators.push({ name, history: [next] });
    return shown(world.evaluators.find((each) => each.name === name));
  }
  if (!one) throw refuse(404, `There are no evaluators ${name}.`);
  if (method === 'DELETE') { world.evaluators = world.evaluators.filter((each) => each !== one); return {}; }
  return { ...shown(one), versions: one.history.toReversed() };
}
