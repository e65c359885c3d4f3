// The coding runs of research-crew speak Langfuse (Python SDK 5): observations with JSON in their attributes, to
// Langfuse's own path, with its headers, gzipped.
#include <fmt/format.h>

#include "base/json.h"
#include "demo/speak.h"

namespace pawl::demo {
namespace {

constexpr Scope sdk{"langfuse-sdk", "5.0.4"};

void resource(const Row& row, AttributesOut& out) {
  describe_resource(row, {.pawl_team_and_task = false, .version = false}, out);
  out.text("langfuse.environment", "production");
  out.text("langfuse.release", row.version);
}

void identify(const Speech& speech, std::string_view type, AttributesOut& out) {
  const Row& row = speech.row();
  out.text("session.id", speech.session.id);
  out.text("user.id", row.user);
  out.text("langfuse.environment", "production");
  out.text("langfuse.release", row.version);
  out.text("langfuse.trace.metadata.team", json_quote(row.team));
  out.text("langfuse.trace.metadata.task", json_quote(row.workflow));
  out.texts("langfuse.trace.tags", {"coding"});
  out.text("langfuse.observation.type", type);
}

void call(const Speech& speech, const Step& step) {
  const Row& row = speech.row();
  SpanOut span = speech.open(step, "OpenAI-generation");
  AttributesOut& out = span.attributes;
  identify(speech, "generation", out);
  out.text("langfuse.observation.model.name", row.model);
  out.text("langfuse.observation.model.parameters", R"({"temperature": 0, "max_tokens": "Infinity", "top_p": 0.95})");
  out.text("langfuse.observation.usage_details",
           fmt::format(R"({{"completion_tokens": {}, "prompt_tokens": {}, "total_tokens": {}, )"
                       R"("prompt_tokens_details": {{"cached_tokens": {}}}}})",
                       step.output, step.input, step.input + step.output, step.cached));
  out.text("langfuse.observation.completion_start_time", json_quote(format_time(step.start + step.first_token)));
  out.text("langfuse.observation.input", "[", speech.fragments.history(step.history), "]");
  out.text("langfuse.observation.output", speech.fragments.answer(step.message));
  speech.close(sdk, step, span);
}

void tool(const Speech& speech, const Step& step) {
  const Message& asked = speech.session.message(step.message);
  SpanOut span = speech.open(step, asked.tool);
  AttributesOut& out = span.attributes;
  identify(speech, "tool", out);
  out.text("langfuse.observation.input", R"({"args": [], "kwargs": )", asked.arguments, "}");
  if (step.result != none) out.text("langfuse.observation.output", speech.text(step.result));
  if (step.result != none && speech.session.message(step.result).failed) {
    out.text("langfuse.observation.level", "ERROR");
    out.text("langfuse.observation.status_message", speech.text(step.result));
  }
  speech.close(sdk, step, span);
}

void turn(const Speech& speech) {
  for (const Step& step : speech.turn.steps) {
    if (step.kind == Step::Kind::llm) call(speech, step);
    if (step.kind == Step::Kind::tool) tool(speech, step);
    if (step.kind == Step::Kind::guardrail) {
      SpanOut span = speech.open(step, step.rule);
      identify(speech, "guardrail", span.attributes);
      guard(step, span.attributes);
      speech.close(sdk, step, span);
    }
  }
  for (const Step& step : speech.turn.steps) {
    if (step.kind != Step::Kind::agent) continue;
    SpanOut span = speech.open(step, step.agent);
    identify(speech, "agent", span.attributes);
    span.attributes.text("pawl.agent", step.agent);
    speech.close(sdk, step, span);
  }
  SpanOut span = speech.open_root(speech.row().agent);
  identify(speech, "agent", span.attributes);
  span.attributes.flag("langfuse.internal.is_app_root", true);
  span.attributes.text("langfuse.observation.input", quoted_args(json_quote(speech.text(speech.turn.asked))));
  span.attributes.text("langfuse.observation.output", speech.text(speech.turn.answered));
  judge(speech, span);
  block_root(speech, span);
  speech.close_root(sdk, span);
}

}  // namespace

const Dialect langfuse{.name = "langfuse",
                       .compression = "gzip",
                       .path = "/api/public/otel/v1/traces",
                       .headers = {{"x-langfuse-sdk-name", "python"},
                                   {"x-langfuse-sdk-version", "5.0.4"},
                                   {"x-langfuse-ingestion-version", "4"}},
                       .shape = Shape::openai,
                       .resource = resource,
                       .turn = turn};

}  // namespace pawl::demo
