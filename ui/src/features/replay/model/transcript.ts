// Reads a tree of spans as a conversation: what the user said, what the agent thought, did and answered.
import { group } from './grouping';
import type { Call, Item, Turn } from './items';
import type { Node, Tree } from './tree';
import { put } from './tree';
import type { ConversationEntry, Run } from './types';
import { turnsOf } from './turns';
import { Walker } from './walker';

export interface Transcript {
  turns: Turn[];
  /** Span id → id of the item that shows it. */
  itemOf: Map<string, string>;
  /** Tool span id → the call it carries out, with what the messages say of it. */
  calls: Map<string, Call>;
}

/** The transcript of a run; turns break where the user speaks, and where a trace of a session begins. */
export function transcribe(run: Run, tree: Tree): Transcript {
  const items: Item[] = [];
  const walker = new Walker(mainAgent(tree), spokenIn(run.conversation));
  let traceId = '';
  for (const root of tree.roots) {
    if (root.span.trace_id !== traceId) {
      traceId = root.span.trace_id;
      walker.beginTrace(traceId, items);
    }
    walker.walk(root, items, 0);
    walker.endRoot(root, items);
  }
  walker.endTrace(traceId, items);
  prune(items);
  name(items, new Set());
  const turns = turnsOf(run, tree, items);
  for (const turn of turns) turn.items = group(turn.items);
  return { turns, itemOf: index(turns), calls: callsOf(turns) };
}

/** Cards that tell nothing, where the same agent has its words elsewhere: a second report of it. */
function prune(items: Item[]): void {
  const full = new Set<string>();
  const look = (list: Item[]): void => {
    for (const item of list) {
      if (item.type === 'agent') full.add(item.speaker);
      if (item.type === 'card' && item.inside.length) full.add(item.name);
      if ('inside' in item) look(item.inside);
    }
  };
  look(items);
  const clear = (list: Item[]): void => {
    for (let i = list.length - 1; i >= 0; i--) {
      const item = list[i]!;
      if ('inside' in item) clear(item.inside);
      if (item.type === 'card' && item.kind === 'agent' && !item.inside.length && !item.task && full.has(item.name) && !item.node.failed && !item.node.running) list.splice(i, 1);
    }
  };
  clear(items);
}

/** Two items of one span would have one name; lists are keyed by it. */
function name(items: Item[], taken: Set<string>): void {
  for (const item of items) {
    for (let n = 2, own = item.id; taken.has(item.id); n++) item.id = `${own}:${n}`;
    taken.add(item.id);
    if ('inside' in item) name(item.inside, taken);
  }
}

function mainAgent(tree: Tree): string {
  // The agent that first asks a model; a root may only be the name of the whole.
  const call = tree.all.find((each) => each.kind === 'llm');
  for (let at = call?.parent ?? null; at; at = at.parent) if (at.kind === 'agent') return at.span.agent || at.label;
  const first = tree.all.find((each) => each.kind === 'agent') ?? call ?? tree.all.find((each) => each.span.agent);
  return first?.span.agent || (first?.kind === 'agent' ? first.label : '');
}

function spokenIn(conversation: ConversationEntry[]): Map<string, ConversationEntry[]> {
  const byTrace = new Map<string, ConversationEntry[]>();
  for (const entry of conversation) put(byTrace, entry.trace_id, entry);
  return byTrace;
}

function callsOf(turns: Turn[]): Map<string, Call> {
  const calls = new Map<string, Call>();
  const visit = (list: Item[]): void => {
    for (const item of list) {
      for (const call of item.type === 'call' ? [item] : 'calls' in item ? item.calls : []) {
        if (call.node) calls.set(call.node.id, call);
        if (call !== item) visit(call.inside);
      }
      if ('inside' in item) visit(item.inside);
    }
  };
  for (const turn of turns) visit(turn.items);
  return calls;
}

function index(turns: Turn[]): Map<string, string> {
  const itemOf = new Map<string, string>();
  const show = (node: Node | null, id: string): void => {
    if (node && !itemOf.has(node.id)) itemOf.set(node.id, id);
  };
  const visit = (list: Item[]): void => {
    for (const item of list) {
      if (item.type === 'call') show(item.node, item.id);
      else if (item.type === 'parallel' || item.type === 'repeat') {
        for (const call of item.calls) show(call.node, item.id);
        if (item.type === 'repeat') for (const thought of item.between) show(thought.node, item.id);
      } else if (item.type === 'failure') for (const each of item.nodes) show(each, item.id);
      else if (item.type !== 'note') show(item.node, item.id);
      if ('inside' in item) visit(item.inside);
      if (item.type === 'parallel' || item.type === 'repeat') for (const call of item.calls) visit(call.inside);
    }
  };
  for (const turn of turns) visit(turn.items);
  // A model call that only asked for tools is shown by what it asked for.
  const asked = (list: Item[]): void => {
    for (const item of list) {
      if (item.type === 'call') show(item.asked, item.id);
      if (item.type === 'parallel' || item.type === 'repeat') for (const call of item.calls) show(call.asked, item.id);
      if ('inside' in item) asked(item.inside);
    }
  };
  for (const turn of turns) asked(turn.items);
  return itemOf;
}
