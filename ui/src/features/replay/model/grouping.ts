// Folds what belongs together: the same call again, calls at once, calls in a row, the same failure again.
import type { Call, Failure, Item, Parallel, Repeat, Thought } from './items';

/** Applies all folds to one level of a transcript, and to what cards and calls hold. */
export function group(items: Item[]): Item[] {
  for (const item of items) if ('inside' in item) item.inside = group(item.inside);
  return sideBySide(failures(repeats(items)));
}

const keys = new WeakMap<Call, string>();
function keyOf(call: Call): string {
  const known = keys.get(call);
  if (known !== undefined) return known;
  const key = `${call.name}\n${JSON.stringify(call.args)}`;
  keys.set(call, key);
  return key;
}

/** The same tool with the same arguments, nothing between but thoughts. */
function repeats(items: Item[]): Item[] {
  const out: Item[] = [];
  for (let i = 0; i < items.length; i++) {
    const first = items[i]!;
    if (first.type !== 'call' || first.inside.length) {
      out.push(first);
      continue;
    }
    const calls: Call[] = [first];
    const between: Thought[] = [];
    let waiting: Thought[] = [];
    let last = i;
    for (let j = i + 1; j < items.length; j++) {
      const next = items[j]!;
      if (next.type === 'thought') waiting.push(next);
      else if (next.type === 'call' && !next.inside.length && keyOf(next) === keyOf(first)) {
        calls.push(next);
        between.push(...waiting);
        waiting = [];
        last = j;
      } else break;
    }
    if (calls.length < 2 || (first.asked && calls.every((call) => call.asked === first.asked))) {
      out.push(first);
      continue;
    }
    const same = calls.every((call) => call.failed && call.error === first.error);
    const repeat: Repeat = { type: 'repeat', id: `r:${first.id}`, calls, between, sameError: same ? first.error : '' };
    out.push(repeat);
    i = last;
  }
  return out;
}

function failures(items: Item[]): Item[] {
  const out: Item[] = [];
  for (const item of items) {
    const last = out[out.length - 1];
    if (item.type === 'failure' && last?.type === 'failure' && last.name === item.name && last.text === item.text) (last as Failure).nodes.push(...item.nodes);
    else out.push(item);
  }
  return out;
}

/** `search_direct_flight`, `search_onestop_flight` → `search_*_flight`; null when they are not alike. */
export function common(names: string[]): string | null {
  if (names.every((name) => name === names[0])) return names[0]!;
  const split = names.map((name) => name.split(/[_.-]/));
  if (split.some((words) => words.length < 3)) return null;
  const [first] = split;
  const same = (at: (words: string[]) => string | undefined): boolean => split.every((words) => at(words) === at(first!));
  return same((words) => words[0]) && same((words) => words.at(-1)) ? `${first![0]}_*_${first!.at(-1)}` : null;
}

const start = (call: Call): number => call.node?.start ?? call.asked?.end ?? 0;
const end = (call: Call): number => call.node?.end ?? start(call);

function together(a: Call, b: Call): boolean {
  if (a.asked && a.asked === b.asked) return true;
  return !!a.node && !!b.node && a.node.parent === b.node.parent && start(b) < end(a) && start(a) < end(b);
}

function sideBySide(items: Item[]): Item[] {
  const out: Item[] = [];
  for (let i = 0; i < items.length; ) {
    const first = items[i]!;
    if (first.type !== 'call' || first.inside.length) {
      out.push(first);
      i++;
      continue;
    }
    const run = runOf(items, i, (last, next) => together(last, next));
    const row = run.length > 1 ? [] : runOf(items, i, (last, next, calls) => !next.failed && !first.failed && goesOn(calls, last, next));
    const calls = run.length > 1 ? run : row.length >= 3 ? row : [first];
    out.push(calls.length > 1 ? parallel(calls, run.length > 1 ? 'at once' : 'in a row') : first);
    i += calls.length;
  }
  return out;
}

/** `next` has the name that the calls so far have in common. */
function goesOn(calls: Call[], last: Call, next: Call): boolean {
  if (next.name === last.name && (calls.length === 1 || last.name === calls[0]!.name)) return true;
  return common([...new Set([...calls.slice(0, 2), last, next].map((call) => call.name))]) !== null;
}

function runOf(items: Item[], from: number, belongs: (last: Call, next: Call, calls: Call[]) => boolean): Call[] {
  const calls = [items[from] as Call];
  for (let j = from + 1; j < items.length; j++) {
    const next = items[j]!;
    if (next.type !== 'call' || next.inside.length || !belongs(calls[calls.length - 1]!, next, calls)) break;
    calls.push(next);
  }
  return calls;
}

const parallel = (calls: Call[], how: Parallel['how']): Parallel => ({ type: 'parallel', id: `p:${calls[0]!.id}`, name: common(calls.map((call) => call.name)) ?? '', calls, how });
