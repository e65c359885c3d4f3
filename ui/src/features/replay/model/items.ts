// What a transcript is made of, before and after it is laid out.
import type { Node } from './tree';

/** A tool call joined with its result; `node` is null while (or because) no tool span tells of it. */
export interface Call {
  type: 'call';
  id: string;
  node: Node | null;
  /** The llm span that asked for it. */
  asked: Node | null;
  callId: string;
  name: string;
  args: unknown;
  result: unknown;
  error: string;
  failed: boolean;
  running: boolean;
  /** What ran inside the call: a sub-agent. */
  inside: Item[];
}

export interface Said {
  type: 'user' | 'agent' | 'task';
  id: string;
  node: Node | null;
  speaker: string;
  text: string;
  media: number;
  cut: boolean;
}

export interface Thought {
  type: 'thought';
  id: string;
  node: Node | null;
  text: string;
}

export interface Step {
  type: 'step';
  id: string;
  node: Node;
  name: string;
  detail: string;
  result: string;
  failed: boolean;
}

export interface Failure {
  type: 'failure';
  id: string;
  nodes: Node[];
  name: string;
  text: string;
}

export interface Card {
  type: 'card';
  id: string;
  node: Node;
  kind: 'agent' | 'handoff';
  name: string;
  from: string;
  task: string;
  inside: Item[];
}

export interface Parallel {
  type: 'parallel';
  id: string;
  name: string;
  calls: Call[];
  /** At once: asked for together or overlapping. In a row: one after the other with nothing said between. */
  how: 'at once' | 'in a row';
}

export interface Repeat {
  type: 'repeat';
  id: string;
  calls: Call[];
  /** What was thought between the tries. */
  between: Thought[];
  sameError: string;
}

export interface Earlier {
  type: 'earlier';
  id: string;
  node: Node;
  said: Said[];
}

export interface Note {
  type: 'note';
  id: string;
  text: string;
}

/** A step of a run whose bodies were not loaded. */
export interface Sketched {
  type: 'sketch';
  id: string;
  node: Node;
}

export type Item = Sketched | Call | Said | Thought | Step | Failure | Card | Parallel | Repeat | Earlier | Note;

export interface Turn {
  n: number;
  id: string;
  traceId: string;
  /** First words of the user, empty when nobody spoke. */
  title: string;
  start: number;
  end: number;
  /** How long nothing happened before it; null before the first. */
  away: number | null;
  cost: bigint | null;
  steps: number;
  failed: boolean;
  running: boolean;
  items: Item[];
  /** The span that brought the user's words. */
  node: Node | null;
}

/** The spans an item stands for, in order. */
export function nodesOf(item: Item): Node[] {
  switch (item.type) {
    case 'call':
      return [item.node ?? item.asked].filter((each): each is Node => !!each);
    case 'parallel':
    case 'repeat':
      return [...item.calls.flatMap(nodesOf), ...(item.type === 'repeat' ? item.between.flatMap(nodesOf) : [])];
    case 'failure':
      return item.nodes;
    case 'note':
      return [];
    default:
      return item.node ? [item.node] : [];
  }
}
