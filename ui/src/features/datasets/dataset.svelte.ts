// One dataset as it is looked at: its cases by version, those that a search leaves, the one that is open.
import { QueryState, sentence, url, wasAborted, type App } from '$kit';
import { untrack } from 'svelte';
import { callsOf, type Calls, type Case, type Dataset } from './calls';
import { asking, bodyOf, haystack, meets } from './values';

const schema = { q: url.text(), split: url.text(), version: url.number(), retired: url.flag(), case: url.text(), tab: url.choice(['case', 'versions'] as const, 'case'), do: url.choice(['', 'import', 'case'] as const, '') };
/** The first page is what is in sight; the rest follows, so that a search finds everything. */
const FIRST = 200;
const PAGE = 2500;
const MOST = 50_000;

export class DatasetModel {
  readonly state: QueryState<typeof schema>;
  readonly calls: Calls;
  dataset = $state.raw<Dataset | null>(null);
  cases = $state.raw<readonly Case[]>([]);
  total = $state(0);
  loading = $state(true);
  failure = $state.raw<unknown>(null);
  tookMs = $state(0);
  cursor = $state(-1);
  readonly #hay = new WeakMap<Case, string>();
  #stop = new AbortController();

  constructor(readonly app: App, readonly name: string) {
    this.state = new QueryState(app.router, schema);
    this.calls = callsOf(app.api);
    $effect(() => {
      const [version, split, retired] = [this.#version, this.#split, this.#retired];
      untrack(() => void this.read({ version, split, retired }));
    });
    $effect(() => () => this.#stop.abort());
  }

  readonly values = $derived.by(() => this.state.values);
  // What is asked of the server, apart: a search asks nothing anew.
  readonly #version = $derived.by(() => this.values.version);
  readonly #split = $derived.by(() => this.values.split);
  readonly #retired = $derived.by(() => this.values.retired);
  readonly asked = $derived(asking(this.values.q));
  readonly shown = $derived.by(() => (this.values.q.trim() ? this.cases.filter((one) => meets(one, this.asked, this.#hayOf)) : this.cases));
  /** An older version is looked at and not changed. */
  readonly old = $derived(this.values.version !== null && this.dataset !== null && this.values.version < this.dataset.version);
  readonly splits = $derived([...new Set(this.cases.flatMap((one) => one.split))].sort());
  readonly openAt = $derived(this.values.case ? this.shown.findIndex((one) => one.id === this.values.case) : -1);

  readonly #hayOf = (one: Case): string => {
    const known = this.#hay.get(one);
    if (known !== undefined) return known;
    const made = haystack(one);
    this.#hay.set(one, made);
    return made;
  };

  async read(how: { version: number | null; split: string; retired: boolean }): Promise<void> {
    this.#stop.abort();
    const stop = (this.#stop = new AbortController());
    this.loading = true;
    this.failure = null;
    const began = performance.now();
    try {
      const [dataset, first] = await Promise.all([this.calls.dataset(this.name), this.calls.cases(this.name, { ...how, limit: FIRST }, stop.signal)]);
      if (stop.signal.aborted) return;
      this.dataset = dataset;
      this.cases = first.cases;
      this.total = first.total;
      this.tookMs = performance.now() - began;
      while (this.cases.length < Math.min(this.total, MOST)) {
        const more = await this.calls.cases(this.name, { ...how, limit: PAGE, offset: this.cases.length }, stop.signal);
        if (stop.signal.aborted || !more.cases.length) break;
        this.cases = [...this.cases, ...more.cases];
      }
    } catch (error) {
      if (!stop.signal.aborted && !wasAborted(error)) this.failure = error;
    } finally {
      if (!stop.signal.aborted) this.loading = false;
    }
  }
  again = (): Promise<void> => this.read({ version: this.values.version, split: this.values.split, retired: this.values.retired });

  /** A case as the server has it now takes its place; a new one stands last. */
  async laid(one: Case): Promise<void> {
    const at = this.cases.findIndex((each) => each.id === one.id);
    const hidden = one.retired && !this.values.retired;
    this.cases = hidden ? this.cases.filter((each) => each.id !== one.id) : at < 0 ? [...this.cases, one] : this.cases.map((each, i) => (i === at ? one : each));
    this.total += hidden ? (at < 0 ? 0 : -1) : at < 0 ? 1 : 0;
    this.dataset = await this.calls.dataset(this.name);
  }

  async retire(one: Case): Promise<string> {
    try {
      await this.calls.retire(this.name, one.id);
      await this.laid((await this.calls.one(this.name, one.id)).case);
      if (!this.values.retired) this.open(null);
      this.app.toasts.show(`Retired ${one.id}: it stays, and is not run any more`, () => void this.restore(one));
      return '';
    } catch (error) {
      return sentence(error);
    }
  }
  async restore(one: Case): Promise<string> {
    try {
      await this.laid((await this.calls.putCase(this.name, one.id, { ...bodyOf(one), retired: false })).case);
      return '';
    } catch (error) {
      this.app.toasts.show(sentence(error));
      return sentence(error);
    }
  }

  open(one: Case | null, replace = false): void {
    this.state.set({ case: one?.id ?? '', tab: 'case', do: '' }, { replace });
  }
  narrow(term: string): void {
    const { q } = this.values;
    this.state.set({ q: q.includes(term) ? q : `${q} ${term}`.trim() });
  }
}
