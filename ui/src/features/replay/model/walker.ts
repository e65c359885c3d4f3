// Walks a tree of spans and tells it as items: messages joined, tool calls met with the spans that carry them out.
// Every rule works on messages and kinds, never on one SDK's names.
import { closestAgent, nameOf, saidBy, siblingAgents, startOf, thoughtIn, toolsInside, traceOf } from './around';
import { errorOf } from './errors';
import type { Call, Item, Said } from './items';
import { parse } from './literal';
import { argumentsOf, callIdOf, callsIn, isCut, mediaIn, reasoningIn, resultOf, resultsIn, textIn } from './parts';
import { handedOver, HANDOFF } from './handoff';
import { isAround, Teller } from './teller';
import type { Node } from './tree';
import { isRepeat, shownChildren, thinks, workerOf } from './tree';
import type { ConversationEntry, Message } from './types';

export class Walker extends Teller {
  private readonly pending: Call[] = [];
  private readonly byCallId = new Map<string, Call>();
  private firstCall = true;
  private spokeInTrace = false;
  /** The list of level 0 that a card is being built for. */
  private top: Item[] = [];

  constructor(
    main: string,
    private readonly conversation: Map<string, ConversationEntry[]>,
  ) {
    super(main);
  }

  beginTrace(traceId: string, out: Item[]): void {
    if (this.trace) this.endTrace(this.trace, out);
    this.trace = traceId;
    this.firstCall = true;
    this.spokeInTrace = false;
    this.pending.length = 0;
    this.freshTurn();
  }

  /** Where no span carried the words, the session's own conversation does. */
  endTrace(traceId: string, out: Item[]): void {
    if (this.spokeInTrace) return;
    const first = out.findIndex((item) => traceOf(item) === traceId);
    const before: Item[] = [];
    for (const [i, entry] of (this.conversation.get(traceId) ?? []).entries()) {
      const text = textIn({ role: entry.role, parts: entry.parts ?? entry.message?.parts ?? [] });
      if (!text) continue;
      const said: Said = { type: entry.role === 'user' ? 'user' : 'agent', id: `c:${entry.span_id}:${i}`, node: null, speaker: entry.role === 'user' ? '' : this.main, text, media: 0, cut: false };
      if (said.type === 'user' && first >= 0) before.push(said);
      else if (!this.wasSaid(text)) out.push(said);
    }
    if (first >= 0) out.splice(first, 0, ...before);
  }

  walk(each: Node, out: Item[], level: number): void {
    if (each.noise) return this.children(each, out, level);
    switch (each.kind) {
      case 'llm':
        return this.llm(each, out, level);
      case 'tool':
        return this.tool(each, out, level);
      case 'handoff':
        return this.handoff(each, out, level);
      case 'agent':
        return this.agent(each, out, level);
      case 'workflow':
      case 'other':
        if (isRepeat(each)) return this.again(each, out, level);
        if (!shownChildren(each, false).length) return this.quiet(each, out);
        this.task(each, out, level);
        return this.children(each, out, level);
      default:
        // A retriever or another agent that a model called as its tool.
        if (this.pending.some((call) => call.name === each.label || call.name === each.span.tool?.name)) return this.tool(each, out, level);
        this.step(each, out);
        return this.children(each, out, level);
    }
  }

  private children(each: Node, out: Item[], level: number): void {
    for (const child of each.children) this.walk(child, out, level);
  }

  private llm(each: Node, out: Item[], level: number): void {
    if (isRepeat(each)) return this.again(each, out, level);
    this.heard(each, each.span.input ?? [], out, level);
    if (this.isLoop(each)) return this.loop(each, out, level);
    this.answers(each, out);
    // Tools that a streaming call carries out lie inside it.
    this.children(each, out, level);
  }

  /** A span of a whole loop of calls: tools lie inside, and no call after it hears of their results. */
  private isLoop(each: Node): boolean {
    const later = each.parent?.children.some((other) => other.kind === 'llm' && other.start >= each.end - 1 && other !== each);
    return !later && toolsInside(each).size > 0;
  }

  /** What it did, in the order of time, then what it said. */
  private loop(each: Node, out: Item[], level: number): void {
    const from = out.length;
    const said: Item[] = [];
    this.answers(each, said);
    const calls = said.filter((item) => item.type === 'call');
    out.push(...calls);
    this.children(each, out, level);
    const begin = (item: Item): number => (item.type === 'call' && !item.node ? Infinity : startOf(item));
    out.push(...out.splice(from).sort((a, b) => begin(a) - begin(b)), ...said.filter((item) => item.type !== 'call'));
  }

  private answers(each: Node, out: Item[]): void {
    for (const message of each.span.output ?? []) if (message.role !== 'user' && message.role !== 'system') this.spoke(each, message, out);
    if (each.failed) this.failure(each, out);
  }

  /** A second report of a call: told only where the one that counts says nothing. */
  private again(each: Node, out: Item[], level: number): void {
    const before = out.length;
    const { input, output } = each.span;
    if (!each.children.length) return;
    this.children(each, out, level);
    if (out.length > before) return;
    this.heard(each, input ?? [], out, level);
    if (output?.length) this.answers(each, out);
  }

  /** New input of a call: the user's words, results of tools, and what was said before the recording began. */
  private heard(each: Node, input: Message[], out: Item[], level: number): void {
    const inside = toolsInside(each);
    const own = (message: Message): boolean => inside.size > 0 && callsIn(message).some((part) => inside.has(String(part.name)));
    const lastAnswer = input.findLastIndex((message) => message.role === 'assistant' && !own(message));
    const earlier: Said[] = [];
    input.forEach((message, i) => {
      for (const part of resultsIn(message)) this.result(callIdOf(part), String(part.name ?? message.name ?? ''), resultOf(part));
      if (message.role === 'tool' && !resultsIn(message).length && textIn(message)) this.result('', message.name ?? '', textIn(message));
      const text = textIn(message);
      if (message.role !== 'user' && message.role !== 'assistant') return;
      if ((!text && !mediaIn(message).length) || own(message)) return;
      const said = this.said(each, message, level, i);
      if (i < lastAnswer || message.role === 'assistant') {
        if (this.firstCall && !this.wasSaid(text)) earlier.push(said);
        return;
      }
      if (said.type === 'task' && !this.spokeInTrace) this.raise(said);
      else if (this.tell(said, out) && level === 0) this.spokeInTrace = true;
    });
    if (earlier.length) {
      for (const said of earlier) this.remember(said.text);
      const at = out.findLastIndex((item) => traceOf(item) !== this.trace) + 1;
      out.splice(at, 0, { type: 'earlier', id: `e:${each.id}`, node: each, said: earlier });
    }
    this.firstCall = false;
  }

  /** The first words of a trace are the user's, even where only a nested agent heard them. */
  private raise(said: Said): void {
    this.spokeInTrace = this.tell({ ...said, type: 'user', speaker: '' }, this.top) || this.spokeInTrace;
  }

  private said(each: Node, message: Message, level: number, i: number): Said {
    const type = message.role === 'assistant' ? 'agent' : level === 0 ? 'user' : 'task';
    return { type, id: `m:${each.id}:${i}`, node: each, speaker: message.name ?? (type === 'agent' ? this.main : ''), text: textIn(message), media: mediaIn(message).length, cut: isCut(message) };
  }

  private spoke(each: Node, message: Message, out: Item[]): void {
    const thought = reasoningIn(message);
    if (thought) out.push({ type: 'thought', id: `t:${each.id}`, node: each, text: thought });
    const text = textIn(message);
    const speaker = (each.span.agent && workerOf(each, '')) || message.name || nameOf(each) || this.main;
    if (text || mediaIn(message).length) this.tell({ type: 'agent', id: `a:${each.id}`, node: each, speaker, text, media: mediaIn(message).length, cut: isCut(message) }, out);
    callsIn(message).forEach((part, i) => {
      const id = callIdOf(part);
      const known = id ? this.byCallId.get(id)?.asked : undefined;
      if (known && isAround(known, each)) return;
      const call: Call = { type: 'call', id: `q:${each.id}:${i}`, node: null, asked: each, callId: id, name: String(part.name ?? 'tool'), args: parse(argumentsOf(part)), result: null, error: '', failed: false, running: each.running, inside: [] };
      this.pending.push(call);
      if (call.callId) this.byCallId.set(call.callId, call);
      this.moved();
      out.push(call);
    });
  }

  /** The call a tool span carries out: by id, else by name and arguments, else the oldest of that name. */
  private asks(each: Node): Call | undefined {
    const id = each.span.tool?.call_id;
    const name = each.label;
    let found = id ? this.pending.find((call) => call.callId === id) : undefined;
    if (!found) {
      const alike = this.pending.filter((call) => call.name === name);
      const args = alike.length > 1 ? JSON.stringify(parse(each.span.tool?.arguments ?? null)) : '';
      found = alike.find((call) => alike.length > 1 && JSON.stringify(call.args) === args) ?? alike[0];
    }
    if (found) this.pending.splice(this.pending.indexOf(found), 1);
    return found;
  }

  private tool(each: Node, out: Item[], level: number): void {
    if (isRepeat(each) || (each.parent?.kind === 'tool' && each.parent.label === each.label)) return this.children(each, out, level);
    let call = this.asks(each);
    if (!call) {
      call = { type: 'call', id: `q:${each.id}`, node: null, asked: null, callId: each.span.tool?.call_id ?? '', name: each.label, args: null, result: null, error: '', failed: false, running: false, inside: [] };
      out.push(call);
    }
    this.moved();
    call.node = each;
    if (each.kind === 'tool') call.name = each.label || call.name;
    call.args = parse(each.span.tool?.arguments ?? call.args);
    const result = each.span.tool?.result ?? (each.kind === 'tool' ? null : saidBy(each));
    if (result !== null) call.result = result;
    call.failed = each.span.status === 'error' || each.failed;
    call.running = each.running;
    if (call.failed) call.error = errorOf(each) || (typeof result === 'string' ? result : 'failed');
    const thought = thinks(call.name) ? thoughtIn(call) : '';
    if (thought) {
      const at = out.indexOf(call);
      if (at >= 0) out[at] = { type: 'thought', id: call.id, node: each, text: thought };
    }
    this.children(each, call.inside, level + 1);
  }

  private result(id: string, name: string, result: unknown): void {
    const call = (id && this.byCallId.get(id)) || this.pending.find((each) => !name || each.name === name);
    if (!call || call.result !== null) return;
    call.result = result;
    call.running = false;
  }

  private handoff(each: Node, out: Item[], level: number): void {
    const asked = this.pending.find((call) => HANDOFF.test(call.name));
    if (asked) {
      this.pending.splice(this.pending.indexOf(asked), 1);
      const at = out.indexOf(asked);
      if (at >= 0) out.splice(at, 1);
    }
    const [from, to] = handedOver(each, asked);
    const inside: Item[] = [];
    this.children(each, inside, level + 1);
    this.moved();
    // The agent that it was handed to, inside: one card for both.
    const only = inside.length === 1 && inside[0]!.type === 'card' && inside[0]!.kind === 'agent' ? inside[0]! : null;
    if (only?.type === 'card') out.push({ type: 'card', id: `h:${each.id}`, node: each, kind: 'handoff', name: only.name, from, task: only.task, inside: only.inside });
    else out.push({ type: 'card', id: `h:${each.id}`, node: each, kind: 'handoff', name: to, from, task: '', inside });
  }

  private agent(each: Node, out: Item[], level: number): void {
    const name = each.span.agent || each.label;
    const outer = closestAgent(each);
    const same = nameOf(each) === name || (outer !== null && (outer.span.agent || outer.label) === name);
    const plain = same || (!outer && level === 0 && (name === this.main || !siblingAgents(each)));
    if (plain) {
      this.task(each, out, level);
      this.children(each, out, level);
      return this.answer(each, out);
    }
    const inside: Item[] = [];
    if (!this.spokeInTrace) this.task(each, out, 0);
    const asked = textIn(each.span.input?.findLast((message) => message.role === 'user') ?? { role: '', parts: [] });
    const task = this.wasSaid(asked) ? '' : asked;
    this.remember(task);
    if (level === 0) this.top = out;
    this.children(each, inside, level + 1);
    this.answer(each, inside);
    this.moved();
    out.push({ type: 'card', id: `g:${each.id}`, node: each, kind: 'agent', name, from: '', task, inside });
  }

  /** A container's own input: the user's words where it came before any model call. */
  private task(each: Node, out: Item[], level: number): void {
    if (each.kind !== 'agent' && each.parent) return;
    for (const [i, message] of (each.span.input ?? []).entries()) {
      if (message.role !== 'user' || textIn(message) === each.span.session_id || (!textIn(message) && !mediaIn(message).length)) continue;
      if (i < (each.span.input ?? []).findLastIndex((other) => other.role === 'assistant')) continue;
      if (this.tell(this.said(each, message, level, i), out) && level === 0) this.spokeInTrace = true;
    }
  }

  /** A container's own output, where no call inside it said the same. */
  private answer(each: Node, out: Item[]): void {
    if (each.failed) this.failure(each, out);
    for (const message of each.span.output ?? []) {
      const text = textIn(message);
      if (['user', 'system', 'tool'].includes(message.role) || !text || this.wasSaid(text) || this.holdsAnswer(text)) continue;
      this.tell({ type: 'agent', id: `a:${each.id}`, node: each, speaker: each.span.agent || (each.kind === 'agent' ? each.label : nameOf(each) || this.main), text, media: mediaIn(message).length, cut: isCut(message) }, out);
    }
  }

  endRoot(root: Node, out: Item[]): void {
    if (root.kind === 'workflow' || root.kind === 'other') this.answer(root, out);
  }

  private quiet(each: Node, out: Item[]): void {
    if (each.failed || each.running || each.parent) return this.failure(each, out);
    this.task(each, out, 0);
    this.answer(each, out);
  }

  private failure(each: Node, out: Item[]): void {
    if (!each.failed) return;
    out.push({ type: 'failure', id: `f:${each.id}`, nodes: [each], name: each.label, text: errorOf(each) || 'failed without a message' });
  }
}
