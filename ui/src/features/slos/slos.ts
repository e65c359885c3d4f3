// Objectives of agents as the server tells them (/api/v1/slos), and the words for them.
import type { Api } from '$api';
import { url } from '$kit';
import * as format from '../../kit/format';

export const kinds = ['availability', 'latency', 'quality', 'cost'] as const;
export interface Burn {
  severity: string;
  factor: number;
  long: string;
  short: string;
  long_burn: number | null;
  short_burn: number | null;
  firing: boolean;
}
export interface Slo {
  name: string;
  agent: string;
  kind: (typeof kinds)[number];
  target: number;
  threshold: string;
  score: string;
  window: string;
  filter: string;
  description: string;
  valid: number;
  bad: number;
  sli: number | null;
  interval: [number, number] | null;
  budget_left: number | null;
  state: 'met' | 'at_risk' | 'broken' | 'too_few';
  exhausted_at: string | null;
  burn: Burn[];
  valid_filter: string;
  bad_filter: string;
  history?: { day: string; valid: number; bad: number; sli: number | null; budget_left: number | null }[];
}
/** What is written of one. */
export interface Written {
  agent: string;
  kind: string;
  target: number;
  threshold: string;
  score: string;
  window: string;
  filter: string;
  description: string;
}

export function callsOf(api: Api) {
  const at = (name: string): string => `/slos/${encodeURIComponent(name)}`;
  return {
    all: () => api.call<{ slos: Slo[] }>('GET', '/slos').then((answer) => answer.slos),
    one: (name: string) => api.call<Slo>('GET', at(name)),
    set: (name: string, written: Written) => api.call<Slo>('PUT', at(name), written),
    remove: (name: string) => api.call<void>('DELETE', at(name)),
  };
}
export type SloCalls = ReturnType<typeof callsOf>;

/** The target, as many digits as it has: 99.95 %. */
export const targetOf = (target: number): string => `${Number((target * 100).toPrecision(8))} %`;

/** "95 % of runs take at most 60s" */
export function promise(slo: Pick<Slo, 'kind' | 'target' | 'threshold' | 'score'>): string {
  const good: Record<Slo['kind'], string> = {
    availability: 'end without an error',
    latency: `take at most ${slo.threshold.replace(/^(\d+(?:\.\d+)?)([a-z]+)$/, '$1 $2')}`,
    quality: `have ${slo.score || 'the score'} of ${slo.threshold} or more`,
    cost: `cost at most $${slo.threshold}`,
  };
  return `${targetOf(slo.target)} of runs ${good[slo.kind]}`;
}

export const stateWord: Record<Slo['state'], string> = { met: 'met', at_risk: 'at risk', broken: 'broken', too_few: 'too few runs' };
export const stateTone = { met: 'ok', at_risk: 'warn', broken: 'bad', too_few: 'note' } as const;
export const windowWord = (window: string): string => window.replace(/^(\d+)d$/, (_, days: string) => format.plural(Number(days), 'day'));

/** The runs behind it, good and bad, or the bad ones alone, in its window. */
export const runsOf = (slo: Slo, bad: boolean): string => url.link('/traces', { filter: bad ? slo.bad_filter : slo.valid_filter, last: slo.window });

/** The fastest burn of its windows, and whether one of them pages. */
export function fastest(slo: Slo): { burn: Burn; firing: boolean } | null {
  const firing = slo.burn.find((one) => one.firing);
  const most = slo.burn.reduce<Burn | null>((best, one) => ((one.long_burn ?? -1) > (best?.long_burn ?? -1) ? one : best), null);
  const burn = firing ?? most;
  return burn ? { burn, firing: firing !== undefined } : null;
}
export const burnWord = (value: number | null): string => (value === null ? format.nothing : `${value.toFixed(1)}×`);
