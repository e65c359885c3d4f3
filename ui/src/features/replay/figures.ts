// The key figures of a run and how each was made.
import { format, url } from '$kit';
import { breakdown, duration, hasUsage, isRepeat, money, pause, pico, plural, tokensTotal, total, typeLabel, type CostBreakdown, type Node } from './model';
import type { Replay } from './replay.svelte';

export interface Fact {
  label: string;
  value: string;
  note?: string;
}

export interface Figure {
  label: string;
  value: string;
  bad?: boolean;
  /** Left out on narrow screens. */
  wide: boolean;
  /** Why there is no value. */
  unknown?: string;
  /** The spans it is made of. */
  href?: string;
  jump?: () => void;
  /** Made when it is looked at. */
  cost?: () => CostBreakdown;
  rows: () => Fact[];
  notes: string[];
}

const quoted = (value: string): string => (/^[\w.-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`);

/** The list of these spans; ids ignore ranges, so it is asked for wide. */
export function spansHref(replay: Replay, more: string): string {
  const start = replay.run?.traces[0]?.start ?? replay.run?.session?.start ?? '';
  return url.link('/spans', { filter: `${replay.kind}=${quoted(replay.id)} ${more}`.trim(), from: start ? new Date(Date.parse(start) - 60_000).toISOString() : '' });
}

/** Every figure; to who has a share link alone none leads away. */
export function figuresOf(replay: Replay): Figure[] {
  const list = allFigures(replay);
  return replay.shared ? list.map(({ href, ...rest }) => rest) : list;
}

function allFigures(replay: Replay): Figure[] {
  const { run, tree } = replay;
  if (!run) return [];
  const list: Figure[] = [cost(replay), time(replay)];
  const pauses = withPauses(replay);
  if (pauses) list.push(pauses);
  list.push(tokens(replay), steps(replay));
  const count = tree.errors.length || (run.session?.error_count ?? run.traces[0]?.error_count ?? 0);
  list.push({
    label: 'Errors', value: format.count(count), bad: count > 0, wide: true, notes: ['The deepest spans that failed; those above that pass a failure on are not counted.'],
    rows: () => tree.errors.slice(0, 5).map((node) => ({ label: node.label, value: '', note: node.span.error?.message ?? node.span.error?.type ?? '' })),
    ...(tree.errors.length ? { jump: () => replay.nextError() } : {}),
  });
  return [...list, ...scores(replay)];
}

function cost(replay: Replay): Figure {
  const told = pico(replay.run?.session?.cost_usd ?? replay.run?.traces[0]?.cost_usd);
  const sum = total(replay.tree.roots.map((root) => root.rolled)) ?? told;
  return {
    label: 'Cost', value: money(sum), wide: false, cost: () => breakdown(replay.tree.all), href: spansHref(replay, 'kind=llm,embedding'), rows: () => [], notes: [],
    ...(sum === null ? { unknown: replay.tree.all.some((node) => hasUsage(node.span)) ? 'No price is known for these calls, and the SDK reported none' : 'No call reported usage' } : {}),
  };
}

function time(replay: Replay): Figure {
  const { run, scale } = replay;
  const session = run?.session;
  const ms = session?.active_ms ?? (run?.kind === 'trace' ? run.traces[0]?.duration_ms : null) ?? scale.length;
  const parts = (run?.traces.length ?? 0) > 1 ? `Sum of ${run!.traces.length} traces, each from its first start to its last end.` : 'From the first start to the last end.';
  const work = (kind: string): string => duration(covered(replay.tree.steps.filter((node) => node.kind === kind)));
  const overhead = run?.session?.overhead_ms ?? run?.traces[0]?.overhead_ms;
  const between = typeof overhead === 'number' ? [{ label: 'Orchestration', value: duration(overhead), note: 'no model and no tool at work; hatched on the timeline' }] : [];
  const rows = (): Fact[] => [{ label: 'Models at work', value: work('llm') }, { label: 'Tools at work', value: work('tool') }, ...between];
  return { label: 'Time', value: duration(ms), wide: false, rows, notes: [parts, ...(run?.kind === 'session' ? ['Pauses between traces are not in it.'] : [])], jump: () => replay.nextRanked('time') };
}

/** Time that at least one of these covers; they come in start order. */
function covered(list: Node[]): number {
  let sum = 0;
  let reach = -Infinity;
  for (const node of list) {
    if (node.end > reach) sum += node.end - Math.max(reach, node.start);
    reach = Math.max(reach, node.end);
  }
  return sum;
}

function withPauses(replay: Replay): Figure | null {
  const session = replay.run?.session;
  if (!session?.duration_ms || !session.active_ms || session.duration_ms - session.active_ms < 1000) return null;
  const rows = (): Fact[] => replay.turns.filter((turn) => turn.away !== null).slice(0, 8).map((turn) => ({ label: `Before turn ${turn.n}`, value: pause(turn.away!) }));
  return { label: 'With pauses', value: duration(session.duration_ms), wide: true, rows, notes: ['From the first start to the last end, the user’s time included.'] };
}

/** Counted tokens of these spans by type, and what was left out. */
export function tokenFacts(nodes: readonly Node[]): { all: number | null; rows: Fact[]; notes: string[] } {
  const sums = new Map<string, number>();
  let unknown = 0;
  let all: number | null = null;
  for (const node of nodes) {
    const sum = tokensTotal(node.span);
    if (isRepeat(node) || (node.span.counted === false && sum !== null)) continue;
    if (sum === null) {
      if (node.kind === 'llm') unknown++;
      continue;
    }
    all = (all ?? 0) + sum;
    for (const [type, value] of Object.entries(node.span.tokens ?? {})) if (typeof value === 'number') sums.set(type, (sums.get(type) ?? 0) + value);
  }
  const types = ['input', 'cache_read', 'cache_write', 'output', 'reasoning'];
  const rows = types.map((type) => ({ label: typeLabel(type), value: format.count(sums.get(type) ?? null), ...(sums.has(type) ? {} : { note: 'not reported by this SDK' }) }));
  return { all, rows, notes: unknown ? [`${plural(unknown, 'call')} did not report tokens; unknown is not zero.`] : [] };
}

function tokens(replay: Replay): Figure {
  const { all, rows, notes } = tokenFacts(replay.tree.all);
  return { label: 'Tokens', value: format.short(all), wide: true, rows: () => rows, notes, href: spansHref(replay, 'kind=llm,embedding'), ...(all === null ? { unknown: 'not reported by this SDK' } : {}) };
}

function steps(replay: Replay): Figure {
  const kinds = new Map<string, number>();
  for (const node of replay.tree.steps) kinds.set(node.kind, (kinds.get(node.kind) ?? 0) + 1);
  const left = replay.tree.noise ? [`${plural(replay.tree.noise, 'plumbing span')} and containers are no steps.`] : ['Containers (agents, workflows) are no steps.'];
  return { label: 'Steps', value: format.count(replay.tree.steps.length), wide: true, rows: () => [...kinds].map(([kind, n]) => ({ label: kind === 'llm' ? 'model calls' : `${kind}s`, value: format.count(n) })), notes: left, href: spansHref(replay, '') };
}

function scores(replay: Replay): Figure[] {
  const byName = new Map<string, { values: number[]; words: string[]; authors: Set<string> }>();
  for (const score of replay.run?.scores ?? []) {
    const entry = byName.get(score.name) ?? { values: [], words: [], authors: new Set<string>() };
    byName.set(score.name, entry);
    if (typeof score.value === 'number') entry.values.push(score.value);
    else entry.words.push(String(score.value));
    if (score.author) entry.authors.add(score.author);
  }
  for (const [name, value] of Object.entries(replay.run?.session?.scores ?? {})) if (!byName.has(name) && typeof value === 'number') byName.set(name, { values: [value], words: [], authors: new Set() });
  return [...byName].slice(0, 3).map(([name, { values, words, authors }]) => ({
    label: name.charAt(0).toUpperCase() + name.slice(1), value: values.length ? format.score(values.reduce((sum, value) => sum + value, 0) / values.length) : words[0]!, wide: true,
    rows: () => [{ label: 'Scores', value: format.count(values.length + words.length) }], notes: [`Mean of what ${[...authors].join(', ') || 'the scorers'} gave.`],
  }));
}
