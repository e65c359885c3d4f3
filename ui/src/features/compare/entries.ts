// A run as a list of steps to compare: what was said, called and answered, each with its share of cost, time and tokens; sub-agents hold theirs.
import {
  build, reading, total, transcribe, type Call, type Item, type Node, type Run, type Tree,
} from '../replay/model';

export interface Entry {
  id: string;
  kind: 'user' | 'agent' | 'thought' | 'call' | 'step' | 'card' | 'failure';
  /** What must be alike for two steps to be the same step. */
  signature: string;
  /** The name of a tool, an agent, a step; '' for what was said. */
  name: string;
  text: string;
  args: unknown;
  result: unknown;
  failed: boolean;
  /** The spans whose figures it carries. */
  nodes: Node[];
  node: Node | null;
  /** The model call that asked for it. */
  asked: Node | null;
  cost: bigint | null;
  tokens: number | null;
  ms: number;
  depth: number;
  inside: Entry[];
}

export interface Told {
  run: Run;
  tree: Tree;
  entries: Entry[];
  cost: bigint | null;
  tokens: number | null;
  cached: number | null;
  ms: number;
  steps: number;
  models: string[];
  version: string;
  system: string;
}

const line = (text: string): string => text.replace(/\s+/g, ' ').trim();

function entryOf(item: Item, depth: number): Entry[] {
  const base = { name: '', args: undefined, result: undefined, failed: false, nodes: [], asked: null, cost: null, tokens: null, ms: 0, depth, inside: [] as Entry[] };
  const inside = (list: Item[]): Entry[] => list.flatMap((each) => entryOf(each, depth + 1));
  switch (item.type) {
    case 'call': return [callEntry(item, depth)];
    case 'parallel': return item.calls.map((call) => callEntry(call, depth));
    case 'repeat': return [...item.calls.map((call) => callEntry(call, depth)), ...item.between.flatMap((each) => entryOf(each, depth))].sort((a, b) => (a.node?.start ?? 0) - (b.node?.start ?? 0));
    case 'user':
    case 'task':
    case 'agent': {
      const kind = item.type === 'agent' ? 'agent' : 'user';
      return [{ ...base, id: item.id, kind, signature: kind, text: line(item.text), node: item.node }];
    }
    case 'thought': return [{ ...base, id: item.id, kind: 'thought', signature: 'thought', text: line(item.text), node: item.node }];
    case 'step': return [{ ...base, id: item.id, kind: 'step', signature: `step ${item.node.kind} ${item.name}`, name: item.name, text: line([item.detail, item.result].filter(Boolean).join(' → ')), failed: item.failed, node: item.node }];
    case 'failure': return [{ ...base, id: item.id, kind: 'failure', signature: `failure ${item.name}`, name: item.name, text: line(item.text), failed: true, node: item.nodes[0] ?? null }];
    case 'card': return [{ ...base, id: item.id, kind: 'card', signature: `card ${item.name}`, name: item.name, text: line(item.task), node: item.node, inside: inside(item.inside) }];
    default: return [];
  }
}

function callEntry(call: Call, depth: number): Entry {
  const result = call.failed ? call.error : call.result;
  return {
    id: call.id, kind: 'call', signature: `call ${call.name}`, name: call.name, args: reading.unwrap(call.args), result: call.failed ? result : reading.unwrapResult(result), failed: call.failed, nodes: [],
    node: call.node ?? call.asked, asked: call.asked, text: `${reading.sentence(reading.words(reading.unwrap(call.args)))} → ${call.failed ? call.error : reading.sentence(reading.words(reading.unwrapResult(result)))}`,
    cost: null, tokens: null, ms: 0, depth, inside: call.inside.flatMap((each) => entryOf(each, depth + 1)),
  };
}

/** All entries in order, those inside others after what holds them. */
export function flat(list: readonly Entry[]): Entry[] {
  return list.flatMap((entry) => [entry, ...flat(entry.inside)]);
}

/** Each step's figures go to one entry: its own, else the one that had begun last. So rows add up to the run. */
function share(tree: Tree, entries: Entry[]): void {
  const all = flat(entries);
  const owner = new Map<Node, Entry>();
  // What a user said carries no figures: its span is the call that answered.
  const own = (node: Node | null, entry: Entry): void => void (node && entry.kind !== 'user' && !owner.has(node) && owner.set(node, entry));
  for (const entry of all) own(entry.node, entry);
  for (const entry of all) own(entry.asked, entry);
  let last: Entry | undefined;
  for (const node of tree.all) {
    const mine = owner.get(node);
    if (mine) last = mine;
    if (node.step === 0 && node.own === null && node.ownTokens === null) continue;
    const into = mine ?? holder(node, owner) ?? last ?? all[0];
    into?.nodes.push(node);
  }
  for (const entry of all) {
    entry.cost = total(entry.nodes.map((node) => node.own));
    for (const node of entry.nodes) {
      if (node.ownTokens !== null) entry.tokens = (entry.tokens ?? 0) + node.ownTokens;
      if (node.step > 0) entry.ms += node.end - node.start;
    }
  }
}

function holder(node: Node, owner: Map<Node, Entry>): Entry | undefined {
  for (let at = node.parent; at; at = at.parent) {
    const entry = owner.get(at);
    if (entry && entry.kind === 'call') return entry;
  }
  return undefined;
}

export function tell(run: Run): Told {
  const tree = build(run.spans);
  const entries = transcribe(run, tree).turns.flatMap((turn) => turn.items.flatMap((item) => entryOf(item, 0)));
  share(tree, entries);
  const calls = tree.steps.filter((step) => step.kind === 'llm' && step.span.counted !== false);
  const sum = (pick: (node: Node) => number | null | undefined): number | null => calls.reduce<number | null>((all, node) => { const value = pick(node); return typeof value === 'number' ? (all ?? 0) + value : all; }, null);
  const read = sum((node) => node.span.tokens?.cache_read);
  const fresh = sum((node) => (node.span.tokens?.input ?? 0) + (node.span.tokens?.cache_write ?? 0));
  const about = run.session ?? run.traces[0];
  return {
    run, tree, entries,
    cost: total(tree.roots.map((root) => root.rolled)), tokens: tree.roots.reduce<number | null>((all, root) => (root.rolledTokens === null ? all : (all ?? 0) + root.rolledTokens), null),
    cached: read === null ? null : read / Math.max(1, read + (fresh ?? 0)),
    ms: run.session?.active_ms ?? run.traces[0]?.duration_ms ?? Math.max(0, ...tree.all.map((node) => node.end)) - Math.min(...tree.all.map((node) => node.start)),
    steps: tree.steps.length,
    models: [...new Set(calls.map((node) => node.label))],
    version: about?.agent_version || tree.all.find((node) => node.span.agent_version)?.span.agent_version || '',
    system: systemOf(calls),
  };
}

function systemOf(calls: Node[]): string {
  for (const call of calls) {
    const message = call.span.input?.find((each) => each.role === 'system' || each.role === 'developer');
    if (message) return message.parts.map((part) => (typeof part.text === 'string' ? part.text : typeof part.content === 'string' ? part.content : '')).join('\n');
  }
  return '';
}
