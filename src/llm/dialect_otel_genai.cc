// OpenTelemetry's own GenAI conventions, current and old, and what every dialect shares: the core of the table.
#include "llm/dialects.h"

namespace pawl::llm {
namespace {

constexpr std::string_view scopes[] = {"opentelemetry.util.genai",
                                       "opentelemetry.instrumentation.openai_v2",
                                       "opentelemetry.instrumentation.google_genai",
                                       "opentelemetry.instrumentation.google_generativeai.v2",
                                       "opentelemetry.instrumentation.vertexai_v2",
                                       "opentelemetry.instrumentation.anthropic_v2",
                                       "opentelemetry.instrumentation.botocore",
                                       "opentelemetry.instrumentation.openai_agents_v2",
                                       "@opentelemetry/instrumentation-openai",
                                       "Microsoft.Extensions.AI",
                                       "Experimental.Microsoft.Extensions.AI",
                                       "OpenAI.ChatClient",
                                       "Azure.AI",
                                       "azure.ai",
                                       "semantic_kernel"};
constexpr std::string_view markers[] = {"gen_ai."};

using enum Field;
constexpr Key keys[] = {
    // Whose it is.
    {"pawl.session", session, 0},
    {"session.id", session, 1},
    {"gen_ai.conversation.id", session, 9},  // weak: may be a framework's own
    {"gen_ai.session.id", session, 2},
    {"gen_ai.thread.id", session, 10},
    {"pawl.user", user, 0},
    {"user.id", user, 1},
    {"enduser.id", user, 2},
    {"gen_ai.user.id", user, 2},
    {"enduser.pseudo.id", user, 3},
    {"session_id", session, 6},  // bare, as programs set them on spans of their own
    {"user_id", user, 6},
    {"conversation_id", session, 7},
    {"pawl.agent", agent, 0},
    {"gen_ai.agent.name", agent, 1},
    {"gen_ai.agent.id", agent_id, 1},
    {"pawl.agent.version", agent_version, 0},
    {"gen_ai.agent.version", agent_version, 1},
    {"service.version", agent_version, 5},
    {"pawl.team", team, 0},
    {"pawl.task", task, 0},
    {"pawl.outcome", outcome, 0},
    {"pawl.customer", customer, 0},
    {"deployment.environment.name", environment, 1},
    {"deployment.environment", environment, 2},
    {"service.name", service, 1},
    {"telemetry.sdk.name", sdk_name, 1},
    {"tags", tags, 5},
    // What it is.
    {"pawl.kind", kind_word, 0},
    {"gen_ai.operation.name", operation, 0},
    {"gen_ai.span.kind", kind_word, 7},
    {"mcp.method.name", mcp_method, 1},
    // Model.
    {"gen_ai.provider.name", provider, 1},
    {"gen_ai.system", provider, 2},
    {"gen_ai.request.model", model_requested, 1},
    {"gen_ai.response.model", model_served, 1},
    {"gen_ai.response.id", response_id, 1},
    {"gen_ai.response.finish_reasons", finish_reasons, 1},
    {"gen_ai.response.finish_reason", finish_reasons, 2},
    {"gen_ai.openai.response.service_tier", service_tier, 1},
    {"openai.response.service_tier", service_tier, 1},
    {"gen_ai.response.service_tier", service_tier, 1},
    {"gen_ai.request.stream", streaming, 1},
    {"gen_ai.is_streaming", streaming, 2},
    {"gen_ai.request.streaming", streaming, 2},
    {"llm.is_streaming", streaming, 3},
    {"gen_ai.request.temperature", parameter, 0},
    {"gen_ai.request.top_p", parameter, 0},
    {"gen_ai.request.top_k", parameter, 0},
    {"gen_ai.request.max_tokens", parameter, 0},
    {"gen_ai.request.seed", parameter, 0},
    {"gen_ai.request.frequency_penalty", parameter, 0},
    {"gen_ai.request.presence_penalty", parameter, 0},
    {"gen_ai.request.stop_sequences", parameter, 0},
    {"gen_ai.request.choice.count", parameter, 0},
    {"gen_ai.request.reasoning_effort", parameter, 0},
    // Usage: one number has many names, and two of them may stand on one span (trap 6).
    {"gen_ai.usage.input_tokens", input_tokens, 1},
    {"gen_ai.usage.prompt_tokens", input_tokens, 3},
    {"gen_ai.usage.output_tokens", output_tokens, 1},
    {"gen_ai.usage.completion_tokens", output_tokens, 3},
    {"gen_ai.usage.total_tokens", total_tokens, 1},
    {"gen_ai.usage.cache_read.input_tokens", cache_read, 1},
    {"gen_ai.usage.cache_read_input_tokens", cache_read, 3},
    {"gen_ai.usage.cache_read_tokens", cache_read, 4},
    {"gen_ai.usage.cached_input_tokens", cache_read, 4},
    {"gen_ai.usage.input_tokens.cached", cache_read, 4},
    {"gen_ai.usage.input_tokens_details.cached_tokens", cache_read, 5},
    {"gen_ai.usage.prompt_tokens_details.cached_tokens", cache_read, 5},
    {"gen_ai.usage.details.cache_read_tokens", cache_read, 5},
    {"gen_ai.usage.details.cached_tokens", cache_read, 6},
    {"gen_ai.usage.cache_creation.input_tokens", cache_write, 1},
    {"gen_ai.usage.cache_write.input_tokens", cache_write, 2},
    {"gen_ai.usage.cache_creation_input_tokens", cache_write, 3},
    {"gen_ai.usage.cache_write_input_tokens", cache_write, 4},
    {"gen_ai.usage.cache_write_tokens", cache_write, 5},
    {"gen_ai.usage.details.cache_write_tokens", cache_write, 5},
    {"gen_ai.usage.reasoning.output_tokens", reasoning, 1},
    {"gen_ai.usage.reasoning_tokens", reasoning, 2},
    {"gen_ai.usage.output_tokens.reasoning", reasoning, 3},
    {"gen_ai.usage.output_tokens_details.reasoning_tokens", reasoning, 3},
    {"gen_ai.usage.completion_tokens_details.reasoning_tokens", reasoning, 3},
    {"gen_ai.usage.details.reasoning_tokens", reasoning, 4},
    {"gen_ai.usage.audio.input_tokens", audio_input, 1},
    {"gen_ai.usage.audio.output_tokens", audio_output, 1},
    {"gen_ai.usage.image.input_tokens", image_input, 1},
    {"gen_ai.usage.cost", cost, 2},
    {"gen_ai.usage.total_cost", cost, 3},
    {"gen_ai.response.time_to_first_chunk", first_token_s, 1},
    {"gen_ai.client.operation.time_to_first_chunk", first_token_s, 2},
    {"gen_ai.server.time_to_first_token", first_token_s, 3},
    {"gen_ai.streaming.time_to_first_token", first_token_s, 4},
    // Prompt, tool, handoff.
    {"gen_ai.prompt.name", prompt_name, 1},
    {"gen_ai.prompt.version", prompt_version, 1},
    {"gen_ai.tool.name", tool_name, 1},
    {"gen_ai.tool.call.id", tool_call_id, 1},
    {"gen_ai.handoff.from_agent", handoff_from, 1},
    {"gen_ai.handoff.to_agent", handoff_to, 1},
    // How it ended.
    {"error.type", error_type, 1},
    {"error.message", error_message, 5},
    {"gen_ai.task.status", end_state, 3},
    {"gen_ai.tool.status", end_state, 2},
    // Content.
    {"gen_ai.system_instructions", system, 1},
    {"gen_ai.tool.definitions", tool_definitions, 1},
    {"gen_ai.request.tools", tool_definitions, 4},
    {"gen_ai.input.messages", input, 1},
    {"gen_ai.output.messages", output, 1},
    {"gen_ai.retrieval.query.text", input, 3},
    {"gen_ai.retrieval.documents", output, 3},
    {"gen_ai.memory.query.text", input, 4},
    {"gen_ai.memory.records", output, 4},
    {"gen_ai.input", input, 8},
    {"gen_ai.output", output, 8},
    {"gen_ai.tool.call.arguments", arguments, 1},
    {"gen_ai.tool.call.result", result, 1},
    {"gen_ai.tool.input", arguments, 4},
    {"gen_ai.tool.output", result, 4},
    {"gen_ai.prompt", input, 7},
    {"gen_ai.completion", output, 7},
    {"gen_ai.task.input", input, 9},
    {"gen_ai.task.output", output, 9},
};

// Semantic Kernel's loop around calls and tools.
void refine(Reader& reader) {
  if (reader.out.kind == Kind::other && reader.scope.name.starts_with("semantic_kernel")) reader.out.noise = true;
}

}  // namespace

const Dialect otel_genai{.name = "otel-genai", .scopes = scopes, .markers = markers, .keys = keys, .refine = refine};

}  // namespace pawl::llm
