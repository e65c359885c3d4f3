// What the server's rules found in a run, as badges: each with its count, the money it wasted, where it is, and why it is one.
import { money, pico, total } from './money';
import type { Node, Tree } from './tree';
import { put } from './tree';
import type { Run, RunFinding } from './types';

export interface Finding {
  /** As the filter writes it: loop, ping_pong … */
  rule: string;
  tone: 'bad' | 'warn';
  label: string;
  quiet: string;
  wasted: bigint | null;
  /** Its places in order; a press goes to the next one. */
  nodes: Node[];
  /** Every span that it names. */
  all: Node[];
  why: string;
}

interface About {
  tone: 'bad' | 'warn';
  /** What the money is. */
  wasted: string;
  /** Told once for the whole run, however often it was found. */
  joined?: boolean;
}

const rules: Record<string, About> = {
  retry_storm: { tone: 'bad', wasted: 'those calls cost' },
  loop: { tone: 'bad', wasted: 'every round after the first cost' },
  repeated_call: { tone: 'bad', wasted: 'it cost to ask for the second and later ones' },
  failure_streak: { tone: 'bad', wasted: 'the calls between the first try and the last cost' },
  ping_pong: { tone: 'bad', wasted: 'every round after the first cost' },
  invalid_arguments: { tone: 'bad', wasted: 'the calls that asked for it cost', joined: true },
  truncated: { tone: 'warn', wasted: 'those calls cost', joined: true },
  abandoned: { tone: 'bad', wasted: 'the calls of the run cost', joined: true },
  context_growth: { tone: 'warn', wasted: '' },
};
const unknownRule: About = { tone: 'warn', wasted: 'the calls it names cost' };

/** More badges of one rule than these become one. */
const MOST_OF_A_RULE = 3;

export function findings(run: Pick<Run, 'findings'>, tree: Tree): Finding[] {
  const byRule = new Map<string, RunFinding[]>();
  for (const found of run.findings) put(byRule, found.rule, found);
  const out: Finding[] = [];
  for (const [rule, list] of byRule) {
    if (rules[rule]?.joined || list.length > MOST_OF_A_RULE) out.push(badge(rule, list, tree));
    else for (const found of list) out.push(badge(rule, [found], tree));
  }
  const dear = (one: Finding): bigint => one.wasted ?? 0n;
  return out.sort((a, b) => (a.tone !== b.tone ? (a.tone === 'bad' ? -1 : 1) : dear(a) === dear(b) ? 0 : dear(a) > dear(b) ? -1 : 1));
}

function badge(rule: string, list: RunFinding[], tree: Tree): Finding {
  const about = rules[rule] ?? unknownRule;
  const first = list[0]!;
  const places = list.length > 1 ? list.map((found) => found.span_ids.slice(0, 1)) : [first.span_ids];
  const nodes = list.flatMap((found, i) => places[i]!.map((id) => nodeOf(tree, found.trace_id, id)).filter((node): node is Node => !!node));
  const all = list.flatMap((found) => found.span_ids.map((id) => nodeOf(tree, found.trace_id, id)).filter((node): node is Node => !!node));
  const wasted = wastedBy(list, tree);
  const times = list.length > 1 ? list.length : first.times;
  const name = rule.replaceAll('_', ' ').replace('ping pong', 'ping-pong');
  const labels = [...new Set(nodes.map((node) => node.label))];
  const where = labels.length && labels.length <= 3 ? `${labels.join(', ')}: ` : '';
  const money = wasted && about.wasted ? ` Wasted is what ${about.wasted}.` : '';
  return { rule, tone: about.tone, label: times > 1 ? `${name} ×${times}` : name, quiet: wastedWords(wasted), wasted, nodes, all, why: `${where}${first.why}.${money}` };
}

const wastedWords = (wasted: bigint | null): string => (wasted ? `${money(wasted)} wasted` : '');

/** One finding as the server reckoned it; of several each call once. */
function wastedBy(list: RunFinding[], tree: Tree): bigint | null {
  if (list.length === 1) return pico(list[0]!.wasted_usd);
  const calls = new Set<Node>();
  for (const found of list) {
    for (const id of found.wasted_span_ids) {
      const node = nodeOf(tree, found.trace_id, id);
      if (!node) return total(list.map((one) => pico(one.wasted_usd)));
      calls.add(node);
    }
  }
  return total([...calls].map((node) => node.own));
}

/** A span id may repeat in another trace. */
export function nodeOf(tree: Tree, trace: string, span: string): Node | undefined {
  const plain = tree.byId.get(span);
  return plain && plain.span.trace_id === trace ? plain : (tree.byId.get(`${trace}:${span}`) ?? plain);
}
