// Rules, states and firings as words; what a kind of rule is made of.
import { figure, wordOf } from '../list/measure';
import * as format from '../../kit/format';
import type { Alert, Definition, Labels, Matcher, Silence } from './calls';

/** A part of a rule that a person writes. */
export type Part = 'limit' | 'recover' | 'direction' | 'change' | 'window' | 'strictness' | 'slo' | 'least' | 'distribution';

export interface Kind {
  value: string;
  label: string;
  title: string;
  parts: readonly Part[];
}

export const kinds: readonly Kind[] = [
  { value: 'threshold', label: 'is beyond a limit', title: 'Fires when it is above or below what you say', parts: ['limit', 'recover'] },
  { value: 'anomaly', label: 'is unusual', title: 'Stands out of what is usual at this hour and sort of day', parts: ['direction', 'strictness', 'least'] },
  { value: 'stl', label: 'leaves trend and season', title: 'An hour lies more than six robust standard deviations from trend and season of the last 14 days', parts: ['direction'] },
  { value: 'change', label: 'differs from a week ago', title: 'The mean of a window against the same local time last week', parts: ['direction', 'change', 'window'] },
  { value: 'page_hinkley', label: 'drifts away', title: 'Page–Hinkley: a slow move away from what is usual', parts: ['direction'] },
  { value: 'psi', label: 'falls differently', title: 'Population stability index: how it falls on the values of a dimension, or on times, against the 14 days before', parts: ['distribution', 'window'] },
  { value: 'prediction', label: 'will cross a limit', title: 'Within the window the 80 % interval of the forecast lies beyond the limit', parts: ['limit', 'window'] },
  { value: 'burn', label: 'burns its error budget', title: '14.4× in 1 h, 6× in 6 h, 3× in 1 d, 1× in 3 d, each with its short window', parts: ['slo'] },
  { value: 'silence', label: 'falls silent', title: 'Nothing came for so long that nine events were expected', parts: [] },
];
export const kindOf = (value: string | undefined): Kind => kinds.find((kind) => kind.value === value) ?? { value: value ?? 'threshold', label: (value ?? 'threshold').replaceAll('_', ' '), title: '', parts: ['limit', 'direction', 'window'] };

export const steps = ['1m', '5m', '15m', '1h'] as const;
export const severities = ['page', 'ticket', 'info'] as const;

/** `90m`, `2h`, `7d` in words: 90 min, 2 hours, 7 days. */
export function lasting(text: string | undefined): string {
  const parsed = /^(\d+)([smhdw])$/.exec(text ?? '');
  if (!parsed) return text ?? '';
  const n = Number(parsed[1]);
  const [one, many] = { s: ['second', 'seconds'], m: ['min', 'min'], h: ['hour', 'hours'], d: ['day', 'days'], w: ['week', 'weeks'] }[parsed[2]!]!;
  return `${n} ${n === 1 ? one : many}`;
}

/** `agent=refunds tool=search`, for people and for the address. */
export const labelsOf = (split: Labels): string => Object.entries(split).map(([name, value]) => `${name}=${value || '(none)'}`).join(' ');
export const sameLabels = (a: Labels, b: Labels): boolean => Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([name, value]) => b[name] === value);

/** The rule as one sentence. */
export function sentenceOf(rule: Definition, unit: string): string {
  const value = (number: number | null | undefined): string => figure(number ?? null, unit, rule.measure);
  const lasts = rule.for && !/^0[smhd]?$/.test(rule.for) ? `, for ${lasting(rule.for)}` : '';
  if (rule.kind === 'burn' && typeof rule.slo === 'string') return `${rule.slo} burns its error budget too fast${lasts}`;
  const what = `${wordOf(rule.measure ?? '')}${rule.filter ? ` of ${rule.filter}` : ''}${rule.split?.length ? ` by ${rule.split.join(', ')}` : ''}`;
  const limits = [rule.above !== undefined && rule.above !== null ? `above ${value(rule.above)}` : '', rule.below !== undefined && rule.below !== null ? `below ${value(rule.below)}` : ''].filter(Boolean).join(' or ');
  const side = rule.direction === 'up' ? 'high' : rule.direction === 'down' ? 'low' : 'high or low';
  const said: Record<string, string> = {
    threshold: `is ${limits || 'beyond a limit'}`,
    anomaly: `is unusually ${side} for the hour and day`,
    change: `differs by more than ${format.percent(rule.change ?? 0.5)} from a week ago, over ${lasting(rule.window ?? '1h')}`,
    stl: `leaves its trend and season, ${side}`,
    psi: `falls differently${rule.distribution ? ` on ${rule.distribution.replaceAll('_', ' ')}` : ''} than in the 14 days before, over ${lasting(rule.window ?? '1d')}`,
    page_hinkley: 'drifts away from what is usual',
    prediction: `will be ${limits || 'beyond a limit'} within ${lasting(rule.window ?? '1h')}`,
    burn: `burns its budget of ${format.percent(1 - Number(rule.slo ?? 0.99))} too fast`,
    silence: 'falls silent',
  };
  return `${what} ${said[rule.kind ?? 'threshold'] ?? kindOf(rule.kind).label}${lasts}`;
}

export const stateWord: Record<string, string> = { firing: 'firing', pending: 'pending', ok: 'ok', no_data: 'no data' };
export const noticeWord: Record<string, string> = { firing: 'fired', resolved: 'is over', reminder: 'still fires', no_data: 'has no data', data_back: 'has data again', acknowledged: 'acknowledged' };

/** How long a state has lasted, at `now`. */
export const since = (time: string | null, now: number): string => (time ? format.duration(Math.max(0, now - Date.parse(time))) : '');

/** The spans of an instance: the rule's filter and its own labels. */
export function filterOf(alert: Pick<Alert, 'filter' | 'split'>): string {
  const own = Object.entries(alert.split).map(([name, value]) => `${name}=${value === '' ? '""' : /^[\w./:@-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`);
  return [alert.filter && own.length && /\bor\b/.test(alert.filter) ? `(${alert.filter})` : alert.filter, ...own].filter(Boolean).join(' ');
}

export const matcherWords = (matchers: readonly Matcher[]): string => matchers.map((one) => `${one.name}${one.op}${one.value}`).join(' ');

export function silenceWhen(silence: Silence): string {
  if (silence.weekly) {
    const { days, from, to, timezone } = silence.weekly;
    return `each ${days.join(', ')} ${from} – ${to} ${timezone}${silence.to ? `, until ${format.dayClock(silence.to)}` : ''}`;
  }
  return `${format.dayClock(silence.from)} – ${format.dayClock(silence.to)}`;
}

/** A number as typed: `0.08`, `$0.08`, `8 %`, `12 s`, `1.5k`, in the unit of its measure; null where it is none. */
export function typedFigure(text: string, unit: string): number | null {
  const parsed = /^\s*\$?\s*(-?\d+(?:[.,]\d+)?(?:e-?\d+)?)\s*(%|ms|s|m|min|h|k|M)?\s*$/i.exec(text);
  if (!parsed) return null;
  const value = Number(parsed[1]!.replace(',', '.'));
  const by = parsed[2] ?? '';
  if (by === '%') return value / 100;
  if (unit === 'ms' || unit === 's') {
    const ms = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 }[by.toLowerCase()];
    if (ms) return unit === 'ms' ? value * ms : (value * ms) / 1000;
  }
  if (by === 'k') return value * 1000;
  if (by === 'M') return value * 1_000_000;
  return by === '' ? value : null;
}

/** The other way round, so that it reads back as the same number. */
export function writtenFigure(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined) return '';
  const plain = (number: number): string => String(Number(number.toPrecision(12)));
  if (/usd|\$/i.test(unit)) return `$${plain(value)}`;
  if (unit === 'ratio') return `${plain(value * 100)} %`;
  if (unit === 'ms') return value >= 1000 ? `${plain(value / 1000)} s` : `${plain(value)} ms`;
  if (unit === 's') return `${plain(value)} s`;
  return plain(value);
}

/** What of a definition the server is told: nothing empty, nothing that this kind does not have. */
export function cleanOf(rule: Definition): Definition {
  const parts = kindOf(rule.kind).parts;
  const ofSlo = rule.kind === 'burn' && typeof rule.slo === 'string';
  // An objective says itself what it counts.
  const out = (ofSlo ? { name: rule.name.trim() } : { name: rule.name.trim(), measure: rule.measure }) as Definition;
  const belongs: Record<string, Part> = { above: 'limit', below: 'limit', recover: 'recover', direction: 'direction', change: 'change', window: 'window', strictness: 'strictness', slo: 'slo', least: 'least', distribution: 'distribution' };
  for (const [name, value] of Object.entries(rule)) {
    if (name in out || (ofSlo && ['measure', 'filter', 'grain', 'split'].includes(name)) || value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length)) continue;
    const part = belongs[name];
    if (part && !parts.includes(part)) continue;
    out[name] = typeof value === 'string' ? value.trim() : value;
  }
  return out;
}

/** Words of the server for what a rule lacks, and the field that is meant; names in quotes stand for themselves. */
const meant: readonly (readonly [said: RegExp, field: string])[] = [
  [/No measure is called|is of spans, score/i, 'measure'],
  [/no dimension to split by|cannot be split/i, 'split'],
  [/--above and --below|needs above or below/i, 'above'],
  [/--recover/i, 'recover'],
  [/--window/i, 'window'],
  [/--change/i, 'change'],
  [/--slo|SLO|objective/, 'slo'],
  [/needs a step/i, 'step'],
  [/time zone/i, 'timezone'],
  [/channel/i, 'channels'],
  [/rule .* already|needs a name/i, 'name'],
];
export interface Refused {
  /** As in a definition; '' where no field is to blame. */
  field: string;
  message: string;
}
/** Which field a refusal is about. */
export function refusedOf(message: string): Refused {
  const named = /"(\w+)"/.exec(message)?.[1];
  const field = named ?? meant.find(([said]) => said.test(message))?.[1] ?? '';
  return { field: field === 'below' ? 'above' : field, message: message.replace(/^"\w+", at \d+: /, '').replaceAll(/--(\w+)/g, '“$1”').replaceAll(/"(\w+)"/g, '“$1”') };
}
