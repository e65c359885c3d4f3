// A rule in the hands of a person: what is written, what it would have done, what the server says of it.
import type { FilterMistake, Measure } from '$api';
import { sentence, wasAborted, type App } from '$kit';
import { untrack } from 'svelte';
import { callsOf, type Alert, type Backtest, type Calls, type Channel, type Definition, type Event, type Rule } from './calls';
import { cleanOf, refusedOf, type Refused } from './words';

const WAIT_MS = 350;

export const fresh = (): Definition => ({ name: '', measure: 'error_rate', kind: 'threshold', filter: '', split: [], step: '5m', direction: 'up', above: 0.1, for: '10m', severity: 'ticket', channels: [], enabled: true });

export class RuleModel {
  readonly calls: Calls;
  rule = $state.raw<Rule | null>(null);
  draft = $state<Definition>(fresh());
  failure = $state.raw<unknown>(null);
  /** Why it was not saved. */
  refusal = $state.raw<Refused | null>(null);
  test = $state.raw<Backtest | null>(null);
  /** Why it could not be tried; the last good picture stays. */
  testRefusal = $state.raw<Refused | null>(null);
  /** What is wrong with its filter; it is not tried then. */
  mistake = $state.raw<FilterMistake | null>(null);
  testing = $state(false);
  measures = $state.raw<readonly Measure[]>([]);
  channels = $state.raw<readonly Channel[]>([]);
  slos = $state.raw<readonly { name: string; agent: string; kind: string; target: number }[]>([]);
  alerts = $state.raw<readonly Alert[]>([]);
  events = $state.raw<readonly Event[]>([]);
  saving = $state(false);
  #abort: AbortController | undefined;
  #tried = '';

  constructor(readonly app: App, readonly id: string | null, started: Definition | null) {
    this.calls = callsOf(app.api);
    if (started) this.draft = { ...fresh(), ...started };
    app.api.measures().then((all) => (this.measures = all), () => {});
    this.calls.channels().then((all) => (this.channels = all), () => {});
    this.calls.slos().then((all) => (this.slos = all), () => {});
    $effect(() => untrack(() => void this.load()));
    $effect(() => {
      const filter = this.draft.filter ?? '';
      untrack(() => void this.#check(filter));
    });
    $effect(() => {
      const asked = JSON.stringify(this.asked);
      if (!this.ready || this.mistake || asked === untrack(() => this.#tried)) return;
      const timer = setTimeout(() => void this.#try(asked), this.#tried ? WAIT_MS : 0);
      return () => clearTimeout(timer);
    });
    $effect(() => () => this.#abort?.abort());
  }

  readonly ready = $derived.by(() => this.id === null || this.rule !== null);
  readonly unit = $derived.by(() => this.measures.find((one) => one.name === this.draft.measure)?.unit ?? '');
  readonly asked = $derived.by(() => cleanOf({ ...$state.snapshot(this.draft), name: this.draft.name || 'try' }));

  async load(): Promise<void> {
    if (this.id === null) return;
    try {
      const rule = await this.calls.rule(this.id);
      this.rule = rule;
      this.draft = { ...fresh0, ...structuredClone(rule.definition) };
      this.failure = null;
      void this.watch();
    } catch (error) {
      this.failure = error;
    }
  }

  async #check(filter: string): Promise<void> {
    const said = filter ? await this.app.api.filter(filter).catch(() => null) : null;
    if (filter === (this.draft.filter ?? '')) this.mistake = said && !said.ok ? said.error : null;
  }

  /** What the server says of a field: of the last attempt to save it, else to try it. */
  said(...fields: readonly string[]): string {
    const refused = [this.refusal, this.testRefusal].find((one) => one && fields.includes(one.field));
    return refused?.message ?? '';
  }

  /** What fires now and what has fired. */
  async watch(): Promise<void> {
    if (!this.rule) return;
    const id = this.rule.id;
    await Promise.all([
      this.calls.alerts().then((all) => (this.alerts = all.filter((one) => one.rule === id)), () => {}),
      this.calls.events(id, 50).then((all) => (this.events = all), () => {}),
    ]);
  }

  async #try(asked: string): Promise<void> {
    this.#tried = asked;
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.testing = true;
    try {
      this.test = await this.calls.backtest(JSON.parse(asked) as Definition, abort.signal);
      this.testRefusal = null;
    } catch (error) {
      if (abort.signal.aborted || wasAborted(error)) return;
      this.testRefusal = refusedOf(sentence(error));
    } finally {
      if (this.#abort === abort) this.testing = false;
    }
  }

  async save(): Promise<boolean> {
    this.refusal = null;
    this.saving = true;
    try {
      const saved = await this.calls.save(this.id, cleanOf($state.snapshot(this.draft)));
      this.app.toasts.show(this.id === null ? `${saved.name} is watched from now on` : `Saved as version ${saved.version}`);
      if (this.id === null) this.app.router.go(`/alerts/rule/${encodeURIComponent(saved.id)}`, { replace: true });
      else {
        this.rule = saved;
        void this.watch();
      }
      return true;
    } catch (error) {
      this.refusal = refusedOf(sentence(error));
      return false;
    } finally {
      this.saving = false;
    }
  }

  async remove(): Promise<void> {
    if (!this.rule) return;
    try {
      await this.calls.remove(this.rule.id);
      this.app.toasts.show(`${this.rule.name} is removed; its history stays`);
      this.app.router.go('/alerts/rules');
    } catch (error) {
      this.refusal = { field: '', message: sentence(error) };
    }
  }
}

/** What the server does not say is empty, not preset. */
const fresh0: Definition = { name: '', measure: '', kind: 'threshold', filter: '', split: [], step: '5m', channels: [], enabled: true };
