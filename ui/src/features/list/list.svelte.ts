// What a list shows: rows of one filter, range and order, page by page; fresh ones wait until they are asked in.
import { ApiError, listenLive, mistakeIn, type FilterMistake, type Grain, type ListRequest, type Page, type Stats } from '$api';
import { QueryState, url, wasAborted, type App } from '$kit';
import { untrack } from 'svelte';
import { rowId, scoresOf, type Row } from './columns';
import { chosenStretch, iso, rangeOf, within, type TimeRange } from './range';

export const schema = {
  filter: url.text(),
  from: url.text(),
  to: url.text(),
  last: url.text('24h'),
  order: url.text('-start'),
  cols: url.list(),
  pin: url.list(),
  measure: url.text(),
  sel: url.text(),
  open: url.text(),
  live: url.flag(),
  view: url.choice(['table', 'chart', 'hits'], 'table'),
  split: url.text('agent'),
};

const pageSize = 100;

/** Where a person left a list, for Back. */
interface Place {
  rows: readonly Row[];
  next: string | null;
  stats: Stats | null;
  cursor: number;
  top: number;
}

export class ListModel {
  readonly app: App;
  readonly grain: Grain;
  readonly state: QueryState<typeof schema>;

  rows = $state.raw<readonly Row[]>([]);
  /** False until the first answer came; later questions leave the last good answer on the screen. */
  loaded = $state(false);
  loading = $state(false);
  stats = $state.raw<Stats | null>(null);
  error = $state.raw<unknown>(null);
  mistake = $state.raw<FilterMistake | null>(null);
  next = $state<string | null>(null);
  cursor = $state(-1);
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  /** Ids that arrived and are not shown yet. */
  waiting = $state.raw<ReadonlySet<string>>(new Set());
  connected = $state(false);
  /** "Now" for relative ranges: moves when the list is asked anew, not by itself. */
  now = $state(Date.now());
  #last = '';
  #framed = '';
  #abort: AbortController | undefined;
  #paging = false;

  constructor(app: App, grain: Grain) {
    this.app = app;
    this.grain = grain;
    this.state = new QueryState(app.router, schema);
    this.#accept(this.state.values.filter);
    $effect(() => this.#accept(this.state.values.filter));
    $effect(() => this.#ask());
    $effect(() => {
      if (this.state.values.live) return this.#listen();
    });
    $effect(() => () => this.#leave());
  }

  /** How far the rows are scrolled; the table writes it. */
  top = 0;
  /** Where the table is to scroll after Back. */
  returnTo = $state(0);

  #leave(): void {
    this.#abort?.abort();
    clearTimeout(this.#again);
    const { rows, next, stats, cursor, top } = this;
    if (this.loaded) this.app.api.keep(`place ${this.#last}`, { rows, next, stats, cursor, top } satisfies Place);
  }

  /** After Back: the same rows at the same place; what is new waits. */
  #restored(): boolean {
    const place = this.app.api.kept<Place>(`place ${this.#last}`);
    if (this.loaded || !place) return false;
    this.rows = place.rows;
    this.next = place.next;
    this.stats = place.stats;
    this.cursor = place.cursor;
    this.returnTo = place.top;
    this.loaded = true;
    void this.refresh(false);
    return true;
  }

  /** The filter of the address once the server has found no mistake in it; until then the last good one. */
  filter = $state('');
  /** False until a first filter was found good. */
  #ready = $state(false);
  #wanted: string | null = null;

  /** A filter is checked before anything is asked with it; with a mistake the last good answer stays. */
  #accept(filter: string): void {
    if (filter === this.#wanted) return;
    this.#wanted = filter;
    untrack(() => {
      const good = () => {
        if (filter !== this.#wanted) return;
        this.filter = filter;
        this.mistake = null;
        this.#ready = true;
      };
      if (filter === '' || this.app.api.kept(`good ${filter}`)) return good();
      this.app.api.filter(filter).then((answer) => {
        if (answer.ok) {
          this.app.api.keep(`good ${filter}`, true);
          good();
        } else if (filter === this.#wanted) this.mistake = answer.error;
      }, good);
    });
  }

  /** The scores that rows shall carry. */
  readonly #columns = $derived.by(() => scoresOf(this.state.values.cols).map((name) => `score.${name}`).join(','));

  /** What the strip is of: a chosen spike changes nothing in it. */
  readonly #frame = $derived.by(() => {
    const { from, to, last } = this.state.values;
    return this.#ready ? JSON.stringify([this.filter, from, to, last]) : '';
  });
  /** Only what the server is asked: an open panel changes nothing here. */
  readonly #question = $derived.by(() => {
    const { order, sel } = this.state.values;
    return this.#frame && JSON.stringify([this.#frame, order, this.#columns, sel]);
  });
  /** Whether there is anything to ask yet. */
  get ready(): boolean {
    return this.#ready;
  }

  get #name(): string {
    return `${this.grain} ${this.#question}`;
  }

  get range(): TimeRange {
    return rangeOf(this.state.values, this.now);
  }
  /** What rows, facets and files are of: the chosen stretch of the range, or all of it. */
  get shown(): TimeRange {
    return within(this.range, chosenStretch(this.state.values.sel));
  }
  /** Whether it goes on to whatever comes. */
  get endless(): boolean {
    return !this.state.values.to && !chosenStretch(this.state.values.sel);
  }

  #request(now: number): ListRequest {
    const { order, sel } = this.state.values;
    const { from, to } = within(rangeOf(this.state.values, now), chosenStretch(sel));
    const open = this.endless;
    return { filter: this.filter, order, from: iso(from), limit: pageSize, ...(this.#columns ? { columns: this.#columns } : {}), ...(open ? {} : { to: iso(to) }) };
  }

  #ask(): void {
    const question = this.#question;
    if (!question) return;
    untrack(() => {
      const name = `${this.grain} ${question}`;
      if (name !== this.#last) {
        this.#last = name;
        if (this.#frame !== this.#framed) this.now = Math.floor(Date.now() / 10_000) * 10_000;
        this.#framed = this.#frame;
        this.chosen = new Set();
        this.waiting = new Set();
      }
      if (this.#restored()) return;
      const kept = this.app.api.kept<Page<Row>>(this.#name);
      if (kept) this.#show(kept.rows, kept.next, kept.stats);
      this.#asking = this.refresh();
    });
  }

  /** Once the rows have been asked for and have come, or failed. */
  async settled(): Promise<void> {
    await this.#asking;
  }
  #asking: Promise<void> = Promise.resolve();

  /** Asks again for what is shown; rows keep their places, new ones wait (unless `take`). */
  async refresh(take = true): Promise<void> {
    this.#abort?.abort();
    clearTimeout(this.#again);
    const abort = (this.#abort = new AbortController());
    this.loading = true;
    try {
      const page = await this.app.api.list(this.grain, this.#request(this.now), { signal: abort.signal, keep: this.#name });
      if (take) this.#show(page.rows as Row[], page.next, page.stats);
      else this.#merge(page.rows as Row[]);
      if (this.error) this.returned += 1;
      this.error = null;
    } catch (error) {
      if (wasAborted(error)) return;
      this.#fail(error);
    }
    this.loading = false;
  }

  #fail(error: unknown): void {
    const detail = error instanceof ApiError && error.status === 400 ? (error.detail as FilterMistake | null) : null;
    if (detail && typeof detail.position === 'number') this.mistake = { ...mistakeIn(this.filter, detail), message: detail.message || (error as ApiError).message };
    else {
      this.error = error;
      if (error instanceof ApiError && (error.status === 0 || error.status === 503)) this.#again = setTimeout(() => void this.refresh(!this.loaded), 2000);
    }
  }
  /** Counts how often the server came back: figures and facets ask anew then. */
  returned = $state(0);
  /** What could not be reached, or is starting, is asked again by itself. */
  #again: ReturnType<typeof setTimeout> | undefined;

  #show(rows: readonly Row[], next: string | null, stats: Stats): void {
    const here = this.rows[this.cursor];
    this.rows = rows;
    this.next = next;
    this.stats = stats;
    this.loaded = true;
    const open = this.state.values.open;
    const id = open || (here ? rowId(here) : '');
    this.cursor = id ? rows.findIndex((row) => rowId(row) === id) : -1;
  }

  /** Known rows get their new figures in place; unknown ones are counted. */
  #merge(fresh: readonly Row[]): void {
    const byId = new Map(fresh.map((row) => [rowId(row), row]));
    this.rows = this.rows.map((row) => byId.get(rowId(row)) ?? row);
    const known = new Set(this.rows.map(rowId));
    const added = [...byId.keys()].filter((id) => !known.has(id));
    if (added.length) this.waiting = new Set([...this.waiting, ...added]);
  }

  async more(): Promise<void> {
    if (!this.next || this.#paging) return;
    this.#paging = true;
    const cursor = this.next;
    try {
      const page = await this.app.api.list(this.grain, { ...this.#request(this.now), cursor });
      if (cursor === this.next) {
        const known = new Set(this.rows.map(rowId));
        this.rows = [...this.rows, ...(page.rows as Row[]).filter((row) => !known.has(rowId(row)))];
        this.next = page.next;
      }
    } catch (error) {
      this.next = null;
      this.#fail(error);
    }
    this.#paging = false;
  }

  /** Any span may change a session that the filter selects, so all are listened to; the list is asked once a second. */
  #listen(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    const soon = () => {
      timer ??= setTimeout(
        () => {
          timer = undefined;
          last = Date.now();
          void this.#look();
        },
        Math.max(250, last + 1000 - Date.now()),
      );
    };
    const stop = listenLive('', { span: soon, trace: soon, state: (connected) => (this.connected = connected) });
    return () => {
      stop();
      clearTimeout(timer);
      this.connected = false;
    };
  }

  async #look(): Promise<void> {
    this.now = Date.now();
    await this.refresh(false);
  }

  /** Shows what was waiting. */
  async takeIn(): Promise<void> {
    this.waiting = new Set();
    this.now = Date.now();
    await this.refresh();
  }

  move(to: number): void {
    if (!this.rows.length) return;
    this.cursor = Math.max(0, Math.min(this.rows.length - 1, to));
    if (this.state.values.open) this.peek();
  }

  /** Opens the panel on the row under the cursor; moving on replaces it in the address. */
  peek(): void {
    const row = this.rows[this.cursor];
    if (row) this.state.set({ open: rowId(row) }, { replace: this.state.values.open !== '' });
  }

  choose(at: number, through = false): void {
    const row = this.rows[at];
    if (!row) return;
    const next = new Set(this.chosen);
    if (through && this.cursor >= 0) {
      for (let i = Math.min(at, this.cursor); i <= Math.max(at, this.cursor); i++) next.add(rowId(this.rows[i]!));
    } else if (!next.delete(rowId(row))) next.add(rowId(row));
    this.chosen = next;
  }
}
