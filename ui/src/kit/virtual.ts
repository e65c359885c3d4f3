// Which rows of a long list are in sight. Heights may be known, or guessed first and measured later.

export interface Range {
  /** First and one past the last row to draw. */
  from: number;
  to: number;
}

/** Rows of one height. */
export function rangeOf(rows: number, height: number, top: number, view: number, spare = 8): Range {
  const from = Math.max(0, Math.floor(top / height) - spare);
  return { from, to: Math.min(rows, Math.ceil((top + view) / height) + spare) };
}

/** Rows of different heights: prefix sums in a Fenwick tree, so that a measurement and a look-up cost log n. */
export class Heights {
  readonly #tree: Float64Array;
  readonly #size: Float64Array;
  readonly rows: number;

  constructor(rows: number, guess: (row: number) => number) {
    this.rows = rows;
    this.#size = new Float64Array(rows);
    this.#tree = new Float64Array(rows + 1);
    for (let row = 0; row < rows; row++) {
      const height = guess(row);
      this.#size[row] = height;
      const at = row + 1;
      this.#tree[at]! += height;
      const parent = at + (at & -at);
      if (parent <= rows) this.#tree[parent]! += this.#tree[at]!;
    }
  }

  /** Answers the difference to what was believed before. */
  measured(row: number, height: number): number {
    const change = height - (this.#size[row] ?? 0);
    if (Math.abs(change) < 0.5) return 0;
    this.#size[row] = height;
    for (let at = row + 1; at <= this.rows; at += at & -at) this.#tree[at]! += change;
    return change;
  }

  height(row: number): number {
    return this.#size[row] ?? 0;
  }

  /** The distance of a row's upper edge from the top of the list. */
  top(row: number): number {
    let sum = 0;
    for (let at = Math.min(row, this.rows); at > 0; at -= at & -at) sum += this.#tree[at]!;
    return sum;
  }

  get total(): number {
    return this.top(this.rows);
  }

  /** The row at a distance from the top. */
  at(distance: number): number {
    let row = 0;
    let left = distance;
    for (let step = 2 ** Math.floor(Math.log2(Math.max(1, this.rows))); step >= 1; step /= 2) {
      const next = row + step;
      if (next <= this.rows && this.#tree[next]! <= left) {
        row = next;
        left -= this.#tree[next]!;
      }
    }
    return Math.min(row, Math.max(0, this.rows - 1));
  }

  range(top: number, view: number, spare = 4): Range {
    if (this.rows === 0) return { from: 0, to: 0 };
    return { from: Math.max(0, this.at(top) - spare), to: Math.min(this.rows, this.at(top + view) + 1 + spare) };
  }
}
