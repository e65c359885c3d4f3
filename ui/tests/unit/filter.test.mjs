// Filters by their spelling, ranges by their words, addresses by their codec, long lists by their heights.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const t = await load('src/features/list/terms.ts');
const r = await load('src/features/list/range.ts');
const u = await load('src/kit/url.ts');
const v = await load('src/kit/virtual.ts');

test('terms stand apart by spaces outside quotes', () => {
  assert.deepEqual(t.tokensOf('agent=refunds "card declined" (a or b) -tag="x y"').map((x) => x.text), ['agent=refunds', '"card declined"', '(', 'a', 'or', 'b', ')', '-tag="x y"']);
  assert.deepEqual(t.spellingOf('-cost>=0.5'), { minus: true, dimension: 'cost', operator: '>=', value: '0.5' });
  assert.equal(t.spellingOf('"a=b"').dimension, '');
  assert.equal(t.joined(['(', 'a', 'or', 'b', ')', 'c']), '(a or b) c');
});

test('a facet takes a value in and out again', () => {
  let filter = t.toggled('cost>1', 'agent', 'refunds', false);
  assert.equal(filter, 'cost>1 agent=refunds');
  filter = t.toggled(filter, 'agent', 'two words', false);
  assert.equal(filter, 'cost>1 agent=refunds,"two words"');
  assert.deepEqual(t.chosenIn(filter, 'agent').taken, ['refunds', 'two words']);
  filter = t.toggled(filter, 'agent', 'refunds', false);
  assert.equal(filter, 'cost>1 agent="two words"');
  assert.equal(t.toggled(filter, 'agent', 'two words', false), 'cost>1');
  assert.equal(t.toggled('agent=a', 'agent', 'a', true), '-agent=a');
  assert.equal(t.toggled('a=1 or b=2', 'agent', 'x', false), '(a=1 or b=2) agent=x');
});

test('a facet knows the terms beside parentheses, and leaves those within alone', () => {
  const filter = '(agent=a or agent=b) -tool=think cost>1';
  assert.deepEqual(t.chosenIn(filter, 'agent').taken, []);
  assert.deepEqual(t.chosenIn(filter, 'tool').excluded, ['think']);
  assert.equal(t.without(filter, 'tool'), '(agent=a or agent=b) cost>1');
  const more = t.toggled(filter, 'agent', 'a', false);
  assert.equal(more, '(agent=a or agent=b) -tool=think cost>1 agent=a');
  assert.equal(t.toggled(more, 'agent', 'a', false), filter);
  assert.equal(t.toggled(filter, 'tool', 'think', true), '(agent=a or agent=b) cost>1');
  assert.equal(t.withTerm('-(a=1 or (b=2 c=3)) d=4', 'e=5'), '-(a=1 or (b=2 c=3)) d=4 e=5');
  assert.deepEqual(t.chosenIn('agent=a or agent=b', 'agent').taken, []);
});

test('values with quotes and commas survive', () => {
  const value = 'he said "no, never"';
  assert.deepEqual(t.valuesOf(t.quoted(value)), [value]);
  assert.deepEqual(t.chosenIn(t.toggled('', 'name', value, false), 'name').taken, [value]);
});

test('ranges say themselves as short as can be', () => {
  const ms = (text) => Date.parse(text);
  assert.equal(r.between(ms('2026-11-09T00:00Z'), ms('2026-11-16T00:00Z')), '9 – 15 Nov');
  assert.equal(r.between(ms('2026-10-30T00:00Z'), ms('2026-11-03T00:00Z')), '30 Oct – 2 Nov');
  assert.equal(r.stretch(ms('2026-11-12T12:00Z'), ms('2026-11-13T00:00Z')), 'Thu 12 Nov 12:00 – 24:00');
  assert.equal(r.shortIso(ms('2026-11-12T12:00:00Z')), '2026-11-12T12:00Z');
  assert.equal(r.stepOf({ from: 0, to: 7 * 86_400_000 }, 96).name, '2h');
  assert.equal(r.labelOf({ from: '', to: '', last: '7d' }, 0), 'Last 7 days');
});

test('a chosen stretch is read from the address, and begins where the range does', () => {
  const stretch = r.chosenStretch('2026-11-12T12:00Z..2026-11-13');
  assert.deepEqual(stretch, { from: Date.parse('2026-11-12T12:00Z'), to: Date.parse('2026-11-13T00:00Z') });
  for (const none of ['', 'x', '2026-11-13..2026-11-12', '2026-11-13']) assert.equal(r.chosenStretch(none), null);
  assert.deepEqual(r.within({ from: 10, to: 100 }, { from: 0, to: 20 }), { from: 10, to: 20 });
  assert.deepEqual(r.within({ from: 10, to: 100 }, null), { from: 10, to: 100 });
});

test('the address holds only what differs, and can be read', () => {
  const schema = { filter: u.text(), order: u.choice(['-start', 'start'], '-start'), cols: u.list(), live: u.flag() };
  const written = u.printQuery(u.writeQuery(schema, new URLSearchParams('other=1'), { filter: 'agent=a cost>1', order: '-start', live: true, cols: ['a', 'b'] }));
  assert.equal(written, '?other=1&filter=agent=a+cost%3E1&live=1&cols=a,b');
  assert.deepEqual(u.readQuery(schema, new URLSearchParams(written)), { filter: 'agent=a cost>1', order: '-start', cols: ['a', 'b'], live: true });
  assert.equal(u.readQuery(schema, new URLSearchParams('order=evil')).order, '-start');
});

test('heights: a measurement moves what is below, and the row at a place is found', () => {
  const h = new v.Heights(100_000, (row) => 20 + (row % 3));
  const sum = (n) => Array.from({ length: n }, (_, i) => h.height(i)).reduce((a, b) => a + b, 0);
  assert.equal(h.top(5000), sum(5000));
  assert.equal(h.measured(10, 200), 200 - 21);
  assert.equal(h.top(5000), sum(5000));
  for (const row of [0, 10, 11, 99_999]) assert.equal(h.at(h.top(row)), row);
  assert.equal(h.at(h.total + 5), 99_999);
});
