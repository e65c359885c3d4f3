// Exact money: decimal strings in US dollars, added as whole pico-dollars; never a float.

const SCALE = 12;
const ONE = 10n ** 12n;

/** Pico-dollars of a decimal string, or null when it is no amount. Digits after the twelfth are dropped. */
export function pico(amount: string | number | null | undefined): bigint | null {
  if (amount === null || amount === undefined || amount === '') return null;
  let text = String(amount).trim();
  const exponent = /^([+-]?[\d.]+)[eE]([+-]?\d+)$/.exec(text);
  if (exponent) text = Number(text).toFixed(SCALE);
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text);
  if (!parts || (!parts[2] && !parts[3])) return null;
  const fraction = (parts[3] ?? '').slice(0, SCALE).padEnd(SCALE, '0');
  const value = BigInt(parts[2] || '0') * ONE + BigInt(fraction);
  return parts[1] === '-' ? -value : value;
}

/** `$0.0734`: `digits` after the point, rounded half up. */
export function dollars(value: bigint | null | undefined, digits: number): string {
  if (value === null || value === undefined) return '–';
  const negative = value < 0n;
  const unit = 10n ** BigInt(SCALE - digits);
  const rounded = ((negative ? -value : value) + unit / 2n) / unit;
  const whole = (rounded / 10n ** BigInt(digits)).toString().replace(/\B(?=(\d{3})+$)/g, '\u2009');
  const fraction = digits ? '.' + (rounded % 10n ** BigInt(digits)).toString().padStart(digits, '0') : '';
  return `${negative ? '−' : ''}$${whole}${fraction}`;
}

/** Money inside one session: 4 digits, 2 from $100; an amount too small for them says so. */
export function money(value: bigint | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value > 0n && value < ONE / 20_000n) return '<$0.0001';
  return dollars(value, value >= 100n * ONE ? 2 : 4);
}

/** All six digits, as formulas are shown. */
export const exact = (value: bigint | null | undefined): string => dollars(value, 6);
