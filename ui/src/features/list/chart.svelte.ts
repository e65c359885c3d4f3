// The list as a chart: one measure over time, split by a dimension; the seven greatest, the rest as "other".
import type { QueryAnswer } from '$api';
import { sentence, wasAborted, type Line } from '$kit';
import { untrack } from 'svelte';
import type { ListModel } from './list.svelte';
import { iso } from './range';
import { addsUp, grainOf, type StripModel } from './strip.svelte';

export interface Share {
  /** '' stands for the rest. */
  value: string;
  total: number;
  colour: string;
}

const most = 7;

export class ChartModel {
  readonly list: ListModel;
  readonly strip: StripModel;
  times = $state.raw<readonly number[]>([]);
  lines = $state.raw<readonly Line[]>([]);
  shares = $state.raw<readonly Share[]>([]);
  loaded = $state(false);
  problem = $state('');
  #abort: AbortController | undefined;

  constructor(list: ListModel, strip: StripModel) {
    this.list = list;
    this.strip = strip;
    $effect(() => {
      const { split, view } = list.state.values;
      void list.filter;
      void split;
      void list.range;
      void list.returned;
      void strip.measure;
      if (view === 'chart' && list.ready) untrack(() => void this.#ask());
    });
    $effect(() => () => this.#abort?.abort());
  }

  async #ask(): Promise<void> {
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    const { split, to: until } = this.list.state.values;
    const { filter } = this.list;
    const { from, to } = this.list.range;
    const { measure, step } = this.strip;
    const { api } = this.list.app;
    const base = { measures: [measure], grain: grainOf(this.list.grain), filter, from: iso(from), ...(until ? { to: iso(to) } : {}) };
    const dimensions = split ? [split] : [];
    try {
      const [totals, series] = await Promise.all([
        api.query({ ...base, dimensions, order: `-${measure}`, limit: 200 }, { signal: abort.signal }),
        api.query({ ...base, dimensions, step: step.name, timezone: 'UTC', limit: 10_000 }, { signal: abort.signal }),
      ]);
      this.#show(totals, series, measure, split !== '');
      this.problem = '';
    } catch (error) {
      if (!wasAborted(error)) this.problem = sentence(error);
    }
    this.loaded = true;
  }

  #show(totals: QueryAnswer, series: QueryAnswer, measure: string, split: boolean): void {
    const ranked = totals.rows.map((row) => ({ value: split ? String(row[0] ?? '') || '(none)' : measure, total: Number(row.at(-1) ?? 0) })).filter((one) => one.total !== 0 || !addsUp(measure) || !split);
    const top = ranked.slice(0, most);
    const rest = ranked.slice(most);
    const shares: Share[] = top.map((one, at) => ({ ...one, colour: `--c${at + 1}` }));
    if (rest.length && addsUp(measure)) shares.push({ value: '', total: rest.reduce((n, r) => n + r.total, 0), colour: '--c8' });
    const { frame, step } = this.strip;
    const times: number[] = [];
    for (let t = frame.from; t < frame.to && times.length < 400; t += step.ms) times.push(t);
    const place = new Map(times.map((t, at) => [t, at]));
    const empty = addsUp(measure) ? 0 : null;
    const values = new Map(shares.map((s) => [s.value, times.map((): number | null => empty)]));
    for (const row of series.rows) {
      const at = place.get(Math.floor(Date.parse(String(row[0])) / step.ms) * step.ms);
      const name = split ? String(row[1] ?? '') || '(none)' : measure;
      const line = values.get(name) ?? values.get('');
      if (at === undefined || !line || row.at(-1) === null) continue;
      line[at] = (line[at] ?? 0) + Number(row.at(-1));
    }
    this.shares = shares;
    this.times = times.map((t) => t / 1000);
    this.lines = shares.map((s) => ({ name: s.value || 'other', colour: s.colour, values: values.get(s.value)! }));
  }
}
