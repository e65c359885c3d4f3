// The mock's datasets: cases by version over the fleet's real tasks, files in and out, cases from traces.
import { iso } from './fleet.mjs';

const refuse = (status, message) => Object.assign(new Error(message), { status });
const at = Date.parse('2026-11-10T09:00:00Z');
const blank = { expected: null, expected_trajectory: null, criteria: null, tags: [], split: [], cluster: '', owner: '', metadata: null, source_trace: '', source_span: '', retired: false };
const caseOf = (id, version, rest) => ({ ...blank, id, input: '', version, created: iso(at + version * 3_600_000), changed: iso(at + version * 3_600_000), ...rest });

function regression(world) {
  const titles = [...new Map(world.sessions.filter((s) => s.agent === 'skyline-support' && s.title).map((s) => [s.title, s])).values()].slice(0, 40);
  return titles.map((s, i) => caseOf(`sky-${String(i + 1).padStart(2, '0')}`, i < 30 ? 1 : 2, {
    input: i % 3 ? s.title : { messages: [{ role: 'user', content: s.title }] },
    expected: i % 4 === 3 ? null : i % 2 ? { refund_usd: 120 + i, to: 'gift card' } : 'The reservation is changed, and the price is told before it is.',
    criteria: i % 4 === 3 ? 'Says that a basic economy booking cannot be changed after 24 hours, and offers a person.' : null,
    expected_trajectory: i % 5 ? [{ name: 'get_reservation_details', arguments: { reservation_id: `K1NW${i}N` } }, { name: 'update_reservation_flights', arguments: { reservation_id: `K1NW${i}N`, cabin: 'economy' } }] : null,
    tags: i % 3 ? ['change'] : ['cancel', 'refund'], split: [i % 4 ? 'dev' : 'test'], cluster: s.user_id ?? '', owner: i % 2 ? 'ines' : 'tom', source_trace: i % 2 ? `${'5b8aa5a2d2c872e8321cf37308d69d'}${String(i).padStart(2, '0')}` : '',
  }));
}
const many = () => Array.from({ length: 10_000 }, (_, i) => caseOf(`load-${String(i).padStart(5, '0')}`, 1, { input: `Where is order ${4000 + i}? It was promised for ${i % 28 + 1} November.`, expected: `It arrives on ${['Monday', 'Friday'][i % 2]}.`, tags: [`batch-${i % 7}`], split: [i % 10 ? 'train' : 'test'] }));
const setOf = (name, description, cases, more = {}) => ({ name, id: `ds_${name}`, description, version: Math.max(0, ...cases.map((one) => one.version)), experiments: 0, metadata: null, created: iso(at), changed: iso(at + 7_200_000), history: cases.map((one) => [one]), ...more });

export function sets(world) {
  world.datasets ??= world.stored
    ? [setOf('skyline-regression', 'Changes and cancellations that went wrong in production', regression(world), { experiments: 3 }), setOf('orders-load', 'Ten thousand questions about orders, made from a template', many()), setOf('tone', 'How it should sound; criteria only, nobody has run it', [])]
    : [];
  return world.datasets;
}
const shown = ({ history, ...one }) => ({ ...one, cases: history.filter((list) => !list.at(-1).retired).length });
const setNamed = (world, name) => sets(world).find((one) => one.name === name) ?? (() => { throw refuse(404, `There is no dataset ${name}.`); })();
const versionOf = (list, version) => list.findLast((one) => one.version <= version);

function put(set, cases) {
  const made = { added: 0, changed: 0, same: 0 };
  const next = set.version + 1;
  for (const given of cases) {
    const list = set.history.find((each) => each[0].id === given.id);
    const last = list?.at(-1);
    const one = caseOf(given.id, next, { ...given, version: next, created: last?.created ?? iso(Date.now()), changed: iso(Date.now()) });
    const key = (each) => JSON.stringify(Object.entries(blank).map(([name]) => each[name]).concat([each.input]));
    if (!list) { set.history.push([one]); made.added++; } else if (key(last) === key(one)) made.same++; else { list.push(one); made.changed++; }
  }
  if (made.added || made.changed) { set.version = next; set.changed = iso(Date.now()); }
  return { ...made, version: set.version };
}

function importOf(world, name, text, q) {
  const rows = text.split('\n').map((line, i) => [line, i + 1]).filter(([line]) => line.trim());
  const [cases, bad] = [[], []];
  for (const [line, number] of rows) {
    try {
      const given = JSON.parse(line);
      if (given.input === undefined) bad.push({ line: number, column: 'input', reason: 'A case needs an input.' });
      else cases.push({ ...given, id: given.id ?? `row-${number}`, split: typeof given.split === 'string' ? [given.split] : given.split ?? [], line: number });
    } catch { bad.push({ line: number, column: '', reason: 'This line is no JSON: it ends in the middle of a text.' }); }
  }
  const near = [];
  for (let i = 0; i < Math.min(cases.length, 50); i++) for (let j = 0; j < i; j++) if (JSON.stringify(cases[i].input).replace(/\d/g, '0') === JSON.stringify(cases[j].input).replace(/\d/g, '0')) near.push({ a: cases[j].id, b: cases[i].id, a_line: cases[j].line, b_line: cases[i].line, likeness: 0.96, across_splits: cases[i].split.join() !== cases[j].split.join() });
  const stored = q.dry_run !== '1' && cases.length > 0 && (!bad.length || q.skip_bad === '1');
  let done = { version: 0, added: 0, changed: 0, same: 0 };
  if (stored) {
    if (!sets(world).some((one) => one.name === name)) world.datasets.unshift(setOf(name, '', []));
    done = put(setNamed(world, name), cases.map(({ line, ...one }) => one));
  }
  return { stored, format: 'jsonl', read: cases.length, ...done, bad_rows: bad.slice(0, 100), bad_rows_total: bad.length, warnings: [], evaluators: null, near_duplicates: near.sort((a, b) => b.across_splits - a.across_splits), near_duplicates_total: near.length };
}

const found = (field, value) => [...JSON.stringify(value ?? null).matchAll(/[\w.]+@[\w.]+\.\w+|\b\d{4} \d{4} \d{4} \d{4}\b/g)].map((hit) => ({ field, kind: hit[0].includes('@') ? 'email' : 'card', start: hit.index, length: hit[0].length, text: hit[0] }));
function fromTrace(world, set, body) {
  if (!/^[0-9a-f]{32}$/.test(body.trace_id ?? '')) throw refuse(404, `There is no trace ${body.trace_id} in this project.`);
  const one = caseOf(body.id ?? `trace-${body.trace_id}`, 0, { input: 'Cancel K1NW8N and refund me. I am sofia.rossi@example.com, card 4111 1111 1111 1111.', expected: 'Done. The refund goes to the card ending in 1111; a mail went to sofia.rossi@example.com.', expected_trajectory: [{ name: 'cancel_reservation', arguments: { reservation_id: 'K1NW8N' } }], metadata: { tool_results: [{ name: 'cancel_reservation', arguments: { reservation_id: 'K1NW8N' }, result: { user: 'sofia.rossi@example.com', refund: 567 } }] }, split: body.split ? [body.split] : [], source_trace: body.trace_id });
  const marks = ['input', 'expected', 'expected_trajectory', 'metadata'].flatMap((field) => found(field, one[field]));
  const version = body.dry_run ? set.version : put(set, [one]).version;
  return { stored: !body.dry_run, version, case: one, marks };
}

function cases(set, method, id, body, q) {
  if (!id) {
    const version = Number(q.version ?? set.version);
    const all = set.history.map((list) => versionOf(list, version)).filter((one) => one && (q.retired === '1' || !one.retired) && (!q.split || one.split.includes(q.split)));
    const from = Number(q.offset ?? 0);
    return { version, cases: all.slice(from, from + Number(q.limit ?? 100)), total: all.length };
  }
  if (method === 'PUT') put(set, [{ ...JSON.parse(body), id }]);
  const list = set.history.find((each) => each[0].id === id);
  if (!list) throw refuse(404, `Dataset ${set.name} has no case ${id}.`);
  if (method === 'DELETE') { put(set, [{ ...list.at(-1), retired: true }]); return {}; }
  return { case: list.at(-1), versions: list.toReversed() };
}

/** `text`: the body as it came. */
export function datasets(world, method, [name, sub, id], text, q) {
  if (!name) return { datasets: sets(world).map(shown), total: sets(world).length };
  if (sub === 'import') return importOf(world, name, text, q);
  if (!sub && method === 'PUT') {
    if (!sets(world).some((one) => one.name === name)) world.datasets.unshift(setOf(name, '', []));
    const set = setNamed(world, name);
    Object.assign(set, JSON.parse(text || '{}'));
    return shown(set);
  }
  const set = setNamed(world, name);
  if (!sub) return shown(set);
  if (sub === 'cases') return cases(set, method, id, text, q);
  if (sub === 'from-trace') return fromTrace(world, set, JSON.parse(text));
  throw refuse(404, 'No such call.');
}
