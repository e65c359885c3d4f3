// The clients that `pawl connect` knows: one table.
#include "connect.h"

#include <algorithm>

namespace pawl::app {
namespace {

using Form = ConnectClient::Form;
using Probe = ConnectClient::Probe;

constexpr ConnectSetting claude[] = {
    {"env/CLAUDE_CODE_ENABLE_TELEMETRY", R"("1")"},
    {"env/CLAUDE_CODE_ENHANCED_TELEMETRY_BETA", R"("1")"},
    {"env/OTEL_TRACES_EXPORTER", R"("otlp")"},
    {"env/OTEL_LOGS_EXPORTER", R"("otlp")"},
    {"env/OTEL_METRICS_EXPORTER", R"("otlp")"},
    {"env/OTEL_EXPORTER_OTLP_PROTOCOL", R"("http/json")"},
    {"env/OTEL_EXPORTER_OTLP_ENDPOINT", R"("{url}")"},
    {"env/OTEL_EXPORTER_OTLP_HEADERS", R"("Authorization=Bearer {key}")", true},
    {"env/OTEL_LOG_USER_PROMPTS", R"("1")"},
    {"env/OTEL_LOG_TOOL_DETAILS", R"("1")"},
};
constexpr ConnectSetting codex[] = {
    {"log_user_prompt", "true"},
    {"exporter", R"({ otlp-http = { endpoint = "{url}/v1/logs", protocol = "json"{headers} } })"},
    {"trace_exporter", R"({ otlp-http = { endpoint = "{url}/v1/traces", protocol = "json"{headers} } })"},
    {"metrics_exporter", R"({ otlp-http = { endpoint = "{url}/v1/metrics", protocol = "json"{headers} } })"},
};
constexpr ConnectSetting gemini[] = {
    {"telemetry/enabled", "true"},
    {"telemetry/traces", "true"},
    {"telemetry/target", R"("local")"},
    {"telemetry/useCollector", "true"},
    {"telemetry/otlpEndpoint", R"("{url}")"},
    {"telemetry/otlpProtocol", R"("http")"},
    {"telemetry/logPrompts", "true"},
};
constexpr ConnectSetting otel[] = {
    {"OTEL_EXPORTER_OTLP_ENDPOINT", "{url}"},
    {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"},
    {"OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20{key}", true},
};
constexpr ConnectSetting adk[] = {
    {"OTEL_EXPORTER_OTLP_ENDPOINT", "{url}"},
    {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"},
    {"OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20{key}", true},
    {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true"},
};
constexpr ConnectSetting logfire[] = {
    {"LOGFIRE_SEND_TO_LOGFIRE", "false"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT", "{url}"},
    {"OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20{key}", true},
};
constexpr ConnectSetting openllmetry[] = {
    {"TRACELOOP_BASE_URL", "{url}"},
    {"TRACELOOP_HEADERS", "Authorization=Bearer%20{key}", true},
};
constexpr ConnectSetting mlflow[] = {
    {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "{url}/v1/traces"},
    {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"},
    {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "Authorization=Bearer%20{key}", true},
};
constexpr ConnectSetting langfuse[] = {
    {"LANGFUSE_BASE_URL", "{url}"},  {"LANGFUSE_HOST", "{url}"},       {"LANGFUSE_BASEURL", "{url}"},
    {"LANGFUSE_PUBLIC_KEY", "{id}"}, {"LANGFUSE_SECRET_KEY", "{key}"},
};
constexpr ConnectSetting langsmith[] = {
    {"LANGSMITH_TRACING", "true"},
    {"LANGSMITH_ENDPOINT", "{url}/langsmith"},
    {"LANGSMITH_API_KEY", "{key}"},
};
constexpr ConnectSetting agentops[] = {
    {"AGENTOPS_API_ENDPOINT", "{url}"},
    {"AGENTOPS_EXPORTER_ENDPOINT", "{url}/v1/traces"},
    {"AGENTOPS_API_KEY", "{key}"},
};
constexpr ConnectSetting mastra[] = {
    {"MASTRA_OTLP_ENDPOINT", "{url}/v1/traces"},
    {"MASTRA_OTLP_KEY", "{key}", true},
};

constexpr std::string_view agents_code =
    R"(from agents.tracing import set_trace_processors
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor

set_trace_processors([BatchTraceProcessor(BackendSpanExporter(api_key="{key}", endpoint="{url}/v1/traces/ingest"))])
)";

constexpr ConnectClient clients[] = {
    {"claude", "Claude Code", Form::json, "~/.claude/settings.json", Probe::otlp, "/v1/traces",
     "com.anthropic.claude_code.tracing", claude, "", "Start `claude` anew: it reads its settings once.",
     "coding-agents"},
    {"codex", "Codex CLI", Form::toml, "~/.codex/config.toml", Probe::otlp, "/v1/traces", "codex_exec", codex, "",
     "Start `codex` anew.", "coding-agents"},
    {"gemini", "Gemini CLI", Form::json, "~/.gemini/settings.json", Probe::otlp, "/v1/traces", "gemini-cli", gemini, "",
     "Start `gemini` anew; it has no setting for a key: with one, start it with OTEL_EXPORTER_OTLP_HEADERS as "
     "`pawl connect otel` prints it.",
     "coding-agents"},
    {"otel", "OpenTelemetry SDKs", Form::variables, ".env", Probe::otlp, "/v1/traces", "opentelemetry.util.genai", otel,
     "", "Start your program with these variables.", "opentelemetry"},
    {"langfuse", "Langfuse SDKs", Form::variables, ".env", Probe::langfuse, "/api/public/ingestion", "", langfuse, "",
     "Start your program with these variables; nothing in its code changes.", "langfuse"},
    {"langsmith", "LangSmith SDKs, LangChain, LangGraph", Form::variables, ".env", Probe::langsmith, "/langsmith/runs",
     "", langsmith, "", "Start your program with these variables; nothing in its code changes.", "langsmith"},
    {"openai-agents",
     "OpenAI Agents SDK",
     Form::code,
     "",
     Probe::openai_agents,
     "/v1/traces/ingest",
     "",
     {},
     agents_code,
     "Put these lines where your program starts: the SDK has no variable for it.",
     "openai-agents"},
    {"openinference", "OpenInference instrumentations", Form::variables, ".env", Probe::otlp, "/v1/traces",
     "openinference.instrumentation", otel, "", "Start your program with these variables.", "openinference"},
    {"openllmetry", "OpenLLMetry, Traceloop", Form::variables, ".env", Probe::otlp, "/v1/traces",
     "opentelemetry.instrumentation.openai", openllmetry, "", "Start your program with these variables.",
     "openllmetry"},
    {"logfire", "Logfire, Pydantic AI", Form::variables, ".env", Probe::otlp, "/v1/traces", "logfire", logfire, "",
     "Start your program with these variables.", "pydantic-ai"},
    {"adk", "Google ADK", Form::variables, ".env", Probe::otlp, "/v1/traces", "gcp.vertex.agent", adk, "",
     "Start `adk web` or `adk api_server` with these variables; a program of your own calls "
     "`maybe_set_otel_providers()` as well.",
     "google-adk"},
    {"agentops", "AgentOps", Form::variables, ".env", Probe::otlp, "/v1/traces", "agentops", agentops, "",
     "Start your program with these variables.", "agentops"},
    {"mlflow", "MLflow Tracing", Form::variables, ".env", Probe::otlp, "/v1/traces", "mlflow", mlflow, "",
     "Start your program with these variables.", "mlflow"},
    {"vercel-ai", "Vercel AI SDK", Form::variables, ".env", Probe::otlp, "/v1/traces", "ai", otel, "",
     "Start your program with these variables, and switch its telemetry on as its page shows: "
     "`registerTelemetry(new OpenTelemetry())` (version 7), `experimental_telemetry: { isEnabled: true }` (5 and 6).",
     "vercel-ai"},
    {"mastra", "Mastra", Form::variables, ".env", Probe::otlp, "/v1/traces", "@mastra/otel-exporter", mastra, "",
     "Give both to the OtelExporter where Mastra is made, as its page shows.", "mastra"},
};

}  // namespace

std::span<const ConnectClient> connect_clients() {
  return clients;
}

const ConnectClient* connect_client(std::string_view name) {
  const auto* const found = std::ranges::find(clients, name, &ConnectClient::name);
  return found == std::end(clients) ? nullptr : found;
}

}  // namespace pawl::app
