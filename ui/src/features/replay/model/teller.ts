// Keeps what has been said, so that a text which wrappers repeat is told once, and the same "yes" said twice is told twice.
import type { Item, Said, Step } from './items';
import type { Node } from './tree';
import { sentence, unwrapResult, words } from './reading';
import { textIn } from './parts';
import { cut } from './words';

const squeezed = (text: string): string => text.replace(/\s+/g, ' ').trim();

export class Teller {
  protected trace = '';
  private readonly everSaid = new Set<string>();
  /** The user's words since the run last moved on. */
  private lastHeard = new Set<string>();

  constructor(protected readonly main: string) {}

  protected wasSaid(text: string): boolean {
    return this.everSaid.has(squeezed(text));
  }

  protected remember(text: string): void {
    if (text) this.everSaid.add(squeezed(text));
  }

  protected freshTurn(): void {
    this.lastHeard = new Set();
  }

  /** Something was done or answered: the same words after this are new words. */
  protected moved(): void {
    this.lastHeard = new Set();
  }

  /** Adds what was said, unless it only repeats. */
  protected tell(said: Said, out: Item[]): boolean {
    const key = squeezed(said.text);
    if (said.type === 'agent') {
      if (key && this.everSaid.has(key) && out.some((item) => item.type === 'agent' && squeezed(item.text) === key && item.node?.span.trace_id === this.trace && isAround(item.node, said.node))) return false;
      this.moved();
    } else {
      if (key && this.lastHeard.has(key)) return false;
      if (said.type === 'task' && this.everSaid.has(key)) return false;
      this.lastHeard.add(key);
    }
    this.remember(said.text);
    out.push(said);
    return true;
  }

  protected step(each: Node, out: Item[]): void {
    const input = each.span.input?.map(textIn).filter(Boolean).join(' ') ?? '';
    const output = each.span.output?.map(textIn).filter(Boolean).join(' ') ?? '';
    const detail = sentence(words(each.span.tool?.arguments ?? input));
    const result = each.failed ? (each.span.error?.message ?? 'failed') : each.blocked ? (each.span.error?.message ?? 'blocked') : sentence(words(unwrapResult(each.span.tool?.result ?? output)));
    const step: Step = { type: 'step', id: `s:${each.id}`, node: each, name: each.label, detail: cut(detail, 200), result: cut(result, 200), failed: each.failed || each.blocked };
    out.push(step);
  }
}

/** One of the two spans lies around the other. */
function isAround(a: Node | null, b: Node | null): boolean {
  for (let at = a; at; at = at.parent) if (at === b) return true;
  for (let at = b; at; at = at.parent) if (at === a) return true;
  return false;
}
