// Where the words of a filter stand: passages of bodies, the newest first.
import { sentence, wasAborted } from '$kit';
import { untrack } from 'svelte';
import type { ListModel } from './list.svelte';
import { iso } from './range';
import { isConnector, joined, spellingOf, tokensOf } from './terms';

export interface Hit {
  trace_id: string;
  span_id: string;
  session_id: string | null;
  kind: string;
  name: string;
  agent: string | null;
  status: string;
  start: string;
  slot: string;
  role: string;
  snippet: { text: string; marks: [number, number][] };
  cut_before: boolean;
  cut_after: boolean;
  more: number;
}
interface Answer {
  hits: Hit[];
  next_cursor: string | null;
  searched_to: string | null;
  stats: { rows_read: number; elapsed_ms: number };
}

const PAGE = 40;

/** The words of a filter that are looked for in bodies, and the terms that are left; null where "or" mixes them. */
export function wordsIn(filter: string): { text: string; rest: string } | null {
  const terms = tokensOf(filter).map((token) => token.text);
  const words = terms.filter((term) => !isConnector(term) && !spellingOf(term).dimension && !/^-/.test(term) && !/^(is|has):/.test(term));
  if (!words.length || terms.some(isConnector)) return null;
  return { text: words.join(' '), rest: joined(terms.filter((term) => !words.includes(term))) };
}

export class HitsModel {
  list = $state.raw<readonly Hit[]>([]);
  next = $state<string | null>(null);
  loaded = $state(false);
  problem = $state('');
  tookMs = $state(0);
  /** How far back it has looked while it goes on by itself. */
  searchedTo = $state<string | null>(null);
  #abort: AbortController | undefined;

  constructor(readonly model: ListModel) {
    $effect(() => {
      void model.filter;
      void model.shown;
      if (model.state.values.view === 'hits' && model.ready) untrack(() => void this.ask());
    });
    $effect(() => () => this.#abort?.abort());
  }

  readonly sought = $derived.by(() => wordsIn(this.model.filter));

  async ask(more = false): Promise<void> {
    const sought = this.sought;
    this.#abort?.abort();
    if (!sought) return void ((this.list = []), (this.loaded = true));
    const abort = (this.#abort = new AbortController());
    const { from, to } = this.model.shown;
    const query = new URLSearchParams({ text: sought.text, from: iso(from), ...(sought.rest ? { filter: sought.rest } : {}), ...(this.model.endless ? {} : { to: iso(to) }) });
    let room = PAGE, cursor = more ? this.next : null, first = !more;
    try {
      do {
        query.set('limit', String(room));
        query.set('within_ms', first ? '100' : '1000');
        if (cursor) query.set('cursor', cursor);
        const answer = await this.model.app.api.call<Answer>('GET', `/search?${query}`, undefined, { signal: abort.signal });
        this.list = first ? answer.hits : [...this.list, ...answer.hits];
        this.tookMs = answer.stats?.elapsed_ms ?? 0;
        this.problem = '';
        this.next = cursor = answer.next_cursor || null;
        room -= answer.hits.length;
        this.searchedTo = room > 0 && cursor ? answer.searched_to : null;
        this.loaded = true;
        first = false;
      } while (this.searchedTo);
    } catch (error) {
      if (!wasAborted(error)) this.problem = sentence(error);
    }
    if (abort === this.#abort) (this.loaded = true), (this.searchedTo = null);
  }
}

/** A passage in pieces; those that are hits are marked. */
export function pieces(snippet: Hit['snippet']): { text: string; hit: boolean }[] {
  const out: { text: string; hit: boolean }[] = [];
  let at = 0;
  for (const [from, length] of [...snippet.marks].sort((a, b) => a[0] - b[0])) {
    if (from < at || length <= 0) continue;
    if (from > at) out.push({ text: snippet.text.slice(at, from), hit: false });
    out.push({ text: snippet.text.slice(from, from + length), hit: true });
    at = from + length;
  }
  if (at < snippet.text.length) out.push({ text: snippet.text.slice(at), hit: false });
  return out;
}
