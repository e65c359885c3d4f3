// The replay's pure part: a run of spans becomes a tree, a transcript, a timeline and findings.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const replay = await load('src/features/replay/model/index.ts');
const base = Date.parse('2026-11-12T20:00:00Z');
const at = (ms) => new Date(base + ms).toISOString();
let number = 0;

/** A span of a trace; `from` and `to` in milliseconds. */
function span(kind, name, from, to, more = {}) {
  number++;
  return { span_id: more.id ?? `s${number}`, parent_id: more.parent ?? null, trace_id: more.trace ?? 't1', kind, name, agent: more.agent ?? null, start: at(from), duration_ms: to - from, status: 'ok', tokens: null, counted: true, ...more };
}
const text = (role, words) => ({ role, parts: [{ type: 'text', text: words }] });
const asks = (...calls) => ({ role: 'assistant', parts: calls.map(([id, name, args]) => ({ type: 'tool_call', id, name, arguments: args })) });
const tool = (name, from, to, args, result, more = {}) => span('tool', name, from, to, { tool: { name, call_id: more.call ?? null, arguments: args, result }, ...more });
const usage = (input, output, usd, cached = 0) => ({ tokens: { input, cache_read: cached, cache_write: null, output, reasoning: null }, cost_usd: usd });
const run = (spans, more = {}) => ({ kind: 'trace', id: 't1', session: null, traces: [{ trace_id: 't1', start: at(0) }], spans, findings: [], scores: [], logs: [], conversation: [], stats: null, ...more });
const told = (spans, more) => {
  const tree = replay.build(spans);
  return { tree, ...replay.transcribe(run(spans, more), tree) };
};
const kinds = (items) => items.map((item) => item.type).join(' ');

test('money adds up exactly', () => {
  const cents = Array.from({ length: 10 }, () => replay.pico('0.1'));
  assert.equal(replay.usd(replay.total(cents)), '1.000000000000');
  assert.equal(replay.exact(replay.pico('0.269562')), '$0.269562');
  assert.equal(replay.pico(null), null);
  assert.equal(replay.pico('1e-7'), 100_000n);
});

test('the tree keeps orphans, cuts loops, numbers steps and rolls costs up', () => {
  const tree = replay.build([
    span('agent', 'a', 0, 100, { id: 'a' }),
    span('llm', 'm', 10, 20, { id: 'm', parent: 'a', ...usage(100, 10, '0.01') }),
    tool('t', 20, 30, {}, 'x', { id: 't', parent: 'a' }),
    span('llm', 'm', 40, 50, { id: 'o', parent: 'gone', ...usage(100, 10, '0.02') }),
    span('workflow', 'x', 60, 70, { id: 'x', parent: 'y' }),
    span('workflow', 'y', 60, 70, { id: 'y', parent: 'x' }),
  ]);
  assert.deepEqual(tree.roots.map((root) => root.id).sort(), ['a', 'o', 'y'].sort());
  assert.deepEqual(tree.steps.map((step) => step.id), ['m', 't', 'o']);
  assert.equal(replay.money(tree.byId.get('a').rolled), '$0.0100');
  assert.equal(tree.byId.get('a').own, null);
});

test('log records stand at their step, at the root where they name none, at a turn all of them', () => {
  const spans = [span('agent', 'a', 0, 100, { id: 'a' }), tool('t', 20, 30, {}, 'x', { id: 't', parent: 'a' })];
  const tree = replay.build(spans);
  const log = (body, span_id, trace_id = 't1') => ({ time: at(5), trace_id, span_id, severity: 'INFO', severity_number: 9, event: '', service: 'shop', body, attributes: {} });
  const logs = [log('of t', 't'), log('of nobody', null), log('elsewhere', null, 't2'), log('of no trace', null, null)];
  const bodies = (node) => replay.logsOf(logs, node).map((each) => each.body).join(', ');
  assert.equal(bodies(tree.byId.get('t')), 'of t');
  assert.equal(bodies(tree.byId.get('a')), 'of nobody');
  assert.equal(bodies({ ...tree.byId.get('a'), synthetic: 'turn', children: [tree.byId.get('a')] }), 'of t, of nobody');
});

test('one failure is one error: the deepest', () => {
  const error = { type: 'ValueError', message: 'no' };
  const tree = replay.build([
    span('agent', 'a', 0, 100, { id: 'a', status: 'error', error }),
    span('workflow', 'w', 0, 90, { id: 'w', parent: 'a', status: 'error', error }),
    tool('t', 20, 30, {}, null, { id: 't', parent: 'w', status: 'error', error }),
    span('other', 'POST', 22, 23, { id: 'h', parent: 't', status: 'error', noise: true }),
  ]);
  assert.deepEqual(tree.errors.map((node) => node.id), ['t']);
});

test('a failure that only plumbing inside a tool reports is the tool\'s', () => {
  const error = { type: 'Timeout', message: 'no answer from them\n\nError: no answer from them' };
  const tree = replay.build([tool('pay', 0, 9, {}, null, { id: 't' }), span('other', 'execute_tool pay', 1, 8, { id: 'n', parent: 't', status: 'error', error, noise: true, is_error: true, tool: { name: 'pay' } }), span('other', 'POST', 2, 3, { id: 'h', parent: 'n', noise: true })]);
  assert.deepEqual(tree.errors.map((node) => node.id), ['t']);
  assert.equal(replay.errorOf(tree.byId.get('t')), 'Timeout: no answer from them');
});

test('printed objects are read for their words, empty values are nothing, vectors are counted', () => {
  const reads = { [`id='fa-1' source='user' models_usage=None content='Refund "it"' type='TextMessage'`]: 'Refund "it"', [`ChatMessage(_role=<ChatRole.USER: 'user'>, _content=[TextContent(text='Refund QX7')], _name=None)`]: 'Refund QX7', '""': '', '[]': '', 'reasoning\n\nSee JSON for details': '', "x=1 is what they said, content='y' or not": "x=1 is what they said, content='y' or not", 'f(x)=2': 'f(x)=2', "Call(find(a='b'))": "Call(find(a='b'))" };
  for (const [sent, read] of Object.entries(reads)) assert.equal(replay.spoken(sent), read, sent);
  assert.deepEqual(replay.words('0.10000000149011612 0.2000 0.3000 0.4000 0.1 0.2 0.3 0.4 0.5 -1.5e-7'), [{ key: '', value: '10 numbers' }]);
  assert.deepEqual(replay.words(Array.from({ length: 1536 }, () => 0.5))[0].value, '1\u2009536 numbers');
});

test('a model span around a whole loop of calls: what it did in order, then what it said; its own calls are not from before', () => {
  const { turns } = told([
    span('agent', 'shop', 0, 100, { id: 'a', agent: 'shop' }),
    span('llm', 'm', 1, 90, { id: 'm', parent: 'a', agent: 'shop', input: [text('user', 'I want a kettle.'), asks(['c1', 'add', { item: 'kettle' }]), { role: 'tool', parts: [{ type: 'tool_result', id: 'c1', result: 'yes' }] }], output: [{ role: 'assistant', parts: [{ type: 'text', text: 'A kettle it is.' }, { type: 'tool_call', id: 'c2', name: 'plan', arguments: { plan: 'gold' } }] }] }),
    tool('add', 10, 12, { item: 'kettle' }, 'yes', { id: 't1', parent: 'm', call: 'c1' }), tool('plan', 20, 22, { plan: 'gold' }, 'yes', { id: 't2', parent: 'm', call: 'c2' }),
  ]);
  assert.equal(kinds(turns[0].items), 'user call call agent');
  assert.deepEqual(turns[0].items.slice(1, 3).map((call) => call.name), ['add', 'plan']);
});

test('what a framework quotes of other agents is not told again', () => {
  const quote = 'For context: below is a transcript of what another agent did, quoted between <<<A>>> and <<<B>>>. [triage] said: go on';
  const { turns } = told([span('agent', 'a', 0, 90, { id: 'a', agent: 'a' }), span('llm', 'm', 1, 9, { parent: 'a', agent: 'a', input: [text('user', 'Money back'), text('user', quote)], output: [text('assistant', 'Yes.')] })]);
  assert.equal(kinds(turns[0].items), 'user agent');
});

test('a result that only says again what was asked is told all the same', () => {
  assert.deepEqual(replay.words({ a: 1 }, new Set(['1'])), [{ key: '', value: '1' }]);
  assert.deepEqual(replay.words({ all: true }), [{ key: 'all', value: 'yes' }]);
  assert.deepEqual(replay.words({ a: { b: {} } }), [{ key: '', value: '1 field' }]);
});

test('what an SDK reported is told against what the prices make', () => {
  const priced = (reported) => span('llm', 'm', 0, 9, { cost_usd: '0.0004', cost: { formula: [{ type: 'input', tokens: 200, price_usd_per_mtok: '2', cost_usd: '0.0004' }], price_row: 'openai/m', price_date: '', reported_usd: reported } });
  const words = (list) => replay.toldWords(replay.breakdown(replay.build(list).all).told);
  assert.equal(words([priced('0.0012')]), 'The SDK reported $0.001200 for 1 call, $0.000800 more than their prices make; the prices count.');
  assert.equal(words([priced('0.0004'), priced('0.0004')]), 'The SDK reported the same for 2 calls.');
  assert.equal(words([priced(null)]), '');
});

test('a card that tells nothing gives way where the same agent tells it elsewhere', () => {
  const { turns } = told([
    span('workflow', 'w', 0, 90, { id: 'w' }),
    span('agent', 'desk', 0, 5, { id: 'e', parent: 'w', agent: 'desk' }), span('agent', 'other', 5, 9, { id: 'o', parent: 'w', agent: 'other' }),
    span('agent', 'desk', 10, 80, { id: 'd', parent: 'w', agent: 'desk' }), span('llm', 'm', 11, 20, { parent: 'd', agent: 'desk', input: [text('user', 'Hello there')], output: [text('assistant', 'Good day.')] }),
  ]);
  const cards = turns.flatMap((turn) => turn.items).filter((item) => item.type === 'card');
  assert.deepEqual(cards.map((card) => [card.name, card.node.id]).filter(([name]) => name === 'desk' ).length <= 1, true);
  assert.ok(!cards.some((card) => card.node.id === 'e'));
});

test('plumbing is folded away and what it holds moves up', () => {
  const tree = replay.build([
    span('agent', 'a', 0, 100, { id: 'a' }),
    span('other', 'cycle', 0, 90, { id: 'n', parent: 'a', noise: true }),
    span('llm', 'm', 10, 20, { id: 'm', parent: 'n' }),
  ]);
  assert.deepEqual(replay.flatten(tree.roots, () => false, false).map((row) => `${row.depth}${row.node.id}`), ['0a', '1m']);
  assert.deepEqual(replay.flatten(tree.roots, () => false, true).map((row) => row.node.id), ['a', 'n', 'm']);
});

test('a call is joined with its result and told once, however often wrappers repeat the words', () => {
  const { turns, itemOf } = told([
    span('agent', 'shop', 0, 100, { id: 'a', agent: 'shop', input: [text('user', 'Where is my order?')], output: [text('assistant', 'It is on its way.')] }),
    span('llm', 'm', 1, 10, { id: 'm1', parent: 'a', agent: 'shop', input: [text('system', 'You help.'), text('user', 'Where is my order?')], output: [asks(['c1', 'find', { order: 'W1' }])] }),
    tool('find', 11, 12, { order: 'W1' }, '{"status":"shipped"}', { id: 't', parent: 'a', call: 'c1' }),
    span('llm', 'm', 13, 20, { id: 'm2', parent: 'a', agent: 'shop', input: [{ role: 'tool', parts: [{ type: 'tool_result', id: 'c1', result: 'shipped' }] }], output: [text('assistant', 'It is on its way.')] }),
  ]);
  assert.equal(turns.length, 1);
  assert.equal(kinds(turns[0].items), 'user call agent');
  const call = turns[0].items[1];
  assert.equal(call.node.id, 't');
  assert.equal(call.result, '{"status":"shipped"}');
  assert.equal(itemOf.get('m1'), call.id);
  assert.equal(turns[0].steps, 3);
});

test('a tool asked for but without a span takes its result from the next call', () => {
  const { turns } = told([
    span('llm', 'm', 1, 10, { input: [text('user', 'Hi')], output: [asks(['c1', 'find', { q: 1 }])] }),
    span('llm', 'm', 12, 20, { input: [{ role: 'tool', parts: [{ type: 'tool_result', id: 'c1', result: 'found' }] }], output: [text('assistant', 'Yes')] }),
  ]);
  assert.equal(kinds(turns[0].items), 'user call agent');
  assert.equal(turns[0].items[1].result, 'found');
});

test('the same yes twice is told twice, and turns break where the user speaks', () => {
  const yes = (from, n) => span('llm', 'm', from, from + 1000, { id: `m${n}`, parent: 'a', input: [text('user', 'yes')], output: [text('assistant', `Answer ${n}`)], ...usage(10, 1, '0.001') });
  const { turns } = told([span('agent', 'a', 0, 70_000, { id: 'a' }), yes(0, 1), yes(60_000, 2)]);
  assert.deepEqual(turns.map((turn) => kinds(turn.items)), ['user agent', 'user agent']);
  assert.equal(turns[1].away, 59_000);
  assert.equal(replay.money(turns[1].cost), '$0.0010');
});

test('a later trace of a session does not tell the history again', () => {
  const history = [text('user', 'First'), text('assistant', 'One'), text('user', 'Second')];
  const spans = [
    span('llm', 'm', 0, 10, { id: 'x', trace: 't1', input: [text('user', 'First')], output: [text('assistant', 'One')] }),
    span('llm', 'm', 5000, 5010, { id: 'y', trace: 't2', input: history, output: [text('assistant', 'Two')] }),
  ];
  const { turns } = told(spans, { kind: 'session', traces: [{ trace_id: 't1', start: at(0) }, { trace_id: 't2', start: at(5000) }] });
  assert.deepEqual(turns.map((turn) => turn.items.map((item) => item.text)), [['First', 'One'], ['Second', 'Two']]);
});

test('what was said before the recording is folded into one line', () => {
  const { turns } = told([span('llm', 'm', 0, 10, { input: [text('user', 'Old'), text('assistant', 'Older'), text('user', 'Now')], output: [text('assistant', 'Yes')] })]);
  assert.equal(kinds(turns[0].items), 'earlier user agent');
  assert.deepEqual(turns[0].items[0].said.map((said) => said.text), ['Old', 'Older']);
});

test('the same call again is one block with what was thought between', () => {
  const fail = (from, n) => tool('book', from, from + 10, { seat: 1 }, null, { id: `b${n}`, parent: 'a', status: 'error', error: { type: 'E', message: 'does not add up' } });
  const think = (from, n) => tool('think', from, from + 1, { thought: `Thought ${n}` }, '', { id: `k${n}`, parent: 'a' });
  const spans = [span('agent', 'a', 0, 100, { id: 'a' }), fail(0, 1), think(20, 1), fail(30, 2), think(50, 2), fail(60, 3), tool('other', 80, 90, { x: 1 }, 'ok', { parent: 'a' })];
  const { turns, tree } = told(spans);
  assert.equal(kinds(turns[0].items), 'repeat call');
  assert.deepEqual(turns[0].items[0].between.map((thought) => thought.text), ['Thought 1', 'Thought 2']);
  assert.equal(turns[0].items[0].sameError, 'E: does not add up');
});

test('calls asked for together stand side by side, alike calls in a row too', () => {
  const parallel = told([
    span('llm', 'm', 0, 10, { id: 'm', output: [asks(['1', 'a_find', { q: 1 }], ['2', 'b_look', { q: 2 }])] }),
    tool('a_find', 11, 20, { q: 1 }, 'x', { call: '1' }),
    tool('b_look', 11, 30, { q: 2 }, 'y', { call: '2' }),
  ]).turns[0].items;
  assert.equal(kinds(parallel), 'parallel');
  assert.equal(parallel[0].how, 'at once');
  const row = told(['direct', 'onestop', 'cheap'].map((word, i) => tool(`search_${word}_flight`, i * 20, i * 20 + 10, { to: i }, 'x'))).turns[0].items;
  assert.equal(row[0].how, 'in a row');
  assert.equal(row[0].name, 'search_*_flight');
});

test('sub-agents and handoffs are cards, agents of the same name are not', () => {
  const { turns } = told([
    span('agent', 'boss', 0, 100, { id: 'a', agent: 'boss' }),
    span('agent', 'boss', 0, 99, { id: 'b', parent: 'a', agent: 'boss' }),
    span('llm', 'm', 1, 2, { parent: 'b', agent: 'boss', input: [text('user', 'Do it')], output: [asks(['h', 'transfer_to_web', {}])] }),
    span('handoff', 'handoff to web', 3, 4, { parent: 'b', agent: 'boss' }),
    span('agent', 'web', 5, 60, { id: 'w', parent: 'a', agent: 'web', input: [text('user', 'Do it')] }),
    span('llm', 'm', 6, 7, { parent: 'w', agent: 'web', output: [text('assistant', 'Done')] }),
  ]);
  assert.equal(kinds(turns[0].items), 'user card card');
  assert.deepEqual(turns[0].items.slice(1).map((card) => `${card.kind} ${card.name}`), ['handoff web', 'agent web']);
  assert.equal(kinds(turns[0].items[2].inside), 'agent');
});

test('pauses leave the axis, and both directions agree', () => {
  const tree = replay.build([span('llm', 'm', 0, 1000), span('llm', 'm', 61_000, 62_000), span('llm', 'm', 62_000, 63_000)]);
  const { timeline } = replay;
  const hidden = timeline.scaleOf(tree, null);
  assert.equal(hidden.hidden, true);
  assert.equal(hidden.length, 3000);
  assert.equal(timeline.toAxis(hidden, base + 61_000), 1000);
  assert.equal(Math.round(hidden.idle * 100), 95);
  const shown = timeline.scaleOf(tree, false);
  assert.equal(shown.length, 63_000);
});

test('zooming keeps the point under the pointer', () => {
  const { timeline } = replay;
  const scale = timeline.scaleOf(replay.build([span('llm', 'm', 0, 10_000)]), null);
  const before = timeline.whole(scale);
  const after = timeline.zoom(scale, before, 0.25, 0.5);
  assert.equal(before.from + (before.to - before.from) * 0.25, after.from + (after.to - after.from) * 0.25);
  assert.deepEqual(timeline.zoom(scale, after, 0.9, 100), before);
  assert.deepEqual(timeline.ticks(before, 4).map((tick) => tick.label), ['0 s', '5 s', '10 s']);
});

test('the critical path takes what was waited for, not what ran beside it', () => {
  const tree = replay.build([
    span('agent', 'a', 0, 100, { id: 'a' }),
    span('llm', 'm', 0, 30, { id: 'm', parent: 'a' }),
    tool('fast', 31, 40, {}, '', { id: 'fast', parent: 'a' }),
    tool('slow', 31, 90, {}, '', { id: 'slow', parent: 'a' }),
    span('llm', 'm', 91, 100, { id: 'n', parent: 'a' }),
  ]);
  assert.deepEqual([...replay.timeline.criticalPath(tree.roots)].sort(), ['a', 'm', 'n', 'slow']);
});

test('arguments and results are said in words', () => {
  const say = (value, known) => replay.sentence(replay.words(value, known));
  assert.equal(say({ user_id: 'mohamed_silva_9265' }), 'mohamed_silva_9265');
  assert.equal(say('{"origin":"JFK","destination":"SFO","date":"2024-05-26"}'), 'JFK → SFO, date 2024-05-26');
  assert.equal(say([{ name: 'A' }, { name: 'B' }]), '2 entries: A, B');
  assert.equal(say({ error: 'no such order' }), 'no such order');
  assert.equal(say({ id: 'W1', status: 'not_paid' }, new Set(['W1'])), 'status not paid');
  assert.equal(say("{'ok': True, 'n': None}"), 'ok yes');
  assert.deepEqual(replay.unwrap('{"args":[],"kwargs":{"q":"x"}}'), { q: 'x' });
});

test('what is no literal stays as it was sent', () => {
  const { parse } = replay.literal;
  for (const sent of ["{'a': foo()}", '{broken', '[1, 2', 'plain', "{'a': 'cut"]) assert.equal(parse(sent), sent);
  assert.deepEqual(parse("{'a': (1, 'x\\'y'), 'b': [True]}"), { a: [1, "x'y"], b: [true] });
});

test('the difference of two calls names added, removed and changed paths', () => {
  assert.deepEqual(replay.changes({ a: 1, b: [1], c: 0 }, { a: 2, b: [1, 2] }).map((each) => `${each.change} ${each.path}`), ['changed a', 'added b[1]', 'removed c']);
});

test('a formula adds up by type and price, and says what was left out', () => {
  const cost = { formula: [{ type: 'input', tokens: 100, price_usd_per_mtok: '2.00', cost_usd: '0.0002' }], price_row: 'openai/gpt-4.1', price_date: '2025-04-14' };
  const tree = replay.build([
    span('agent', 'a', 0, 100, { id: 'a', tokens: { input: 200 }, counted: false, not_counted_because: 'wrapper' }),
    span('llm', 'gpt-4.1', 1, 2, { parent: 'a', ...usage(100, 0, '0.0002'), cost }),
    span('llm', 'gpt-4.1', 3, 4, { parent: 'a', ...usage(100, 0, '0.0002'), cost }),
    span('llm', 'odd', 5, 6, { parent: 'a', tokens: { input: 5 }, cost_usd: null }),
  ]);
  const made = replay.breakdown(tree.all);
  assert.equal(replay.exact(made.sum), '$0.000400');
  assert.deepEqual(made.groups[0].rows.map((row) => [row.label, row.tokens, row.price]), [['Input, not cached', 200, '$2.00 / M']]);
  assert.equal(made.unknown, 1);
  assert.deepEqual(made.leftOut.map(replay.leftOutWords), ['1 wrapper span that repeats its children’s tokens']);
});

test('the context window is made up of system, tools, history and this turn', () => {
  const made = replay.makeup(span('llm', 'm', 0, 1, { tokens: { input: 1000, cache_read: null, output: 1 }, attributes: { 'gen_ai.tool.definitions': 'x'.repeat(100) }, input: [text('system', 'y'.repeat(100)), text('user', 'old'.repeat(10)), text('assistant', 'z'.repeat(70)), text('user', 'n'.repeat(100))] }));
  assert.deepEqual(made.segments.map((segment) => [segment.key, segment.tokens]), [['system', 250], ['tools', 250], ['history', 250], ['user', 250]]);
  assert.equal(made.cached, null);
});

test('every item has a name of its own, and what runs reaches to the latest moment', () => {
  const { turns, tree } = told([
    span('agent', 'a', 0, 0, { id: 'a', status: 'running', duration_ms: null }),
    span('llm', 'm', 0, 10, { id: 'm', parent: 'a', output: [text('assistant', 'One'), text('assistant', 'Two'), asks(['x', 'f', {}]), asks(['y', 'g', {}])] }),
    tool('late', 50, 60, {}, '', { parent: 'a' }),
  ]);
  const ids = turns.flatMap((turn) => turn.items.flatMap((item) => [item.id, ...(item.calls ?? []).map((call) => call.id)]));
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(tree.byId.get('a').end, base + 60);
});

test('early calm turns fold into one line', () => {
  const spans = Array.from({ length: 7 }, (_, i) => span('llm', 'm', i * 10_000, i * 10_000 + 10, { input: [text('user', `Question ${i}`)], output: [text('assistant', `Answer ${i}`)] }));
  const { turns } = told(spans);
  const lines = replay.linesOf(turns, new Map());
  assert.equal(lines[0].type, 'folded');
  assert.equal(lines[0].turns.length, 4);
  assert.equal(replay.linesOf(turns, new Map([['early', false]])).length, 21);
});

test('ten thousand spans are read in well under a second', () => {
  const spans = [span('agent', 'a', 0, 1e7, { id: 'root' })];
  for (let i = 0; i < 5000; i++) {
    spans.push(span('llm', 'm', i * 100, i * 100 + 50, { parent: 'root', input: i % 50 ? [] : [text('user', `Question ${i}`)], output: [asks([`c${i}`, 'look', { i }])], ...usage(100, 10, '0.0001') }));
    spans.push(tool('look', i * 100 + 50, i * 100 + 60, { i }, 'x'.repeat(200), { parent: 'root', call: `c${i}` }));
  }
  const started = process.cpuUsage();
  const { turns, tree } = told(spans);
  const roots = replay.outline(run(spans), tree, turns);
  replay.findings(run(spans, { findings: spans.map(({ span_id }) => ({ rule: 'truncated', times: 1, why: 'an answer ended', trace_id: 't1', span_ids: [span_id], wasted_span_ids: [span_id], wasted_usd: null })) }), tree);
  replay.timeline.scaleOf(tree, null);
  const rows = replay.flatten(roots, (node) => replay.foldedByRule(node, turns), false);
  replay.linesOf(turns, new Map());
  const used = process.cpuUsage(started);
  const took = (used.user + used.system) / 1000;
  assert.ok(took < 1000, `${took} ms of processor time`);
  assert.equal(turns.length, 100);
  assert.ok(rows.length > 100);
});

test('errors are said in words, without stack traces and wrapped objects', () => {
  const says = (type, message) => replay.errorOf(replay.build([span('tool', 't', 0, 1, { status: 'error', error: { type, message } })]).all[0]);
  assert.equal(says('TimeoutError', 'no answer in 2 s'), 'TimeoutError: no answer in 2 s');
  assert.equal(says('ToolError', 'Error: payment does not add up'), 'Error: payment does not add up');
  assert.equal(says('', "Error code: 500 - {'error': {'message': 'overloaded', 'param': None}}"), 'Error code: 500 - overloaded');
  assert.equal(says('', '{"message":"Error running tool","data":{"tool_name":"x","error":"timed out"}}'), 'Error running tool: timed out');
  assert.equal(says('KeyError', "KeyError('x')Traceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'x'"), "KeyError('x')");
});

test('the first words of a trace are the user’s, even where only a nested agent heard them', () => {
  const { turns } = told([
    span('agent', 'airline support', 0, 100, { id: 'root', agent: 'airline support' }),
    span('guardrail', 'no_pii', 1, 2, { parent: 'root' }),
    span('agent', 'triage', 3, 20, { id: 'a', parent: 'root', agent: 'triage' }),
    span('llm', 'm', 4, 10, { parent: 'a', input: [text('user', 'I want a refund')], output: [asks(['h', 'transfer_to_refunds', {}])] }),
    span('handoff', 'handoff to refunds', 11, 12, { parent: 'a', handoff: { from: 'triage', to: 'refunds' } }),
    span('agent', 'refunds', 20, 90, { id: 'b', parent: 'root', agent: 'refunds' }),
    span('llm', 'm', 21, 30, { parent: 'b', output: [text('assistant', 'Refunded.')] }),
  ]);
  assert.equal(turns.length, 1);
  assert.equal(kinds(turns[0].items), 'user step card card');
  assert.equal(turns[0].items[3].inside[0].speaker, 'refunds');
});

test('what rules found becomes badges: the dearest first, single places of one rule joined, each call paid once', () => {
  const call = (id, from, usd) => span('llm', 'm', from, from + 9, { id, parent: 'root', ...usage(100, 10, usd) });
  const spans = [span('agent', 'root', 0, 200, { id: 'root' }), call('m1', 10, '0.01'), tool('look', 20, 29, {}, 'x', { id: 'o1', parent: 'root' }), call('m2', 30, '0.02'), call('m3', 50, '0.04')];
  const found = (rule, span_ids, wasted_span_ids, wasted_usd = null, times = 1) => ({ rule, times, why: `when ${rule} speaks`, trace_id: 't1', span_ids, wasted_span_ids, wasted_usd });
  const list = [found('truncated', ['m1'], ['m1'], '0.01'), found('loop', ['o1'], ['m1', 'm2'], '0.03', 3), found('truncated', ['m3'], ['m3', 'm1'], '0.05'), found('ping_pong', ['o1'], ['m3'], '0.04', 4), found('tomorrow', ['m1'], [])];
  const badges = replay.findings(run(spans, { findings: list }), replay.build(spans));
  assert.deepEqual(badges.map((one) => `${one.tone} ${one.label} ${one.quiet}`), ['bad ping-pong ×4 $0.0400 wasted', 'bad loop ×3 $0.0300 wasted', 'warn truncated ×2 $0.0500 wasted', 'warn tomorrow ']);
  assert.deepEqual(badges[2].nodes.map((node) => node.id), ['m1', 'm3']);
  assert.equal(badges[1].why, 'look: when loop speaks. Wasted is what every round after the first cost.');
});

test('a tool that a streaming call carries out inside itself is told once, after it was asked for', () => {
  const { turns } = told([
    span('workflow', 'ai.streamText', 0, 100, { id: 'w', counted: false, not_counted_because: 'a wrapper', input: [text('user', 'Weather?')], output: [text('assistant', 'Rain, I am afraid, all week.')] }),
    span('llm', 'm', 1, 40, { id: 'm', parent: 'w', input: [text('user', 'Weather?')], output: [asks(['c', 'get_weather', { city: 'Z' }])] }),
    tool('get_weather', 30, 35, { city: 'Z' }, 'rain', { parent: 'm', call: 'c' }),
    span('llm', 'm', 41, 90, { parent: 'w', input: [text('user', 'Weather?'), asks(['c', 'get_weather', { city: 'Z' }]), { role: 'tool', parts: [{ type: 'tool_result', id: 'c', result: 'rain' }] }], output: [text('assistant', 'Rain, I am afraid, all week.')] }),
  ]);
  assert.equal(kinds(turns[0].items), 'user call agent');
  assert.ok(turns[0].items[1].node);
});

test('of two reports of one call the one with words is told', () => {
  const { turns, tree } = told([
    span('other', 'messages.create', 0, 100, { id: 'w', counted: false, not_counted_because: 'a duplicate: another span reports the same call', input: [text('user', 'Summarise')], output: [text('assistant', 'Done')] }),
    span('llm', 'anthropic.messages.create', 1, 99, { parent: 'w', input: [], output: [] }),
  ]);
  assert.equal(kinds(turns[0].items), 'user agent');
  assert.equal(tree.steps.length, 1);
});
