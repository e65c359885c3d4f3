// What people said about a run: all of it, asked once; each step shows what was said there.
import { sentence, type App } from '$kit';
import type { Node } from '../model';
import type { Replay } from '../replay.svelte';
import { comments as calls, type Comment, type Person } from './calls';

export class Comments {
  list = $state.raw<readonly Comment[]>([]);
  people = $state.raw<readonly Person[]>([]);
  refusal = $state('');
  known = $state(false);
  #asked = false;

  constructor(
    private readonly app: App,
    private readonly replay: Replay,
  ) {}

  readonly may = $derived.by(() => (this.app.me.may ?? ['write']).includes('write'));

  async ask(): Promise<void> {
    if (this.#asked || this.app.shared) return;
    this.#asked = true;
    await this.again();
  }
  async again(): Promise<void> {
    const { kind, id } = this.replay;
    try {
      this.list = await calls.list(this.app.api, kind === 'session' ? { session: id } : { trace: id });
      this.known = true;
    } catch {
      this.known = false;  // not asked for by anybody: the run is what counts
    }
  }
  async askPeople(): Promise<void> {
    if (!this.people.length) this.people = await calls.people(this.app.api).catch(() => []);
  }

  /** Of a step what was said there; of the run itself, its turns and roots what names no step. */
  of(node: Node): Comment[] {
    const whole = node.synthetic !== '' || !node.parent;
    return this.list.filter((one) => (one.span_id ? one.span_id === node.span.span_id : whole)).filter((one) => !one.deleted || this.list.some((other) => other.parent === one.id));
  }

  async add(node: Node, text: string, parent?: string): Promise<boolean> {
    const { kind, id, run } = this.replay;
    const session = kind === 'session' ? id : (run?.traces[0]?.session_id ?? '');
    const trace = kind === 'trace' ? id : node.synthetic ? '' : node.span.trace_id;
    const whole = node.synthetic !== '' || !node.parent;
    return this.#change(() => calls.add(this.app.api, { ...(session ? { session_id: session } : {}), ...(trace && !(whole && session) ? { trace_id: trace } : {}), ...(whole ? {} : { span_id: node.span.span_id }), text, ...(parent ? { parent } : {}) }));
  }
  edit = (one: Comment, text: string): Promise<boolean> => this.#change(() => calls.edit(this.app.api, one.id, text));
  remove = (one: Comment): Promise<boolean> => this.#change(() => calls.remove(this.app.api, one.id));

  async #change(work: () => Promise<unknown>): Promise<boolean> {
    this.refusal = '';
    try {
      await work();
      await this.again();
      return true;
    } catch (error) {
      this.refusal = sentence(error);
      return false;
    }
  }
}
