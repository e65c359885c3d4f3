// Codex CLI: hundreds of spans of its own machinery for one prompt, in which a turn, a few calls and tools stand.
#include "base/text.h"
#include "llm/coding_agents.h"
#include "llm/dialects.h"

namespace pawl::llm {
namespace {

constexpr std::string_view scopes[] = {"codex_"};

using enum Field;
constexpr Key keys[] = {
    {"conversation.id", session, 4},
    {"codex.usage.reasoning_output_tokens", reasoning, 5},
    {"codex.usage.total_tokens", total_tokens, 5},
    {"codex.turn.token_usage.input_tokens", input_tokens, 20},
    {"codex.turn.token_usage.cached_input_tokens", cache_read, 20},
    {"codex.turn.token_usage.cache_write_input_tokens", cache_write, 20},
    {"codex.turn.token_usage.output_tokens", output_tokens, 20},
    {"codex.turn.token_usage.reasoning_output_tokens", reasoning, 20},
    {"codex.turn.token_usage.total_tokens", total_tokens, 20},
};

std::string_view text_of(const Reader& reader, std::string_view key) {
  const otlp::Value* value = otlp::find(reader.span.attributes, key);
  return value != nullptr && value->type == otlp::Value::Type::string ? value->text : std::string_view();
}

void refine(Reader& reader) {
  Reading& out = reader.out;
  const std::string_view name = reader.span.name;
  if (reader.scope.name == "codex_events") {  // made of log events
    if (!text_of(reader, "pawl.refused").empty()) out.status = Status::blocked;
    return;
  }
  out.kind = Kind::other;
  out.noise = true;
  // conversation.id stands on a few spans only; thread_id is the same where it is a UUID, and an OS thread elsewhere.
  if (const auto thread = text_of(reader, "thread_id"); out.session.empty() && thread.size() == 36)
    out.session = thread;
  if (name == "handle_responses" && reader.found.usage) {
    out.kind = Kind::llm;
    out.noise = false;
  } else if (!text_of(reader, "codex.tool.phase").empty() && !text_of(reader, "tool_name").empty()) {
    out.kind = Kind::tool;
    out.noise = false;
    out.tool_name = text_of(reader, "tool_name");
    out.tool_call_id = text_of(reader, "call_id");
  } else if (name == "session_task.turn") {
    out.kind = Kind::agent;
    out.noise = false;
    out.agent = "codex";
    out.wrapper_usage = true;
  } else if (name == "turn/start" || name == "codex.exec") {
    out.kind = Kind::workflow;
    out.noise = false;
  }
  if (out.model_requested.empty() && !out.noise) out.model_requested = text_of(reader, "model");
}

using Tells = EventKind::Tells;
constexpr std::string_view sessions[] = {"conversation.id"};
constexpr EventKind events[] = {
    {"user_prompt", Tells::prompt, "", "", ""},
    // The same event comes twice a call: one tells its time, one its tokens.
    {"sse_event", Tells::call, "", "input_token_count", ""},
    {"websocket_event", Tells::call, "", "input_token_count", ""},
    {"sse_event", Tells::failed_call, "", "error.message", ""},
    {"websocket_event", Tells::failed_call, "", "error.message", ""},
    {"api_request", Tells::failed_call, "", "error.message", ""},
    {"tool_result", Tells::tool, "call_id", "", ""},
    {"tool_decision", Tells::refused_tool, "call_id", "decision", "denied"},
    {"tool_decision", Tells::refused_tool, "call_id", "decision", "abort"},
};
constexpr EventWord words[] = {
    {"model", "gen_ai.request.model"},
    {"tool_name", "gen_ai.tool.name"},
    {"call_id", "gen_ai.tool.call.id"},
    {"agent_name", "codex.agent_path"},
    {"arguments", "gen_ai.tool.call.arguments"},
    {"output", "gen_ai.tool.call.result"},
    {"input_token_count", "gen_ai.usage.input_tokens"},
    {"output_token_count", "gen_ai.usage.output_tokens"},
    {"cached_token_count", "gen_ai.usage.cache_read.input_tokens"},
    {"cache_write_token_count", "gen_ai.usage.cache_write.input_tokens"},
    {"reasoning_token_count", "gen_ai.usage.reasoning.output_tokens"},
    {"tool_token_count", "codex.usage.total_tokens"},  // so it is: input and output together
};

}  // namespace

const Dialect codex{.name = "codex", .scopes = scopes, .markers = {}, .keys = keys, .refine = refine};

const CodingAgent codex_events{.dialect = "codex",
                               .name = "codex",
                               .scope = "codex_events",
                               .prefix = "codex.",
                               .event_scope = "",
                               .sessions = sessions,
                               .turns = {},
                               .events = events,
                               .words = words,
                               .duration = "duration_ms",
                               .first_token = "ttft_ms",
                               .prompts_are_steps = true};

}  // namespace pawl::llm
