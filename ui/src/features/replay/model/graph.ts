// The run as a graph: agents and what they use, each once, with how often the word went from one to another; loops are cycles with counts.
import type { Finding } from './badges';
import { HANDOFF, handedOver } from './handoff';
import { total } from './money';
import type { Node, Tree } from './tree';
import { below, tokensTotal } from './tree';
import type { Kind } from './types';
import { allVisits, calledBy, visitsOf, type Visit } from './visits';

export interface GraphNode {
  id: string;
  kind: Kind | 'user';
  label: string;
  /** How often: visits of an agent, calls of a tool, questions of a user. */
  count: number;
  failed: number;
  /** What its own steps cost, and with what it called; null where nothing is known. */
  own: bigint | null;
  rolled: bigint | null;
  ownTokens: number | null;
  rolledTokens: number | null;
  /** Milliseconds at work; what ran at once is added up. */
  busy: number;
  /** Model calls of an agent by model. */
  models: { label: string; count: number }[];
  /** Where a click leads, in order: the first again after the last. */
  places: Node[];
  steps: Node[];
  /** For "12 more tools": what it stands for. */
  folded: number;
  /** Of an agent whose tools are not drawn: which it used how often. */
  uses: { label: string; count: number }[];
  /** A rule found a loop in what is not drawn of it. */
  loop: boolean;
}

export interface GraphEdge {
  id: string;
  from: string;
  to: string;
  count: number;
  /** How often the word came back. */
  back: number;
  failed: number;
  what: 'asks' | 'calls' | 'uses';
  /** A rule found a loop here. */
  loop: boolean;
  places: Node[];
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
  agents: number;
  /** Tools are nodes of their own. */
  tools: boolean;
  /** The node that stands for a step. */
  nodeOf: Map<string, string>;
}

const USER = 'user';
const MOST_TOOLS = 24;
const MOST_PER_AGENT = 5;
/** Beyond so many agents what each uses is told in its own node, unless asked for. */
export const FEW_AGENTS = 8;
const agentId = (name: string): string => `agent:${name}`;
const FEW_PLACES = 400;

const tokensOf = (list: Node[]): number | null => {
  let sum: number | null = null;
  for (const each of list) {
    const count = each.span.counted === false ? null : tokensTotal(each.span);
    if (count !== null) sum = (sum ?? 0) + count;
  }
  return sum;
};

/** `user`: how the asker is called, `tools`: whether they are drawn, '' for where there is room; `open`: agents whose tools are all shown; `found`: whose ways are drawn in red. */
export function graphOf(tree: Tree, run: { name: string; user: string; tools?: '' | 'shown' | 'hidden' }, open: ReadonlySet<string> = new Set(), found: readonly Finding[] = []): Graph {
  const { top } = visitsOf(tree, run.name);
  const visits = allVisits(top);
  const draw = new Drawing();
  const several = new Set(visits.map((visit) => visit.agent)).size;
  const drawn = run.tools ? run.tools === 'shown' : several <= FEW_AGENTS;
  agents(draw, visits);
  if (drawn) tools(draw, visits, open);
  else used(draw, visits);
  words(draw, visits, run.user);
  handoffs(draw, visits);
  loops(draw, found, visits);
  return { nodes: [...draw.nodes.values()], edges: joined(draw), agents: several, tools: drawn, nodeOf: draw.nodeOf };
}

class Drawing {
  nodes = new Map<string, GraphNode>();
  edges = new Map<string, GraphEdge>();
  nodeOf = new Map<string, string>();

  node(id: string, kind: Kind | 'user', label: string): GraphNode {
    let made = this.nodes.get(id);
    if (!made) {
      made = { id, kind, label, count: 0, failed: 0, own: null, rolled: null, ownTokens: null, rolledTokens: null, busy: 0, models: [], places: [], steps: [], folded: 0, uses: [], loop: false };
      this.nodes.set(id, made);
    }
    return made;
  }
  edge(from: string, to: string, what: GraphEdge['what']): GraphEdge {
    const id = `${from} → ${to}`;
    let made = this.edges.get(id);
    if (!made) {
      made = { id, from, to, count: 0, back: 0, failed: 0, what, loop: false, places: [] };
      this.edges.set(id, made);
    }
    return made;
  }
}

/** Where a visit can be seen: its span, else its first step. */
const placeOf = (visit: Visit): Node | undefined => visit.span ?? visit.steps[0];
const keep = (list: Node[], each: Node | undefined): void => void (each && list.length < FEW_PLACES && list.push(each));

function agents(draw: Drawing, visits: Visit[]): void {
  const sums = new Map<Visit, Node[]>();
  for (const visit of [...visits].reverse()) sums.set(visit, [...visit.steps, ...visit.children.flatMap((child) => sums.get(child) ?? [])]);
  for (const visit of visits) {
    const node = draw.node(agentId(visit.agent), 'agent', visit.agent);
    node.count++;
    keep(node.places, placeOf(visit));
    node.steps.push(...visit.steps);
    for (const step of visit.steps) {
      node.busy += step.end - step.start;
      if (step.failed) node.failed++;
      if (!draw.nodeOf.has(step.id)) draw.nodeOf.set(step.id, node.id);
      if (step.kind === 'llm') count(node.models, step.label);
    }
    if (visit.span) draw.nodeOf.set(visit.span.id, node.id);
    if (within(visit)) continue;
    const all = sums.get(visit)!;
    node.rolled = total([node.rolled, ...all.map((step) => step.own)]);
    const counted = tokensOf(all);
    if (counted !== null) node.rolledTokens = (node.rolledTokens ?? 0) + counted;
  }
  for (const node of draw.nodes.values()) {
    node.own = total(node.steps.map((step) => step.own));
    node.ownTokens = tokensOf(node.steps);
    node.models.sort((a, b) => b.count - a.count);
  }
}

function count(list: { label: string; count: number }[], label: string): void {
  const known = list.find((each) => each.label === label);
  if (known) known.count++;
  else list.push({ label, count: 1 });
}

/** An agent that calls itself again is counted once, by its outermost visit. */
function within(visit: Visit): boolean {
  for (let above = visit.parent; above; above = above.parent) if (above.agent === visit.agent) return true;
  return false;
}

/** A step that is drawn as a node of its own: not a model call, not a handoff, not the tool that an agent is wrapped in. */
function isTool(step: Node): boolean {
  if (step.kind === 'llm' || step.kind === 'handoff') return false;
  return step.kind !== 'tool' || (!HANDOFF.test(step.label) && !below(step).some((each) => each.kind === 'agent'));
}

function tools(draw: Drawing, visits: Visit[], open: ReadonlySet<string>): void {
  const uses = new Map<string, { agent: string; label: string; kind: Kind; steps: Node[] }>();
  for (const visit of visits) {
    for (const step of visit.steps) {
      if (!isTool(step)) continue;
      const key = `${visit.agent}\n${step.kind}\n${step.label}`;
      const known = uses.get(key);
      if (known) known.steps.push(step);
      else uses.set(key, { agent: visit.agent, label: step.label, kind: step.kind, steps: [step] });
    }
  }
  const names = new Set([...uses.values()].map((use) => `${use.kind} ${use.label}`));
  const many = names.size > MOST_TOOLS;
  const rank = new Map<string, number>();
  for (const use of [...uses.values()].sort((a, b) => b.steps.length - a.steps.length)) {
    const at = rank.get(use.agent) ?? 0;
    rank.set(use.agent, at + 1);
    const hidden = many && at >= MOST_PER_AGENT && !open.has(agentId(use.agent));
    const node = hidden ? draw.node(`more:${use.agent}`, use.kind, '') : draw.node(`${use.kind}:${use.label}`, use.kind, use.label);
    if (hidden) node.label = `${++node.folded} more`;
    const edge = draw.edge(agentId(use.agent), node.id, 'uses');
    for (const step of use.steps) {
      node.count++;
      edge.count++;
      node.busy += step.end - step.start;
      if (step.failed) {
        node.failed++;
        edge.failed++;
      }
      keep(node.places, step);
      keep(edge.places, step);
      node.steps.push(step);
      draw.nodeOf.set(step.id, node.id);
    }
  }
  for (const node of draw.nodes.values()) {
    if (node.kind === 'agent') continue;
    node.own = total(node.steps.map((step) => step.own));
    node.rolled = total(node.steps.map((step) => step.rolled));
    node.ownTokens = tokensOf(node.steps);
    node.rolledTokens = tokensOf(node.steps.flatMap((step) => [step, ...below(step)]));
    node.places.sort((a, b) => a.start - b.start);
  }
}

/** What each agent used, told in its own node. */
function used(draw: Drawing, visits: Visit[]): void {
  for (const visit of visits) {
    const node = draw.node(agentId(visit.agent), 'agent', visit.agent);
    for (const step of visit.steps) if (isTool(step)) count(node.uses, step.label);
  }
  for (const node of draw.nodes.values()) node.uses.sort((a, b) => b.count - a.count);
}

function words(draw: Drawing, visits: Visit[], user: string): void {
  for (const { visit, from, back } of calledBy(visits)) {
    const to = agentId(visit.agent);
    if (!from) {
      const asker = draw.node(USER, 'user', user || 'user');
      asker.count++;
      keep(asker.places, placeOf(visit));
      const edge = draw.edge(USER, to, 'asks');
      edge.count++;
      keep(edge.places, placeOf(visit));
    } else if (from.agent !== visit.agent) {
      const edge = draw.edge(agentId(from.agent), to, 'calls');
      edge.count++;
      keep(edge.places, placeOf(visit));
      if (back) draw.edge(to, agentId(from.agent), 'calls').count++;
    }
  }
}

/** Handoffs that nobody followed by working still show; the others are counted by who worked. */
function handoffs(draw: Drawing, visits: Visit[]): void {
  const told = new Map<string, { from: string; to: string; steps: Node[] }>();
  for (const visit of visits) {
    for (const step of visit.steps) {
      if (step.kind !== 'handoff' && !(step.kind === 'tool' && HANDOFF.test(step.label))) continue;
      const [from, to] = handedOver(step);
      const key = `${from || visit.agent}\n${to}`;
      const known = told.get(key);
      if (known) known.steps.push(step);
      else told.set(key, { from: from || visit.agent, to, steps: [step] });
    }
  }
  for (const { from, to, steps } of told.values()) {
    const [a, b] = [agentId(from), agentId(to)];
    if (from === to || draw.edges.has(`${a} → ${b}`)) continue;
    draw.node(a, 'agent', from);
    const target = draw.node(b, 'agent', to);
    if (!target.places.length) target.places.push(...steps.slice(0, FEW_PLACES));
    const edge = draw.edge(a, b, 'calls');
    edge.count = steps.length;
    edge.places = steps.slice(0, FEW_PLACES);
  }
}

/** What rules found lies on the edges between whom it happened. */
function loops(draw: Drawing, found: readonly Finding[], visits: Visit[]): void {
  const agentOf = new Map<Node, string>();
  for (const visit of visits) {
    if (visit.span) agentOf.set(visit.span, visit.agent);
    for (const step of visit.steps) agentOf.set(step, visit.agent);
  }
  for (const finding of found) {
    const names = new Set(finding.all.map((node) => agentOf.get(node)).filter((name): name is string => !!name));
    for (const name of names) if (ofCalls(finding)) markLoop(draw, name);
    for (const edge of draw.edges.values()) {
      if (finding.rule === 'ping_pong' && names.has(edge.from.slice(6)) && names.has(edge.to.slice(6)) && edge.what === 'calls') edge.loop = true;
      if (ofCalls(finding) && edge.what === 'uses' && edge.places.some((node) => finding.all.includes(node))) edge.loop = true;
    }
  }
}

const ofCalls = (finding: Finding): boolean => /loop|repeated|streak/.test(finding.rule);

/** Where its tools are not drawn, the agent itself is marked. */
function markLoop(draw: Drawing, agent: string): void {
  const node = draw.nodes.get(agentId(agent));
  if (node?.uses.length) node.loop = true;
}

/** Two edges between the same two become one with two counts; the first seen gives the direction. */
function joined(draw: Drawing): GraphEdge[] {
  const out: GraphEdge[] = [];
  for (const edge of draw.edges.values()) {
    const other = out.find((each) => each.from === edge.to && each.to === edge.from);
    if (!other) out.push({ ...edge });
    else {
      other.back = edge.count;
      other.loop ||= edge.loop;
      other.failed += edge.failed;
    }
  }
  return out;
}

/** One row a step, in the order of time, each under the agent that did it. */
export interface LaneRow {
  node: Node;
  lane: number;
  /** The lane that had the word before, when it went over; -1 for the user. */
  from: number | null;
}
export interface Lanes {
  lanes: { agent: string; steps: number }[];
  rows: LaneRow[];
  rowOf: Map<string, number>;
}

export function lanesOf(tree: Tree, name: string): Lanes {
  const { top } = visitsOf(tree, name);
  const visits = allVisits(top);
  const before = new Map(calledBy(visits).map((each) => [each.visit, each.from]));
  const steps: { node: Node; visit: Visit }[] = visits.flatMap((visit) => visit.steps.map((node) => ({ node, visit })));
  steps.sort((a, b) => a.node.step - b.node.step);
  const lanes = new Map<string, number>();
  const counts: number[] = [];
  const rows: LaneRow[] = [];
  const seen = new Set<Visit>();
  for (const { node, visit } of steps) {
    const lane = lanes.get(visit.agent) ?? lanes.set(visit.agent, lanes.size).get(visit.agent)!;
    counts[lane] = (counts[lane] ?? 0) + 1;
    const caller = before.get(visit) ?? null;
    rows.push({ node, lane, from: seen.has(visit) ? null : caller ? (caller.agent === visit.agent ? null : (lanes.get(caller.agent) ?? null)) : -1 });
    seen.add(visit);
  }
  return { lanes: [...lanes].map(([agent, at]) => ({ agent, steps: counts[at]! })), rows, rowOf: new Map(rows.map((row, at) => [row.node.id, at])) };
}
