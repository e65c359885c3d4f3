// skyline-support speaks OpenTelemetry's current GenAI conventions (Python, openai_v2 with util-genai): protobuf
// through a collector that compresses with zstd. Its own spans are wrapped by hand, in the same conventions.
#include <fmt/format.h>

#include "demo/speak.h"

namespace pawl::demo {
namespace {

constexpr Scope calls{"opentelemetry.util.genai.handler", "0.4b0"};
constexpr Scope app{"skyline.app", "2.3.0"};

void resource(const Row& row, AttributesOut& out) {
  describe_resource(row, {}, out);
}

void identify(const Speech& speech, AttributesOut& out) {
  out.text("gen_ai.conversation.id", speech.session.id);
  out.text("user.id", speech.row().user);
}

// Since v13 the prompt began with the time of day, so that no call found its beginning in the provider's cache; v14
// took it out again. This is the incident's cause, and it can be read in the prompt.
std::string instructions_head(const Speech& speech) {
  std::string head = R"([{"type":"text","content":)";
  if (speech.row().version != "v13") return head + '"';
  return head + fmt::format(R"("Current time: {}\n\n)", format_time(speech.session.start));
}

void call(const Speech& speech, const Step& step) {
  const Row& row = speech.row();
  const std::string name = "chat " + row.model;
  SpanOut span = speech.open(step, name, SpanKind::client);
  AttributesOut& out = span.attributes;
  const Message& said = speech.session.message(step.message);
  out.text("gen_ai.operation.name", "chat");
  out.text("gen_ai.provider.name", "openai");
  out.text("gen_ai.request.model", row.model);
  out.text("gen_ai.response.model", row.model);
  out.text("gen_ai.response.id", speech.response_id(step, "chatcmpl-"));
  out.real("gen_ai.request.temperature", 0.0);
  out.texts("gen_ai.response.finish_reasons", {said.asks() ? "tool_calls" : "stop"});
  out.number("gen_ai.usage.input_tokens", step.input);
  out.number("gen_ai.usage.cache_read.input_tokens", step.cached);
  out.number("gen_ai.usage.output_tokens", step.output);
  out.real("gen_ai.response.time_to_first_chunk", seconds(step.first_token));
  out.text("gen_ai.prompt.name", "airline-policy");
  out.text("gen_ai.prompt.version", std::string_view(row.version).substr(1));
  out.text("server.address", "api.openai.com");
  identify(speech, out);
  if (const std::string_view system = speech.fragments.system(); system.size() > 2) {
    out.text("gen_ai.system_instructions", instructions_head(speech), system.substr(1), "}]");
  }
  out.text("gen_ai.tool.definitions", row.trajectory->tools);
  out.text("gen_ai.input.messages", "[", speech.fragments.history(step.history), "]");
  out.text("gen_ai.output.messages", "[", speech.fragments.answer(step.message), "]");
  speech.close(calls, step, span);
}

void tool(const Speech& speech, const Step& step) {
  const Message& asked = speech.session.message(step.message);
  const std::string name = "execute_tool " + asked.tool;
  SpanOut span = speech.open(step, name);
  AttributesOut& out = span.attributes;
  out.text("gen_ai.operation.name", "execute_tool");
  out.text("gen_ai.tool.name", asked.tool);
  out.text("gen_ai.tool.call.id", asked.call);
  out.text("gen_ai.tool.type", "function");
  out.text("gen_ai.tool.call.arguments", asked.arguments);
  if (step.result != none) out.text("gen_ai.tool.call.result", speech.text(step.result));
  identify(speech, out);
  fail_tool(speech, step, span);
  speech.close(app, step, span);
}

void guardrail(const Speech& speech, const Step& step) {
  const std::string name = "guardrail " + std::string(step.rule);
  SpanOut span = speech.open(step, name);
  span.attributes.text("pawl.kind", "guardrail");
  guard(step, span.attributes);
  identify(speech, span.attributes);
  speech.close(app, step, span);
}

void turn(const Speech& speech) {
  for (const Step& step : speech.turn.steps) {
    if (step.kind == Step::Kind::llm) call(speech, step);
    if (step.kind == Step::Kind::tool) tool(speech, step);
    if (step.kind == Step::Kind::guardrail) guardrail(speech, step);
  }
  const Row& row = speech.row();
  const std::string name = "invoke_agent " + row.agent;
  SpanOut span = speech.open_root(name);
  AttributesOut& out = span.attributes;
  out.text("gen_ai.operation.name", "invoke_agent");
  out.text("gen_ai.provider.name", "openai");
  out.text("gen_ai.agent.name", row.agent);
  out.text("gen_ai.agent.version", row.version);
  identify(speech, out);
  const Turn& turn = speech.turn;
  if (turn.asked != none) {
    const std::size_t before = speech.fragments.history(turn.asked).size();
    std::string_view asked = speech.fragments.history(turn.asked + 1).substr(before);
    if (asked.starts_with(',')) asked.remove_prefix(1);
    out.text("gen_ai.input.messages", "[", asked, "]");
  }
  if (turn.answered != none) out.text("gen_ai.output.messages", "[", speech.fragments.answer(turn.answered), "]");
  judge(speech, span);
  block_root(speech, span);
  speech.close_root(app, span);
}

}  // namespace

const Dialect otel_genai{.name = "otel-genai",
                         .compression = "zstd",
                         .headers = {},
                         .shape = Shape::otel,
                         .resource = resource,
                         .turn = turn};

}  // namespace pawl::demo
