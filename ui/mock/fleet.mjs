// The stored fleet as sessions of the API: one week of five agents, from testdata/fleet.json (real texts, figures and outcomes).
import { readFileSync } from 'node:fs';

const data = JSON.parse(readFileSync(new URL('../testdata/fleet.json', import.meta.url), 'utf8'));
export const bodies = data.bodies;
const day0 = Date.parse(data.day0);

export const iso = (ms) => new Date(ms).toISOString().replace(/\.(\d{3})Z$/, '.$1000000Z');
export const usd = (micro) => (micro / 1e6).toFixed(6);
const hex = (n, digits) => (((n + 1) * 2654435761) >>> 0).toString(16).padStart(8, '0').repeat(4).slice(0, digits);

function sessionOf(row) {
  const r = Object.fromEntries(data.columns.map((name, at) => [name, row[at]]));
  const [trajectory, title, toolSequence, toolErrors, userTurns] = data.trajectories[r.trajectory];
  const [agent, team, workflow] = data.agents[r.agent];
  const turns = Math.max(1, Math.min(8, userTurns));
  const start = day0 + r.t_s * 1000;
  const pauses = (turns - 1) * (20_000 + (r.session % 50) * 1000);
  const outcome = r.reward === null ? null : r.reward === 1 ? 'done' : 'not done';
  const scores = {};
  if (r.goal !== null) scores.goal = r.goal;
  if (r.policy !== null) scores.policy = r.policy;
  return {
    session_id: `s${String(r.session).padStart(5, '0')}`, title, user_id: r.user, agent, agent_version: r.version, team, environment: 'production', start: iso(start),
    duration_ms: r.duration_ms + pauses, active_ms: r.duration_ms, status: r.blocked ? 'blocked' : toolErrors ? 'error' : 'ok', outcome, error_count: toolErrors,
    trace_count: turns, span_count: r.llm_calls + toolSequence.length + turns, llm_calls: r.llm_calls, tool_calls: toolSequence.length,
    tokens: r.input + r.output, cost_usd: usd(r.cost_micro_usd), cost_unknown_calls: 0, tags: r.guardrail ? ['guardrail'] : [], scores,
    _: { at: start, trajectory, tools: toolSequence.map((t) => data.tools[t]), model: data.models[r.model], micro: r.cost_micro_usd, input: r.input - r.cached, cached: r.cached, output: r.output, workflow, number: r.session, guardrail: !!r.guardrail },
  };
}

export const fleet = data.sessions.map(sessionOf).sort((a, b) => a._.at - b._.at);

/** Traces of a session: its turns. */
export function tracesOf(session) {
  const turns = session.trace_count;
  const share = (total, at) => Math.floor((total * (at + 1)) / turns) - Math.floor((total * at) / turns);
  const pause = turns > 1 ? (session.duration_ms - session.active_ms) / (turns - 1) : 0;
  return Array.from({ length: turns }, (_, at) => ({
    trace_id: hex(session._.number * 16 + at, 32), name: session._.workflow, title: at ? '' : session.title, agent_version: session.agent_version, session_id: session.session_id, user_id: session.user_id, agent: session.agent, team: session.team,
    environment: session.environment, start: iso(session._.at + Math.floor((session.active_ms * at) / turns + pause * at)), duration_ms: share(session.active_ms, at),
    status: at === turns - 1 ? session.status : 'ok', error_count: at === turns - 1 ? session.error_count : 0, span_count: share(session.llm_calls, at) + share(session.tool_calls, at) + 1,
    llm_calls: share(session.llm_calls, at), tool_calls: share(session.tool_calls, at), tokens: share(session.tokens, at), cost_usd: usd(share(session._.micro, at)), tags: session.tags,
    _: { session, turn: at },
  }));
}

export const idOf = hex;
