// Dashboards and costs without a browser: the table of boards, lines, changes, links, exact money.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const { boards, asksOf } = await load('src/features/boards/boards.ts');
const { boardIds } = await load('src/app/routes.ts');
const f = await load('src/features/boards/figures.ts');
const exact = await load('src/features/costs/exact.ts');
const column = (name, unit = '') => ({ name, type: '', unit });
const stats = { rows_read: 1, elapsed_ms: 1, newest_ms_ago: 0 };

test('every built-in dashboard has an address, names of its own, and questions that can be asked together', () => {
  assert.deepEqual(boards.map((board) => board.id), [...boardIds]);
  for (const board of boards) {
    const ids = board.panels.map((panel) => panel.id);
    assert.equal(new Set(ids).size, ids.length, board.id);
    assert.ok(board.figures.length >= 4 && board.panels.length >= 5, board.id);
    for (const ask of asksOf(board)) assert.ok(ask.measure, board.id);
    // Sessions stand under every value that one of their spans has: bars of them on each other would count twice.
    for (const panel of board.panels) assert.ok(!(panel.kind === 'bars' && panel.measure === 'sessions' && panel.split !== 'outcome'), `${board.id} ${panel.id}`);
  }
});

test('filters that must all hold keep their parentheses', () => {
  assert.equal(f.both('', undefined, 'agent=a'), 'agent=a');
  assert.equal(f.both('agent=a or agent=b', 'kind=llm'), '(agent=a or agent=b) kind=llm');
  assert.equal(f.both('agent=a', 'agent=a'), 'agent=a');
  assert.equal(f.termOf('team', f.none), 'team=""');
  assert.equal(f.termOf('outcome', 'not done'), 'outcome="not done"');
});

test('a click leads to the list of the same filter, value and time', () => {
  const stretch = { from: Date.parse('2026-11-12'), to: Date.parse('2026-11-12T06:00Z') };
  const to = (ask, filter, range, value) => decodeURIComponent(f.listHref(ask, filter, range, value).replaceAll('+', ' '));
  assert.equal(to({ measure: 'cost', split: 'team' }, 'env=x', stretch, 'care'), '/spans?filter=env=x team=care is:counted&from=2026-11-12&to=2026-11-12T06:00Z&order=-cost');
  assert.equal(to({ measure: 'sessions', filter: 'outcome="not done"' }, '', { last: '7d' }), '/sessions?filter=outcome="not done"&last=7d');
  assert.equal(to({ measure: 'latency.p95', filter: 'kind=tool', split: 'tool' }, '', { last: '7d' }, '(none)'), '/spans?filter=kind=tool tool=""&last=7d&order=-duration');
});

test('lines: the greatest first, from the eighth on one sum that loses nothing; what is no sum has no "other"', () => {
  const steps = { ms: 3_600_000, times: [0, 1, 2].map((h) => h * 3_600_000) };
  const names = Array.from({ length: 10 }, (_, i) => `a${i}`);
  const totals = (measure) => ({ columns: [column('agent'), column(measure), column('spans')], rows: names.map((name, i) => [name, String(10 - i), i + 1]), stats });
  const series = (measure) => ({ columns: [column('time'), column('agent'), column(measure), column('spans')], rows: names.map((name, i) => ['1970-01-01T01:00:00Z', name, String(10 - i), 1]), stats });
  const cost = f.linesOf({ measure: 'cost', split: 'agent' }, totals('cost'), series('cost'), steps);
  assert.deepEqual(cost.lines.map((line) => line.name), ['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'other']);
  assert.deepEqual(cost.lines.at(-1).values, [0, 6, 0]);
  assert.equal(cost.lines.reduce((n, line) => n + line.values[1], 0), 55);
  assert.equal(new Set(cost.lines.map((line) => line.colour)).size, 8);
  const time = f.linesOf({ measure: 'latency.p95', split: 'agent' }, totals('latency.p95'), series('latency.p95'), steps);
  assert.deepEqual(time.lines.map((line) => line.name), ['a9', 'a8', 'a7', 'a6', 'a5', 'a4', 'a3']);
  assert.deepEqual(time.lines[0].values, [null, 1, null]);
  assert.equal(time.rest, 3);
});

test('a value keeps its colour on another chart', () => {
  const [x] = f.coloursOf('team', ['x', 'y']);
  assert.equal(f.coloursOf('team', ['z', 'x'])[1], x);
  assert.notEqual(f.coloursOf('team', ['z', 'x'])[0], x);
});

test('changes in words, coloured only where one way is worse', () => {
  const words = (now, before, unit, worse) => { const change = f.changeOf(now, before, unit, worse); return change && `${change.words} ${change.tone}`; };
  assert.equal(words('117', '100', 'USD', 'up'), '▲ 17 % bad');
  assert.equal(words(61, 100, 'USD', 'up'), '▼ 39 % ok');
  assert.equal(words(77, 13, 'calls', 'up'), '▲ ×5.9 bad');
  assert.equal(words(5287, 1, 'USD', 'up'), '▲ >×99 bad');
  assert.equal(words(0.774, 0.805, 'ratio', 'down'), '▼ 3.1 points bad');
  assert.equal(words(109, 100, 'sessions'), '▲ 9 % ink3');
  assert.equal(words(3, 0, 'calls', 'up'), 'new ink3');
  assert.equal(words(null, 5, 'calls', 'up'), null);
});

test('rows for a spreadsheet: nothing is taken for a formula, a minus stays a number', () => {
  assert.equal(f.csvOf(['time', 'a,b'], [['=1+1', null], ['-0.5', 2]]), 'time,"a,b"\n\'=1+1,\n-0.5,2\n');
});

test('money is exact to the pico-dollar, and goes out as it came in', () => {
  for (const text of ['0', '32.56365325', '0.000000000001', '123456789012345.000000000001', '-1.5']) assert.equal(exact.usdOf(exact.picoOf(text)), text);
  assert.equal(exact.picoOf(null), null);
  assert.equal(exact.usdOf(exact.picoOf('0.1') + exact.picoOf('0.2')), '0.3');
});

test('cost rows: the dearest first, what is attributed to nobody last, and they add up', () => {
  const columns = [column('team'), ...exact.measures.map((name) => column(name))];
  const row = (team, cost, unknown = 0) => [team, cost, 1, null, null, cost === null ? null : 5, null, unknown];
  const answer = { columns, rows: [row('', '9.1'), row('a', '0.2'), row('b', '0.1'), row('idle', null), row('dark', null, 2)], stats };
  const before = { columns: [column('team'), column('cost')], rows: [['a', '0.1']], stats };
  const rows = exact.rowsOf(answer, before, 1);
  assert.deepEqual(rows.map((one) => one.path[0]), ['a', 'b', 'dark', 'idle', '']);
  assert.equal(exact.usdOf(exact.sumOf(rows)), '9.4');
  assert.equal(rows[0].before, exact.picoOf('0.1'));
  assert.deepEqual(rows.filter(exact.isIdle).map((one) => one.path[0]), ['idle']);
  assert.equal(exact.shareOf(1n, 0n), null);
});
