// How figures and times are written: units always, thin spaces between thousands, `–` for unknown.

const THIN = '\u2009';

export const grouped = (value: number): string => Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, THIN);

/** 6 540 → `6.5k`, 1 990 000 → `1.99M`; null → `–`. */
export function compact(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value < 1000) return String(value);
  if (value < 999_950) return (value / 1000).toFixed(1) + 'k';
  return (value / 1e6).toFixed(2) + 'M';
}

/** 210 → `210 ms`, 4 000 → `4.0 s`, 305 000 → `5 m 05 s`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '–';
  if (ms > 0 && ms < 1) return '<1 ms';
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} m`;
  return `${Math.floor(seconds / 86_400)} d ${two(Math.floor((seconds % 86_400) / 3600))} h`;
}

/** A pause as one says it: `58 s`, `12 min`, `3 h`. */
export function pause(ms: number): string {
  if (ms < 89_500) return `${Math.round(ms / 1000)} s`;
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `12 Nov 2026 20:36:58`, UTC. */
export function moment(time: string | null | undefined): string {
  const at = time ? new Date(time) : null;
  if (!at || Number.isNaN(at.getTime())) return '–';
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/** `14 Apr 2025`. */
export const day = (time: string | null | undefined): string => moment(time).split(' ').slice(0, 3).join(' ');

/** Milliseconds since the epoch, nanoseconds kept as a fraction. */
export function msOf(time: string | null | undefined): number {
  if (!time) return Number.NaN;
  const fraction = /\.(\d+)/.exec(time);
  const whole = Date.parse(fraction ? time.replace(fraction[0], '') : time);
  return fraction ? whole + Number(`0.${fraction[1]}`) * 1000 : whole;
}

export const plural = (n: number, one: string, many = one + 's'): string => `${grouped(n)} ${n === 1 ? one : many}`;

export const share = (part: number, whole: number): string => (whole > 0 ? `${Math.round((100 * part) / whole)} %` : '–');

/** Cut at a word, with `…`, only when it is longer. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const at = text.lastIndexOf(' ', length);
  return text.slice(0, at > length * 0.6 ? at : length).trimEnd() + '…';
}
