// The run as a flame: what holds what, the same steps of one place joined, as wide as their time, cost or tokens.
import { total } from './money';
import { stepName } from '../../../kit/naming';
import type { Node, Tree } from './tree';
import { realChildren, realRoots, tokensTotal, workerOf } from './tree';
import { isTurn } from './outline';
import type { Kind } from './types';

export type By = 'cost' | 'time' | 'tokens';

export interface Frame {
  id: string;
  label: string;
  kind: Kind | 'run';
  /** Dollars, milliseconds or tokens, with all that it holds; `self` without. */
  value: number;
  self: number;
  /** Exact sum of what it holds, for its label. */
  cost: bigint | null;
  /** The steps joined in it, in the order of time. */
  nodes: Node[];
  /** How often it happened; 1 for what only holds others. */
  times: number;
  children: Frame[];
  failed: number;
}

export interface Flame {
  root: Frame;
  depth: number;
  /** Calls that say nothing of what is drawn: no known price, no tokens. */
  unknown: number;
}

const DEEPEST = 64;
const PICO = 1e12;

/** Milliseconds of a node in which none of its children works. */
export function selfTime(node: Node, children: Node[]): number {
  let covered = 0;
  let reach = node.start;
  for (const child of [...children].sort((a, b) => a.start - b.start)) {
    const from = Math.max(child.start, reach);
    const to = Math.min(child.end, node.end);
    if (to > from) covered += to - from;
    reach = Math.max(reach, to);
  }
  return Math.max(0, node.end - node.start - covered);
}

const countedTokens = (node: Node): number => (node.span.counted === false ? 0 : (tokensTotal(node.span) ?? 0));
const name = (node: Node): string => (isTurn(node) ? stepName(node.span) : node.label);

interface Group {
  key: string;
  label: string;
  kind: Kind;
  nodes: Node[];
  /** Steps that name another agent than what holds them: the agent stands between. */
  agent: string | null;
}

/** `agent` works where nobody is named; `label` names the whole. */
export function flameOf(tree: Tree, by: By, agent: string, label: string): Flame {
  const roots = realRoots(tree);
  let depth = 1;
  const own = (node: Node, children: Node[]): number => {
    if (by === 'cost') return node.own === null ? 0 : Number(node.own) / PICO;
    return by === 'tokens' ? countedTokens(node) : selfTime(node, children);
  };
  const grow = (id: string, title: string, kind: Kind, nodes: Node[], inside: string, level: number): Frame => {
    depth = Math.max(depth, level + 1);
    const inner = nodes.map((node) => realChildren(node));
    const self = nodes.reduce((sum, node, i) => sum + own(node, inner[i]!), 0);
    const below = inner.flat();
    const children = level >= DEEPEST ? [] : joined(below, inside, id, level + 1);
    // Alike and without anything inside: each stands on its own below what joins them.
    const apart = nodes.length > 1 && !below.length ? nodes.map((node) => leaf(node, own(node, []))) : [];
    if (apart.length) depth = Math.max(depth, level + 2);
    const list = [...children, ...apart].filter((frame) => frame.value > 0).sort((a, b) => b.value - a.value);
    const value = apart.length ? self : self + list.reduce((sum, frame) => sum + frame.value, 0) + (level >= DEEPEST ? deep(below, own) : 0);
    return { id, label: title, kind, value, self: apart.length ? 0 : self, cost: total([...nodes.map((node) => node.own), ...list.filter(() => !apart.length).map((frame) => frame.cost)]), nodes, times: nodes.length, children: list, failed: nodes.filter((node) => node.failed).length };
  };
  const joined = (list: Node[], holder: string, path: string, level: number): Frame[] => {
    const groups = new Map<string, Group>();
    for (const node of list) {
      const named = node.kind !== 'agent' && node.step > 0 && node.span.agent && holder && node.span.agent !== holder ? besideHolder(node, holder) : null;
      const key = named ? `agent ${named}` : `${node.kind} ${name(node)}`;
      const known = groups.get(key);
      if (known) known.nodes.push(node);
      else groups.set(key, { key, label: named ?? name(node), kind: named ? 'agent' : node.kind, nodes: [node], agent: named });
    }
    return [...groups.values()].map((group) => {
      const id = `${path}/${group.key}`;
      if (group.agent) return between(id, group, level);
      const inside = group.kind === 'agent' ? (group.nodes[0]!.span.agent || group.label) : holder;
      return grow(id, group.label, group.kind, group.nodes, inside, level);
    });
  };
  const besideHolder = (node: Node, holder: string): string | null => {
    const worker = workerOf(node, agent);
    return worker === holder ? null : worker;
  };
  const between = (id: string, group: Group, level: number): Frame => {
    depth = Math.max(depth, level + 1);
    const children = joined(group.nodes, group.agent!, id, level + 1).filter((frame) => frame.value > 0).sort((a, b) => b.value - a.value);
    return { id, label: group.label, kind: 'agent', value: children.reduce((sum, frame) => sum + frame.value, 0), self: 0, cost: total(children.map((frame) => frame.cost)), nodes: group.nodes, times: 1, children, failed: group.nodes.filter((node) => node.failed).length };
  };
  const children = joined(roots, roots.length === 1 ? '' : agent, 'run', 1).filter((frame) => frame.value > 0).sort((a, b) => b.value - a.value);
  const root: Frame = { id: 'run', label, kind: 'run', value: children.reduce((sum, frame) => sum + frame.value, 0), self: 0, cost: total(children.map((frame) => frame.cost)), nodes: roots, times: 1, children, failed: tree.errors.length };
  const calls = tree.steps.filter((step) => step.kind === 'llm' || step.kind === 'embedding');
  const unknown = by === 'time' ? 0 : calls.filter((step) => step.span.counted !== false && (by === 'cost' ? step.own === null : tokensTotal(step.span) === null)).length;
  return { root, depth, unknown };
}

function leaf(node: Node, value: number): Frame {
  return { id: `step ${node.id}`, label: node.label, kind: node.kind, value, self: value, cost: node.own, nodes: [node], times: 1, children: [], failed: node.failed ? 1 : 0 };
}

/** What lies deeper than frames are made: all of it at once. */
function deep(list: Node[], own: (node: Node, children: Node[]) => number): number {
  let sum = 0;
  const stack = [...list];
  while (stack.length) {
    const node = stack.pop()!;
    const children = realChildren(node);
    sum += own(node, children);
    stack.push(...children);
  }
  return sum;
}

export interface Placed {
  frame: Frame;
  level: number;
  left: number;
  width: number;
}

/** Frames with their place in percent; what is narrower than `least` percent is left out. */
export function placeFrames(root: Frame, least: number): Placed[] {
  const out: Placed[] = [];
  const stack: Placed[] = [{ frame: root, level: 0, left: 0, width: 100 }];
  while (stack.length) {
    const placed = stack.pop()!;
    out.push(placed);
    let left = placed.left;
    for (const frame of placed.frame.children) {
      const width = placed.frame.value > 0 ? (placed.width * frame.value) / placed.frame.value : 0;
      if (width >= least) stack.push({ frame, level: placed.level + 1, left, width });
      left += width;
    }
  }
  return out;
}

/** The frame of an id with those above it, outermost first. */
export function pathOf(root: Frame, id: string): Frame[] {
  const stack: Frame[][] = [[root]];
  while (stack.length) {
    const path = stack.pop()!;
    const last = path[path.length - 1]!;
    if (last.id === id) return path;
    for (const child of last.children) if (id === child.id || id.startsWith(`${child.id}/`) || id.startsWith('step ')) stack.push([...path, child]);
  }
  return [];
}

/** The widest frame that joins steps of a place, and its share of the whole: the first thing to look at. */
export function widest(root: Frame): { frame: Frame; above: Frame; share: number } | null {
  let best: { frame: Frame; above: Frame; share: number } | null = null;
  const stack = root.children.map((frame) => ({ frame, above: root }));
  while (stack.length) {
    const { frame, above } = stack.pop()!;
    const share = root.value > 0 ? frame.value / root.value : 0;
    const ends = frame.children.every((child) => !child.children.length && child.nodes.length === 1);
    if (ends && (!best || share > best.share)) best = { frame, above, share };
    for (const child of ends ? [] : frame.children) stack.push({ frame: child, above: frame });
  }
  return best;
}
