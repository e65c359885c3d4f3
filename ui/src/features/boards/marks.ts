// What happened in a range: releases, changes of prices, incidents and own notes, as the server lists them and as charts draw them.
import type { Api } from '$api';
import { url, type Mark } from '$kit';
import * as format from '../../kit/format';
import { inside } from '../reports/reports';
import { iso, type TimeRange } from '../list/range';

export const markKinds = ['release', 'price', 'incident', 'note'] as const;
export type MarkKind = (typeof markKinds)[number];
export const markWord: Record<MarkKind, string> = { release: 'Releases', price: 'Prices', incident: 'Incidents', note: 'Notes' };

export interface Annotation {
  id: string;
  kind: MarkKind;
  at: string;
  until: string | null;
  title: string;
  detail: string;
  agent: string;
  version: string;
  severity: string;
  link: string;
  author: string;
}

/** Those of a range, kept for as long as nothing newer is asked; a server that has none answers with none. */
export async function annotationsOf(api: Api, range: TimeRange, agent = '', signal?: AbortSignal): Promise<readonly Annotation[]> {
  const path = url.link('/annotations', { from: iso(range.from), to: iso(range.to), agent });
  const answer = await api.call<{ annotations: Annotation[] }>('GET', path, undefined, signal ? { signal } : {});
  api.keep(path, answer.annotations);
  return answer.annotations;
}
export const addNote = (api: Api, note: { at: string; title: string; detail?: string }): Promise<Annotation> => api.call<Annotation>('POST', '/annotations', note);
export const removeNote = (api: Api, id: string): Promise<void> => api.call<void>('DELETE', `/annotations/${encodeURIComponent(id)}`);

const tones = { release: 'mark', price: 'warn', incident: 'bad', note: 'accent' } as const;
const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text);

export function marksOf(annotations: readonly Annotation[], hidden: readonly string[] = []): Mark[] {
  return annotations
    .filter((one) => !hidden.includes(one.kind))
    .map((one) => ({
      at: Date.parse(one.at), until: one.until ? Date.parse(one.until) : null, tone: tones[one.kind] ?? 'mark',
      name: one.kind === 'release' ? one.version || cut(one.title, 16) : one.kind === 'price' ? 'prices' : cut(one.title, 22),
      title: [`${one.title}, ${format.dayClock(one.at)} UTC`, one.detail].filter(Boolean).join(': '), ...(inside(one.link) ? { href: inside(one.link) } : {}), ...(/INC-\d+/.test(one.link) ? { short: /INC-\d+/.exec(one.link)![0] } : {}),
    }));
}
