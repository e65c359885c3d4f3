// Two runs aligned, without a browser: what is the same step, where they part, and that the rows add up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const compare = await load('src/features/compare/align.ts');
const told = await load('src/features/compare/entries.ts');
const base = Date.parse('2026-11-12T20:00:00Z');
const at = (ms) => new Date(base + ms).toISOString();
const said = (text, more = {}) => ({ id: `${text}`, kind: 'agent', signature: 'agent', name: '', text, args: undefined, result: undefined, failed: false, nodes: [], node: null, asked: null, cost: null, tokens: null, ms: 0, depth: 0, inside: [], ...more });
const user = (text) => said(text, { kind: 'user', signature: 'user' });
const call = (name, args, result = 'ok', more = {}) => said(`${JSON.stringify(args)} → ${result}`, { kind: 'call', signature: `call ${name}`, name, args, result, ...more });
const fates = (pairs) => pairs.map((pair) => pair.fate).join(' ');

test('the same runs are the same; nothing parts', () => {
  const run = [user('hello there'), call('look', { id: 1 }), said('all good')];
  const pairs = compare.align(run, run);
  assert.equal(fates(pairs), 'same same same');
  assert.equal(compare.divergence(pairs), -1);
});

test('a step more, other arguments, another result, other words', () => {
  const pairs = compare.align(
    [user('cancel my flight'), call('look', { id: 1, deep: true }), call('think', { t: 1 }), said('it is too late to cancel this flight, sorry'), call('end', {})],
    [user('please cancel the flight'), call('look', { id: 2, deep: true }), said('it is cancelled, refunded in full today'), call('end', {}, 'other')],
  );
  assert.equal(fates(pairs), 'reworded changed left changed changed');
  assert.equal(compare.divergence(pairs), 1);
  assert.equal(pairs[1].why, 'The same tool, other arguments: id.');
  assert.deepEqual(pairs[1].args, [{ path: 'id', change: 'changed', before: '1', after: '2' }]);
  assert.equal(pairs[4].why, 'The same call, another result.');
});

test('two different calls at one place are a change of mind; an answer is no call', () => {
  assert.equal(fates(compare.align([call('hand_over', { a: 1 })], [call('refund', { a: 1 })])), 'changed');
  assert.equal(fates(compare.align([call('look', {})], [said('no')])).split(' ').sort().join(' '), 'left right');
});

test('repeated calls are matched by what is alike in them, in order', () => {
  const calls = (...ids) => ids.map((id) => call('get', { id }));
  const pairs = compare.align(calls('a', 'b', 'c', 'd'), calls('a', 'c', 'd', 'e'));
  assert.equal(pairs.filter((pair) => pair.fate === 'same').map((pair) => pair.left.args.id).join(''), 'acd');
});

test('sub-agents are aligned, and what is inside them again', () => {
  const card = (name, inside) => said('', { kind: 'card', signature: `card ${name}`, name, inside });
  const pairs = compare.align([card('helper', [call('x', { a: 1 }), call('y', {})]), said('done')], [card('helper', [call('x', { a: 1 })]), said('done')]);
  assert.deepEqual(pairs.map((pair) => [pair.fate, pair.depth]), [['same', 0], ['same', 1], ['left', 1], ['same', 0]]);
});

test('5,000 steps against 5,000 with one taken out', () => {
  const many = Array.from({ length: 5000 }, (_, i) => call('get', { i }));
  const pairs = compare.align(many, many.filter((_, i) => i !== 2500));
  assert.deepEqual(compare.tally(pairs), { same: 4999, reworded: 0, changed: 0, left: 1, right: 0 });
  const odd = compare.align(many, many.map((one, i) => (i % 2 ? one : call('get', { i: -i - 1 }))));
  assert.equal(odd.length >= 5000, true);
  assert.equal(new Set(odd.map((pair) => pair.id)).size, odd.length);
  assert.equal(odd.reduce((n, pair) => n + (pair.left ? 1 : 0), 0), 5000);
  assert.equal(odd.reduce((n, pair) => n + (pair.right ? 1 : 0), 0), 5000);
});

test('every row of a real pair adds up to the difference of the runs', () => {
  let number = 0;
  const span = (kind, name, from, to, more = {}) => ({ span_id: more.id ?? `s${++number}`, parent_id: more.parent ?? null, trace_id: 't1', kind, name, agent: 'a', start: at(from), duration_ms: to - from, status: 'ok', tokens: null, counted: true, ...more });
  const text = (role, words) => ({ role, parts: [{ type: 'text', text: words }] });
  const asks = (id, name, args) => ({ role: 'assistant', parts: [{ type: 'tool_call', id, name, arguments: args }] });
  const usage = (usd) => ({ tokens: { input: 100, cache_read: 50, cache_write: null, output: 10, reasoning: null }, cost_usd: usd, model: { requested: 'm', served: 'm' } });
  const run = (usd, extra) => ({
    kind: 'trace', id: 't1', session: null, traces: [{ trace_id: 't1', start: at(0), duration_ms: 1000 }], findings: [], scores: [], logs: [], conversation: [], stats: null,
    spans: [
      span('agent', 'a', 0, 1000, { id: 'r', input: [text('user', 'hello')] }),
      span('llm', 'chat m', 10, 100, { parent: 'r', ...usage(usd), input: [text('system', 'be good\nbe short'), text('user', 'hello')], output: [asks('c1', 'look', { id: 1 })] }),
      span('tool', 'look', 100, 200, { parent: 'r', tool: { name: 'look', call_id: 'c1', arguments: { id: 1 }, result: 'found' } }),
      span('embedding', 'e', 200, 210, { parent: 'r', tokens: { input: 7 }, cost_usd: '0.0000007' }),
      span('llm', 'chat m', 300, 400, { parent: 'r', ...usage('0.02'), output: [text('assistant', extra)] }),
    ],
  });
  const [left, right] = [told.tell(run('0.01', 'yes')), told.tell(run('0.03', 'no, never'))];
  assert.equal(left.system, 'be good\nbe short');
  assert.equal(left.cached.toFixed(3), '0.333');
  const pairs = compare.align(left.entries, right.entries);
  assert.equal(compare.sumOf(pairs), right.cost - left.cost);
  const rows = told.flat(left.entries).reduce((sum, entry) => sum + (entry.cost ?? 0n), 0n);
  assert.equal(rows, left.cost);
  assert.equal(told.flat(left.entries).reduce((sum, entry) => sum + (entry.tokens ?? 0), 0), left.tokens);
  const look = pairs.find((pair) => pair.left?.name === 'look');
  assert.equal(look.cost, 20_000_000_000n, 'what asked for the call is paid by the call');
});

test('what the other has not is marked, and nothing is lost', () => {
  const { left, right } = compare.marked('The date is 2024-05-15, too late.', 'The date is 2024-05-16, fine.');
  assert.equal(left.map((word) => word.text).join(''), 'The date is 2024-05-15, too late.');
  assert.equal(right.map((word) => word.text).join(''), 'The date is 2024-05-16, fine.');
  assert.ok(left.some((word) => word.own && word.text.includes('2024-05-15')));
  assert.ok(left.some((word) => !word.own && word.text.startsWith('The date is')));
  assert.deepEqual(compare.lineDiff('a\nb\nb\nc', 'a\nb\nd'), { added: 1, removed: 2 });
});

test('long runs are aligned as a whole: 300 steps put in at the beginning, others changed at the end', () => {
  const many = Array.from({ length: 6000 }, (_, i) => call('get', { i: i % 7, page: i % 11 }));
  const more = [...Array.from({ length: 300 }, () => call('warm_up', {})), ...many.slice(0, 5800), ...many.slice(5800).map((one) => call('get', { ...one.args, late: true }))];
  const pairs = compare.align(many, more);
  assert.deepEqual(compare.tally(pairs), { same: 5800, reworded: 0, changed: 200, left: 0, right: 300 });
  const unique = Array.from({ length: 9000 }, (_, i) => call('get', { i }));
  const shuffled = [...unique.slice(0, 2000), ...unique.slice(2500, 7000), ...Array.from({ length: 700 }, (_, i) => call('put', { i })), ...unique.slice(7000)];
  assert.deepEqual(compare.tally(compare.align(unique, shuffled)), { same: 8500, reworded: 0, changed: 0, left: 500, right: 700 });
});
