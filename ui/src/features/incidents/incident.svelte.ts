// One incident in the hands of those who work on it: read again while it is open, each change told by the server's answer.
import { sentence, type App } from '$kit';
import { untrack } from 'svelte';
import { callsOf, type Impact, type IncidentCalls, type Patch, type Runbook, type StepAnswer, type Whole } from './incidents';

const AGAIN_MS = 15_000;

export class IncidentModel {
  readonly calls: IncidentCalls;
  whole = $state.raw<Whole | null>(null);
  failure = $state.raw<unknown>(null);
  refusal = $state('');
  impact = $state.raw<Impact | null>(null);
  runbook = $state.raw<Runbook | null>(null);
  answers = $state.raw<Readonly<Record<number, StepAnswer | { refusal: string } | 'asking'>>>({});
  now = $state(Date.now());

  constructor(readonly app: App, readonly id: string) {
    this.calls = callsOf(app.api);
    $effect(() => untrack(() => void this.read()));
    $effect(() => {
      const timer = setInterval(() => {
        this.now = Date.now();
        if (this.whole?.status !== 'resolved') void this.read();
      }, AGAIN_MS);
      return () => clearInterval(timer);
    });
  }

  async read(): Promise<void> {
    try {
      this.#take(await this.calls.one(this.id));
      this.failure = null;
    } catch (error) {
      if (!this.whole) this.failure = error;
    }
  }

  #take(whole: Whole): void {
    const before = this.whole;
    this.whole = whole;
    if (!before || before.window.to !== whole.window.to || before.where !== whole.where) this.calls.impact(this.id).then((impact) => (this.impact = impact), () => {});
    if (before?.runbook === whole.runbook) return;
    this.answers = {};
    this.runbook = null;
    if (whole.runbook) void this.readRunbook();
  }
  async readRunbook(): Promise<void> {
    this.runbook = await this.calls.runbook(this.id).catch(() => null);
  }

  /** Does something and shows what the incident is then; a refusal stays in place. */
  async act(work: () => Promise<Whole | unknown>, done = ''): Promise<boolean> {
    this.refusal = '';
    try {
      const said = await work();
      if (said && typeof said === 'object' && 'timeline' in said) this.#take(said as Whole);
      else await this.read();
      if (done) this.app.toasts.show(done);
      return true;
    } catch (error) {
      this.refusal = sentence(error);
      return false;
    }
  }
  change = (patch: Patch, done = ''): Promise<boolean> => this.act(() => this.calls.change(this.id, patch), done);

  /** Asks the question of a step, for this incident's time and agent. */
  async run(step: number): Promise<void> {
    this.answers = { ...this.answers, [step]: 'asking' };
    try {
      this.answers = { ...this.answers, [step]: await this.calls.run(this.id, step) };
    } catch (error) {
      this.answers = { ...this.answers, [step]: { refusal: sentence(error) } };
    }
  }
  async done(step: number, note: string): Promise<void> {
    if (await this.act(() => this.calls.done(this.id, step, note))) await this.readRunbook();
  }
}
