// What an SDK sends to the mock: OTLP as JSON with gen_ai attributes, enough to see a first span arrive and a live list grow.
import { idOf, iso, tracesOf, usd } from './fleet.mjs';
import { spansOf } from './spans.mjs';

const valueOf = (v) => v.stringValue ?? (v.intValue !== undefined ? Number(v.intValue) : v.doubleValue ?? v.boolValue ?? null);
const attributesOf = (list = []) => Object.fromEntries(list.map((a) => [a.key, valueOf(a.value)]));

function refusal(world, request, status, message) {
  world.books.refused += 1;
  world.books.last_refusals.unshift({ at: iso(Date.now()), path: 'POST /v1/traces', status, message });
  return { status, body: { code: 3, message } };
}

export function receive(world, request, text) {
  if (!/json/.test(request.headers['content-type'] ?? '')) return refusal(world, request, 415, 'The body was not OTLP. Pawl reads OTLP as protobuf or JSON; set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf.');
  let sent;
  try {
    sent = JSON.parse(text);
  } catch {
    return refusal(world, request, 400, 'The body is not JSON.');
  }
  for (const resource of sent.resourceSpans ?? []) for (const scope of resource.scopeSpans ?? []) for (const span of scope.spans ?? []) take(world, { ...attributesOf(resource.resource?.attributes), ...attributesOf(span.attributes) }, span);
  return { status: 200, body: {} };
}

function take(world, a, span) {
  const at = Number(span.startTimeUnixNano) / 1e6;
  const id = a['session.id'] ?? a['gen_ai.conversation.id'] ?? span.traceId;
  let session = world.sessions.find((s) => s.session_id === id);
  if (!session) {
    session = blank(id, at, a['gen_ai.agent.name'] ?? a['service.name'] ?? 'agent');
    world.sessions.push(session);
  }
  session.active_ms += (Number(span.endTimeUnixNano) - Number(span.startTimeUnixNano)) / 1e6;
  session.duration_ms = session.active_ms;
  session.llm_calls += 1;
  session.span_count += 1;
  session.tokens += (a['gen_ai.usage.input_tokens'] ?? 0) + (a['gen_ai.usage.output_tokens'] ?? 0);
  session._.micro += (a['gen_ai.usage.input_tokens'] ?? 0) * 2 + (a['gen_ai.usage.output_tokens'] ?? 0) * 8;
  session.cost_usd = usd(session._.micro);
  const asked = /"content"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(a['gen_ai.input.messages'] ?? '');
  if (asked) session.title = asked[1];
  world.books.received += 1;
  world.books.stored += 1;
  announce(world, session);
}

function blank(id, at, agent) {
  return { session_id: id, title: '', user_id: '', agent, agent_version: '', team: '', environment: '', start: iso(at), duration_ms: 0, active_ms: 0, status: 'ok', outcome: null, error_count: 0, trace_count: 1, span_count: 0, llm_calls: 0, tool_calls: 0, tokens: 0, cost_usd: '0.000000', cost_unknown_calls: 0, tags: [], scores: {}, _: { at, trajectory: '', tools: [], model: 'gpt-4.1', micro: 0, input: 0, cached: 0, output: 0, workflow: agent, number: 100_000 + Math.floor(Math.random() * 100_000), guardrail: false } };
}

export function sampleSession(world) {
  const session = blank('sample', Date.now() - 60_000, 'sample-agent');
  Object.assign(session, { title: 'Where is my order W2378156? It should have come on Monday.', active_ms: 4200, duration_ms: 4200, llm_calls: 2, tool_calls: 1, span_count: 4, tokens: 2310 });
  session._.tools = ['get_order_details'];
  world.sessions.push(session);
  world.books.received += 4;
  world.books.stored += 4;
  announce(world, session);
  return idOf(1, 8);
}

function announce(world, session) {
  for (const send of world.listeners) {
    for (const { _, ...trace } of tracesOf(session)) send('trace', trace);
    for (const span of spansOf(session).slice(-1)) send('span', span);
  }
}
