// Figures and times as words: the one place that knows how Pawl writes money, durations, counts and dates (UTC).

/** Stands for "nothing here"; a zero is written as 0. */
export const nothing = '–';
const thin = '\u2009';

type Figure = number | string | null | undefined;

function numberOf(value: Figure): number | null {
  if (value === null || value === undefined || value === '') return null;
  const parsed = typeof value === 'number' ? value : Number(value);
  return Number.isFinite(parsed) ? parsed : null;
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, thin);
}

function fixed(value: number, digits: number): string {
  const [whole = '0', rest] = Math.abs(value).toFixed(digits).split('.');
  return grouped(whole) + (rest ? `.${rest}` : '');
}

const sign = (value: number) => (value < 0 ? '−' : '');

/** Money in lists and totals: two digits from $1, three from one cent, four below. */
export function money(value: Figure): string {
  const usd = numberOf(value);
  if (usd === null) return nothing;
  const size = Math.abs(usd);
  if (size === 0) return '$0';
  const digits = size >= 1 ? 2 : size >= 0.01 ? 3 : size >= 0.0001 ? 4 : 6;
  if (size < 0.000001) return `${sign(usd)}<$0.000001`;
  return `${sign(usd)}$${fixed(usd, digits)}`;
}

/** Money inside one session: always four digits (six below a hundredth of a cent). */
export function sessionMoney(value: Figure): string {
  const usd = numberOf(value);
  if (usd === null) return nothing;
  if (usd === 0) return '$0';
  return `${sign(usd)}$${fixed(usd, Math.abs(usd) < 0.0001 ? 6 : 4)}`;
}

/** Money in a formula: all six digits. */
export function formulaMoney(value: Figure): string {
  const usd = numberOf(value);
  return usd === null ? nothing : `${sign(usd)}$${fixed(usd, 6)}`;
}

const pad = (value: number) => String(value).padStart(2, '0');

/** A duration in milliseconds: 12 ms, 50.8 s, 8 m 19 s, 2 h 05 m, 3 d 4 h. */
export function duration(value: Figure): string {
  const ms = numberOf(value);
  if (ms === null) return nothing;
  if (ms < 0) return `−${duration(-ms)}`;
  if (ms === 0) return '0 s';
  if (ms < 1) return ms < 0.01 ? '<0.01 ms' : `${ms.toFixed(2)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
  const hours = Math.round(minutes / 60);
  return `${grouped(String(Math.floor(hours / 24)))} d ${hours % 24} h`;
}

/** A whole number with thin spaces: 1 239. */
export function count(value: Figure): string {
  const n = numberOf(value);
  return n === null ? nothing : sign(n) + grouped(Math.abs(Math.round(n)).toString());
}

/** A count that may be shortened: 96, 6.5k, 125.5k, 2.81M. */
export function short(value: Figure): string {
  const n = numberOf(value);
  if (n === null) return nothing;
  const size = Math.abs(n);
  if (size < 1000) return sign(n) + String(Math.round(size * 100) / 100);
  if (size < 999_950) return `${sign(n)}${(size / 1e3).toFixed(1)}k`;
  if (size < 999_950_000) return `${sign(n)}${(size / 1e6).toFixed(size < 1e7 ? 2 : 1)}M`;
  return `${sign(n)}${(size / 1e9).toFixed(2)}G`;
}

/** Tokens are counts that may be shortened; null means that the SDK did not report them. */
export const tokens = short;

/** A share from 0 to 1: 58.2 %, 100 %, 0 %. */
export function percent(value: Figure): string {
  const share = numberOf(value);
  if (share === null) return nothing;
  const p = share * 100;
  const text = Math.abs(p) >= 99.95 || Math.abs(p) < 0.05 || Math.abs(p - Math.round(p)) < 0.05 ? p.toFixed(0) : p.toFixed(1);
  return `${text} %`;
}

/** A score: two digits. */
export function score(value: Figure): string {
  const n = numberOf(value);
  return n === null ? nothing : n.toFixed(2);
}

/** A score of any kind: a number, yes or no, a category, a text. */
export const scored = (value: number | boolean | string | null | undefined): string => (typeof value === 'boolean' ? (value ? 'yes' : 'no') : typeof value === 'string' ? value : score(value));

/** Bytes: 312 B, 4.2 kB, 50 MB. */
export function bytes(value: Figure): string {
  const n = numberOf(value);
  if (n === null) return nothing;
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(1)} kB`;
  return `${(n / 1e6).toFixed(n < 1e7 ? 1 : 0)} MB`;
}

/** "1 session", "2 sessions". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

type Moment = string | number | Date | null | undefined;

function dateOf(value: Moment): Date | null {
  if (value === null || value === undefined || value === '') return null;
  const date = value instanceof Date ? value : new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}

function write(value: Moment, form: (d: Date) => string): string {
  const date = dateOf(value);
  return date ? form(date) : nothing;
}

const dayOf = (d: Date) => `${d.getUTCDate()} ${months[d.getUTCMonth()]}`;
const clockOf = (d: Date) => `${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}`;
const secondsOf = (d: Date) => `${clockOf(d)}:${pad(d.getUTCSeconds())}`;

/** 12 Nov */
export const day = (value: Moment) => write(value, dayOf);
/** Thu 12 */
export const weekday = (value: Moment) => write(value, (d) => `${weekdays[d.getUTCDay()]} ${d.getUTCDate()}`);
/** 20:36 */
export const clock = (value: Moment) => write(value, clockOf);
/** 20:36:58 */
export const clockSeconds = (value: Moment) => write(value, secondsOf);
/** 12 Nov 20:36 */
export const dayClock = (value: Moment) => write(value, (d) => `${dayOf(d)} ${clockOf(d)}`);
/** 12 Nov 20:36:58 */
export const daySeconds = (value: Moment) => write(value, (d) => `${dayOf(d)} ${secondsOf(d)}`);
/** 12 Nov 2026 20:36:58 (say UTC beside it) */
export const moment = (value: Moment) => write(value, (d) => `${dayOf(d)} ${d.getUTCFullYear()} ${secondsOf(d)}`);
/** Thu 12 Nov 12:00 */
export const weekdayClock = (value: Moment) => write(value, (d) => `${weekdays[d.getUTCDay()]} ${dayOf(d)} ${clockOf(d)}`);

/** "2 s ago", from an age in milliseconds. */
export function ago(ms: Figure): string {
  const age = numberOf(ms);
  if (age === null) return nothing;
  if (age < 1000) return 'now';
  const seconds = Math.round(age / 1000);
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${grouped(String(Math.floor(seconds / 86_400)))} d ago`;
}
