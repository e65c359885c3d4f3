// How figures and times are written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const f = await load('src/kit/format.ts');
const { stepName } = await load('src/kit/naming.ts');
const plain = (text) => text.replaceAll('\u2009', ' ');

test('money: two digits from $1, three from a cent, four below; four in a session, six in a formula', () => {
  assert.deepEqual(['20.195728', '1', '0.269562', '0.0101', '0.0043', '0.00004', '0', null, '-0.5'].map(f.money), ['$20.20', '$1.00', '$0.270', '$0.010', '$0.0043', '$0.000040', '$0', '–', '−$0.500']);
  assert.equal(f.sessionMoney('0.269562'), '$0.2696');
  assert.equal(f.formulaMoney('0.269562'), '$0.269562');
  assert.equal(plain(f.money(12345.678)), '$12 345.68');
});

test('durations name their units', () => {
  assert.deepEqual([0, 0.4, 12, 999.6, 50_760, 59_960, 81_000, 499_480, 34_800_000, 270_000_000, null].map(f.duration).map(plain), ['0 s', '0.40 ms', '12 ms', '1.0 s', '50.8 s', '1 m 00 s', '1 m 21 s', '8 m 19 s', '9 h 40 m', '3 d 3 h', '–']);
});

test('counts have thin spaces, long ones are shortened, shares have a space', () => {
  assert.equal(f.count(1239), '1\u2009239');
  assert.deepEqual([96, 6500, 125_517, 2_810_000, null].map(f.short), ['96', '6.5k', '125.5k', '2.81M', '–']);
  assert.deepEqual([0.582, 1, 0, 0.9996, 0.03].map(f.percent), ['58.2 %', '100 %', '0 %', '100 %', '3 %']);
});

test('times are UTC', () => {
  assert.equal(f.dayClock('2026-11-12T20:36:58.000000000Z'), '12 Nov 20:36');
  assert.equal(f.moment('2026-11-12T20:36:58Z'), '12 Nov 2026 20:36:58');
  assert.equal(f.weekday('2026-11-12T00:00:00Z'), 'Thu 12');
  assert.equal(f.clock('nonsense'), '–');
  assert.deepEqual([200, 2000, 125_000, 7_200_000, 200_000_000].map(f.ago), ['now', '2 s ago', '2 m ago', '2 h ago', '2 d ago']);
});

test('a step is called by what it did, not by the word of its SDK', () => {
  const name = (kind, name, more = {}) => stepName({ kind, name, ...more });
  assert.equal(name('llm', 'chat gpt-4o', { model: { requested: 'gpt-4o', served: 'gpt-4o-2024-08-06' } }), 'gpt-4o');
  assert.equal(name('llm', 'ChatCompletion', { model: { requested: 'auto', served: 'gpt-4.1-mini' } }), 'gpt-4.1-mini');
  assert.equal(name('llm', 'chat gpt-4o'), 'gpt-4o');
  assert.equal(name('llm', 'chat '), 'chat ');
  assert.equal(name('tool', 'execute_tool find'), 'find');
  assert.equal(name('tool', 'execute_tool find', { tool: { name: 'find_user' } }), 'find_user');
  assert.equal(name('agent', 'invoke_agent gpt-4.1', { agent: 'triage' }), 'triage');
  assert.equal(name('handoff', 'execute_tool transfer', { handoff: { to: 'billing' } }), 'to billing');
  assert.equal(name('guardrail', 'guardrail prompt-injection'), 'guardrail prompt-injection');
});
