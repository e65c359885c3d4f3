// What lies around a span: its trace, the agents above and beside it; and small readings of calls.
import type { Call, Item } from './items';
import { textIn } from './parts';
import type { Node } from './tree';

export const traceOf = (item: Item): string => ('node' in item && item.node ? item.node.span.trace_id : item.type === 'call' ? (item.asked?.span.trace_id ?? '') : item.type === 'failure' ? item.nodes[0]!.span.trace_id : '');

export const startOf = (item: Item): number => ('node' in item && item.node ? item.node.start : item.type === 'call' ? (item.asked?.start ?? 0) : item.type === 'failure' ? item.nodes[0]!.start : 0);

const toolNames = new WeakMap<Node, ReadonlySet<string>>();
/** The tools that a model call's own span carried out. */
export function toolsInside(each: Node): ReadonlySet<string> {
  const known = toolNames.get(each);
  if (known) return known;
  const names = new Set(each.children.filter((child) => child.kind === 'tool' && !child.noise).map((child) => child.span.tool?.name || child.label));
  toolNames.set(each, names);
  return names;
}

/** What a retriever called as a tool gave back; null when it said nothing. */
export const saidBy = (each: Node): string | null => each.span.output?.map(textIn).filter(Boolean).join('\n') || null;

export function thoughtIn(call: Call): string {
  const args = call.args;
  if (typeof args === 'string') return args;
  if (typeof args !== 'object' || args === null) return '';
  return Object.values(args).find((value): value is string => typeof value === 'string' && value.length > 0) ?? '';
}

/** The name of the nearest agent around it. */
export function nameOf(each: Node): string {
  for (let at = each.parent; at; at = at.parent) if (at.kind === 'agent') return at.span.agent || at.label;
  return '';
}

/** The agent around it that does work of its own; one that only holds other agents is a name for the whole. */
export function closestAgent(each: Node): Node | null {
  for (let at = each.parent; at; at = at.parent) if (at.kind === 'agent' && works(at)) return at;
  return null;
}

const working = new WeakMap<Node, boolean>();
function works(agent: Node): boolean {
  const known = working.get(agent);
  if (known !== undefined) return known;
  const inside = (each: Node): boolean => each.children.some((child) => child.kind === 'llm' || child.kind === 'tool' || (child.kind !== 'agent' && inside(child)));
  const found = inside(agent);
  working.set(agent, found);
  return found;
}

export function siblingAgents(each: Node): boolean {
  const beside = each.parent ? each.parent.children : [];
  return beside.some((other) => other !== each && other.kind === 'agent' && (other.span.agent || other.label) !== (each.span.agent || each.label));
}
