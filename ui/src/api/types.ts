// The shapes of the HTTP API (/api/v1). Times are RFC 3339 in UTC, money is a decimal string in US dollars.

export type Status = 'ok' | 'error' | 'blocked' | 'unfinished' | 'running';
export interface Stats {
  rows_read: number;
  elapsed_ms: number;
  newest_ms_ago: number | null;
}
export interface Me {
  mode: 'local' | 'required';
  user: null | { id: string; email: string; name: string; role: string };
  project: { id: string; name: string };
  /** owner, admin, member or viewer; "owner" in local mode. */
  role?: string;
  /** Scopes: ingest read write admin operate. */
  may?: string[];
  projects: { id: string; name: string; role?: string }[];
  version: string;
  csrf: string;
  endpoints: { http: string; otlp_http: string; otlp_grpc: string };
  ever_received: boolean;
}
interface Run {
  session_id: string;
  user_id: string;
  agent: string;
  team: string;
  environment: string;
  start: string;
  duration_ms: number;
  status: Status;
  error_count: number;
  span_count: number;
  llm_calls: number;
  tool_calls: number;
  tokens: number | null;
  cost_usd: string | null;
  cost_unknown_calls?: number;
  tags: string[];
  scores?: Record<string, ScoreValue>;
}
export interface Trace extends Run {
  /** Time that no model call and no tool covers, and where it lies: milliseconds from the start, and how long. */
  overhead_ms?: number;
  overhead?: [from: number, length: number][];
  trace_id: string;
  name: string;
  /** The first words of the user. */
  title: string;
}
export interface Session extends Run {
  overhead_ms?: number;
  /** Empty for a trace without a session; then `trace_id` says which. */
  trace_id?: string;
  title: string;
  agent_version: string;
  active_ms: number;
  outcome: 'done' | 'not done' | null;
  trace_count: number;
  /** Of names without a score of the session itself, where a list asked for scores. */
  trace_scores?: Record<string, { count: number; mean: number | null }>;
}
export interface Part {
  type: 'text' | 'reasoning' | 'tool_call' | 'tool_result' | 'media' | 'other';
  cut?: boolean;
  [field: string]: unknown;
}
export interface Message {
  role: string;
  parts: Part[];
}
export interface Tokens {
  input: number | null;
  cache_read: number | null;
  cache_write: number | null;
  output: number | null;
  reasoning: number | null;
}
export interface CostFormula {
  formula: { type: string; tokens: number; price_usd_per_mtok: string; cost_usd: string }[];
  price_row: string | null;
  price_date: string | null;
  reported_usd: string | null;
}
export interface Span {
  /** In lists that asked for them. */
  scores?: Record<string, ScoreValue>;
  span_id: string;
  parent_id: string | null;
  trace_id: string;
  session_id?: string;
  kind: string;
  name: string;
  agent: string;
  agent_version: string;
  start: string;
  duration_ms: number;
  status: Status;
  error: { type: string; message: string } | null;
  model: { provider: string; requested: string; served: string } | null;
  tokens: Tokens;
  counted: boolean;
  not_counted_because?: string | null;
  cost_usd: string | null;
  cost_source: string | null;
  cost?: CostFormula | null;
  rolled_up?: { cost_usd: string | null; tokens: number | null };
  ttft_ms: number | null;
  finish_reasons: string[];
  tool: { name: string; call_id: string; arguments: unknown; result: unknown } | null;
  input?: Message[];
  input_repeated?: number;
  output?: Message[];
  attributes?: Record<string, unknown>;
  links?: unknown[];
  events?: { name: string; time: string; attributes?: Record<string, unknown> }[];
  noise?: boolean;
  state?: Record<string, unknown> | null;
  dialect?: string;
  raw_available?: boolean;
  raw?: { slot: string; key: string; format: string; text: string }[];
}
export interface Score {
  name: string;
  value: number | string | boolean;
  kind: string;
  author: string;
  comment: string;
  span_id: string | null;
}
/** What a rule found in a run. */
export interface RunFinding {
  /** retry_storm loop repeated_call failure_streak ping_pong invalid_arguments truncated abandoned context_growth */
  rule: string;
  /** Rounds, calls or failures; of context_growth the factor. */
  times: number;
  why: string;
  trace_id: string;
  span_ids: string[];
  wasted_span_ids: string[];
  wasted_usd: string | null;
}
/** A log record that is no content of a span. */
export interface Log {
  time: string;
  trace_id: string | null;
  span_id: string | null;
  /** TRACE DEBUG INFO WARN ERROR FATAL, or '' where nobody said. */
  severity: string;
  severity_number: number;
  event: string;
  service: string;
  body: string;
  cut?: boolean;
  attributes: Record<string, string>;
}
export interface TraceDetail {
  trace: Trace;
  spans: Span[];
  findings?: RunFinding[];
  scores: Score[];
  logs?: Log[];
  stats: Stats;
}
export interface SessionDetail {
  session: Session;
  traces: Trace[];
  spans: Span[];
  findings?: RunFinding[];
  scores: Score[];
  logs?: Log[];
  conversation: { trace_id: string; span_id: string; role: string; parts: Part[] }[];
  stats: Stats;
}
/** What a filter selects: a session whose cost is over a sum, or a span whose cost is. */
export type FilterGrain = 'span' | 'trace' | 'session';
export interface QueryRequest {
  measures: string[];
  dimensions?: string[];
  filter?: string;
  from?: string;
  to?: string;
  step?: string;
  order?: string;
  limit?: number;
  timezone?: string;
  grain?: FilterGrain;
}
export type Cell = string | number | null;
export interface QueryAnswer {
  columns: { name: string; type: string; unit: string }[];
  rows: Cell[][];
  stats: Stats;
}
export interface Term {
  text: string;
  start: number;
  end: number;
  kind: string;
  dimension: string;
  operator: string;
  values: string[];
  negated: boolean;
}
export interface FilterMistake {
  position: number;
  length: number;
  message: string;
  expected: string[];
  nearest: string | null;
}
export type FilterAnswer = { ok: true; terms: Term[] } | { ok: false; error: FilterMistake };
export interface Books {
  received: number;
  refused: number;
  quarantined: number;
  journal: number;
  stored: number;
  duplicate: number;
  merged: number;
  last_refusals: { at: string; path: string; status: number; message: string }[];
}
export interface ApiKey {
  id: string;
  name?: string;
  project: string;
  scopes: string[];
  created?: string;
  expires?: string | null;
  last_used?: string | null;
  revoked?: string | null;
}
/** How one can log in. */
export interface Ways {
  password: boolean;
  oidc: { name: string; start: string } | null;
}
export interface Member {
  id: string | number;
  email: string;
  name: string;
  role: string;
  by_rule: boolean;
  disabled: boolean;
  me: boolean;
  seen: string | null;
}
export interface Invitation {
  id: string;
  email: string;
  role: string;
  by: string;
  created: string;
  expires: string;
  /** Only when it was made. */
  link?: string;
}
export interface User {
  id: string | number;
  email: string;
  name: string;
  owner: boolean;
  disabled: boolean;
  me: boolean;
  via: string;
  created: string;
  seen: string | null;
}
export interface LoginPlace {
  id: string;
  via: string;
  address: string;
  agent: string;
  current: boolean;
  created: string;
  seen: string | null;
  expires: string;
}
export interface Mine {
  logins: LoginPlace[];
  password: boolean;
  connected: boolean;
  oidc: string | null;
}
export interface AuditEntry {
  number: number;
  at: string;
  project: number;
  actor: string;
  actor_name: string;
  action: string;
  detail: string;
}
export interface Quarantined {
  id: string;
  at: string;
  signal: string;
  trace_id: string | null;
  span_id: string | null;
  name: string;
  bytes: number;
  reason: string;
  tries: number;
}
export interface UnpricedModel {
  provider: string;
  model: string;
  calls: number;
  tokens: number;
}
export interface NewKey extends ApiKey {
  key: string;
}
export interface Found {
  kind: 'session' | 'trace' | 'span';
  id: string;
  trace_id: string;
  label: string;
  at: string;
}
export interface Measure {
  name: string;
  unit: string;
  definition: string;
  splits?: string[];
  /** The tables of sums that answer it quickly. */
  rollups?: string[];
}
export interface Dimension {
  name: string;
  definition: string;
  operators: string[];
  type?: string;
  /** All there are, where they are few. */
  values?: string[];
  groups?: boolean;
  completes?: boolean;
}
/** A term of a filter that has no value. */
export interface Fact {
  name: string;
  definition: string;
}
/** Of a score in a row: a number, yes or no, a category or a text; null where there is none. */
export type ScoreValue = number | boolean | string | null;
export interface ListRequest {
  /** `score.NAME`, with commas between: rows carry them. */
  columns?: string;
  filter?: string;
  from?: string;
  to?: string;
  limit?: number;
  cursor?: string;
  order?: string;
}
export interface Page<T> {
  rows: T[];
  next: string | null;
  stats: Stats;
}
/** A dashboard that a user made, in one version. */
export interface OwnDashboard {
  name: string;
  version: number;
  author: string;
  saved: string;
  /** As the page draws it (features/boards); null: removed by this version. */
  layout: unknown;
}
