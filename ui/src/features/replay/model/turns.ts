// Cuts a run's items into turns, and says of each how long, how dear, how many steps, how long the user was away before.
import type { Item, Turn } from './items';
import { nodesOf } from './items';
import type { Node, Tree } from './tree';
import type { Run } from './types';
import { cut } from './words';

const AWAY_MS = 2000;

/** First words, as one sentence: what the turn is called. */
export function titleOf(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  const sentence = /^.{12,120}?[.!?](?=\s|$)/.exec(flat)?.[0];
  return cut(sentence ?? flat, 120);
}

export function turnsOf(run: Run, tree: Tree, items: Item[]): Turn[] {
  const turns: Turn[] = [];
  const open = (node: Node | null, title: string): Turn => {
    const turn: Turn = { n: turns.length + 1, id: `turn:${turns.length + 1}`, traceId: node?.span.trace_id ?? '', title, start: node ? beginning(node, run) : 0, end: 0, away: null, cost: null, steps: 0, failed: false, running: false, items: [], node };
    turns.push(turn);
    return turn;
  };
  let last: Item | null = null;
  for (const item of items) {
    const node = nodesOf(item)[0] ?? null;
    let turn = turns[turns.length - 1];
    const speaks = item.type === 'user' && last?.type !== 'user';
    const newTrace = run.kind === 'session' && !!turn && !!node && !!turn.traceId && node.span.trace_id !== turn.traceId;
    const before = turn?.items.every((each) => each.type === 'earlier' || each.type === 'step' || each.type === 'note') ?? false;
    if (!turn || newTrace || (speaks && !before)) turn = open(node, '');
    if (item.type === 'user' && !turn.title) turn.title = titleOf(item.text);
    if (!turn.traceId && node) [turn.traceId, turn.start, turn.node] = [node.span.trace_id, beginning(node, run), node];
    // A guardrail looks before the agent hears: the words still come first.
    if (item.type === 'user' && before && !newTrace) turn.items.splice(turn.items.filter((each) => each.type === 'earlier').length, 0, item);
    else turn.items.push(item);
    last = item;
  }
  if (!turns.length && tree.all.length) open(tree.all[0]!, '');
  if (turns.length) figures(turns, tree);
  return turns;
}

/** A turn that opens a trace begins with the trace; one inside a trace, with the call that heard the user. */
function beginning(node: Node, run: Run): number {
  if (run.kind === 'trace') return node.start;
  let at = node;
  while (at.parent) at = at.parent;
  return at.start;
}

function figures(turns: Turn[], tree: Tree): void {
  const first = turns[0]!;
  const began = tree.roots.reduce((least, root) => Math.min(least, root.start), Infinity);
  if (Number.isFinite(began)) first.start = Math.min(first.start || began, began);
  for (let i = 1; i < turns.length; i++) if (!turns[i]!.start) turns[i]!.start = turns[i - 1]!.start;
  let i = 0;
  for (const each of tree.all) {
    while (i + 1 < turns.length && each.start >= turns[i + 1]!.start) i++;
    const turn = turns[i]!;
    each.turn = turn.n;
    if (each.own !== null) turn.cost = (turn.cost ?? 0n) + each.own;
    if (each.failed) turn.failed = true;
    if (each.running) turn.running = true;
    if (!each.step) continue;
    turn.steps++;
    turn.end = Math.max(turn.end, each.end);
  }
  for (const [at, turn] of turns.entries()) {
    turn.end = Math.max(turn.end, turn.start);
    const before = turns[at - 1];
    const away = before ? turn.start - before.end : 0;
    turn.away = before && away >= AWAY_MS ? away : null;
  }
}
