// j and k in a table of a page: the focus goes from row to row, to the first thing of each that can be pressed; Enter then opens it.
import type { Key } from './keys.svelte';

const pressable = 'a[href], button:not([disabled]), select, input';

function go(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main .tbl tbody tr')].filter((row) => row.querySelector(pressable));
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const next = here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, here + by));
  rows[next]?.querySelector<HTMLElement>(pressable)?.focus();
}

export const rowKeys: readonly Key[] = [
  { key: 'j', label: 'Next row', run: () => go(1) },
  { key: 'k', label: 'Row before', run: () => go(-1) },
];
