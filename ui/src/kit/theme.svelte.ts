// The theme: as the system says, or as chosen; remembered by the browser. public/theme.js applies it before the first paint.
import { paper } from './paper.svelte';
import { recall, remember } from './remember';

export type ThemeChoice = 'auto' | 'dark' | 'light';

export class Theme {
  choice = $state<ThemeChoice>('auto');
  #systemDark = $state(false);
  #changes = $state(0);

  constructor() {
    const stored = recall('theme');
    if (stored === 'dark' || stored === 'light') this.choice = stored;
    const media = matchMedia('(prefers-color-scheme: dark)');
    this.#systemDark = media.matches;
    media.addEventListener('change', (event) => {
      this.#systemDark = event.matches;
      this.#changes += 1;
    });
  }

  /** Another one after each change; a canvas reads it to know that its colours must be read again. */
  get version(): number {
    return this.#changes * 2 + (paper.on ? 1 : 0);
  }

  get dark(): boolean {
    return this.choice === 'auto' ? this.#systemDark : this.choice === 'dark';
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    remember('theme', choice);
    if (choice === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
    this.#changes += 1;
  }

  toggle(): void {
    this.choose(this.dark ? 'light' : 'dark');
  }
}

/** The computed colour of a token such as "--c1", for a canvas. */
export function tokenColour(token: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
