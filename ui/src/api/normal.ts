// Answers as the page wants them: what the server leaves out or sends as null because nobody said it becomes '' or unknown.
import type { Message, Part, Session, SessionDetail, Span, Tokens, Trace, TraceDetail } from './types';

const unknown: Tokens = { input: null, cache_read: null, cache_write: null, output: null, reasoning: null };
const said = (value: unknown): string => (typeof value === 'string' ? value : '');

export function spanOf(span: Span): Span {
  const model = span.model && { provider: said(span.model.provider), requested: said(span.model.requested), served: said(span.model.served) };
  return {
    ...span,
    name: said(span.name), session_id: said(span.session_id), agent: said(span.agent), agent_version: said(span.agent_version), parent_id: span.parent_id || null, model: model ?? null,
    tokens: { ...unknown, ...span.tokens }, finish_reasons: span.finish_reasons ?? [], tool: span.tool ?? null, error: span.error ?? null,
    ...(span.raw ? { raw: span.raw.map((piece) => ({ ...piece, format: String(piece.format), text: piece.text ?? said((piece as { base64?: string }).base64) })) } : {}),
  };
}

function runOf<T extends Session | Trace>(run: T): T {
  return { ...run, session_id: said(run.session_id), user_id: said(run.user_id), agent: said(run.agent), agent_version: said((run as Session).agent_version), team: said(run.team), environment: said(run.environment), tags: run.tags ?? [] };
}
export const traceOf = (trace: Trace): Trace => ({ ...runOf(trace), name: said(trace.name), title: said(trace.title) });
export const sessionOf = (session: Session): Session => ({ ...runOf(session), title: said(session.title), outcome: session.outcome || null });

/** Rows of any of the three lists. */
export function rowOf(grain: string, row: unknown): unknown {
  if (grain === 'spans') return spanOf(row as Span);
  return grain === 'traces' ? traceOf(row as Trace) : sessionOf(row as Session);
}

type Said = { trace_id: string; span_id: string; role: string; parts?: Part[]; message?: Message };

export function traceDetailOf(detail: TraceDetail): TraceDetail {
  return { ...detail, trace: traceOf(detail.trace), spans: detail.spans.map(spanOf), scores: detail.scores ?? [] };
}
export function sessionDetailOf(detail: SessionDetail): SessionDetail {
  const conversation = ((detail.conversation ?? []) as Said[]).map((one) => ({ ...one, role: one.role || one.message?.role || '', parts: one.parts ?? one.message?.parts ?? [] }));
  return { ...detail, session: sessionOf(detail.session), traces: detail.traces.map(traceOf), spans: detail.spans.map(spanOf), scores: detail.scores ?? [], conversation };
}
