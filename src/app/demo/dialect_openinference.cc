// orders-concierge speaks OpenInference: calls by its OpenAI instrumentation, agent, tools and guardrails by the
// decorators; flattened messages; team and task in the metadata of `using_metadata`.
#include <fmt/format.h>

#include "base/json.h"
#include "demo/speak.h"

namespace pawl::demo {
namespace {

constexpr Scope calls{"openinference.instrumentation.openai", "0.1.52"};
constexpr Scope decorators{"openinference.instrumentation", "0.1.44"};

void resource(const Row& row, AttributesOut& out) {
  describe_resource(row, {.pawl_team_and_task = false}, out);
}

void identify(const Speech& speech, std::string_view kind, AttributesOut& out) {
  const Row& row = speech.row();
  out.text("openinference.span.kind", kind);
  out.text("session.id", speech.session.id);
  out.text("user.id", row.user);
  out.text("metadata", fmt::format(R"({{"team": "{}", "task": "{}"}})", row.team, row.workflow));
}

void put(AttributesOut& out, std::string_view side, std::string_view text) {
  out.text(fmt::format("{}.value", side), text);
  const bool json = text.starts_with('{') || text.starts_with('[');
  out.text(fmt::format("{}.mime_type", side), json ? "application/json" : "text/plain");
}

void call(const Speech& speech, const Step& step) {
  const Row& row = speech.row();
  SpanOut span = speech.open(step, "ChatCompletion");
  AttributesOut& out = span.attributes;
  identify(speech, "LLM", out);
  out.text("llm.system", "openai");
  out.text("llm.provider", "openai");
  out.text("llm.model_name", row.model);
  out.text("llm.invocation_parameters", fmt::format(R"({{"model": "{}", "temperature": 0}})", row.model));
  out.number("llm.token_count.prompt", step.input);
  out.number("llm.token_count.prompt_details.cache_read", step.cached);
  out.number("llm.token_count.completion", step.output);
  out.number("llm.token_count.total", step.input + step.output);
  out.text("llm.finish_reason", speech.session.message(step.message).asks() ? "tool_calls" : "stop");
  out.text("output.value", fmt::format(R"({{"id":"{}","object":"chat.completion","model":"{}"}})",
                                       speech.response_id(step, "chatcmpl-"), row.model));
  out.text("output.mime_type", "application/json");
  out.raw(speech.fragments.history(step.history));
  out.raw(speech.fragments.answer(step.message));
  span.ok();
  speech.close(calls, step, span);
}

void tool(const Speech& speech, const Step& step) {
  const Message& asked = speech.session.message(step.message);
  SpanOut span = speech.open(step, asked.tool);
  AttributesOut& out = span.attributes;
  identify(speech, "TOOL", out);
  out.text("tool.name", asked.tool);
  put(out, "input", asked.arguments);
  if (step.result != none) put(out, "output", speech.text(step.result));
  span.ok();
  fail_tool(speech, step, span);
  speech.close(decorators, step, span);
}

void guardrail(const Speech& speech, const Step& step) {
  SpanOut span = speech.open(step, step.rule);
  identify(speech, "GUARDRAIL", span.attributes);
  guard(step, span.attributes);
  span.ok();
  speech.close(decorators, step, span);
}

void turn(const Speech& speech) {
  for (const Step& step : speech.turn.steps) {
    if (step.kind == Step::Kind::llm) call(speech, step);
    if (step.kind == Step::Kind::tool) tool(speech, step);
    if (step.kind == Step::Kind::guardrail) guardrail(speech, step);
  }
  const Row& row = speech.row();
  SpanOut span = speech.open_root(row.agent);
  identify(speech, "AGENT", span.attributes);
  span.attributes.text("agent.name", row.agent);
  put(span.attributes, "input", speech.text(speech.turn.asked));
  if (speech.turn.answered != none) put(span.attributes, "output", speech.text(speech.turn.answered));
  span.ok();
  judge(speech, span);
  block_root(speech, span);
  speech.close_root(decorators, span);
}

}  // namespace

const Dialect openinference{.name = "openinference",
                            .compression = "gzip",
                            .headers = {},
                            .shape = Shape::openinference,
                            .resource = resource,
                            .turn = turn};

// ---- research-crew: OpenAI Agents (TypeScript) through OpenInference
// -----------------------------------------------------------
namespace {

constexpr Scope agents{"@arizeai/openinference-instrumentation-openai-agents", "0.2.15"};

void crew_resource(const Row& row, AttributesOut& out) {
  describe_resource(row, {.language = "nodejs", .sdk_version = "2.9.0"}, out);
}

void identify_crew(const Speech& speech, std::string_view kind, AttributesOut& out) {
  out.text("openinference.span.kind", kind);
  out.text("session.id", speech.session.id);
  out.text("user.id", speech.row().user);
}

void crew_call(const Speech& speech, const Step& step) {
  const Row& row = speech.row();
  SpanOut span = speech.open(step, "response");
  AttributesOut& out = span.attributes;
  identify_crew(speech, "LLM", out);
  out.text("llm.system", "openai");
  out.text("llm.model_name", row.model);
  out.number("llm.token_count.prompt", step.input);
  out.number("llm.token_count.prompt_details.cache_read", step.cached);
  out.number("llm.token_count.completion", step.output);
  out.number("llm.token_count.completion_details.reasoning", 0);
  out.number("llm.token_count.total", step.input + step.output);
  out.text("llm.finish_reason", "stop");
  out.text("output.value", fmt::format(R"({{"id":"{}","object":"response","model":"{}","status":"completed"}})",
                                       speech.response_id(step, "resp_"), row.model));
  out.text("output.mime_type", "application/json");
  out.raw(speech.fragments.history(step.history));
  out.raw(speech.fragments.answer(step.message));
  span.ok();
  speech.close(agents, step, span);
}

void crew_member(const Speech& speech, const Step& step) {
  SpanOut span = speech.open(step, step.agent);
  identify_crew(speech, "AGENT", span.attributes);
  span.attributes.text("agent.name", step.agent);
  span.attributes.text("graph.node.id", step.agent);
  if (!step.from.empty()) span.attributes.text("graph.node.parent_id", step.from);
  span.ok();
  speech.close(agents, step, span);
}

void crew_handoff(const Speech& speech, const Step& step) {
  const std::string name = "handoff to " + std::string(step.agent);
  SpanOut span = speech.open(step, name);
  identify_crew(speech, "TOOL", span.attributes);
  span.attributes.text("tool.name", fmt::format("handoff_to_{}", step.agent));
  put(span.attributes, "input", fmt::format(R"({{"from_agent":{}}})", json_quote(step.from)));
  put(span.attributes, "output", fmt::format(R"({{"to_agent":{}}})", json_quote(step.agent)));
  span.ok();
  speech.close(agents, step, span);
}

void crew_guardrail(const Speech& speech, const Step& step) {
  SpanOut span = speech.open(step, step.rule);
  identify_crew(speech, "GUARDRAIL", span.attributes);
  guard(step, span.attributes);
  speech.close(agents, step, span);
}

void crew_turn(const Speech& speech) {
  for (const Step& step : speech.turn.steps) {
    if (step.kind == Step::Kind::llm) crew_call(speech, step);
    if (step.kind == Step::Kind::handoff) crew_handoff(speech, step);
    if (step.kind == Step::Kind::guardrail) crew_guardrail(speech, step);
  }
  for (const Step& step : speech.turn.steps) {
    if (step.kind == Step::Kind::agent) crew_member(speech, step);
  }
  SpanOut span = speech.open_root(speech.row().agent);  // the workflow's name
  identify_crew(speech, "AGENT", span.attributes);
  span.attributes.text("input.value", speech.text(speech.turn.asked));
  if (speech.turn.answered != none) span.attributes.text("output.value", speech.text(speech.turn.answered));
  span.ok();
  judge(speech, span);
  block_root(speech, span);
  speech.close_root(agents, span);
}

}  // namespace

const Dialect openai_agents{.name = "openinference",
                            .compression = "zstd",
                            .headers = {},
                            .shape = Shape::openinference,
                            .resource = crew_resource,
                            .turn = crew_turn};

}  // namespace pawl::demo
