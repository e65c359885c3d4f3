// Two runs beside each other: read, aligned, and where one is in the list of differences.
import { QueryState, sentence, url, type App } from '$kit';
import { untrack } from 'svelte';
import { load } from '../replay/load';
import { align, divergence, tally, type Pair } from './align';
import { tell, type Told } from './entries';
import { goodRuns, type Good } from './good';

const schema = { a: url.text(), b: url.text(), same: url.flag(), at: url.number(), inside: url.flag() };
type Kind = 'session' | 'trace';

/** `sessions/ID` or `traces/ID`. */
export function runOf(text: string): { kind: Kind; id: string } | null {
  const parsed = /^(sessions|traces)\/(.+)$/.exec(text);
  return parsed ? { kind: parsed[1] === 'sessions' ? 'session' : 'trace', id: parsed[2]! } : null;
}
export const nameOf = (kind: Kind, id: string): string => `${kind === 'session' ? 'sessions' : 'traces'}/${id}`;

export class CompareModel {
  readonly state: QueryState<typeof schema>;
  left = $state.raw<Told | null>(null);
  right = $state.raw<Told | null>(null);
  readonly failures = $state<Record<'left' | 'right', { side: string; message: string } | null>>({ left: null, right: null });
  good = $state.raw<readonly Good[] | null>(null);
  tookMs = $state(0);
  readonly #stop = new AbortController();

  constructor(readonly app: App) {
    this.state = new QueryState(app.router, schema);
    $effect(() => {
      const name = this.values.b;
      untrack(() => void this.#read('right', name));
    });
    $effect(() => {
      const name = this.values.a;
      untrack(() => void this.#read('left', name));
    });
    $effect(() => () => this.#stop.abort());
  }

  readonly failure = $derived(this.failures.left ?? this.failures.right);
  readonly values = $derived.by(() => this.state.values);
  readonly pairs = $derived.by<Pair[]>(() => {
    if (!this.left || !this.right) return [];
    const began = performance.now();
    const out = align(this.left.entries, this.right.entries);
    const took = performance.now() - began;
    queueMicrotask(() => (this.tookMs = took));
    return out;
  });
  readonly parts = $derived(divergence(this.pairs));
  readonly tally = $derived(tally(this.pairs));
  readonly shown = $derived.by<Pair[]>(() => (this.values.same ? this.pairs.filter((pair, i) => (pair.fate !== 'same' && pair.fate !== 'reworded') || i === this.parts) : this.pairs));
  readonly at = $derived.by(() => Math.min(this.values.at ?? this.parts, this.pairs.length - 1));

  async #read(side: 'left' | 'right', name: string): Promise<void> {
    const here = this[side];
    if (here && nameOf(here.run.kind, here.run.id) === name) return;
    this[side] = null;
    this.failures[side] = null;
    if (!name) return;
    const run = runOf(name);
    if (!run) {
      this.failures[side] = { side: name, message: 'An address of a run reads sessions/ID or traces/ID.' };
      return;
    }
    try {
      const told = tell(await load(this.app.api, run.kind, run.id, this.#stop.signal));
      this[side] = told;
      if (side === 'right' && !this.app.shared) void this.#offer(told);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.failures[side] = { side: name, message: sentence(error) };
    }
  }

  /** Good runs to compare with; without a left one, the first of them. */
  async #offer(told: Told): Promise<void> {
    try {
      this.good = await goodRuns(this.app.api, told.run, this.#stop.signal);
      const first = this.good[0];
      if (!this.values.a && first) this.state.set({ a: nameOf(told.run.kind, first.id) }, { replace: true });
    } catch (error) {
      if (!this.#stop.signal.aborted) this.good = [];
    }
  }

  choose(at: number): void {
    this.state.set({ at: at < 0 ? null : at }, { replace: true });
  }
  /** The next pair that is not the same, around the end. */
  step(by: 1 | -1): void {
    const list = this.pairs.map((pair, i) => (pair.fate === 'same' || pair.fate === 'reworded' ? -1 : i)).filter((i) => i >= 0);
    if (!list.length) return;
    const next = by === 1 ? list.find((i) => i > this.at) : [...list].reverse().find((i) => i < this.at);
    this.choose(next ?? (by === 1 ? list[0]! : list[list.length - 1]!));
  }
  /** Both are here already: nothing is read anew, so that the next key finds what it sees. */
  swap(): void {
    [this.left, this.right] = [this.right, this.left];
    this.state.set({ a: this.values.b, b: this.values.a, at: null });
  }
}
