// The server counts places in a text in bytes of UTF-8, the page in units of UTF-16.
import type { FilterAnswer, FilterMistake } from './types';

/** Where the character that begins at `bytes` begins for JavaScript. */
export function unitsOf(text: string, bytes: number): number {
  let units = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes < 0) return units;
    units += character.length;
  }
  return units;
}

/** A mistake of the server, placed in the filter that was sent. */
export function mistakeIn(filter: string, said: FilterMistake): FilterMistake {
  const position = unitsOf(filter, said.position);
  return { ...said, position, length: unitsOf(filter, said.position + said.length) - position };
}

export function filterAnswerOf(filter: string, said: FilterAnswer): FilterAnswer {
  if (!said.ok) return { ok: false, error: mistakeIn(filter, said.error) };
  return { ok: true, terms: said.terms.map((term) => ({ ...term, start: unitsOf(filter, term.start), end: unitsOf(filter, term.end) })) };
}
