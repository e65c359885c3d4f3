// The tree as it is shown: turns named by what the user said, a row for the whole run, calm turns folded.
import type { Turn } from './items';
import type { Node, Tree } from './tree';
import { isContainer, put, runLabel } from './tree';
import { total } from './money';
import type { Kind, Run } from './types';

const OPEN_TURNS = 3;
const MANY_TURNS = 12;

/**
 * Names the roots of a session's traces after their turns, groups a single trace's steps by turn where turns lie side by side
 * under one root, and puts the run above them. Returns the roots to show; synthetic nodes are added to `tree.byId`.
 */
export function outline(run: Run, tree: Tree, turns: Turn[]): Node[] {
  if (run.kind === 'session' && run.traces.length > 1) return [whole(run, tree, tree.roots.length ? traceTurns(run, tree, turns) : [])];
  if (turns.length > 1) return innerTurns(tree, turns) ?? tree.roots;
  return tree.roots;
}

function whole(run: Run, tree: Tree, children: Node[]): Node {
  return synthetic(tree, 'run', 'run', 'agent', runLabel(run), '', children);
}

function synthetic(tree: Tree, id: string, what: 'run' | 'turn', kind: Kind, label: string, note: string, children: Node[]): Node {
  const start = children.reduce((least, each) => Math.min(least, each.start), Infinity);
  const end = children.reduce((most, each) => Math.max(most, each.end), -Infinity);
  const first = children[0];
  const node: Node = {
    id, kind, label, note, children, parent: first?.parent ?? null, depth: 0, start, end, step: 0, own: null, turn: first?.turn ?? 0, synthetic: what, noise: false, failed: false, cause: null, blocked: false,
    running: children.some((each) => each.running),
    rolled: total(children.map((each) => each.rolled)),
    ownTokens: null,
    rolledTokens: children.reduce<number | null>((sum, each) => (each.rolledTokens === null ? sum : (sum ?? 0) + each.rolledTokens), null),
    span: { span_id: id, parent_id: null, trace_id: first?.span.trace_id ?? '', kind, name: label, start: first?.span.start ?? '', duration_ms: end - start, status: 'ok' },
  };
  for (const child of children) child.parent = node;
  tree.byId.set(id, node);
  return node;
}

function traceTurns(run: Run, tree: Tree, turns: Turn[]): Node[] {
  const byTrace = new Map<string, Node[]>();
  for (const root of tree.roots) put(byTrace, root.span.trace_id, root);
  const turnsIn = new Map<string, Turn[]>();
  for (const turn of turns) put(turnsIn, turn.traceId, turn);
  const agent = runLabel(run);
  const out: Node[] = [];
  for (const [traceId, roots] of byTrace) {
    const mine = turnsIn.get(traceId) ?? [];
    const turn = mine[0];
    const name = !turn ? '' : mine.length > 1 ? `Turns ${turn.n} – ${mine.at(-1)!.n}` : `Turn ${turn.n}`;
    const only = roots.length === 1 ? roots[0]! : null;
    if (!name) out.push(...roots);
    else if (only && isContainer(only)) {
      only.note = only.label !== agent && only.span.agent !== agent ? `${only.label} · ${turn!.title}` : turn!.title;
      only.label = name;
      only.turn = turn!.n;
      out.push(only);
    } else out.push(synthetic(tree, `turn:${turn!.n}`, 'turn', 'workflow', name, turn!.title, roots));
  }
  return out;
}

/** Null when the turns of a trace do not lie side by side. */
function innerTurns(tree: Tree, turns: Turn[]): Node[] | null {
  const root = tree.roots.length === 1 ? tree.roots[0]! : null;
  const list = root ? root.children : tree.roots;
  const groups = turns.map((turn) => ({ turn, nodes: [] as Node[] }));
  let at = -1;
  for (const each of list) {
    while (at + 1 < groups.length && each.start >= groups[at + 1]!.turn.start) at++;
    const next = groups[at + 1];
    if (at < 0 || (next && each.end > next.turn.start + 1 && each.children.length)) return null;
    groups[at]!.nodes.push(each);
  }
  if (groups.some((group) => !group.nodes.length)) return null;
  const made = groups.map(({ turn, nodes }) => synthetic(tree, `turn:${turn.n}`, 'turn', 'workflow', `Turn ${turn.n}`, turn.title, nodes));
  if (!root) return made;
  root.children = made;
  return [root];
}

/** Turns are folded where there are some, but not those that failed, run, or are the last two; of very many only a running one is open. */
export function foldedByRule(node: Node, turns: Turn[]): boolean {
  if (!isTurn(node) || turns.length <= OPEN_TURNS) return false;
  const turn = turns[node.turn - 1];
  if (!turn || turn.running) return false;
  return turns.length > MANY_TURNS || (!turn.failed && node.turn < turns.length - 1);
}

export const isTurn = (node: Node): boolean => node.synthetic === 'turn' || /^Turns? \d/.test(node.label);
