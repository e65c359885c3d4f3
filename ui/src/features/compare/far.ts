// Cuts two long lists of steps into pairs of pieces that belong to each other, small enough to be aligned cell by cell.

/** A stretch: from, and the end that is not in it. */
export type Stretch = [number, number];

/** Two pieces of so many cells are left as they are. */
const CELLS = 4_000_000;
/** Beyond so many even halving takes too long: the stretch is cut in equal parts. */
const MOST_CELLS = 600_000_000;

/**
 * First at steps that stand once in either list and in the same order in both (patience); what lies between such anchors and
 * is still too long is halved where the best common sequence passes (Hirschberg: linear memory).
 */
export function pieces(left: readonly string[], right: readonly string[], leftKinds: readonly string[], rightKinds: readonly string[]): [Stretch, Stretch][] {
  if (left.length * right.length <= CELLS) return [[[0, left.length], [0, right.length]]];
  const codes = new Map<string, number>();
  const code = (list: readonly string[]): Int32Array => Int32Array.from(list, (key) => codes.get(key) ?? (codes.set(key, codes.size), codes.size - 1));
  const sides: Sides = { a: code(left), b: code(right), kindA: code(leftKinds), kindB: code(rightKinds) };
  const out: [Stretch, Stretch][] = [];
  let [i, j] = [0, 0];
  for (const [atLeft, atRight] of anchors(left, right)) {
    halve(sides, i, atLeft, j, atRight, out);
    [i, j] = [atLeft, atRight];
  }
  halve(sides, i, left.length, j, right.length, out);
  return out;
}

interface Sides {
  a: Int32Array;
  b: Int32Array;
  kindA: Int32Array;
  kindB: Int32Array;
}

/** Places of steps that stand once in either list: the longest run of them that rises in both. */
function anchors(left: readonly string[], right: readonly string[]): [number, number][] {
  const once = (list: readonly string[]): Map<string, number> => {
    const at = new Map<string, number>();
    list.forEach((key, i) => at.set(key, at.has(key) ? -1 : i));
    return at;
  };
  const inRight = once(right);
  const both: [number, number][] = [];
  for (const [key, i] of once(left)) {
    const j = inRight.get(key) ?? -1;
    if (i >= 0 && j >= 0) both.push([i, j]);
  }
  both.sort((a, b) => a[0] - b[0]);
  return rising(both);
}

function rising(pairs: [number, number][]): [number, number][] {
  const ends: number[] = [];
  const before = new Int32Array(pairs.length).fill(-1);
  pairs.forEach(([, j], at) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[ends[middle]!]![1] < j) low = middle + 1;
      else high = middle;
    }
    before[at] = low ? ends[low - 1]! : -1;
    ends[low] = at;
  });
  const out: [number, number][] = [];
  for (let at = ends[ends.length - 1] ?? -1; at >= 0; at = before[at]!) out.push(pairs[at]!);
  return out.reverse();
}

function halve(sides: Sides, i: number, iEnd: number, j: number, jEnd: number, out: [Stretch, Stretch][]): void {
  const [n, m] = [iEnd - i, jEnd - j];
  if (!n && !m) return;
  if (n * m <= CELLS || n < 2) return void out.push([[i, iEnd], [j, jEnd]]);
  const middle = i + (n >> 1);
  const cut = n * m > MOST_CELLS ? j + (m >> 1) : passes(sides, i, middle, iEnd, j, jEnd);
  halve(sides, i, middle, j, cut, out);
  halve(sides, middle, iEnd, cut, jEnd, out);
}

/** Where in the right list the best common sequence passes the middle of the left one. */
function passes(sides: Sides, i: number, middle: number, iEnd: number, j: number, jEnd: number): number {
  const down = scores(sides, i, middle, j, jEnd, false);
  const up = scores(sides, middle, iEnd, j, jEnd, true);
  let best = 0;
  for (let at = 1; at < down.length; at++) if (down[at]! + up[at]! > down[best]! + up[best]!) best = at;
  return j + best;
}

/** Best scores of left[i, iEnd) beside each beginning (or, backwards, each end) of right[j, jEnd). */
function scores({ a, b, kindA, kindB }: Sides, i: number, iEnd: number, j: number, jEnd: number, back: boolean): Int32Array {
  const m = jEnd - j;
  const row = new Int32Array(m + 1);
  for (let step = 0; step < iEnd - i; step++) {
    const x = back ? iEnd - 1 - step : i + step;
    const [key, kind] = [a[x]!, kindA[x]!];
    let diagonal = 0;
    let beside = 0;
    for (let t = 1; t <= m; t++) {
      const y = back ? jEnd - t : j + t - 1;
      const above = row[t]!;
      let now = above > beside ? above : beside;
      const worth = b[y] === key ? 5 : kindB[y] === kind ? 1 : 0;
      if (worth && diagonal + worth > now) now = diagonal + worth;
      diagonal = above;
      beside = now;
      row[t] = now;
    }
  }
  return back ? row.reverse() : row;
}
