// The kit: parts, words and habits that all pages share.
export { default as Badge } from './Badge.svelte';
export { default as Button } from './Button.svelte';
export { default as Dialog } from './Dialog.svelte';
export { default as HoverCard } from './HoverCard.svelte';
export { default as Icon } from './Icon.svelte';
export { default as Kbd } from './Kbd.svelte';
export { default as KindGlyph } from './KindGlyph.svelte';
export { default as Markdown } from './Markdown.svelte';
export { default as Menu } from './Menu.svelte';
export { default as Pill } from './Pill.svelte';
export { default as Segmented } from './Segmented.svelte';
export { default as Skeleton } from './Skeleton.svelte';
export { default as Splitter } from './Splitter.svelte';
export { default as StatusGlyph } from './StatusGlyph.svelte';
export { default as Tabs } from './Tabs.svelte';
export { default as VirtualList } from './VirtualList.svelte';

export * from './app.svelte';
export * as format from './format';
export * from './icons';
export { keyName, Keys, keySign, type Key, type Scope } from './keys.svelte';
export { recall, recallNumber, remember } from './remember';
export { QueryState, Router } from './router.svelte';
export { standing, type Standing, type Tone } from './status';
export { Theme, tokenColour, type ThemeChoice } from './theme.svelte';
export { Toasts } from './toasts.svelte';
export * as url from './url';
export { Heights, rangeOf, type Range } from './virtual';
