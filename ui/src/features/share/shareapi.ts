// The server as somebody sees it who has a link alone: the calls of a replay go to what the link opens, everything else is refused there.
import { Api, ApiError, type SessionDetail, type Span, type TraceDetail } from '$api';
import { sessionDetailOf, spanOf, traceDetailOf } from '../../api/normal';
import type { Redaction, ShareObject } from '../replay/act/calls';

export interface Opened {
  id: string;
  kind: 'trace' | 'session' | 'compare';
  objects: ShareObject[];
  redaction: Redaction;
  note: string;
  created: string;
  expires: string;
}

export class ShareApi extends Api {
  opened: Opened | null = null;
  /** Which object a trace came with. */
  readonly #with = new Map<string, number>();

  async open(token: string): Promise<Opened> {
    const { share } = await this.call<{ share: Opened }>('POST', '/share/open', { token });
    return (this.opened = share);
  }
  async again(id: string): Promise<Opened> {
    const { share } = await this.call<{ share: Opened }>('GET', `/share/${encodeURIComponent(id)}`);
    return (this.opened = share);
  }

  #path(kind: ShareObject['kind'], id: string): { path: string; n: number } {
    const n = this.opened?.objects.findIndex((one) => one.kind === kind && one.id === id) ?? -1;
    if (n < 0) throw new ApiError(404, 'not_found', 'The link opens nothing of that name.');
    return { path: `/share/${encodeURIComponent(this.opened!.id)}/objects/${n}`, n };
  }

  override async trace(id: string, bodies = 'new', how: { signal?: AbortSignal } = {}): Promise<TraceDetail> {
    const { path, n } = this.#path('trace', id);
    this.#with.set(id, n);
    return traceDetailOf(await this.call<TraceDetail>('GET', `${path}?bodies=${bodies}`, undefined, how));
  }
  override async session(id: string, bodies = 'new', how: { signal?: AbortSignal } = {}): Promise<SessionDetail> {
    const { path, n } = this.#path('session', id);
    const detail = sessionDetailOf(await this.call<SessionDetail>('GET', `${path}?bodies=${bodies}`, undefined, how));
    for (const trace of detail.traces ?? []) this.#with.set(trace.trace_id, n);
    return detail;
  }
  override skeleton(): Promise<null> {
    return Promise.resolve(null);
  }
  override async span(trace: string, span: string, how: { signal?: AbortSignal; raw?: boolean } = {}): Promise<Span> {
    const path = `/share/${encodeURIComponent(this.opened?.id ?? '')}/objects/${this.#with.get(trace) ?? 0}/traces/${encodeURIComponent(trace)}/spans/${encodeURIComponent(span)}`;
    return spanOf(await this.call<Span>('GET', path, undefined, how.signal ? { signal: how.signal } : {}));
  }
}
