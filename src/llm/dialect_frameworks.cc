// Frameworks that trace themselves in OTel GenAI terms, each with a few words of its own: Google ADK, pydantic-ai,
// AutoGen, Strands, Microsoft agent-framework, Anthropic's SDK, OpenLIT, LiteLLM, CrewAI's product telemetry.
#include "llm/dialects.h"
#include "llm/json_scan.h"
#include "llm/python_literal.h"

namespace pawl::llm {
namespace {

using enum Field;

constexpr std::string_view adk_scopes[] = {"gcp.vertex.agent"};
constexpr std::string_view adk_markers[] = {"gcp.vertex.agent."};
constexpr Key adk_keys[] = {
    {"gcp.vertex.agent.session_id", session, 4},       {"gen_ai.workflow.name", none, 0},
    {"gcp.vertex.agent.llm_request", input, 6},        {"gcp.vertex.agent.llm_response", output, 6},
    {"gcp.vertex.agent.tool_call_args", arguments, 3}, {"gcp.vertex.agent.tool_response", result, 3},
    {"gcp.vertex.agent.state_delta", state, 1},
};
constexpr std::string_view pydantic_scopes[] = {"pydantic-ai", "pydantic_ai", "logfire.pydantic_ai"};
constexpr std::string_view pydantic_markers[] = {"pydantic_ai.", "model_request_parameters"};
constexpr Key pydantic_keys[] = {
    {"agent_name", agent, 4},          {"model_name", model_requested, 7},
    {"operation.cost", cost, 2},       {"pydantic_ai.all_messages", input, 4},
    {"all_messages_events", input, 5}, {"all_messages", input, 6},
    {"final_result", output, 4},       {"events", input, 10},
    {"tool_arguments", arguments, 3},  {"tool_response", result, 3},
};
// pydantic-ai's older formats name spans in words: "agent run", "chat gpt-4o", "running tool", "running 2 tools".
void refine_pydantic(Reader& reader) {
  const std::string_view name = reader.span.name;
  Reading& out = reader.out;
  const bool run = name == "agent run" || (name.ends_with(" run") && reader.found.has(agent));
  if (run && !reader.found.has(operation)) out.kind = Kind::agent;
  if (name.starts_with("running ") && (name.ends_with(" tools") || name.ends_with(" tool calls"))) {
    out.kind = Kind::other;
    out.noise = true;
  }
  if (name.starts_with("preparing model") || name == "running output function") out.noise = true;
}

constexpr std::string_view autogen_scopes[] = {"autogen"};
// The runtime's messages between agents are plumbing.
void refine_autogen(Reader& reader) {
  if (reader.scope.name.starts_with("autogen ") || reader.found.messaging) {
    reader.out.kind = Kind::other;
    reader.out.noise = true;
  }
}

constexpr std::string_view strands_scopes[] = {"strands.", "strands-agents", "@strands-agents"};
constexpr std::string_view strands_markers[] = {"event_loop."};

constexpr std::string_view maf_scopes[] = {"agent_framework", "Microsoft.Agents", "Experimental.Microsoft.Agents"};
constexpr std::string_view maf_markers[] = {"agent_framework."};
// Workflows of agent-framework: the run is a workflow, what moves messages in it is plumbing.
void refine_maf(Reader& reader) {
  const std::string_view name = reader.span.name;
  Reading& out = reader.out;
  if (out.kind != Kind::other) return;
  if (name.starts_with("workflow.run") || name.starts_with("workflow_invoke") || name.starts_with("workflow.session")) {
    out.kind = Kind::workflow;
    return;
  }
  out.noise = name.starts_with("executor.") || name.starts_with("edge_group.") || name.starts_with("message.") ||
              name.starts_with("workflow.");
}

constexpr std::string_view anthropic_scopes[] = {"com.anthropic.sdk"};
constexpr std::string_view anthropic_markers[] = {"anthropic."};
constexpr Key anthropic_keys[] = {
    {"anthropic.message.stop_reason", finish_reasons, 3},
    {"anthropic.response.service_tier", service_tier, 2},
};

constexpr std::string_view openlit_scopes[] = {"openlit"};
constexpr std::string_view openlit_markers[] = {"openlit."};
constexpr Key openlit_keys[] = {
    {"openlit.agent.version_hash", agent_version, 6},
    {"gen_ai.client.token.usage", total_tokens, 7},
    {"gen_ai.tool.args", none, 0},
    {"gen_ai.agent.tools", none, 0},
};
// On calls that were not streamed it gives the whole duration as time to first token.
void refine_openlit(Reader& reader) {
  if (is_graph_plumbing(reader.out.agent)) {  // LangGraph's nodes, called agents
    if (reader.out.kind == Kind::agent) reader.out.kind = Kind::workflow;
    reader.out.noise = reader.out.noise || reader.out.kind == Kind::workflow;
    reader.out.agent.clear();
  }
  const otlp::Value* streamed = reader.found[streaming];
  if (streamed != nullptr && streamed->type == otlp::Value::Type::boolean && !streamed->boolean)
    reader.out.ttft.reset();
}

constexpr std::string_view litellm_scopes[] = {"litellm"};
constexpr Key litellm_keys[] = {
    {"gen_ai.cost.total_cost", cost, 3},
    {"llm.user", user, 6},
    {"response_cost", cost, 6},
    {"call_type", request_type, 5},
};
// The provider's own request and answer, "llm.PROVIDER.usage" and so on, each as Python prints it. Below a request that
// LiteLLM tells itself it is the second report; below a span of the program it is the only one.
bool read_raw_request(Reader& reader) {
  Reading& out = reader.out;
  for (const otlp::KeyValue& kv : reader.span.attributes) {
    if (!kv.key.starts_with("llm.") || kv.value.type != otlp::Value::Type::string) continue;
    const std::string_view rest = kv.key.substr(4), text = kv.value.text;
    const std::size_t dot = rest.find('.');
    if (dot == std::string_view::npos) continue;
    const std::string_view word = rest.substr(dot + 1);
    if (word == "usage") {
      const std::string usage = python_to_json(text);
      if (usage.empty()) continue;
      set_text(reader.found, usage_json, 5, reader.arena.keep(usage));
      out.kind = Kind::llm;
      out.noise = false;
    } else if (word == "model") {
      out.model_served = text;
      out.provider = vendor_of(rest.substr(0, dot), text);
    } else if (word == "id") {
      out.response_id = text;
    } else if (word == "messages" || word == "input") {
      out.content.push_back({Slot::input, Format::text, kv.key, "", text});
    } else if (word == "choices" || word == "content" || word == "output") {
      out.content.push_back({Slot::output, Format::text, kv.key, "", text});
    }
  }
  return out.kind == Kind::llm;
}

// The proxy's own services (redis, postgres, router, auth) and the raw request below the call are plumbing.
void refine_litellm(Reader& reader) {
  const std::string_view name = reader.span.name;
  Reading& out = reader.out;
  if (name == "litellm_request" && (out.kind == Kind::other || out.kind == Kind::workflow)) out.kind = Kind::llm;
  if (name == "raw_gen_ai_request" && read_raw_request(reader)) return;
  if (out.kind == Kind::other && name != "Received Proxy Server Request") {
    out.kind = Kind::other;
    out.noise = true;
  }
}

constexpr std::string_view crewai_scopes[] = {"crewai.telemetry"};
constexpr Key crewai_keys[] = {
    {"agent_role", agent, 6},    {"crew_inputs", input, 12},
    {"crew_output", output, 12}, {"formatted_description", input, 12},
    {"task_output", output, 12},
};
// Anonymous product telemetry of the framework: no step of any agent, set aside.
void refine_crewai(Reader& reader) {
  reader.out.kind = Kind::other;
  reader.out.noise = true;
}

// Laminar: browser agents and others.
constexpr std::string_view laminar_scopes[] = {"lmnr", "@lmnr-ai"};
constexpr std::string_view laminar_markers[] = {"lmnr."};
constexpr Key laminar_keys[] = {
    {"lmnr.span.type", kind_word, 3},
    {"lmnr.association.properties.session_id", session, 3},
    {"lmnr.association.properties.user_id", user, 3},
    {"lmnr.span.input", input, 8},
    {"lmnr.span.output", output, 8},
    {"gen_ai.usage.input_cost", none, 0},
};

}  // namespace

const Dialect adk{.name = "google-adk", .scopes = adk_scopes, .markers = adk_markers, .keys = adk_keys};
const Dialect pydantic_ai{.name = "pydantic-ai",
                          .scopes = pydantic_scopes,
                          .markers = pydantic_markers,
                          .keys = pydantic_keys,
                          .refine = refine_pydantic};
const Dialect autogen{.name = "autogen", .scopes = autogen_scopes, .markers = {}, .keys = {}, .refine = refine_autogen};
const Dialect strands{.name = "strands", .scopes = strands_scopes, .markers = strands_markers, .keys = {}};
const Dialect agent_framework{
    .name = "agent-framework", .scopes = maf_scopes, .markers = maf_markers, .keys = {}, .refine = refine_maf};
const Dialect anthropic_sdk{
    .name = "anthropic-sdk", .scopes = anthropic_scopes, .markers = anthropic_markers, .keys = anthropic_keys};
const Dialect openlit{.name = "openlit",
                      .scopes = openlit_scopes,
                      .markers = openlit_markers,
                      .keys = openlit_keys,
                      .refine = refine_openlit};
const Dialect litellm{
    .name = "litellm", .scopes = litellm_scopes, .markers = {}, .keys = litellm_keys, .refine = refine_litellm};
const Dialect crewai{
    .name = "crewai-telemetry", .scopes = crewai_scopes, .markers = {}, .keys = crewai_keys, .refine = refine_crewai};
const Dialect laminar{.name = "laminar", .scopes = laminar_scopes, .markers = laminar_markers, .keys = laminar_keys};

}  // namespace pawl::llm
