// What arrives, as it arrives: server-sent events, reconnected by the browser.
import type { Span, Trace } from './types';

export interface LiveListener {
  span?: (span: Span) => void;
  trace?: (trace: Trace) => void;
  /** Connected, or lost and trying again. */
  state?: (connected: boolean) => void;
}

/** Listens until the answered function is called. */
export function listenLive(filter: string, listener: LiveListener): () => void {
  const source = new EventSource(`/api/v1/live${filter ? `?filter=${encodeURIComponent(filter)}` : ''}`);
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
  if (listener.span) source.addEventListener('span', read(listener.span));
  if (listener.trace) source.addEventListener('trace', read(listener.trace));
  return () => source.close();
}
