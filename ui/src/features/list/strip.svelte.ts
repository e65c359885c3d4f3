// The outlier strip: each measure's total, and over time; a stretch of time can be chosen and narrowed to.
import type { Cell, Grain, Measure, QueryAnswer } from '$api';
import { sentence, wasAborted, type Mark } from '$kit';
import { untrack } from 'svelte';
import { annotationsOf, marksOf } from '../boards/marks';
import type { ListModel } from './list.svelte';
import { grainOf, sortOf } from './measure';
import { chosenStretch, iso, shortIso, stepOf, type TimeRange } from './range';
import { chosenIn } from './terms';

export { addsUp, figure, grainOf, isMetric, wordOf } from './measure';

interface Answers {
  totals: QueryAnswer | null;
  series: QueryAnswer | null;
}
export interface Bucket {
  from: number;
  to: number;
  value: number | null;
}

const usual: Record<Grain, readonly string[]> = {
  sessions: ['sessions', 'errors', 'cost', 'latency.p95', 'tokens'],
  traces: ['traces', 'errors', 'cost', 'latency.p95', 'tokens'],
  spans: ['spans', 'errors', 'cost', 'latency.p95', 'tokens'],
};
export class StripModel {
  readonly list: ListModel;
  catalogue = $state.raw<readonly Measure[]>([]);
  totals = $state.raw<QueryAnswer | null>(null);
  series = $state.raw<QueryAnswer | null>(null);
  /** The same of a chosen score or metric. */
  #apart = $state.raw<{ score?: Answers; metric?: Answers }>({});
  problem = $state('');
  /** How many buckets fit; follows the width. */
  room = $state(96);
  /** Releases, prices, incidents and notes of the range, of one agent where the filter names one. */
  marks = $state.raw<readonly Mark[]>([]);
  /** The figures of the chosen stretch: what goes on from one bar to the next counts once. */
  #inside = $state.raw<QueryAnswer | null>(null);
  #abort: AbortController | undefined;

  constructor(list: ListModel) {
    this.list = list;
    $effect(() => {
      void list.returned;
      list.app.api.measures().then((all) => (this.catalogue = all), () => {});
    });
    $effect(() => {
      void list.returned;
      void list.filter;
      void list.range;
      void this.measures;
      if (list.ready) untrack(() => void this.#ask());
    });
    $effect(() => {
      void list.returned;
      const { filter, shown } = list;
      const { measure } = this;
      this.#inside = null;
      if (list.ready && list.state.values.sel) return untrack(() => this.#askInside(filter, shown, measure));
    });
    $effect(() => {
      void list.returned;
      const { filter, range } = list;
      if (list.ready) return untrack(() => this.#mark(filter, range));
    });
    $effect(() => () => this.#abort?.abort());
  }

  #askInside(filter: string, range: TimeRange, measure: string): () => void {
    const stop = new AbortController();
    const { grain, app } = this.list;
    const measures = sortOf(measure) === '' && measure !== grain ? [grain, measure] : [grain];
    app.api.query({ measures, grain: grainOf(grain), filter, from: iso(range.from), to: iso(range.to) }, { signal: stop.signal }).then((answer) => (this.#inside = answer), () => {});
    return () => stop.abort();
  }

  #mark(filter: string, range: TimeRange): () => void {
    const stop = new AbortController();
    const agents = chosenIn(filter, 'agent').taken;
    const ask = async () => {
      await this.list.settled();
      this.marks = marksOf(await annotationsOf(this.list.app.api, range, agents.length === 1 ? agents[0] : '', stop.signal));
    };
    ask().catch(() => {});
    return () => stop.abort();
  }

  readonly #names = $derived.by(() => {
    const known = new Set(this.catalogue.map((m) => m.name));
    const wanted = usual[this.list.grain].filter((name) => known.size === 0 || known.has(name));
    const score = this.catalogue.find((m) => /^score\..*\.mean$/.test(m.name) && !m.name.includes('NAME'))?.name ?? (this.scoreName ? `score.${this.scoreName}.mean` : '');
    const open = this.list.state.values.measure;
    const names = this.list.grain === 'sessions' && score ? [...wanted.slice(0, 4), score] : [...wanted];
    if (open && !names.includes(open)) names.push(open);
    return names.join(' ');
  });
  /** The first score name that the rows carry. */
  scoreName = $state('');

  get measures(): readonly string[] {
    return this.#names.split(' ');
  }
  get measure(): string {
    const open = this.list.state.values.measure;
    return this.measures.includes(open) ? open : this.list.grain;
  }
  get step(): { name: string; ms: number } {
    return stepOf(this.list.range, 96);
  }
  /** Whole buckets around the range. */
  get frame(): TimeRange {
    const { from, to } = this.list.range;
    const { ms } = this.step;
    const low = Math.floor(from / ms) * ms;
    return { from: low, to: Math.max(low + ms, Math.ceil(to / ms) * ms) };
  }

  async #ask(): Promise<void> {
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    const { to: until } = this.list.state.values;
    const { filter } = this.list;
    const { from, to } = this.list.range;
    const base = { measures: this.measures.filter((name) => sortOf(name) === ''), grain: grainOf(this.list.grain), filter, from: iso(from), ...(until ? { to: iso(to) } : {}) };
    const name = `${this.list.grain} ${JSON.stringify([filter, this.list.state.values.from, until, this.list.state.values.last, this.measures])}`;
    this.totals = this.list.app.api.kept(`totals ${name}`) ?? this.totals;
    this.series = this.list.app.api.kept(`series ${name}`) ?? this.series;
    const api = this.list.app.api;
    try {
      const ask = (measures: string[], keep: string) => Promise.all([
        api.query({ ...base, measures }, { signal: abort.signal, keep: `totals ${keep}` }),
        api.query({ ...base, measures, step: this.step.name, timezone: 'UTC' }, { signal: abort.signal, keep: `series ${keep}` }),
      ]);
      [this.totals, this.series] = await ask(base.measures, name);
      this.problem = '';
      this.#apart = {};
      for (const sort of ['score', 'metric'] as const) {
        const measures = this.measures.filter((one) => sortOf(one) === sort);
        if (!measures.length) continue;
        const [totals, series] = await ask(measures, `${name} ${sort}`);
        this.#apart = { ...this.#apart, [sort]: { totals, series } };
      }
    } catch (error) {
      if (!wasAborted(error)) this.problem = sentence(error);
    }
  }

  #answers(measure: string): Answers {
    const sort = sortOf(measure);
    return sort ? (this.#apart[sort] ?? { totals: null, series: null }) : { totals: this.totals, series: this.series };
  }
  total(measure: string): Cell {
    const { totals } = this.#answers(measure);
    const at = totals?.columns.findIndex((c) => c.name === measure) ?? -1;
    return at < 0 ? null : (totals?.rows[0]?.[at] ?? null);
  }
  unit(measure: string): string {
    return this.#answers(measure).totals?.columns.find((c) => c.name === measure)?.unit ?? this.catalogue.find((m) => m.name === measure)?.unit ?? '';
  }

  /** Every bucket of the frame, also the empty ones. */
  buckets(measure: string): Bucket[] {
    const { from, to } = this.frame;
    const { ms } = this.step;
    const { series } = this.#answers(measure);
    const at = series?.columns.findIndex((c) => c.name === measure) ?? -1;
    const byTime = new Map<number, number | null>();
    for (const row of series?.rows ?? []) byTime.set(Math.floor(Date.parse(String(row[0])) / ms) * ms, at < 0 || row[at] === null ? null : Number(row[at]));
    const out: Bucket[] = [];
    for (let t = from; t < to && out.length < 400; t += ms) out.push({ from: t, to: t + ms, value: byTime.get(t) ?? null });
    return out;
  }

  /** A stretch while the pointer is down on it: nothing is asked before it is let go. */
  drawn = $state.raw<TimeRange | null>(null);
  get selection(): TimeRange | null {
    return this.drawn ?? chosenStretch(this.list.state.values.sel);
  }
  /** Rows and facets narrow to it, the strip stays; Back undoes. */
  select(range: TimeRange | null): void {
    this.drawn = null;
    const replace = range !== null && this.list.state.values.sel !== '';
    this.list.state.set({ sel: range ? `${shortIso(range.from)}..${shortIso(range.to)}` : '' }, { replace });
  }
  narrow(): void {
    const chosen = this.selection;
    if (chosen) this.list.state.set({ from: shortIso(chosen.from), to: shortIso(chosen.to), last: '24h', sel: '' });
  }

  /** What the chosen stretch holds; undefined until it is known. */
  inside(measure: string): Cell | undefined {
    const at = this.#inside?.columns.findIndex((c) => c.name === measure) ?? -1;
    return this.drawn || at < 0 ? undefined : this.#inside!.rows[0]?.[at];
  }
}
