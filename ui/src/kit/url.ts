// The typed codec between a page's state and its query string: what differs from the default is written, nothing else.

export interface Field<T> {
  parse(text: string | null): T;
  /** null: leave it out. */
  print(value: T): string | null;
}
export type Schema = Record<string, Field<unknown>>;
export type State<S extends Schema> = { [K in keyof S]: S[K] extends Field<infer T> ? T : never };

export function text(fallback = ''): Field<string> {
  return { parse: (s) => s ?? fallback, print: (v) => (v === fallback ? null : v) };
}

export function choice<const T extends string>(values: readonly T[], fallback: T): Field<T> {
  return {
    parse: (s) => (values.includes(s as T) ? (s as T) : fallback),
    print: (v) => (v === fallback ? null : v),
  };
}

export function number(fallback: number | null = null): Field<number | null> {
  return {
    parse: (s) => (s !== null && s !== '' && Number.isFinite(Number(s)) ? Number(s) : fallback),
    print: (v) => (v === fallback || v === null ? null : String(v)),
  };
}

export function flag(): Field<boolean> {
  return { parse: (s) => s === '1', print: (v) => (v ? '1' : null) };
}

export function list(fallback: readonly string[] = []): Field<readonly string[]> {
  const usual = fallback.join(',');
  return {
    parse: (s) => (s === null ? fallback : s.split(',').filter(Boolean)),
    print: (v) => (v.join(',') === usual ? null : v.join(',')),
  };
}

export function readQuery<S extends Schema>(schema: S, query: URLSearchParams): State<S> {
  const state: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema)) state[name] = field.parse(query.get(name));
  return state as State<S>;
}

/** The query with a patch applied; names outside the schema are kept. */
export function writeQuery<S extends Schema>(schema: S, query: URLSearchParams, patch: Partial<State<S>>): URLSearchParams {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(patch)) {
    const printed = schema[name]?.print(value) ?? null;
    if (printed === null) next.delete(name);
    else next.set(name, printed);
  }
  return next;
}

/** A query string that a person can read: = : , / ~ stay as they are. */
export function printQuery(query: URLSearchParams): string {
  const written = query.toString().replace(/%(3D|3A|2C|2F|7E)/g, (hex) => decodeURIComponent(hex));
  return written ? `?${written}` : '';
}

/** An address inside Pawl, from a path and named values; empty values are left out. */
export function link(path: string, values: Record<string, string | number | null | undefined> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  return path + printQuery(query);
}
