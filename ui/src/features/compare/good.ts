// Runs to compare with: good ones of the same agent, before this one; those of the same task first, then those that began with like words.
import type { Api, Session, Trace } from '$api';
import { bagOf, likeness } from './align';
import type { Entry } from './entries';
import type { Run } from '../replay/model';

export interface Good {
  id: string;
  title: string;
  start: string;
  version: string;
  sameTask: boolean;
  /** How alike its first words are, 0 to 1. */
  like: number;
}

const ASKED = 60;
const quoted = (value: string): string => (/^[\w.-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`);
const bag = (text: string): ReadonlySet<string> => bagOf({ text } as Entry);

/** The task of a run, where its spans say one. */
export function taskOf(run: Run): string {
  for (const span of run.spans) {
    const said = span.attributes?.['pawl.task'] ?? span.attributes?.['task'];
    if (typeof said === 'string' && said) return said;
  }
  return '';
}

export async function goodRuns(api: Api, run: Run, signal: AbortSignal): Promise<Good[]> {
  const about = run.session ?? run.traces[0];
  const agent = about?.agent ?? '';
  const start = about?.start ?? '';
  const grain = run.kind === 'session' ? 'sessions' : 'traces';
  const from = start ? new Date(Date.parse(start) - 30 * 86_400_000).toISOString() : '';
  const ask = async (filter: string): Promise<(Session | Trace)[]> => (await api.list(grain, { filter, from, to: start || '', order: '-start', limit: ASKED }, { signal })).rows as (Session | Trace)[];
  const own = agent ? `agent=${quoted(agent)}` : '';
  const good = run.kind === 'session' ? 'outcome=done' : '-is:error';
  const task = taskOf(run);
  const same = task ? await ask([own, good, `task=${quoted(task)}`].filter(Boolean).join(' ')).catch(() => []) : [];
  const found = same.length ? same : await ask([own, good].filter(Boolean).join(' '));
  const title = bag(about?.title ?? '');
  return found
    .map((one) => ({ id: (run.kind === 'session' ? (one as Session).session_id : (one as Trace).trace_id) || '', title: one.title, start: one.start, version: (one as Session).agent_version ?? '', sameTask: same.length > 0, like: likeness(title, bag(one.title ?? '')) }))
    .filter((one) => one.id && one.id !== run.id)
    .sort((a, b) => Number(b.sameTask) - Number(a.sameTask) || (a.sameTask ? 0 : b.like - a.like) || (a.start < b.start ? 1 : -1))
    .slice(0, 8);
}
