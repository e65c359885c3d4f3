// ledger-analyst speaks OpenLLMetry (Traceloop SDK 0.62): a workflow around an agent, association properties on every
// span, arguments in wrappers, uncompressed.
#include <fmt/format.h>

#include "base/json.h"
#include "demo/speak.h"

namespace pawl::demo {
namespace {

constexpr Scope calls{"opentelemetry.instrumentation.openai.v1", "0.62.4"};
constexpr Scope tracer{"traceloop.tracer", ""};

void resource(const Row& row, AttributesOut& out) {
  describe_resource(row, {.pawl_team_and_task = false}, out);
}

void identify(const Speech& speech, AttributesOut& out) {
  const Row& row = speech.row();
  out.text("traceloop.workflow.name", row.workflow);
  out.text("traceloop.association.properties.session_id", speech.session.id);
  out.text("traceloop.association.properties.user_id", row.user);
  out.text("traceloop.association.properties.team", row.team);
  out.text("traceloop.association.properties.task", row.workflow);
}

void entity(std::string_view kind, std::string_view name, AttributesOut& out) {
  out.text("traceloop.span.kind", kind);
  out.text("traceloop.entity.name", name);
}

void call(const Speech& speech, const Step& step) {
  const Row& row = speech.row();
  SpanOut span = speech.open(step, "openai.chat", SpanKind::client);
  AttributesOut& out = span.attributes;
  identify(speech, out);
  out.text("gen_ai.operation.name", "chat");
  out.text("gen_ai.provider.name", "openai");
  out.text("gen_ai.request.model", row.model);
  out.text("gen_ai.response.model", row.model);
  out.text("gen_ai.response.id", speech.response_id(step, "chatcmpl-"));
  out.real("gen_ai.request.temperature", 0.0);
  out.flag("gen_ai.is_streaming", false);
  out.texts("gen_ai.response.finish_reasons", {speech.session.message(step.message).asks() ? "tool_call" : "stop"});
  out.number("gen_ai.usage.input_tokens", step.input);
  out.number("gen_ai.usage.output_tokens", step.output);
  out.number("gen_ai.usage.total_tokens", step.input + step.output);
  out.number("gen_ai.usage.cache_read.input_tokens", step.cached);
  out.text("gen_ai.tool.definitions", row.trajectory->tools);
  out.text("gen_ai.input.messages", "[", speech.fragments.history(step.history), "]");
  out.text("gen_ai.output.messages", "[", speech.fragments.answer(step.message), "]");
  speech.close(calls, step, span);
}

void tool(const Speech& speech, const Step& step) {
  const Message& asked = speech.session.message(step.message);
  const std::string name = asked.tool + ".tool";
  SpanOut span = speech.open(step, name);
  AttributesOut& out = span.attributes;
  identify(speech, out);
  entity("tool", asked.tool, out);
  out.text("traceloop.entity.input", R"({"args": [], "kwargs": )", asked.arguments, "}");
  const bool failed = step.result != none && speech.session.message(step.result).failed;
  if (step.result != none && !failed) out.text("traceloop.entity.output", json_quote(speech.text(step.result)));
  fail_tool(speech, step, span);
  speech.close(tracer, step, span);
}

void guardrail(const Speech& speech, const Step& step) {
  SpanOut span = speech.open(step, step.rule);
  identify(speech, span.attributes);
  span.attributes.text("pawl.kind", "guardrail");
  guard(step, span.attributes);
  speech.close(tracer, step, span);
}

// The agent stands between the workflow and its steps; its id is made from the workflow's.
void turn(const Speech& given) {
  const std::uint64_t agent_id = given.turn.root ^ 0x5A5A5A5A5A5A5A5AULL;
  Turn inner = given.turn;
  inner.root = agent_id;
  const Speech speech{given.dialect, given.session, inner, given.fragments, given.out};
  for (const Step& step : inner.steps) {
    if (step.kind == Step::Kind::llm) call(speech, step);
    if (step.kind == Step::Kind::tool) tool(speech, step);
    if (step.kind == Step::Kind::guardrail) guardrail(speech, step);
  }
  const Row& row = given.row();
  const std::string asked = quoted_args(json_quote(given.text(given.turn.asked)));
  const std::string answered = json_quote(given.text(given.turn.answered));
  if (!row.blocked) {
    const std::string name = row.agent + ".agent";
    SpanOut agent(given.dialect.encoding, {given.turn.trace, agent_id, given.turn.root, name, SpanKind::internal,
                                           inner.steps.front().start, inner.steps.back().end});
    identify(given, agent.attributes);
    entity("agent", row.agent, agent.attributes);
    agent.attributes.text("traceloop.entity.input", asked);
    agent.attributes.text("traceloop.entity.output", answered);
    given.out.push_back({&tracer, inner.steps.back().end, agent.finish()});
  }
  const std::string name = row.workflow + ".workflow";
  SpanOut span = given.open_root(name);
  identify(given, span.attributes);
  entity("workflow", row.workflow, span.attributes);
  span.attributes.text("traceloop.entity.input", asked);
  if (!row.blocked) span.attributes.text("traceloop.entity.output", answered);
  judge(given, span);
  block_root(given, span);
  given.close_root(tracer, span);
}

}  // namespace

const Dialect traceloop{
    .name = "openllmetry", .headers = {}, .shape = Shape::otel_whole, .resource = resource, .turn = turn};

}  // namespace pawl::demo
