// Alert rules as words and figures, without a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const words = await load('src/features/alerts/words.ts');

test('figures are typed as people write them, and written back the same', () => {
  for (const [text, unit, value] of [['$0.08', 'USD', 0.08], ['8 %', 'ratio', 0.08], ['12 s', 'ms', 12_000], ['1.5k', 'tokens', 1500], ['0,5', 'score', 0.5], ['2 min', 'ms', 120_000], ['250 ms', 's', 0.25], ['-3', '', -3]]) assert.equal(words.typedFigure(text, unit), value, text);
  for (const text of ['', 'many', '1 parsec', '0x10', '$']) assert.equal(words.typedFigure(text, 'USD'), null, text);
  for (const [value, unit] of [[0.08, 'USD'], [0.075, 'ratio'], [12_500, 'ms'], [250, 'ms'], [0.1 + 0.2, 'ratio'], [0.25, 's'], [3, '']]) assert.ok(Math.abs(words.typedFigure(words.writtenFigure(value, unit), unit) - value) < 1e-12, `${value} ${unit}: ${words.writtenFigure(value, unit)}`);
});

test('a rule reads as a sentence', () => {
  assert.equal(words.sentenceOf({ name: 'x', measure: 'cost', kind: 'threshold', filter: 'agent=a', above: 0.08, for: '2h' }, 'USD'), 'Cost of agent=a is above $0.080, for 2 hours');
  assert.equal(words.sentenceOf({ name: 'x', measure: 'error_rate', kind: 'anomaly', direction: 'up', split: ['agent', 'tool'], for: '0m' }, 'ratio'), 'Error rate by agent, tool is unusually high for the hour and day');
  assert.equal(words.sentenceOf({ name: 'x', measure: 'spans', kind: 'silence' }, ''), 'Spans falls silent');
});

test('the server is told nothing that the kind does not have, and nothing empty', () => {
  assert.deepEqual(words.cleanOf({ name: ' a ', measure: 'cost', kind: 'anomaly', above: 3, strictness: 2, filter: '', split: [], recover: 1, slo: 0.9, direction: 'up', severity: 'page', runbook: ' https://x ', escalate: [{ after: '15m', channel: 'c' }] }), { name: 'a', measure: 'cost', kind: 'anomaly', strictness: 2, direction: 'up', severity: 'page', runbook: 'https://x', escalate: [{ after: '15m', channel: 'c' }] });
  assert.deepEqual(words.cleanOf({ name: 'a', measure: 'cost', kind: 'threshold', above: 0, below: null, enabled: false }), { name: 'a', measure: 'cost', kind: 'threshold', above: 0, enabled: false });
});

test('the spans of an instance: filter and labels, quoted where they must be', () => {
  assert.equal(words.filterOf({ filter: 'agent=a or agent=b', split: { tool: 'x y' } }), '(agent=a or agent=b) tool="x y"');
  assert.equal(words.filterOf({ filter: '', split: { model: '' } }), 'model=""');
  assert.equal(words.filterOf({ filter: 'is:error', split: {} }), 'is:error');
});
