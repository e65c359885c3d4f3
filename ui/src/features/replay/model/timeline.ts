// Time as a line: where every span lies, with the pauses taken out or left in, a window to zoom, ticks, the critical path.
import type { Node, Tree } from './tree';
import { isContainer } from './tree';

export interface Pause {
  from: number;
  to: number;
  /** Where it lies on the axis, in axis milliseconds. */
  at: number;
}

/** Maps wall time (ms since the epoch) to the axis (ms from 0, pauses left out when `hidden`). */
export interface Scale {
  start: number;
  length: number;
  pauses: Pause[];
  hidden: boolean;
  /** Share of the whole that nothing but containers covers, 0 to 1. */
  idle: number;
}

export interface Window {
  from: number;
  to: number;
}

const MIN_PAUSE_MS = 2000;
const MIN_SHARE = 0.04;

/** Stretches where no leaf is at work, at least 2 s and 4 % of the working time. */
export function pausesOf(tree: Tree): { pauses: { from: number; to: number }[]; start: number; end: number } {
  const busy = tree.all.filter((each) => !each.noise && Number.isFinite(each.start) && !(isContainer(each) && each.children.length));
  let start = Infinity;
  let end = -Infinity;
  for (const each of tree.all) {
    if (!Number.isFinite(each.start)) continue;
    start = Math.min(start, each.start);
    end = Math.max(end, each.end);
  }
  if (!Number.isFinite(start)) return { pauses: [], start: 0, end: 1 };
  const gaps: { from: number; to: number }[] = [];
  let reach = start;
  let working = 0;
  for (const each of busy) {
    if (each.start > reach) gaps.push({ from: reach, to: each.start });
    if (each.end > reach) {
      working += each.end - Math.max(reach, each.start);
      reach = each.end;
    }
  }
  if (end > reach) gaps.push({ from: reach, to: end });
  const least = Math.max(MIN_PAUSE_MS, working * MIN_SHARE);
  return { pauses: gaps.filter((gap) => gap.to - gap.from >= least), start, end };
}

export function scaleOf(tree: Tree, hidden: boolean | null): Scale {
  const { pauses, start, end } = pausesOf(tree);
  const whole = Math.max(end - start, 1);
  const idleMs = pauses.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const idle = idleMs / whole;
  const hide = pauses.length > 0 && (hidden ?? idle >= 0.2);
  let gone = 0;
  const placed = pauses.map((gap) => {
    const at = gap.from - start - gone;
    if (hide) gone += gap.to - gap.from;
    return { ...gap, at };
  });
  return { start, length: Math.max(whole - gone, 1), pauses: placed, hidden: hide, idle };
}

/** Axis position of a moment; a moment inside a hidden pause lies where the pause is. */
export function toAxis(scale: Scale, time: number): number {
  let gone = 0;
  if (scale.hidden) {
    for (const gap of scale.pauses) {
      if (time <= gap.from) break;
      gone += Math.min(time, gap.to) - gap.from;
    }
  }
  return time - scale.start - gone;
}

/** The moment at an axis position: the other way round. Where a hidden pause lies, its end. */
export function fromAxis(scale: Scale, at: number): number {
  let gone = 0;
  if (scale.hidden) {
    for (const gap of scale.pauses) {
      if (at < gap.at - 0.0005) break;
      gone += gap.to - gap.from;
    }
  }
  return scale.start + at + gone;
}

export const whole = (scale: Scale): Window => ({ from: 0, to: scale.length });

/** A bar in percent of the window; null when it lies outside. */
export function place(scale: Scale, window: Window, start: number, end: number): { left: number; width: number } | null {
  const width = window.to - window.from;
  const a = toAxis(scale, start);
  const b = toAxis(scale, end);
  if (b < window.from || a > window.to) return null;
  const left = Math.max(0, (a - window.from) / width);
  const right = Math.min(1, (b - window.from) / width);
  return { left: left * 100, width: Math.max(0, right - left) * 100 };
}

/** Zooms by `factor` (< 1 in, > 1 out) so that the point at `share` of the window stays where it is. */
export function zoom(scale: Scale, window: Window, share: number, factor: number): Window {
  const width = window.to - window.from;
  const next = Math.min(scale.length, Math.max(width * factor, Math.min(1, scale.length)));
  const anchor = window.from + width * share;
  const from = Math.min(Math.max(0, anchor - next * share), scale.length - next);
  return { from, to: from + next };
}

export function pan(scale: Scale, window: Window, by: number): Window {
  const width = window.to - window.from;
  const from = Math.min(Math.max(0, window.from + by), scale.length - width);
  return { from, to: from + width };
}

/** A window that shows a span with a little air around it. */
export function fit(scale: Scale, start: number, end: number): Window {
  const a = toAxis(scale, start);
  const b = Math.max(toAxis(scale, end), a + 1);
  const air = (b - a) * 0.08;
  return { from: Math.max(0, a - air), to: Math.min(scale.length, b + air) };
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5, 216e5, 432e5, 864e5];

/** At most `most` round marks inside the window, with their names. */
export function ticks(window: Window, most: number): { at: number; left: number; label: string }[] {
  const width = window.to - window.from;
  const step = STEPS.find((each) => width / each <= most) ?? Math.ceil(width / most / 864e5) * 864e5;
  const out: { at: number; left: number; label: string }[] = [];
  for (let at = Math.ceil(window.from / step) * step; at <= window.to; at += step) out.push({ at, left: ((at - window.from) / width) * 100, label: tickLabel(at, step) });
  return out;
}

function tickLabel(at: number, step: number): string {
  if (step < 1000) return at < 1000 || at % 1000 ? (at < 1000 ? `${at} ms` : `${(at / 1000).toFixed(step < 10 ? 3 : step < 100 ? 2 : 1)} s`) : `${at / 1000} s`;
  if (step < 60_000 && at < 60_000) return `${at / 1000} s`;
  const seconds = Math.round(at / 1000);
  if (seconds < 3600) return seconds % 60 ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}` : `${seconds / 60} m`;
  return seconds % 3600 ? `${Math.floor(seconds / 3600)}:${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')} h` : `${seconds / 3600} h`;
}

/**
 * The chain of spans that the whole had to wait for: from the end backwards, the child that ended last before the
 * point reached, and so on inside it. Shortening any of them shortens the run; shortening others does not.
 */
export function criticalPath(roots: Node[]): Set<string> {
  const path = new Set<string>();
  const stack: { list: Node[]; until: number }[] = [{ list: roots, until: Infinity }];
  while (stack.length) {
    const { list, until } = stack.pop()!;
    let reach = until;
    const endOf = (each: Node): number => Math.min(each.end, until);
    for (const each of [...list].sort((a, b) => endOf(b) - endOf(a) || b.start - a.start)) {
      if (each.noise || each.start > reach || endOf(each) > reach) continue;
      path.add(each.id);
      if (each.children.length) stack.push({ list: each.children, until: endOf(each) });
      reach = each.start;
    }
  }
  return path;
}

/** Leaf bars below a folded row, those that would fall on one another joined; `least` is the narrowest gap in percent. */
export function leafBars(leaves: Node[], scale: Scale, window: Window, least: number): { left: number; width: number; kind: string; failed: boolean }[] {
  const out: { left: number; width: number; kind: string; failed: boolean }[] = [];
  for (const leaf of leaves) {
    const at = place(scale, window, leaf.start, leaf.end);
    if (!at) continue;
    const last = out[out.length - 1];
    if (last && last.kind === leaf.kind && last.failed === leaf.failed && at.left <= last.left + last.width + least) last.width = Math.max(last.width, at.left + at.width - last.left);
    else out.push({ ...at, kind: leaf.kind, failed: leaf.failed });
  }
  return out;
}
