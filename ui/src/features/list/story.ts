// The steps of a session that matter, in order: what the user wanted, what failed, what was written, how it ended.
import type { Message, Part, RunFinding, SessionDetail, Span, TraceDetail } from '$api';
import { format, stepName } from '$kit';

export interface Step {
  key: string;
  kind: 'user' | 'said' | 'span';
  spanKind: string;
  name: string;
  text: string;
  bad: boolean;
  href: string;
}
export interface Story {
  steps: Step[];
  /** Of how many. */
  of: number;
}

const most = 8;
const line = (text: string) => text.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
const textOf = (parts: readonly Part[]) => line(parts.filter((p) => p.type === 'text').map((p) => String(p.text ?? '')).join(' '));

/** A value as a short line of words, never JSON: the first things it says. */
export function words(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') {
    const text = value.trim();
    if (/^[[{]/.test(text)) {
      try {
        return words(JSON.parse(text));
      } catch {
        return line(text);
      }
    }
    return line(text);
  }
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return value.length === 1 ? words(value[0]) : `${value.length} items${value.length && typeof value[0] !== 'object' ? `: ${line(value.slice(0, 4).join(', '))}` : ''}`;
  const entries = Object.entries(value as Record<string, unknown>).filter(([, v]) => v !== null && typeof v !== 'object');
  return line(entries.slice(0, 3).map(([k, v]) => `${k.replaceAll('_', ' ')} ${String(v)}`).join(', ')) || `${Object.keys(value).length} fields`;
}

const lastSaid = (messages: readonly Message[] | undefined) => textOf(messages?.findLast((m) => m.role === 'assistant')?.parts ?? []);
const writes = /(book|cancel|update|create|delete|send|transfer|refund|exchange|modify|return|write|insert|submit|pay|add|remove|set)/i;

export function storyOf(detail: SessionDetail | TraceDetail, root: string): Story {
  const spans = detail.spans.filter((s) => !s.noise);
  const leaves = spans.filter((s) => s.kind !== 'agent' && s.kind !== 'workflow');
  const href = (span: Span) => `${root}${root.includes('?') ? '&' : '?'}span=${encodeURIComponent(span.span_id)}`;
  const steps: Step[] = [];
  const asked = firstUserText(detail, spans);
  if (asked) steps.push({ key: 'user', kind: 'user', spanKind: '', name: '', text: asked, bad: false, href: root });
  const worth = leaves.filter((s) => s.status === 'error' || s.status === 'blocked' || (s.kind === 'tool' && writes.test(stepName(s))) || s.kind === 'handoff' || s.kind === 'guardrail');
  const last = leaves.findLast((s) => s.kind === 'llm');
  let before: Span | undefined;
  for (const span of thinned(worth, most - 2)) {
    steps.push(stepOf(span, href(span), before));
    before = span;
  }
  const end = lastSaid(last?.output);
  if (end) steps.push({ key: 'said', kind: 'said', spanKind: '', name: '', text: end, bad: false, href: last ? href(last) : root });
  return { steps, of: leaves.length };
}

function stepOf(span: Span, href: string, before: Span | undefined): Step {
  const bad = span.status === 'error' || span.status === 'blocked';
  const text = bad ? line(span.error?.message ?? 'failed').replace(/^Error: */, '') : words(span.tool?.result);
  const again = bad && span.error !== null && before?.name === span.name && before.error?.message === span.error.message;
  return { key: span.span_id, kind: 'span', spanKind: span.kind, name: stepName(span), text: again ? 'the same error again' : text, bad, href };
}

/** Failures first, then the last of the others, in their order. */
function thinned(spans: readonly Span[], room: number): Span[] {
  if (spans.length <= room) return [...spans];
  const bad = spans.filter((s) => s.status === 'error' || s.status === 'blocked').slice(0, room);
  const rest = spans.filter((s) => !bad.includes(s)).slice(-(room - bad.length) || spans.length);
  return spans.filter((s) => bad.includes(s) || (bad.length < room && rest.includes(s)));
}

function firstUserText(detail: SessionDetail | TraceDetail, spans: readonly Span[]): string {
  if ('conversation' in detail) {
    const said = detail.conversation.find((m) => m.role === 'user' && textOf(m.parts));
    if (said) return textOf(said.parts);
  }
  for (const span of spans) {
    const said = span.input?.find((m) => m.role === 'user' && textOf(m.parts));
    if (said) return textOf(said.parts);
  }
  return '';
}

export interface CostLine {
  type: string;
  tokens: number;
  price: string;
  cost: number;
}

const names: Record<string, string> = { input: 'Input, not cached', cache_read: 'Input, from cache', cache_write: 'Input, to cache', output: 'Output', reasoning: 'Reasoning' };

/** How the cost was made: tokens × price, summed over the counted spans, by kind of token and price. */
export function costOf(spans: readonly Span[]): { lines: CostLine[]; calls: number; models: string[]; left: number; reported: number } {
  const lines = new Map<string, CostLine>();
  const models = new Set<string>();
  let calls = 0;
  let left = 0;
  let reported = 0;
  for (const span of spans) {
    if (!span.counted && Object.values(span.tokens).some((n) => n)) left += 1;
    if (!span.counted || span.cost_usd === null) continue;
    calls += 1;
    if (span.cost_source === 'reported') reported += 1;
    if (span.model) models.add(span.model.served || span.model.requested);
    for (const part of span.cost?.formula ?? []) {
      const type = part.type.replace(/_tokens$/, '');
      const key = `${type} ${part.price_usd_per_mtok}`;
      const sum = lines.get(key) ?? { type: names[type] ?? type.replaceAll('_', ' '), tokens: 0, price: part.price_usd_per_mtok, cost: 0 };
      sum.tokens += part.tokens;
      sum.cost += Number(part.cost_usd);
      lines.set(key, sum);
    }
  }
  return { lines: [...lines.values()].filter((l) => l.tokens > 0), calls, models: [...models], left, reported };
}

/** What rules found, the worst of each rule: its count, the money it wasted, its first place. */
export function badgesOf(findings: readonly RunFinding[]): { rule: string; label: string; wasted: string; why: string; span: string; tone: 'bad' | 'warn' }[] {
  const worst = new Map<string, RunFinding>();
  for (const one of findings) {
    const known = worst.get(one.rule);
    if (!known || Number(one.wasted_usd ?? 0) > Number(known.wasted_usd ?? 0)) worst.set(one.rule, one);
  }
  return [...worst.values()]
    .sort((a, b) => Number(b.wasted_usd ?? 0) - Number(a.wasted_usd ?? 0))
    .map((one) => ({
      rule: one.rule, label: `${one.rule.replaceAll('_', ' ')}${one.times > 1 ? ` ×${one.times}` : ''}`, why: one.why, span: one.span_ids[0] ?? '',
      wasted: Number(one.wasted_usd ?? 0) > 0 ? `${format.sessionMoney(one.wasted_usd)} wasted` : '', tone: one.rule === 'truncated' || one.rule === 'context_growth' ? 'warn' : 'bad',
    }));
}
