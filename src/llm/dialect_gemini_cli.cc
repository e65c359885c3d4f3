// Gemini CLI: one trace a model call, joined by session.id; the reasoning and cached tokens stand in the events alone.
#include "llm/coding_agents.h"
#include "llm/dialects.h"

namespace pawl::llm {
namespace {

constexpr std::string_view scopes[] = {"gemini-cli"};

using enum Field;
constexpr Key keys[] = {
    {"gen_ai.tool.call_id", tool_call_id, 3},
};

void refine(Reader& reader) {
  Reading& out = reader.out;
  const std::string_view name = reader.found.text(Field::operation);
  const bool call = name == "llm_call", tool = name == "tool_call";
  if (call && !reader.found.has(model_requested)) out.kind = Kind::other;
  // Without `telemetry.traces` a span says that something ran, not what; scheduling repeats what the tools tell.
  const bool bare = (call && out.kind != Kind::llm) || (tool && !reader.found.has(input));
  if (bare || name == "schedule_tool_calls") {
    out.kind = Kind::other;
    out.noise = true;
  }
  const auto at = [](Field field) { return static_cast<std::size_t>(field); };
  reader.found.value[at(prompt_name)] = nullptr;  // the session again
  if (reader.found.rank[at(agent_version)] >= 100 && out.agent_version.starts_with('v'))
    out.agent_version.clear();  // of Node
  if (otlp::find(reader.span.attributes, "pawl.refused") != nullptr) out.status = Status::blocked;
}

using Tells = EventKind::Tells;
constexpr std::string_view sessions[] = {"session.id"};
constexpr std::string_view turns[] = {"prompt_id"};
constexpr EventKind events[] = {
    {"user_prompt", Tells::prompt, "", "", ""},    {"api_response", Tells::call, "", "", ""},
    {"api_error", Tells::failed_call, "", "", ""}, {"tool_call", Tells::refused_tool, "", "decision", "reject"},
    {"tool_call", Tells::tool, "", "", ""},
};
constexpr EventWord words[] = {
    {"model", "gen_ai.request.model"},
    {"model_name", "gen_ai.request.model"},
    {"function_name", "gen_ai.tool.name"},
    {"function_args", "gen_ai.tool.call.arguments"},
    {"input_token_count", "gen_ai.usage.input_tokens"},
    {"output_token_count", "gen_ai.usage.output_tokens"},
    {"cached_content_token_count", "gen_ai.usage.cache_read.input_tokens"},
    {"thoughts_token_count", "gen_ai.usage.reasoning.output_tokens"},
    {"total_token_count", "gen_ai.usage.total_tokens"},
    {"finish_reasons", "gen_ai.response.finish_reasons"},
    {"response_text", "gen_ai.output.messages"},
};

}  // namespace

const Dialect gemini_cli{.name = "gemini-cli", .scopes = scopes, .markers = {}, .keys = keys, .refine = refine};

const CodingAgent gemini_cli_events{.dialect = "gemini-cli",
                                    .name = "gemini-cli",
                                    .scope = "gemini-cli",
                                    .prefix = "gemini_cli.",
                                    .event_scope = "",
                                    .sessions = sessions,
                                    .turns = turns,
                                    .events = events,
                                    .words = words,
                                    .duration = "duration_ms",
                                    .first_token = "",
                                    .bare_spans = true};

}  // namespace pawl::llm
