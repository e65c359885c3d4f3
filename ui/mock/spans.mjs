// Spans of one session of the mock: agent → model calls and tool calls, turn by turn, from the stored messages or from the tools that were called.
import { bodies, idOf, iso, tracesOf, usd } from './fleet.mjs';

const textOf = (text) => [{ type: 'text', text }];
const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** Messages as stored, or made up from the tool sequence: enough for every list, not for reading. */
function messagesOf(session) {
  const stored = bodies[session._.trajectory];
  if (stored) return stored;
  const messages = [{ role: 'user', content: session.title }];
  session._.tools.forEach((name, at) => {
    messages.push({ role: 'assistant', content: '', tool_calls: [{ id: `c${at}`, name, arguments: '{}' }] });
    const failed = at >= session._.tools.length - session.error_count;
    messages.push({ role: 'tool', tool_call_id: `c${at}`, name, content: failed ? 'Error: the order of a cancelled item cannot be changed' : '{"ok":true}' });
  });
  messages.push({ role: 'assistant', content: session.outcome === 'done' ? 'Done. Is there anything else?' : 'I could not do this.' });
  return messages;
}

function parts(message) {
  const list = message.content ? textOf(message.content) : [];
  for (const call of message.tool_calls ?? []) list.push({ type: 'tool_call', id: call.id, name: call.name, arguments: parsed(call.arguments) });
  return message.role === 'tool' ? [{ type: 'tool_result', id: message.tool_call_id, result: message.content }] : list;
}

/** Steps of the session in order, cut at each user message into turns. */
function stepsOf(session) {
  const steps = [];
  const seen = [];
  let turn = -1;
  for (const message of messagesOf(session)) {
    if (message.role === 'user') turn = Math.min(turn + 1, session.trace_count - 1);
    const at = Math.max(0, turn);
    if (message.role === 'assistant') steps.push({ kind: 'llm', turn: at, agent: message.agent ?? session.agent, input: [...seen], output: { role: 'assistant', parts: parts(message) }, weight: 40 + seen.reduce((n, m) => n + m.size, 0) / 4 });
    if (message.role === 'tool') steps.push({ kind: 'tool', turn: at, agent: session.agent, call: steps.flatMap((s) => s.output?.parts ?? []).findLast((p) => p.id === message.tool_call_id), result: message.content, failed: !!message.error || /^Error/.test(message.content ?? ''), weight: 8 });
    seen.push({ role: message.role, parts: parts(message), size: (message.content ?? '').length + 20 });
  }
  return steps;
}

const made = new WeakMap();

/** Without bodies they are made once: a list of spans asks for all of them. */
export function spansOf(session, mode = 'none') {
  if (mode !== 'none') return build(session, mode);
  const kept = made.get(session);
  if (kept?.steps === session.span_count) return kept.spans;
  const spans = build(session, mode);
  made.set(session, { steps: session.span_count, spans });
  return spans;
}

function build(session, mode) {
  const traces = tracesOf(session);
  const steps = stepsOf(session);
  const llm = steps.filter((s) => s.kind === 'llm');
  const llmWeight = llm.reduce((n, s) => n + s.weight, 0) || 1;
  const timeOf = (s) => (s.kind === 'llm' ? 1 : 0.12);
  const spans = [];
  let step = 0;
  traces.forEach((trace, turn) => {
    const mine = steps.filter((s) => s.turn === turn);
    const total = mine.reduce((n, s) => n + timeOf(s), 0) || 1;
    const begin = Date.parse(trace.start);
    const base = { trace_id: trace.trace_id, session_id: session.session_id, agent: session.agent, agent_version: session.agent_version, counted: true, error: null, finish_reasons: [], attributes: {}, links: [], events: [], raw_available: true, dialect: 'gen_ai', noise: false, state: null, tool: null, model: null, ttft_ms: null, tokens: null, cost_usd: null, cost_source: null, cost: null };
    const root = { ...base, span_id: idOf(session._.number * 4096 + turn * 512, 16), parent_id: null, kind: 'agent', name: session.agent, start: trace.start, duration_ms: trace.duration_ms, status: 'ok', counted: false, not_counted_because: 'its children are counted' };
    const children = [];
    let at = begin;
    for (const s of mine) {
      const length = Math.max(1, Math.round((trace.duration_ms * timeOf(s)) / total));
      const span = { ...base, span_id: idOf(session._.number * 4096 + turn * 512 + ++step, 16), parent_id: root.span_id, kind: s.kind, start: iso(at), duration_ms: length, status: s.failed ? 'error' : 'ok', agent: s.agent };
      at += length;
      if (s.kind === 'llm') fillCall(span, s, session, llmWeight, mode);
      else fillTool(span, s, mode);
      children.push(span);
    }
    const sum = (pick) => children.reduce((n, c) => n + pick(c), 0);
    root.rolled_up = { cost_usd: usd(sum((c) => Number(c.cost_usd ?? 0) * 1e6)), tokens: sum((c) => (c.tokens?.input ?? 0) + (c.tokens?.cache_read ?? 0) + (c.tokens?.output ?? 0)) };
    spans.push(root, ...children);
  });
  return spans;
}

function fillCall(span, s, session, weight, mode) {
  const part = s.weight / weight;
  const share = (n) => Math.round(n * part);
  const price = session._.model === 'gpt-4.1' ? ['2.00', '0.50', '8.00'] : session._.model === 'gpt-4o' ? ['2.50', '1.25', '10.00'] : ['0.40', '0.10', '1.60'];
  span.name = session._.model;
  span.model = { provider: 'openai', requested: session._.model, served: session._.model };
  span.tokens = { input: share(session._.input), cache_read: share(session._.cached), cache_write: 0, output: share(session._.output), reasoning: null };
  span.cost_usd = usd(share(session._.micro));
  span.cost_source = 'priced';
  const line = (type, tokens, rate) => ({ type, tokens, price_usd_per_mtok: rate, cost_usd: ((tokens * Number(rate)) / 1e6).toFixed(6) });
  span.cost = { formula: [line('input', span.tokens.input, price[0]), line('cache_read', span.tokens.cache_read, price[1]), line('output', span.tokens.output, price[2])], price_row: `openai/${session._.model}`, price_date: '2026-10-14', reported_usd: null };
  span.ttft_ms = Math.round(span.duration_ms * 0.3);
  span.finish_reasons = [s.output.parts.some((p) => p.type === 'tool_call') ? 'tool_calls' : 'stop'];
  span.rolled_up = { cost_usd: span.cost_usd, tokens: span.tokens.input + span.tokens.cache_read + span.tokens.output };
  if (mode === 'none') return;
  const clean = s.input.map(({ role, parts: p }) => ({ role, parts: p }));
  const fresh = clean.slice(-3);
  span.input = mode === 'new' ? fresh : clean;
  if (mode === 'new') span.input_repeated = clean.length - fresh.length;
  span.output = [s.output];
}

function fillTool(span, s, mode) {
  span.name = s.call?.name ?? 'tool';
  span.tool = { name: span.name, call_id: s.call?.id ?? '', arguments: mode === 'none' ? null : s.call?.arguments ?? {}, result: mode === 'none' ? null : parsed(s.result) };
  span.rolled_up = { cost_usd: null, tokens: null };
  if (s.failed) span.error = { type: 'ToolError', message: s.result };
}

export function conversationOf(session, spans) {
  const traces = tracesOf(session);
  let turn = -1;
  return messagesOf(session).filter((m) => m.role === 'user' || (m.role === 'assistant' && m.content)).map((m) => {
    if (m.role === 'user') turn = Math.min(turn + 1, traces.length - 1);
    const trace = traces[Math.max(0, turn)];
    return { trace_id: trace.trace_id, span_id: spans.find((s) => s.trace_id === trace.trace_id)?.span_id ?? '', role: m.role, message: { role: m.role, parts: textOf(m.content) } };
  });
}
