// What the dialects share.
#include "demo/speak.h"

#include <fmt/format.h>

namespace pawl::demo {

SpanOut Speech::open(const Step& step, std::string_view name, SpanKind kind) const {
  return {dialect.encoding, {turn.trace, step.id, parent_of(step), name, kind, step.start, step.end}};
}

SpanOut Speech::open_root(std::string_view name) const {
  return {dialect.encoding, {turn.trace, turn.root, 0, name, SpanKind::internal, turn.start, turn.end}};
}

std::string Speech::response_id(const Step& step, std::string_view prefix) const {
  return fmt::format("{}{:016x}{:06x}", prefix, step.id * 0x9E3779B97F4A7C15ULL, turn.trace.low & 0xFFFFFFU);
}

const Dialect& dialect_of(const Row& row) {
  const std::string_view domain = row.trajectory->domain;
  if (domain == "retail") return openinference;
  if (domain == "sql") return traceloop;
  if (domain == "research") return openai_agents;
  if (domain == "coding") return langfuse;
  if (domain == "injection") return vercel;
  return otel_genai;
}

void describe_resource(const Row& row, const ResourceWords& words, AttributesOut& out) {
  out.text("telemetry.sdk.language", words.language);
  out.text("telemetry.sdk.name", "opentelemetry");
  out.text("telemetry.sdk.version", words.sdk_version);
  out.text("service.name", row.agent);
  if (words.version) out.text("service.version", row.version);
  out.text("deployment.environment.name", "production");
  out.text("pawl.agent", row.agent);
  if (!words.pawl_team_and_task) return;
  out.text("pawl.team", row.team);
  out.text("pawl.task", row.workflow);
}

void judge(const Speech& speech, SpanOut& root) {
  if (!speech.turn.last) return;
  const Row& row = speech.row();
  AttributesOut& out = root.attributes;
  if (row.done) out.text("pawl.outcome", *row.done ? "done" : "not done");
  for (const auto& [name, value] : row.scores) out.real("pawl.score." + name, value);
  if (!row.feedback) return;
  out.number("pawl.feedback", row.feedback->thumb);
  out.number("pawl.feedback.after_s", row.feedback->after_s);
  if (!row.feedback->comment.empty()) out.text("pawl.feedback.comment", row.feedback->comment);
}

void block_root(const Speech& speech, SpanOut& root) {
  if (!speech.row().blocked) return;
  root.attributes.flag("guardrail.triggered", true);
  root.attributes.text("error.type", "budget_exceeded");
  root.attributes.text("error.message", "The agent's budget for today is spent; it calls no model until midnight UTC.");
}

void guard(const Step& step, AttributesOut& out) {
  const bool fired = !step.action.empty();
  out.text("guardrail.name", step.rule);
  out.text("guardrail.action", fired ? step.action : "passed");
  out.flag("guardrail.triggered", fired);
  if (!fired) return;
  out.text("error.type", step.rule);
  out.text("error.message", fmt::format("The rule {} fired: {}.", step.rule, step.action));
}

void fail_tool(const Speech& speech, const Step& step, SpanOut& span) {
  if (step.result == none || !speech.session.message(step.result).failed) return;
  std::string_view message = speech.text(step.result);
  message = message.substr(0, message.find('\n'));
  if (message.starts_with("Error: ")) message.remove_prefix(7);
  std::string_view type = "ToolError";
  if (const auto colon = message.find(": ");
      colon != std::string_view::npos && message.substr(0, colon).ends_with("Error")) {
    type = message.substr(0, colon);
    message.remove_prefix(colon + 2);
  }
  span.attributes.text("error.type", type);
  span.exception(step.end, type, message);
  span.fail(message);
}

double seconds(Nanos time) {
  return static_cast<double>(time) / static_cast<double>(second);
}

}  // namespace pawl::demo
