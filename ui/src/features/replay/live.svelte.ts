// Keeps a session fresh while it runs or may still get spans: what arrives is shown at once, its texts follow a moment later, and once more when it has ended.
import { listenLive } from '$api';
import { withSpan, withTrace } from './load';
import type { Span, Trace } from './model';
import type { Replay } from './replay.svelte';

const TEXTS_EVERY_MS = 1500;
/** The server counts a trace again up to 3 s after it fell quiet. */
const SETTLED_MS = 3500;

/** Listens while the run goes on; give its answer to `$effect`. */
export function followLive(replay: Replay, signal: AbortSignal): () => void {
  const session = replay.kind === 'session' ? replay.id : (replay.run?.traces[0]?.session_id ?? '');
  const mine = (trace: string, of: string | null | undefined): boolean => (replay.kind === 'session' ? of === replay.id : trace === replay.id);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const refresh = (after: number): void => {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      void replay.load(signal);
    }, after);
  };
  const stop = listenLive(session ? `session="${session.replace(/["\\]/g, '\\$&')}"` : '', {
    span: (span) => {
      if (!replay.run || !mine(span.trace_id, span.session_id)) return;
      replay.run = withSpan(replay.run, span as Span);
      if (replay.follow) newest(replay);
      refresh(TEXTS_EVERY_MS);
    },
    trace: (trace) => {
      if (!replay.run || !mine(trace.trace_id, trace.session_id)) return;
      replay.run = withTrace(replay.run, trace as Trace);
      refresh(trace.status === 'running' ? TEXTS_EVERY_MS : 0);
    },
    state: (connected) => {
      if (connected && !replay.connected) refresh(0);
      replay.connected = connected;
    },
  });
  return () => {
    stop();
    clearTimeout(timer);
    replay.connected = false;
    if (signal.aborted) return;
    // It has ended: its last texts now, and what the server counts once more a moment later.
    void replay.load(signal);
    setTimeout(() => void replay.load(signal), SETTLED_MS);
  };
}

/** Follow: the newest step is the selected one. */
export function newest(replay: Replay): void {
  const { steps } = replay.tree;
  const last = steps[steps.length - 1];
  if (last) replay.select(last.id);
}
