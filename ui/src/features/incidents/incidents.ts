// Incidents as the server tells them (/api/v1/incidents, /api/v1/runbooks), the calls about them, and the words for them.
import type { Api, Cell } from '$api';
import { url } from '$kit';
import * as format from '../../kit/format';

export const severities = ['critical', 'major', 'minor'] as const;
export const statuses = ['open', 'mitigated', 'resolved'] as const;
export type Status = (typeof statuses)[number];

export interface Incident {
  id: string;
  number: number;
  title: string;
  severity: (typeof severities)[number];
  status: Status;
  owner: string;
  agent: string;
  filter: string;
  runbook: string;
  began: string;
  opened: string;
  mitigated: string | null;
  resolved: string | null;
  opened_by: string;
  alerts: number;
  firing: number;
  traces: number;
  cases: number;
}
export interface Entry {
  number: number;
  at: string;
  written: string;
  actor: string;
  kind: string;
  text: string;
  data?: Record<string, unknown>;
}
export interface Fired {
  event: string;
  rule: string;
  name: string;
  split: Record<string, string>;
  severity: string;
  fired: string;
  resolved: string | null;
  sentence: string;
}
export interface Linked {
  kind: 'trace' | 'session';
  id: string;
  note: string;
  at: string;
  actor: string;
}
export interface GivenCase {
  dataset: string;
  id: string;
  trace_id: string;
  at: string;
  actor: string;
}
/** `alerts` and `cases` are how many; here are they themselves. */
export type Whole = Incident & { window: { from: string; to: string }; where: string; timeline: Entry[]; linked_alerts: Fired[]; links: Linked[]; linked_cases: GivenCase[] };
export interface Impact {
  window: { from: string; to: string };
  before: { from: string; to: string };
  figures: { measure: string; name: string; unit: string; now: Cell; before: Cell; ratio: number | null; link: string }[];
}
export interface Template {
  name: string;
  title: string;
  about: string;
  steps: { text: string }[];
}
export interface Step {
  number: number;
  text: string;
  query: boolean;
  done: boolean;
  done_by: string;
  done_at: string | null;
}
export interface Runbook {
  name: string;
  title: string;
  about: string;
  steps: Step[];
}
export interface StepAnswer {
  number: number;
  text: string;
  question: { measures?: string[]; dimensions?: string[]; filter?: string; from?: string; to?: string } | null;
  columns: { name: string; type: string; unit: string }[];
  rows: Cell[][];
  before: Cell[][];
  link: string;
}
export interface Patch {
  title?: string;
  severity?: string;
  status?: Status;
  owner?: string;
  agent?: string;
  filter?: string;
  runbook?: string;
  began?: string;
  why?: string;
}

const at = (id: string, rest = ''): string => `/incidents/${encodeURIComponent(id)}${rest}`;

export function callsOf(api: Api) {
  return {
    all: (status: string, limit = 200) => api.call<{ incidents: Incident[]; total: number }>('GET', url.link('/incidents', { status, limit })),
    open: (written: object) => api.call<Whole>('POST', '/incidents', written),
    one: (id: string) => api.call<Whole>('GET', at(id)),
    change: (id: string, patch: Patch) => api.call<Whole>('PATCH', at(id), patch),
    note: (id: string, text: string) => api.call<Entry>('POST', at(id, '/notes'), { text }),
    join: (id: string, events: readonly string[]) => api.call<Whole>('POST', at(id, '/alerts'), { events }),
    link: (id: string, kind: string, of: string, note: string) => api.call<Whole>('POST', at(id, '/links'), { kind, id: of, ...(note ? { note } : {}) }),
    give: (id: string, dataset: string, one: string, trace: string) => api.call<Whole>('POST', at(id, '/cases'), { dataset, id: one, trace_id: trace }),
    impact: (id: string) => api.call<Impact>('GET', at(id, '/impact')),
    templates: () => api.call<{ runbooks: Template[] }>('GET', '/runbooks').then((answer) => answer.runbooks),
    runbook: (id: string) => api.call<Runbook>('GET', at(id, '/runbook')),
    run: (id: string, step: number) => api.call<StepAnswer>('GET', at(id, `/runbook/${step}`)),
    done: (id: string, step: number, note: string) => api.call<Entry>('POST', at(id, `/runbook/${step}`), note ? { note } : {}),
    postMortem: (id: string) => api.call<string>('GET', at(id, '/post-mortem')),
  };
}
export type IncidentCalls = ReturnType<typeof callsOf>;

export const nameOf = (incident: Pick<Incident, 'number'>): string => `INC-${incident.number}`;
export const pageOf = (incident: Pick<Incident, 'number'>): string => `/incidents/${nameOf(incident)}`;
export const severityTone = { critical: 'bad', major: 'warn', minor: 'note' } as const;
export const statusTone = { open: 'bad', mitigated: 'warn', resolved: 'ok' } as const;

/** How long it lasted, until it was mitigated; or has lasted by now. */
export function lasted(incident: Pick<Incident, 'began' | 'mitigated' | 'resolved'>, now: number): string {
  const end = incident.mitigated ?? incident.resolved;
  return format.duration((end ? Date.parse(end) : now) - Date.parse(incident.began));
}

/** What an entry of the timeline is, in a word. */
export const kindWord: Record<string, string> = {
  opened: 'opened', firing: 'alert', resolved: 'alert over', note: 'note', status: 'status', severity: 'severity', owner: 'owner', title: 'title', agent: 'agent', filter: 'filter', runbook: 'runbook', began: 'began', trace: 'trace', session: 'session', case: 'eval case', step: 'runbook step',
};
/** Where an entry leads. */
export function linkOf(entry: Entry): string {
  const { data = {} } = entry;
  const text = (name: string): string => (typeof data[name] === 'string' ? (data[name] as string) : '');
  if (entry.kind === 'trace' || entry.kind === 'session') return text('id') ? `/${entry.kind}s/${encodeURIComponent(text('id'))}` : '';
  if (entry.kind === 'case') return text('dataset') ? url.link(`/datasets/${encodeURIComponent(text('dataset'))}`, { case: text('id') }) : '';
  return (entry.kind === 'firing' || entry.kind === 'resolved') && text('rule') ? `/alerts/rule/${encodeURIComponent(text('rule'))}` : '';
}
