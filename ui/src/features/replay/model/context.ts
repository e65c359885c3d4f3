// What filled a call's context window: system prompt, tool definitions, memory, history, this turn. Shares come from the
// length of the texts, scaled to the tokens that the provider counted; they are estimates, the sum is not.
import { lengthOf, resultsIn, sizeOf } from './parts';
import { tokensIn } from './tree';
import type { Message, Span } from './types';

export type Segment = 'system' | 'tools' | 'memory' | 'history' | 'user';

export interface Makeup {
  segments: { key: Segment; label: string; tokens: number | null; share: number }[];
  /** Input tokens as the provider counted them, cached ones included. */
  total: number | null;
  /** Tokens read from a cache; null: the SDK does not report it. */
  cached: number | null;
  messages: { message: Message; segment: Segment; tokens: number | null }[];
  /** No tool definitions were recorded, so their share is inside the others. */
  toolsUnknown: boolean;
}

const LABELS: Record<Segment, string> = { system: 'System prompt', tools: 'Tool definitions', memory: 'Memory', history: 'History and results', user: 'This user turn' };
const TOOLS = /(^|\.)tool[s_.]*definitions?$|^llm\.tools\.|\.functions?\.\d+\.|(^|\.)tools$/;
const SYSTEM = /system_instructions?$/;
const MEMORY = /^\s*(<memory|#+ *(relevant )?memor|\[memory)/i;

export function makeup(span: Span): Makeup | null {
  const messages = span.input ?? [];
  if (span.kind !== 'llm' || !messages.length) return null;
  const lastAnswer = messages.findLastIndex((message) => message.role === 'assistant' || resultsIn(message).length > 0 || message.role === 'tool');
  const sizes: Record<Segment, number> = { system: 0, tools: 0, memory: 0, history: 0, user: 0 };
  const lastUser = messages.findLastIndex((message) => message.role === 'user' && !resultsIn(message).length);
  const placed = messages.map((message, i) => {
    const size = sizeOf(message);
    const segment = segmentOf(message, i, lastAnswer, lastUser);
    sizes[segment] += size;
    return { message, segment, size };
  });
  for (const [key, value] of Object.entries(span.attributes ?? {})) {
    if (TOOLS.test(key)) sizes.tools += lengthOf(value);
    else if (SYSTEM.test(key) && !sizes.system) sizes.system += lengthOf(value);
  }
  sizes.tools ||= lengthOf(span.tool_definitions);
  const total = tokensIn(span);
  const chars = Object.values(sizes).reduce((sum, size) => sum + size, 0) || 1;
  const tokensOf = (size: number): number | null => (total === null ? null : Math.round((total * size) / chars));
  const segments = (Object.keys(sizes) as Segment[])
    .filter((key) => sizes[key] > 0)
    .map((key) => ({ key, label: LABELS[key], tokens: tokensOf(sizes[key]), share: sizes[key] / chars }));
  return {
    segments,
    total,
    cached: span.tokens?.cache_read ?? null,
    messages: placed.map(({ message, segment, size }) => ({ message, segment, tokens: tokensOf(size) })),
    toolsUnknown: sizes.tools === 0,
  };
}

/** The user's last words are this turn even when tools have answered since. */
function segmentOf(message: Message, i: number, lastAnswer: number, lastUser: number): Segment {
  if (message.role === 'system' || message.role === 'developer') return MEMORY.test(String(message.parts[0]?.['text'] ?? '')) ? 'memory' : 'system';
  if (i === lastUser || (i > lastAnswer && message.role === 'user')) return 'user';
  return 'history';
}
