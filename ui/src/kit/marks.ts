// What happened at a moment, drawn on charts over time: a dashed line with a name where there is room, and where the name stands for a link.
import type uPlot from 'uplot';
import { tokenColour } from './theme.svelte';

export interface Mark {
  /** In milliseconds, as `until`, where it lasted. */
  at: number;
  until?: number | null;
  /** Short, on the chart. */
  name: string;
  /** Shorter still, where that has no room. */
  short?: string;
  /** A sentence. */
  title: string;
  tone: 'mark' | 'warn' | 'bad' | 'accent';
  /** Inside Pawl; none: it leads nowhere. */
  href?: string;
}
/** Where a mark can be pressed, in CSS pixels of the chart. */
export interface Placed {
  mark: Mark;
  left: number;
  width: number;
}
/** What a chart keeps free above its lines for names. */
export const markRoom = 22;
const tokens = { mark: '--c-mark', warn: '--warn', bad: '--bad', accent: '--accent' } as const;

const rank = { bad: 0, mark: 1, accent: 2, warn: 3 } as const;

/** Draws those in sight, what matters most named first; answers where one can press. */
export function drawMarks(plot: uPlot, marks: readonly Mark[]): Placed[] {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const end = bbox.left + bbox.width;
  const seen = marks.map((mark) => ({ mark, x: Math.round(plot.valToPos(mark.at / 1000, 'x', true)) })).filter(({ x }) => x >= bbox.left && x <= end);
  const placed: Placed[] = [];
  const taken = seen.map(({ x }): [number, number] => [x - 6 * ratio, x + 6 * ratio]);
  const free = (from: number, to: number, own: number): boolean => to <= end + 4 * ratio && from >= 0 && taken.every(([a, b], i) => i === own || b <= from || a >= to);
  ctx.save();
  ctx.font = `${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.textBaseline = 'middle';
  ctx.lineWidth = ratio;
  for (const { mark, x } of seen) drawOne(plot, mark, x);
  const order = seen.map((_, i) => i).sort((a, b) => rank[seen[a]!.mark.tone] - rank[seen[b]!.mark.tone]);
  for (const own of order) {
    const { mark, x } = seen[own]!;
    let [from, to] = [x - 12 * ratio, x + 12 * ratio];
    for (const name of [mark.name, ...(mark.short ? [mark.short] : [])]) {
      const wide = ctx.measureText(name).width;
      const right = free(x + 6 * ratio, x + 12 * ratio + wide, own);
      if (!right && !free(x - 12 * ratio - wide, x - 6 * ratio, own)) continue;
      ctx.fillStyle = tokenColour(mark.tone === 'bad' || mark.tone === 'warn' ? tokens[mark.tone] : '--ink-2');
      ctx.textAlign = right ? 'left' : 'right';
      ctx.fillText(name, right ? x + 8 * ratio : x - 8 * ratio, bbox.top - 6 * ratio);
      [from, to] = right ? [x - 6 * ratio, x + 12 * ratio + wide] : [x - 12 * ratio - wide, x + 6 * ratio];
      taken.push([from, to]);
      break;
    }
    placed.push({ mark, left: from / ratio, width: Math.max(24, (to - from) / ratio) });
  }
  ctx.restore();
  return placed.filter((one, i) => placed.slice(0, i).every((before) => before.left + before.width <= one.left || before.left >= one.left + one.width));
}

/** Its line, its head, and how long it lasted. */
function drawOne({ ctx, bbox, valToPos }: uPlot, mark: Mark, x: number): void {
  const ratio = devicePixelRatio;
  ctx.strokeStyle = ctx.fillStyle = tokenColour(tokens[mark.tone]);
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x + 0.5, bbox.top);
  ctx.lineTo(x + 0.5, bbox.top + bbox.height);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(x - 4 * ratio, bbox.top - 9 * ratio);
  ctx.lineTo(x + 4 * ratio, bbox.top - 9 * ratio);
  ctx.lineTo(x, bbox.top - 3 * ratio);
  ctx.fill();
  if (!mark.until || mark.until <= mark.at) return;
  const until = Math.min(bbox.left + bbox.width, valToPos(mark.until / 1000, 'x', true));
  ctx.fillRect(x, bbox.top, Math.max(ratio, until - x), 2 * ratio);
}
