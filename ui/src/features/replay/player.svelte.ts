// The player: a playhead that goes through the run as it happened, on the clock of the timeline, and takes the selection along.
import { play, timeline, type Node } from './model';
import { speeds, type Replay } from './replay.svelte';

/** The address learns where the playhead is this often while it moves. */
const WRITE_EVERY_MS = 1000;
/** The address keeps microseconds. */
const SAME_MS = 0.002;

export class Player {
  playing = $state(false);
  /** Where the playhead is while it moves, in axis milliseconds; the address has it when it rests. */
  #moving = $state<number | null>(null);
  #frame = 0;
  #written = 0;

  constructor(readonly replay: Replay) {}

  readonly #resting = $derived.by<number | null>(() => {
    const at = this.replay.values.at;
    return at === null || !this.replay.run ? null : timeline.toAxis(this.replay.scale, this.replay.scale.start + at);
  });
  /** Axis milliseconds; null while nothing was played. */
  readonly head = $derived(this.#moving ?? this.#resting);
  readonly shown = $derived(this.head !== null);
  readonly steps = $derived.by<Node[]>(() => this.replay.tree.steps);
  readonly length = $derived.by(() => this.replay.scale.length);
  readonly speed = $derived.by(() => Number(this.replay.values.speed));
  readonly time = $derived.by(() => (this.head === null ? null : timeline.fromAxis(this.replay.scale, this.head)));
  /** The step at the playhead; without one, the selected step's place. */
  readonly at = $derived.by(() => {
    if (this.time === null) return -1;
    // Of several that began at once, the chosen one.
    const chosen = this.replay.selected;
    if (chosen && chosen.step > 0 && Math.abs(chosen.start - this.time) < SAME_MS) return chosen.step - 1;
    return play.stepAt(this.steps, this.time + SAME_MS);
  });
  readonly here = $derived(this.at >= 0 ? this.steps[this.at] : undefined);
  /** What began later than this has not happened yet: it is drawn faintly. */
  readonly until = $derived(this.head === null ? Infinity : (this.here?.start ?? -Infinity));
  readonly #place = $derived(this.head === null ? this.#selectedPlace() : this.at);

  #selectedPlace(): number {
    const { selected, chosen } = this.replay;
    return chosen && selected ? (selected.step > 0 ? selected.step - 1 : play.stepAt(this.steps, selected.start)) : -1;
  }

  get place(): number {
    return this.#place;
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.#play();
  }

  #play(): void {
    if (!this.steps.length) return;
    const rest = this.head ?? (this.#place >= 0 ? this.#axisOf(this.steps[this.#place]!) : 0);
    let last = performance.now();
    this.playing = true;
    this.#written = last;
    this.#moving = rest >= this.length - 1 ? 0 : rest;
    this.#follow();
    const tick = (now: number): void => {
      if (!this.playing) return;
      const next = Math.min(this.length, (this.#moving ?? 0) + (now - last) * this.speed);
      last = now;
      this.#moving = next;
      this.#follow();
      if (next >= this.length) return this.pause();
      if (now - this.#written > WRITE_EVERY_MS) {
        this.#written = now;
        this.#write();
      }
      this.#frame = requestAnimationFrame(tick);
    };
    this.#frame = requestAnimationFrame(tick);
  }

  pause(): void {
    cancelAnimationFrame(this.#frame);
    this.playing = false;
    this.#write(true);
    this.#moving = null;
  }

  /** Takes the playhead away. */
  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.playing = false;
    this.#moving = null;
    this.replay.set({ at: null }, { now: true });
  }

  /** Moves the playhead to a place of the axis, and the selection with it. */
  seek(axis: number): void {
    const to = Math.min(Math.max(axis, 0), this.length);
    this.#moving = to;
    this.#follow();
    if (!this.playing) {
      this.#write();
      this.#moving = null;
    }
  }

  /** The step before or after, or the next one of a sort. False where there is none. */
  go(by: 1 | -1): void {
    const to = Math.min(Math.max(this.#place + by, 0), this.steps.length - 1);
    this.#to(to);
  }
  jump(what: play.Jump, back = false): boolean {
    const to = play.jump(this.steps, this.#place, what, back);
    if (to < 0) return false;
    this.#to(to);
    return true;
  }
  can(what: play.Jump): boolean {
    return play.jump(this.steps, this.#place, what) >= 0;
  }

  faster(): void {
    const at = speeds.indexOf(this.replay.values.speed);
    this.replay.set({ speed: speeds[(at + 1) % speeds.length]! }, { now: true });
  }

  #to(at: number): void {
    const step = this.steps[at];
    if (!step) return;
    const axis = this.#axisOf(step);
    this.replay.select(step.id);
    if (this.playing) this.#moving = axis;
    else this.#writeAt(axis);
  }

  #axisOf(step: Node): number {
    return timeline.toAxis(this.replay.scale, step.start);
  }

  /** The selection goes where the playhead is. */
  #follow(): void {
    const step = this.here;
    if (step && this.replay.selected?.id !== step.id) this.replay.select(step.id);
  }

  #write(now = false): void {
    if (this.#moving !== null) this.#writeAt(this.#moving, now);
  }
  #writeAt(axis: number, now = false): void {
    this.replay.set({ at: Math.round((timeline.fromAxis(this.replay.scale, axis) - this.replay.scale.start) * 1000) / 1000 }, { now });
  }

  /** A step that was chosen elsewhere takes the playhead along while one is shown. */
  chosen(step: Node | undefined): void {
    if (!step || this.playing || this.head === null || this.here?.id === step.id || !step.step) return;
    this.#writeAt(this.#axisOf(step));
  }

  leave(): void {
    cancelAnimationFrame(this.#frame);
    this.playing = false;
  }
}
