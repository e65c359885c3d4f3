// What rules find in a run: each finding with its count, the money it wasted, where it is, and why it is one.
import type { FormulaRow } from './types';
import { baseType } from './cost';
import { money, pico, total } from './money';
import type { Node, Tree } from './tree';
import { put, thinks, tokensIn } from './tree';
import { parse } from './literal';
import { pause, short } from './words';

export interface Finding {
  rule: 'failure streak' | 'repeated call' | 'loop' | 'ping-pong' | 'retry storm' | 'context growth' | 'no cache';
  tone: 'bad' | 'warn';
  label: string;
  quiet: string;
  wasted: bigint | null;
  nodes: Node[];
  why: string;
}

const STREAK = 3;
const REPEATS = 3;
const STORM = 3;
const STORM_GAP_MS = 60_000;
const LOOP_ROUNDS = 3;
const LOOP_PERIOD = 4;
const GROWTH = 8;
const GROWTH_LEAST = 8000;
const CACHE_LEAST = 20_000;

export function findings(tree: Tree): Finding[] {
  const streaks = failureStreaks(tree);
  const inStreak = new Set(streaks.flatMap((finding) => finding.nodes));
  const circles = loops(tree);
  const inLoop = new Set(circles.flatMap((finding) => finding.nodes));
  const repeated = repeatedCalls(tree, inStreak).filter((finding) => !finding.nodes.every((node) => inLoop.has(node)));
  return [...streaks, ...repeated, ...circles, ...pingPong(tree), ...retryStorms(tree), ...contextGrowth(tree), ...noCache(tree)];
}

/** Money of the counted calls that began after the first of `nodes` and before the last: what the tries cost. */
export function costBetween(tree: Tree, nodes: Node[]): bigint | null {
  const from = nodes[0]!.start;
  const to = nodes[nodes.length - 1]!.start;
  return total(tree.all.filter((each) => each.start > from && each.start <= to).map((each) => each.own));
}

const wastedWords = (wasted: bigint | null): string => (wasted ? `${money(wasted)} wasted` : '');
const toolCalls = (tree: Tree): Node[] => tree.steps.filter((each) => each.kind === 'tool' && !thinks(each.label));

function failureStreaks(tree: Tree): Finding[] {
  const out: Finding[] = [];
  const byTool = new Map<string, Node[]>();
  const close = (list: Node[]): void => {
    if (list.length < STREAK) return;
    const wasted = costBetween(tree, list);
    out.push({
      rule: 'failure streak', tone: 'bad', label: `failure streak ×${list.length}`, quiet: wastedWords(wasted), wasted, nodes: list,
      why: `${list[0]!.label} failed ${list.length} times and did not succeed in between. Rule: ${STREAK} failures of one tool. Wasted is what the calls between the first and the last try cost.`,
    });
  };
  for (const each of toolCalls(tree)) {
    if (each.failed) put(byTool, each.label, each);
    else {
      close(byTool.get(each.label) ?? []);
      byTool.delete(each.label);
    }
  }
  for (const list of byTool.values()) close(list);
  return out;
}

function repeatedCalls(tree: Tree, inStreak: ReadonlySet<Node>): Finding[] {
  const byCall = new Map<string, Node[]>();
  for (const each of toolCalls(tree)) {
    const key = callKey(each);
    if (key) put(byCall, key, each);
  }
  const out: Finding[] = [];
  for (const list of byCall.values()) {
    if (list.length < REPEATS) continue;
    const told = list.every((each) => inStreak.has(each));
    const wasted = told ? null : askingCost(tree, list.slice(1));
    out.push({
      rule: 'repeated call', tone: 'bad', label: `repeated call ×${list.length}`, quiet: wastedWords(wasted), wasted, nodes: list,
      why: `${list[0]!.label} was called ${list.length} times with the same arguments. Rule: ${REPEATS} calls. ${told ? 'The money is in the failure streak.' : 'Wasted is what it cost to ask for the second and later ones.'}`,
    });
  }
  return out;
}

/** Tool and arguments, '' where the arguments were not sent. */
function callKey(each: Node): string {
  const args = each.span.tool?.arguments;
  if (args === null || args === undefined) return '';
  return `${each.label}\n${typeof args === 'string' ? args : JSON.stringify(parse(args))}`;
}

/** Two to four different calls, the same ones three times over. One call alone is a repeated call. */
function loops(tree: Tree): Finding[] {
  const calls = toolCalls(tree);
  const keys = calls.map(callKey);
  const out: Finding[] = [];
  for (let at = 0; at < calls.length; at++) {
    for (let period = 2; period <= LOOP_PERIOD; period++) {
      let length = period;
      while (keys[at + length] && keys[at + length] === keys[at + length - period]) length++;
      const rounds = Math.floor(length / period);
      if (rounds < LOOP_ROUNDS || !keys[at] || new Set(keys.slice(at, at + period)).size < 2) continue;
      const list = calls.slice(at, at + rounds * period);
      const wasted = costBetween(tree, list.slice(period - 1));
      const names = list.slice(0, period).map((each) => each.label).join(', ');
      out.push({
        rule: 'loop', tone: 'bad', label: `loop ×${rounds}`, quiet: wastedWords(wasted), wasted, nodes: list,
        why: `${names}: the same ${period} calls with the same arguments, ${rounds} times over. Rule: ${LOOP_ROUNDS} rounds of at most ${LOOP_PERIOD} calls. Wasted is what every round after the first cost.`,
      });
      at += list.length - 1;
      break;
    }
  }
  return out;
}

/** Two agents that hand over to each other again and again. */
function pingPong(tree: Tree): Finding[] {
  const agents = tree.all.filter((each) => each.kind === 'agent' && !each.noise && each.parent !== null).filter((each, i, list) => i === 0 || nameOf(each) !== nameOf(list[i - 1]!));
  const out: Finding[] = [];
  for (let at = 0; at < agents.length; at++) {
    let length = 2;
    while (agents[at + length] && nameOf(agents[at + length]!) === nameOf(agents[at + length - 2]!)) length++;
    const rounds = Math.floor(length / 2);
    if (rounds < LOOP_ROUNDS) continue;
    const list = agents.slice(at, at + rounds * 2);
    const wasted = total(list.slice(2).map((each) => each.rolled));
    out.push({
      rule: 'ping-pong', tone: 'bad', label: `ping-pong ×${rounds}`, quiet: wastedWords(wasted), wasted, nodes: list,
      why: `${nameOf(list[0]!)} and ${nameOf(list[1]!)} took turns ${rounds} times. Rule: ${LOOP_ROUNDS} rounds. Wasted is what every round after the first cost.`,
    });
    at += list.length - 1;
  }
  return out;
}

const nameOf = (each: Node): string => each.span.agent || each.label;

/** Cost of the model calls that came last before each of these. */
function askingCost(tree: Tree, list: Node[]): bigint | null {
  const calls = tree.steps.filter((each) => each.kind === 'llm');
  const asking = new Set(list.map((each) => lastBefore(calls, each.start)));
  return total([...asking].map((each) => each?.own ?? null));
}

function lastBefore(calls: Node[], start: number): Node | undefined {
  let [low, high] = [0, calls.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (calls[middle]!.start < start) low = middle + 1;
    else high = middle;
  }
  return calls[low - 1];
}

function retryStorms(tree: Tree): Finding[] {
  const out: Finding[] = [];
  let list: Node[] = [];
  const close = (): void => {
    if (list.length >= STORM) {
      const wasted = total(list.map((each) => each.own));
      const lost = list[list.length - 1]!.end - list[0]!.start;
      out.push({
        rule: 'retry storm', tone: 'bad', label: `retry storm ×${list.length}`, quiet: wasted ? wastedWords(wasted) : `${pause(lost)} lost`, wasted, nodes: list,
        why: `${list[0]!.label} failed ${list.length} times in a row, each within ${STORM_GAP_MS / 1000} s of the one before. Rule: ${STORM} failures.`,
      });
    }
    list = [];
  };
  for (const each of tree.steps) {
    if (each.kind === 'tool') continue;
    const last = list[list.length - 1];
    if (last && (!each.failed || each.label !== last.label || each.start - last.end > STORM_GAP_MS)) close();
    if (each.failed) list.push(each);
  }
  close();
  return out;
}

function contextGrowth(tree: Tree): Finding[] {
  const byAgent = new Map<string, Node[]>();
  for (const each of tree.steps) if (each.kind === 'llm' && tokensIn(each.span) !== null) put(byAgent, each.span.agent ?? '', each);
  const out: Finding[] = [];
  for (const [agent, list] of byAgent) {
    const sizes = list.map((each) => tokensIn(each.span)!);
    const most = Math.max(...sizes);
    const times = most / Math.max(sizes[0]!, 1);
    if (list.length < 5 || times < GROWTH || most < GROWTH_LEAST) continue;
    const at = list[sizes.indexOf(most)]!;
    out.push({
      rule: 'context growth', tone: 'warn', label: `context growth ×${Math.round(times)}`, quiet: `${short(sizes[0]!)} to ${short(most)}`, wasted: null, nodes: [at, list[0]!],
      why: `${agent || 'The agent'} sent ${short(sizes[0]!)} tokens with its first call and ${short(most)} with its largest. Rule: ${GROWTH} times the first, and over ${short(GROWTH_LEAST)}.`,
    });
  }
  return out;
}

/** Every call says it read nothing from a cache although the same beginning was sent again and again. */
function noCache(tree: Tree): Finding[] {
  const list = tree.steps.filter((each) => each.kind === 'llm' && each.span.counted !== false);
  const sizes = list.map((each) => tokensIn(each.span) ?? 0);
  const sent = sizes.reduce((sum, size) => sum + size, 0);
  if (list.length < 4 || sent < CACHE_LEAST || !list.every((each) => each.span.tokens?.cache_read === 0)) return [];
  const again = sizes.slice(1).reduce((sum, size, i) => sum + Math.min(size, sizes[i]!), 0);
  const saved = savedByCache(list, again);
  return [{
    rule: 'no cache', tone: 'warn', label: 'no cache', quiet: saved ? `up to ${money(saved)}` : '', wasted: saved, nodes: [list[1]!, ...list],
    why: `${list.length} calls sent ${short(sent)} tokens, of which about ${short(again)} had been sent before, and none came from a cache. Rule: 4 calls and ${short(CACHE_LEAST)} tokens.${saved ? ' The money is what a full cache would have saved.' : ''}`,
  }];
}

/** Only where a formula names both prices. */
function savedByCache(list: Node[], again: number): bigint | null {
  for (const each of list) {
    const rows = each.span.cost?.formula ?? [];
    const price = (type: string): bigint | null => pico(rows.find((row: FormulaRow) => baseType(row.type) === type)?.price_usd_per_mtok);
    const [full, cached] = [price('input'), price('cache_read')];
    if (full !== null && cached !== null) return (BigInt(Math.round(again)) * (full - cached)) / 1_000_000n;
  }
  return null;
}
