// A list that is read by pages as it is scrolled; a new question lets go of the answers to the old one.
import { wasAborted } from '$kit';

export class Paged<T> {
  rows = $state.raw<readonly T[]>([]);
  total = $state(0);
  loading = $state(false);
  loaded = $state(false);
  failure = $state.raw<unknown>(null);
  #ask: ((offset: number, signal: AbortSignal) => Promise<{ rows: T[]; total: number }>) | null = null;
  #stop = new AbortController();

  /** Reads from the start; the rows of before stay until the first page is there. */
  start(ask: (offset: number, signal: AbortSignal) => Promise<{ rows: T[]; total: number }>): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#ask = ask;
    this.loading = false;
    void this.#page(0);
  }
  more = (): void => {
    if (this.loaded && !this.loading && this.rows.length < this.total) void this.#page(this.rows.length);
  };
  stop(): void {
    this.#stop.abort();
  }
  async #page(offset: number): Promise<void> {
    if (!this.#ask || this.loading) return;
    const { signal } = this.#stop;
    this.loading = true;
    try {
      const page = await this.#ask(offset, signal);
      if (signal.aborted) return;
      this.rows = offset ? [...this.rows, ...page.rows] : page.rows;
      this.total = page.rows.length || !offset ? page.total : this.rows.length;
      this.failure = null;
      this.loaded = true;
    } catch (error) {
      if (!signal.aborted && !wasAborted(error)) this.failure = error;
    } finally {
      if (!signal.aborted) this.loading = false;
    }
  }
}
