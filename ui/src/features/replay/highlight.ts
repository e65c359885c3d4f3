// Marks the words searched for wherever they stand in a region, without touching its elements.

const MOST = 2000;

/** Marks now and whenever the region changes; answers how to stop. */
export function highlight(words: readonly string[], selector: string): () => void {
  if (!('highlights' in CSS)) return () => {};
  if (!words.length) {
    CSS.highlights.delete('found');
    return () => {};
  }
  let frame = 0;
  const mark = (): void => {
    frame = 0;
    const ranges: Range[] = [];
    for (const region of document.querySelectorAll(`${selector} [data-searched]`)) collect(region, words, ranges);
    CSS.highlights.set('found', new Highlight(...ranges));
  };
  const soon = (): void => void (frame ||= requestAnimationFrame(mark));
  const watcher = new MutationObserver(soon);
  for (const region of document.querySelectorAll(selector)) watcher.observe(region, { childList: true, characterData: true, subtree: true });
  soon();
  return () => {
    watcher.disconnect();
    cancelAnimationFrame(frame);
    CSS.highlights.delete('found');
  };
}

function collect(region: Element, words: readonly string[], ranges: Range[]): void {
  const texts = document.createTreeWalker(region, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node && ranges.length < MOST; node = texts.nextNode()) {
    const text = node.nodeValue?.toLowerCase() ?? '';
    for (const word of words) {
      for (let at = text.indexOf(word); at >= 0 && ranges.length < MOST; at = text.indexOf(word, at + word.length)) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        ranges.push(range);
      }
    }
  }
}
