// Who was at work when: the steps of a run grouped into visits of agents, whether spans of agents say so or only the steps themselves.
import type { Node, Tree } from './tree';
import { put, realChildren, realRoots, workerOf } from './tree';

/** A stretch in which one agent has the word: the span of an agent, or steps in a row that name the same one. */
export interface Visit {
  agent: string;
  /** The agent's own span; null where only steps name it. */
  span: Node | null;
  parent: Visit | null;
  children: Visit[];
  /** Its own steps, not those of the agents that it called. */
  steps: Node[];
  start: number;
  end: number;
}

interface Task {
  node: Node;
  visit: Visit | null;
}

/** The visits of a tree, outermost first; `name` stands where nobody says who works. */
export function visitsOf(tree: Tree, name: string): { top: Visit[]; ownerOf: Map<string, Visit> } {
  const top: Visit[] = [];
  const ownerOf = new Map<string, Visit>();
  const open = (agent: string, parent: Visit | null, node: Node, span: Node | null): Visit => {
    const made: Visit = { agent, span, parent, children: [], steps: [], start: node.start, end: node.end };
    (parent?.children ?? top).push(made);
    return made;
  };
  /** Steps that name another agent than the span above: the visit in progress, else a new one. */
  const beside = (agent: string, parent: Visit | null, node: Node): Visit => {
    const last = (parent?.children ?? top).at(-1);
    const ownSince = parent?.steps.at(-1)?.start ?? -Infinity;
    if (last && !last.span && last.agent === agent && last.start >= ownSince && sameTrace(last, node)) return last;
    return open(agent, parent, node, null);
  };
  const stack: Task[] = realRoots(tree).reverse().map((node) => ({ node, visit: null }));
  while (stack.length) {
    const { node, visit } = stack.pop()!;
    let inside = visit;
    if (node.kind === 'agent') {
      const agent = node.span.agent || node.label;
      if (visit?.agent !== agent) inside = open(agent, visit, node, node);
    } else if (node.step > 0) {
      const agent = workerOf(node, name) || name;
      inside = visit?.agent === agent ? visit : beside(agent, visit, node);
      inside.steps.push(node);
    }
    if (inside) {
      inside.end = Math.max(inside.end, node.end);
      ownerOf.set(node.id, inside);
    }
    const children = realChildren(node);
    for (let i = children.length - 1; i >= 0; i--) stack.push({ node: children[i]!, visit: node.step > 0 && inside && !inside.span ? visit : inside });
  }
  return { top: solid(top), ownerOf };
}

function sameTrace(visit: Visit, node: Node): boolean {
  return (visit.span ?? visit.steps[0])?.span.trace_id === node.span.trace_id;
}

/** A visit that does nothing itself and only holds others (a crew, a team) gives way to them. */
function solid(list: Visit[]): Visit[] {
  const out: Visit[] = [];
  const stack: { visit: Visit; parent: Visit | null }[] = [...list].reverse().map((visit) => ({ visit, parent: null }));
  while (stack.length) {
    const { visit, parent: above } = stack.pop()!;
    const hollow = visit.steps.length === 0 && visit.children.length > 0;
    const children = visit.children;
    if (!hollow) {
      visit.parent = above;
      visit.children = [];
      (above?.children ?? out).push(visit);
    }
    for (let i = children.length - 1; i >= 0; i--) stack.push({ visit: children[i]!, parent: hollow ? above : visit });
  }
  return out;
}

/** Every visit, outermost first, in the order of their starts within one another. */
export function allVisits(top: Visit[]): Visit[] {
  const out: Visit[] = [];
  const stack = [...top].reverse();
  while (stack.length) {
    const visit = stack.pop()!;
    out.push(visit);
    for (let i = visit.children.length - 1; i >= 0; i--) stack.push(visit.children[i]!);
  }
  return out;
}

/** For each visit, the agent that had the word before it: who called it, or who worked last when it began; null is the user. */
export function calledBy(list: Visit[]): { visit: Visit; from: Visit | null; back: boolean }[] {
  const out: { visit: Visit; from: Visit | null; back: boolean }[] = [];
  const byTrace = new Map<string, Visit[]>();
  for (const visit of list) {
    if (visit.parent) out.push({ visit, from: visit.parent, back: goesOn(visit.parent, visit) });
    else put(byTrace, (visit.span ?? visit.steps[0])?.span.trace_id ?? '', visit);
  }
  for (const visits of byTrace.values()) {
    let last: Visit | null = null;
    let working: Visit[] = [];
    for (const visit of visits.sort((a, b) => a.start - b.start)) {
      const still: Visit[] = [];
      for (const other of working) {
        if (other.end > visit.start + 1) still.push(other);
        else if (!last || other.end >= last.end) last = other;
      }
      out.push({ visit, from: last, back: false });
      working = [...still, visit];
    }
  }
  return out;
}

/** Whether the caller does anything after the one that it called has ended. */
function goesOn(parent: Visit, child: Visit): boolean {
  const step = parent.steps.at(-1);
  const other = parent.children.at(-1);
  return (step !== undefined && step.start >= child.end - 1) || (other !== undefined && other !== child && other.start >= child.end - 1);
}
