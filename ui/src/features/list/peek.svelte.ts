// What the side panel knows: the row at once, its spans a moment later; the last few are kept.
import type { SessionDetail, Span, TraceDetail } from '$api';
import { sentence, wasAborted } from '$kit';
import { untrack } from 'svelte';
import { rowId, type Row } from './columns';
import type { ListModel } from './list.svelte';

type Detail = SessionDetail | TraceDetail;

export class PeekModel {
  readonly list: ListModel;
  detail = $state.raw<Detail | null>(null);
  span = $state.raw<Span | null>(null);
  problem = $state('');
  readonly #kept = new Map<string, Detail>();

  constructor(list: ListModel) {
    this.list = list;
    $effect(() => {
      const id = this.id;
      if (id) return untrack(() => this.#ask(id));
      this.detail = null;
    });
  }

  get id(): string {
    return this.list.state.values.open;
  }
  get row(): Row | undefined {
    return this.list.rows.find((row) => rowId(row) === this.id);
  }

  /** Waits a moment, so that walking through rows with j does not ask for each. */
  #ask(id: string): () => void {
    const kept = this.#kept.get(id);
    this.detail = kept ?? null;
    this.span = null;
    this.problem = '';
    if (kept) return () => {};
    const abort = new AbortController();
    const timer = setTimeout(() => void this.#fetch(id, abort.signal), 120);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }

  async #fetch(id: string, signal: AbortSignal): Promise<void> {
    const { api } = this.list.app;
    const row = this.row;
    try {
      const trace = row && 'span_id' in row ? row.trace_id : row && 'active_ms' in row && !row.session_id ? (row.trace_id ?? id) : this.list.grain === 'traces' ? id : '';
      if (row && 'span_id' in row) this.span = await api.span(row.trace_id, id, { signal });
      else {
        const detail = trace ? await api.trace(trace, 'new', { signal }) : await api.session(id, 'new', { signal });
        this.#kept.set(id, detail);
        if (this.#kept.size > 20) this.#kept.delete(this.#kept.keys().next().value as string);
        this.detail = detail;
      }
    } catch (error) {
      if (!wasAborted(error)) this.problem = sentence(error);
    }
  }
}
