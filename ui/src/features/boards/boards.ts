// The built-in dashboards as data: key figures, charts and tables, each a measure of the catalogue by a dimension under a filter.
import type { FilterGrain } from '$api';

/** One question: everything on a dashboard is made of these. */
export interface Ask {
  measure: string;
  /** A dimension; none: everything together. */
  split?: string;
  /** Beside the filter of the page. */
  filter?: string;
  /** What is counted, and what a click opens; spans unless said. */
  grain?: FilterGrain;
}
/** Which way is worse, where one is: the change is then coloured. */
export type Worse = 'up' | 'down';
export interface Figure extends Ask {
  label: string;
  worse?: Worse;
}
export interface Chart extends Figure {
  id: string;
  kind: 'lines' | 'bars';
  /** What the title leaves open. */
  note?: string;
  /** Over the whole width. */
  wide?: boolean;
}
export interface Ranks {
  id: string;
  kind: 'ranks';
  label: string;
  note?: string;
  wide?: boolean;
  split: string;
  /** The first one orders the rows and has the bars. */
  columns: readonly Figure[];
}
export type Panel = Chart | Ranks;
export interface Board {
  id: string;
  label: string;
  about: string;
  figures: readonly Figure[];
  panels: readonly Panel[];
  /** Offers a choice of one value of this dimension at the top. */
  choose?: string;
}

const cost: Figure = { label: 'Cost', measure: 'cost', worse: 'up' };
const errorRate: Figure = { label: 'Error rate', measure: 'error_rate', worse: 'up' };
const sessions: Figure = { label: 'Sessions', measure: 'sessions' };
const tokens: Figure = { label: 'Tokens', measure: 'tokens' };
const llmCalls: Figure = { label: 'Model calls', measure: 'llm_calls' };
const toolCalls: Figure = { label: 'Tool calls', measure: 'tool_calls' };
const toolErrors: Figure = { label: 'Tool error rate', measure: 'tool_error_rate', worse: 'up' };
const stops: Figure = { label: 'Guardrail stops', measure: 'guardrail_triggers', worse: 'up' };
const cached: Figure = { label: 'From cache', measure: 'cache_hit_rate', worse: 'down' };
/** The time of a run is that of its agent's span, which the roll-ups serve. */
const runTime: Figure = { label: 'p95 run', measure: 'latency.p95', filter: 'kind=agent', worse: 'up' };
const callTime: Figure = { label: 'p95 model call', measure: 'latency.p95', filter: 'kind=llm', worse: 'up' };
const toolTime: Figure = { label: 'p95 tool call', measure: 'latency.p95', filter: 'kind=tool', worse: 'up' };
const firstToken: Figure = { label: 'p95 first token', measure: 'ttft.p95', worse: 'up' };
const unpriced: Figure = { label: 'Calls without a price', measure: 'cost_unknown_calls', worse: 'up' };

const lines = (id: string, what: Figure, split: string, more: Partial<Chart> = {}): Chart => ({ ...what, id, kind: 'lines', split, ...more });
const bars = (id: string, what: Figure, split: string, more: Partial<Chart> = {}): Chart => ({ ...what, id, kind: 'bars', split, ...more });

export const boards: readonly Board[] = [
  {
    id: 'fleet', label: 'Fleet', about: 'every agent and team',
    figures: [sessions, cost, { ...cost, label: 'Cost per session', measure: 'cost_per_session' }, errorRate, runTime, stops],
    panels: [
      bars('cost', cost, 'team', { label: 'Cost by team' }),
      lines('sessions', sessions, 'team', { label: 'Sessions by team' }),
      lines('time', runTime, 'agent', { label: 'p95 time of a run', note: 'of each agent' }),
      lines('errors', errorRate, 'agent', { label: 'Error rate', note: 'steps that failed themselves, of all steps' }),
      { id: 'agents', kind: 'ranks', label: 'Agents', split: 'agent', columns: [cost, sessions, errorRate, runTime, tokens] },
    ],
  },
  {
    id: 'agent', label: 'Agent', about: 'one agent: versions, models, tools, tasks', choose: 'agent',
    figures: [sessions, cost, { ...cost, label: 'Cost per session', measure: 'cost_per_session' }, errorRate, runTime, toolErrors],
    panels: [
      lines('time', runTime, 'agent_version', { label: 'p95 time of a run', note: 'by version' }),
      lines('errors', errorRate, 'agent_version', { label: 'Error rate', note: 'by version' }),
      bars('cost', cost, 'model', { label: 'Cost by model' }),
      bars('tools', toolCalls, 'tool', { label: 'Tool calls', note: 'by tool' }),
      { id: 'versions', kind: 'ranks', label: 'Versions', split: 'agent_version', columns: [sessions, cost, errorRate, runTime] },
      { id: 'tasks', kind: 'ranks', label: 'Tasks', split: 'task', columns: [cost, sessions, tokens] },
    ],
  },
  {
    id: 'cost', label: 'Cost', about: 'what is spent, on what, and what the cache saves',
    figures: [cost, { ...cost, label: 'Cost per session', measure: 'cost_per_session' }, { ...cost, label: 'Cost per task', measure: 'cost_per_task' }, tokens, cached, unpriced],
    panels: [
      bars('team', cost, 'team', { label: 'Cost by team' }),
      bars('model', cost, 'model', { label: 'Cost by model' }),
      bars('tokens', tokens, 'model', { label: 'Tokens by model' }),
      lines('cached', cached, 'agent', { label: 'Input from the cache', note: 'by agent' }),
      { id: 'agents', kind: 'ranks', label: 'Agents', split: 'agent', columns: [cost, tokens, cached, llmCalls] },
      { id: 'customers', kind: 'ranks', label: 'Customers', split: 'customer', columns: [cost, tokens, llmCalls] },
    ],
  },
  {
    id: 'latency', label: 'Latency', about: 'runs, model calls, tools, first tokens',
    figures: [{ ...runTime, label: 'Median run', measure: 'latency.p50' }, runTime, callTime, firstToken, toolTime, { label: 'Own time of a run', measure: 'overhead', worse: 'up' }],
    panels: [
      lines('runs', runTime, 'agent', { label: 'p95 time of a run', note: 'by agent' }),
      lines('calls', callTime, 'model', { label: 'p95 time of a model call', note: 'by model' }),
      lines('first', firstToken, 'model', { label: 'p95 to the first token', note: 'of calls that report it' }),
      lines('tools', toolTime, 'tool', { label: 'p95 time of a tool call', note: 'by tool' }),
      { id: 'models', kind: 'ranks', label: 'Models', split: 'model', columns: [callTime, { ...callTime, label: 'Median', measure: 'latency.p50' }, firstToken, llmCalls] },
      { id: 'slow', kind: 'ranks', label: 'Tools', split: 'tool', columns: [toolTime, { ...toolTime, label: 'Median', measure: 'latency.p50' }, toolCalls] },
    ],
  },
  {
    id: 'quality', label: 'Quality', about: 'outcomes, errors, what a finished task costs',
    figures: [{ ...sessions, label: 'Sessions done', filter: 'outcome=done', worse: 'down' }, { ...sessions, label: 'Sessions not done', filter: 'outcome="not done"', worse: 'up' }, errorRate, toolErrors, { ...cost, label: 'Cost per task', measure: 'cost_per_task' }, stops],
    panels: [
      bars('outcome', sessions, 'outcome', { label: 'Sessions by outcome', filter: 'has:outcome', note: 'of those that somebody judged' }),
      lines('undone', { ...sessions, worse: 'up' }, 'team', { label: 'Sessions not done', filter: 'outcome="not done"', note: 'by team' }),
      lines('errors', errorRate, 'agent', { label: 'Error rate', note: 'by agent' }),
      lines('tools', toolErrors, 'agent', { label: 'Tool error rate', note: 'by agent' }),
      { id: 'kinds', kind: 'ranks', label: 'Errors by type', split: 'error_type', columns: [{ label: 'Errors', measure: 'errors', filter: 'is:error', worse: 'up' }, { ...sessions, filter: 'is:error' }] },
      { id: 'ends', kind: 'ranks', label: 'Why models stopped', split: 'finish_reason', columns: [llmCalls, cost] },
    ],
  },
  {
    id: 'guardrails', label: 'Guardrails', about: 'what was stopped, where and by which rule',
    figures: [stops, { ...sessions, label: 'Sessions stopped', filter: 'is:blocked', worse: 'up' }, { label: 'Checks', measure: 'spans', filter: 'kind=guardrail' }, { ...runTime, label: 'p95 check', filter: 'kind=guardrail' }],
    panels: [
      bars('agent', stops, 'agent', { label: 'Guardrail stops by agent' }),
      bars('rule', stops, 'name', { label: 'Guardrail stops by rule', filter: 'kind=guardrail' }),
      bars('checks', { label: 'Checks', measure: 'spans' }, 'name', { label: 'Checks made', filter: 'kind=guardrail', note: 'by rule' }),
      lines('time', { ...runTime, filter: 'kind=guardrail' }, 'name', { label: 'p95 time of a check', note: 'by rule' }),
      { id: 'agents', kind: 'ranks', label: 'Agents', split: 'agent', columns: [stops, { label: 'Checks', measure: 'spans', filter: 'kind=guardrail' }] },
      { id: 'users', kind: 'ranks', label: 'Users', split: 'user', columns: [{ ...stops, filter: 'is:blocked' }, { ...sessions, filter: 'is:blocked' }] },
    ],
  },
  {
    id: 'tools', label: 'Tools', about: 'calls, failures and time of each tool',
    figures: [toolCalls, toolErrors, { ...toolTime, label: 'Median tool call', measure: 'latency.p50' }, toolTime],
    panels: [
      bars('calls', toolCalls, 'tool', { label: 'Tool calls', note: 'by tool' }),
      lines('errors', toolErrors, 'tool', { label: 'Tool error rate', note: 'by tool' }),
      lines('time', toolTime, 'tool', { label: 'p95 time of a tool call', note: 'by tool' }),
      bars('agents', toolCalls, 'agent', { label: 'Tool calls by agent' }),
      { id: 'all', kind: 'ranks', label: 'Tools', split: 'tool', columns: [toolCalls, toolErrors, toolTime, { label: 'Sessions', measure: 'sessions', filter: 'kind=tool' }] },
    ],
  },
];

/** The quality board with what this project scores: the first four, by agent where they know it. */
export function withScores(board: Board, measures: readonly { name: string; splits?: string[] }[]): Board {
  if (board.id !== 'quality') return board;
  const scores = measures.filter((one) => /^score\..+\.mean$/.test(one.name)).slice(0, 4);
  const charts = scores.map(({ name, splits }) => {
    const label = name.slice('score.'.length, -'.mean'.length);
    const split = !splits?.length || splits.includes('agent') ? { split: 'agent' } : {};
    return { id: `score-${label}`, kind: 'lines', measure: name, label: `Score ${label}`, note: split.split ? 'mean, by agent' : 'mean', worse: 'down', ...split } satisfies Chart;
  });
  return charts.length ? { ...board, panels: [...charts, ...board.panels] } : board;
}

export const boardOf = (id: string): Board | undefined => boards.find((board) => board.id === id);

/** Every question of a board. */
export const asksOf = (board: Board): Ask[] => [...board.figures, ...board.panels.flatMap((panel): Ask[] => (panel.kind === 'ranks' ? panel.columns.map((column) => ({ ...column, split: panel.split })) : [panel]))];
