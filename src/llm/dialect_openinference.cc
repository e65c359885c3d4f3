// OpenInference (Arize), Python and JavaScript: flattened messages, one scope per instrumented library, each library
// with habits of its own.
#include <algorithm>

#include "llm/dialects.h"
#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

constexpr std::string_view scopes[] = {"openinference", "@arizeai/openinference", "arize"};
constexpr std::string_view markers[] = {"openinference."};

using enum Field;
constexpr Key keys[] = {
    {"openinference.span.kind", kind_word, 1},
    {"metadata", metadata, 3},
    {"tag.tags", tags, 1},
    {"agent.name", agent, 2},
    {"graph.node.name", agent_of_span, 2},
    {"graph.node.id", agent_of_span, 3},
    {"graph.node.parent_id", parent_agent, 1},
    {"llm.provider", provider, 3},
    {"llm.system", provider, 4},
    {"llm.request.model_name", model_requested, 2},
    {"llm.response.model_name", model_served, 2},
    {"llm.model_name", model_named, 1},
    {"embedding.model_name", model_named, 2},
    {"reranker.model_name", model_named, 3},
    {"llm.invocation_parameters", invocation_parameters, 1},
    {"embedding.invocation_parameters", invocation_parameters, 2},
    {"llm.finish_reason", finish_reasons, 3},
    {"llm.token_count.prompt", input_tokens, 2},
    {"llm.token_count.completion", output_tokens, 2},
    {"llm.token_count.total", total_tokens, 2},
    {"llm.token_count.prompt_details.cache_read", cache_read, 2},
    {"llm.token_count.prompt_details.cache_write", cache_write, 2},
    {"llm.token_count.prompt_details.audio", audio_input, 2},
    {"llm.token_count.completion_details.audio", audio_output, 2},
    {"llm.token_count.completion_details.reasoning", reasoning, 2},
    {"llm.cost.total", cost, 1},
    {"llm.prompt_template.name", prompt_name, 2},
    {"llm.prompt_template.version", prompt_version, 2},
    {"tool.name", tool_name, 2},
    {"tool_call.function.name", tool_name, 6},
    {"tool.id", tool_call_id, 2},
    {"tool_call.id", tool_call_id, 3},
    {"guardrail.triggered", triggered, 1},
    {"llm.input_messages", input, 3},
    {"llm.output_messages", output, 3},
    {"llm.tools", tool_definitions, 3},
    {"llm.function_call", output, 9},
    {"llm.prompts", input, 5},
    {"input.value", input, 6},
    {"output.value", output, 6},
};

// LangChain: a TOOL whose name holds "agent" is called AGENT; a graph is a CHAIN; nodes and runnables are noise.
void refine_langchain(Reader& reader) {
  Reading& out = reader.out;
  if (out.kind == Kind::agent && !out.tool_name.empty()) out.kind = Kind::tool;
  if (out.kind == Kind::agent && reader.span.name == "agent" && reader.found.text(graph_node) == "agent") {
    out.kind = Kind::workflow;  // a node of that name, called an agent for it
    if (out.agent == "agent") out.agent.clear();
  }
  if (out.kind != Kind::workflow) return;
  const std::string_view name = reader.span.name;
  const std::string_view integration = reader.found.text(Field::integration);
  const bool graph = integration == "langgraph" || integration == "langchain_create_agent";
  if (graph && !reader.found.has(graph_node)) {
    out.kind = Kind::agent;
    if (out.agent.empty()) out.agent = name;
    return;
  }
  out.noise = is_graph_plumbing(name);
  if (is_nested_graph(reader, name)) {
    out.kind = Kind::agent;
    out.agent = name;
  }
}

// OpenAI Agents: the root carries the workflow's name, agents have a node id, `turn` means nothing of its own.
void refine_openai_agents(Reader& reader) {
  Reading& out = reader.out;
  if (out.kind == Kind::agent && !reader.found.has(agent_of_span) && !reader.found.has(Field::agent)) {
    out.kind = Kind::workflow;
    out.agent.clear();
  }
  if (out.kind == Kind::agent && reader.found.has(parent_agent)) {
    out.handoff_from = reader.found.text(parent_agent);
  }
  if (out.kind == Kind::workflow && (reader.span.name == "turn" || reader.span.name == "task")) out.noise = true;
}

void refine_llama_index(Reader& reader) {
  Reading& out = reader.out;
  const std::string_view name = reader.span.name;
  if (name.ends_with("_prepare_chat_with_tools")) {  // kind LLM, but nobody is called
    out.kind = Kind::other;
    out.noise = true;
  }
  constexpr std::string_view steps[] = {".init_run",  ".setup_agent", ".parse_agent_output", ".aggregate_tool_results",
                                        ".call_tool", ".split_text",  ".get_response"};
  for (const std::string_view step : steps) {
    if (out.kind == Kind::workflow && name.ends_with(step)) out.noise = true;
  }
  // The running agent stands only in the text of the event: current_agent_name='triage_agent'.
  if (out.agent.empty() && name.starts_with("AgentWorkflow.")) {
    constexpr std::string_view mark = "current_agent_name='";
    const std::string_view text = reader.found.text(input);
    if (const std::size_t begin = text.find(mark); begin != std::string_view::npos) {
      const std::string_view rest = text.substr(begin + mark.size());
      out.agent = rest.substr(0, rest.find('\''));
    }
  }
}

// Haystack: an agent is a component as any other; prompts are put together on the way.
void refine_haystack(Reader& reader) {
  if (reader.out.kind != Kind::workflow) return;
  if (reader.span.name == "Agent.run") reader.out.kind = Kind::agent;
  if (reader.span.name.ends_with("Builder.run")) reader.out.noise = true;
}

// ADK: a merge of parallel tools is no call; the state that changed stands in the event that came out.
void refine_adk_events(Reader& reader) {
  const otlp::Value* value = reader.found[output];
  if (value == nullptr) return;
  const std::string_view delta = json::at(value->text, {"actions", "state_delta"});
  if (json::is_object(delta) && delta.size() > 2) {
    reader.out.content.push_back({Slot::state, Format::json, "state_delta", "", delta});
  }
}

void refine(Reader& reader) {
  const std::string_view scope = reader.scope.name;
  const auto library = [&](std::string_view name) { return scope.find(name) != std::string_view::npos; };
  if (library("langchain")) {
    refine_langchain(reader);
    read_graph_state(reader);
  }
  if (library("openai_agents") || library("openai-agents")) refine_openai_agents(reader);
  if (library("llama")) refine_llama_index(reader);
  if (library("adk")) refine_adk_events(reader);
  if (library("haystack")) refine_haystack(reader);
}

}  // namespace

const Dialect openinference{
    .name = "openinference", .scopes = scopes, .markers = markers, .keys = keys, .refine = refine};

}  // namespace pawl::llm
