// Whole bodies of single spans, fetched when looked at; the raw pieces only when asked for.
import { ApiError, type Api } from '$api';
import type { Node, Span } from './model';

const KEPT = 80;

export class Bodies {
  /** Answers by trace, span and form; replaced whole, so that readers see the change. */
  #known = $state.raw<ReadonlyMap<string, Span | ApiError>>(new Map());
  readonly #asked = new Set<string>();

  constructor(private readonly api: Api) {}

  #name = (node: Node, raw: boolean): string => `${node.span.trace_id} ${node.span.span_id} ${node.span.status} ${raw ? 'raw' : ''}`;

  /** The span as far as it is known: whole when it was fetched, else as the run brought it. */
  of(node: Node): Span {
    const known = this.#known.get(this.#name(node, false));
    return known && !(known instanceof ApiError) ? { ...node.span, ...known } : node.span;
  }
  whole(node: Node): boolean {
    return node.synthetic !== '' || this.#known.has(this.#name(node, false));
  }
  /** All its messages are here: fetched, or none were left out of the run. */
  complete(node: Node): boolean {
    return this.whole(node) || !node.span.input_repeated;
  }
  raw(node: Node): Span['raw'] | ApiError | undefined {
    const known = this.#known.get(this.#name(node, true));
    return known instanceof ApiError ? known : known ? (known.raw ?? []) : undefined;
  }
  failure(node: Node): ApiError | null {
    const known = this.#known.get(this.#name(node, false));
    return known instanceof ApiError ? known : null;
  }

  async ask(node: Node, raw = false): Promise<void> {
    const name = this.#name(node, raw);
    if (node.synthetic || this.#asked.has(name)) return;
    this.#asked.add(name);
    const answer = await this.api.span(node.span.trace_id, node.span.span_id, { raw }).catch((error: unknown) => (error instanceof ApiError ? error : new ApiError(0, 'failed', String(error))));
    if (answer instanceof ApiError) this.#asked.delete(name);
    const next = new Map(this.#known);
    next.set(name, answer as Span | ApiError);
    for (const old of next.keys()) {
      if (next.size <= KEPT) break;
      next.delete(old);
      this.#asked.delete(old);
    }
    this.#known = next;
  }
}
