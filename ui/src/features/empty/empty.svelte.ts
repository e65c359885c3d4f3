// The first run: the key that is put into the lines, what has reached Pawl so far, and the first span when it comes.
import { listenLive, type Books, type NewKey } from '$api';
import { sentence, wasAborted, type App } from '$kit';

/** Where the first span belongs. */
export interface Arrival {
  session_id?: string;
  trace_id: string;
}

export class FirstRun {
  readonly app: App;
  books = $state.raw<Books | null>(null);
  key = $state.raw<NewKey | null>(null);
  connected = $state(false);
  since = Date.now();
  waited = $state(0);
  first = $state(false);
  problem = $state('');

  constructor(app: App, arrived: (arrival: Arrival | null) => void) {
    this.app = app;
    $effect(() => {
      let done = false;
      const came = (arrival: Arrival | null) => {
        if (done) return;
        done = true;
        this.first = true;
        setTimeout(() => arrived(arrival), 600);
      };
      const stop = listenLive('', { span: came, trace: came, state: (on) => (this.connected = on) });
      const clock = setInterval(() => (this.waited = Date.now() - this.since), 1000);
      const abort = new AbortController();
      const ask = () => this.app.api.books({ signal: abort.signal }).then(
        (books) => {
          this.books = books;
          if (books.stored > 0) came(null);
        },
        (error: unknown) => { if (!wasAborted(error)) this.problem = sentence(error); },
      );
      void ask();
      const again = setInterval(() => void ask(), 2000);
      return () => {
        stop();
        clearInterval(clock);
        clearInterval(again);
        abort.abort();
      };
    });
  }

  get needsKey(): boolean {
    return this.app.me.mode === 'required';
  }

  async makeKey(): Promise<void> {
    try {
      this.key = await this.app.api.createKey(['ingest'], 'first run');
    } catch (error) {
      this.problem = sentence(error);
    }
  }

  async sample(): Promise<void> {
    try {
      await this.app.api.addSample();
    } catch (error) {
      this.problem = sentence(error);
    }
  }
}
