// Small things that a browser remembers for its person: widths, the theme, the folded navigation.

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`pawl.${name}`);
  } catch {
    return null;
  }
}

export function recallNumber(name: string, fallback: number): number {
  const stored = Number(recall(name) ?? Number.NaN);
  return Number.isFinite(stored) ? stored : fallback;
}

export function remember(name: string, value: string | number): void {
  try {
    localStorage.setItem(`pawl.${name}`, String(value));
  } catch {
    // A browser that forbids storage forgets; nothing else changes.
  }
}
