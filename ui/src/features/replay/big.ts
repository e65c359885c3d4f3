// Loads a run by windows of its skeleton: the first window is shown at once, the rest when all of it has come.
import type { Api } from '$api';
import { spansOf, type Run, type Session, type Skeleton, type Span, type Trace } from './model';

/** Runs of more spans than these are not loaded with their bodies. */
export const BIG = 12_000;
const FIRST = 1000;
const WINDOW = 20_000;

/** The first window of a big run; null where it is small, or cannot be had by windows. Without a list that told the size, the window tells it. */
export async function firstWindow(api: Api, kind: 'session' | 'trace', id: string, signal: AbortSignal): Promise<Skeleton | null> {
  const known = api.sizes.get(`${kind} ${id}`);
  if (known !== undefined && known <= BIG) return null;
  const first = await api.skeleton<Skeleton>(kind, id, 0, FIRST, { signal }).catch(() => null);
  return first?.rows && countOf(first) > BIG ? first : null;
}
const countOf = (first: Skeleton): number => first.summary?.span_count ?? first.rows.length;

/** All windows; `shown` gets the run as far as it has come, once. */
export async function loadBig(api: Api, kind: 'session' | 'trace', id: string, first: Skeleton, signal: AbortSignal, shown: (run: Run) => void): Promise<Run> {
  const spans: Span[] = spansOf(first);
  const session = kind === 'session' ? (first.summary as Session) : null;
  const names = new Set(first.traces);
  const start = session?.start ?? '';
  const traces = (): Trace[] => (session ? [...names].map((trace_id) => ({ trace_id, start })) : [first.summary as Trace]);
  const run = (): Run => ({ kind, id, session, traces: traces(), spans, findings: first.findings ?? [], scores: [], logs: [], conversation: [], stats: first.stats ?? null, big: { total: countOf(first), loaded: spans.length } });
  if ((session?.trace_count ?? 1) > 1) names.add(`${id}…`);  // drawn as several traces before their names have come
  shown(run());
  names.delete(`${id}…`);
  for (let next = first.next_offset; next !== null; ) {
    const window: Skeleton | null = await api.skeleton<Skeleton>(kind, id, next, WINDOW, { signal });
    for (const span of window ? spansOf(window) : []) spans.push(span);
    for (const name of window?.traces ?? []) names.add(name);
    next = window?.next_offset ?? null;
  }
  return run();
}
