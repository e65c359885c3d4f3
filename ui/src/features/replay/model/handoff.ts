// Who hands over to whom: said by the server, by the arguments, by a name such as transfer_to_refunds, or by who works next.
import type { Call } from './items';
import { parse } from './literal';
import type { Node } from './tree';

export const HANDOFF = /^(transfer|hand_?off|delegate|goto)/i;
const NAMED = /^(?:execute_tool\s+)?(?:transfer|hand_?off|delegate|goto)(?:[ _]+to)?[ _]+(.+)$/i;
const NOBODY = /^(agent|another_agent|unknown.*|)$/i;

export function handedOver(each: Node, asked?: Call): [string, string] {
  const from = each.span.handoff?.from || field(each, ['from_agent', 'from', 'gen_ai.handoff.from_agent']) || each.span.agent || '';
  const to =
    each.span.handoff?.to ||
    field(each, ['to_agent', 'agent_name', 'to', 'agent', 'target', 'gen_ai.handoff.to_agent'], asked) ||
    [asked?.name, each.span.tool?.name, each.span.name].map((name) => NAMED.exec(name ?? '')?.[1] ?? '').find((name) => !NOBODY.test(name)) ||
    next(each, from);
  return [from, to || 'another agent'];
}

function field(each: Node, names: string[], asked?: Call): string {
  for (const source of [parse(each.span.tool?.arguments ?? null), each.span.attributes, asked?.args]) {
    if (typeof source !== 'object' || source === null) continue;
    for (const name of names) {
      const value = (source as Record<string, unknown>)[name];
      if (typeof value === 'string' && value && !NOBODY.test(value)) return value;
    }
  }
  return '';
}

/** The agent that begins after it, beside it or beside what holds it. */
function next(each: Node, from: string): string {
  for (let at: Node | null = each; at?.parent; at = at.parent) {
    const agent = at.parent.children.find((other) => other.kind === 'agent' && other.start >= each.start && (other.span.agent || other.label) !== from);
    if (agent) return agent.span.agent || agent.label;
  }
  return '';
}
