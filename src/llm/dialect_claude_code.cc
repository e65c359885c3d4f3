// Claude Code and the Claude Agent SDK: bare words, cached tokens stand beside the input tokens, cost in the events.
#include "llm/coding_agents.h"
#include "llm/dialects.h"

namespace pawl::llm {
namespace {

constexpr std::string_view scopes[] = {"com.anthropic.claude_code", "claude_code", "claude-code"};

using enum Field;
constexpr Key keys[] = {
    {"span.type", kind_word, 8},
    {"model", model_named, 6},
    {"input_tokens", input_tokens, 8},
    {"output_tokens", output_tokens, 8},
    {"cache_read_tokens", cache_read, 8},
    {"cache_creation_tokens", cache_write, 8},
    {"cost_usd", cost, 6},
    {"request_id", response_id, 6},
    {"ttft_ms", first_token_ms, 6},
    {"organization.id", none, 0},
    {"tool_input", arguments, 6},
    {"full_command", arguments, 9},
    {"tool_parameters", arguments, 8},
    {"user_prompt", input, 9},
};

struct Part {
  std::string_view type;
  Kind kind;
  bool noise;
};
// What a step of its own is, and what is only a part of the step around it.
constexpr Part parts[] = {
    {"interaction", Kind::agent, false},
    {"tool.blocked_on_user", Kind::other, true},
    {"tool.execution", Kind::other, true},
    {"hook", Kind::other, true},
};

void refine(Reader& reader) {
  const std::string_view type = reader.found.text(kind_word);
  for (const Part& part : parts) {
    if (part.type != type) continue;
    reader.out.kind = part.kind;
    reader.out.noise = part.noise;
    if (part.kind == Kind::agent) reader.out.agent = "claude-code";
  }
  if (reader.out.kind == Kind::tool) {
    if (const auto* name = otlp::find(reader.span.attributes, "tool_name"); name != nullptr && !name->text.empty())
      reader.out.tool_name = name->text;
  }
  if (const auto* success = otlp::find(reader.span.attributes, "success");
      success != nullptr && success->type == otlp::Value::Type::boolean && !success->boolean && !reader.out.noise) {
    reader.out.status = Status::error;
  }
  if (otlp::find(reader.span.attributes, "pawl.refused") != nullptr) reader.out.status = Status::blocked;
}

using Tells = EventKind::Tells;
constexpr std::string_view sessions[] = {"session.id"};
constexpr std::string_view turns[] = {"prompt.id"};
constexpr EventKind events[] = {
    {"user_prompt", Tells::prompt, "", "", ""},
    {"assistant_response", Tells::answer, "", "", ""},
    {"api_request", Tells::call, "", "", ""},
    {"api_error", Tells::failed_call, "", "", ""},
    {"tool_result", Tells::tool, "tool_use_id", "", ""},
    {"tool_decision", Tells::refused_tool, "tool_use_id", "decision", "reject"},
};
constexpr EventWord words[] = {
    {"model", "gen_ai.request.model"},
    {"tool_name", "gen_ai.tool.name"},
    {"tool_use_id", "gen_ai.tool.call.id"},
};

}  // namespace

const Dialect claude_code{
    .name = "claude-code", .scopes = scopes, .markers = {}, .keys = keys, .cached = Cached::outside, .refine = refine};

const CodingAgent claude_code_events{.dialect = "claude-code",
                                     .name = "claude-code",
                                     .scope = "com.anthropic.claude_code.events",
                                     .prefix = "claude_code.",
                                     .event_scope = "com.anthropic.claude_code",
                                     .sessions = sessions,
                                     .turns = turns,
                                     .events = events,
                                     .words = words,
                                     .duration = "duration_ms",
                                     .first_token = "ttft_ms"};

}  // namespace pawl::llm
