// Which dialect a span speaks: by its scope's name first, by its attributes second.
#include "llm/dialects.h"

namespace pawl::llm {
namespace {

// The order settles which of two dialects is asked first where only attributes can tell.
const Dialect* const dialects[] = {
    &openinference,  &langfuse,   &langsmith,  &mlflow,      &agentops, &mastra,  &genkit,
    &vercel,         &crewai,     &openlit,    &pydantic_ai, &strands,  &adk,     &agent_framework,
    &openllmetry,    &laminar,    &logfire,    &livekit,     &pipecat,  &mcp,     &anthropic_sdk,
    &claude_code,    &codex,      &gemini_cli, &helicone,    &litellm,  &autogen, &openai_agents,
    &infrastructure, &otel_genai, &generic};

// "ai" is the scope "ai" and not "airline.app"; "openinference" also "openinference-core".
bool is_scope(std::string_view scope, std::string_view prefix) {
  if (!begins(scope, prefix)) return false;
  if (scope.size() == prefix.size()) return true;
  const char end = prefix.back(), next = scope[prefix.size()];
  const auto joint = [](char c) { return c == '.' || c == '-' || c == '/' || c == '_' || c == ' ' || c == ':'; };
  return joint(end) || joint(next) || prefix.ends_with(".v");
}

bool gives_away(std::string_view marker, otlp::Attributes attributes) {
  for (const otlp::KeyValue& kv : attributes) {
    if (marker.back() == '.' || marker.back() == ':' ? kv.key.starts_with(marker) : kv.key == marker) return true;
  }
  return false;
}

}  // namespace

std::span<const Dialect* const> all_dialects() {
  return dialects;
}

const Dialect& dialect_of(const otlp::Scope& scope, otlp::Attributes attributes) {
  const Dialect* best = nullptr;
  std::size_t longest = 0;
  for (const Dialect* dialect : dialects) {
    for (const std::string_view prefix : dialect->scopes) {
      if (prefix.size() > longest && is_scope(scope.name, prefix)) {
        best = dialect;
        longest = prefix.size();
      }
    }
  }
  if (best != nullptr) return *best;
  for (const Dialect* dialect : dialects) {
    for (const std::string_view marker : dialect->markers) {
      if (gives_away(marker, attributes)) return *dialect;
    }
  }
  return generic;
}

}  // namespace pawl::llm
