// Sends the stored week to a real server as OTLP (JSON, gen_ai attributes), unless it is there already.
import { fleet } from '../mock/fleet.mjs';
import { spansOf } from '../mock/spans.mjs';

const text = (key, value) => ({ key, value: { stringValue: String(value) } });
const whole = (key, value) => ({ key, value: { intValue: String(value) } });
const nano = (iso, plusMs = 0) => `${Date.parse(iso) + Math.round(plusMs)}000000`;
const messages = (list) => JSON.stringify(list.map(({ role, parts }) => ({ role, parts: parts.map((p) => (p.type === 'text' ? { type: 'text', content: p.text } : p.type === 'tool_call' ? { type: 'tool_call', id: p.id, name: p.name, arguments: p.arguments } : { type: 'tool_call_response', id: p.id, response: p.result })) })));

export function otlpSpan(span) {
  const attributes = [text('gen_ai.agent.name', span.agent), text('gen_ai.conversation.id', span.session_id)];
  if (span.kind === 'llm') {
    attributes.push(text('gen_ai.operation.name', 'chat'), text('gen_ai.provider.name', span.model.provider), text('gen_ai.request.model', span.model.requested), text('gen_ai.response.model', span.model.served));
    attributes.push(whole('gen_ai.usage.input_tokens', span.tokens.input + span.tokens.cache_read), whole('gen_ai.usage.cache_read.input_tokens', span.tokens.cache_read), whole('gen_ai.usage.output_tokens', span.tokens.output));
    if (span.input) attributes.push(text('gen_ai.input.messages', messages(span.input)), text('gen_ai.output.messages', messages(span.output)));
  } else if (span.kind === 'tool') {
    attributes.push(text('gen_ai.operation.name', 'execute_tool'), text('gen_ai.tool.name', span.name), text('gen_ai.tool.call.id', span.tool.call_id), text('gen_ai.tool.call.arguments', JSON.stringify(span.tool.arguments)), text('gen_ai.tool.call.result', typeof span.tool.result === 'string' ? span.tool.result : JSON.stringify(span.tool.result)));
  } else attributes.push(text('gen_ai.operation.name', 'invoke_agent'));
  if (span.error) attributes.push(text('error.type', span.error.type));
  return {
    traceId: span.trace_id, spanId: span.span_id, ...(span.parent_id ? { parentSpanId: span.parent_id } : {}), name: span.kind === 'llm' ? `chat ${span.name}` : span.kind === 'tool' ? `execute_tool ${span.name}` : `invoke_agent ${span.name}`,
    kind: span.kind === 'llm' ? 3 : 1, startTimeUnixNano: nano(span.start), endTimeUnixNano: nano(span.start, span.duration_ms), attributes, status: span.error ? { code: 2, message: span.error.message } : {},
  };
}

/** One resource a session: who it belongs to. */
export function resourceOf(session, spans) {
  const attributes = [text('service.name', session.agent), text('service.version', session.agent_version), text('gen_ai.agent.version', session.agent_version), text('user.id', session.user_id), text('session.id', session.session_id), text('pawl.team', session.team), text('deployment.environment.name', session.environment)];
  if (session.outcome) attributes.push(text('pawl.outcome', session.outcome));
  return { resource: { attributes }, scopeSpans: [{ scope: { name: 'pawl.ui.seed' }, spans: spans.map(otlpSpan) }] };
}

export async function send(base, resourceSpans) {
  const response = await fetch(`${base}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ resourceSpans }) });
  if (!response.ok) throw new Error(`POST /v1/traces answered ${response.status}: ${await response.text()}`);
}

/** Sends, and waits until it is stored: a moment after it was acknowledged. */
export async function sendAndStore(base, resourceSpans) {
  await send(base, resourceSpans);
  for (let tries = 0; tries < 300; tries++) {
    const books = await fetch(`${base}/api/v1/books`).then((response) => response.json());
    if (!books.journal) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}

async function there(base) {
  const response = await fetch(`${base}/api/v1/query`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ measures: ['sessions'], from: '2026-11-09T00:00:00Z', to: '2026-11-16T00:00:00Z' }) });
  return response.ok ? Number((await response.json()).rows[0]?.[0] ?? 0) : 0;
}

export async function seed(base) {
  if ((await there(base)) >= fleet.length) return;
  for (let at = 0; at < fleet.length; at += 40) await send(base, fleet.slice(at, at + 40).map((session) => resourceOf(session, spansOf(session, 'full'))));
  for (let tries = 0; tries < 200; tries++) {
    if ((await there(base)) >= fleet.length) return;
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Error(`The server took the stored week, but shows ${await there(base)} of ${fleet.length} sessions after 50 s.`);
}
