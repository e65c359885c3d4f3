// Scores: judgements of a trace, a step or a session; sent in the background, kept on disk while the server is away.
import { randomUUID } from "node:crypto";
import { current } from "./context.js";
import { safely, sayOnce } from "./safe.js";
import { currentSpanId, currentTraceId, plain } from "./spans.js";
import { running } from "./start.js";

export type ScoreValue = number | boolean | string;
export interface ScoreOptions {
  comment?: string;
  traceId?: string;
  spanId?: string;
  sessionId?: string;
  /** The step that is running and not its whole trace. */
  thisSpan?: boolean;
  /** The same id later replaces it. */
  id?: string;
  metadata?: Readonly<Record<string, unknown>>;
}

/** The value as the server takes it, and its type; an Error says why it is none. */
export function checked(name: string, value: unknown): [number | string, string] {
  if (!name) throw new Error("a score needs a name");
  if (typeof value === "boolean") return [value ? 1 : 0, "BOOLEAN"];
  if (typeof value === "number" && Number.isFinite(value)) return [value, "NUMERIC"];
  if (typeof value === "string" && value) return [value, "CATEGORICAL"];
  throw new Error(`the score ${name} must be a finite number, true or false, or a word, and not ${String(value)}`);
}

/** Judges the trace that is running, or what is named; its id, "" where it could not be done. Never throws. */
export function score(name: string, value: ScoreValue, more: ScoreOptions = {}): string {
  return safely("score", "", () => {
    const now = running();
    if (!now) return "";
    const [given, dataType] = checked(name, value);
    let { traceId, spanId, sessionId } = more;
    if (!traceId && !spanId && !sessionId) {
      traceId = currentTraceId() || undefined;
      spanId = more.thisSpan ? currentSpanId() || undefined : undefined;
      if (!traceId) sessionId = String(current()["pawl.session"] ?? "") || undefined;
      if (!traceId && !sessionId) {
        sayOnce("warn", `the score ${name} was given outside of any trace or session: name one by traceId or sessionId`);
        return "";
      }
    }
    const body = {
      id: more.id || randomUUID(),
      name,
      value: given,
      dataType,
      traceId,
      observationId: spanId,
      sessionId,
      comment: more.comment,
      metadata: more.metadata && plain(more.metadata),
      timestamp: new Date().toISOString(),
      environment: now.settings.environment || undefined,
    };
    now.delivery.put("scores", body, JSON.stringify(body).length);
    return body.id;
  });
}
