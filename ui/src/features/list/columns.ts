// The columns of the three lists: what they are called, how wide, how they sort, which are shown first.
import type { Grain, Session, Span, Trace } from '$api';
import { format, modelName, stepName } from '$kit';

export type Row = Session | Trace | Span;
export type Look = 'started' | 'text' | 'plain' | 'version' | 'number' | 'cost' | 'kind' | 'mono';
export interface Column {
  id: string;
  label: string;
  look: Look;
  /** Pixels; 0 takes what is left. */
  width: number;
  /** Name in `order=`. */
  sort?: string;
  /** The first to go when there is no room have the highest number. */
  spare: number;
  /** What stands in the cell; '' shows nothing's sign. */
  text: (row: Row) => string;
  /** What a value that is not the row's own is of. */
  of?: (row: Row) => string;
}

const isSpan = (row: Row): row is Span => 'span_id' in row;
const isSession = (row: Row): row is Session => 'active_ms' in row;
const run = (pick: (row: Session | Trace) => string) => (row: Row) => (isSpan(row) ? '' : pick(row));
const span = (pick: (row: Span) => string) => (row: Row) => (isSpan(row) ? pick(row) : '');
const sum = (values: (number | null)[]) => (values.every((v) => v === null) ? null : values.reduce<number>((n, v) => n + (v ?? 0), 0));

export const spanTokens = (row: Span): number | null => sum([row.tokens.input, row.tokens.cache_read, row.tokens.cache_write, row.tokens.output, row.tokens.reasoning]);
export const timeOf = (row: Row): number => (isSession(row) ? row.active_ms : row.duration_ms);
export const tokensOfRow = (row: Row): number | null => (isSpan(row) ? spanTokens(row) : row.tokens);

/** What went wrong in a step; its own name for it is left out. */
export const errorOf = (row: Span): string => (row.error?.message || row.error?.type || '').replace(/^Error: */, '');

const started: Column = { id: 'started', label: 'Started', look: 'started', width: 128, sort: 'start', spare: 0, text: (row) => format.dayClock(row.start) };
/** Steps follow one another within a minute. */
const startedSeconds: Column = { ...started, width: 144, text: (row) => format.daySeconds(row.start) };
const agent: Column = { id: 'agent', label: 'Agent', look: 'plain', width: 128, spare: 6, text: (row) => row.agent };
const version: Column = { id: 'version', label: 'Version', look: 'version', width: 60, spare: 5, text: (row) => ('agent_version' in row ? row.agent_version : '') };
const cost: Column = { id: 'cost', label: 'Cost', look: 'cost', width: 88, sort: 'cost', spare: 1, text: (row) => format.money(row.cost_usd) };
const time: Column = { id: 'time', label: 'Time', look: 'number', width: 80, sort: 'duration', spare: 3, text: (row) => format.duration(timeOf(row)) };
const tokens: Column = { id: 'tokens', label: 'Tokens', look: 'number', width: 68, sort: 'tokens', spare: 7, text: (row) => format.tokens(tokensOfRow(row)) };
const errors: Column = { id: 'errors', label: 'Errors', look: 'number', width: 56, sort: 'errors', spare: 7, text: run((row) => (row.error_count ? format.count(row.error_count) : '')) };
const steps: Column = { id: 'steps', label: 'Steps', look: 'number', width: 54, spare: 4, text: run((row) => format.count(row.llm_calls + row.tool_calls)) };
const user: Column = { id: 'user', label: 'User', look: 'plain', width: 96, spare: 8, text: run((row) => row.user_id) };
const team: Column = { id: 'team', label: 'Team', look: 'plain', width: 112, spare: 9, text: run((row) => row.team) };
const environment: Column = { id: 'environment', label: 'Environment', look: 'plain', width: 96, spare: 9, text: run((row) => row.environment) };
const tags: Column = { id: 'tags', label: 'Tags', look: 'plain', width: 112, spare: 9, text: run((row) => row.tags.join(', ')) };
const session: Column = { id: 'session', label: 'Session', look: 'mono', width: 104, spare: 6, text: (row) => row.session_id ?? '' };

const ofGrain: Record<Grain, readonly Column[]> = {
  sessions: [
    started,
    { id: 'message', label: 'First message', look: 'text', width: 0, spare: 0, text: (row) => (isSession(row) ? row.title : '') },
    agent, version, user, team, environment, tags,
    { id: 'turns', label: 'Turns', look: 'number', width: 54, spare: 8, text: (row) => (isSession(row) ? format.count(row.trace_count) : '') },
    steps, errors, tokens, cost, time,
  ],
  traces: [
    started,
    { id: 'message', label: 'First message', look: 'text', width: 0, spare: 0, text: (row) => ('title' in row && row.title) || ('name' in row ? row.name : '') },
    { id: 'name', label: 'Name', look: 'plain', width: 128, spare: 7, text: (row) => ('name' in row ? row.name : '') },
    session, agent, user, team, environment, tags, steps, errors, tokens, cost, time,
    { id: 'trace', label: 'Trace', look: 'mono', width: 136, spare: 9, text: (row) => ('trace_id' in row ? (row.trace_id ?? '') : '') },
  ],
  spans: [
    startedSeconds,
    { id: 'name', label: 'Step', look: 'kind', width: 0, spare: 0, text: span(stepName) },
    { id: 'error', label: 'Error', look: 'text', width: 200, spare: 3, text: span(errorOf) },
    { id: 'model', label: 'Model', look: 'plain', width: 112, spare: 6, text: span((row) => modelName(row.model)) },
    agent, version, session,
    { id: 'in', label: 'In', look: 'number', width: 60, spare: 5, text: span((row) => format.tokens(sum([row.tokens.input, row.tokens.cache_read, row.tokens.cache_write]))) },
    { id: 'out', label: 'Out', look: 'number', width: 60, spare: 5, text: span((row) => format.tokens(sum([row.tokens.output, row.tokens.reasoning]))) },
    { id: 'ttft', label: 'First token', look: 'number', width: 80, spare: 8, text: span((row) => (row.ttft_ms === null ? '' : format.duration(row.ttft_ms))) },
    cost, time,
  ],
};

const first: Record<Grain, readonly string[]> = {
  sessions: ['started', 'message', 'agent', 'version', 'steps', 'cost', 'time'],
  traces: ['started', 'message', 'name', 'session', 'agent', 'steps', 'tokens', 'cost', 'time'],
  spans: ['started', 'name', 'agent', 'in', 'out', 'cost', 'time'],
};

const titled = (name: string) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll(/[_-]/g, ' ');

/** A session without a score of its own shows the mean of those of its traces. */
function scoreColumn(name: string): Column {
  const meanOf = (row: Row) => (isSession(row) ? row.trace_scores?.[name] : undefined);
  const text = (row: Row) => {
    const mean = meanOf(row)?.mean;
    return mean === undefined || mean === null ? format.scored(row.scores?.[name]) : `⌀ ${format.score(mean)}`;
  };
  const of = (row: Row) => (meanOf(row) ? `Mean of ${format.plural(meanOf(row)!.count, 'score')} of its traces` : '');
  return { id: `score.${name}`, label: titled(name), look: 'number', width: Math.max(64, Math.min(112, name.length * 7 + 20)), spare: 4, text, of };
}

/** The scores among chosen columns. */
export const scoresOf = (ids: readonly string[]): string[] => ids.filter((id) => id.startsWith('score.')).map((id) => id.slice(6));

/** Every column that a list could have, with those of these scores. */
export function columnsOf(grain: Grain, scores: readonly string[]): readonly Column[] {
  return [...ofGrain[grain], ...scores.map(scoreColumn)];
}

/** The columns of somebody who has chosen none: an agent that the filter fixes need not be said in each row. */
export function usualOf(grain: Grain, scores: readonly string[], fixedAgent: boolean): string[] {
  const usual = first[grain].filter((id) => id !== 'agent' || !fixedAgent);
  return grain === 'sessions' && scores[0] ? [...usual, `score.${scores[0]}`] : usual;
}

export { fitting } from '$kit';

export function rowId(row: Row): string {
  if (isSpan(row)) return row.span_id;
  if (isSession(row)) return row.session_id || row.trace_id || '';
  return row.trace_id;
}

/** The full page of a row. */
export function hrefOf(row: Row): string {
  if (isSpan(row)) return `/traces/${encodeURIComponent(row.trace_id)}?span=${encodeURIComponent(row.span_id)}`;
  if (isSession(row) && row.session_id) return `/sessions/${encodeURIComponent(row.session_id)}`;
  return `/traces/${encodeURIComponent(('trace_id' in row ? row.trace_id : '') ?? '')}`;
}
