// Where a card floats: below what it explains, above it where there is no room; never over it.

export interface Place {
  left: number;
  top?: number;
  bottom?: number;
}

const ROOM = 240;

export function floatAt(box: DOMRect, width: number): Place {
  const left = Math.max(8, Math.min(box.left, innerWidth - Math.min(width, innerWidth - 16) - 8));
  return box.bottom + ROOM < innerHeight || box.top < ROOM ? { left, top: box.bottom + 6 } : { left, bottom: innerHeight - box.top + 6 };
}
