// What a failure says, in words: without stack traces, and without the objects that errors are wrapped in.
import { parse } from './literal';
import type { Node } from './tree';

export function errorOf(each: Node): string {
  const { type, message } = (each.cause ?? each).span.error ?? {};
  if (!message) return type ?? '';
  const said = plain(withoutTrace(message));
  const generic = !type || said.startsWith(type) || /^\w*(error|exception)\b/i.test(said) || /^(tool_?error|error|exception|_other)$/i.test(type);
  return generic ? said : `${type.split('.').at(-1)}: ${said}`;
}

/** A message may carry a stack trace: what comes before it, else its last line, says what happened. */
function withoutTrace(whole: string): string {
  const message = once(whole);
  const at = message.search(/\n?\s*Traceback \(most recent call last\)|\n\s+at \S+ \(/);
  if (at < 0) return message;
  return message.slice(0, at).trim() || message.trimEnd().split('\n').at(-1)!;
}

/** `no answer\n\nError: no answer` → `no answer`. */
function once(message: string): string {
  const blocks = message.split(/\n{2,}/);
  if (blocks.length !== 2) return message;
  const [first, second] = blocks.map((block) => block.trim()) as [string, string];
  return first.length > 8 && /^(?:[\w.]*(?:Error|Exception): )?$/.test(second.slice(0, Math.max(0, second.length - first.length))) && second.endsWith(first) ? first : message;
}

/** `Error code: 500 - {'error': {'message': 'overloaded'}}` → `Error code: 500 - overloaded`. */
function plain(message: string): string {
  const at = message.indexOf('{');
  if (at < 0) return message;
  const object = parse(message.slice(at));
  const inner = typeof object === 'string' ? '' : dig(object);
  return inner ? message.slice(0, at) + inner : message;
}

function dig(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  const { error, message, detail, data } = value as Record<string, unknown>;
  const said = dig(error) || (typeof message === 'string' ? message : '') || dig(detail);
  const more = dig(data);
  return said && more ? `${said}: ${more}` : said || more;
}
