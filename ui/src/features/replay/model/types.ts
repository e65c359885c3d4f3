// What the replay reads from the API: spans, traces, sessions, as JSON gives them. Unknown is null, never 0.

export type Kind = 'agent' | 'llm' | 'tool' | 'retriever' | 'embedding' | 'reranker' | 'guardrail' | 'evaluator' | 'handoff' | 'workflow' | 'other';

/** One part of a message. Senders differ in names; `parts.ts` reads them all. */
export interface Part {
  type: string;
  text?: string | null;
  content?: unknown;
  id?: string | null;
  call_id?: string | null;
  name?: string | null;
  arguments?: unknown;
  result?: unknown;
  response?: unknown;
  mime?: string | null;
  cut?: boolean;
  [key: string]: unknown;
}

export interface Message {
  role: string;
  parts: Part[];
  name?: string | null;
}

export interface Tokens {
  input: number | null;
  cache_read: number | null;
  cache_write: number | null;
  output: number | null;
  reasoning: number | null;
}

export interface FormulaRow {
  type: string;
  tokens: number | null;
  price_usd_per_mtok: string | number | null;
  cost_usd: string | null;
}

export interface SpanCost {
  formula?: FormulaRow[] | null;
  price_row?: string | null;
  price_date?: string | null;
  reported_usd?: string | null;
}

export interface SpanEvent {
  name: string;
  time?: string | null;
  attributes?: Record<string, unknown> | null;
}

export interface SpanLink {
  trace_id?: string;
  span_id?: string;
  attributes?: Record<string, unknown> | null;
}

export interface RawPiece {
  slot?: string;
  key?: string;
  format?: string;
  text: string;
}

export interface Span {
  span_id: string;
  parent_id: string | null;
  trace_id: string;
  session_id?: string | null;
  kind: Kind;
  name: string;
  agent?: string | null;
  agent_version?: string | null;
  start: string;
  duration_ms: number | null;
  status: string;
  error?: { type?: string | null; message?: string | null } | null;
  model?: { provider?: string | null; requested?: string | null; served?: string | null } | null;
  tokens?: Partial<Tokens> | null;
  counted?: boolean | null;
  not_counted_because?: string | null;
  cost_usd?: string | null;
  cost_source?: string | null;
  cost?: SpanCost | null;
  rolled_up?: { cost_usd?: string | null; tokens?: number | null } | null;
  ttft_ms?: number | null;
  finish_reasons?: string[] | null;
  tool?: { name?: string | null; call_id?: string | null; arguments?: unknown; result?: unknown } | null;
  input?: Message[] | null;
  input_repeated?: number | null;
  output?: Message[] | null;
  attributes?: Record<string, unknown> | null;
  links?: SpanLink[] | null;
  events?: SpanEvent[] | null;
  noise?: boolean | null;
  state?: Record<string, unknown> | null;
  dialect?: string | null;
  raw_available?: boolean | null;
  raw?: RawPiece[] | null;
}

export interface Trace {
  trace_id: string;
  name?: string | null;
  session_id?: string | null;
  user_id?: string | null;
  agent?: string | null;
  agent_version?: string | null;
  team?: string | null;
  environment?: string | null;
  start: string;
  duration_ms: number | null;
  status: string;
  outcome?: string | null;
  error_count?: number | null;
  span_count?: number | null;
  llm_calls?: number | null;
  tool_calls?: number | null;
  tokens?: number | null;
  cost_usd?: string | null;
  cost_unknown_calls?: number | null;
  tags?: string[] | null;
}

export interface Session extends Partial<Omit<Trace, 'trace_id'>> {
  session_id: string;
  title?: string | null;
  active_ms?: number | null;
  trace_count?: number | null;
  scores?: Record<string, number> | null;
}

export interface Score {
  name: string;
  value: number | string | boolean | null;
  kind?: string | null;
  author?: string | null;
  comment?: string | null;
  span_id?: string | null;
  trace_id?: string | null;
  at?: string | null;
}

export interface ConversationEntry {
  trace_id: string;
  span_id: string;
  role: string;
  parts: Part[];
}

/** Everything one replay shows, whichever of the two calls it came from. */
export interface Run {
  kind: 'session' | 'trace';
  id: string;
  session: Session | null;
  traces: Trace[];
  spans: Span[];
  scores: Score[];
  conversation: ConversationEntry[];
  stats: { rows_read?: number; elapsed_ms?: number; newest_ms_ago?: number } | null;
}
