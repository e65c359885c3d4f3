// What was just done, with its undo: one line at the bottom for six seconds.

export interface Toast {
  id: number;
  text: string;
  undo?: () => void;
}

export class Toasts {
  current = $state.raw<Toast | null>(null);
  #next = 1;
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(text: string, undo?: () => void): void {
    this.current = { id: this.#next++, text, ...(undo ? { undo } : {}) };
    this.resume();
  }

  /** Reading or pointing at it holds it. */
  hold(): void {
    clearTimeout(this.#timer);
  }

  resume(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), 6000);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.current = null;
  }

  undo(): void {
    this.current?.undo?.();
    this.close();
  }
}
