// Two lists of calls beside each other, where the trials shown are not those that the server has aligned.
import type { ToolCall } from '../datasets/calls';
import { changes } from '../replay/model/diff';
import type { Step } from './calls';

const MOST_CELLS = 1_000_000;
/** JSON with its keys in order, so that equal values are equal texts. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`).join(',')}}`;
  return JSON.stringify(value) ?? 'null';
}

/** By the dearest common sequence: an equal call counts more than one of the same tool with other arguments. */
export function alignCalls(before: readonly ToolCall[], after: readonly ToolCall[]): { steps: Step[]; divergence: number | null } {
  const [n, m] = [before.length, after.length];
  const texts = [before.map((call) => canonical(call.arguments ?? {})), after.map((call) => canonical(call.arguments ?? {}))] as const;
  const worth = (i: number, j: number): number => (before[i]!.name !== after[j]!.name ? 0 : texts[0][i] === texts[1][j] ? 3 : 2);
  const best = n * m <= MOST_CELLS ? new Float64Array((n + 1) * (m + 1)) : null;
  const at = (i: number, j: number): number => i * (m + 1) + j;
  if (best) for (let i = n - 1; i >= 0; i--) for (let j = m - 1; j >= 0; j--) best[at(i, j)] = Math.max(best[at(i + 1, j)]!, best[at(i, j + 1)]!, worth(i, j) ? worth(i, j) + best[at(i + 1, j + 1)]! : 0);
  const steps: Step[] = [];
  let [i, j] = [0, 0];
  while (i < n || j < m) {
    const both = i < n && j < m ? worth(i, j) : 0;
    // Without the table (very long lists) step by step, in lockstep.
    const take = both > 0 && (!best || best[at(i, j)] === both + best[at(i + 1, j + 1)]!);
    if (take) {
      const [left, right] = [before[i++]!, after[j++]!];
      steps.push({ state: both === 3 ? 'same' : 'arguments', baseline: left, candidate: right, pointer: both === 3 ? '' : pointerOf(left.arguments, right.arguments) });
      continue;
    }
    if (j >= m || (i < n && (!best || best[at(i + 1, j)]! >= best[at(i, j + 1)]!))) steps.push({ state: 'removed', baseline: before[i++]!, candidate: null, pointer: '' });
    else steps.push({ state: 'added', baseline: null, candidate: after[j++]!, pointer: '' });
  }
  const parts = steps.findIndex((step) => step.state !== 'same');
  return { steps, divergence: parts < 0 ? null : parts };
}

const pointerOf = (before: unknown, after: unknown): string => {
  const first = changes(before ?? {}, after ?? {}, 1)[0];
  return first ? `/${first.path.replace(/\[(\w+)\]/g, '.$1').replaceAll('.', '/')}` : '';
};
/** The value at a JSON pointer, as text; '' where there is none. */
export function at(value: unknown, pointer: string): string {
  let inner = value;
  for (const part of pointer.split('/').slice(1)) inner = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  return inner === undefined ? '' : typeof inner === 'string' ? inner : JSON.stringify(inner);
}
