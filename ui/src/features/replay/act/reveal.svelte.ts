// Hidden text with a sealed original (`*REF***`): asked for a step, by those who may; each time is written down by the server.
import { sentence } from '$kit';
import type { Span } from '../model';
import type { Replay } from '../replay.svelte';

const SEALED = /\*[0-9A-Za-z]{6,22}\*+/g;

export class Reveal {
  /** By the hidden text as it stands. */
  #values = $state.raw<ReadonlyMap<string, string>>(new Map());
  refusal = $state('');
  busy = $state(false);

  constructor(private readonly replay: Replay) {}

  /** Hidden texts of a span that are not revealed yet. */
  hidden(span: Span): string[] {
    const text = JSON.stringify([span.input ?? null, span.output ?? null, span.tool ?? null, span.attributes ?? null, span.error ?? null]);
    return [...new Set(text.match(SEALED) ?? [])].filter((one) => !this.#values.has(one));
  }

  /** The span with what was revealed in the place of what hides it. */
  shown(span: Span): Span {
    if (!this.#values.size) return span;
    const put = (value: unknown): unknown => {
      if (typeof value === 'string') return value.replace(SEALED, (hidden) => this.#values.get(hidden) ?? hidden);
      if (Array.isArray(value)) return value.map(put);
      if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, put(inner)]));
      return value;
    };
    const { input, output, tool, attributes, error } = span;
    return { ...span, ...(put({ input, output, tool, attributes, error }) as Partial<Span>) };
  }

  async ask(span: Span): Promise<void> {
    this.busy = true;
    this.refusal = '';
    try {
      const answer = await this.replay.api.call<{ values: { masked: string; value: string }[]; missing: string[] }>('POST', `/traces/${encodeURIComponent(span.trace_id)}/reveal`, { span_id: span.span_id });
      this.#values = new Map([...this.#values, ...answer.values.map((one) => [one.masked, one.value] as const)]);
      if (answer.missing.length) this.refusal = `${answer.missing.length} could not be revealed: the original is past its retention.`;
    } catch (error) {
      this.refusal = sentence(error);
    }
    this.busy = false;
  }
}
