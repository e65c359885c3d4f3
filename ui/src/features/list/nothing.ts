// Why a list is empty: which term does it, and whether a longer range would find something.
import type { Api, Grain } from '$api';
import { iso, type TimeRange } from './range';
import { grainOf } from './strip.svelte';
import { isConnector, joined, tokensOf } from './terms';

export interface Reason {
  /** Without this term there are so many. */
  drop: { term: string; filter: string; count: number }[];
  /** One term alone has so many: the first that has any. */
  alone: { term: string; count: number } | null;
  /** The same filter over longer ranges. */
  longer: { last: string; words: string; count: number }[];
}

const day = 86_400_000;

export async function reasonOf(api: Api, grain: Grain, filter: string, range: TimeRange, now: number): Promise<Reason> {
  const terms = tokensOf(filter).map((t) => t.text);
  const simple = terms.length <= 8 && !terms.some(isConnector);
  const count = async (asked: string, from: number, to?: number) => {
    const answer = await api.query({ measures: [grain], grain: grainOf(grain), filter: asked, from: iso(from), ...(to ? { to: iso(to) } : {}) });
    return Number(answer.rows[0]?.at(-1) ?? 0);
  };
  const drops = simple && terms.length > 1 ? terms.map(async (term, at) => ({ term, filter: joined(terms.toSpliced(at, 1)), count: await count(joined(terms.toSpliced(at, 1)), range.from, range.to) })) : [];
  const alones = simple && terms.length > 1 ? terms.map(async (term) => ({ term, count: await count(term, range.from, range.to) })) : [];
  const wider = ([['7d', '7 days', 7], ['30d', '30 days', 30], ['90d', '90 days', 90]] as const).filter(([, , days]) => now - days * day < range.from - day / 2);
  const longer = wider.map(async ([last, words, days]) => ({ last, words, count: await count(filter, now - days * day) }));
  const [drop, alone, far] = await Promise.all([Promise.all(drops), Promise.all(alones), Promise.all(longer)]);
  const found = far.filter((f) => f.count > 0);
  return { drop: drop.filter((d) => d.count > 0).sort((a, b) => b.count - a.count).slice(0, 2), alone: alone.find((a) => a.count > 0) ?? null, longer: found.slice(0, 1) };
}
