// Two or more experiments beside each other: what is asked, what came, which case is open.
import { QueryState, url, wasAborted, type App } from '$kit';
import { untrack } from 'svelte';
import { callsOf, findings, type Calls, type ComparedCase, type Comparison, type Finding, type Terms } from './calls';
import { Paged } from './paged.svelte';

const schema = {
  baseline: url.text(), candidate: url.list(), with: url.number(), show: url.choice(findings, 'all'), slice: url.text(), metric: url.text(), q: url.text(), case: url.text(),
  bt: url.number(), ct: url.number(), tab: url.choice(['cases', 'slices', 'ci'] as const, 'cases'), quality: url.text(), safety: url.text(), margin: url.number(),
};
const PAGE = 200;
const TYPING_MS = 200;

export class ComparisonModel {
  readonly state: QueryState<typeof schema>;
  readonly calls: Calls;
  answer = $state.raw<Comparison | null>(null);
  failure = $state.raw<unknown>(null);
  tookMs = $state(0);
  cursor = $state(-1);
  readonly cases = new Paged<ComparedCase>();
  #stop = new AbortController();

  constructor(readonly app: App) {
    this.state = new QueryState(app.router, schema);
    this.calls = callsOf(app.api);
    $effect(() => {
      void this.#sides;
      untrack(() => void this.read());
    });
    let before = '';
    $effect(() => {
      const asked = this.#asked;
      const typed = JSON.parse(asked) as { q: string };
      const wait = before && (JSON.parse(before) as { q: string }).q !== typed.q ? TYPING_MS : 0;
      before = asked;
      const timer = setTimeout(() => untrack(() => this.readCases()), wait);
      return () => clearTimeout(timer);
    });
    $effect(() => () => {
      this.#stop.abort();
      this.cases.stop();
    });
  }

  readonly values = $derived.by(() => this.state.values);
  readonly terms = $derived.by<Terms>(() => ({ quality: this.values.quality, safety: this.values.safety, margin: this.values.margin }));
  /** Which candidate is in front: counts and the open case are of this one. */
  readonly front = $derived.by(() => Math.max(0, Math.min(this.values.candidate.length - 1, this.values.with ?? 0)));
  /** The server counts by the first: the one in front is asked first. */
  readonly ordered = $derived.by<readonly string[]>(() => {
    const list = this.values.candidate;
    return this.front ? [list[this.front]!, ...list.filter((_, i) => i !== this.front)] : list;
  });
  // Texts, so that what asks nothing new asks nothing.
  readonly #sides = $derived.by(() => JSON.stringify([this.values.baseline, this.ordered, this.terms]));
  readonly #asked = $derived.by(() => JSON.stringify({ sides: this.#sides, show: this.values.show, slice: this.values.slice, metric: this.values.metric, q: this.values.q }));
  readonly ready = $derived.by(() => !!this.values.baseline && this.values.candidate.length > 0);
  readonly shown = $derived(this.answer?.candidates[0] ?? null);
  readonly openAt = $derived.by(() => (this.values.case ? this.cases.rows.findIndex((one) => one.case === this.values.case) : -1));

  async read(): Promise<void> {
    this.#stop.abort();
    const stop = (this.#stop = new AbortController());
    this.failure = null;
    if (!this.ready) return;
    const began = performance.now();
    try {
      const answer = await this.calls.comparison(this.values.baseline, this.ordered, this.terms, stop.signal);
      if (stop.signal.aborted) return;
      this.answer = answer;
      this.tookMs = performance.now() - began;
    } catch (error) {
      if (!stop.signal.aborted && !wasAborted(error)) this.failure = error;
    }
  }
  readCases(): void {
    if (!this.ready) return;
    const { show, slice, metric, q, baseline } = this.values;
    const [ordered, terms] = [this.ordered, this.terms];
    this.cases.start(async (offset, signal) => {
      const page = await this.calls.compared(baseline, ordered, terms, { show: show === 'all' ? '' : show, slice, metric, q, limit: PAGE, offset }, signal);
      return { rows: page.cases, total: page.total };
    });
  }

  open(one: ComparedCase | null, replace = false): void {
    this.state.set({ case: one?.case ?? '', bt: null, ct: null }, { replace });
  }
  narrow(show: Finding): void {
    this.state.set({ show: this.values.show === show ? 'all' : show, tab: 'cases' });
  }
  /** Gives a score another role; what is named neither quality nor safety is watched. */
  role(name: string, role: string): void {
    const scores = (this.shown?.metrics ?? []).filter((one) => one.role !== 'cost' && one.role !== 'latency' && one.name !== 'latency_ms' && one.name !== 'cost_usd');
    const now = new Map(scores.map((one) => [one.name, one.name === name ? role : one.role as string]));
    const named = (as: string): string => [...now].filter(([, each]) => each === as).map(([each]) => each).join(',');
    this.state.set({ quality: named('quality'), safety: named('safety'), metric: '', show: 'all' });
  }
  /** The next case that got worse, from the open one or the cursor, around the end. */
  step(by: 1 | -1): void {
    const bad = this.cases.rows.map((one, i) => (one.finding === 'regressed' || one.finding === 'fell' || one.new_failure.length ? i : -1)).filter((i) => i >= 0);
    if (!bad.length) return;
    const at = this.openAt >= 0 ? this.openAt : this.cursor;
    const next = by === 1 ? (bad.find((i) => i > at) ?? bad[0]!) : (bad.findLast((i) => i < at) ?? bad.at(-1)!);
    this.cursor = next;
    if (this.values.case) this.open(this.cases.rows[next]!, true);
  }
  swap(): void {
    const { baseline, candidate } = this.values;
    const first = candidate[this.front];
    if (first) this.state.set({ baseline: first, candidate: candidate.map((one) => (one === first ? baseline : one)), case: '', show: 'all' });
  }
}
