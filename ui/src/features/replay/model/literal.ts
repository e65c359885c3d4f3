// Reads a value that came as text: JSON, or a Python literal as many frameworks print it ({'a': None}).
// Gives the text back unchanged when it is neither: stored text is never repaired by guessing.

const MAX_TEXT = 2_000_000;
const MAX_DEPTH = 64;

export function parse(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  const first = text[0];
  if (!first || text.length > MAX_TEXT) return value;
  if (first === '{' || first === '[' || first === '"') {
    try {
      const parsed: unknown = JSON.parse(text);
      return first === '"' && typeof parsed === 'string' ? parse(parsed) : parsed;
    } catch {
      const python = first === '"' ? undefined : new Literal(text).read();
      return python === undefined ? value : python;
    }
  }
  return value;
}

const WORDS: Record<string, unknown> = { None: null, True: true, False: false, null: null, true: true, false: false };
const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"' };

/** A value whose text was cut in the middle, as far as it goes; undefined when it is not that. */
export function parseCut(text: string): unknown {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed) || trimmed.length > MAX_TEXT) return undefined;
  const value = new Literal(trimmed, true).read();
  return typeof value === 'object' && value !== null && Object.keys(value).length ? value : undefined;
}

/** The quoted text that begins at `at`, as Python prints it; undefined when it does not end. */
export function quotedAt(text: string, at: number): string | undefined {
  return new Literal(text, false, at).quoted();
}

/** A reader for Python's dict, list, tuple, string, number, None, True and False; nothing else. */
class Literal {
  constructor(
    private readonly text: string,
    /** The end of the text ends what is open. */
    private readonly cut = false,
    private at = 0,
  ) {}

  quoted(): string | undefined {
    return this.string(this.text[this.at]!);
  }

  private get ended(): boolean {
    return this.cut && this.at >= this.text.length;
  }

  read(): unknown {
    const value = this.value(0);
    this.space();
    return this.at === this.text.length ? value : undefined;
  }

  private space(): void {
    while (this.at < this.text.length && /\s/.test(this.text[this.at]!)) this.at++;
  }

  private value(depth: number): unknown {
    this.space();
    if (depth > MAX_DEPTH) return undefined;
    const c = this.text[this.at];
    if (c === '{') return this.dict(depth);
    if (c === '[') return this.list(']', depth);
    if (c === '(') return this.list(')', depth);
    if (c === "'" || c === '"') return this.string(c);
    const word = /^[A-Za-z]+|^-?\d[\d._]*(?:[eE][+-]?\d+)?/.exec(this.text.slice(this.at, this.at + 40))?.[0];
    if (!word) return undefined;
    this.at += word.length;
    if (word in WORDS) return WORDS[word];
    const number = Number(word.replace(/_/g, ''));
    return Number.isFinite(number) && /^-?\d/.test(word) ? number : undefined;
  }

  private string(quote: string): string | undefined {
    let out = '';
    for (this.at++; this.at < this.text.length; this.at++) {
      const c = this.text[this.at]!;
      if (c === quote) {
        this.at++;
        return out;
      }
      if (c !== '\\') {
        out += c;
        continue;
      }
      const next = this.text[++this.at] ?? '';
      const code = next === 'u' ? /^[0-9a-fA-F]{4}/.exec(this.text.slice(this.at + 1, this.at + 5))?.[0] : undefined;
      if (code) this.at += 4;
      out += code ? String.fromCharCode(parseInt(code, 16)) : (ESCAPES[next] ?? '\\' + next);
    }
    return this.cut ? `${out}…` : undefined;
  }

  private list(end: string, depth: number): unknown[] | undefined {
    const out: unknown[] = [];
    this.at++;
    for (;;) {
      this.space();
      if (this.ended) return out;
      if (this.text[this.at] === end) {
        this.at++;
        return out;
      }
      const value = this.value(depth + 1);
      if (value === undefined) return this.ended ? out : undefined;
      out.push(value);
      if (!this.comma(end)) return undefined;
    }
  }

  private dict(depth: number): Record<string, unknown> | undefined {
    const out: [string, unknown][] = [];
    this.at++;
    for (;;) {
      this.space();
      if (this.ended) return Object.fromEntries(out);
      if (this.text[this.at] === '}') {
        this.at++;
        return Object.fromEntries(out);
      }
      const key = this.value(depth + 1);
      this.space();
      if (this.ended) return Object.fromEntries(out);
      if ((typeof key !== 'string' && typeof key !== 'number') || this.text[this.at] !== ':') return undefined;
      this.at++;
      const value = this.value(depth + 1);
      if (value === undefined) return this.ended ? Object.fromEntries(out) : undefined;
      out.push([String(key), value]);
      if (!this.comma('}')) return undefined;
    }
  }

  private comma(end: string): boolean {
    this.space();
    if (this.text[this.at] === ',') {
      this.at++;
      return true;
    }
    return this.text[this.at] === end || this.ended;
  }
}
