// Evaluators as the server keeps them, what kinds there are, and trying them on past traces.
import type { Api } from '$api';

export interface Field {
  name: string;
  type: 'text' | 'number' | 'boolean' | 'choice' | 'json';
  choices?: string[];
  needed: boolean;
  one: string;
}
export interface Kind {
  kind: string;
  one: string;
  fields: Field[];
}
export interface Kept {
  name: string;
  version: number | string;
  changed: string;
  author: string;
  /** TOML, as in a file of the agent's repository. */
  text: string;
  evaluators: { name: string; kind: string }[];
  versions?: { version: number | string; changed: string; author: string; text: string }[];
}
export interface TriedTrace {
  trace: string;
  name: string;
  start: string;
  output: string;
  trajectory_calls: number;
  cost_usd: string | null;
  latency_ms: number | null;
  tokens: number | null;
  scores: { name: string; value: number | null; comment: string }[];
}
export interface Tried {
  evaluators: { name: string; kind: string }[];
  tried: number;
  results: TriedTrace[];
  summary: { name: string; mean: number | null; passed: number; failed: number; nulls: number }[];
  refused: { trace: string; why: string }[];
}
export interface TryAsked {
  text: string;
  filter?: string;
  traces?: readonly string[];
  limit: number;
  dataset?: string;
  expected?: unknown;
}

const at = (name: string): string => `/evaluators/${encodeURIComponent(name)}`;
export const callsOf = (api: Api) => ({
  all: () => api.call<{ kinds: Kind[]; evaluators: Kept[] }>('GET', '/evaluators'),
  one: (name: string) => api.call<Kept>('GET', at(name)),
  save: (name: string, text: string) => api.call<Kept>('PUT', at(name), { text }),
  remove: (name: string) => api.call<void>('DELETE', at(name)),
  attempt: (asked: TryAsked) => api.call<Tried>('POST', '/evaluators/try', asked),
});
export type Calls = ReturnType<typeof callsOf>;

/** What a kind looks like in the file: needed fields with a value to change, the others as comments. */
export function blockOf(kind: Kind): string {
  const sample = (field: Field): string => (field.type === 'number' ? '1' : field.type === 'boolean' ? 'true' : field.type === 'choice' ? JSON.stringify(field.choices?.[0] ?? '') : field.type === 'json' ? `'{}'` : '"…"');
  const lines = kind.fields.filter((field) => field.name !== 'name' && field.name !== 'kind').map((field) => `${field.needed ? '' : '# '}${field.name} = ${sample(field)}${field.one ? `  # ${field.one}${field.choices?.length ? `: ${field.choices.join(', ')}` : ''}` : ''}`);
  return ['[[evaluator]]', `name = "${kind.kind}"`, `kind = "${kind.kind}"  # ${kind.one}`, ...lines].join('\n') + '\n';
}
