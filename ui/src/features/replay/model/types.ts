// What the replay reads: the API's shapes, with null wherever a sender may not have said. Unknown is null, never 0.
import type * as api from '../../../api/types';
export type { Kind } from '../../../kit/icons';

type Nullable<T> = { [K in keyof T]: T[K] | null };

export type Part = api.Part;
export interface Message extends api.Message {
  name?: string | null;
}
export type Tokens = Nullable<api.Tokens>;
export interface FormulaRow {
  type: string;
  tokens: number | null;
  price_usd_per_mtok: string | null;
  cost_usd: string | null;
}
export interface SpanEvent {
  name: string;
  time?: string | null;
  attributes?: Record<string, unknown> | null;
}
export interface RawPiece {
  slot: string;
  key?: string;
  role?: string;
  format?: string | number;
  /** Bytes that are no text come in base64. */
  text?: string;
  base64?: string;
  missing?: boolean;
}

type Known = 'span_id' | 'parent_id' | 'trace_id' | 'kind' | 'name' | 'start' | 'status';
type Refined = 'raw' | 'error' | 'model' | 'tokens' | 'cost' | 'rolled_up' | 'tool' | 'input' | 'output' | 'events';
export interface Span extends Pick<api.Span, Exclude<Known, 'status'>>, Partial<Nullable<Omit<api.Span, Known | Refined>>> {
  status: string;
  error?: { type?: string | null; message?: string | null } | null;
  model?: { provider?: string | null; requested?: string | null; served?: string | null } | null;
  tokens?: Partial<Tokens> | null;
  cost?: { formula?: FormulaRow[] | null; price_row?: string | null; price_date?: string | null; reported_usd?: string | null } | null;
  rolled_up?: { cost_usd?: string | null; tokens?: number | null } | null;
  tool?: { name?: string | null; call_id?: string | null; arguments?: unknown; result?: unknown } | null;
  input?: Message[] | null;
  output?: Message[] | null;
  events?: SpanEvent[] | null;
  /** The deepest failed span, as the server counts errors. */
  is_error?: boolean | null;
  raw?: RawPiece[] | null;
  /** Of a skeleton: milliseconds since the epoch, exact cost, and that bodies were left out. */
  at?: number;
  pico?: bigint | null;
  sketch?: true;
  handoff?: { from?: string | null; to?: string | null } | null;
  tool_definitions?: unknown;
}

export interface Trace extends Pick<api.Trace, 'trace_id' | 'start'>, Partial<Nullable<Omit<api.Trace, 'trace_id' | 'start'>>> {
  agent_version?: string | null;
  outcome?: string | null;
}
export interface Session extends Pick<api.Session, 'session_id'>, Partial<Nullable<Omit<api.Session, 'session_id'>>> {}
export interface Score extends Partial<Nullable<Omit<api.Score, 'name'>>> {
  name: string;
  trace_id?: string | null;
}
export type RunFinding = api.RunFinding;
export interface ConversationEntry {
  trace_id: string;
  span_id: string;
  role: string;
  parts?: Part[];
  message?: Message;
}

/** Everything one replay shows, whichever of the two calls it came from. */
export interface Run {
  kind: 'session' | 'trace';
  id: string;
  session: Session | null;
  traces: Trace[];
  spans: Span[];
  findings: RunFinding[];
  scores: Score[];
  logs: api.Log[];
  conversation: ConversationEntry[];
  stats: api.Stats | null;
  /** Loaded without bodies, by windows. */
  big?: { total: number; loaded: number };
}
