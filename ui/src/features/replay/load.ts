// Fetches a session or a trace as one run; keeps the last few, so that Back shows them at once.
import type { Api, SessionDetail, TraceDetail } from '$api';
import { firstWindow, loadBig } from './big';
import type { Run, Session, Span, Trace } from './model';

const kept = new Map<string, Run>();
const KEPT = 6;

export const recallRun = (kind: string, id: string): Run | null => kept.get(`${kind} ${id}`) ?? null;

function keep(run: Run): Run {
  const name = `${run.kind} ${run.id}`;
  kept.delete(name);
  kept.set(name, run);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value as string);
  return run;
}

/** `shown`: gets a part of a big run as soon as there is something to see. */
export async function load(api: Api, kind: 'session' | 'trace', id: string, signal: AbortSignal, shown: (run: Run) => void = () => {}): Promise<Run> {
  const first = await firstWindow(api, kind, id, signal);
  if (first) return keep(await loadBig(api, kind, id, first, signal, shown));
  return keep(kind === 'session' ? ofSession(id, await api.session(id, 'new', { signal })) : ofTrace(id, await api.trace(id, 'new', { signal })));
}

function ofSession(id: string, detail: SessionDetail): Run {
  const traces = [...(detail.traces ?? [])].sort((a, b) => (a.start < b.start ? -1 : 1)) as Trace[];
  return { kind: 'session', id, session: detail.session as Session, traces, spans: detail.spans as Span[], findings: detail.findings ?? [], scores: detail.scores ?? [], logs: detail.logs ?? [], conversation: (detail.conversation ?? []) as Run['conversation'], stats: detail.stats ?? null };
}

function ofTrace(id: string, detail: TraceDetail): Run {
  return { kind: 'trace', id, session: null, traces: [detail.trace as Trace], spans: detail.spans as Span[], findings: detail.findings ?? [], scores: detail.scores ?? [], logs: detail.logs ?? [], conversation: [], stats: detail.stats ?? null };
}

/** A span that just arrived, without bodies, laid over what is known. */
export function withSpan(run: Run, span: Span): Run {
  const at = run.spans.findIndex((other) => other.span_id === span.span_id && other.trace_id === span.trace_id);
  const spans = [...run.spans];
  if (at < 0) spans.push(span);
  else spans[at] = { ...spans[at], ...Object.fromEntries(Object.entries(span).filter(([, value]) => value !== null && value !== undefined && value !== '')) } as Span;
  return keep({ ...run, spans });
}

export function withTrace(run: Run, trace: Trace): Run {
  const known = run.traces.some((other) => other.trace_id === trace.trace_id);
  return keep({ ...run, traces: known ? run.traces.map((other) => (other.trace_id === trace.trace_id ? { ...other, ...trace } : other)) : [...run.traces, trace] });
}
