// The facets: for each dimension its most frequent values, counted with all other terms applied.
import type { QueryAnswer } from '$api';
import { wasAborted } from '$kit';
import { untrack } from 'svelte';
import type { ListModel } from './list.svelte';
import { iso } from './range';
import { grainOf } from './strip.svelte';
import { chosenIn, without } from './terms';

export interface Facet {
  dimension: string;
  title: string;
  values: { value: string; count: number; share: number }[];
}

const wanted: readonly [string, string][] = [
  ['outcome', 'Outcome'], ['status', 'Status'], ['kind', 'Kind'], ['agent', 'Agent'], ['agent_version', 'Version'], ['tool', 'Tool'], ['model', 'Model'],
  ['error_type', 'Error'], ['finding', 'Found by rule'], ['environment', 'Environment'], ['team', 'Team'], ['user', 'User'], ['tag', 'Tag'],
];
/** Too many values to be of use, unless the filter already names one. */
const rare = new Set(['user', 'tag']);
const perFacet = 6;

export class FacetsModel {
  readonly list: ListModel;
  facets = $state.raw<readonly Facet[]>([]);
  loaded = $state(false);
  #abort: AbortController | undefined;

  constructor(list: ListModel) {
    this.list = list;
    $effect(() => {
      void list.filter;
      void list.shown;
      void list.returned;
      if (list.ready) untrack(() => void this.#ask());
    });
    $effect(() => () => this.#abort?.abort());
  }

  async #ask(): Promise<void> {
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    const { api } = this.list.app;
    const { from: since, to: until, last, sel } = this.list.state.values;
    const { filter } = this.list;
    const name = `facets ${JSON.stringify([this.list.grain, filter, since, until, last, sel])}`;
    try {
      const known = new Set((await api.dimensions()).map((d) => d.name));
      const asked = wanted.filter(([d]) => (known.size === 0 || known.has(d)) && (!rare.has(d) || chosenIn(filter, d).taken.length + chosenIn(filter, d).excluded.length > 0) && (d !== 'kind' || this.list.grain === 'spans') && (d !== 'status' || !known.has('outcome') || this.list.grain !== 'sessions'));
      const kept = asked.map(([d]) => api.kept<QueryAnswer>(`${name} ${d}`));
      if (kept.every(Boolean)) this.#show(asked, kept as QueryAnswer[]);
      const { from, to } = this.list.shown;
      const { endless } = this.list;
      // The rows come first, for a server has other readers; then all facets in one call, which reads once what they share.
      await this.list.settled();
      const answers = await Promise.all(asked.map(([dimension]) =>
        api.query(
          { measures: [this.list.grain], grain: grainOf(this.list.grain), dimensions: [dimension], filter: without(filter, dimension), from: iso(from), ...(endless ? {} : { to: iso(to) }), order: `-${this.list.grain}`, limit: 50 },
          { signal: abort.signal, keep: `${name} ${dimension}`, batch: 'facets' },
        ),
      ));
      this.#show(asked, answers);
    } catch (error) {
      // A mistake in the filter is said by the filter bar; the counts of the last good answer stay.
      if (!wasAborted(error)) this.loaded = true;
    }
  }

  #show(asked: readonly [string, string][], answers: readonly QueryAnswer[]): void {
    const { filter } = this.list;
    this.facets = asked.flatMap(([dimension, title], at) => {
      const all = (answers[at]?.rows ?? []).map((row) => ({ value: row[0] === null ? '' : String(row[0]), count: Number(row[1]) })).filter((v) => v.value !== '' && v.count > 0);
      const { taken, excluded } = chosenIn(filter, dimension);
      const sought = new Set([...taken, ...excluded]);
      const top = all.slice(0, perFacet);
      const shown = [...top, ...all.slice(perFacet).filter((v) => sought.has(v.value))];
      for (const value of sought) if (!shown.some((v) => v.value === value)) shown.push({ value, count: 0 });
      const most = Math.max(1, ...shown.map((v) => v.count));
      const asks = sought.size > 0;
      const worth = asks || shown.length > 1;
      return worth ? [{ dimension, title, values: shown.map((v) => ({ ...v, share: v.count / most })) }] : [];
    });
    this.loaded = true;
  }
}
