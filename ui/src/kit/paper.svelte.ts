// Paper: while the page is printed it is light, and what scrolls stands whole (styles/print.css has the rest).
import { flushSync } from 'svelte';

/** A list prints so many rows at most, and says so. */
export const MOST_PRINTED = 2000;

let on = $state(false);
export const paper = {
  get on(): boolean {
    return on;
  },
};

/** The colours first: what is drawn on a canvas reads them while it is drawn again. */
function turn(to: boolean): void {
  document.documentElement.toggleAttribute('data-paper', to);
  flushSync(() => (on = to));
}
const media = matchMedia('print');
media.addEventListener('change', () => turn(media.matches));
addEventListener('beforeprint', () => turn(true));
addEventListener('afterprint', () => turn(false));
