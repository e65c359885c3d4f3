// Places in a filter, and moments as they are typed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const { unitsOf, mistakeIn } = await load('src/api/places.ts');
const { typedMoment, writtenMoment } = await load('src/features/list/range.ts');

test('bytes of UTF-8 become units of UTF-16', () => {
  const filter = 'agent=Übung "日本 🛫" durration>10s';
  const bytes = (text) => Buffer.byteLength(filter.slice(0, filter.indexOf(text)));
  for (const part of ['agent', 'bung', '本', '🛫', 'durration', '10s']) assert.equal(unitsOf(filter, bytes(part)), filter.indexOf(part), part);
  assert.equal(unitsOf(filter, 10_000), filter.length);
  const mistake = mistakeIn(filter, { position: bytes('durration'), length: 9, message: '', expected: [], nearest: 'duration' });
  assert.equal(filter.slice(mistake.position, mistake.position + mistake.length), 'durration');
});

test('a moment is read as it is typed, and nothing else is', () => {
  const now = Date.parse('2026-11-21T13:00:00Z');
  const read = (text) => { const at = typedMoment(text, now); return Number.isNaN(at) ? 'none' : new Date(at).toISOString(); };
  assert.equal(read('2026-11-12 14:05'), '2026-11-12T14:05:00.000Z');
  assert.equal(read(' 2026-11-12T14:05:30.250Z '), '2026-11-12T14:05:30.250Z');
  assert.equal(read('2026-11-12'), '2026-11-12T00:00:00.000Z');
  assert.equal(read('9:30'), '2026-11-21T09:30:00.000Z');
  for (const wrong of ['', 'now', '2026-02-30', '2026-11-12 25:00', '12.11.2026', '2026-11-12 14']) assert.equal(read(wrong), 'none', wrong);
  assert.equal(writtenMoment(typedMoment('2026-11-12 14:05', now)), '2026-11-12 14:05');
});
