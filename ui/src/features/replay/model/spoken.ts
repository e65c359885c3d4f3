// What a person reads of a text as it was sent: nothing of an empty value, the words inside a printed object. The details show it as it came.
import { quotedAt } from './literal';

const EMPTY = /^\s*(?:""|''|\[\]|\{\}|null|None)\s*$/;
/** Logfire's text in place of what it keeps elsewhere. */
const ELSEWHERE = /^[a-z_ ]{1,40}\n\nSee JSON for details\s*$/;
/** What Python prints for an object: `TextMessage(source='user', content='…')`, and its fields without the name: `source='user' content='…'`. */
const NAMED = /^\s*[[(]*[A-Z]\w*\(_?[a-z]\w*=[^]*[)\]]\s*$/;
const FIELDS = /^\s*_?[a-z]\w*=(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[\w.+-]+|\{\}|\[\]) _?[a-z]\w*=/;
const SAID = /(?:^|[\s,(])_?(?:content|text|message|task|query|prompt)=(?=['"])/g;
const LONGEST = 200_000;

export function spoken(text: string): string {
  if (text.length < 80 && (EMPTY.test(text) || ELSEWHERE.test(text))) return '';
  if (text.length > LONGEST || (!NAMED.test(text) && !FIELDS.test(text))) return text;
  const said: string[] = [];
  for (const found of text.matchAll(SAID)) {
    const inner = quotedAt(text, found.index + found[0].length);
    if (inner?.trim()) said.push(inner);
  }
  return said.length ? said.join('\n\n') : text;
}
