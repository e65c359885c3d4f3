// From answers to what is drawn: periods and steps, lines in rank order, changes in words, and where a click leads. No screen in here.
import type { Cell, FilterGrain, QueryAnswer } from '$api';
import * as format from '../../kit/format';
import type { Line } from '../../kit/lines';
import * as url from '../../kit/url';
import { addsUp } from '../list/measure';
import { iso, shortIso, stepOf, type TimeRange } from '../list/range';
import { isConnector, quoted, tokensOf } from '../list/terms';
import type { Ask, Worse } from './boards';

/** How many lines have a colour; the rest of what adds up is "other". */
const most = 7;
export const none = '(none)';

/** Filters that must all hold; one with "or" keeps its parentheses. */
export function both(...filters: readonly (string | undefined)[]): string {
  const real = [...new Set(filters.filter((filter): filter is string => !!filter?.trim()))];
  if (real.length === 1) return real[0]!;
  return real.map((filter) => (tokensOf(filter).some((token) => isConnector(token.text)) ? `(${filter})` : filter)).join(' ');
}

export const termOf = (dimension: string, value: string): string => `${dimension}=${value === none ? '""' : quoted(value)}`;

/** Which spans a measure is made of, where it is not all of them. */
const made: Record<string, string> = {
  cost: 'is:counted', tokens: 'is:counted', errors: 'is:error', tool_calls: 'kind=tool', llm_calls: 'kind=llm', guardrail_triggers: 'is:blocked kind=guardrail', cost_unknown_calls: 'is:unpriced',
};
const kindOfMeasure = (measure: string) => made[measure] ?? made[measure.split('.')[0]!];

const listOf: Record<FilterGrain, string> = { span: '/spans', trace: '/traces', session: '/sessions' };

/** The rows behind a figure: the list of its grain, narrowed to the same filter and time. */
export function listHref(ask: Ask, filter: string, range: TimeRange | { last: string }, value?: string): string {
  const session = ask.measure === 'sessions' || ask.measure === 'cost_per_session';
  const list = session ? '/sessions' : ask.measure === 'traces' ? '/traces' : listOf[ask.grain ?? 'span'];
  const spans = list === '/spans' ? kindOfMeasure(ask.measure) : undefined;
  const order = list !== '/spans' ? '' : ask.measure.startsWith('cost') ? '-cost' : ask.measure.startsWith('latency') ? '-duration' : '';
  const time = 'last' in range ? { last: range.last } : { from: shortIso(range.from), to: shortIso(range.to) };
  return url.link(list, { filter: both(filter, ask.filter, ask.split && value !== undefined ? termOf(ask.split, value) : '', spans), ...time, order });
}

/** The period of the same length that ends where the range begins. */
export const periodBefore = ({ from, to }: TimeRange): TimeRange => ({ from: from - (to - from), to: from });

/** Steps of the charts: whole ones, so that the ends may be partly filled. */
export function stepsOf(range: TimeRange, against: boolean): { name: string; ms: number; times: number[] } {
  const from = against ? periodBefore(range).from : range.from;
  const { name, ms } = stepOf({ from, to: range.to }, 64);
  const times: number[] = [];
  for (let t = Math.floor(from / ms) * ms; t < range.to && times.length < 400; t += ms) times.push(t);
  return { name, ms, times };
}

const columnOf = (answer: QueryAnswer, name: string) => answer.columns.findIndex((column) => column.name === name);
const nameOf = (cell: Cell | undefined) => String(cell ?? '') || none;

/** The one figure of an answer without dimensions. */
export function totalOf(answer: QueryAnswer | null | undefined, measure: string): Cell {
  if (!answer) return null;
  const at = columnOf(answer, measure);
  return at < 0 ? null : (answer.rows[0]?.[at] ?? null);
}

/** Values by the name of what they are split by. */
export function valuesOf(answer: QueryAnswer | null | undefined, measure: string): Map<string, Cell> {
  const at = answer ? columnOf(answer, measure) : -1;
  return new Map(at < 1 || !answer ? [] : answer.rows.map((row) => [nameOf(row[0]), row[at] ?? null]));
}

/** The greatest first; what has nothing to show is left out. */
export function ranked(values: ReadonlyMap<string, Cell>): string[] {
  const real = [...values].filter(([, value]) => value !== null && Number(value) !== 0);
  return real.sort((a, b) => Number(b[1]) - Number(a[1]) || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
}

/** A value keeps its colour on every chart and page until the page is loaded anew. */
const remembered = new Map<string, number>();
export function coloursOf(split: string, names: readonly string[]): string[] {
  const wanted = names.map((name) => remembered.get(`${split}\n${name}`));
  const taken = new Set<number>();
  const given = wanted.map((colour) => {
    if (colour === undefined || taken.has(colour)) return undefined;
    taken.add(colour);
    return colour;
  });
  return names.map((name, at) => {
    let colour = given[at];
    if (colour === undefined) {
      colour = Array.from({ length: most }, (_, i) => i + 1).find((i) => !taken.has(i)) ?? most + 1;
      taken.add(colour);
      if (!remembered.has(`${split}\n${name}`)) remembered.set(`${split}\n${name}`, colour);
    }
    return `--c${colour}`;
  });
}

export interface Drawn {
  lines: Line[];
  /** How many values are not drawn on their own. */
  rest: number;
}

/** What orders the lines of a rate or a quantile: how many spans, or scores, it is of. */
export const weightOf = (measure: string): string => (scoreOf(measure) ? `${scoreOf(measure)}.count` : 'spans');
/** `score.NAME` of a measure of scores: those are asked for apart. */
export const scoreOf = (measure: string): string => /^(score\..+)\.(?:mean|pass_rate|count|sum|min|max)$/.exec(measure)?.[1] ?? '';

/** A series as lines over the steps: the greatest of the totals first, of rates and quantiles those of the most spans. */
export function linesOf(ask: Ask, totals: QueryAnswer, series: QueryAnswer, steps: { ms: number; times: readonly number[] }): Drawn {
  const sums = addsUp(ask.measure);
  const place = new Map(steps.times.map((time, at) => [time, at]));
  const blank = () => steps.times.map((): number | null => (sums ? 0 : null));
  const at = columnOf(series, ask.measure);
  const order = ask.split ? ranked(valuesOf(totals, sums || columnOf(totals, weightOf(ask.measure)) < 0 ? ask.measure : weightOf(ask.measure))) : [''];
  const seen = new Set(order);
  if (ask.split) for (const row of series.rows) if (Number(row[at] ?? 0) !== 0 && !seen.has(nameOf(row[1]))) seen.add(nameOf(row[1]));
  // Who has nothing to draw takes no colour from who has.
  const drawable = new Set(ask.split ? series.rows.filter((row) => row[at] !== null && Number(row[at]) !== 0).map((row) => nameOf(row[1])) : ['']);
  for (const name of order) if (!drawable.has(name)) seen.delete(name);
  const names = [...seen].slice(0, most);
  const colours = ask.split ? coloursOf(ask.split, names) : ['--c1'];
  const lines: Line[] = names.map((name, i) => ({ name, colour: colours[i]!, values: blank() }));
  const rest = seen.size - names.length;
  const other: Line | null = rest > 0 && sums ? { name: 'other', colour: '--c8', values: blank() } : null;
  const byName = new Map(lines.map((line) => [line.name, line.values as (number | null)[]]));
  for (const row of series.rows) {
    const step = place.get(Math.floor(Date.parse(String(row[0])) / steps.ms) * steps.ms);
    const line = byName.get(ask.split ? nameOf(row[1]) : '') ?? (other?.values as (number | null)[] | undefined);
    const cell = row[at];
    if (step === undefined || !line || cell === null || cell === undefined) continue;
    line[step] = (line[step] ?? 0) + Number(cell);
  }
  return { lines: other ? [...lines, other] : lines, rest };
}

/** The course of every value of a split, for the small lines of a table. */
export function coursesOf(ask: Ask, series: QueryAnswer, steps: { ms: number; times: readonly number[] }): Map<string, (number | null)[]> {
  const at = columnOf(series, ask.measure);
  const place = new Map(steps.times.map((time, i) => [time, i]));
  const courses = new Map<string, (number | null)[]>();
  for (const row of series.rows) {
    const step = place.get(Math.floor(Date.parse(String(row[0])) / steps.ms) * steps.ms);
    const name = nameOf(row[1]);
    if (!courses.has(name)) courses.set(name, steps.times.map(() => (addsUp(ask.measure) ? 0 : null)));
    if (step !== undefined && row[at] !== null && row[at] !== undefined) courses.get(name)![step] = Number(row[at]);
  }
  return courses;
}

export interface Change {
  words: string;
  tone: 'bad' | 'ok' | 'ink3';
}

/** A figure against the one before: ▲ 17 %, ×5.9, ▼ 3.1 points, new; null where there is nothing to compare. */
export function changeOf(now: Cell, before: Cell, unit: string, worse?: Worse): Change | null {
  if (now === null || before === null) return now === null ? null : { words: 'new', tone: 'ink3' };
  const [a, b] = [Number(now), Number(before)];
  if (b === 0) return a === 0 ? { words: '± 0 %', tone: 'ink3' } : { words: 'new', tone: 'ink3' };
  const ratio = unit === 'ratio';
  const size = ratio ? Math.abs(a - b) * 100 : Math.abs(a / b - 1) * 100;
  const up = a > b;
  const small = size < (ratio ? 0.05 : 0.5);
  const tone = small || !worse || size < (ratio ? 0.5 : 2) ? 'ink3' : (worse === 'up') === up ? 'bad' : 'ok';
  if (small) return { words: ratio ? '± 0 points' : '± 0 %', tone };
  const sign = up ? '▲' : '▼';
  if (ratio) return { words: `${sign} ${size.toFixed(1)} points`, tone };
  if (a / b >= 100) return { words: `${sign} >×99`, tone };
  return { words: a / b >= 3 ? `${sign} ×${(a / b).toFixed(1)}` : `${sign} ${size.toFixed(0)} %`, tone };
}

/** "week before", "day before", "7 h before". */
export function beforeWords({ from, to }: TimeRange): string {
  const hours = Math.round((to - from) / 3_600_000);
  if (hours === 168) return 'week before';
  if (hours === 24) return 'day before';
  return hours >= 48 && hours % 24 === 0 ? `${hours / 24} days before` : hours >= 1 ? `${format.count(hours)} h before` : `${Math.max(1, Math.round((to - from) / 60_000))} min before`;
}

/** A cell that a spreadsheet could take for a formula is made text. */
function csvCell(value: Cell): string {
  if (value === null) return '';
  const text = String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
export const csvOf = (head: readonly string[], rows: readonly (readonly Cell[])[]): string => [head, ...rows].map((row) => row.map(csvCell).join(',')).join('\n') + '\n';

/** A chart as rows: the time of each step, then a column a line. */
export const chartRows = (times: readonly number[], lines: readonly Line[]): Cell[][] => times.map((time, at) => [iso(time), ...lines.map((line) => line.values[at] ?? null)]);
