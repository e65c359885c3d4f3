// The keys of the replay.
import { url, type Scope } from '$kit';
import type { Place } from './neighbours';
import { newest } from './live.svelte';
import { play } from './model';
import type { Player } from './player.svelte';
import type { Replay } from './replay.svelte';

const JUMPS = { llm: 'l', tool: 'o', handoff: 'h', same: 'w' } as const;

interface Moves {
  place: () => Place | null;
  go: (href: string | null | undefined) => void;
  focusPane: (view: 'transcript' | 'timeline' | 'details') => void;
  escape: () => void;
}

export function keysOf(replay: Replay, player: Player, moves: Moves): Scope {
  const there = (): boolean => !!replay.run;
  const what = replay.kind;
  const show = (which: 'graph' | 'flame'): void => {
    replay.togglePane(which);
    moves.focusPane('timeline');
  };
  /** Behind the last call of the same in this run, the next run of the list. */
  const next = (sort: play.Jump): void => {
    if (!player.jump(sort) && sort === 'same') moves.go(moves.place()?.after);
  };
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
      {
        key: 'r',
        label: 'Tree and timeline',
        when: there,
        run: () => {
          replay.set({ pane: 'tree' }, { push: replay.values.pane !== 'tree' });
          moves.focusPane('timeline');
        },
      },
      { key: 'g', label: 'Graph of agents and tools', when: there, run: () => show('graph') },
      { key: 'm', label: 'Flame: what holds what, by cost, time or tokens', when: there, run: () => show('flame') },
      { key: 'z', label: 'Timeline of this turn, again for all', when: () => replay.turns.length > 1, run: () => replay.zoomToTurn() },
      { key: 'd', label: 'Details', when: there, run: () => moves.focusPane('details') },
      { key: 'c', label: 'Compare with the last good run of the same task', when: () => there() && !replay.shared, run: () => moves.go(url.link('/compare', { b: `${what === 'session' ? 'sessions' : 'traces'}/${replay.id}` })) },
      { key: 'Space', label: 'Play as it happened, pause', when: () => player.steps.length > 0, run: () => player.toggle() },
      { key: '.', label: 'Play: next step', when: there, run: () => player.go(1) },
      { key: ',', label: 'Play: step before', when: there, run: () => player.go(-1) },
      { key: '>', label: 'Play faster', when: there, run: () => player.faster() },
      ...(['llm', 'tool', 'handoff', 'same'] as const).map((what) => ({ key: JUMPS[what], label: `Next ${play.jumpName(what)}`, when: there, run: () => next(what) })),
      {
        key: 'f',
        label: 'Follow what arrives',
        when: () => replay.listening,
        run: () => {
          replay.follow = !replay.follow;
          if (replay.follow) newest(replay);
        },
      },
      { key: 'Escape', label: 'Close, put the playhead away, clear the search, show all', when: there, run: () => moves.escape() },
    ],
  };
}
