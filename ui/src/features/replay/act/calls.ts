// What is done with a run: shared, commented on, looked for alike, downloaded. Shapes and calls; the dialogs are loaded when they are opened.
import type { Api } from '$api';

export type Redaction = 'masked' | 'no_bodies' | 'full';
export interface ShareObject {
  kind: 'trace' | 'session';
  id: string;
}
export interface Share {
  id: string;
  kind: 'trace' | 'session' | 'compare';
  objects: ShareObject[];
  redaction: Redaction;
  note: string;
  author: string;
  created: string;
  expires: string;
  revoked: string | null;
  openings: number;
  last_opened: string | null;
}
export const redactions: readonly (readonly [Redaction, string])[] = [['masked', 'Secrets and personal data starred out'], ['no_bodies', 'Figures and names alone, no words'], ['full', 'Everything, as it was received']];
export const redactionWord = (redaction: string): string => redactions.find(([value]) => value === redaction)?.[1] ?? redaction;

export const shares = {
  list: (api: Api, object: ShareObject) => api.call<{ shares: Share[] }>('GET', `/shares?${object.kind}_id=${encodeURIComponent(object.id)}`).then((answer) => answer.shares),
  make: (api: Api, body: { objects: ShareObject[]; redaction: Redaction; expires: string; note: string }) => api.call<{ share: Share; link: string; token: string }>('POST', '/shares', body),
  revoke: (api: Api, id: string) => api.call<void>('DELETE', `/shares/${encodeURIComponent(id)}`),
};

export interface Person {
  id: string;
  handle?: string;
  name: string;
}
export interface Comment {
  id: string;
  session_id: string | null;
  trace_id: string | null;
  span_id: string | null;
  author: Person;
  text: string;
  mentions: Person[];
  parent: string | null;
  created: string;
  edited: string | null;
  deleted: boolean;
  mine: boolean;
  source: string;
}
export const comments = {
  list: (api: Api, at: { session?: string; trace?: string }) => api.call<{ comments: Comment[] }>('GET', `/comments?${new URLSearchParams({ ...(at.session ? { session_id: at.session } : {}), ...(at.trace ? { trace_id: at.trace } : {}) })}`).then((answer) => answer.comments),
  add: (api: Api, body: { session_id?: string; trace_id?: string; span_id?: string; text: string; parent?: string }) => api.call<Comment>('POST', '/comments', body),
  edit: (api: Api, id: string, text: string) => api.call<Comment>('PUT', `/comments/${encodeURIComponent(id)}`, { text }),
  remove: (api: Api, id: string) => api.call<void>('DELETE', `/comments/${encodeURIComponent(id)}`),
  people: (api: Api) => api.call<{ people: Person[] }>('GET', '/comments/people').then((answer) => answer.people),
};

export interface Alike {
  session_id: string;
  trace_id: string;
  title: string;
  agent: string;
  start: string;
  status: string;
  cost_usd: string | null;
  similarity: number;
  same_tools: string[];
  same_words: string[];
}
type Row = Pick<Alike, 'trace_id' | 'title' | 'agent' | 'start' | 'status' | 'cost_usd'> & { session_id?: string | null };
type Like = Pick<Alike, 'similarity' | 'same_tools' | 'same_words'> & { session?: Row; trace?: Row };
export const similar = (api: Api, kind: string, id: string): Promise<{ similar: Alike[]; looked_at: number }> =>
  api.call<{ similar: Like[]; looked_at: number }>('GET', `/${kind}s/${encodeURIComponent(id)}/similar?limit=12`).then(({ similar: all, looked_at }) => ({
    looked_at, similar: all.flatMap(({ session, trace, ...like }) => { const row = session ?? trace; return row ? [{ ...row, session_id: row.session_id ?? '', ...like }] : []; }),
  }));

export const exportHref = (kind: string, id: string, format: 'md' | 'jsonl', redact: boolean): string => `/api/v1/${kind}s/${encodeURIComponent(id)}/export?format=${format}${redact ? '&redact=1' : ''}`;
