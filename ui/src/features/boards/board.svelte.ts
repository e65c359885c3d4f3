// What a dashboard shows: its questions put together by filter and split, asked at once for the range and for the period before it.
import type { Cell, FilterMistake, Measure, QueryAnswer, Stats } from '$api';
import { QueryState, url, wasAborted, type App, type Line } from '$kit';
import { untrack } from 'svelte';
import { iso, rangeOf, shortIso, type TimeRange } from '../list/range';
import { addsUp } from '../list/measure';
import { asksOf, withScores, type Ask, type Board } from './boards';
import { both, linesOf, listHref, periodBefore, scoreOf, stepsOf, termOf, totalOf, valuesOf, weightOf, type Drawn } from './figures';
import { chosenIn, without } from '../list/terms';
import { annotationsOf, marksOf, type Annotation } from './marks';

/** Filter and time are named as on the lists. */
export const schema = {
  filter: url.text(),
  from: url.text(),
  to: url.text(),
  last: url.text('7d'),
  /** Without the period before. */
  alone: url.flag(),
  /** Another version in the same time, instead of the period before. */
  version: url.text(),
  /** Kinds of marks that are not drawn. */
  hide: url.list(),
  tv: url.flag(),
  /** While its layout is changed. */
  edit: url.flag(),
  /** The charts that are shown as tables. */
  rows: url.list(),
};

/** What one filter and split was answered. */
interface Answer {
  now: QueryAnswer;
  before: QueryAnswer | null;
  series: QueryAnswer;
  /** The series of another version. */
  other: QueryAnswer | null;
  range: TimeRange;
  steps: Steps;
}
export interface Steps {
  name: string;
  ms: number;
  times: number[];
}
const keyOf = (ask: Ask): string => JSON.stringify([ask.split ?? '', ask.filter ?? '', ask.grain ?? 'span', ...(scoreOf(ask.measure) ? [scoreOf(ask.measure)] : [])]);

export class BoardModel {
  readonly app: App;
  /** What is drawn; an edited one takes its place. */
  board = $state.raw<Board>(undefined as unknown as Board);
  readonly state: QueryState<typeof schema>;
  now = $state(Date.now());
  mistake = $state.raw<FilterMistake | null>(null);
  /** The filter that the answers are for: the address's, once it has no mistake. */
  filter = $state('');
  ready = $state(false);
  asking = $state(0);
  /** When the last complete answer came. */
  asked = $state(0);
  catalogue = $state.raw<readonly Measure[] | null>(null);
  annotations = $state.raw<readonly Annotation[]>([]);
  #answers = $state.raw<ReadonlyMap<string, Answer>>(new Map());
  #errors = $state.raw<ReadonlyMap<string, unknown>>(new Map());
  #wanted: string | null = null;
  #abort: AbortController | undefined;

  constructor(app: App, board: Board) {
    this.app = app;
    this.board = board;
    this.state = new QueryState(app.router, schema);
    app.api.measures().then((all) => { this.board = withScores(this.board, all); this.catalogue = all; }, () => (this.catalogue = []));
    $effect(() => this.#accept(this.state.values.filter));
    $effect(() => {
      if (this.#question) untrack(() => this.refresh());
    });
    $effect(() => () => this.#abort?.abort());
  }

  /** Only what the server is asked: a chart shown as a table changes nothing here. */
  readonly #question = $derived.by(() => {
    const { from, to, last, alone, version } = this.state.values;
    return this.ready && this.catalogue ? JSON.stringify([this.filter, from, to, last, alone, version]) : '';
  });
  readonly #range = $derived.by(() => rangeOf(this.state.values, this.now));
  get range(): TimeRange {
    return this.#range;
  }
  readonly #steps = $derived.by(() => stepsOf(this.#range, this.against === 'before'));
  get against(): 'before' | 'version' | 'nothing' {
    const { alone, version } = this.state.values;
    return version ? 'version' : alone ? 'nothing' : 'before';
  }
  readonly marks = $derived.by(() => marksOf(this.annotations, this.state.values.hide));
  get steps(): Steps {
    return this.#steps;
  }

  #accept(filter: string): void {
    if (filter === this.#wanted) return;
    this.#wanted = filter;
    const good = () => {
      if (filter !== this.#wanted) return;
      this.filter = filter;
      this.mistake = null;
      this.ready = true;
    };
    if (!filter) return untrack(good);
    this.app.api.filter(filter).then(
      (answer) => {
        if (answer.ok) good();
        else if (filter === this.#wanted) this.mistake = answer.error;
      },
      // Whoever cannot check it asks with it, and shows what the server says.
      () => good(),
    );
  }

  /** Draws another layout; what is known of it already stays. */
  show(board: Board): void {
    this.board = board;
    if (this.#question) this.refresh();
  }

  /** Whether this server's catalogue has the measure. */
  has(measure: string): boolean {
    return !this.catalogue?.length || this.catalogue.some((one) => one.name === measure);
  }

  /** Whether it is answered from sums; such questions go as one call, and each other group as one of its own, that none waits for it. */
  quick = (measure: string): boolean => !!this.catalogue?.find((one) => one.name === measure)?.rollups?.length;

  /** Asks everything anew, as of now. */
  refresh(): void {
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.now = Date.now();
    const groups = new Map<string, Ask[]>();
    for (const ask of asksOf(this.board)) if (this.has(ask.measure)) groups.set(keyOf(ask), [...(groups.get(keyOf(ask)) ?? []), ask]);
    this.asking = groups.size;
    for (const [key, asks] of groups) void this.#ask(key, asks, abort.signal);
    void this.readMarks(abort.signal);
  }

  /** What happened in the time shown; without an answer the charts have no marks. */
  async readMarks(signal?: AbortSignal): Promise<void> {
    const range = { from: this.against === 'before' ? periodBefore(this.range).from : this.range.from, to: this.range.to };
    const agents = chosenIn(this.filter, 'agent').taken;
    await annotationsOf(this.app.api, range, agents.length === 1 ? agents[0] : '', signal).then((all) => (this.annotations = all), () => {});
  }

  async #ask(key: string, asks: readonly Ask[], signal: AbortSignal): Promise<void> {
    const { api } = this.app;
    const { from, to, last, alone, version } = this.state.values;
    const { against } = this;
    const keep = `board ${JSON.stringify([key, asks.map((ask) => ask.measure), this.filter, from, to, last, alone, version])}`;
    const kept = api.kept<Answer>(keep);
    if (kept && !this.#answers.has(key)) this.#answers = new Map(this.#answers).set(key, kept);
    const { split, filter, grain } = asks[0]!;
    const weighed = split !== undefined && split !== '' && asks.some((ask) => !addsUp(ask.measure));
    const measures = [...new Set([...asks.map((ask) => ask.measure), ...(weighed ? [weightOf(asks[0]!.measure)] : [])])];
    const base = { measures, dimensions: split ? [split] : [], filter: both(this.filter, filter), grain: grain ?? ('span' as const), limit: 10_000 };
    const until = to ? { to: iso(this.range.to) } : {};
    const { range, steps } = this;
    const before = periodBefore(range);
    const batch = measures.every((measure) => this.quick(measure)) ? 'board' : `board ${key}`;
    const same = { ...base, filter: both(without(this.filter, 'agent_version'), termOf('agent_version', version), filter), from: iso(range.from), ...until };
    try {
      const [now, then, series, other] = await Promise.all([
        api.query({ ...base, from: iso(range.from), ...until }, { signal, batch, keep: `${keep} now` }),
        against === 'nothing' ? null : against === 'version' ? api.query(same, { signal, batch, keep: `${keep} version` }) : api.query({ ...base, from: iso(before.from), to: iso(before.to) }, { signal, batch, keep: `${keep} before` }),
        api.query({ ...base, from: iso(against === 'before' ? before.from : range.from), ...until, step: steps.name, timezone: 'UTC' }, { signal, batch, keep: `${keep} series` }),
        against === 'version' ? api.query({ ...same, step: steps.name, timezone: 'UTC' }, { signal, batch, keep: `${keep} other` }) : null,
      ]);
      const answer: Answer = { now, before: then, series, other, range, steps };
      api.keep(keep, answer);
      this.#answers = new Map(this.#answers).set(key, answer);
      this.#errors = new Map([...this.#errors].filter(([other]) => other !== key));
    } catch (error) {
      if (wasAborted(error)) return;
      this.#errors = new Map(this.#errors).set(key, error);
    }
    this.asking -= 1;
    if (this.asking === 0) this.asked = Date.now();
  }

  /** The period before was asked for, and nothing is in it: then it takes no room on the charts. */
  readonly quiet = $derived.by(() => {
    const all = [...this.#answers.values()];
    return this.against === 'before' && all.length > 0 && all.every((answer) => answer.before !== null && nothingIn(answer.before));
  });
  #trimmed = new WeakMap<Answer, Answer>();
  answer = (ask: Ask): Answer | undefined => {
    const answer = this.#answers.get(keyOf(ask));
    return answer && this.quiet ? this.#trim(answer) : answer;
  };
  #trim(answer: Answer): Answer {
    const known = this.#trimmed.get(answer);
    if (known) return known;
    const { steps, range } = answer;
    const trimmed = { ...answer, steps: { ...steps, times: steps.times.filter((time) => time + steps.ms > range.from) } };
    this.#trimmed.set(answer, trimmed);
    return trimmed;
  }
  error = (ask: Ask): unknown => this.#errors.get(keyOf(ask));
  unit = (measure: string): string => this.catalogue?.find((one) => one.name === measure)?.unit ?? '';
  total = (ask: Ask): { now: Cell; before: Cell } => ({ now: totalOf(this.answer(ask)?.now, ask.measure), before: totalOf(this.answer(ask)?.before, ask.measure) });
  values = (ask: Ask): { now: Map<string, Cell>; before: Map<string, Cell> } => ({ now: valuesOf(this.answer(ask)?.now, ask.measure), before: valuesOf(this.answer(ask)?.before, ask.measure) });
  drawn(ask: Ask): Drawn | null {
    const answer = this.answer(ask);
    if (!answer) return null;
    const drawn = linesOf(ask, answer.now, answer.series, answer.steps);
    if (!answer.other || !answer.before) return drawn;
    return { ...drawn, lines: [...drawn.lines, ...againstOf(ask, drawn, answer.before, answer.other, answer.steps, this.state.values.version)] };
  }

  /** The rows behind a figure of the whole range, or of a stretch of it. */
  href(ask: Ask, value?: string, stretch?: TimeRange): string {
    const { from, last } = this.state.values;
    return listHref(ask, this.filter, stretch ?? (from ? this.range : { last }), value);
  }

  zoom(from: number, to: number): void {
    const { ms } = this.steps;
    const low = Math.floor(from / ms) * ms;
    this.state.set({ from: shortIso(low), to: shortIso(Math.max(low + ms, Math.ceil(to / ms) * ms)), last: '7d' });
  }
  zoomOut(): void {
    const { from, to } = this.range;
    const half = Math.round((to - from) / 2 / 60_000) * 60_000;
    this.state.set({ from: shortIso(from - half), to: shortIso(Math.min(to + half, Math.max(to, Date.now()))), last: '7d' });
  }

  /** Spans read and the slowest answer, for the status line. */
  get stats(): Stats | null {
    const all = [...this.#answers.values()].flatMap((answer) => [answer.now, answer.series, ...(answer.before ? [answer.before] : [])]).map((answer) => answer.stats);
    if (!all.length) return null;
    const ages = all.map((stats) => stats.newest_ms_ago).filter((age) => age !== null);
    return { rows_read: all.reduce((n, stats) => n + stats.rows_read, 0), elapsed_ms: Math.max(...all.map((stats) => stats.elapsed_ms)), newest_ms_ago: ages.length ? Math.min(...ages) : null };
  }
  /** Everything was answered and nothing is there. */
  get empty(): boolean {
    if (!this.asked || this.#errors.size) return false;
    return [...this.#answers.values()].every((answer) => nothingIn(answer.now));
  }
}

const nothingIn = (answer: QueryAnswer): boolean => answer.rows.every((row) => row.every((cell) => cell === null || cell === '' || Number(cell) === 0));

/** The lines of another version, dashed: of sums one for all, else those of the first names, in their colours. */
function againstOf(ask: Ask & { kind?: string }, drawn: Drawn, before: QueryAnswer, other: QueryAnswer, steps: Steps, version: string): Line[] {
  const theirs = linesOf(ask, before, other, steps).lines;
  if (ask.kind === 'bars') return [{ name: `all in ${version}`, colour: '--ink-2', dashed: true, values: steps.times.map((_, i) => theirs.reduce((sum, line) => sum + (line.values[i] ?? 0), 0)) }];
  // By version no name is on both sides; then theirs stand by themselves.
  const shared = theirs.filter((line) => drawn.lines.some((mine) => mine.name === line.name));
  return (shared.length ? shared : theirs).slice(0, 3).map((line) => ({ ...line, name: `${line.name || 'all'} in ${version}`, colour: drawn.lines.find((mine) => mine.name === line.name)?.colour ?? '--c8', dashed: true }));
}
