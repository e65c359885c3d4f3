// Money as whole millionths of a millionth of a dollar, so that sums are exact; and the rows of a cost table, level by level.
import type { Cell, QueryAnswer } from '$api';

const digits = 12;

/** "32.56365325" → 32563653250000n; null and what is no number: null. */
export function picoOf(text: Cell | undefined): bigint | null {
  if (text === null || text === undefined) return null;
  const parsed = /^(-)?(\d+)(?:\.(\d+))?$/.exec(String(text));
  if (!parsed) return null;
  const fraction = (parsed[3] ?? '').slice(0, digits).padEnd(digits, '0');
  const size = BigInt(parsed[2]! + fraction);
  return parsed[1] ? -size : size;
}

/** 32563653250000n → "32.56365325": every digit, no more. */
export function usdOf(pico: bigint): string {
  const size = (pico < 0n ? -pico : pico).toString().padStart(digits + 1, '0');
  const fraction = size.slice(-digits).replace(/0+$/, '');
  return `${pico < 0n ? '-' : ''}${size.slice(0, -digits)}${fraction ? `.${fraction}` : ''}`;
}

/** The part of a whole, from 0 to 1; null of nothing. */
export const shareOf = (part: bigint, whole: bigint): number | null => (whole === 0n ? null : Number((part * 1_000_000n) / whole) / 1_000_000);

export interface CostRow {
  /** The values of the dimensions down to this row; '' where a span names none. */
  path: readonly string[];
  /** null: there are calls and no price is known. */
  cost: bigint | null;
  before: bigint | null;
  sessions: Cell;
  perSession: Cell;
  perTask: Cell;
  tokens: Cell;
  cached: Cell;
  unpriced: number;
}

export const measures = ['cost', 'sessions', 'cost_per_session', 'cost_per_task', 'tokens', 'cache_hit_rate', 'cost_unknown_calls'] as const;

const keyOf = (path: readonly Cell[]) => JSON.stringify(path.map((cell) => String(cell ?? '')));

/** The rows of one level, the dearest first; what is attributed to nobody is the last. */
export function rowsOf(answer: QueryAnswer, before: QueryAnswer | null, depth: number): CostRow[] {
  const at = Object.fromEntries(answer.columns.map((column, i) => [column.name, i]));
  const cell = (row: readonly Cell[], name: string): Cell => (at[name] === undefined ? null : (row[at[name]!] ?? null));
  const costThen = before?.columns.findIndex((column) => column.name === 'cost') ?? -1;
  const then = new Map((before?.rows ?? []).map((row) => [keyOf(row.slice(0, depth)), picoOf(row[costThen])]));
  const rows = answer.rows.map((row): CostRow => ({
    path: row.slice(0, depth).map((value) => String(value ?? '')), cost: picoOf(cell(row, 'cost')), before: then.get(keyOf(row.slice(0, depth))) ?? null, sessions: cell(row, 'sessions'),
    perSession: cell(row, 'cost_per_session'), perTask: cell(row, 'cost_per_task'), tokens: cell(row, 'tokens'), cached: cell(row, 'cache_hit_rate'), unpriced: Number(cell(row, 'cost_unknown_calls') ?? 0),
  }));
  const last = (row: CostRow) => (row.path.at(-1) === '' ? 1 : 0);
  return rows.sort((a, b) => last(a) - last(b) || compare(b.cost ?? -1n, a.cost ?? -1n) || (keyOf(a.path) < keyOf(b.path) ? -1 : 1));
}
const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

/** A row that neither costs anything nor holds anything to price. */
export const isIdle = (row: CostRow): boolean => (row.cost === null || row.cost === 0n) && row.unpriced === 0 && Number(row.tokens ?? 0) === 0;

export const sumOf = (rows: readonly CostRow[]): bigint => rows.reduce((sum, row) => sum + (row.cost ?? 0n), 0n);

/** The rows below one. */
export const below = (level: readonly CostRow[], path: readonly string[]): CostRow[] => level.filter((row) => path.every((value, at) => row.path[at] === value));
