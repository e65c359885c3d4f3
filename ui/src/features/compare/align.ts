// Two runs side by side: their steps aligned by signature and likeness, what is inside sub-agents aligned again; the first place where they part.
import { changes, total, type Change } from '../replay/model';
import type { Entry } from './entries';
import { pieces } from './far';

export type Fate = 'same' | 'reworded' | 'changed' | 'left' | 'right';

export interface Pair {
  id: string;
  left: Entry | null;
  right: Entry | null;
  fate: Fate;
  depth: number;
  /** Arguments that differ. */
  args: Change[];
  /** Why it is changed, in words. */
  why: string;
  /** right − left; null where neither knows. */
  cost: bigint | null;
  ms: number;
  tokens: number | null;
}

/** Beyond so many cells likeness is equality, so that long runs take no longer. */
const FINE_CELLS = 120_000;
const ALIKE = 0.6;

export function align(left: readonly Entry[], right: readonly Entry[]): Pair[] {
  const out: Pair[] = [];
  compare(left, right, 0, out);
  return out;
}

function compare(left: readonly Entry[], right: readonly Entry[], depth: number, out: Pair[]): void {
  for (const [a, b] of matched(left, right)) {
    const entry = pair(a, b, depth, out.length);
    out.push(entry);
    compare(a?.inside ?? [], b?.inside ?? [], depth + 1, out);
  }
}

type Match = [Entry | null, Entry | null];

/** What begins and ends alike is set aside first; the rest is aligned by the dearest common sequence (far.ts: long ones piece by piece). */
function matched(left: readonly Entry[], right: readonly Entry[]): Match[] {
  let head = 0;
  while (head < left.length && head < right.length && equal(left[head]!, right[head]!)) head++;
  let tail = 0;
  while (tail < left.length - head && tail < right.length - head && equal(left[left.length - 1 - tail]!, right[right.length - 1 - tail]!)) tail++;
  const out: Match[] = left.slice(0, head).map((entry, i) => [entry, right[i]!]);
  const [a, b] = [left.slice(head, left.length - tail), right.slice(head, right.length - tail)];
  out.push(...aligned(a, b));
  for (let i = 0; i < tail; i++) out.push([left[left.length - tail + i]!, right[right.length - tail + i]!]);
  return out;
}

function aligned(a: readonly Entry[], b: readonly Entry[]): Match[] {
  const out: Match[] = [];
  for (const [[i, iEnd], [j, jEnd]] of pieces(a.map(exactly), b.map(exactly), a.map((entry) => entry.signature), b.map((entry) => entry.signature))) out.push(...sequence(a.slice(i, iEnd), b.slice(j, jEnd)));
  return out;
}

function sequence(left: readonly Entry[], right: readonly Entry[]): Match[] {
  const [n, m] = [left.length, right.length];
  if (!n || !m) return [...left.map((entry): Match => [entry, null]), ...right.map((entry): Match => [null, entry])];
  const fine = n * m <= FINE_CELLS;
  const bags = fine ? { left: left.map(bagOf), right: right.map(bagOf) } : null;
  const worth = (i: number, j: number): number => value(left[i]!, right[j]!, bags ? likeness(bags.left[i]!, bags.right[j]!) : left[i]!.text === right[j]!.text ? 1 : 0);
  const best = new Float32Array((n + 1) * (m + 1));
  const at = (i: number, j: number): number => i * (m + 1) + j;
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      const both = worth(i, j);
      best[at(i, j)] = Math.max(best[at(i + 1, j)]!, best[at(i, j + 1)]!, both > 0 ? both + best[at(i + 1, j + 1)]! : 0);
    }
  }
  const out: Match[] = [];
  let [i, j] = [0, 0];
  while (i < n && j < m) {
    const both = worth(i, j);
    if (both > 0 && Math.abs(best[at(i, j)]! - (both + best[at(i + 1, j + 1)]!)) < 1e-4) out.push([left[i++]!, right[j++]!]);
    else if (best[at(i + 1, j)]! >= best[at(i, j + 1)]!) out.push([left[i++]!, null]);
    else out.push([null, right[j++]!]);
  }
  while (i < n) out.push([left[i++]!, null]);
  while (j < m) out.push([null, right[j++]!]);
  return out;
}

/** How good it is to put two steps beside each other; 0: they are not the same step. */
function value(left: Entry, right: Entry, like: number): number {
  if (left.signature === right.signature) return 1 + 4 * like;
  // Two different calls at one place are a change of mind; anything else is a step more and a step less.
  return left.kind === 'call' && right.kind === 'call' ? 0.4 + 0.4 * like : 0;
}

const equal = (left: Entry, right: Entry): boolean => left.signature === right.signature && left.text === right.text && left.failed === right.failed;
const exactly = (entry: Entry): string => `${entry.signature}\n${entry.failed ? 1 : 0}\n${entry.text}`;

const MOST_WORDS = 160;
export function bagOf(entry: Entry): ReadonlySet<string> {
  return new Set((entry.text.toLowerCase().match(/[\p{L}\p{N}_.-]+/gu) ?? []).slice(0, MOST_WORDS));
}

/** Share of words that both have: 1 the same, 0 nothing in common. */
export function likeness(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  if (!left.size && !right.size) return 1;
  let common = 0;
  for (const word of left) if (right.has(word)) common++;
  return common / (left.size + right.size - common);
}

const minus = (right: bigint | null | undefined, left: bigint | null | undefined): bigint | null => ((right ?? null) === null && (left ?? null) === null ? null : (right ?? 0n) - (left ?? 0n));

function pair(left: Entry | null, right: Entry | null, depth: number, number: number): Pair {
  const tokens = (left?.tokens ?? null) === null && (right?.tokens ?? null) === null ? null : (right?.tokens ?? 0) - (left?.tokens ?? 0);
  const out: Pair = { id: `${number} ${left?.id ?? ''} ${right?.id ?? ''}`, left, right, fate: left ? 'left' : 'right', depth, args: [], why: '', cost: minus(right?.cost, left?.cost), ms: (right?.ms ?? 0) - (left?.ms ?? 0), tokens };
  if (left && right) [out.fate, out.why, out.args] = judged(left, right);
  else out.why = left ? `Only left: ${called(left)}.` : `Only right: ${called(right!)}.`;
  return out;
}

export const called = (entry: Entry): string => (entry.kind === 'user' ? 'the user says something' : entry.kind === 'agent' ? 'an answer' : entry.kind === 'thought' ? 'a thought' : entry.kind === 'failure' ? `${entry.name} fails` : entry.name);

function judged(left: Entry, right: Entry): [Fate, string, Change[]] {
  if (left.kind === 'call' && right.kind === 'call') {
    if (left.name !== right.name) return ['changed', `Left calls ${left.name}, right ${right.name}.`, []];
    const args = changes(left.args, right.args, 50);
    if (args.length) return ['changed', `The same tool, other arguments: ${[...new Set(args.map((change) => change.path || 'value'))].slice(0, 4).join(', ')}.`, args];
    if (left.failed !== right.failed) return ['changed', `The same call ${left.failed ? 'failed left, and not right' : 'failed right, and not left'}.`, []];
    return JSON.stringify(left.result) === JSON.stringify(right.result) ? ['same', '', []] : ['changed', 'The same call, another result.', []];
  }
  if (left.text === right.text) return ['same', '', []];
  if (left.kind === 'user') return ['reworded', 'The user says it in other words.', []];
  if (likeness(bagOf(left), bagOf(right)) >= ALIKE) return ['reworded', 'Nearly the same words.', []];
  return ['changed', left.kind === 'agent' ? 'Another answer.' : left.kind === 'thought' ? 'Another thought.' : left.kind === 'card' ? 'Another task for the same agent.' : 'It went otherwise.', []];
}

/** The first pair that an agent did otherwise; what the user said in other words is none. -1: nowhere. */
export function divergence(pairs: readonly Pair[]): number {
  const parts = (entry: Pair): boolean => entry.fate === 'changed' || entry.fate === 'left' || entry.fate === 'right';
  const agent = pairs.findIndex((entry) => parts(entry) && (entry.left ?? entry.right)!.kind !== 'user' && (entry.left ?? entry.right)!.kind !== 'thought');
  return agent >= 0 ? agent : pairs.findIndex(parts);
}

export function tally(pairs: readonly Pair[]): Record<Fate, number> {
  const out: Record<Fate, number> = { same: 0, reworded: 0, changed: 0, left: 0, right: 0 };
  for (const entry of pairs) out[entry.fate]++;
  return out;
}

export const sumOf = (pairs: readonly Pair[]): bigint | null => total(pairs.map((entry) => entry.cost));

export interface Word {
  text: string;
  /** Not in the other text. */
  own: boolean;
}

const MOST_MARKED = 400;
/** Both texts in pieces, what the other has not marked; very long ones are not marked. */
export function marked(left: string, right: string): { left: Word[]; right: Word[] } {
  const [a, b] = [split(left), split(right)];
  if (a.length > MOST_MARKED || b.length > MOST_MARKED || !left || !right) return { left: [{ text: left, own: false }], right: [{ text: right, own: false }] };
  const [n, m] = [a.length, b.length];
  const best = new Uint16Array((n + 1) * (m + 1));
  for (let i = n - 1; i >= 0; i--) for (let j = m - 1; j >= 0; j--) best[i * (m + 1) + j] = a[i] === b[j] ? best[(i + 1) * (m + 1) + j + 1]! + 1 : Math.max(best[(i + 1) * (m + 1) + j]!, best[i * (m + 1) + j + 1]!);
  const out = { left: [] as Word[], right: [] as Word[] };
  const add = (list: Word[], text: string, own: boolean): void => {
    const last = list[list.length - 1];
    if (last && last.own === own) last.text += text;
    else list.push({ text, own });
  };
  let [i, j] = [0, 0];
  while (i < n || j < m) {
    if (i < n && j < m && a[i] === b[j]) {
      add(out.left, a[i++]!, false);
      add(out.right, b[j++]!, false);
    } else if (j >= m || (i < n && best[(i + 1) * (m + 1) + j]! >= best[i * (m + 1) + j + 1]!)) add(out.left, a[i++]!, true);
    else add(out.right, b[j++]!, true);
  }
  return out;
}
const split = (text: string): string[] => text.match(/[\p{L}\p{N}_$.'’-]+\s*|[^\p{L}\p{N}_$.'’-]+/gu) ?? [];

/** Lines that one has and the other has not: `+38 −12`. */
export function lineDiff(left: string, right: string): { added: number; removed: number } {
  const count = (text: string): Map<string, number> => {
    const lines = new Map<string, number>();
    for (const each of text.split('\n').map((one) => one.trim()).filter(Boolean)) lines.set(each, (lines.get(each) ?? 0) + 1);
    return lines;
  };
  const [a, b] = [count(left), count(right)];
  const over = (from: Map<string, number>, to: Map<string, number>): number => [...from].reduce((sum, [each, n]) => sum + Math.max(0, n - (to.get(each) ?? 0)), 0);
  return { added: over(b, a), removed: over(a, b) };
}
