// Exact money: decimal strings in US dollars, added as whole pico-dollars; never a float.
import { formulaMoney, sessionMoney } from '../../../kit/format';

const SCALE = 12;
const ONE = 10n ** 12n;

/** Pico-dollars of a decimal string, or null when it is no amount. Digits after the twelfth are dropped. */
export function pico(amount: string | number | null | undefined): bigint | null {
  if (amount === null || amount === undefined || amount === '') return null;
  const text = /e/i.test(String(amount)) ? Number(amount).toFixed(SCALE) : String(amount).trim();
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text);
  if (!parts || (!parts[2] && !parts[3])) return null;
  const value = BigInt(parts[2] || '0') * ONE + BigInt((parts[3] ?? '').slice(0, SCALE).padEnd(SCALE, '0'));
  return parts[1] === '-' ? -value : value;
}

/** The decimal string again. */
export function usd(value: bigint | null | undefined): string | null {
  if (value === null || value === undefined) return null;
  const size = value < 0n ? -value : value;
  return `${value < 0n ? '-' : ''}${size / ONE}.${(size % ONE).toString().padStart(SCALE, '0')}`;
}

/** Money inside one session: four digits; what is too small for them says so. */
export function money(value: bigint | null | undefined): string {
  return value && value > 0n && value < ONE / 20_000n ? '<$0.0001' : sessionMoney(usd(value));
}
/** All six digits, as formulas are shown. */
export const exact = (value: bigint | null | undefined): string => formulaMoney(usd(value));

/** Sum of what is known; null when nothing is. */
export function total(values: Iterable<bigint | null>): bigint | null {
  let sum: bigint | null = null;
  for (const value of values) if (value !== null) sum = (sum ?? 0n) + value;
  return sum;
}
