// Voice agents that trace themselves: LiveKit Agents (OTel GenAI beside words of its own) and Pipecat.
#include <algorithm>

#include "llm/dialects.h"

namespace pawl::llm {
namespace {

using enum Field;

constexpr std::string_view livekit_scopes[] = {"livekit-agents", "livekit"};
constexpr std::string_view livekit_markers[] = {"lk."};
constexpr Key livekit_keys[] = {
    {"lk.agent_label", agent, 7},
    {"lk.function_tool.name", tool_name, 5},
    {"lk.function_tool.id", tool_call_id, 5},
    {"lk.function_tool.arguments", arguments, 6},
    {"lk.pii.function_tool.arguments", arguments, 6},
    {"lk.function_tool.output", result, 6},
    {"lk.pii.function_tool.output", result, 6},
    {"lk.function_tools", tool_definitions, 9},
    {"lk.instructions", system, 6},
    {"lk.pii.instructions", system, 6},
    {"lk.chat_ctx", input, 9},
    {"lk.pii.chat_ctx", input, 9},
    {"lk.user_input", input, 10},
    {"lk.pii.user_input", input, 10},
    {"lk.response.text", output, 9},
    {"lk.pii.response.text", output, 9},
    {"lk.response.function_calls", output, 10},
    {"lk.pii.response.function_calls", output, 10},
    {"lk.response.ttft", first_token_s, 6},
};

struct StepName {
  std::string_view name;
  Kind kind;
  bool noise = false;
};
// Where no operation says it.
constexpr StepName livekit_steps[] = {
    {"agent_session", Kind::workflow},  {"agent_turn", Kind::agent}, {"function_tool", Kind::tool},
    {"job_entrypoint", Kind::workflow}, {"llm_request", Kind::llm},  {"session_start", Kind::other, true},
    {"user_turn", Kind::workflow},
};

void refine_livekit(Reader& reader) {
  Reading& out = reader.out;
  const auto known = std::ranges::find(livekit_steps, reader.span.name, &StepName::name);
  if (known != std::end(livekit_steps) && (out.kind == Kind::other || out.kind == Kind::workflow)) {
    out.kind = known->kind;
    out.noise = known->noise;
  } else if (known == std::end(livekit_steps) && out.kind == Kind::other) {
    out.noise = true;
  }
}

constexpr std::string_view pipecat_scopes[] = {"pipecat"};
constexpr Key pipecat_keys[] = {
    {"conversation.id", session, 10}, {"metrics.ttfb", first_token_s, 7},
    {"tools", tool_definitions, 11},  {"tools.definitions", tool_definitions, 10},
    {"transcript", input, 13},        {"text_output", output, 13},
};
constexpr StepName pipecat_steps[] = {
    {"conversation", Kind::workflow},
    {"turn", Kind::workflow},
};

void refine_pipecat(Reader& reader) {
  const auto known = std::ranges::find(pipecat_steps, reader.span.name, &StepName::name);
  if (known != std::end(pipecat_steps)) reader.out.kind = known->kind;
  const std::string_view did = reader.found.text(operation);
  if (did == "tts" || did == "stt") reader.out.kind = Kind::other;  // speech, and no model call
}

}  // namespace

const Dialect livekit{.name = "livekit",
                      .scopes = livekit_scopes,
                      .markers = livekit_markers,
                      .keys = livekit_keys,
                      .refine = refine_livekit};
const Dialect pipecat{
    .name = "pipecat", .scopes = pipecat_scopes, .markers = {}, .keys = pipecat_keys, .refine = refine_pipecat};

}  // namespace pawl::llm
