// The keyboard: scopes of named keys, the newest first; the sheet of all keys is made from what is registered.
import { untrack } from 'svelte';

export interface Key {
  /** "j", "Enter", "Escape", "mod+k", "shift+l", "[" … ; several with a space between: "ArrowDown j". */
  key: string;
  /** What it does, as the sheet says it. */
  label: string;
  run: (event: KeyboardEvent) => void;
  /** Without it, always. When false the key goes on to the scopes below. */
  when?: () => boolean;
  /** Also while typing in a field. */
  typing?: boolean;
  /** Works but is not on the sheet. */
  hidden?: boolean;
}
export interface Scope {
  name: string;
  keys: readonly Key[];
  /** Nothing below this scope is heard. */
  modal?: boolean;
}

const apple = /Mac|iPhone|iPad/.test(navigator.platform);

/** The name of a pressed key as bindings write it. */
export function keyName(event: KeyboardEvent): string {
  const plain = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const letter = /^[a-z]$/.test(plain);
  const shift = event.shiftKey && (letter || event.key.length > 1) ? 'shift+' : '';
  return `${event.metaKey || event.ctrlKey ? 'mod+' : ''}${event.altKey ? 'alt+' : ''}${shift}${plain === ' ' ? 'Space' : plain}`;
}

const signs: Record<string, string> = {
  ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', Enter: '⏎', Escape: 'Esc', Space: 'space', Backspace: '⌫',
  mod: apple ? '⌘' : 'Ctrl', shift: '⇧', alt: apple ? '⌥' : 'Alt',
};

/** A binding as it is written on a key: "mod+k" is ⌘K or Ctrl K. */
export function keySign(key: string): string {
  const parts = key.split('+').map((part) => signs[part] ?? (key.includes('+') ? part.toUpperCase() : part));
  return apple || !key.startsWith('mod') ? parts.join(parts[0] === '⇧' ? ' ' : '') : parts.join(' ');
}

function typingIn(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range'].includes(target.type);
}

/** Enter and Space belong to a control that has the focus. */
function controlTakes(name: string, target: EventTarget | null): boolean {
  if (name !== 'Enter' && name !== 'Space') return false;
  return target instanceof HTMLElement && target.closest('button, a[href], summary, [role="option"], [role="tab"], input') !== null;
}

export class Keys {
  scopes = $state.raw<readonly Scope[]>([]);

  /** Adds a scope on top; answers how to take it away (give it to `$effect`). */
  add(scope: Scope): () => void {
    untrack(() => (this.scopes = [...this.scopes, scope]));
    return () => {
      untrack(() => (this.scopes = this.scopes.filter((other) => other !== scope)));
    };
  }

  start(): () => void {
    const onKey = (event: KeyboardEvent) => this.#press(event);
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }

  #press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const name = keyName(event);
    const typing = typingIn(event.target);
    if (controlTakes(name, event.target)) return;
    for (const scope of this.scopes.toReversed()) {
      for (const key of scope.keys) {
        if (!key.key.split(' ').includes(name) || (typing && !key.typing) || key.when?.() === false) continue;
        event.preventDefault();
        key.run(event);
        return;
      }
      if (scope.modal) return;
    }
  }
}

/** A field inside a menu: what is typed is no key of the menu, but Escape is. */
export function keepTyped(event: KeyboardEvent): void {
  if (event.key !== 'Escape') event.stopPropagation();
}
