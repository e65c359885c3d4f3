// The range of time: the last so-and-so much, or from one moment to another; and how finely it is cut for the strip.
import * as format from '../../kit/format';

export interface TimeRange {
  /** Milliseconds since 1970, end exclusive. */
  from: number;
  to: number;
}

const minute = 60_000;
const hour = 60 * minute;
const dayMs = 24 * hour;
const units: Record<string, number> = { m: minute, h: hour, d: dayMs };

export const presets = [
  { value: '15m', label: 'Last 15 min' },
  { value: '1h', label: 'Last hour' },
  { value: '6h', label: 'Last 6 h' },
  { value: '24h', label: 'Last 24 h' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
  { value: '90d', label: 'Last 90 days' },
] as const;

export function spanOf(last: string): number {
  const parsed = /^(\d+)([mhd])$/.exec(last);
  return parsed ? Number(parsed[1]) * units[parsed[2]!]! : dayMs;
}

/** The range that the address means, seen from `now`. */
export function rangeOf(state: { from: string; to: string; last: string }, now: number): TimeRange {
  const from = Date.parse(state.from);
  if (state.from && !Number.isNaN(from)) {
    const to = state.to ? Date.parse(state.to) : now;
    return { from, to: Number.isNaN(to) ? now : to };
  }
  return { from: now - spanOf(state.last), to: now };
}

/** A stretch as the address has it: 2026-11-12T12:00Z..2026-11-13. */
export function chosenStretch(text: string): TimeRange | null {
  const [from, to] = text.split('..').map((moment) => Date.parse(moment));
  return from !== undefined && to !== undefined && to > from ? { from, to } : null;
}
/** A stretch of the strip's whole buckets begins where the range does at the earliest. */
export const within = (range: TimeRange, stretch: TimeRange | null): TimeRange => (stretch ? { from: Math.max(range.from, stretch.from), to: stretch.to } : range);

export const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** As short as can be while exact: 2026-11-12, 2026-11-12T14:00Z, 2026-11-12T14:05:30.250Z. */
export function shortIso(ms: number): string {
  const full = new Date(ms).toISOString();
  if (full.endsWith('T00:00:00.000Z')) return full.slice(0, 10);
  return full.endsWith(':00.000Z') ? `${full.slice(0, 16)}Z` : full.replace('.000Z', 'Z');
}

/** A moment as it is typed, in UTC: 2026-11-12, 2026-11-12 14:05, 14:05 (of the day of `now`), also with seconds, T and Z. NaN where it is none. */
export function typedMoment(text: string, now: number): number {
  const parsed = /^(?:(\d{4}-\d{2}-\d{2})(?:[T ]+)?)?(\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)?Z?$/i.exec(text.trim());
  if (!parsed || (!parsed[1] && !parsed[2])) return NaN;
  const date = parsed[1] ?? new Date(now).toISOString().slice(0, 10);
  const at = Date.parse(`${date}T${(parsed[2] ?? '00:00').replace(/^(\d):/, '0$1:')}Z`);
  if (Number.isNaN(at)) return at;
  return new Date(at).toISOString().slice(0, 10) === date ? at : NaN;
}

/** The same, written: 2026-11-12 14:05. */
export const writtenMoment = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

/** "Last 24 h", "9 – 15 Nov", "12 Nov 12:00 – 24:00". */
export function labelOf(state: { from: string; to: string; last: string }, now: number): string {
  if (!state.from) return presets.find((p) => p.value === state.last)?.label ?? `Last ${state.last.replace(/([mhd])$/, ' $1')}`;
  const { from, to } = rangeOf(state, now);
  return `${between(from, to)}${state.to ? '' : ' – now'}`.replace(/ – .* – now$/, ' – now');
}

/** "Thu 12 Nov 12:00 – 24:00": as `between`, with the weekday where it is one day. */
export function stretch(from: number, to: number): string {
  const words = between(from, to);
  return format.day(from) === format.day(to - 1) ? `${format.weekday(from).split(' ')[0]} ${words}` : words;
}

/** A span of time in words; midnight at the end belongs to the day before. */
export function between(from: number, to: number): string {
  const wholeDays = from % dayMs === 0 && to % dayMs === 0;
  const last = to - 1;
  if (wholeDays) {
    if (format.day(from) === format.day(last)) return format.day(from);
    const [, monthA] = format.day(from).split(' ');
    const [dayB, monthB] = format.day(last).split(' ');
    return monthA === monthB ? `${format.day(from).split(' ')[0]} – ${dayB} ${monthB}` : `${format.day(from)} – ${format.day(last)}`;
  }
  const end = to % dayMs === 0 ? '24:00' : format.clock(to);
  if (format.day(from) === format.day(last)) return `${format.day(from)} ${format.clock(from)} – ${end}`;
  return `${format.dayClock(from)} – ${to % dayMs === 0 ? `${format.day(last)} 24:00` : format.dayClock(to)}`;
}

const steps: readonly [string, number][] = [
  ['1m', minute], ['5m', 5 * minute], ['15m', 15 * minute], ['30m', 30 * minute], ['1h', hour], ['2h', 2 * hour], ['3h', 3 * hour], ['6h', 6 * hour],
  ['12h', 12 * hour], ['1d', dayMs], ['7d', 7 * dayMs],
];

/** The finest step that gives at most `most` buckets. */
export function stepOf(range: TimeRange, most: number): { name: string; ms: number } {
  const fit = steps.find(([, ms]) => (range.to - range.from) / ms <= most) ?? steps.at(-1)!;
  return { name: fit[0], ms: fit[1] };
}
