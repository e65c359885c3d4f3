// Experiments and comparisons as the server has them, and the calls about them.
import type { Api } from '$api';
import { url } from '$kit';
import type { Case, ToolCall } from '../datasets/calls';

export type Verdict = 'better' | 'no_worse' | 'worse' | 'cannot_tell';
export type Bounds = [number | null, number | null];

export interface ExperimentMetric {
  name: string;
  role: string;
  mean: number | null;
  ci: Bounds | null;
  cases: number;
  nulls: number;
  passed: number | null;
  pass_hat_k: number[] | null;
  pass_at_k: number[] | null;
}
export interface Experiment {
  id: string;
  name: string;
  description: string;
  dataset: string;
  dataset_version: string;
  agent: { kind: string; target: string; model: string };
  manifest: string;
  branch: string;
  commit: string;
  evaluators: { name: string; kind: string }[];
  evaluators_version: string;
  state: 'running' | 'done' | 'stopped' | '';
  created: string;
  changed: string;
  ended: string | null;
  planned: number;
  trials: number;
  cases: number;
  failed: number;
  infra_errors: number;
  infra_max: number;
  cost_usd: string | null;
  cost_unknown: number;
  latency_ms: { mean: number; p95: number } | null;
  metrics: ExperimentMetric[];
  seconds_left: number | null;
  spend_cap_usd: string | null;
  capped: boolean;
}
/** One square of a strip. */
export interface Square {
  trial: number;
  state: 'pass' | 'fail' | 'part' | 'null' | 'infra' | 'crashed';
  value: number | null;
  trace: string | null;
}
export interface CaseRow {
  case: string;
  slice: string;
  cluster: string;
  mean: Record<string, number | null>;
  trials: Square[];
  cost_usd: string | null;
  latency_ms: number | null;
  comment: string;
  trace: string | null;
}
export interface Trial {
  trial: number;
  trial_id: string;
  status: 'ok' | 'infra_error';
  failed: boolean;
  scores: Record<string, number | null>;
  comment: string;
  cost_usd: string | null;
  tokens: number | null;
  latency_ms: number | null;
  trace: string | null;
  output: unknown;
  trajectory: ToolCall[] | null;
  at: string;
  retries: number;
}
export const parts = ['all', 'failing', 'flaky', 'infra', 'passing'] as const;
export type Part = (typeof parts)[number];

/** What the two sides differ by, over the cases of both. */
interface Effect {
  cases: number;
  baseline: number | null;
  candidate: number | null;
  diff: number | null;
  ci: Bounds;
  p: number | null;
  p_adjusted: number | null;
  verdict: Verdict;
}
export interface Metric extends Effect {
  name: string;
  role: 'quality' | 'safety' | 'cost' | 'latency' | 'watched';
  gated: boolean;
  margin: number;
  note?: string;
  more?: { cases: number | null; trials: number | null };
  new_failures?: string[];
  clean_before?: number;
}
export interface Slice extends Effect {
  slice: string;
  metric: string;
}
export interface Candidate {
  experiment: Experiment;
  verdict: Verdict | null;
  reason: string;
  exit_code: number;
  metrics: Metric[];
  counts: Record<string, number>;
  slices: Slice[];
  infra_errors: { baseline: number; candidate: number };
  bad_rows: number;
  notes: string[];
  command: string;
}
export interface Comparison {
  baseline: Experiment;
  candidates: Candidate[];
}
export const findings = ['all', 'regressed', 'fell', 'rose', 'same', 'flaky', 'newly_flaky', 'new_failures', 'infra', 'only_baseline', 'only_candidate'] as const;
export type Finding = (typeof findings)[number];
export interface Side {
  mean: Record<string, number | null>;
  trials: Square[];
  output: string;
  cost_usd: string | null;
  latency_ms: number | null;
  comment: string;
  trace: string | null;
}
export interface ComparedCase {
  case: string;
  slice: string;
  cluster: string;
  finding: Finding;
  flaky: boolean;
  newly_flaky: boolean;
  new_failure: string[];
  diff: number | null;
  baseline: Side | null;
  candidates: (Side | null)[];
}
export interface Step {
  state: 'same' | 'arguments' | 'removed' | 'added';
  baseline: ToolCall | null;
  candidate: ToolCall | null;
  pointer: string;
}
export interface Alignment {
  from: { baseline: string; candidate: string };
  steps: Step[];
  divergence: number | null;
  deciding: { trace: string; span_id: string; name: string; why: string } | null;
}
export interface Tried {
  trials: Trial[];
  /** The one that stands for all: the baseline's best, the candidate's worst. */
  shown: number | null;
}
export interface ComparedDetail {
  case: Case | null;
  baseline: Tried;
  candidates: (Tried & { alignment: Alignment | null })[];
}
/** How two are compared: names of scores by role, margins. */
export interface Terms {
  quality: string;
  safety: string;
  margin: number | null;
}

const at = (id: string, rest = ''): string => `/experiments/${encodeURIComponent(id)}${rest}`;
const sides = (baseline: string, candidates: readonly string[], terms: Terms) => ({ baseline, candidate: candidates.join(','), quality: terms.quality, safety: terms.safety, margin: terms.margin });
const with_ = (signal?: AbortSignal) => (signal ? { signal } : {});

export const callsOf = (api: Api) => ({
  experiments: (how: { dataset?: string; q?: string; limit?: number; offset?: number }, signal?: AbortSignal) => api.call<{ experiments: Experiment[]; total: number }>('GET', url.link('/experiments', how), undefined, with_(signal)),
  experiment: (id: string, signal?: AbortSignal) => api.call<Experiment>('GET', at(id), undefined, with_(signal)),
  remove: (id: string) => api.call<void>('DELETE', at(id)),
  cases: (id: string, how: { show?: string; metric?: string; q?: string; slice?: string; limit?: number; offset?: number }, signal?: AbortSignal) =>
    api.call<{ cases: CaseRow[]; total: number; counts: Record<Part, number>; slices: { name: string; cases: number }[] }>('GET', url.link(at(id, '/cases'), how), undefined, with_(signal)),
  trials: (id: string, one: string, signal?: AbortSignal) => api.call<{ case: Case | null; trials: Trial[] }>('GET', at(id, `/cases/${encodeURIComponent(one)}`), undefined, with_(signal)),
  comparison: (baseline: string, candidates: readonly string[], terms: Terms, signal?: AbortSignal) => api.call<Comparison>('GET', url.link('/comparison', sides(baseline, candidates, terms)), undefined, with_(signal)),
  compared: (baseline: string, candidates: readonly string[], terms: Terms, how: { show?: string; slice?: string; metric?: string; q?: string; limit?: number; offset?: number }, signal?: AbortSignal) =>
    api.call<{ cases: ComparedCase[]; total: number }>('GET', url.link('/comparison/cases', { ...sides(baseline, candidates, terms), ...how }), undefined, with_(signal)),
  detail: (baseline: string, candidates: readonly string[], one: string, signal?: AbortSignal) =>
    api.call<ComparedDetail>('GET', url.link(`/comparison/cases/${encodeURIComponent(one)}`, { baseline, candidate: candidates.join(',') }), undefined, with_(signal)),
});
export type Calls = ReturnType<typeof callsOf>;

export const pageOf = (id: string): string => at(id);
export const compareHref = (baseline: string, candidates: readonly string[]): string => url.link('/experiments/compare', { baseline, candidate: candidates.join(',') });
export const rowsHref = (id: string, project: string): string => url.link(`/api/v1${at(id, '/rows')}`, project ? { project } : {});
