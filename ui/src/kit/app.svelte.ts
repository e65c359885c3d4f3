// What every page is given: where we are, the keyboard, the theme, toasts, the server, who is looking.
import type { Api, Me } from '$api';
import { getContext, setContext } from 'svelte';
import type { Keys, Scope } from './keys.svelte';
import type { Router } from './router.svelte';
import type { Theme } from './theme.svelte';
import type { Toasts } from './toasts.svelte';

export interface Command {
  label: string;
  hint?: string;
  /** As in Key. */
  key?: string;
  icon?: string;
  /** Why it cannot be done now; it stays on the list with this reason. */
  refused?: string;
  run: () => void;
}

export interface App {
  readonly router: Router;
  readonly keys: Keys;
  readonly theme: Theme;
  readonly toasts: Toasts;
  readonly api: Api;
  readonly me: Me;
  /** Somebody who has a link alone: nothing leads away from what it opens, nothing is written. */
  readonly shared?: boolean;
  /** Commands that the open page adds to the palette; answers how to take them away. */
  offer(commands: () => Command[]): () => void;
  /** Opens what lies over every page. */
  open(what: 'palette' | 'keys' | 'menu'): void;
  /** Asks again who is looking (after log-out, a new project, the first span). */
  reload(): Promise<void>;
}

const name = Symbol('pawl');
export const provideApp = (app: App) => setContext(name, app);
export const useApp = () => getContext<App>(name);

/** Registers a scope of keys for as long as the component lives. The scope is read again when what it reads changes. */
export function useKeys(keys: Keys, scope: () => Scope): void {
  $effect(() => keys.add(scope()));
}
