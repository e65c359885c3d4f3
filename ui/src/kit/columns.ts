// Which columns of a table have room.

export interface Fit {
  /** Pixels; 0 takes what is left. */
  width: number;
  /** The first to go when there is no room have the highest number; 0 stays. */
  spare: number;
}

/** Drops what does not fit, so that each text column keeps at least `room` pixels. */
export function fitting<T extends Fit>(columns: readonly T[], width: number, room = 136): readonly T[] {
  const need = (list: readonly T[]) => list.reduce((n, c) => n + (c.width || room), 16);
  let kept = columns;
  while (need(kept) > width && kept.length > 1) {
    const worst = kept.reduce((a, b) => (b.spare >= a.spare ? b : a));
    if (worst.spare === 0) break;
    kept = kept.filter((c) => c !== worst);
  }
  return kept;
}
