// The spans of a run as one tree: order, depth, own and rolled-up figures, errors, steps, plumbing set aside.
import { kindOf } from '../../../kit/icons';
import { stepName } from '../../../kit/naming';
import { pico } from './money';
import type { Kind, Run, Span } from './types';
import { msOf, short } from './words';

export interface Node {
  id: string;
  span: Span;
  kind: Kind;
  /** What the row says; the id of what it calls, not the framework's span name. */
  label: string;
  /** Small print after the label: tokens in, a turn's first words. */
  note: string;
  parent: Node | null;
  children: Node[];
  depth: number;
  /** Milliseconds since the epoch. `end` of a running span is the latest end known below it. */
  start: number;
  end: number;
  running: boolean;
  noise: boolean;
  /** The deepest failed span; ancestors that pass a failure on are not errors themselves. */
  failed: boolean;
  /** The second report of it, which tells of the failure that it does not. */
  cause: Node | null;
  blocked: boolean;
  /** A unit of work: no container, no plumbing, not the second report of a call. Numbered from 1 in start order, else 0. */
  step: number;
  own: bigint | null;
  rolled: bigint | null;
  /** Counted tokens, cached ones included; null where none are known. */
  ownTokens: number | null;
  rolledTokens: number | null;
  /** A turn or the run itself: a row without a span behind it. */
  synthetic: '' | 'run' | 'turn';
  turn: number;
}

export interface Tree {
  roots: Node[];
  byId: Map<string, Node>;
  /** Every real node in start order, plumbing included. */
  all: Node[];
  steps: Node[];
  errors: Node[];
  noise: number;
}

const CONTAINERS: ReadonlySet<string> = new Set(['agent', 'workflow']);


export const isContainer = (node: Node): boolean => CONTAINERS.has(node.kind);
export const hasUsage = (span: Span): boolean => span.counted !== false && !!span.tokens && Object.values(span.tokens).some((count) => count !== null && count !== undefined);
export const thinks = (name: string): boolean => /^(think|thinking|thought|sequential_?thinking)$/i.test(name);

/** Who does a step: whom it names, unless that is the name of what is further out (a crew, the whole run) and an agent's own span lies between. */
export function workerOf(node: Node, run: string): string {
  const named = node.span.agent ?? '';
  let closest = '';
  for (let at = node.parent; at; at = at.parent) {
    if (at.kind !== 'agent' || at.synthetic) continue;
    const agent = at.span.agent || at.label;
    if (!named || agent === named) return closest || agent;
    closest ||= agent;
  }
  return closest && named === run ? closest : named;
}

/** Input tokens of a call, cached ones included; null when none is known. */
export function tokensIn(span: Span): number | null {
  const list = [span.tokens?.input, span.tokens?.cache_read, span.tokens?.cache_write].filter((count): count is number => typeof count === 'number');
  return list.length ? list.reduce((sum, count) => sum + count, 0) : null;
}

export function tokensTotal(span: Span): number | null {
  const list = Object.values(span.tokens ?? {}).filter((count): count is number => typeof count === 'number');
  return list.length ? list.reduce((sum, count) => sum + count, 0) : null;
}

function node(span: Span, id: string): Node {
  const start = span.at ?? msOf(span.start);
  const failed = span.status === 'error';
  const kind = kindOf(span.kind);
  return {
    id,
    span,
    kind,
    label: stepName(span),
    note: kind === 'llm' ? (tokensIn(span) === null ? '' : short(tokensIn(span))) : '',
    parent: null,
    children: [],
    depth: 0,
    start,
    end: start + (span.duration_ms ?? 0),
    running: span.status === 'running',
    noise: span.noise === true,
    failed,
    cause: null,
    blocked: span.status === 'blocked',
    step: 0,
    own: span.counted === false ? null : span.pico !== undefined ? span.pico : pico(span.cost_usd),
    rolled: null,
    ownTokens: span.counted === false ? null : tokensTotal(span),
    rolledTokens: null,
    synthetic: '',
    turn: 0,
  };
}

/** Builds the tree. Orphans and several roots are roots; a loop of parents is cut where it closes. A span id that repeats in another trace is known by both ids. */
export function build(spans: Span[]): Tree {
  const byId = new Map<string, Node>();
  const inTrace = new Map<string, Node>();
  for (const span of spans) {
    const id = byId.has(span.span_id) && byId.get(span.span_id)!.span.trace_id !== span.trace_id ? `${span.trace_id}:${span.span_id}` : span.span_id;
    byId.set(id, node(span, id));
    inTrace.set(`${span.trace_id}:${span.span_id}`, byId.get(id)!);
  }
  const all = [...byId.values()].sort((a, b) => a.start - b.start || b.end - a.end);
  const roots: Node[] = [];
  for (const each of all) {
    const parent = each.span.parent_id ? inTrace.get(`${each.span.trace_id}:${each.span.parent_id}`) : undefined;
    if (!parent || parent === each || leadsTo(parent, each)) roots.push(each);
    else {
      each.parent = parent;
      parent.children.push(each);
    }
  }
  let noise = 0;
  for (const each of all) if (each.noise) noise++;
  const tree = { roots, byId, all, steps: [], errors: [], noise };
  finish(tree);
  return tree;
}

function leadsTo(from: Node, target: Node): boolean {
  for (let at: Node | null = from; at; at = at.parent) if (at === target) return true;
  return false;
}

/** Depth, rolled-up figures, errors and step numbers, from what the nodes are linked to now. */
export function finish(tree: Tree): void {
  tree.steps = [];
  tree.errors = [];
  // What still runs has lasted at least until the latest thing known.
  let latest = -Infinity;
  for (const each of tree.all) latest = Math.max(latest, each.end);
  for (const each of tree.all) if (each.running) each.end = Math.max(each.end, latest);
  /** Failed itself, or holds what failed. */
  const failing = new Set<Node>();
  for (const each of postOrder(tree.roots)) {
    let below: bigint | null = null;
    let tokens: number | null = each.ownTokens;
    for (const child of each.children) {
      if (failing.has(child)) failing.add(each);
      if (child.rolled !== null) below = (below ?? 0n) + child.rolled;
      if (child.rolledTokens !== null) tokens = (tokens ?? 0) + child.rolledTokens;
      if (each.span.duration_ms === null) each.end = Math.max(each.end, child.end);
    }
    each.rolledTokens = tokens;
    each.rolled = each.own === null ? below : (below ?? 0n) + each.own;
    const inner = failing.has(each);
    if (each.span.status === 'error' && !each.noise) failing.add(each);
    each.failed = each.span.is_error ?? (each.span.status === 'error' && !each.noise && !inner);
  }
  for (const each of tree.all) if (each.failed && each.noise) toldBy(each);
  for (const root of tree.roots) setDepth(root);
  for (const each of tree.all) {
    if (each.failed) tree.errors.push(each);
    if (!each.noise && !isContainer(each) && each.kind !== 'other' && !isRepeat(each)) {
      tree.steps.push(each);
      each.step = tree.steps.length;
    }
  }
}

/** A tool's failure that only plumbing inside it reports is the tool's. */
function toldBy(each: Node): void {
  let holder = each.parent;
  while (holder?.noise) holder = holder.parent;
  if (holder?.kind !== 'tool' || holder.failed || holder.label !== each.label) return;
  holder.failed = true;
  holder.cause = each;
  each.failed = false;
}

/** The same step reported a second time by another instrumentation, or a model span that only wraps another. */
export function isRepeat(each: Node): boolean {
  if (each.span.counted !== false) return false;
  const why = each.span.not_counted_because ?? '';
  return /duplicate/i.test(why) || (/wrapper/i.test(why) && (each.kind === 'llm' || each.kind === 'embedding'));
}

function setDepth(root: Node): void {
  const stack: Node[] = [root];
  while (stack.length) {
    const each = stack.pop()!;
    each.depth = each.parent ? each.parent.depth + 1 : 0;
    for (const child of each.children) stack.push(child);
  }
}

/** Children before parents; no recursion, so that a chain of 10,000 does not end it. */
export function postOrder(roots: Node[]): Node[] {
  const out: Node[] = [];
  const stack = [...roots];
  while (stack.length) {
    const each = stack.pop()!;
    out.push(each);
    for (const child of each.children) stack.push(child);
  }
  return out.reverse();
}

/** Children with plumbing taken out: what plumbing holds moves up to its parent. */
export function shownChildren(each: Node, noise: boolean): Node[] {
  if (noise || !each.children.some((child) => child.noise)) return each.children;
  const out: Node[] = [];
  const stack = [...each.children].reverse();
  while (stack.length) {
    const child = stack.pop()!;
    if (!child.noise) out.push(child);
    else for (let i = child.children.length - 1; i >= 0; i--) stack.push(child.children[i]!);
  }
  return out.sort((a, b) => a.start - b.start);
}

/** The spans that no other span holds: turns and the run itself are rows of the screen, no spans. Plumbing gives way to what it holds. */
export function realRoots(tree: Tree): Node[] {
  return tree.all.filter((each) => !heldBySpan(each)).flatMap((each) => (each.noise ? realChildren(each) : [each]));
}

function heldBySpan(each: Node): boolean {
  let above = each.parent;
  while (above && above.synthetic !== '') above = above.parent;
  return above !== null;
}

/** Children that are spans and no plumbing. */
export function realChildren(each: Node): Node[] {
  const children = shownChildren(each, false);
  return children.some((child) => child.synthetic !== '') ? children.flatMap((child) => (child.synthetic === '' ? [child] : realChildren(child))) : children;
}

export interface TreeRow {
  node: Node;
  depth: number;
  foldable: boolean;
  folded: boolean;
  /** Position among its siblings, for screen readers. */
  position: number;
  size: number;
}

/** The rows to draw, in order. */
export function flatten(roots: Node[], isFolded: (node: Node) => boolean, noise: boolean): TreeRow[] {
  const out: TreeRow[] = [];
  const top = noise ? roots : roots.flatMap((root) => (root.noise ? shownChildren(root, false) : [root]));
  const stack: TreeRow[] = [];
  const push = (list: Node[], depth: number): void => {
    for (let i = list.length - 1; i >= 0; i--) {
      const each = list[i]!;
      stack.push({ node: each, depth, foldable: false, folded: false, position: i + 1, size: list.length });
    }
  };
  push(top, 0);
  while (stack.length) {
    const row = stack.pop()!;
    out.push(row);
    const children = shownChildren(row.node, noise);
    row.foldable = children.length > 0;
    row.folded = row.foldable && isFolded(row.node);
    if (row.foldable && !row.folded) push(children, row.depth + 1);
  }
  return out;
}

/** Every node below, itself excluded. */
export function below(each: Node): Node[] {
  const out: Node[] = [];
  const stack = [...each.children];
  while (stack.length) {
    const child = stack.pop()!;
    out.push(child);
    for (const next of child.children) stack.push(next);
  }
  return out;
}

export function ancestors(each: Node | undefined): Node[] {
  const out: Node[] = [];
  for (let at = each?.parent ?? null; at; at = at.parent) out.push(at);
  return out;
}

/** The next of `list` after `from` in start order, around the end. */
export function nextOf(list: Node[], from: Node | undefined, back = false): Node | undefined {
  if (!list.length) return undefined;
  if (!from) return back ? list[list.length - 1] : list[0];
  if (back) return [...list].reverse().find((each) => each.start < from.start || (each.start === from.start && each !== from && list.indexOf(each) < list.indexOf(from))) ?? list[list.length - 1];
  const at = list.indexOf(from);
  if (at >= 0) return list[(at + 1) % list.length];
  return list.find((each) => each.start >= from.start) ?? list[0];
}

/** Steps by what they cost or how long they took, dearest first. */
export function ranked(tree: Tree, by: 'cost' | 'time'): Node[] {
  const list = tree.steps.filter((each) => (by === 'cost' ? each.own !== null && each.own > 0n : each.end > each.start));
  return list.sort((a, b) => (by === 'cost' ? (b.own! > a.own! ? 1 : b.own! < a.own! ? -1 : 0) : b.end - b.start - (a.end - a.start)) || a.start - b.start);
}

export const runLabel = (run: Run): string => run.session?.agent || run.traces[0]?.agent || run.traces[0]?.name || run.id;

/** Adds to the list under a key. */
export function put<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
