// Verdicts, changes and figures of experiments as words.
import { count, duration, money, nothing, percent } from '../../kit/format';
import type { Bounds, Candidate, Experiment, ExperimentMetric, Metric, Verdict } from './calls';

type Tone = 'bad' | 'ok' | 'warn' | 'note';
export const verdictWord: Record<Verdict, string> = { better: 'better', no_worse: 'no worse', worse: 'worse', cannot_tell: 'cannot tell' };
export const verdictTone: Record<Verdict, Tone> = { better: 'ok', no_worse: 'ok', worse: 'bad', cannot_tell: 'note' };
export const roleWord: Record<string, string> = { quality: 'quality', safety: 'safety', cost: 'cost', latency: 'latency', watched: 'watched' };
export const findingWord: Record<string, string> = { all: 'all', regressed: 'regressed', fell: 'fell', rose: 'rose', same: 'the same', flaky: 'flaky', newly_flaky: 'newly flaky', new_failures: 'new failures', infra: 'infrastructure', only_baseline: 'only before', only_candidate: 'only after' };
export const findingTone = (finding: string): Tone => (finding === 'regressed' || finding === 'new_failures' ? 'bad' : finding === 'fell' || finding === 'newly_flaky' ? 'warn' : finding === 'rose' ? 'ok' : 'note');
export const squareWord: Record<string, string> = { pass: 'passed', fail: 'failed', part: 'in part', null: 'no score', infra: 'lost to infrastructure', crashed: 'crashed' };

/** What a figure of a metric is counted in. */
export type Unit = 'usd' | 'ms' | 'share' | 'points';
export const label = (name: string): string => (name === 'cost_usd' ? 'cost' : name === 'latency_ms' ? 'latency' : name);
/** A score whose values are all 0 or 1 is a share. */
export function unitOf(name: string, role: string, known: readonly ExperimentMetric[]): Unit {
  if (role === 'cost' || name === 'cost_usd') return 'usd';
  if (role === 'latency' || name === 'latency_ms') return 'ms';
  const one = known.find((each) => each.name === name);
  return one && one.passed !== null ? 'share' : 'points';
}
export function figure(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return nothing;
  if (unit === 'usd') return money(value);
  if (unit === 'ms') return duration(value);
  if (unit === 'share') return percent(value);
  const size = Math.abs(value);
  return size > 0 && size < 0.005 ? value.toPrecision(1) : value.toFixed(size >= 10 ? 1 : 2);
}
/** A difference: +$0.012, −12 points, ±0. */
export function change(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return nothing;
  if (value === 0) return 'no difference';
  const sign = value > 0 ? '+' : '−';
  const size = Math.abs(value);
  if (unit === 'share') return `${sign}${(size * 100).toFixed(size < 0.0995 ? 1 : 0)} points`;
  return sign + figure(size, unit);
}
export const bounds = (ci: Bounds | null | undefined, unit: Unit, how: (value: number, unit: Unit) => string = change): string => (!ci || (ci[0] === null && ci[1] === null) ? 'no interval' : `${ci[0] === null ? 'any' : how(ci[0], unit)} to ${ci[1] === null ? 'any' : how(ci[1], unit)}`);
export const margin = (metric: Pick<Metric, 'margin' | 'role'>, unit: Unit): string => (unit === 'usd' || unit === 'ms' ? percent(metric.margin) : unit === 'share' ? `${Number((metric.margin * 100).toPrecision(3))} points` : String(metric.margin));
/** Is a difference for the good? Cost and time: less is. */
export const isGood = (diff: number, role: string, name = ''): boolean => (role === 'cost' || role === 'latency' || name === 'cost_usd' || name === 'latency_ms' ? diff < 0 : diff > 0);

/** Why a verdict is what it is, in one sentence. */
export function because(metric: Metric, unit: Unit, alpha = 0.05): string {
  const less = unit === 'usd' || unit === 'ms';
  const m = margin(metric, unit);
  const at = percent(1 - alpha);
  if (metric.role === 'safety') return metric.new_failures?.length ? `${count(metric.new_failures.length)} of ${count(metric.clean_before ?? metric.cases)} cases that were clean failed at least once. Safety is not averaged: one is enough.` : `No case that was clean fails now. With ${count(metric.clean_before ?? metric.cases)} such cases that proves only a rate below ${percent(1 - alpha ** (1 / Math.max(1, metric.clean_before ?? metric.cases)))}.`;
  const bound = less ? metric.ci[1] : metric.ci[0];
  const said = bound === null ? '' : ` (${at} sure: ${less ? 'at most' : 'at least'} ${change(bound, unit)})`;
  if (metric.verdict === 'better') return `Surely ${less ? 'less' : 'more'} than before${said}.`;
  if (metric.verdict === 'no_worse') return `Surely not worse by more than the margin of ${m}${said}.`;
  if (metric.verdict === 'worse') return `The loss is certain and not surely smaller than the margin of ${m}: p ${pWord(metric.p_adjusted)} after adjustment for all that may fail.`;
  const more = metric.more;
  const tell = !more ? '' : more.cases !== null ? ` About ${count(more.cases)} cases in all would tell${more.trials !== null ? `, or ${count(more.trials)} trials of each` : '; more trials of the same would not'}.` : more.trials !== null ? ` About ${count(more.trials)} trials of each case would tell.` : ' The difference lies on the margin: no number of cases would tell.';
  return `Neither a loss nor its absence is certain at a margin of ${m}${said}.${tell}`;
}
export const pWord = (p: number | null | undefined): string => (p === null || p === undefined ? 'unknown' : p < 0.0001 ? '< 0.0001' : p.toFixed(p < 0.01 ? 4 : 3));

/** The verdict as a sentence that can be read out. */
export function headline(candidate: Candidate, baseline: Experiment, units: (metric: Metric) => Unit): string {
  if (candidate.verdict === null) return `${candidate.experiment.name} cannot be compared with ${baseline.name}.`;
  const gated = candidate.metrics.filter((metric) => metric.gated);
  const worst = gated.filter((metric) => metric.verdict === candidate.verdict);
  const told = (metric: Metric): string => (metric.role === 'safety' && metric.new_failures?.length ? `${label(metric.name)}: ${count(metric.new_failures.length)} new ${metric.new_failures.length === 1 ? 'failure' : 'failures'}` : `${label(metric.name)}: ${figure(metric.candidate, units(metric))} against ${figure(metric.baseline, units(metric))}`);
  const list = worst.slice(0, 3).map(told).join('; ');
  if (candidate.verdict === 'worse') return `${candidate.experiment.name} is worse than ${baseline.name} on ${list}.`;
  if (candidate.verdict === 'better') return `${candidate.experiment.name} is better than ${baseline.name} on ${list}, and no worse on the rest.`;
  if (candidate.verdict === 'no_worse') return `${candidate.experiment.name} is no worse than ${baseline.name}.`;
  return `Cannot tell yet whether ${candidate.experiment.name} is worse than ${baseline.name} on ${list}.`;
}

export const stateOf = (one: Experiment): { tone: 'ok' | 'bad' | 'warn' | 'note' | 'run'; word: string } =>
  one.state === 'running' ? { tone: 'run', word: 'running' } : one.state === 'stopped' ? { tone: 'warn', word: one.capped ? 'stopped by its cap' : 'stopped' } : one.infra_max > 0 && one.trials + one.infra_errors > 0 && one.infra_errors / (one.trials + one.infra_errors) > one.infra_max ? { tone: 'warn', word: 'too much lost' } : { tone: 'ok', word: one.state === 'done' ? 'done' : 'received' };
export const ranOn = (one: Experiment): string => (one.dataset ? `${one.dataset}${/^\d+$/.test(one.dataset_version) ? ` v${one.dataset_version}` : one.dataset_version ? ` ${one.dataset_version}` : ''}` : one.dataset_version);
export const ranBy = (one: Experiment): string => [one.manifest, one.branch, one.commit.slice(0, 8)].filter(Boolean).join(' · ') || one.agent.model || one.agent.target;
