// Measures over the mock's sessions, split by dimensions and by time.
import { matches, parse } from './filter.mjs';
import { fleet, iso, tracesOf } from './fleet.mjs';
import { spansOf } from './spans.mjs';

export const measures = [
  ['sessions', 'sessions', 'Sessions with a span in the range'], ['traces', 'traces', 'Traces'], ['spans', 'spans', 'Spans'], ['errors', 'errors', 'The deepest failed spans'], ['error_rate', 'ratio', 'Traces with an error / traces'], ['cost', 'usd', 'Priced, else reported'],
  ['cost_per_session', 'usd', 'Cost / sessions'], ['latency.p50', 'ms', 'Median time of a trace'], ['latency.p95', 'ms', '95 % of traces took less'], ['tokens', 'tokens', 'All five kinds'], ['llm_calls', 'calls', 'Calls of models'], ['tool_calls', 'calls', 'Calls of tools'], ['score.goal.mean', 'score', 'Mean of the score goal'],
  ['cost_per_task', 'usd', 'Cost / tasks'], ['tool_error_rate', 'ratio', 'Failed tool calls / tool calls'], ['guardrail_triggers', 'calls', 'Guardrails that blocked'], ['cache_hit_rate', 'ratio', 'Cached input / input'], ['cost_unknown_calls', 'calls', 'Calls without a price'],
].map(([name, unit, definition]) => ({ name, unit, definition, splits: [] }));

/** Values of a dimension of a session (every value that one of its spans has). */
export function getter(s) {
  return (name) => {
    const x = s._;
    switch (name) {
      case 'agent': return [s.agent];
      case 'agent_version': return [s.agent_version];
      case 'team': return [s.team];
      case 'task': return [x.workflow];
      case 'environment': return [s.environment];
      case 'model': return [x.model];
      case 'provider': return ['openai'];
      case 'tool': return [...new Set(x.tools)];
      case 'kind': return ['agent', 'llm', ...(x.tools.length ? ['tool'] : [])];
      case 'status': return [s.status];
      case 'outcome': return s.outcome ? [s.outcome] : [];
      case 'error_type': return s.error_count ? ['ToolError'] : [];
      case 'user': return [s.user_id];
      case 'session': return [s.session_id];
      case 'trace': return tracesOf(s).map((trace) => trace.trace_id);
      case 'service': return [s.agent];
      case 'tag': return s.tags;
      case 'dialect': return ['gen_ai'];
      case 'cost': return Number(s.cost_usd);
      case 'duration': return s.active_ms;
      case 'tokens': return s.tokens ?? 0;
      case 'errors': return s.error_count;
      case 'text': return [s.title];
      default: return name.startsWith('score.') && s.scores?.[name.slice(6)] !== undefined ? s.scores[name.slice(6)] : [];
    }
  };
}

export function select(world, { filter = '', from, to }) {
  const { tree } = parse(filter);
  const low = from ? Date.parse(from) : Date.now() - 86_400_000;
  const high = to ? Date.parse(to) : Infinity;
  return world.sessions.filter((s) => s._.at >= low && s._.at < high && matches(tree, getter(s)));
}

const quantile = (list, q) => {
  if (!list.length) return null;
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
};
const sum = (list, pick) => list.reduce((n, s) => n + pick(s), 0);
const mean = (list) => (list.length ? sum(list, (v) => v) / list.length : null);

function measure(name, list) {
  switch (name) {
    case 'sessions': return list.length;
    case 'traces': return sum(list, (s) => s.trace_count);
    case 'spans': return sum(list, (s) => s.span_count);
    case 'errors': return sum(list, (s) => s.error_count);
    case 'error_rate': return list.length ? list.filter((s) => s.status === 'error').length / list.length : null;
    case 'cost': return (sum(list, (s) => s._.micro) / 1e6).toFixed(6);
    case 'cost_per_session': return list.length ? (sum(list, (s) => s._.micro) / 1e6 / list.length).toFixed(6) : null;
    case 'latency.p50': return quantile(list.map((s) => s.active_ms), 0.5);
    case 'latency.p95': return quantile(list.map((s) => s.active_ms), 0.95);
    case 'tokens': return sum(list, (s) => s.tokens ?? 0);
    case 'llm_calls': return sum(list, (s) => s.llm_calls);
    case 'tool_calls': return sum(list, (s) => s.tool_calls);
    case 'cost_per_task': return measure('cost_per_session', list);
    case 'tool_error_rate': return sum(list, (s) => s.tool_calls) ? sum(list, (s) => s.error_count) / sum(list, (s) => s.tool_calls) : null;
    case 'guardrail_triggers': return list.filter((s) => s._.guardrail).length;
    case 'cache_hit_rate': return sum(list, (s) => s._.input + s._.cached) ? sum(list, (s) => s._.cached) / sum(list, (s) => s._.input + s._.cached) : null;
    case 'cost_unknown_calls': return 0;
    default: return mean(list.map((s) => s.scores?.[name.split('.')[1]]).filter((v) => v !== undefined));
  }
}

const steps = { m: 60_000, h: 3_600_000, d: 86_400_000 };

export function query(world, request) {
  const rows = select(world, request);
  const by = request.dimensions ?? [];
  const step = request.step ? Number.parseInt(request.step, 10) * steps[request.step.at(-1)] : 0;
  const groups = new Map();
  for (const s of rows) {
    const get = getter(s);
    let keys = [[]];
    if (step) keys = [[iso(Math.floor(s._.at / step) * step)]];
    for (const name of by) {
      const have = get(name);
      const values = Array.isArray(have) ? (have.length ? have : [null]) : [have];
      keys = keys.flatMap((key) => values.map((v) => [...key, v]));
    }
    for (const key of keys) {
      const id = JSON.stringify(key);
      if (!groups.has(id)) groups.set(id, { key, list: [] });
      groups.get(id).list.push(s);
    }
  }
  if (!groups.size && !step && !by.length) groups.set('[]', { key: [], list: [] });
  const table = [...groups.values()].map(({ key, list }) => [...key, ...request.measures.map((m) => measure(m, list))]);
  const unit = (name) => measures.find((m) => m.name === name)?.unit ?? '';
  const columns = [...(step ? [{ name: 'time', type: 'time', unit: '' }] : []), ...by.map((name) => ({ name, type: 'string', unit: '' })), ...request.measures.map((name) => ({ name, type: 'number', unit: unit(name) }))];
  const order = request.order?.replace(/^-/, '');
  const at = step ? 0 : Math.max(0, columns.findIndex((c) => c.name === order));
  const down = request.order?.startsWith('-') ? -1 : 1;
  table.sort((a, b) => (step ? (a[0] < b[0] ? -1 : 1) : down * (typeof a[at] === 'string' && Number.isNaN(Number(a[at])) ? String(a[at]).localeCompare(String(b[at])) : Number(a[at] ?? 0) - Number(b[at] ?? 0))));
  return { columns, rows: request.limit ? table.slice(0, request.limit) : table, stats: { rows_read: sum(rows, (s) => s.span_count), elapsed_ms: 3.4, newest_ms_ago: 2000 } };
}

/** Every span of the selection that itself matches; for the grain of spans. */
export function selectSpans(world, request) {
  const { tree } = parse(request.filter ?? '');
  return select(world, { ...request, filter: '' }).flatMap((s) => {
    const get = getter(s);
    return spansOf(s).filter((span) => matches(tree, (name) => spanValue(span, name) ?? get(name)));
  });
}

function spanValue(span, name) {
  switch (name) {
    case 'kind': return [span.kind];
    case 'name': return [span.name];
    case 'tool': return span.tool ? [span.tool.name] : [];
    case 'model': return span.model ? [span.model.requested] : [];
    case 'status': return [span.status];
    case 'error_type': return span.error ? [span.error.type] : [];
    case 'cost': return Number(span.cost_usd ?? 0);
    case 'duration': return span.duration_ms;
    case 'trace': return [span.trace_id];
    case 'text': return [span.name, span.error?.message ?? ''];
    default: return null;
  }
}

export const newWorld = (empty) => ({ stored: !empty, sessions: empty ? [] : [...fleet], books: { received: 0, refused: 0, quarantined: 0, journal: 0, stored: 0, duplicate: 0, merged: 0, last_refusals: [] }, keys: [], listeners: new Set() });
