// Something that a settings page asks for when it opens and again after a change.
import { sentence, type App } from '$kit';

export class Asked<T> {
  value = $state.raw<T | null>(null);
  failure = $state.raw<unknown>(null);
  /** What the last change was refused for. */
  refusal = $state('');
  readonly #ask: () => Promise<T>;
  readonly #app: App;

  constructor(app: App, ask: () => Promise<T>) {
    this.#app = app;
    this.#ask = ask;
    $effect(() => void this.again());
  }

  again = async (): Promise<void> => {
    try {
      this.value = await this.#ask();
      this.failure = null;
    } catch (error) {
      this.failure = error;
    }
  };

  /** Does something, says that it was done, and asks anew. */
  async change(work: () => Promise<unknown>, done = ''): Promise<boolean> {
    this.refusal = '';
    try {
      await work();
      if (done) this.#app.toasts.show(done);
      await this.again();
      return true;
    } catch (error) {
      this.refusal = sentence(error);
      return false;
    }
  }
}
