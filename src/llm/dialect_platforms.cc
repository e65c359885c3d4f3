// Platforms with a wire of their own inside OTLP: AgentOps, MLflow, Mastra, Genkit, Vercel's AI SDK, MCP, and what is
// no agent at all (HTTP, databases, queues).
#include "base/text.h"
#include "llm/dialects.h"
#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

using enum Field;

constexpr std::string_view agentops_scopes[] = {"agentops"};
constexpr std::string_view agentops_markers[] = {"agentops."};
constexpr Key agentops_keys[] = {
    {"agentops.span.kind", kind_word, 2},
    {"agentops.tags", tags, 1},
    {"agentops.session.end_state", end_state, 1},
    {"operation.name", entity_name, 5},
    {"agentops.tool.input", arguments, 2},
    {"agentops.tool.output", result, 2},
    {"agentops.entity.input", input, 8},
    {"agentops.entity.output", output, 8},
    {"agentops.task.input", input, 8},
    {"agentops.task.output", output, 8},
    {"agentops.agent.input", input, 8},
    {"agentops.agent.output", output, 8},
    {"agentops.workflow.input", input, 8},
    {"agentops.workflow.output", output, 8},
    {"agentops.agent.name", agent, 3},
    {"tool.call.id", tool_call_id, 4},
};
// tool_call.X is what the model asked for, X.tool what ran: one call.
void refine_agentops(Reader& reader) {
  if (reader.span.name.starts_with("tool_call.")) {
    reader.out.kind = Kind::other;
    reader.out.noise = true;
  }
}

constexpr std::string_view mlflow_scopes[] = {"mlflow"};
constexpr std::string_view mlflow_markers[] = {"mlflow."};
constexpr Key mlflow_keys[] = {
    {"mlflow.spanType", kind_word, 2},    {"mlflow.trace.session", session, 3},
    {"mlflow.trace.user", user, 3},       {"mlflow.chat.tokenUsage", usage_json, 2},
    {"mlflow.llm.model", model_named, 1}, {"mlflow.llm.provider", provider, 4},
    {"mlflow.llm.cost", cost_json, 2},    {"mlflow.chat.tools", tool_definitions, 2},
    {"mlflow.spanInputs", input, 8},      {"mlflow.spanOutputs", output, 8},
};
// The whole answer of the provider is there: its id and why it stopped.
void refine_mlflow(Reader& reader) {
  if (reader.out.kind != Kind::llm) return;
  const std::string_view answer = reader.found.text(output);
  if (const auto id = json::member(answer, "id"); json::is_string(id)) reader.out.response_id = json::text(id);
  const auto reason = json::at(answer, {"choices", "0", "finish_reason"});
  if (json::is_string(reason) && reader.out.finish_reasons.empty()) {
    reader.out.finish_reasons.push_back(json::text(reason));
  }
}

constexpr std::string_view mastra_scopes[] = {"@mastra/", "mastra", "default-tracer-mastra"};
constexpr std::string_view mastra_markers[] = {"mastra."};
constexpr Key mastra_keys[] = {
    {"mastra.span.type", kind_word, 1},
    {"mastra.metadata.sessionId", session, 3},
    {"mastra.metadata.threadId", session, 5},
    {"mastra.metadata.userId", user, 3},
    {"mastra.metadata.resourceId", user, 5},
    {"mastra.completion_start_time", first_token_time, 2},
    {"mastra.tags", tags, 2},
    {"mastra.agent_run.input", input, 5},
    {"mastra.agent_run.output", output, 5},
    {"mastra.model_generation.input", input, 5},
    {"mastra.model_generation.output", output, 5},
    {"mastra.model_step.input", input, 5},
    {"mastra.model_step.output", output, 5},
    {"mastra.model_inference.input", input, 5},
    {"mastra.model_inference.output", output, 5},
    {"mastra.model_chunk.output", output, 5},
    {"mastra.tool_call.input", arguments, 5},
    {"mastra.tool_call.output", result, 5},
    {"mastra.mcp_tool_call.input", arguments, 5},
    {"mastra.mcp_tool_call.output", result, 5},
    {"mastra.workflow_run.input", input, 5},
    {"mastra.workflow_run.output", output, 5},
    {"mastra.workflow_run.status", end_state, 4},
    {"mastra.workflow_step.input", input, 5},
    {"mastra.workflow_step.output", output, 5},
    {"mastra.workflow_step.status", end_state, 4},
    {"mastra.processor_run.input", input, 5},
    {"mastra.processor_run.output", output, 5},
};
// service.version is Mastra's own, not the agent's; a generation is the call itself where no inference stands below it.
void refine_mastra(Reader& reader) {
  if (reader.found.usage && reader.found.text(kind_word) == "model_generation") {
    reader.out.kind = Kind::llm;
    reader.out.noise = false;
  }
  if (reader.found.rank[static_cast<std::size_t>(agent_version)] >= 100) reader.out.agent_version.clear();
}

constexpr std::string_view genkit_scopes[] = {"genkit"};
constexpr std::string_view genkit_markers[] = {"genkit:"};
constexpr Key genkit_keys[] = {
    {"genkit:metadata:subtype", kind_word, 2},
    {"genkit:type", kind_word, 3},
    {"genkit:metadata:genkit:type", kind_word, 4},
    {"genkit:metadata:flow:name", none, 0},
    {"genkit:name", entity_name, 3},
    {"genkit:sessionId", session, 4},
    {"genkit:metadata:genkit:sessionId", session, 5},
    {"genkit:state", end_state, 4},
    {"genkit:input", input, 5},
    {"genkit:output", output, 5},
};
// plugin/model, usage and finish reason stand in the names and in the JSON of what came out.
void refine_genkit(Reader& reader) {
  Reading& out = reader.out;
  const std::string_view name = reader.found.text(entity_name);
  if (out.kind == Kind::llm || out.kind == Kind::embedding) {
    const auto [plugin, model] = cut(name.empty() ? reader.span.name : name, '/');
    out.model_requested = model.empty() ? plugin : model;
    if (out.provider.empty()) out.provider = vendor_of(model.empty() ? "" : plugin, out.model_requested);
    const std::string_view answer = reader.found.text(output);
    const auto served = json::at(answer, {"raw", "model"});
    if (json::is_string(served)) out.model_served = json::text(served);
    const auto id = json::at(answer, {"raw", "id"});
    if (json::is_string(id)) out.response_id = json::text(id);
    const auto reason = json::member(answer, "finishReason");
    if (json::is_string(reason)) out.finish_reasons.push_back(json::text(reason));
  }
  if (reader.found.text(kind_word) == "util") out.noise = true;
  if (reader.found.text(kind_word) == "prompt") {  // an agent among the tools: work is handed to it
    out.kind = Kind::handoff;
    out.noise = false;
    out.handoff_to = name;
  }
}

constexpr std::string_view vercel_scopes[] = {"ai", "gen_ai", "vercel"};
constexpr std::string_view vercel_markers[] = {"ai.operationId", "ai.telemetry.functionId"};
constexpr Key vercel_keys[] = {
    {"ai.operationId", kind_word, 2},
    {"ai.telemetry.functionId", agent, 7},
    {"ai.model.id", model_requested, 5},
    {"ai.model.provider", provider, 5},
    {"ai.response.model", model_served, 5},
    {"ai.response.id", response_id, 5},
    {"ai.response.finishReason", finish_reasons, 5},
    {"ai.usage.inputTokens", input_tokens, 5},
    {"ai.usage.promptTokens", input_tokens, 6},
    {"ai.usage.tokens", input_tokens, 7},
    {"ai.usage.outputTokens", output_tokens, 5},
    {"ai.usage.completionTokens", output_tokens, 6},
    {"ai.usage.totalTokens", total_tokens, 5},
    {"ai.usage.inputTokenDetails.cacheReadTokens", cache_read, 5},
    {"ai.usage.cachedInputTokens", cache_read, 6},
    {"ai.usage.inputTokenDetails.cacheWriteTokens", cache_write, 5},
    {"ai.usage.outputTokenDetails.reasoningTokens", reasoning, 5},
    {"ai.usage.reasoningTokens", reasoning, 6},
    {"ai.response.msToFirstChunk", first_token_ms, 1},
    {"ai.settings.temperature", parameter, 0},
    {"ai.settings.maxOutputTokens", parameter, 0},
    {"ai.settings.maxRetries", parameter, 0},
    {"ai.toolCall.name", tool_name, 3},
    {"ai.toolCall.id", tool_call_id, 3},
    {"ai.toolCall.args", arguments, 3},
    {"ai.toolCall.result", result, 3},
    {"ai.prompt.tools", tool_definitions, 3},
    {"ai.prompt.messages", input, 4},
    {"ai.prompt", input, 5},
    {"ai.value", input, 6},
    {"ai.values", input, 6},
    {"ai.response.toolCalls", output, 4},
    {"ai.response.object", output, 5},
    {"ai.response.text", output, 6},
    {"ai.response.reasoning", output, 7},
    {"resource.name", none, 0},
};
void refine_vercel(Reader& reader) {
  Reading& out = reader.out;
  const std::string_view id = reader.found.text(kind_word);
  if (!id.starts_with("ai.")) return;
  const bool model = id.ends_with(".doGenerate") || id.ends_with(".doStream");
  if (model) {
    out.kind = Kind::llm;
  } else if (id.ends_with(".doEmbed")) {
    out.kind = Kind::embedding;
  } else if (id == "ai.toolCall") {
    out.kind = Kind::tool;
  } else if (id.ends_with(".doRerank")) {
    out.kind = Kind::reranker;
  } else {
    out.kind = Kind::workflow;
    out.wrapper_usage = true;
  }
}

constexpr std::string_view mcp_scopes[] = {"mcp-python-sdk", "mcp", "@modelcontextprotocol", "fastmcp",
                                           "ModelContextProtocol"};
constexpr std::string_view mcp_markers[] = {"mcp."};
constexpr Key mcp_keys[] = {
    {"mcp.request.method", mcp_method, 2}, {"rpc.method", mcp_method, 6},          {"mcp.tool.name", tool_name, 4},
    {"mcp.tool.arguments", arguments, 4},  {"mcp.request.argument", arguments, 5}, {"mcp.tool.result", result, 4},
    {"mcp.response.value", result, 5},
};

constexpr std::string_view infrastructure_scopes[] = {
    "opentelemetry.instrumentation.httpx",   "opentelemetry.instrumentation.requests",
    "opentelemetry.instrumentation.urllib",  "opentelemetry.instrumentation.aiohttp",
    "opentelemetry.instrumentation.grpc",    "@opentelemetry/instrumentation-http",
    "@opentelemetry/instrumentation-undici", "@opentelemetry/instrumentation-fetch",
    "@opentelemetry/instrumentation-net",    "@opentelemetry/instrumentation-dns",
    "@opentelemetry/instrumentation-fs",     "next.js"};
void refine_infrastructure(Reader& reader) {
  constexpr std::int32_t server = 2;
  if (reader.out.kind == Kind::other && reader.span.kind != server) reader.out.noise = true;
}

}  // namespace

const Dialect agentops{.name = "agentops",
                       .scopes = agentops_scopes,
                       .markers = agentops_markers,
                       .keys = agentops_keys,
                       .refine = refine_agentops};
const Dialect mlflow{
    .name = "mlflow", .scopes = mlflow_scopes, .markers = mlflow_markers, .keys = mlflow_keys, .refine = refine_mlflow};
const Dialect mastra{
    .name = "mastra", .scopes = mastra_scopes, .markers = mastra_markers, .keys = mastra_keys, .refine = refine_mastra};
const Dialect genkit{
    .name = "genkit", .scopes = genkit_scopes, .markers = genkit_markers, .keys = genkit_keys, .refine = refine_genkit};
const Dialect vercel{.name = "vercel-ai",
                     .scopes = vercel_scopes,
                     .markers = vercel_markers,
                     .keys = vercel_keys,
                     .refine = refine_vercel};
const Dialect mcp{.name = "mcp", .scopes = mcp_scopes, .markers = mcp_markers, .keys = mcp_keys};
const Dialect infrastructure{.name = "infrastructure",
                             .scopes = infrastructure_scopes,
                             .markers = {},
                             .keys = {},
                             .refine = refine_infrastructure};
const Dialect generic{.name = "generic", .scopes = {}, .markers = {}, .keys = {}};

}  // namespace pawl::llm
