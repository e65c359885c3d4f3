// Saved views of a list: what of its address is kept under a name, for oneself or for the project.
import type { Api, Grain } from '$api';

/** What a view keeps; a chosen stretch, an open panel and the cursor are of the moment. */
const kept = ['filter', 'from', 'to', 'last', 'order', 'cols', 'pin', 'measure', 'view', 'split'] as const;

export interface View {
  id: string;
  name: string;
  page: Grain;
  state: Record<string, string>;
  shared: boolean;
  own: boolean;
  author: string;
  created: string;
  changed: string;
}

export const views = {
  list: (api: Api) => api.call<{ views: View[] }>('GET', '/views').then((answer) => answer.views.filter((view) => ['sessions', 'traces', 'spans'].includes(view.page))),
  add: (api: Api, view: Pick<View, 'name' | 'page' | 'state' | 'shared'>) => api.call<View>('POST', '/views', view),
  change: (api: Api, id: string, patch: Partial<Pick<View, 'name' | 'state' | 'shared'>>) => api.call<View>('PUT', `/views/${encodeURIComponent(id)}`, patch),
  remove: (api: Api, id: string) => api.call<void>('DELETE', `/views/${encodeURIComponent(id)}`),
};

export function stateOf(query: URLSearchParams): Record<string, string> {
  const state: Record<string, string> = {};
  for (const name of kept) {
    const value = query.get(name);
    if (value) state[name] = value;
  }
  return state;
}

/** What was saved by hand or by another version may hold anything: names that are known, and texts, are taken. */
export function hrefOf(view: View): string {
  const query = new URLSearchParams();
  for (const name of kept) if (typeof view.state[name] === 'string' && view.state[name]) query.set(name, view.state[name]!);
  const text = query.toString();
  return `/${view.page}${text ? `?${text}` : ''}`;
}

export const same = (a: Record<string, string>, b: Record<string, string>): boolean => kept.every((name) => (a[name] ?? '') === (b[name] ?? ''));
