// The transcript as a flat list of lines to draw: turns, their items, what cards hold, with what is folded left out.
import type { Item, Turn } from './items';
import { nodesOf } from './items';
import type { Node } from './tree';
import { total } from './money';

export type Line =
  | { type: 'folded'; id: string; turns: Turn[] }
  | { type: 'turn'; id: string; turn: Turn; foldable: boolean; folded: boolean }
  | { type: 'item'; id: string; item: Item; turn: Turn; depth: number; foldable: boolean; folded: boolean };

export interface Folds {
  /** Opened and closed by hand; undefined: as the rules have it. */
  get(id: string): boolean | undefined;
}

const CALM_TURNS = 5;
const KEPT_OPEN = 3;
const CARD_OPEN = 24;

/** How many calm turns at the beginning are folded into one line. */
export function calmTurns(turns: Turn[]): number {
  if (turns.length <= CALM_TURNS) return 0;
  const most = turns.length - KEPT_OPEN;
  let calm = 0;
  while (calm < most && !turns[calm]!.failed && !turns[calm]!.running) calm++;
  return calm >= 2 ? calm : 0;
}

export const EARLY = 'early';

export function linesOf(turns: Turn[], folds: Folds): Line[] {
  const out: Line[] = [];
  const calm = calmTurns(turns);
  const early = calm > 0 && (folds.get(EARLY) ?? true);
  if (early) out.push({ type: 'folded', id: EARLY, turns: turns.slice(0, calm) });
  const shown = early ? turns.slice(calm) : turns;
  for (const turn of shown) {
    const folded = folds.get(turn.id) ?? false;
    if (turns.length > 1) out.push({ type: 'turn', id: turn.id, turn, foldable: true, folded });
    if (!folded || turns.length === 1) items(turn.items, turn, 0, folds, out);
  }
  return out;
}

function items(list: Item[], turn: Turn, depth: number, folds: Folds, out: Line[]): void {
  for (const item of list) {
    const inside = insideOf(item);
    const folded = inside.length > 0 && (folds.get(item.id) ?? !opensByItself(item, inside, depth));
    out.push({ type: 'item', id: item.id, item, turn, depth, foldable: inside.length > 0, folded });
    if (inside.length && !folded) items(inside, turn, depth + 1, folds, out);
  }
}

export function insideOf(item: Item): Item[] {
  if (item.type === 'card' || item.type === 'call') return item.inside;
  return [];
}

function opensByItself(item: Item, inside: Item[], depth: number): boolean {
  return depth < 2 && (inside.length <= CARD_OPEN || fails(inside)) && item.type !== 'earlier';
}

const fails = (list: Item[]): boolean => list.some((item) => item.type === 'failure' || (item.type === 'call' && item.failed) || fails(insideOf(item)));

/** Ids of what must be open for an item to be seen, outermost first. */
export function pathTo(turns: Turn[], id: string): { turn: Turn; cards: string[] } | null {
  for (const turn of turns) {
    const cards = within(turn.items, id);
    if (cards) return { turn, cards };
  }
  return null;
}

function within(list: Item[], id: string): string[] | null {
  for (const item of list) {
    if (item.id === id) return [];
    const cards = within(insideOf(item), id);
    if (cards) return [item.id, ...cards];
  }
  return null;
}

/** Cost of all that a card holds, from the tree below its span. */
export const costOf = (nodes: Node[]): bigint | null => total(nodes.map((each) => each.rolled));

export const lineNodes = (line: Line): Node[] => (line.type === 'item' ? nodesOf(line.item) : []);

/** A guess of a line's height before it is measured, in pixels, for a text column of `width`. */
export function guessHeight(line: Line, width: number): number {
  if (line.type === 'folded') return 32;
  if (line.type === 'turn') return 28;
  const { item } = line;
  const perLine = Math.max(20, width / 6.6);
  switch (item.type) {
    case 'user':
    case 'agent':
    case 'task':
      return 12 + 20 * Math.min(4, Math.ceil(item.text.length / perLine));
    case 'parallel':
      return 24 + 36 * Math.ceil(item.calls.length / 3);
    case 'repeat':
      return 84;
    case 'call':
      return item.failed ? 44 : 24;
    case 'failure':
      return 44;
    default:
      return 24;
  }
}
