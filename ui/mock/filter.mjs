// The filter language, as far as the mock needs it: terms, and, or, parentheses, minus, mistakes with their place and the nearest name.

export const dimensions = [
  ['agent', 'The named actor'], ['agent_version', 'Its version'], ['team', 'Who owns the agent'], ['environment', 'Where it ran'], ['task', 'What was wanted'], ['model', 'The model that was asked for'], ['provider', 'Who serves the model'],
  ['tool', 'A tool that was called'], ['kind', 'Kind of span'], ['status', 'ok, error, blocked, unfinished, running'], ['outcome', 'done or not done, where somebody judged it'], ['error_type', 'Type of the error'], ['name', 'Name of the span'],
  ['service', 'service.name'], ['user', 'The user'], ['session', 'The session'], ['trace', 'The trace'], ['prompt', 'Prompt'], ['prompt_version', 'Its version'], ['tag', 'A tag'], ['dialect', 'How it was sent'], ['cost', 'US dollars'], ['duration', 'Time'], ['tokens', 'All tokens'], ['errors', 'Errors'],
].map(([name, definition]) => ({ name, definition, operators: ['cost', 'duration', 'tokens', 'errors'].includes(name) ? ['=', '!=', '>', '<', '>=', '<='] : ['=', '!=', '~'] }));
const names = dimensions.map((d) => d.name);
export const facts = [['is:error', 'the step failed itself'], ['is:root', 'has no parent'], ['is:unpriced', 'has usage, and no price is known']].map(([name, definition]) => ({ name, definition }));

function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}

class Mistake extends Error {
  constructor(message, position, length, expected = [], nearest = null) {
    super(message);
    this.detail = { position, length, message, expected, nearest };
  }
}

const shape = /^(-)?(?:((?:attr\.|score\.)?[A-Za-z_][\w.-]*)(!=|>=|<=|=|:|~|>|<))?((?:"(?:[^"\\]|\\.)*"|[^\s()])*)/;
const bare = (v) => (v.startsWith('"') ? v.slice(1, -1).replace(/\\(.)/g, '$1') : v);

function split(text) {
  return text.match(/"(?:[^"\\]|\\.)*"|[^,]+/g)?.map(bare) ?? [];
}

/** As the server: places are counted in bytes. */
export function parse(text) {
  const bytes = (units) => Buffer.byteLength(text.slice(0, units));
  try {
    const { tree, terms } = read(text);
    return { tree, terms: terms.map((term) => ({ ...term, start: bytes(term.start), end: bytes(term.end) })) };
  } catch (error) {
    const { detail } = error;
    if (detail) error.detail = { ...detail, position: bytes(detail.position), length: bytes(detail.position + detail.length) - bytes(detail.position) };
    throw error;
  }
}

function read(text) {
  const terms = [];
  let at = 0;
  const skip = () => (at += /^\s*/.exec(text.slice(at))[0].length);
  const group = () => {
    const any = [[]];
    for (;;) {
      skip();
      const rest = text.slice(at);
      if (!rest || rest[0] === ')') break;
      if (/^or(\s|$)/.test(rest)) {
        at += 2;
        any.push([]);
      } else if (rest[0] === '(') {
        at++;
        any.at(-1).push(group());
        skip();
        if (text[at] !== ')') throw new Mistake('A parenthesis was opened and not closed.', text.length, 0, [')']);
        at++;
      } else any.at(-1).push(term(rest));
    }
    return { any };
  };
  const term = (rest) => {
    const [whole, minus, dimension, operator, value] = shape.exec(rest);
    if (!whole) throw new Mistake(`${rest[0]} was not expected here.`, at, 1, ['a term']);
    const start = at + (minus ? 1 : 0);
    at += whole.length;
    if (dimension && !names.includes(dimension) && !/^(attr|score)\./.test(dimension) && !['is', 'has', 'prompt'].includes(dimension)) {
      const nearest = names.map((n) => [distance(n, dimension), n]).sort((a, b) => a[0] - b[0])[0];
      throw new Mistake(`No dimension is called ${dimension}.${nearest[0] <= 3 ? ` Did you mean ${nearest[1]}?` : ''}`, start, dimension.length, names.slice(0, 8), nearest[0] <= 3 ? nearest[1] : null);
    }
    if (dimension && value === '') throw new Mistake(`${dimension}${operator} needs a value.`, at, 0, ['a value']);
    const node = { text: whole, start: at - whole.length, end: at, kind: dimension ? 'compare' : 'text', dimension: dimension ?? '', operator: operator === ':' ? '=' : operator ?? '', values: split(value), negated: !!minus };
    if (['cost', 'duration', 'tokens', 'errors'].includes(dimension) && Number.isNaN(number(value))) throw new Mistake(`${value} is not a number${dimension === 'duration' ? ' with a unit, such as 10s' : ''}.`, at - value.length, value.length, ['a number']);
    terms.push(node);
    return node;
  };
  const tree = group();
  if (at < text.length) throw new Mistake('A parenthesis was closed and not opened.', at, 1, []);
  return { tree, terms };
}

export function number(value) {
  const m = /^\$?(-?[\d.]+)(us|ms|s|m|h|d|k|M)?$/.exec(value);
  if (!m) return NaN;
  return Number(m[1]) * ({ us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, k: 1000, M: 1e6 }[m[2]] ?? 1);
}

/** `get(name)` answers a list of values, or a number. */
export function matches(node, get) {
  if (node.any) return node.any.some((all) => all.every((child) => matches(child, get)));
  const hit = one(node, get);
  return node.negated ? !hit : hit;
}

function one({ dimension, operator, values }, get) {
  if (!dimension) return get('text').some((t) => String(t).toLowerCase().includes(String(values[0] ?? '').toLowerCase()));
  if (dimension === 'is') return { error: () => get('status').includes('error'), blocked: () => get('status').includes('blocked'), counted: () => true }[values[0]]?.() ?? false;
  if (dimension === 'has') return (get(values[0]) ?? []).length > 0;
  const have = get(dimension);
  if (typeof have === 'number') {
    const want = number(values[0]);
    return { '=': have === want, '!=': have !== want, '>': have > want, '<': have < want, '>=': have >= want, '<=': have <= want }[operator];
  }
  const list = (have ?? []).map((v) => String(v).toLowerCase());
  const any = values.some((v) => (operator === '~' ? list.some((h) => h.includes(v.toLowerCase())) : list.includes(v.toLowerCase())));
  return operator === '!=' ? !any : any;
}
