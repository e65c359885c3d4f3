// What changed between two values: paths added, removed, changed.
import { unwrap } from './reading';

export interface Change {
  path: string;
  change: 'added' | 'removed' | 'changed';
  before: string;
  after: string;
}

const isTree = (value: unknown): value is Record<string, unknown> | unknown[] => typeof value === 'object' && value !== null;
const said = (value: unknown): string => (value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value));

export function changes(before: unknown, after: unknown, limit = 200): Change[] {
  const out: Change[] = [];
  compare(unwrap(before), unwrap(after), '', out, limit);
  return out;
}

function compare(before: unknown, after: unknown, path: string, out: Change[], limit: number): void {
  if (out.length >= limit) return;
  if (isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const key of keys) {
      const at = Array.isArray(before) ? `${path}[${key}]` : path ? `${path}.${key}` : key;
      compare((before as Record<string, unknown>)[key], (after as Record<string, unknown>)[key], at, out, limit);
    }
    return;
  }
  if (said(before) === said(after)) return;
  const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  out.push({ path, change, before: said(before), after: said(after) });
}
