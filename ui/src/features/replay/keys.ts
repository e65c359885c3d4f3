// The keys of the replay.
import type { Scope } from '$kit';
import type { Place } from './neighbours';
import { newest } from './live.svelte';
import type { Replay } from './replay.svelte';

interface Moves {
  place: () => Place | null;
  go: (href: string | null | undefined) => void;
  focusPane: (view: 'transcript' | 'timeline' | 'details') => void;
  escape: () => void;
}

export function keysOf(replay: Replay, moves: Moves): Scope {
  const there = (): boolean => !!replay.run;
  const what = replay.kind;
  return {
    name: 'Replay',
    keys: [
      { key: 'j', label: `Next ${what} of the list`, when: () => !!moves.place()?.after, run: () => moves.go(moves.place()?.after) },
      { key: 'k', label: `${what === 'session' ? 'Session' : 'Trace'} before`, when: () => !!moves.place()?.before, run: () => moves.go(moves.place()?.before) },
      { key: 'ArrowDown', label: 'Next step', when: there, run: () => replay.step(1) },
      { key: 'ArrowUp', label: 'Step before', when: there, run: () => replay.step(-1) },
      { key: 'ArrowRight', label: 'Open, or go inside', when: there, run: () => replay.sideways(true) },
      { key: 'ArrowLeft', label: 'Fold, or go to the parent', when: there, run: () => replay.sideways(false) },
      { key: 'e', label: 'Next error', when: there, run: () => replay.nextError() },
      { key: 'shift+e', label: 'Error before', when: there, run: () => replay.nextError(true) },
      { key: 'x', label: 'Costliest step, again for the next', when: there, run: () => replay.nextRanked('cost') },
      { key: 's', label: 'Slowest step, again for the next', when: there, run: () => replay.nextRanked('time') },
      { key: '/', label: 'Search inside', when: there, run: () => document.querySelector<HTMLInputElement>('[data-search]')?.focus() },
      { key: 'n', label: 'Next hit', when: () => replay.hits.length > 0, run: () => replay.nextHit() },
      { key: 'shift+n', label: 'Hit before', when: () => replay.hits.length > 0, run: () => replay.nextHit(true) },
      { key: 't', label: 'Transcript', when: there, run: () => moves.focusPane('transcript') },
      { key: 'l', label: 'Tree and timeline', when: there, run: () => moves.focusPane('timeline') },
      { key: 'd', label: 'Details', when: there, run: () => moves.focusPane('details') },
      {
        key: 'f',
        label: 'Follow what arrives',
        when: () => replay.listening,
        run: () => {
          replay.follow = !replay.follow;
          if (replay.follow) newest(replay);
        },
      },
      { key: 'Escape', label: 'Close, clear the search, show all time', when: there, run: () => moves.escape() },
    ],
  };
}
