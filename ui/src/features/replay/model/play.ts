// The run as it happened: which step a moment belongs to, what comes next, the stretches of the scrubber.
import { workerOf, type Node } from './tree';
import { toAxis, type Scale } from './timeline';

/** The last of `steps` (in start order) that has begun at `time`; -1 before the first. */
export function stepAt(steps: readonly Node[], time: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]!.start <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export type Jump = 'llm' | 'tool' | 'handoff' | 'error' | 'same';

const NAMES: Record<Jump, string> = { llm: 'model call', tool: 'tool call', handoff: 'handoff', error: 'error', same: 'call of the same' };
export const jumpName = (jump: Jump): string => NAMES[jump];

/** A handoff: said by a span, or another agent at work than in the step before. */
function handsOver(steps: readonly Node[], at: number): boolean {
  const step = steps[at]!;
  if (step.kind === 'handoff') return true;
  const before = at > 0 ? whose(steps[at - 1]!) : '';
  return before !== '' && whose(step) !== '' && before !== whose(step) && steps[at - 1]!.kind !== 'handoff';
}

function whose(step: Node): string {
  return workerOf(step, '');
}

/** The place in `steps` of the next one after `at` (or the one before, with `back`); -1 when there is none. */
export function jump(steps: readonly Node[], at: number, what: Jump, back = false): number {
  const from = steps[at];
  const fits = (i: number): boolean => {
    const step = steps[i]!;
    if (what === 'error') return step.failed;
    if (what === 'handoff') return handsOver(steps, i);
    if (what === 'same') return !!from && step.kind === from.kind && step.label === from.label;
    return step.kind === what;
  };
  for (let i = at + (back ? -1 : 1); i >= 0 && i < steps.length; i += back ? -1 : 1) if (fits(i)) return i;
  return -1;
}

export interface Stretch {
  left: number;
  width: number;
  kind: string;
  failed: boolean;
}

/** The whole run on one line, each stretch in the colour of what was at work; those too narrow to see are joined. */
export function stretches(steps: readonly Node[], scale: Scale, least: number): Stretch[] {
  const out: Stretch[] = [];
  for (const step of steps) {
    const left = (toAxis(scale, step.start) / scale.length) * 100;
    const width = (toAxis(scale, step.end) / scale.length) * 100 - left;
    const last = out[out.length - 1];
    if (last && left < last.left + least) {
      last.failed ||= step.failed;
      last.width = Math.max(last.width, left + width - last.left);
    } else {
      if (last) last.width = Math.min(last.width, left - last.left);
      out.push({ left, width: Math.max(width, 0), kind: step.kind, failed: step.failed });
    }
  }
  return out;
}
