// Search inside a run: names and payloads of every span, case folded, words in any order.
import type { Node, Tree } from './tree';
import { textOfSpan } from './texts';

const haystacks = new WeakMap<object, string>();

function haystack(each: Node): string {
  const kept = haystacks.get(each.span);
  if (kept !== undefined) return kept;
  const text = textOfSpan(each).toLowerCase();
  haystacks.set(each.span, text);
  return text;
}

/** Nodes that hold every word of the query, in start order; a "quoted phrase" is looked for as it stands. */
export function search(tree: Tree, query: string): Node[] {
  const words = terms(query);
  if (!words.length) return [];
  return tree.all.filter((each) => {
    const text = haystack(each);
    return words.every((word) => text.includes(word));
  });
}

export function terms(query: string): string[] {
  return [...query.toLowerCase().matchAll(/"([^"]+)"|(\S+)/g)].map((match) => match[1] ?? match[2]!).filter(Boolean);
}

/** Cuts a text at the words found: odd entries are hits. */
export function marked(text: string, words: readonly string[]): string[] {
  if (!words.length || !text) return [text];
  const pattern = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return text.split(new RegExp(`(${pattern})`, 'gi'));
}
