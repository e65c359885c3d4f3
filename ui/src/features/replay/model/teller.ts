// Keeps what has been said, so that a text which wrappers repeat is told once, and the same "yes" said twice is told twice.
import type { Item, Said, Step } from './items';
import type { Node } from './tree';
import { sentence, unwrapResult, words } from './reading';
import { parse } from './literal';
import { textIn, textOf } from './parts';
import { cut } from './words';

/** Shorter texts may be the same by chance. */
const LEAST = 24;
/** ADK tells each agent what the others said and did: all of it stands above. */
const QUOTED = /^For context: (?:below is a transcript of what another agent did|\[[^\]]+\] (?:said|called|`))/;
const squeezed = (text: string): string => text.replace(/\s+/g, ' ').trim();

export class Teller {
  protected trace = '';
  private readonly everSaid = new Set<string>();
  /** What agents said in this trace. */
  private agentsSaid: string[] = [];
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
    this.agentsSaid = [];
  }

  /** Something was done or answered: the same words after this are new words. */
  protected moved(): void {
    this.lastHeard = new Set();
  }

  /** Printed objects and re-wrapped answers hold what an agent has already said. */
  protected holdsAnswer(text: string): boolean {
    const key = squeezed(text);
    const printed = /^<?[A-Z]\w*\(\w+=|^[[{]/.test(key);
    return this.agentsSaid.length > 0 && (printed || this.agentsSaid.some((said) => said.length >= LEAST && key.includes(said)));
  }

  /** Adds what was said, unless it only repeats. */
  protected tell(said: Said, out: Item[]): boolean {
    const key = squeezed(said.text);
    if (said.type === 'agent') {
      if (key && this.everSaid.has(key) && out.some((item) => item.type === 'agent' && squeezed(item.text) === key && item.node?.span.trace_id === this.trace && isAround(item.node, said.node))) return false;
      this.moved();
      if (key) this.agentsSaid.push(key);
    } else {
      if ((key && this.lastHeard.has(key)) || QUOTED.test(key)) return false;
      // A pipeline hands an answer on as the next question; a framework wraps the question in words of its own.
      if (this.agentsSaid.includes(key)) return false;
      if ([...this.lastHeard].some((heard) => heard.length >= LEAST && key.includes(heard))) return false;
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
    const documents = documentsOf(each) || documentsSaid(each);
    const detail = sentence(words(each.span.tool?.arguments ?? input));
    const result = each.failed ? (each.span.error?.message ?? 'failed') : each.blocked ? (each.span.error?.message ?? 'blocked') : documents || sentence(words(unwrapResult(each.span.tool?.result ?? output)));
    const step: Step = { type: 'step', id: `s:${each.id}`, node: each, name: each.label, detail: cut(detail, 200), result: cut(result, 200), failed: each.failed || each.blocked };
    out.push(step);
  }
}

/** The same where each came as a message part: JSON of a document, or what Python prints for one beside its text. */
function documentsSaid(each: Node): string {
  const texts = (each.span.output ?? []).flatMap((message) => message.parts).filter((part) => part.type === 'text').map(textOf);
  const plain = texts.filter((text) => !/^<\w+\(/.test(text));
  const documents = plain.map((text) => documentText(parse(text)));
  if (plain.length === texts.length && documents.every((text) => text === null)) return '';
  const said = plain.map((text, i) => documents[i] ?? text);
  return said.length ? listedDocuments(said) : '';
}

function listedDocuments(list: string[]): string {
  return `${list.length} ${list.length === 1 ? 'document' : 'documents'}: ${list.slice(0, 2).map((text) => cut(squeezed(text), 60)).join(' · ')}`;
}

/** The words of a document as LlamaIndex, LangChain and others keep it; null when it is none. */
function documentText(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const { text, page_content, content, node, document } = value as Record<string, unknown>;
  const said = [text, page_content, content].find((each) => typeof each === 'string' && each);
  return typeof said === 'string' ? said : (documentText(node) ?? documentText(document));
}

/** `3 documents: first words …` of a retriever or reranker that sent them as flattened keys. */
function documentsOf(each: Node): string {
  const contents = new Map<string, string>();
  for (const [key, value] of Object.entries(each.span.attributes ?? {})) {
    const found = /^(?:retrieval|reranker)\.(?:output_)?documents\.(\d+)\.document\.(content|id)$/.exec(key);
    if (found && (found[2] === 'content' || !contents.has(found[1]!))) contents.set(found[1]!, String(value));
  }
  if (!contents.size) return '';
  return listedDocuments([...contents.values()]);
}

/** One of the two spans lies around the other. */
export function isAround(a: Node | null, b: Node | null): boolean {
  for (let at = a; at; at = at.parent) if (at === b) return true;
  for (let at = b; at; at = at.parent) if (at === a) return true;
  return false;
}
