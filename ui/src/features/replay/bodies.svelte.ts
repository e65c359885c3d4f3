// Whole bodies of single spans, fetched when looked at; the raw pieces only when asked for.
import { ApiError, type Api } from '$api';
import { isCutSpan, type Node, type Span } from './model';

const KEPT = 320;
/** A span with more than this is read by ranges. */
const RANGED = 2_000_000;

/** A piece of a span's contents, by its length. */
export interface Ranged {
  piece: number;
  slot: string;
  key: string;
  role?: string;
  bytes: number;
  missing?: boolean;
}

export class Bodies {
  /** Answers by trace, span and form; replaced whole, so that readers see the change. */
  #known = $state.raw<ReadonlyMap<string, Span | ApiError>>(new Map());
  readonly #asked = new Set<string>();

  /** Pieces of long spans, by name; null: short enough to come whole. */
  #long = $state.raw<ReadonlyMap<string, readonly Ranged[] | null>>(new Map());

  constructor(private readonly api: Api) {}

  /** Its pieces where it is too long to come as received at once; undefined: not asked yet. */
  ranged(node: Node): readonly Ranged[] | null | undefined {
    return this.#long.get(this.#name(node, true));
  }
  /** As received: whole where it is short, else the lengths of its pieces. */
  async askRaw(node: Node): Promise<void> {
    const name = this.#name(node, true);
    if (node.synthetic || this.#long.has(name)) return;
    if (!isCutSpan(this.of(node))) return this.ask(node, true);
    const { pieces } = await this.api.call<{ pieces: Ranged[] }>('GET', `/traces/${encodeURIComponent(node.span.trace_id)}/spans/${encodeURIComponent(node.span.span_id)}/content`).catch(() => ({ pieces: [] as Ranged[] }));
    const long = pieces.reduce((sum, piece) => sum + piece.bytes, 0) > RANGED ? pieces : null;
    this.#long = new Map([...this.#long].slice(-KEPT)).set(name, long);
    if (!long) await this.ask(node, true);
  }

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
