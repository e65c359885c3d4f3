// Scores, what they may be, and the public keys by which end users give them.
import type { Api } from '$api';

export const kinds = ['numeric', 'boolean', 'category', 'text'] as const;
export type ScoreKind = (typeof kinds)[number];
export interface Definition {
  name: string;
  id: string;
  kind: ScoreKind;
  description: string;
  least: number | null;
  most: number | null;
  categories: { name: string; value: number | null }[];
  archived: boolean;
  created: string;
  changed: string;
  /** Scores of the last 30 days. */
  in_use?: number;
}
export interface FeedbackKey {
  key: string;
  names: string[];
  created: string;
  author: string;
  revoked: string | null;
  snippet: string;
}
export interface Target {
  trace_id?: string | null;
  span_id?: string | null;
  session_id?: string | null;
}
export type Value = number | boolean | string;

export const callsOf = (api: Api) => ({
  definitions: () => api.call<{ definitions: Definition[] }>('GET', '/score-definitions').then((answer) => answer.definitions),
  define: (name: string, body: Partial<Definition>) => api.call<Definition>('PUT', `/score-definitions/${encodeURIComponent(name)}`, body),
  give: (score: Target & { name: string; value: Value; kind?: ScoreKind; comment?: string; source?: string }) => api.call<{ stored: number; ids: string[] }>('POST', '/scores', score),
  take: (id: string) => api.call<void>('DELETE', `/scores/${encodeURIComponent(id)}`),
  keys: () => api.call<{ keys: FeedbackKey[] }>('GET', '/feedback-keys').then((answer) => answer.keys),
  makeKey: (names: string[]) => api.call<FeedbackKey>('POST', '/feedback-keys', { names }),
  revokeKey: (key: string) => api.call<void>('DELETE', `/feedback-keys/${encodeURIComponent(key)}`),
});
export type Calls = ReturnType<typeof callsOf>;

/** `bad, fair=0.5, good` as categories: a number stands for each where one is given, else its place. */
export function categoriesOf(text: string): { name: string; value: number }[] {
  return text.split(/[,\n]/).map((one) => one.trim()).filter(Boolean).map((one, i) => {
    const parsed = /^(.*?)\s*=\s*(-?\d+(?:\.\d+)?)$/.exec(one);
    return parsed ? { name: parsed[1]!, value: Number(parsed[2]) } : { name: one, value: i };
  });
}
export const categoriesText = (list: Definition['categories']): string => list.map((one, i) => (one.value === null || one.value === i ? one.name : `${one.name}=${one.value}`)).join(', ');
export function rangeOf(one: Pick<Definition, 'kind' | 'least' | 'most' | 'categories'>): string {
  if (one.kind === 'boolean') return 'yes or no';
  if (one.kind === 'category') return one.categories.map((each) => each.name).join(', ');
  if (one.kind === 'text') return 'any text';
  if (one.least === null && one.most === null) return 'any number';
  return one.least !== null && one.most !== null ? `${one.least} to ${one.most}` : one.least !== null ? `${one.least} and more` : `at most ${one.most}`;
}
/** What was typed as a value of a definition; `wrong` says why it is none. */
export function typed(one: Pick<Definition, 'kind' | 'least' | 'most' | 'categories'>, text: string): { value: Value; wrong: string } {
  const said = text.trim();
  if (one.kind === 'text') return { value: said, wrong: said ? '' : 'Some text is needed.' };
  if (one.kind === 'boolean') return /^(y|yes|1|true)$/i.test(said) ? { value: true, wrong: '' } : /^(n|no|0|false)$/i.test(said) ? { value: false, wrong: '' } : { value: said, wrong: 'y or n.' };
  if (one.kind === 'category') {
    const found = one.categories.find((each) => each.name.toLowerCase() === said.toLowerCase()) ?? (/^[1-9]$/.test(said) ? one.categories[Number(said) - 1] : undefined);
    return found ? { value: found.name, wrong: '' } : { value: said, wrong: `One of ${one.categories.map((each) => each.name).join(', ')}.` };
  }
  const number = Number(said.replace(',', '.'));
  if (!said || !Number.isFinite(number)) return { value: said, wrong: 'A number is needed.' };
  const outside = (one.least !== null && number < one.least) || (one.most !== null && number > one.most);
  return { value: number, wrong: outside ? `${rangeOf(one)} is its range.` : '' };
}
