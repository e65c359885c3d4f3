// What the alerts' page asks of the server (/api/v1/alerts).
import type { Api } from '$api';
import { url } from '$kit';

export type Severity = 'page' | 'ticket' | 'info';
export type State = 'firing' | 'pending' | 'ok' | 'no_data';
export type Labels = Record<string, string>;

/** A rule as it is written; only `name` and `measure` must be there, of an objective's burn `slo` instead. */
export interface Definition {
  name: string;
  measure?: string;
  kind?: string;
  filter?: string;
  split?: string[];
  grain?: string;
  step?: string;
  direction?: string;
  above?: number | null;
  below?: number | null;
  recover?: number | null;
  window?: string;
  change?: number | null;
  /** A share, or the name of an SLO. */
  slo?: number | string | null;
  strictness?: number | null;
  learning_bar?: number | null;
  least?: number | null;
  for?: string;
  keep_firing_for?: string;
  no_data?: string;
  renotify?: string;
  severity?: Severity;
  channels?: string[];
  escalate?: { after: string; channel: string }[];
  /** Dimensions that are looked through for a cause; none: Pawl's own choice. */
  explain?: string[];
  /** Opens an incident, or joins one. */
  incident?: boolean | string;
  /** Of psi: how what is counted falls on a dimension, on `latency` or `ttft`; '': the values themselves. */
  distribution?: string;
  /** What belongs together beside agents: incidents and groups go by it. */
  folder?: string;
  group_by?: string[];
  /** Those that fire together share a message; those that join later come so often. */
  group_wait?: string;
  group_interval?: string;
  /** A firing joins an incident whose newest is not older. */
  incident_window?: string;
  runbook?: string;
  timezone?: string;
  enabled?: boolean;
  [more: string]: unknown;
}
export interface Rule {
  id: string;
  name: string;
  version: number;
  enabled: boolean;
  evaluated: string | null;
  trouble: string;
  starter?: boolean;
  definition: Definition;
}
export interface Cause {
  where: Labels;
  filter: string;
  actual: number | null;
  expected: number | null;
  share: number;
  ratio: number | null;
}
export interface Evidence {
  window?: { from: string; to: string };
  baseline?: { days: number };
  unit?: string;
  actual?: number | null;
  expected?: number | null;
  ratio?: number | null;
  sentence?: string;
  spread_evenly?: boolean;
  causes?: Cause[];
  traces?: { after?: string[]; before?: string[] };
  release?: { agent: string; version: string; at: string; minutes_before: number } | null;
  price_change?: { at: string; detail: string; minutes_before: number } | null;
  runbook?: string;
}
export interface Alert {
  rule: string;
  name: string;
  severity: Severity;
  kind: string;
  measure: string;
  unit: string;
  filter: string;
  split: Labels;
  state: State;
  since: string | null;
  value: number | null;
  acknowledged_by: string;
  event?: string | null;
  muted_by?: string[];
  evidence?: Evidence | null;
  runbook?: string;
}
export interface Delivery {
  channel: string;
  name?: string;
  state: string;
  attempts: number;
  error: string;
  escalation?: boolean;
}
export interface Event {
  id: string;
  rule: string;
  name: string;
  version: number;
  split: Labels;
  at: string;
  notice: string;
  reason?: string;
  learning?: boolean;
  value: number | null;
  passed?: boolean;
  evidence?: Evidence | null;
  deliveries: Delivery[];
}
export interface Firing {
  split: Labels;
  fired_at: string;
  resolved_at: string | null;
  value: number | null;
  learning?: boolean;
}
export interface Course {
  split: Labels;
  at: number[];
  value: (number | null)[];
  low?: (number | null)[];
  high?: (number | null)[];
  expected?: (number | null)[];
}
export interface Backtest {
  from: string;
  to: string;
  firings: Firing[];
  minutes_firing: number;
  notices: number;
  instances: number;
  series?: Course[];
}
export interface Channel {
  id: string;
  name: string;
  kind: string;
  url: string;
  to?: string[];
  enabled: boolean;
  trouble: string;
  waiting: number;
  failed: number;
  /** Only when it was made. */
  secret?: string;
}
export interface Matcher {
  name: string;
  op: string;
  value: string;
}
export interface Silence {
  id: string;
  matchers: Matcher[];
  from: string;
  to: string | null;
  weekly: { days: string[]; from: string; to: string; timezone: string } | null;
  author: string;
  why: string;
  state: 'pending' | 'active' | 'ended';
  mutes: number;
}
const at = (id: string): string => encodeURIComponent(id);

export function callsOf(api: Api) {
  const get = <T>(path: string): Promise<T> => api.call<T>('GET', `/alerts${path}`);
  const post = <T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> => api.call<T>('POST', `/alerts${path}`, body, signal ? { signal } : {});
  return {
    slos: () => api.call<{ slos: { name: string; agent: string; kind: string; target: number }[] }>('GET', '/slos').then((answer) => answer.slos),
    alerts: () => get<{ alerts: Alert[] }>('').then((answer) => answer.alerts),
    rules: () => get<{ rules: Rule[] }>('/rules').then((answer) => answer.rules),
    rule: (id: string) => get<Rule>(`/rules/${at(id)}`),
    save: (id: string | null, definition: Definition) => (id === null ? post<Rule>('/rules', definition) : api.call<Rule>('PUT', `/alerts/rules/${at(id)}`, definition)),
    remove: (id: string) => api.call<void>('DELETE', `/alerts/rules/${at(id)}`),
    backtest: (definition: Definition, signal: AbortSignal) => post<Backtest>('/backtest', definition, signal),
    events: (rule = '', limit = 200) => get<{ events: Event[] }>(url.link('/events', { rule, limit })).then((answer) => answer.events),
    acknowledge: (rule: string, split?: Labels) => post<{ acknowledged: number }>('/acknowledge', { rule, ...(split && Object.keys(split).length ? { split } : {}) }),
    channels: () => get<{ channels: Channel[] }>('/channels').then((answer) => answer.channels),
    addChannel: (channel: object) => post<Channel>('/channels', channel),
    removeChannel: (id: string) => api.call<void>('DELETE', `/alerts/channels/${at(id)}`),
    testChannel: (id: string) => post<{ taken: boolean; trouble: string }>(`/channels/${at(id)}/test`, {}),
    resend: (id: string) => post<{ resent: number }>(`/channels/${at(id)}/resend`, {}),
    silences: () => get<{ silences: Silence[] }>('/silences').then((answer) => answer.silences),
    addSilence: (silence: object) => post<Silence>('/silences', silence),
    endSilence: (id: string) => api.call<void>('DELETE', `/alerts/silences/${at(id)}`),
  };
}
export type Calls = ReturnType<typeof callsOf>;
