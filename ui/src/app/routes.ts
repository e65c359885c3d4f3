// Which address shows what. Only what exists has a route.
import type { Grain } from '$api';

export const settingsTabs = ['project', 'intake', 'people', 'me', 'audit'] as const;
export type SettingsTab = (typeof settingsTabs)[number];
/** The built-in dashboards, in their order (features/boards/boards.ts says what is on them); other names are users'. */
export const boardIds = ['fleet', 'agent', 'cost', 'latency', 'quality', 'guardrails', 'tools'] as const;
export const alertTabs = ['now', 'rules', 'channels', 'silences', 'history'] as const;
export type AlertTab = (typeof alertTabs)[number];
export const costTabs = ['spent', 'budgets', 'bills'] as const;
export type CostTab = (typeof costTabs)[number];
export const reportTabs = ['week', 'kept', 'schedules', 'links'] as const;
export type ReportTab = (typeof reportTabs)[number];
export type Route =
  | { page: 'list'; grain: Grain }
  | { page: 'replay'; kind: 'session' | 'trace'; id: string }
  | { page: 'board'; id: string }
  | { page: 'costs'; tab: CostTab }
  | { page: 'compare' }
  | { page: 'alerts'; tab: AlertTab }
  | { page: 'rule'; id: string | null }
  | { page: 'incidents' }
  | { page: 'incident'; id: string }
  | { page: 'slos' }
  | { page: 'reports'; tab: ReportTab }
  | { page: 'datasets' }
  | { page: 'dataset'; name: string }
  | { page: 'mentions' }
  | { page: 'scores' }
  | { page: 'experiments' }
  | { page: 'comparison' }
  | { page: 'experiment'; id: string }
  | { page: 'evaluators'; name: string | null }
  | { page: 'settings'; tab: SettingsTab }
  | { page: 'setup' }
  | { page: 'join' }
  | { page: 'missing' };

export function routeOf(path: string): Route {
  const [first = '', second = '', ...rest] = path.split('/').filter(Boolean);
  if (first === '') return { page: 'list', grain: 'sessions' };
  if (first === 'setup') return { page: 'setup' };
  if (first === 'join') return { page: 'join' };
  if (first === 'dashboards' && rest.length === 0 && /^[a-z0-9-]{0,60}$/.test(second)) return { page: 'board', id: second || 'fleet' };
  if (first === 'costs' && rest.length === 0 && (costTabs as readonly string[]).includes(second || 'spent')) return { page: 'costs', tab: (second || 'spent') as CostTab };
  if (first === 'compare' && !second) return { page: 'compare' };
  if (first === 'datasets' && rest.length === 0) return second ? { page: 'dataset', name: decoded(second) } : { page: 'datasets' };
  if (first === 'mentions' && !second) return { page: 'mentions' };
  if (first === 'scores' && !second) return { page: 'scores' };
  if (first === 'experiments' && rest.length === 0) return !second ? { page: 'experiments' } : second === 'compare' ? { page: 'comparison' } : { page: 'experiment', id: decoded(second) };
  if (first === 'evaluators' && rest.length === 0) return { page: 'evaluators', name: second ? decoded(second) : null };
  if (first === 'alerts' && second === 'rule' && rest.length === 1) return { page: 'rule', id: rest[0] === 'new' ? null : decoded(rest[0]!) };
  if (first === 'alerts' && rest.length === 0 && (alertTabs as readonly string[]).includes(second || 'now')) return { page: 'alerts', tab: (second || 'now') as AlertTab };
  if (first === 'incidents' && rest.length === 0) return second ? { page: 'incident', id: decoded(second) } : { page: 'incidents' };
  if (first === 'slos' && !second) return { page: 'slos' };
  if (first === 'reports' && rest.length === 0 && (reportTabs as readonly string[]).includes(second || 'week')) return { page: 'reports', tab: (second || 'week') as ReportTab };
  if (first === 'settings' && rest.length === 0 && (settingsTabs as readonly string[]).includes(second || 'project')) return { page: 'settings', tab: (second || 'project') as SettingsTab };
  if ((first === 'sessions' || first === 'traces') && second && rest.length === 0)
    return { page: 'replay', kind: first === 'sessions' ? 'session' : 'trace', id: decoded(second) };
  if ((first === 'sessions' || first === 'traces' || first === 'spans') && !second) return { page: 'list', grain: first };
  return { page: 'missing' };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const sessionPath = (id: string) => `/sessions/${encodeURIComponent(id)}`;
export const tracePath = (id: string) => `/traces/${encodeURIComponent(id)}`;
