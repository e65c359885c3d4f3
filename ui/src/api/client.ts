// The server as functions. Answers of lists and queries are kept, so that Back shows them at once while a fresh one is fetched.
import { rowOf, sessionDetailOf, spanOf, traceDetailOf } from './normal';
import { filterAnswerOf } from './places';
import type {
  ApiKey, AuditEntry, Books, Dimension, Fact, FilterAnswer, FilterGrain, Found, Invitation, ListRequest, Me, Measure, Member, Mine, NewKey, OwnDashboard, Page, Quarantined, QueryAnswer, QueryRequest,
  Session, SessionDetail, Span, Stats, Trace, TraceDetail, UnpricedModel, User, Ways,
} from './types';

/** What the server said instead of an answer; `status` 0: it could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: unknown;
  readonly requestId: string;

  constructor(status: number, code: string, message: string, detail: unknown = null, requestId = '') {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.requestId = requestId;
  }
}

export type Grain = 'sessions' | 'traces' | 'spans';
export interface RowOf {
  sessions: Session;
  traces: Trace;
  spans: Span;
}
type Bodies = 'none' | 'new' | 'full';
interface Call {
  signal?: AbortSignal;
}
/** Queries of one moment that go as one call, so that the server reads once what they share. */
interface Batch {
  asked: { request: QueryRequest; done: (answer: QueryAnswer) => void; failed: (why: unknown) => void }[];
  call: Call;
}
/** As many as the server takes at once. */
const BATCH = 60;

interface Said {
  error?: { code?: string; message?: string; detail?: unknown; request_id?: string };
}
function errorOf(said: Said | null, status: number): ApiError {
  const error = said?.error ?? {};
  return new ApiError(status, error.code ?? String(status), error.message || `The server answered ${status} without saying why.`, error.detail ?? null, error.request_id ?? '');
}

const base = '/api/v1';
/** Of one span as much as a person reads at once; the rest is read by ranges. */
const READ_BYTES = 2_000_000;

function query(values: object): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined && value !== null && value !== '') written.set(name, String(value));
  const text = written.toString();
  return text ? `?${text}` : '';
}

export class Api {
  csrf = '';
  /** Of those who are in several: which one is meant; '' leaves it to the server. */
  project = '';
  /** Called when the server asks for a log-in. */
  onLoginNeeded: () => void = () => {};
  readonly #kept = new Map<string, unknown>();
  /** How many spans a run has, by `session ID` or `trace ID`, as lists told. */
  readonly sizes = new Map<string, number>();

  async #send<T>(method: string, path: string, body?: unknown, call: Call = {}): Promise<T> {
    const headers: Record<string, string> = { accept: 'application/json' };
    const file = body instanceof Blob;
    if (body !== undefined) headers['content-type'] = file ? 'application/octet-stream' : 'application/json';
    if (method !== 'GET' && this.csrf) headers['x-csrf-token'] = this.csrf;
    if (this.project) headers['x-pawl-project'] = this.project;
    let response: Response;
    try {
      response = await fetch(base + path, {
        method, headers, credentials: 'same-origin', ...(body === undefined ? {} : { body: file ? body : JSON.stringify(body) }), ...(call.signal ? { signal: call.signal } : {}),
      });
    } catch (cause) {
      if (call.signal?.aborted) throw cause;
      throw new ApiError(0, 'unreachable', 'Pawl does not answer. Is it running? This page tries again by itself.');
    }
    if (!response.ok) throw await this.#refusal(response, path);
    if (response.status === 204) return undefined as T;
    const text = await response.text();
    if (/^text\//.test(response.headers.get('content-type') ?? '')) return text as T;
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** Any call, for parts of the page that are loaded when they are opened and know their own shapes. A Blob goes as it is; text comes as it is. */
  call = <T>(method: string, path: string, body?: unknown, how: Call = {}): Promise<T> => this.#send<T>(method, path, body, how);

  async #refusal(response: Response, path: string): Promise<ApiError> {
    const said = (await response.json().catch(() => null)) as Said | null;
    if (response.status === 401 && path !== '/login' && path !== '/password') this.onLoginNeeded();
    return errorOf(said, response.status);
  }

  /** Reading calls that may be shown again from memory: at most 200 answers. */
  async #read<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const answer = await ask();
    this.keep(key, answer);
    return answer;
  }

  me(): Promise<Me> {
    return this.#send<Me>('GET', '/me').then((me) => {
      this.csrf = me.csrf;
      return me;
    });
  }
  login = (email: string, password: string) => this.#send<void>('POST', '/login', { email, password });
  logout = () => this.#send<void>('POST', '/logout', {});
  setup = (form: { token: string; email: string; name: string; password: string }) => this.#send<void>('POST', '/setup', form);

  keys = () => this.#send<{ keys: ApiKey[] }>('GET', '/keys').then((answer) => (Array.isArray(answer) ? (answer as ApiKey[]) : answer.keys));
  createKey = (scopes: string[], name?: string, expires?: string) => this.#send<NewKey>('POST', '/keys', { scopes, ...(name ? { name } : {}), ...(expires ? { expires } : {}) });
  revokeKey = (id: string) => this.#send<void>('DELETE', `/keys/${encodeURIComponent(id)}`);

  ways = () => this.#send<Ways>('GET', '/login');
  /** What an invitation is for; its token stands in the address. */
  invitation = (token: string) => this.#send<{ email: string; project: string; role: string }>('POST', '/invitation', { token });
  join = (form: { token: string; name: string; password: string }) => this.#send<void>('POST', '/join', form);
  acceptInvitation = (token: string) => this.#send<void>('POST', '/join/accept', { token });
  members = () => this.#send<{ members: Member[]; invitations: Invitation[] }>('GET', '/members');
  setRole = (member: string | number, role: string) => this.#send<void>('PUT', `/members/${member}`, { role });
  removeMember = (member: string | number) => this.#send<void>('DELETE', `/members/${member}`);
  invite = (email: string, role: string) => this.#send<Invitation>('POST', '/invitations', { email, role });
  withdraw = (id: string) => this.#send<void>('DELETE', `/invitations/${encodeURIComponent(id)}`);
  users = () => this.#send<{ users: User[] }>('GET', '/users').then((answer) => answer.users);
  changeUser = (user: string | number, to: { disabled?: boolean; owner?: boolean }) => this.#send<void>('PUT', `/users/${user}`, to);
  mine = () => this.#send<Mine>('GET', '/logins');
  endLogin = (id: string) => this.#send<void>('DELETE', `/logins/${encodeURIComponent(id)}`);
  endOtherLogins = () => this.#send<void>('DELETE', '/logins');
  setPassword = (old: string, password: string) => this.#send<void>('POST', '/password', { old, password });
  connect = () => this.#send<{ url: string }>('POST', '/oidc/connect', {});
  disconnect = () => this.#send<void>('DELETE', '/oidc/connect');
  createProject = (name: string) => this.#send<{ id: string | number; name: string }>('POST', '/projects', { name });
  audit = (before?: number) => this.#send<{ entries: AuditEntry[] }>('GET', `/audit${query({ before, limit: 100 })}`).then((answer) => answer.entries);
  quarantine = () => this.#send<{ count: number; records: Quarantined[] }>('GET', '/quarantine?limit=50');
  retryQuarantine = (ids?: string[]) => this.#send<{ sent: number; held: number }>('POST', '/quarantine/retry', ids ? { ids } : { all: true });
  unpriced = () => this.#send<{ models: UnpricedModel[] }>('GET', '/prices/unknown').then((answer) => answer.models);
  reprice = () => this.#send<{ traces: number }>('POST', '/reprice', {});

  dashboards = () => this.#send<{ dashboards: OwnDashboard[] }>('GET', '/dashboards').then((answer) => answer.dashboards);
  dashboard = (name: string, version?: number) => this.#send<OwnDashboard>('GET', `/dashboards/${encodeURIComponent(name)}${query({ version })}`);
  dashboardVersions = (name: string) => this.#send<{ versions: OwnDashboard[] }>('GET', `/dashboards/${encodeURIComponent(name)}/versions`).then((answer) => answer.versions);
  /** `base`: the version that was edited, 0 for a new one; refused where somebody saved another one since. */
  saveDashboard = (name: string, layout: object, base: number) => this.#send<OwnDashboard>('PUT', `/dashboards/${encodeURIComponent(name)}`, { ...layout, base });
  removeDashboard = (name: string) => this.#send<void>('DELETE', `/dashboards/${encodeURIComponent(name)}`);

  books = (call?: Call) => this.#send<Books>('GET', '/books', undefined, call);
  addSample = () => this.#send<unknown>('POST', '/sample', {});
  removeSample = () => this.#send<unknown>('DELETE', '/sample');

  /** One page of a list, at any of the three grains. */
  list<G extends Grain>(grain: G, request: ListRequest, call?: Call & { keep?: string }): Promise<Page<RowOf[G]>> {
    const path = `/${grain}${query(request)}`;
    return this.#read(call?.keep ?? path, async () => {
      const answer = await this.#send<{ next_cursor: string | null; stats: Stats } & Record<G, RowOf[G][]>>('GET', path, undefined, call);
      this.#measure(grain, answer[grain]);
      return { rows: answer[grain].map((row) => rowOf(grain, row) as RowOf[G]), next: answer.next_cursor || null, stats: answer.stats };
    });
  }

  #measure(grain: Grain, rows: readonly RowOf[Grain][]): void {
    if (grain === 'spans') return;
    if (this.sizes.size > 20_000) this.sizes.clear();
    for (const row of rows as readonly (Session | Trace)[]) {
      if (grain === 'sessions' && row.session_id) this.sizes.set(`session ${row.session_id}`, row.span_count);
      else if (row.trace_id) this.sizes.set(`trace ${row.trace_id}`, row.span_count);
    }
  }

  /** With `keep`, the answer can be shown again by that name (see `kept`): the same question, asked a moment ago. Those of one moment with the same `batch` and signal are one call. */
  query(request: QueryRequest, call?: Call & { keep?: string; batch?: string }): Promise<QueryAnswer> {
    const ask = () => (call?.batch === undefined ? this.#send<QueryAnswer>('POST', '/query', request, call) : this.#together(request, call.batch, call));
    return this.#read(call?.keep ?? JSON.stringify(request), ask);
  }

  readonly #batches = new Map<string, Batch>();
  #together(request: QueryRequest, name: string, { signal }: Call): Promise<QueryAnswer> {
    return new Promise((done, failed) => {
      const known = this.#batches.get(name);
      const batch: Batch = known && known.call.signal === signal && known.asked.length < BATCH ? known : { asked: [], call: signal ? { signal } : {} };
      if (batch !== known) {
        this.#batches.set(name, batch);
        setTimeout(() => {
          if (this.#batches.get(name) === batch) this.#batches.delete(name);
          void this.#askBatch(batch);
        });
      }
      batch.asked.push({ request, done, failed });
    });
  }

  async #askBatch({ asked, call }: Batch): Promise<void> {
    try {
      const { answers, stats } = await this.#send<{ answers: (QueryAnswer | Said)[]; stats: Stats }>('POST', '/queries', { queries: asked.map((one) => one.request) }, call);
      for (const [i, { done, failed }] of asked.entries()) {
        const answer = answers[i]!;
        // What was read is told once.
        if ('columns' in answer) done({ ...answer, stats: i === 0 ? stats : { ...stats, rows_read: 0 } });
        else failed(errorOf(answer, 200));
      }
    } catch (error) {
      for (const { failed } of asked) failed(error);
    }
  }

  keep(name: string, value: unknown): void {
    this.#kept.delete(name);
    this.#kept.set(name, value);
    if (this.#kept.size > 200) this.#kept.delete(this.#kept.keys().next().value as string);
  }

  /** The last answer that was kept under a name. */
  kept<T>(name: string): T | undefined {
    return this.#kept.get(name) as T | undefined;
  }

  trace(id: string, bodies: Bodies = 'new', call?: Call): Promise<TraceDetail> {
    return this.#send<TraceDetail>('GET', `/traces/${encodeURIComponent(id)}?bodies=${bodies}`, undefined, call).then(traceDetailOf);
  }
  session(id: string, bodies: Bodies = 'new', call?: Call): Promise<SessionDetail> {
    return this.#send<SessionDetail>('GET', `/sessions/${encodeURIComponent(id)}?bodies=${bodies}`, undefined, call).then(sessionDetailOf);
  }
  /** A window of a run's steps without bodies; null where there are no windows. */
  skeleton<T extends { summary?: unknown }>(kind: 'session' | 'trace', id: string, offset: number, limit: number, call?: Call): Promise<T | null> {
    return this.#send<T>('GET', `/${kind}s/${encodeURIComponent(id)}/skeleton?offset=${offset}&limit=${limit}`, undefined, call).then((window) => (window.summary ? { ...window, summary: rowOf(`${kind}s`, window.summary) } : window));
  }
  /** One span with whole bodies; `raw`: with the pieces as received. */
  span(trace: string, span: string, how: Call & { raw?: boolean } = {}): Promise<Span> {
    return this.#send<Span>('GET', `/traces/${encodeURIComponent(trace)}/spans/${encodeURIComponent(span)}${how.raw ? '?raw=1' : `?budget=${READ_BYTES}`}`, undefined, how).then(spanOf);
  }

  filter = (filter: string, call?: Call) => this.#send<FilterAnswer>('POST', '/filter', { filter }, call).then((answer) => filterAnswerOf(filter, answer));
  find = (id: string, call?: Call) => this.#send<{ found: Found[] }>('GET', `/find${query({ id })}`, undefined, call).then((answer) => answer.found);
  values(request: { dimension: string; prefix?: string; filter?: string; from?: string; to?: string; grain?: FilterGrain }, call?: Call) {
    return this.#send<{ values: { value: string; count: number }[] }>('GET', `/values${query(request)}`, undefined, call).then((answer) => answer.values);
  }
  measures = () => this.#once('measures', () => this.#send<{ measures: Measure[] }>('GET', '/measures').then((answer) => answer.measures));
  #catalogue = () => this.#once('dimensions', () => this.#send<{ dimensions: Dimension[]; facts?: Fact[] }>('GET', '/dimensions'));
  dimensions = () => this.#catalogue().then((answer) => answer.dimensions);
  /** Terms without a value: is:error and the like. */
  facts = () => this.#catalogue().then((answer) => answer.facts ?? []);

  readonly #asked = new Map<string, Promise<unknown>>();
  #once<T>(name: string, ask: () => Promise<T>): Promise<T> {
    const before = this.#asked.get(name) as Promise<T> | undefined;
    if (before) return before;
    const now = ask();
    this.#asked.set(name, now);
    now.catch(() => this.#asked.delete(name));
    return now;
  }
}
