// Says a value in words: one line for the transcript, rows for the details. The reader never sees JSON unless asked.
import { parse as parseWhole, parseCut } from './literal';
import { count, cut } from './words';

/** As text says it, and where a text was cut in the middle, as far as it goes. */
function parse(value: unknown): unknown {
  const whole = parseWhole(value);
  return typeof whole === 'string' ? (parseCut(whole) ?? whole) : whole;
}

export interface Word {
  /** Humanised key, empty when the value speaks for itself. */
  key: string;
  value: string;
}

export interface Row {
  path: string;
  key: string;
  depth: number;
  value: string;
  /** Small print after the value: what the list holds. */
  note: string;
  mono: boolean;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isScalar = (value: unknown): boolean => value === null || typeof value !== 'object';
const WRAPPERS = ['kwargs', 'inputs', 'input_str', 'input', 'arguments'];

/** Frameworks wrap arguments: `{"args":[],"kwargs":{…}}`. The inner object is what the agent said. */
export function unwrap(value: unknown): unknown {
  let inner = parse(value);
  for (let i = 0; i < 3 && isObject(inner); i++) {
    const keys = Object.keys(inner);
    const wrapper = keys.find((key) => WRAPPERS.includes(key));
    const beside = keys.filter((key) => key !== wrapper && !isPlumbing(key, (inner as Record<string, unknown>)[key]));
    if (wrapper === undefined || beside.length) break;
    const next = parse(inner[wrapper]);
    if (!isObject(next)) break;
    inner = next;
  }
  return inner;
}

const isPlumbing = (key: string, value: unknown): boolean =>
  (key === 'args' && Array.isArray(value) && !value.length) || key === 'sanitize_inputs_outputs' || (key === 'metadata' && !isScalar(value)) || key === 'input_str' || key === 'inputs';

/** A result as frameworks wrap it: LangChain's ToolMessage, MCP's content list, {"result": …}. */
export function unwrapResult(value: unknown): unknown {
  let inner = parse(value);
  for (let i = 0; i < 4; i++) {
    if (Array.isArray(inner) && inner.length === 1 && isObject(inner[0]) && inner[0]['type'] === 'text' && 'text' in inner[0]) {
      inner = parse(inner[0]['text']);
      continue;
    }
    if (!isObject(inner)) break;
    const kwargs = inner['kwargs'] ?? inner['data'];
    if (isObject(kwargs) && 'content' in kwargs && ('lc' in inner || 'type' in inner)) {
      inner = parse(kwargs['content']);
      continue;
    }
    const keys = Object.keys(inner);
    const only = keys.length === 1 ? keys[0]! : inner['isError'] === false || 'tool_call_id' in inner ? 'content' : '';
    if (!['result', 'output', 'content', 'structuredContent', 'text'].includes(only) || !(only in inner)) break;
    inner = parse(inner[only]);
  }
  return inner;
}

/** `reservation_id` → `reservation`, `maxResults` → `max results`. */
export function humanise(key: string): string {
  const words = key.replace(/([a-z\d])([A-Z])/g, '$1 $2').replace(/[_-]+/g, ' ').trim().toLowerCase();
  return words.replace(/ id$/, '') || key;
}

export function scalar(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return /^[a-z]+(_[a-z]+)+$/.test(value) ? value.replace(/_/g, ' ') : value;
  return String(value);
}

/** What a list holds, in a few words: `HAT023, HAT134` or `3 passengers`. */
function listed(value: unknown[], key: string): string {
  if (!value.length) return 'none';
  if (value.every(isScalar) && value.length <= 4) return value.map(scalar).join(', ');
  const noun = humanise(key || 'entry');
  return `${count(value.length)} ${value.length === 1 ? noun.replace(/s$/, '') : plural(noun)}`;
}

const plural = (noun: string): string => (noun.endsWith('s') ? noun : noun.endsWith('y') && !/[aeiou]y$/.test(noun) ? noun.slice(0, -1) + 'ies' : noun + 's');

const NAMES = ['name', 'title', 'label', 'full_name', 'summary', 'text', 'flight_number', 'id', 'sku', 'code'];

/** The name by which one entry of a list is known, if it has one. */
export function nameOf(value: unknown): string {
  if (isScalar(value)) return scalar(value);
  if (!isObject(value)) return '';
  if (typeof value['first_name'] === 'string') return [value['first_name'], value['last_name']].filter(Boolean).join(' ');
  for (const key of NAMES) if (typeof value[key] === 'string' && value[key]) return value[key] as string;
  const id = Object.keys(value).find((key) => /(_id|Id|_number)$/.test(key) && isScalar(value[key]));
  return id ? scalar(value[id]) : '';
}

const ID = /(^id|_id|Id)$/;
const flat = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** A value as words for one line; `known` holds values already said (the arguments), not to be said again. */
export function words(value: unknown, known: ReadonlySet<string> = new Set(), limit = 6): Word[] {
  const inner = parse(value);
  if (inner === null || inner === undefined || inner === '') return [];
  if (typeof inner === 'string') return [{ key: '', value: numbersIn(inner) || cut(flat(inner), 240) }];
  if (isScalar(inner)) return [{ key: '', value: scalar(inner) }];
  if (Array.isArray(inner)) return [{ key: '', value: entries(inner) }];
  return objectWords(inner as Record<string, unknown>, known, limit);
}

/** `1,536 numbers` of a vector; '' where there is something to read. */
function numbersIn(text: string): string {
  if (text.length < 60 || !/^[\s\d.,eE+[\]-]+$/.test(text)) return '';
  const size = text.split(/[\s,[\]]+/).filter(Boolean).length;
  return size > FEW_NUMBERS ? `${count(size)} numbers` : '';
}

const FEW_NUMBERS = 6;
function entries(list: unknown[]): string {
  const inner = list.length === 1 && Array.isArray(list[0]) ? (list[0] as unknown[]) : list;
  if (inner.length > FEW_NUMBERS && inner.every((entry) => typeof entry === 'number')) return `${count(inner.length)} numbers`;
  const size = inner.length ? `${count(inner.length)} ${inner.length === 1 ? 'entry' : 'entries'}` : 'nothing found';
  if (inner.every(isScalar) && inner.length && inner.length <= 6) return inner.map(scalar).join(', ');
  const names = inner.slice(0, 3).map(nameOf).filter(Boolean);
  return names.length ? `${size}: ${names.map((name) => cut(flat(name), 40)).join(', ')}${inner.length > names.length ? ' …' : ''}` : size;
}

function objectWords(object: Record<string, unknown>, known: ReadonlySet<string>, limit: number): Word[] {
  const keys = Object.keys(object);
  for (const key of ['error', 'message', 'detail']) if (key in object && keys.length <= 2 && isScalar(object[key])) return [{ key: '', value: flat(scalar(object[key])) }];
  const out: Word[] = [];
  const from = object['origin'] ?? object['from'];
  const to = object['destination'] ?? object['to'];
  if (typeof from === 'string' && typeof to === 'string' && from.length < 24 && to.length < 24) out.push({ key: '', value: `${from} → ${to}` });
  for (const key of [...keys.filter((each) => !ID.test(each)), ...keys.filter((each) => ID.test(each))]) {
    if (out.length >= limit) break;
    if (out[0]?.value.includes(' → ') && ['origin', 'from', 'destination', 'to'].includes(key)) continue;
    const entry = parse(object[key]);
    if (entry === null || entry === '' || (isScalar(entry) && known.has(String(entry)))) continue;
    const label = keys.length === 1 && typeof entry !== 'boolean' ? '' : humanise(key);
    if (isScalar(entry)) out.push({ key: label, value: cut(flat(scalar(entry)), 120) });
    else if (Array.isArray(entry)) out.push(entry.every(isScalar) && entry.length <= 4 ? { key: label, value: listed(entry, key) } : { key: '', value: listed(entry, key) });
    else if (nameOf(entry)) out.push({ key: label, value: cut(flat(nameOf(entry)), 60) });
  }
  if (!out.length && known.size) return objectWords(object, new Set(), limit);
  return out.length || !keys.length ? out : [{ key: '', value: `${count(keys.length)} ${keys.length === 1 ? 'field' : 'fields'}` }];
}

/** Every scalar inside a value, to know what has been said. */
export function scalars(value: unknown, into: Set<string> = new Set()): Set<string> {
  const inner = parse(value);
  if (isScalar(inner)) {
    if (inner !== null && inner !== undefined) into.add(String(inner));
    return into;
  }
  for (const entry of Object.values(inner as object)) if (into.size < 200) scalars(entry, into);
  return into;
}

export const sentence = (list: Word[]): string => list.map((word) => (word.key ? `${word.key} ${word.value}` : word.value)).join(', ');

const isCode = (value: string): boolean => /\d/.test(value) && !/\s/.test(value) && !/^[\d.,:+-]+$/.test(value);

/** Key-value rows of the details. Nested values open as indented rows; long lists say how many. */
export function rows(value: unknown, limit = 200): Row[] {
  const out: Row[] = [];
  const inner = unwrap(value);
  if (inner === null || inner === undefined || inner === '') return out;
  fill(inner, '', '', 0, out, limit);
  return out;
}

function fill(value: unknown, path: string, key: string, depth: number, out: Row[], limit: number): void {
  if (out.length >= limit) return;
  const row = (text: string, note = ''): void => void out.push({ path, key, depth, value: text, note, mono: isCode(text) });
  if (isScalar(value)) return row(scalar(value));
  if (Array.isArray(value)) {
    if (value.every(isScalar)) return row(value.length ? value.map(scalar).join(', ') : 'none');
    const names = value.map(nameOf).filter(Boolean);
    row(count(value.length), names.length === value.length ? names.slice(0, 3).map((name) => cut(name, 40)).join(', ') + (names.length > 3 ? ` and ${count(names.length - 3)} more` : '') : '');
    if (names.length !== value.length || depth > 2) value.forEach((entry, i) => fill(entry, `${path}[${i}]`, String(i + 1), depth + 1, out, limit));
    return;
  }
  const object = value as Record<string, unknown>;
  if (key) row('', Object.keys(object).length ? '' : 'nothing');
  for (const name of Object.keys(object)) fill(parse(object[name]), path ? `${path}.${name}` : name, name, key ? depth + 1 : depth, out, limit);
}
