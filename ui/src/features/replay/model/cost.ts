// How an amount was made: tokens by type and price, the price rows, what was left out and why.
import { exact, pico, total } from './money';
import type { Node } from './tree';
import { hasUsage, tokensTotal } from './tree';
import { count, date } from './words';

export interface CostRow {
  type: string;
  label: string;
  tokens: number;
  price: string;
  cost: bigint;
}

export interface CostBreakdown {
  sum: bigint | null;
  groups: { priceRow: string; since: string; calls: number; rows: CostRow[] }[];
  /** Counted calls. */
  calls: Node[];
  models: string[];
  leftOut: { reason: string; count: number }[];
  /** Calls with tokens that no price is known for. */
  unknown: number;
  /** Calls priced by what the SDK reported. */
  reported: number;
  /** Calls that the SDK reported an amount for as well: what it said, and what the prices make of them. */
  told: { calls: number; reported: bigint; computed: bigint };
  /** Calls of a run that is too big to bring every formula. */
  sketched: number;
}

const LABELS: Record<string, string> = {
  input: 'Input, not cached', cache_read: 'Input, from cache', cache_write: 'Input, written to cache', output: 'Output', reasoning: 'Reasoning',
};
const ORDER = Object.keys(LABELS);

/** `input_tokens` and `input` are one type. */
export const baseType = (type: string): string => type.replace(/_(tokens|mtok)$/, '');
export const typeLabel = (type: string): string => LABELS[baseType(type)] ?? baseType(type).replace(/_/g, ' ');

export function breakdown(nodes: Node[]): CostBreakdown {
  const calls = nodes.filter((each) => each.own !== null || hasUsage(each.span));
  const groups = new Map<string, { priceRow: string; since: string; calls: number; rows: Map<string, CostRow> }>();
  let reported = 0;
  let sketched = 0;
  const told = { calls: 0, reported: 0n, computed: 0n };
  for (const each of calls) {
    const cost = each.span.cost;
    if (!cost?.formula?.length) {
      if (each.span.sketch) sketched++;
      else if (each.own !== null) reported++;
      continue;
    }
    const said = pico(cost.reported_usd);
    if (said !== null && each.own !== null) {
      told.calls++;
      told.reported += said;
      told.computed += each.own;
    }
    // The row's name; what follows # is the version of its contents.
    const priceRow = (cost.price_row ?? '').replace(/#.*$/, '');
    const key = `${priceRow} ${cost.price_date ?? ''}`;
    const group = groups.get(key) ?? { priceRow, since: cost.price_date ?? '', calls: 0, rows: new Map() };
    groups.set(key, group);
    group.calls++;
    for (const row of cost.formula) {
      const name = `${row.type} ${row.price_usd_per_mtok}`;
      const into = group.rows.get(name) ?? { type: row.type, label: typeLabel(row.type), tokens: 0, price: priceWords(row.price_usd_per_mtok), cost: 0n };
      into.tokens += row.tokens ?? 0;
      into.cost += pico(row.cost_usd) ?? 0n;
      group.rows.set(name, into);
    }
  }
  return {
    sum: total(calls.map((each) => each.own)),
    groups: [...groups.values()].map((group) => ({ ...group, rows: [...group.rows.values()].sort((a, b) => rank(a.type) - rank(b.type)) })),
    calls,
    models: [...new Set(calls.map((each) => each.label))],
    leftOut: leftOut(nodes),
    unknown: calls.filter((each) => each.own === null).length,
    reported,
    told,
    sketched,
  };
}

/** `The SDK reported $0.0012 for 3 calls, $0.0008 more than their prices make; the prices count.` */
export function toldWords({ calls, reported, computed }: CostBreakdown['told']): string {
  if (!calls) return '';
  const of = calls === 1 ? '1 call' : `${count(calls)} calls`;
  if (reported === computed) return `The SDK reported the same for ${of}.`;
  const gap = reported > computed ? reported - computed : computed - reported;
  return `The SDK reported ${exact(reported)} for ${of}, ${exact(gap)} ${reported > computed ? 'more' : 'less'} than their prices make; the prices count.`;
}

const rank = (type: string): number => ORDER.indexOf(baseType(type)) + 1 || 99;

/** `$2.00 / M`; prices keep the digits they need. */
function priceWords(price: string | number | null): string {
  if (price === null) return '';
  const value = Number(price);
  return `$${Number.isInteger(value * 100) ? value.toFixed(2) : String(value)} / M`;
}

/** Spans that carry tokens but do not count, by reason, in words. */
function leftOut(nodes: Node[]): { reason: string; count: number }[] {
  const reasons = new Map<string, number>();
  for (const each of nodes) {
    if (each.span.counted !== false || tokensTotal(each.span) === null) continue;
    const reason = reasonWords(each.span.not_counted_because ?? '');
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return [...reasons].map(([reason, n]) => ({ reason, count: n }));
}

export function reasonWords(reason: string): string {
  if (/wrap/i.test(reason)) return "a wrapper that repeats its children's tokens";
  if (/dup/i.test(reason)) return 'the same call, reported a second time';
  return reason.replace(/_/g, ' ') || 'not counted';
}

export function leftOutWords(part: { reason: string; count: number }): string {
  const many = part.count !== 1;
  if (part.reason.startsWith('a wrapper')) return many ? `${count(part.count)} wrapper spans that repeat their children’s tokens` : '1 wrapper span that repeats its children’s tokens';
  if (part.reason.startsWith('the same call')) return many ? `${count(part.count)} spans that report a call a second time` : '1 span that reports a call a second time';
  return `${count(part.count)} ${many ? 'spans' : 'span'}: ${part.reason}`;
}

/** The formula as text, to paste. */
export function formulaText(cost: CostBreakdown): string {
  const lines = cost.groups.flatMap((group) => [
    ...group.rows.map((row) => `${row.label}: ${row.tokens} × ${row.price} = ${exact(row.cost)}`),
    group.priceRow ? `Price row ${group.priceRow}${group.since ? `, in force since ${date(group.since)}` : ''}` : '',
  ]);
  return [...lines.filter(Boolean), `Sum: ${exact(cost.sum)}`, ...cost.leftOut.map((part) => `Left out: ${leftOutWords(part)}`)].join('\n');
}
