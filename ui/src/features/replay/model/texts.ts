// Everything a span says, as one text: what search looks through.
import { argumentsOf, resultOf, textOf } from './parts';
import type { Node } from './tree';
import type { Message } from './types';

const LONGEST = 200_000;

const said = (value: unknown): string => (value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value));

function messages(list: Message[] | null | undefined): string[] {
  const out: string[] = [];
  for (const message of list ?? []) {
    for (const part of message.parts) {
      if (part.type === 'tool_call') out.push(said(part['name']), said(argumentsOf(part)));
      else if (part.type === 'tool_result') out.push(said(resultOf(part)));
      else out.push(textOf(part));
    }
  }
  return out;
}

export function textOfSpan(each: Node): string {
  const { span } = each;
  const list = [span.name, each.label, span.agent, span.model?.requested, span.error?.type, span.error?.message, said(span.tool?.arguments), said(span.tool?.result), span.span_id];
  return [...list, ...messages(span.output), ...messages(span.input)].filter(Boolean).join('\n').slice(0, LONGEST);
}
