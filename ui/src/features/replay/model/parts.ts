// Reads message parts whatever the sender called their fields.
import { spoken } from './spoken';
import type { Message, Part, Span } from './types';

export function textOf(part: Part): string {
  const value = part.text ?? part.content ?? (part['reasoning'] as unknown) ?? (part['thinking'] as unknown);
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map((entry) => (typeof entry === 'string' ? entry : textOf(entry as Part))).join('\n');
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

export const callIdOf = (part: Part): string => String(part.call_id ?? part.id ?? part['tool_call_id'] ?? '');
export const argumentsOf = (part: Part): unknown => part.arguments ?? part['args'] ?? part['input'] ?? null;
export const resultOf = (part: Part): unknown => part.result ?? part.response ?? part['output'] ?? part.content ?? part.text ?? null;

/** Called for every message of a run several times: no arrays on the way. */
function joined(message: Message, type: string): string {
  let out = '';
  for (const part of message.parts) {
    if (part.type !== type) continue;
    const text = type === 'text' ? spoken(textOf(part)) : textOf(part);
    if (text) out = out ? `${out}\n\n${text}` : text;
  }
  return out;
}

export const textIn = (message: Message): string => joined(message, 'text');
export const reasoningIn = (message: Message): string => joined(message, 'reasoning');
export const callsIn = (message: Message): Part[] => message.parts.filter((part) => part.type === 'tool_call');
export const resultsIn = (message: Message): Part[] => message.parts.filter((part) => part.type === 'tool_result');
export const mediaIn = (message: Message): Part[] => message.parts.filter((part) => part.type === 'media');
export const isCut = (message: Message): boolean => message.parts.some((part) => part.cut === true);

/** Roughly how long a message is, in characters: the base of the context estimate. */
export function sizeOf(message: Message): number {
  let size = 0;
  for (const part of message.parts) {
    size += textOf(part).length;
    if (part.type === 'tool_call') size += String(part.name ?? '').length + lengthOf(argumentsOf(part));
    if (part.type === 'tool_result' && !textOf(part)) size += lengthOf(resultOf(part));
  }
  return size;
}

export function lengthOf(value: unknown): number {
  if (value === null || value === undefined) return 0;
  return typeof value === 'string' ? value.length : JSON.stringify(value).length;
}

/** The answer had no room for all of its contents. */
export function isCutSpan(span: Span): boolean {
  const said = span as { cut?: unknown; tool?: { cut?: unknown } | null };
  return said.cut === true || said.tool?.cut === true || [...(span.input ?? []), ...(span.output ?? [])].some(isCut);
}
