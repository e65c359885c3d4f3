// What the kit's formats leave to the replay: pauses, cuts, moments in milliseconds.
import { count, day } from '../../../kit/format';
export { count, duration, moment, nothing, percent, plural, short } from '../../../kit/format';

/** A pause as one says it: `58 s`, `12 min`, `3 h`. */
export function pause(ms: number): string {
  if (ms < 89_500) return `${Math.round(ms / 1000)} s`;
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${count(ms / 86_400_000)} days`;
}

/** `14 Apr 2025`. */
export const date = (time: string | null | undefined): string => (time && !Number.isNaN(Date.parse(time)) ? `${day(time)} ${new Date(time).getUTCFullYear()}` : '–');

/** Milliseconds since the epoch, nanoseconds kept as a fraction. */
export function msOf(time: string | null | undefined): number {
  if (!time) return Number.NaN;
  const whole = Date.parse(time);
  // Date.parse keeps three digits of the fraction; the rest is added.
  const rest = time.length > 24 && time[19] === '.' ? Number(`0.${time.slice(23).replace(/\D.*$/, '')}`) : 0;
  return whole + (rest || 0);
}

/** Whole percent: `35 %`. */
export const share = (part: number, whole: number): string => (whole > 0 ? `${Math.round((100 * part) / whole)} %` : '–');

/** Cut at a word, with `…`, only when it is longer. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const at = text.lastIndexOf(' ', length);
  return text.slice(0, at > length * 0.6 ? at : length).trimEnd() + '…';
}
