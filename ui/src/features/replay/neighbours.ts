// The sessions or traces beside this one in the list it was opened from.
import type { Api } from '$api';
import { requestOf } from './listquery';

export interface Place {
  at: number;
  of: number;
  more: boolean;
  before: string | null;
  after: string | null;
}

const MOST = 500;

/** Looks the list up; null when this run is not among its first rows. */
export async function placeIn(api: Api, kind: 'session' | 'trace', id: string, list: string, signal: AbortSignal): Promise<Place | null> {
  const grain = kind === 'session' ? 'sessions' : 'traces';
  const page = await api.list(grain, { ...requestOf(list, Date.now()), limit: MOST }, { signal });
  const hrefs = page.rows.map((row) => {
    const path = grain === 'sessions' && row.session_id ? `/sessions/${encodeURIComponent(row.session_id)}` : `/traces/${encodeURIComponent(row.trace_id ?? '')}`;
    return `${path}?list=${encodeURIComponent(list)}`;
  });
  const at = page.rows.findIndex((row) => (kind === 'session' ? row.session_id : row.trace_id) === id);
  if (at < 0) return null;
  return { at: at + 1, of: page.rows.length, more: page.next !== null, before: hrefs[at - 1] ?? null, after: hrefs[at + 1] ?? null };
}
