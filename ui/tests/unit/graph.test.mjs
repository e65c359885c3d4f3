// Graph, flame and player of a run, without a browser: who called whom how often, what holds what, what comes next.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const model = await load('src/features/replay/model/index.ts');
const base = Date.parse('2026-11-12T20:00:00Z');
const at = (ms) => new Date(base + ms).toISOString();
let number = 0;
function span(kind, name, from, to, more = {}) {
  number++;
  return { span_id: more.id ?? `s${number}`, parent_id: more.parent ?? null, trace_id: more.trace ?? 't1', kind, name, agent: null, start: at(from), duration_ms: to - from, status: 'ok', tokens: null, counted: true, ...more };
}
const call = (from, to, parent, agent, usd = '0.01', tokens = 100) => span('llm', 'chat m', from, to, { parent, agent, model: { requested: 'm', served: 'm' }, tokens: { input: tokens, cache_read: null, cache_write: null, output: null, reasoning: null }, cost_usd: usd });
const tool = (name, from, to, parent, agent, more = {}) => span('tool', name, from, to, { parent, agent, tool: { name, call_id: null, arguments: {}, result: 1 }, ...more });
const graph = (spans, open) => model.graphOf(model.build(spans), { name: 'run', user: 'u1' }, open);
const edges = (g) => g.edges.map((edge) => `${edge.from} → ${edge.to} ${edge.count}${edge.back ? ` ⇄ ${edge.back}` : ''}`).sort();
const node = (g, id) => g.nodes.find((each) => each.id === id);

test('sub-agents: who was called, how often, and whether the word came back', () => {
  const g = graph([
    span('agent', 'lead', 0, 100, { id: 'a', agent: 'lead' }),
    call(0, 10, 'a', 'lead', '0.02'),
    span('agent', 'helper', 10, 30, { id: 'b', parent: 'a', agent: 'helper' }), call(12, 20, 'b', 'helper'), tool('look', 20, 28, 'b', 'helper'),
    call(40, 50, 'a', 'lead', '0.02'),
    span('agent', 'helper', 50, 90, { id: 'c', parent: 'a', agent: 'helper' }), call(52, 60, 'c', 'helper'), tool('look', 60, 70, 'c', 'helper', { status: 'error', error: { type: 'E', message: 'no' } }),
  ]);
  assert.deepEqual(edges(g), ['agent:helper → tool:look 2', 'agent:lead → agent:helper 2 ⇄ 1', 'user → agent:lead 1']);
  const lead = node(g, 'agent:lead');
  assert.equal(model.money(lead.own), '$0.0400');
  assert.equal(model.money(lead.rolled), '$0.0600');
  assert.equal(lead.rolledTokens, 400);
  assert.equal(node(g, 'tool:look').failed, 1);
  assert.equal(node(g, 'agent:helper').places.map((each) => each.id).join(), 'b,c');
  assert.deepEqual(lead.models, [{ label: 'm', count: 2 }]);
});

test('steps that name their agent make visits; a crew that only holds them is no node', () => {
  const g = graph([span('agent', 'crew', 0, 100, { id: 'a', agent: 'crew' }), call(0, 9, 'a', 'x'), call(10, 19, 'a', 'x'), call(20, 29, 'a', 'y'), call(30, 39, 'a', 'x'), call(40, 49, 'a', 'y')]);
  assert.deepEqual(edges(g), ['agent:x → agent:y 2 ⇄ 1', 'user → agent:x 1']);
  assert.equal(node(g, 'agent:x').steps.length, 3);
});

test('steps that name the whole crew are the work of the agent whose span holds them, in graph and flame', () => {
  const desk = (name, from, id) => [span('agent', name, from, from + 30, { id, parent: 'c', agent: name }), call(from + 1, from + 9, id, 'crew'), span('handoff', 'on', from + 10, from + 11, { parent: id, agent: 'crew', handoff: { from: name, to: name === 'lead' ? 'web' : 'lead' } })];
  const spans = [span('agent', 'crew', 0, 200, { id: 'c', agent: 'crew' }), ...desk('lead', 0, 'l1'), ...desk('web', 40, 'w1'), ...desk('lead', 80, 'l2')];
  const g = graph(spans);
  assert.deepEqual(edges(g), ['agent:lead → agent:web 1 ⇄ 1', 'user → agent:lead 1']);
  assert.deepEqual(['lead', 'web'].map((name) => [node(g, `agent:${name}`).steps.length, model.money(node(g, `agent:${name}`).own)]), [[4, '$0.0200'], [2, '$0.0100']]);
  const flame = model.flame.flameOf(model.build(spans), 'cost', 'crew', 'run');
  assert.deepEqual(flame.root.children[0].children.map((frame) => [frame.label, frame.children.map((inner) => inner.label)]), [['lead', ['m']], ['web', ['m']]]);
  // Named by the run alone, and by nobody but the span around it.
  assert.equal(model.workerOf(model.build([span('agent', 'lead', 0, 9, { id: 'a', agent: 'lead' }), call(1, 2, 'a', 'run')]).steps[0], 'run'), 'lead');
  assert.equal(model.workerOf(model.build([span('agent', 'lead', 0, 9, { id: 'a', agent: 'lead' }), call(1, 2, 'a', 'other')]).steps[0], 'run'), 'other');
});

test('beyond eight agents tools are told in the nodes of who used them, unless asked for', () => {
  const spans = [span('agent', 'lead', 0, 9000, { id: 'l', agent: 'lead' }), call(0, 5, 'l', 'lead'), ...Array.from({ length: 9 }, (_, i) => [span('agent', `a${i}`, 10 + i * 20, 25 + i * 20, { id: `a${i}`, parent: 'l', agent: `a${i}` }), tool('look', 11 + i * 20, 12 + i * 20, `a${i}`, `a${i}`, { id: `t${i}` })]).flat()];
  const g = graph(spans);
  assert.equal(g.tools, false);
  assert.ok(g.nodes.every((each) => each.kind === 'agent' || each.kind === 'user'));
  assert.deepEqual(node(g, 'agent:a3').uses, [{ label: 'look', count: 1 }]);
  assert.equal(g.nodeOf.get('t3'), 'agent:a3');
  const tree = model.build(spans);
  const shown = model.graphOf(tree, { name: 'run', user: 'u1', tools: 'shown' });
  assert.equal(node(shown, 'tool:look').count, 9);
  const found = { rule: 'loop', all: [tree.byId.get('t3')], nodes: [] };
  assert.deepEqual(model.graphOf(tree, { name: 'run', user: 'u1' }, new Set(), [found]).nodes.filter((each) => each.loop).map((each) => each.label), ['a3']);
});

test('agents that work at the same time do not call each other', () => {
  const g = graph([span('workflow', 'w', 0, 100, { id: 'w' }), span('agent', 'p', 0, 10, { id: 'p', parent: 'w', agent: 'p' }), call(0, 9, 'p', 'p'), ...['q', 'r'].flatMap((name) => [span('agent', name, 20, 60, { id: name, parent: 'w', agent: name }), call(21, 30, name, name), call(40, 50, name, name)])]);
  assert.deepEqual(edges(g), ['agent:p → agent:q 1', 'agent:p → agent:r 1', 'user → agent:p 1']);
});

test('a run in turns is asked once a trace; a recursive agent counts once', () => {
  const spans = ['t1', 't2'].flatMap((trace, i) => [span('agent', 'a', i * 1000, i * 1000 + 100, { id: `a${trace}`, trace, agent: 'a' }), call(i * 1000 + 1, i * 1000 + 20, `a${trace}`, 'a', '0.01', 7)].map((each) => ({ ...each, trace_id: trace })));
  assert.deepEqual(edges(graph(spans)), ['user → agent:a 2']);
  const inner = graph([span('agent', 'a', 0, 90, { id: 'o', agent: 'a' }), call(0, 9, 'o', 'a'), span('agent', 'b', 10, 80, { id: 'm', parent: 'o', agent: 'b' }), call(11, 20, 'm', 'b'), span('agent', 'a', 30, 60, { id: 'i', parent: 'm', agent: 'a' }), call(31, 40, 'i', 'a')]);
  assert.equal(node(inner, 'agent:a').rolledTokens, 300);
});

test('many tools: the rarer ones of each agent stand behind one node until it is opened', () => {
  const spans = [span('agent', 'a', 0, 9000, { id: 'a', agent: 'a' }), call(0, 5, 'a', 'a'), ...Array.from({ length: 30 }, (_, i) => tool(`tool${i}`, 10 + i, 11 + i, 'a', 'a'))];
  const g = graph(spans);
  assert.equal(node(g, 'more:a').label, '25 more');
  assert.equal(g.nodes.length, 1 + 1 + 5 + 1);
  assert.equal(graph(spans, new Set(['agent:a'])).nodes.length, 1 + 1 + 30);
});

test('a handoff that nobody followed is an edge; one that was followed is counted once', () => {
  const g = graph([span('agent', 'a', 0, 50, { id: 'a', agent: 'a' }), call(0, 5, 'a', 'a'), span('handoff', 'to b', 6, 7, { parent: 'a', agent: 'a', handoff: { from: 'a', to: 'b' } })]);
  assert.deepEqual(edges(g), ['agent:a → agent:b 1', 'user → agent:a 1']);
  const followed = graph([span('workflow', 'w', 0, 90, { id: 'w' }), span('agent', 'a', 0, 10, { id: 'a', parent: 'w', agent: 'a' }), call(0, 5, 'a', 'a'), span('handoff', 'to b', 6, 7, { parent: 'a', agent: 'a', handoff: { from: 'a', to: 'b' } }), span('agent', 'b', 20, 40, { id: 'b', parent: 'w', agent: 'b' }), call(21, 30, 'b', 'b')]);
  assert.deepEqual(edges(followed), ['agent:a → agent:b 1', 'user → agent:a 1']);
});

test('no agent at all: the run has the word', () => {
  assert.deepEqual(edges(graph([call(0, 10, null, null), tool('t', 10, 20, null, null)])), ['agent:run → tool:t 1', 'user → agent:run 1']);
  assert.deepEqual(graph([]).nodes, []);
});

test('lanes: every step once, in order, with an arrow where the word goes over', () => {
  const lanes = model.lanesOf(model.build([span('agent', 'crew', 0, 100, { id: 'a', agent: 'crew' }), call(0, 9, 'a', 'x'), call(10, 19, 'a', 'y'), call(20, 29, 'a', 'x')]), 'run');
  assert.deepEqual(lanes.lanes, [{ agent: 'x', steps: 2 }, { agent: 'y', steps: 1 }]);
  assert.deepEqual(lanes.rows.map((row) => [row.lane, row.from]), [[0, -1], [1, 0], [0, 1]]);
});

test('flame: values add up to the parent, the same steps are joined, time counts what nothing inside covers', () => {
  const tree = model.build([
    span('agent', 'a', 0, 1000, { id: 'a', agent: 'a' }), call(0, 400, 'a', 'a', '0.03', 300), call(500, 600, 'a', 'a', '0.01', 100),
    tool('t', 600, 900, 'a', 'a', { id: 't' }), span('embedding', 'e', 650, 700, { parent: 't', agent: 'a', tokens: { input: 8 }, cost_usd: null }),
  ]);
  const cost = model.flame.flameOf(tree, 'cost', 'a', 'run-1');
  assert.equal(cost.root.value.toFixed(6), '0.040000');
  assert.equal(cost.unknown, 1);
  const agent = cost.root.children[0];
  assert.deepEqual(agent.children.map((frame) => [frame.label, frame.times, frame.children.length]), [['m', 2, 2]]);
  const time = model.flame.flameOf(tree, 'time', 'a', 'run-1');
  assert.equal(time.root.value, 1000);
  assert.deepEqual(time.root.children[0].children.map((frame) => [frame.label, frame.value, frame.self]), [['m', 500, 0], ['t', 300, 250]]);
  assert.equal(time.root.children[0].self, 200);
  assert.equal(model.flame.flameOf(tree, 'tokens', 'a', 'run-1').root.value, 408);
  const check = (frame) => { assert.ok(frame.children.reduce((sum, child) => sum + child.value, 0) <= frame.value + 1e-9, frame.id); frame.children.forEach(check); };
  check(time.root);
  const widest = model.flame.widest(cost.root);
  assert.equal(`${widest.frame.label} ${widest.share.toFixed(2)}`, 'm 1.00');
  for (const placed of model.flame.placeFrames(time.root, 0)) assert.deepEqual(model.flame.pathOf(time.root, placed.frame.id).at(-1), placed.frame);
});

test('flame of a chain of 5,000 keeps its sum', () => {
  const spans = [span('agent', 'a', 0, 10_000, { id: 'c0', agent: 'a' })];
  for (let i = 1; i < 5000; i++) spans.push(span('workflow', `w${i}`, i, 10_000 - i, { id: `c${i}`, parent: `c${i - 1}` }));
  spans.push(call(5000, 5001, 'c4999', 'a', '0.5'));
  const drawn = model.flame.flameOf(model.build(spans), 'cost', 'a', 'r');
  assert.equal(drawn.root.value, 0.5);
  assert.ok(drawn.depth < 70);
});

test('the player: which step a moment belongs to, the next of a sort, and the axis there and back', () => {
  const tree = model.build([span('agent', 'a', 0, 60_000, { id: 'a', agent: 'a' }), call(0, 1000, 'a', 'a'), tool('t', 1000, 2000, 'a', 'a'), call(30_000, 31_000, 'a', 'a'), tool('t', 31_000, 32_000, 'a', 'a', { status: 'error', error: { type: 'E', message: 'x' } }), call(33_000, 34_000, 'a', 'b')]);
  const { steps } = tree;
  assert.equal(model.play.stepAt(steps, base - 1), -1);
  assert.equal(model.play.stepAt(steps, base + 500), 0);
  assert.equal(model.play.stepAt(steps, base + 29_999), 1);
  assert.equal(model.play.jump(steps, -1, 'tool'), 1);
  assert.equal(model.play.jump(steps, 1, 'same'), 3);
  assert.equal(model.play.jump(steps, 0, 'error'), 3);
  assert.equal(model.play.jump(steps, 0, 'handoff'), 4);
  assert.equal(model.play.jump(steps, 4, 'llm'), -1);
  assert.equal(model.play.jump(steps, 4, 'llm', true), 2);
  for (const hidden of [true, false]) {
    const scale = model.timeline.scaleOf(tree, hidden);
    for (const step of steps) assert.equal(Math.round(model.timeline.fromAxis(scale, model.timeline.toAxis(scale, step.start))), Math.round(step.start));
    const list = model.play.stretches(steps, scale, 0.1);
    assert.equal(list.length, 5);
    assert.ok(list.every((each, i) => i === 0 || each.left >= list[i - 1].left + list[i - 1].width - 1e-6));
  }
});
