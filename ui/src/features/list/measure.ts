// Measures as words and figures: how one is called, in which unit it is written, whether its parts add up.
import type { Cell, FilterGrain, Grain } from '$api';
import * as format from '../../kit/format';

/** What was sent as metrics: asked for apart, of metric points alone. */
export const isMetric = (measure: string): boolean => measure.startsWith('metric.');

/** Measures of metric points and of scores are asked for apart from those of spans; '' for these. */
export const sortOf = (measure: string): '' | 'metric' | 'score' => (isMetric(measure) ? 'metric' : measure.startsWith('score.') ? 'score' : '');

const words: Record<string, string> = { 'latency.p95': 'p95 time', 'latency.p50': 'median time', 'latency.p99': 'p99 time', 'latency.mean': 'mean time', error_rate: 'Error rate', llm_calls: 'LLM calls', tool_calls: 'Tool calls' };

/** A measure's name as a tab says it. */
export function wordOf(measure: string, grain?: Grain): string {
  if (grain === 'sessions' && measure === 'latency.p95') return 'p95 with pauses';
  if (isMetric(measure)) return measure.slice('metric.'.length);
  const score = /^score\.(.+)\.mean$/.exec(measure)?.[1];
  const text = words[measure] ?? (score ?? measure).replaceAll(/[._]/g, ' ');
  return text.startsWith('p9') ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/** A figure in its measure's unit. */
export function figure(value: Cell, unit: string, measure = ''): string {
  const kind = unit.toLowerCase();
  if (isMetric(measure) && !kind.includes('usd')) return kind === 's' ? format.duration(value === null ? null : Number(value) * 1000) : kind === 'ms' ? format.duration(value) : format.short(value);
  if (kind.includes('usd') || kind === '$' || measure.startsWith('cost')) return format.money(value);
  if (kind === 'ms' || measure.startsWith('latency') || measure.startsWith('ttft') || measure === 'overhead') return format.duration(value);
  if (kind === 'ratio' || kind === '%' || measure.endsWith('_rate')) return format.percent(value);
  if (kind === 'score' || measure.startsWith('score.')) return format.score(value);
  return kind === 'tokens' || measure.startsWith('tokens') ? format.short(value) : format.count(value);
}

/** The lists' names are plural, a filter's grain is not. */
export const grainOf = (grain: Grain): FilterGrain => grain.slice(0, -1) as FilterGrain;

/** Sums of buckets mean something only for counts and money. */
export const addsUp = (measure: string): boolean => /^(sessions|traces|spans|errors|cost|tokens(\..*)?|llm_calls|tool_calls|guardrail_triggers)$/.test(measure);

/** The measure of each score that the catalogue has: its mean, by the name of the score. */
export function scoresIn(catalogue: readonly { name: string }[]): ReadonlyMap<string, string> {
  const known = new Set(catalogue.map((one) => one.name));
  const out = new Map<string, string>();
  for (const { name } of catalogue) {
    if (!name.startsWith('score.') || name.includes('NAME')) continue;
    if (known.has(`${name}.count`)) out.set(name.slice(6), name);
    else if (name.endsWith('.mean')) out.set(name.slice(6, -5), name);
  }
  return out;
}
