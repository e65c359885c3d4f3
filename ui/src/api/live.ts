// What arrives, as it arrives: server-sent events, reconnected by the browser.
import { spanOf, traceOf } from './normal';
import type { Span, Trace } from './types';

export interface LiveListener {
  span?: (span: Span) => void;
  trace?: (trace: Trace) => void;
  /** Connected, or lost and trying again. */
  state?: (connected: boolean) => void;
}

/** Of those who are in several: which project is listened to; the client sets it. */
export const liveProject = { id: '' };

/** Listens until the answered function is called. */
export function listenLive(filter: string, listener: LiveListener): () => void {
  const query = new URLSearchParams({ ...(filter ? { filter } : {}), ...(liveProject.id ? { project: liveProject.id } : {}) }).toString();
  const source = new EventSource(`/api/v1/live${query ? `?${query}` : ''}`);
  const read = <T>(use: (value: T) => void) => (event: MessageEvent<string>) => {
    let value: T;
    try {
      value = JSON.parse(event.data) as T;
    } catch {
      return;
    }
    use(value);
  };
  source.addEventListener('open', () => listener.state?.(true));
  source.addEventListener('error', () => listener.state?.(false));
  const { span, trace } = listener;
  if (span) source.addEventListener('span', read<Span>((value) => span(spanOf(value))));
  if (trace) source.addEventListener('trace', read<Trace>((value) => trace(traceOf(value))));
  return () => source.close();
}
