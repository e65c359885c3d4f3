// Cases as words: what stands in a cell, what a field is typed as, what changed, what is marked.
import { changes, type Change } from '../replay/model';
import { sentence, words } from '../replay/model/reading';
import type { Case, Mark, ToolCall } from './calls';

const PREVIEW = 300;
const flat = (text: string): string => text.slice(0, PREVIEW * 2).replace(/\s+/g, ' ').trim().slice(0, PREVIEW);
const isTree = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value as one line: a text as it is, of messages what the user said, else words. */
export function preview(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return flat(value);
  if (typeof value !== 'object') return String(value);
  const messages = isTree(value) ? value['messages'] : value;
  if (Array.isArray(messages) && messages.some((one) => isTree(one) && 'role' in one)) {
    const said = messages.filter((one) => isTree(one) && one['role'] === 'user').map((one) => (typeof one['content'] === 'string' ? one['content'] : JSON.stringify(one['content'])));
    return flat(said.join(' · ') || JSON.stringify(messages));
  }
  return flat(sentence(words(value)) || JSON.stringify(value));
}

export const callsPreview = (calls: readonly ToolCall[] | null): string => (calls ?? []).map((call) => `${call.name}(${preview(call.arguments)})`).join(' → ');

/** A field in the form: a text is shown bare, anything else as JSON. */
export interface Typed {
  form: 'text' | 'json';
  text: string;
}
export const typedOf = (value: unknown): Typed => (typeof value === 'string' ? { form: 'text', text: value } : { form: 'json', text: value === null || value === undefined ? '' : JSON.stringify(value, null, 2) });

/** What was typed as a value; an empty field is nothing. Says where JSON is wrong. */
export function valueOf(typed: Typed): { value: unknown; wrong: string } {
  if (typed.form === 'text') return { value: typed.text === '' ? null : typed.text, wrong: '' };
  if (!typed.text.trim()) return { value: null, wrong: '' };
  try {
    return { value: JSON.parse(typed.text) as unknown, wrong: '' };
  } catch (error) {
    return { value: null, wrong: jsonFault(error, typed.text) };
  }
}
function jsonFault(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const at = /position (\d+)/.exec(message)?.[1];
  if (at === undefined) return `Not JSON: ${message.replace(/^JSON\.parse: /, '')}.`;
  const before = text.slice(0, Number(at));
  return `Not JSON: line ${before.split('\n').length}, character ${Number(at) - before.lastIndexOf('\n')}.`;
}
/** Changes the form without losing what was typed. */
export function reformed(typed: Typed, form: Typed['form']): Typed {
  if (typed.form === form) return typed;
  if (form === 'json') return { form, text: typed.text === '' ? '' : JSON.stringify(typed.text) };
  const { value, wrong } = valueOf(typed);
  return { form, text: wrong ? typed.text : value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value, null, 2) };
}

export const listOf = (text: string): string[] => [...new Set(text.split(',').map((one) => one.trim()).filter(Boolean))];

/** What is told when a case is put: nothing that the server decides. */
export function bodyOf(one: Case): object {
  const { input, expected, expected_trajectory, criteria, tags, split, cluster, owner, metadata, source_trace, source_span, retired } = one;
  const said = { input, expected, expected_trajectory, criteria, tags, split, cluster, owner, metadata, source_trace, source_span };
  return { id: one.id, ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null && value !== '' && !(Array.isArray(value) && !value.length))), ...(retired ? { retired } : {}) };
}

export const emptyCase = (id = ''): Case => ({ id, input: '', expected: null, expected_trajectory: null, criteria: null, tags: [], split: [], cluster: '', owner: '', metadata: null, source_trace: '', source_span: '', retired: false, version: 0, created: '', changed: '' });

const compared = ['input', 'expected', 'expected_trajectory', 'criteria', 'tags', 'split', 'cluster', 'owner', 'metadata', 'retired'] as const;
/** What a version changed against the one before it. */
export function caseChanges(before: Case, after: Case): Change[] {
  const pick = (one: Case): Record<string, unknown> => Object.fromEntries(compared.map((name) => [name, one[name] ?? undefined]));
  return changes(pick(before), pick(after));
}

/** All that a search looks through. */
export const haystack = (one: Case): string => [one.id, JSON.stringify(one.input), JSON.stringify(one.expected), JSON.stringify(one.criteria), one.tags.join(' '), one.split.join(' '), one.cluster, one.owner, one.source_trace, JSON.stringify(one.expected_trajectory)].join('\n').toLowerCase();

export interface Asked {
  words: string[];
  terms: { name: string; value: string }[];
}
const termNames = ['tag', 'split', 'cluster', 'owner', 'version', 'id'];
/** `tag:refund owner:ann late "two words"`: terms and words; all must hold. */
export function asking(text: string): Asked {
  const out: Asked = { words: [], terms: [] };
  for (const found of text.matchAll(/(?:(\w+):)?(?:"([^"]*)"|(\S+))/g)) {
    const value = (found[2] ?? found[3] ?? '').toLowerCase();
    if (found[1] && termNames.includes(found[1])) out.terms.push({ name: found[1], value });
    else if (value || found[1]) out.words.push(found[1] ? `${found[1]}:${value}`.toLowerCase() : value);
  }
  return out;
}
export function meets(one: Case, asked: Asked, hay: (one: Case) => string): boolean {
  for (const { name, value } of asked.terms) {
    const has = name === 'tag' ? one.tags : name === 'split' ? one.split : name === 'version' ? [String(one.version), `v${one.version}`] : [name === 'cluster' ? one.cluster : name === 'owner' ? one.owner : one.id];
    if (!has.some((each) => each.toLowerCase() === value)) return false;
  }
  return !asked.words.length || asked.words.every((word) => hay(one).includes(word));
}

export interface Piece {
  text: string;
  /** What it looks like; '' where nothing is marked. */
  kind: string;
}
/** A text cut where something is marked. Found by what it says: places are bytes, and a browser counts otherwise. */
export function cutMarks(text: string, marks: readonly Mark[]): Piece[] {
  const known = [...new Map(marks.filter((mark) => mark.text).map((mark) => [mark.text, mark.kind]))].sort((a, b) => b[0].length - a[0].length);
  let pieces: Piece[] = [{ text, kind: '' }];
  for (const [value, kind] of known) {
    const cut = (piece: Piece): Piece[] => piece.text.split(value).flatMap((part, i) => [...(i ? [{ text: value, kind }] : []), ...(part ? [{ text: part, kind: '' }] : [])]);
    pieces = pieces.flatMap((piece) => (piece.kind ? [piece] : cut(piece)));
  }
  return pieces;
}

const JSON_FIELDS = ['input', 'expected', 'expected_trajectory', 'metadata'] as const;
/** Replaces what is marked, the same value by the same stand-in wherever it stands: in what tools answered too. */
export function replaced(cases: readonly Case[], marks: readonly Mark[]): Case[] {
  const standIns = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const mark of marks) {
    if (!mark.text || standIns.has(mark.text)) continue;
    const n = (counts.get(mark.kind) ?? 0) + 1;
    counts.set(mark.kind, n);
    standIns.set(mark.text, `[${mark.kind} ${n}]`);
  }
  const longest = [...standIns].sort((a, b) => b[0].length - a[0].length);
  const clean = (text: string): string => longest.reduce((all, [value, to]) => all.split(value).join(to), text);
  const deep = (value: unknown): unknown => (typeof value === 'string' ? clean(value) : Array.isArray(value) ? value.map(deep) : isTree(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [clean(name), deep(each)])) : value);
  return cases.map((one) => ({ ...one, ...Object.fromEntries(JSON_FIELDS.map((name) => [name, deep(one[name])])) }) as Case);
}
