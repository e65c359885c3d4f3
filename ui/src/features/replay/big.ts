// Loads a run by windows of its skeleton: the first window is shown at once, the rest when all of it has come.
import type { Api } from '$api';
import { findingsIn, spansOf, type Run, type Session, type Skeleton, type Span, type Trace } from './model';

/** Runs of more spans than these are not loaded with their bodies. */
export const BIG = 12_000;
const FIRST = 1000;
const WINDOW = 20_000;

const path = (kind: string, id: string, offset: number, limit: number): string => `/${kind}s/${encodeURIComponent(id)}/skeleton?offset=${offset}&limit=${limit}`;

/** The first window of a run that a list said to be big; null where it is small, or nobody knows. */
export async function firstWindow(api: Api, kind: 'session' | 'trace', id: string, signal: AbortSignal): Promise<Skeleton | null> {
  const known = api.sizes.get(`${kind} ${id}`);
  if (known === undefined || known <= BIG) return null;
  const first = await api.call<Skeleton>('GET', path(kind, id, 0, FIRST), undefined, { signal }).catch(() => null);
  if (!first?.rows) return null;
  api.sizes.set(`${kind} ${id}`, first.total);
  return first.total > BIG ? first : null;
}

/** All windows; `shown` gets the run as far as it has come, once. */
export async function loadBig(api: Api, kind: 'session' | 'trace', id: string, first: Skeleton, signal: AbortSignal, shown: (run: Run) => void): Promise<Run> {
  const windows = [first];
  const spans: Span[] = spansOf(first);
  const told = headOf(kind, id, first);
  const run = (head: Head): Run => ({ kind, id, ...head, spans, findings: first.findings ?? findingsIn(windows), scores: [], logs: [], conversation: [], stats: first.stats ?? null, big: { total: first.total, loaded: spans.length } });
  shown(run(told));
  const head = told.known ? Promise.resolve(told) : askHead(api, kind, id, first, signal).catch(() => told);
  for (let next = first.next_offset; next !== null; ) {
    const window: Skeleton = await api.call<Skeleton>('GET', path(kind, id, next, WINDOW), undefined, { signal });
    windows.push(window);
    for (const span of spansOf(window)) spans.push(span);
    next = window.next_offset;
  }
  return run(await head);
}

interface Head {
  session: Session | null;
  traces: Trace[];
  known: boolean;
}

/** Whose it is and how it ended, as far as the window says. */
function headOf(kind: 'session' | 'trace', id: string, first: Skeleton): Head {
  if (kind === 'session' ? first.session : first.trace) return { session: first.session ?? null, traces: first.trace ? [first.trace] : traceList(first, id), known: true };
  const { start = first.base, end, ...sums } = first.summary ?? {};
  const about = { ...sums, start, duration_ms: end ? Date.parse(end) - Date.parse(start) : first.end_ms } as Partial<Session>;
  const session = kind === 'session' ? ({ ...about, session_id: id } as Session) : null;
  return { session, traces: session ? traceList(first, id) : [{ ...about, trace_id: id } as Trace], known: false };
}

/** A session of more than one trace is drawn as one, whether or not all their names have come. */
const traceList = (first: Skeleton, id: string): Trace[] => ((first.summary?.trace_count ?? 1) > 1 ? [...first.traces, `${id}…`].map((trace_id) => ({ trace_id, start: first.base }) as Trace) : first.traces.map((trace_id) => ({ trace_id, start: first.base }) as Trace));

async function askHead(api: Api, kind: 'session' | 'trace', id: string, first: Skeleton, signal: AbortSignal): Promise<Head> {
  const begins = Date.parse(first.base);
  const answer = await api.list(kind === 'session' ? 'sessions' : 'traces', { filter: `${kind}="${id.replace(/["\\]/g, '\\$&')}"`, from: new Date(begins - 1000).toISOString(), limit: 1 }, { signal });
  const row = answer.rows[0];
  if (!row) return headOf(kind, id, first);
  return kind === 'session' ? { session: row as Session, traces: traceList(first, id), known: true } : { session: null, traces: [row as Trace], known: true };
}
