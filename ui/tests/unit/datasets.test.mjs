// Cases as words and values, without a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const values = await load('src/features/datasets/values.ts');
const drafts = await load('src/features/datasets/draft.ts');

test('a value as one line: of messages what the user said', () => {
  assert.equal(values.preview({ messages: [{ role: 'system', content: 'x' }, { role: 'user', content: 'Where is\n order 41?' }] }), 'Where is order 41?');
  assert.equal(values.preview(' a  b '), 'a b');
  assert.equal(values.preview(null), '');
  assert.equal(values.preview(0), '0');
});

test('text and JSON change into each other and lose nothing; wrong JSON says where', () => {
  const text = values.typedOf('say "hi"');
  assert.deepEqual(values.valueOf(values.reformed(text, 'json')).value, 'say "hi"');
  assert.deepEqual(values.reformed(values.reformed(text, 'json'), 'text'), text);
  assert.deepEqual(values.valueOf({ form: 'json', text: '{"a": 1e2}' }).value, { a: 100 });
  assert.match(values.valueOf({ form: 'json', text: '{\n "a": x}' }).wrong, /^Not JSON/);
  assert.deepEqual(values.valueOf({ form: 'json', text: '  ' }), { value: null, wrong: '' });
});

test('a draft is a case again, and a wrong one says which field', () => {
  const one = { ...values.emptyCase('c1'), input: { a: 1 }, expected: 'x', tags: ['a', 'b'], expected_trajectory: [{ name: 'f', arguments: {} }] };
  assert.deepEqual(drafts.caseOf(drafts.draftOf(one), one), { one, wrong: '' });
  assert.match(drafts.caseOf({ ...drafts.draftOf(one), trajectory: { form: 'json', text: '[{"name": 4}]' } }, one).wrong, /call 1 is none/);
  assert.match(drafts.caseOf({ ...drafts.draftOf(one), id: ' ' }, one).wrong, /needs an id/);
  assert.match(drafts.caseOf({ ...drafts.draftOf(one), input: { form: 'text', text: '' } }, one).wrong, /needs an input/);
});

test('terms and words of a search must all hold', () => {
  const one = { ...values.emptyCase('c1'), input: 'Where is order 41?', tags: ['late'], owner: 'ann', version: 3 };
  const meets = (text) => values.meets(one, values.asking(text), values.haystack);
  for (const text of ['', 'order', 'tag:late owner:ANN', '"order 41"', 'version:v3', 'id:c1']) assert.ok(meets(text), text);
  for (const text of ['tag:lat', 'owner:bob order', '"order 42"', 'cluster:x', 'http://x']) assert.ok(!meets(text), text);
});

test('what is marked is cut out, and replaced alike everywhere, in what tools answered too', () => {
  const marks = [{ field: 'input', kind: 'email', start: 0, length: 0, text: 'a@b.co' }, { field: 'metadata', kind: 'email', start: 0, length: 0, text: 'c@d.co' }, { field: 'input', kind: 'email', start: 9, length: 0, text: 'a@b.co' }];
  assert.deepEqual(values.cutMarks('I am a@b.co.', marks), [{ text: 'I am ', kind: '' }, { text: 'a@b.co', kind: 'email' }, { text: '.', kind: '' }]);
  const [clean] = values.replaced([{ ...values.emptyCase('x'), input: 'a@b.co', metadata: { tool_results: [{ result: { to: 'c@d.co and a@b.co' } }] } }], marks);
  assert.equal(clean.input, '[email 1]');
  assert.deepEqual(clean.metadata, { tool_results: [{ result: { to: '[email 2] and [email 1]' } }] });
});
