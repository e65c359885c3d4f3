// Budgets and bills as the server tells them (docs/costs.md), and the words for them.
import type { Api } from '$api';
import { url } from '$kit';
import * as format from '../../kit/format';

export const scopes = ['organisation', 'project', 'team', 'agent', 'user', 'task', 'customer'] as const;
export const periods = ['day', 'week', 'month'] as const;

export interface Budget {
  name: string;
  scope: (typeof scopes)[number];
  value: string;
  period: (typeof periods)[number];
  timezone: string;
  limit_usd: string;
  spent_usd: string;
  left_usd: string;
  used: number;
  daily_usd: string;
  forecast_usd: string;
  period_start: string;
  period_end: string;
  runs_out: string | null;
  runs_out_p10?: string | null;
  runs_out_p50?: string | null;
  runs_out_p90?: string | null;
  forecast_p10_usd?: string;
  forecast_p90_usd?: string;
  method?: string;
  state: 'ok' | 'at_risk' | 'exceeded';
  unknown_calls: number;
}
export interface Import {
  source: string;
  from: string;
  to: string;
  records: number;
  billed_usd: string | null;
  imported: string;
}
/** What came of an export that was given. */
export interface Imported {
  source: string;
  from: string;
  to: string;
  records: number;
  fresh: number;
  replaced: number;
  other_services?: number;
  problems: string[];
  more: boolean;
}
export interface Reconciled {
  day: string;
  provider: string;
  model: string;
  type: string;
  billed_usd: string | null;
  seen_usd: string | null;
  difference_usd: string;
  billed_quantity: number | null;
  seen_quantity: number | null;
  agrees: boolean;
  reason: string;
}
export interface Reconciliation {
  from: string;
  to: string;
  rows: Reconciled[];
  total: { billed_usd: string; seen_usd: string; difference_usd: string; rows: number; agreeing: number };
  reasons: { name: string; sentence: string; rows: number; difference_usd: string }[];
}

const at = (name: string): string => encodeURIComponent(name);

export function callsOf(api: Api) {
  return {
    budgets: () => api.call<{ budgets: Budget[] }>('GET', '/budgets').then((answer) => answer.budgets),
    setBudget: (name: string, budget: object) => api.call<Budget>('PUT', `/budgets/${at(name)}`, budget),
    removeBudget: (name: string) => api.call<void>('DELETE', `/budgets/${at(name)}`),
    importBill: (file: Blob) => api.call<Imported>('POST', '/costs/bills', file),
    imports: () => api.call<{ imports: Import[] }>('GET', '/costs/bills').then((answer) => answer.imports),
    forget: (source: string) => api.call<{ removed: number }>('DELETE', url.link('/costs/bills', { source })),
    reconcile: (range: { from: string; to: string }, signal: AbortSignal) => api.call<Reconciliation>('GET', url.link('/costs/reconcile', range), undefined, { signal }),
  };
}
export type MoneyCalls = ReturnType<typeof callsOf>;

/** Whose money a budget is about. */
export const aboutOf = (budget: Pick<Budget, 'scope' | 'value'>): string => (budget.value ? `${budget.scope} ${budget.value}` : budget.scope === 'organisation' ? 'the whole organisation' : 'this project');

/** The spans of a budget's period; a dimension is named as its scope. */
export function spansOf(budget: Budget): string {
  const filter = budget.scope === 'organisation' || budget.scope === 'project' || !budget.value ? '' : `${budget.scope}=${/^[\w.-]+$/.test(budget.value) ? budget.value : `"${budget.value.replace(/["\\]/g, '\\$&')}"`}`;
  return url.link('/spans', { filter: [filter, 'is:counted'].filter(Boolean).join(' '), from: budget.period_start, to: budget.period_end });
}

/** When it runs out, with how sure that is. */
export function runsOut(budget: Budget): string {
  if (budget.state === 'exceeded') return 'it has run out';
  const middle = budget.runs_out_p50 ?? budget.runs_out;
  if (!middle) return budget.runs_out_p10 ? `hardly; one in ten ${format.day(budget.runs_out_p10)}` : 'not in this period';
  const [early, late] = [budget.runs_out_p10, budget.runs_out_p90];
  return early && format.day(early) !== format.day(middle) ? `${format.day(middle)} (${format.day(early)} – ${late ? format.day(late) : 'not'})` : format.day(middle);
}

export const stateWord = { ok: 'ok', at_risk: 'at risk', exceeded: 'exceeded' } as const;

/** Where a file of the whole range is: a plain link, so that the browser saves what streams in. */
export const exportHref = (range: { from: string; to: string }, filter: string, how: 'focus' | 'parquet' | 'csv', project: string): string => url.link('/api/v1/costs/export', { ...range, filter, format: how, ...(project ? { project } : {}) });
