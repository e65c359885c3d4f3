// Reports as the server makes and keeps them, their schedules and public links, and the words for them.
import type { Api } from '$api';
import { url } from '$kit';
import * as format from '../../kit/format';

export const kinds = [['weekly', 'Quality and cost'], ['cost', 'Cost by team and agent'], ['slo', 'SLO compliance'], ['incidents', 'Incidents']] as const;
export const kindWord = (kind: string): string => kinds.find(([one]) => one === kind)?.[1] ?? kind;
export const periods = [['week', 'Week'], ['month', 'Month'], ['day', 'Day']] as const;
export type Period = (typeof periods)[number][0];
export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export const lives = [['', 'no link'], ['7d', 'a link for 7 days'], ['30d', 'a link for 30 days'], ['90d', 'a link for 90 days'], ['365d', 'a link for a year']] as const;

export interface Mail {
  to: string;
  state: 'waiting' | 'sent' | 'failed';
  attempts: number;
  error: string;
  changed: string;
}
export interface Kept {
  id: string;
  kind: string;
  period?: Period;
  from: string;
  to: string;
  timezone: string;
  made: string;
  schedule: string;
  late?: boolean;
  mails?: Mail[];
  links?: number;
}
export interface Schedule {
  name: string;
  kind: string;
  timezone: string;
  period?: Period;
  weekday: string;
  hour: number;
  enabled: boolean;
  trouble: string;
  to?: string[];
  link_for?: string;
  next?: string | null;
}
export interface Link {
  id: string;
  report: string;
  kind: string;
  from: string;
  label: string;
  author: string;
  made: string;
  expires: string;
  opened: number;
  last_opened: string | null;
  state: 'active' | 'expired' | 'revoked';
}
export interface Tile {
  name: string;
  measure: string;
  unit: string;
  now: number | string | null;
  before: number | string | null;
  low: number | string | null;
  high: number | string | null;
  moved: boolean;
  /** The last twelve periods. */
  last: (number | null)[];
}
export interface Report {
  kind: string;
  from: string;
  to: string;
  timezone: string;
  sentences: { text: string; link: string }[];
  tiles: Tile[];
  costs: { by: string; rows: { key: string; cost_usd: string | null; before_usd: string | null; calls: number }[]; total_usd: string | null; before_usd: string | null }[];
  objectives: { name: string; agent: string; kind: string; target: number; valid: number; bad: number; met: boolean | null; budget_left: number | null }[];
  alerts: { rule: string; split: Record<string, string> | string; severity: string; at: string; resolved: string | null }[];
  incidents?: { id: string; title: string; severity: string; status: string; owner: string; opened: string; resolved: string | null; link: string }[];
  unknown: string[];
}
export interface Wish {
  kind: string;
  period: Period;
  day: string;
  timezone: string;
}

export function callsOf(api: Api) {
  const schedule = (name: string): string => `/report-schedules/${encodeURIComponent(name)}`;
  return {
    preview: (wish: Wish, signal: AbortSignal) => api.call<Report>('GET', url.link('/reports/preview', { ...wish, format: 'json' }), undefined, { signal }),
    keep: (wish: Wish) => api.call<Kept>('POST', '/reports', wish),
    kept: () => api.call<{ reports: Kept[] }>('GET', '/reports').then((answer) => answer.reports),
    send: (id: string, to: string[], link_for: string) => api.call<{ queued: number }>('POST', `/reports/${encodeURIComponent(id)}/send`, { to, link_for }),
    share: (id: string, expires: string, label: string) => api.call<{ id: string; url: string; expires: string }>('POST', `/reports/${encodeURIComponent(id)}/links`, { expires, label }),
    schedules: () => api.call<{ schedules: Schedule[] }>('GET', '/report-schedules').then((answer) => answer.schedules),
    setSchedule: (name: string, written: object) => api.call<Schedule>('PUT', schedule(name), written),
    removeSchedule: (name: string) => api.call<void>('DELETE', schedule(name)),
    links: () => api.call<{ links: Link[] }>('GET', '/report-links').then((answer) => answer.links),
    revoke: (id: string) => api.call<void>('DELETE', `/report-links/${encodeURIComponent(id)}`),
  };
}
export type ReportCalls = ReturnType<typeof callsOf>;

/** Where a file of a report is; the browser opens or saves it. */
export const fileOf = (where: { id: string } | Wish, how: 'html' | 'pdf' | 'csv', project: string): string =>
  'id' in where ? url.link(`/api/v1/reports/${encodeURIComponent(where.id)}`, { format: how, project }) : url.link('/api/v1/reports/preview', { ...where, format: how, project });

const DAY = 86_400_000;
const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
/** The first day of the period that a day lies in, as a date; so many periods later. */
export function firstOf(period: Period, at: number, later = 0): string {
  const date = new Date(at);
  if (period === 'month') return dateOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later, 1));
  const day = Math.floor(at / DAY);
  return dateOf(period === 'day' ? (day + later) * DAY : (day - ((day + 3) % 7) + 7 * later) * DAY);
}
/** The last period that is over. */
export const lastOver = (period: Period, now: number): string => firstOf(period, now, -1);
export function periodWord(period: Period, first: string): string {
  if (period === 'day') return format.day(first);
  return `${format.day(first)} – ${format.day(Date.parse(firstOf(period, Date.parse(first), 1)) - DAY)}`;
}

/** A link of a report as an address of this page: its host is dropped, anything else is no link. */
export function inside(link: string): string {
  if (link.startsWith('/') && !link.startsWith('//')) return link;
  try {
    const target = new URL(link);
    return target.origin === location.origin ? target.pathname + target.search : '';
  } catch {
    return '';
  }
}
export const addresses = (text: string): string[] => text.split(/[,;\s]+/).filter(Boolean);
export const mailTone = { waiting: 'warn', sent: 'ink2', failed: 'bad' } as const;
