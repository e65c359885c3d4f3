// A case while it is typed: its fields as texts, and back.
import type { Case, ToolCall } from './calls';
import { listOf, typedOf, valueOf, type Typed } from './values';

export interface Draft {
  id: string;
  input: Typed;
  expected: Typed;
  trajectory: Typed;
  criteria: Typed;
  metadata: Typed;
  tags: string;
  split: string;
  cluster: string;
  owner: string;
}

/** A call a line. */
export const callLines = (calls: readonly ToolCall[] | null): string => (calls === null ? '' : calls.length ? `[\n${calls.map((call) => `  ${JSON.stringify(call)}`).join(',\n')}\n]` : '[]');

export const draftOf = (one: Case): Draft => ({
  id: one.id,
  input: typedOf(one.input),
  expected: one.expected === null ? { form: 'text', text: '' } : typedOf(one.expected),
  trajectory: { form: 'json', text: callLines(one.expected_trajectory) },
  criteria: one.criteria === null ? { form: 'text', text: '' } : typedOf(one.criteria),
  metadata: { ...typedOf(one.metadata), form: 'json' },
  tags: one.tags.join(', '),
  split: one.split.join(', '),
  cluster: one.cluster,
  owner: one.owner,
});

/** The case that a draft says, laid over `base`; `wrong` names the first field that cannot be read. */
export function caseOf(draft: Draft, base: Case): { one: Case; wrong: string } {
  const read = { input: valueOf(draft.input), expected: valueOf(draft.expected), expected_trajectory: valueOf(draft.trajectory), criteria: valueOf(draft.criteria), metadata: valueOf(draft.metadata) };
  const bad = Object.entries(read).find(([, each]) => each.wrong);
  let wrong = bad ? `${bad[0].replace('_', ' ')}: ${bad[1].wrong}` : '';
  if (!wrong && !draft.id.trim()) wrong = 'A case needs an id, such as refund-over-limit.';
  if (!wrong && read.input.value === null) wrong = 'A case needs an input: what the agent is given.';
  if (!wrong) wrong = trajectoryFault(read.expected_trajectory.value);
  const one: Case = {
    ...base, id: draft.id.trim(), input: read.input.value, expected: read.expected.value, expected_trajectory: read.expected_trajectory.value as ToolCall[] | null, criteria: read.criteria.value, metadata: read.metadata.value,
    tags: listOf(draft.tags), split: listOf(draft.split), cluster: draft.cluster.trim(), owner: draft.owner.trim(),
  };
  return { one, wrong };
}

function trajectoryFault(value: unknown): string {
  if (value === null) return '';
  const form = 'The expected calls are a list of {"name": "find_order", "arguments": {…}}';
  if (!Array.isArray(value)) return `${form}.`;
  const at = value.findIndex((call: unknown) => typeof call !== 'object' || call === null || typeof (call as ToolCall).name !== 'string' || typeof ((call as ToolCall).arguments ?? {}) !== 'object');
  return at < 0 ? '' : `${form}; call ${at + 1} is none.`;
}

export const sameDraft = (a: Draft, b: Draft): boolean => JSON.stringify(a) === JSON.stringify(b);
