// A filter as its terms, by their spelling alone: what each means, and whether it is right, only the server says.

export interface Token {
  text: string;
  start: number;
  end: number;
}
export interface Spelling {
  minus: boolean;
  dimension: string;
  operator: string;
  value: string;
}

/** Terms stand apart by spaces outside quotes; parentheses stand alone. */
export function tokensOf(filter: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s+|-?[()]|(?:"(?:[^"\\]|\\.)*"?|[^\s()"])+/g;
  for (const match of filter.matchAll(pattern)) {
    if (/^\s/.test(match[0])) continue;
    tokens.push({ text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return tokens;
}

export function spellingOf(text: string): Spelling {
  const parsed = /^(-)?([A-Za-z_][\w.-]*)(!=|>=|<=|=|:|~|>|<)([\s\S]*)$/.exec(text);
  if (!parsed) return { minus: /^-./.test(text), dimension: '', operator: '', value: text.replace(/^-(?=.)/, '') };
  return { minus: parsed[1] === '-', dimension: parsed[2]!, operator: parsed[3]!, value: parsed[4]! };
}

export const joined = (terms: readonly string[]): string => terms.join(' ').replace(/\( /g, '(').replace(/ \)/g, ')');

export const isConnector = (text: string): boolean => text === 'or' || text === '(' || text === ')' || text === '-(';

/** A value as it must be written: quoted when it holds a space, a comma or a parenthesis. */
export const quoted = (value: string): string => (value === '' || /[\s",()]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value);

const unquoted = (value: string): string => (value.startsWith('"') ? value.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1') : value);

/** The values of a term, its commas outside quotes being "any of". */
export function valuesOf(value: string): string[] {
  return (value.match(/"(?:[^"\\]|\\.)*"?|[^,]+/g) ?? []).map(unquoted);
}

const writesValues = (dimension: string, values: readonly string[], minus = false) => `${minus ? '-' : ''}${dimension}=${values.map(quoted).join(',')}`;

/** The terms that hold for all rows, a group in parentheses being one of them; where an "or" stands between them, all is one group. */
function outerOf(filter: string): string[] {
  const out: string[] = [];
  let depth = 0, either = false;
  for (const { text } of tokensOf(filter)) {
    if (depth > 0) out.push(joined([out.pop()!, text]));
    else out.push(text);
    either ||= depth === 0 && text === 'or';
    if (text === '(' || text === '-(') depth += 1;
    else if (text === ')') depth = Math.max(0, depth - 1);
  }
  return either ? [`(${joined(out)})`] : out;
}

/** The values that a filter asks for, or excludes, of all rows in one dimension. */
export function chosenIn(filter: string, dimension: string): { taken: string[]; excluded: string[] } {
  const taken: string[] = [];
  const excluded: string[] = [];
  for (const text of outerOf(filter)) {
    const term = spellingOf(text);
    if (term.dimension !== dimension) continue;
    const no = term.minus !== (term.operator === '!=');
    if (term.operator === '=' || term.operator === ':' || term.operator === '!=') (no ? excluded : taken).push(...valuesOf(term.value));
  }
  return { taken, excluded };
}

/** The filter without its terms on one dimension, for counting what else that dimension could be. */
export function without(filter: string, dimension: string): string {
  const terms = outerOf(filter);
  const kept = terms.filter((text) => spellingOf(text).dimension !== dimension);
  return kept.length === terms.length ? filter : joined(kept);
}

/** Takes a value in or out, or excludes it; the place of the term is kept. */
export function toggled(filter: string, dimension: string, value: string, exclude: boolean): string {
  const terms = outerOf(filter);
  const now = chosenIn(filter, dimension);
  const term = writesValues(dimension, [value], exclude);
  const had = (exclude ? now.excluded : now.taken).includes(value);
  const at = terms.findIndex((text) => {
    const spelled = spellingOf(text);
    return spelled.dimension === dimension && (spelled.operator === '=' || spelled.operator === ':') && spelled.minus === exclude;
  });
  const kept = terms.filter((text) => !(spellingOf(text).dimension === dimension && now[exclude ? 'taken' : 'excluded'].includes(value) && valuesOf(spellingOf(text).value).length === 1));
  if (at < 0) return joined(had ? kept : [...kept, term]);
  const values = valuesOf(spellingOf(terms[at]!).value);
  const next = had ? values.filter((v) => v !== value) : [...values, value];
  const written = next.length ? [writesValues(dimension, next, exclude)] : [];
  const place = kept.indexOf(terms[at]!);
  return joined(place < 0 ? [...kept, ...written] : kept.toSpliced(place, 1, ...written));
}

/** Adds a term unless it is there. */
export function withTerm(filter: string, term: string): string {
  const terms = outerOf(filter);
  return terms.includes(term) ? filter : joined([...terms, term]);
}
