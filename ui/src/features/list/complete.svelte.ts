// What a half-written term can become: dimensions by name first, then values as they were seen, with counts under the other terms.
import type { Dimension, Fact, FilterGrain } from '$api';
import { wasAborted, type App } from '$kit';
import { joined, quoted, spellingOf } from './terms';

export interface Completion {
  /** What stands on the list. */
  label: string;
  hint: string;
  count: number | null;
  /** The term as it will be. */
  term: string;
  /** Finished (a pill), or still to be given a value. */
  whole: boolean;
}

interface Value {
  value: string;
  count: number;
}

/** More different values than this are searched by the server. */
const most = 1000;

interface Question {
  draft: string;
  /** The other terms. */
  others: readonly string[];
  from: string;
  to?: string;
  grain: FilterGrain;
}

export class Completions {
  list = $state.raw<readonly Completion[]>([]);
  title = $state('');
  /** Of which dimension values are listed; '' while names are. */
  dimension = $state('');
  readonly #app: App;
  #abort: AbortController | undefined;
  #known: readonly Dimension[] = [];
  #facts: readonly Fact[] = [];

  constructor(app: App) {
    this.#app = app;
    this.#learn();
  }

  /** What there is to name; asked again where the server could not say yet. */
  #learn(): void {
    this.#app.api.dimensions().then((all) => (this.#known = all), () => {});
    this.#app.api.facts().then((all) => (this.#facts = all), () => {});
  }

  clear(): void {
    this.#abort?.abort();
    this.list = [];
    this.dimension = '';
  }

  async ask(question: Question): Promise<void> {
    this.#abort?.abort();
    if (!this.#known.length) this.#learn();
    const { minus, dimension, operator, value } = spellingOf(question.draft);
    if (!dimension) return this.#names(question.draft);
    if (dimension === 'is' || dimension === 'has') return this.#factsFor(question.draft, dimension, value);
    if (operator === '>' || operator === '<' || operator === '>=' || operator === '<=') return this.#figures(question.draft, dimension, value);
    // Names that stood there are no values of it: Tab would take one.
    if (this.dimension !== dimension) this.list = [];
    const abort = (this.#abort = new AbortController());
    const comma = value.lastIndexOf(',');
    const before = value.slice(0, comma + 1);
    const prefix = value.slice(comma + 1).replace(/^"/, '').replace(/"$/, '');
    try {
      const values = await this.#values(dimension, prefix, question, abort.signal);
      const head = `${minus ? '-' : ''}${dimension}${operator}${before}`;
      this.dimension = dimension;
      this.title = values.length ? `${dimension} · ${values.length} ${values.length === 1 ? 'value' : 'values'} here` : `No value of ${dimension} ${prefix ? `holds ${prefix}` : 'here'}`;
      this.list = values.slice(0, 50).map((v) => ({ label: v.value || '(empty)', hint: '', count: v.count, term: head + quoted(v.value), whole: true }));
    } catch (error) {
      if (!wasAborted(error)) this.clear();
    }
  }

  /** Counted as the list counts: asked once for a dimension under the other terms, then narrowed while typing. */
  async #values(dimension: string, prefix: string, question: Question, signal: AbortSignal): Promise<Value[]> {
    const { api } = this.#app;
    const range = { from: question.from, ...(question.to ? { to: question.to } : {}) };
    const filter = joined(question.others);
    const name = `values ${JSON.stringify([dimension, filter, range, question.grain])}`;
    const typed = prefix.toLowerCase();
    const fitting = (values: readonly Value[]) => values.filter((v) => v.value !== '' && v.value.toLowerCase().includes(typed)).sort((a, b) => Number(b.value.toLowerCase().startsWith(typed)) - Number(a.value.toLowerCase().startsWith(typed)));
    const kept = api.kept<Value[]>(name);
    if (kept) return fitting(kept);
    const known = this.#known.find((d) => d.name === dimension);
    if (known?.groups === false) return api.values({ dimension, prefix, filter, grain: question.grain, ...range }, { signal });
    const measure = `${question.grain}s`;
    const answer = await api.query({ measures: [measure], dimensions: [dimension], grain: question.grain, filter, order: `-${measure}`, limit: most, ...range }, { signal });
    const values = answer.rows.map((row) => ({ value: String(row[0] ?? ''), count: Number(row[1] ?? 0) }));
    if (values.length < most) api.keep(name, values);
    else if (prefix) return api.values({ dimension, prefix, filter, grain: question.grain, ...range }, { signal });
    return fitting(values);
  }

  #factsFor(draft: string, word: string, value: string): void {
    const minus = draft.startsWith('-') ? '-' : '';
    const all: readonly Fact[] = word === 'is' ? this.#facts : this.#known.filter((d) => !d.name.includes('.')).map((d) => ({ name: `has:${d.name}`, definition: d.definition }));
    this.dimension = '';
    this.title = word === 'is' ? 'Facts of a step' : 'What is there at all';
    this.list = all.filter((fact) => fact.name.startsWith(word) && fact.name.includes(value.toLowerCase())).map((fact) => ({ label: fact.name, hint: fact.definition, count: null, term: minus + fact.name, whole: true }));
  }

  #names(draft: string): void {
    const minus = draft.startsWith('-') ? '-' : '';
    const typed = draft.slice(minus.length).toLowerCase();
    const usual = (d: Dimension) => (d.operators.includes('=') && !d.operators.includes('>') ? '=' : d.operators.includes('>') ? '>' : (d.operators[0] ?? '='));
    const fit = this.#known.filter((d) => !/^attr\.[A-Z]+$/.test(d.name) && d.name.toLowerCase().includes(typed));
    fit.sort((a, b) => Number(b.name.startsWith(typed)) - Number(a.name.startsWith(typed)));
    const named = fit.map((d) => ({ label: d.name, hint: d.definition, count: null, term: `${minus}${d.name}${usual(d)}`, whole: false }));
    const flagged = this.#facts.filter((fact) => typed && fact.name.includes(typed)).map((fact) => ({ label: fact.name, hint: fact.definition, count: null, term: minus + fact.name, whole: true }));
    const text = typed ? [{ label: draft, hint: 'as text, in what was said', count: null, term: draft, whole: true }] : [];
    this.dimension = '';
    this.title = typed ? 'Dimensions, or text' : 'Dimensions';
    const exact = named.some((c) => c.label === typed);
    this.list = exact ? [...named, ...flagged, ...text] : [...(named.length && typed.length < 12 ? [] : text), ...named, ...flagged, ...(named.length && typed.length < 12 ? text : [])];
  }

  #figures(draft: string, dimension: string, value: string): void {
    this.dimension = '';
    this.title = dimension === 'duration' ? 'A time with its unit: 200ms, 10s, 5m' : dimension === 'cost' ? 'US dollars: 0.05' : 'A number';
    this.list = value ? [{ label: draft, hint: 'Enter takes it', count: null, term: draft, whole: true }] : [];
  }
}
