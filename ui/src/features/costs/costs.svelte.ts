// What the costs page shows: cost by up to three dimensions, each level asked whole, and its proof that the levels add up to the total.
import type { Dimension, FilterMistake, QueryAnswer } from '$api';
import { QueryState, url, wasAborted, type App, type Line } from '$kit';
import { untrack } from 'svelte';
import { both, coloursOf, linesOf, none, periodBefore, stepsOf, termOf } from '../boards/figures';
import { iso, rangeOf, shortIso, type TimeRange } from '../list/range';
import { measures, picoOf, rowsOf, sumOf, type CostRow } from './exact';

export const schema = {
  filter: url.text(),
  from: url.text(),
  to: url.text(),
  last: url.text('7d'),
  split: url.list(['team', 'agent', 'task']),
  /** Rows whose parts are shown, each as its values with / between, encoded. */
  open: url.list(),
};

export const usualSplits = ['team', 'agent', 'task', 'customer', 'model'] as const;
/** Under these a span may stand more than once, or what stands there is no owner of a cost: their rows would not add up. */
const manyfold = new Set(['tag']);

export interface Costs {
  range: TimeRange;
  splits: readonly string[];
  /** The filter they are of. */
  filter: string;
  total: CostRow;
  levels: readonly (readonly CostRow[])[];
  /** What the rows of the first level miss of the total: spans that came while it was read. */
  meanwhile: bigint;
  course: { times: number[]; ms: number; bars: Line[]; sums: Line[] };
  rows_read: number;
  elapsed_ms: number;
}

export const nameOfPath = (path: readonly string[]): string => path.map(encodeURIComponent).join('/');

export class CostsModel {
  readonly app: App;
  readonly state: QueryState<typeof schema>;
  now = $state(Date.now());
  mistake = $state.raw<FilterMistake | null>(null);
  error = $state.raw<unknown>(null);
  costs = $state.raw<Costs | null>(null);
  dimensions = $state.raw<readonly Dimension[]>([]);
  #filter = $state('');
  #ready = $state(false);
  #wanted: string | null = null;
  #abort: AbortController | undefined;

  constructor(app: App) {
    this.app = app;
    this.state = new QueryState(app.router, schema);
    app.api.dimensions().then((all) => (this.dimensions = all.filter((one) => one.groups !== false && !manyfold.has(one.name) && !/^attr\.[A-Z]+$/.test(one.name))), () => {});
    $effect(() => this.#accept(this.state.values.filter));
    $effect(() => {
      if (this.#question) untrack(() => this.refresh());
    });
    $effect(() => () => this.#abort?.abort());
  }

  get splits(): readonly string[] {
    return [...new Set(this.state.values.split)].filter((name) => !manyfold.has(name)).slice(0, 3);
  }
  readonly #question = $derived.by(() => {
    const { from, to, last } = this.state.values;
    return this.#ready ? JSON.stringify([this.#filter, from, to, last, this.splits]) : '';
  });
  get range(): TimeRange {
    return rangeOf(this.state.values, this.now);
  }

  #accept(filter: string): void {
    if (filter === this.#wanted) return;
    this.#wanted = filter;
    const good = () => {
      if (filter !== this.#wanted) return;
      this.#filter = filter;
      this.mistake = null;
      this.#ready = true;
    };
    if (!filter) return untrack(good);
    this.app.api.filter(filter).then((answer) => {
      if (answer.ok) good();
      else if (filter === this.#wanted) this.mistake = answer.error;
    }, good);
  }

  refresh(): void {
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.now = Date.now();
    const kept = this.app.api.kept<Costs>(`costs ${this.#question}`);
    if (kept) this.costs = kept;
    this.#ask(this.#question, abort.signal).then(
      (costs) => {
        this.app.api.keep(`costs ${this.#question}`, costs);
        this.costs = costs;
        this.error = null;
      },
      (error: unknown) => {
        if (!wasAborted(error)) this.error = error;
      },
    );
  }

  async #ask(question: string, signal: AbortSignal): Promise<Costs> {
    const { api } = this.app;
    const { splits, range } = this;
    const filter = this.#filter;
    const before = periodBefore(range);
    const steps = stepsOf(range, false);
    const time = { filter, from: iso(range.from), to: iso(range.to), limit: 10_000 };
    const ask = (what: string, request: Parameters<typeof api.query>[0]) => api.query(request, { signal, keep: `costs ${question} ${what}` });
    const prefixes = splits.map((_, at) => splits.slice(0, at + 1));
    const [total, totalBefore, series, seriesBefore, ...levels] = await Promise.all([
      ask('total', { ...time, measures: [...measures] }),
      ask('before', { filter, from: iso(before.from), to: iso(before.to), measures: ['cost'] }),
      ask('series', { ...time, measures: ['cost'], dimensions: splits.slice(0, 1), step: steps.name, timezone: 'UTC' }),
      ask('series before', { filter, from: iso(before.from), to: iso(before.to), measures: ['cost'], step: steps.name, timezone: 'UTC' }),
      ...prefixes.flatMap((dimensions, at) => [
        ask(`level ${at}`, { ...time, measures: [...measures], dimensions: [...dimensions], order: '-cost' }),
        ask(`level ${at} before`, { filter, from: iso(before.from), to: iso(before.to), limit: 10_000, measures: ['cost'], dimensions: [...dimensions] }),
      ]),
    ]);
    const rows = prefixes.map((_, at) => rowsOf(levels[2 * at]!, levels[2 * at + 1]!, at + 1));
    const whole = rowsOf(total!, totalBefore!, 0)[0] ?? { path: [], cost: null, before: null, sessions: null, perSession: null, perTask: null, tokens: null, cached: null, unpriced: 0 };
    const bars = linesOf({ measure: 'cost', ...(splits[0] ? { split: splits[0] } : {}) }, levels[0] ?? total!, series!, steps).lines;
    const all = [total!, totalBefore!, series!, seriesBefore!, ...levels];
    return {
      range, splits, filter, total: whole, levels: rows, meanwhile: rows[0] ? (whole.cost ?? 0n) - sumOf(rows[0]) : 0n,
      course: { times: steps.times, ms: steps.ms, bars, sums: [running('this period', '--c1', steps, range, series!), { ...running('the period before', '--c8', steps, before, seriesBefore!), dashed: true }] },
      rows_read: all.reduce((n, answer) => n + answer.stats.rows_read, 0), elapsed_ms: Math.max(...all.map((answer) => answer.stats.elapsed_ms)),
    };
  }

  /** Colours of the first level, as on the dashboards. */
  colours(): Map<string, string> {
    const names = (this.costs?.levels[0] ?? []).slice(0, 7).map((row) => row.path[0]! || none);
    const given = coloursOf(this.costs?.splits[0] ?? '', names);
    return new Map(names.map((name, at) => [name, given[at]!]));
  }

  /** The spans behind a row. */
  href(path: readonly string[], stretch?: TimeRange): string {
    const { from, last } = this.state.values;
    const terms = path.map((value, at) => termOf(this.costs?.splits[at] ?? '', value || none));
    const time = stretch ?? (from ? this.range : null);
    return url.link('/spans', { filter: both(this.costs?.filter ?? '', ...terms, 'is:counted'), ...(time ? { from: shortIso(time.from), to: shortIso(time.to) } : { last }), order: '-cost' });
  }
  /** The same rows as sessions. */
  sessionsHref(path: readonly string[]): string {
    const { from, last } = this.state.values;
    const terms = path.map((value, at) => termOf(this.costs?.splits[at] ?? '', value || none));
    return url.link('/sessions', { filter: both(this.costs?.filter ?? '', ...terms), ...(from ? { from: shortIso(this.range.from), to: shortIso(this.range.to) } : { last }), order: '-cost' });
  }

  toggle(path: readonly string[]): void {
    const name = nameOfPath(path);
    const { open } = this.state.values;
    this.state.set({ open: open.includes(name) ? open.filter((other) => other !== name) : [...open, name] }, { replace: true });
  }
  setSplit(name: string): void {
    const now = this.splits;
    const next = now.includes(name) ? now.filter((other) => other !== name) : [...now, name].slice(-3);
    if (next.length) this.state.set({ split: next, open: [] });
  }
  zoom(from: number, to: number): void {
    const ms = this.costs?.course.ms ?? 3_600_000;
    const low = Math.floor(from / ms) * ms;
    this.state.set({ from: shortIso(low), to: shortIso(Math.max(low + ms, Math.ceil(to / ms) * ms)), last: '7d' });
  }
}

/** The cost so far at the end of each step of a period, laid over the steps of the shown one. */
function running(name: string, colour: string, steps: { ms: number; times: readonly number[] }, period: TimeRange, series: QueryAnswer): Line {
  const start = Math.floor(period.from / steps.ms) * steps.ms;
  const each = steps.times.map(() => 0n);
  for (const row of series.rows) {
    const at = Math.min(each.length - 1, Math.max(0, Math.floor((Date.parse(String(row[0])) - start) / steps.ms)));
    each[at] = each[at]! + (picoOf(row.at(-1)) ?? 0n);
  }
  let sum = 0n;
  return { name, colour, values: each.map((pico) => Number((sum += pico)) / 1e12) };
}
