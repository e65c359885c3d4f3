// workspace-assistant speaks Vercel's AI SDK 7: OTLP as JSON, `step N` around each call and its tool, the sum of the
// usage repeated on invoke_agent (a wrapper that must not be counted), session and user on the root alone.
#include <fmt/format.h>

#include "demo/speak.h"

namespace pawl::demo {
namespace {

constexpr Scope sdk{"gen_ai", ""};

void resource(const Row& row, AttributesOut& out) {
  describe_resource(row, {.language = "nodejs", .sdk_version = "2.9.0"}, out);
}

void model(const Row& row, std::string_view operation, AttributesOut& out) {
  out.text("gen_ai.operation.name", operation);
  out.text("gen_ai.provider.name", "openai");
  out.text("gen_ai.request.model", row.model);
}

void usage(std::int64_t input, std::int64_t cached, std::int64_t output, AttributesOut& out) {
  out.number("gen_ai.usage.input_tokens", input);
  out.number("gen_ai.usage.output_tokens", output);
  out.number("gen_ai.usage.cache_read.input_tokens", cached);
}

void instructions(const Speech& speech, AttributesOut& out) {
  const std::string_view system = speech.fragments.system();
  if (!system.empty()) out.text("gen_ai.system_instructions", R"([{"type":"text","content":)", system, "}]");
}

void call(const Speech& speech, const Step& step) {
  const Row& row = speech.row();
  const std::string name = "chat " + row.model;
  SpanOut span = speech.open(step, name, SpanKind::client);
  AttributesOut& out = span.attributes;
  model(row, "chat", out);
  instructions(speech, out);
  out.text("gen_ai.input.messages", "[", speech.fragments.history(step.history), "]");
  out.text("gen_ai.tool.definitions", row.trajectory->tools);
  out.real("gen_ai.client.operation.duration", seconds(step.end - step.start));
  out.real("gen_ai.client.operation.time_to_first_chunk", seconds(step.first_token));
  out.texts("gen_ai.response.finish_reasons", {speech.session.message(step.message).asks() ? "tool-calls" : "stop"});
  out.text("gen_ai.response.id", speech.response_id(step, "resp_"));
  out.text("gen_ai.response.model", row.model);
  usage(step.input, step.cached, step.output, out);
  out.text("gen_ai.output.messages", "[", speech.fragments.answer(step.message), "]");
  speech.close(sdk, step, span);
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
  out.real("gen_ai.execute_tool.duration", seconds(step.end - step.start));
  if (step.result != none) out.text("gen_ai.tool.call.result", speech.text(step.result));
  fail_tool(speech, step, span);
  speech.close(sdk, step, span);
}

void guardrail(const Speech& speech, const Step& step) {
  const std::string name = "guardrail " + std::string(step.rule);
  SpanOut span = speech.open(step, name);
  span.attributes.text("pawl.kind", "guardrail");
  guard(step, span.attributes);
  speech.close(sdk, step, span);
}

// A model call begins a step of the SDK, which goes on until the next.
struct Grouped {
  Turn turn;
  std::vector<Step> groups;
};
Grouped group(const Turn& from) {
  Grouped out{from, {}};
  for (Step& step : out.turn.steps) {
    if (step.kind == Step::Kind::llm) {
      out.groups.push_back(step);
      out.groups.back().id = step.id ^ 0x3C3C3C3C3C3C3C3CULL;
    }
    if (out.groups.empty()) continue;
    out.groups.back().end = step.end;
  }
  return out;
}

void root(const Speech& speech) {
  const Row& row = speech.row();
  const Turn& turn = speech.turn;
  const std::string name = "invoke_agent " + row.model;
  SpanOut span = speech.open_root(name);
  AttributesOut& out = span.attributes;
  model(row, "invoke_agent", out);
  out.text("gen_ai.agent.name", row.agent);
  out.text("ai.settings.context.sessionId", speech.session.id);
  out.text("ai.settings.context.userId", row.user);
  instructions(speech, out);
  if (turn.asked != none) out.text("gen_ai.input.messages", "[", speech.fragments.history(turn.asked + 1), "]");
  std::int64_t input = 0, cached = 0, output = 0;
  for (const Step& step : turn.steps) input += step.input, cached += step.cached, output += step.output;
  usage(input, cached, output, out);
  out.texts("gen_ai.response.finish_reasons", {"stop"});
  if (turn.answered != none) out.text("gen_ai.output.messages", "[", speech.fragments.answer(turn.answered), "]");
  judge(speech, span);
  block_root(speech, span);
  speech.close_root(sdk, span);
}

void turn(const Speech& speech) {
  const Grouped grouped = group(speech.turn);
  std::size_t at = 0;  // groups that have begun
  for (const Step& step : grouped.turn.steps) {
    if (step.kind == Step::Kind::llm) ++at;
    Turn inner = {};
    inner.trace = grouped.turn.trace;
    inner.root = at == 0 ? grouped.turn.root : grouped.groups[at - 1].id;
    const Speech within{speech.dialect, speech.session, inner, speech.fragments, speech.out};
    if (step.kind == Step::Kind::llm) call(within, step);
    if (step.kind == Step::Kind::tool) tool(within, step);
    if (step.kind == Step::Kind::guardrail) guardrail(within, step);
  }
  for (std::size_t i = 0; i < grouped.groups.size(); ++i) {
    const std::string name = fmt::format("step {}", i + 1);
    SpanOut span = speech.open(grouped.groups[i], name);
    span.attributes.text("gen_ai.operation.name", "agent_step");
    speech.close(sdk, grouped.groups[i], span);
  }
  root(speech);
}

}  // namespace

const Dialect vercel{.name = "vercel-ai",
                     .encoding = otlp::Encoding::json,
                     .headers = {},
                     .shape = Shape::otel,
                     .resource = resource,
                     .turn = turn};

}  // namespace pawl::demo
