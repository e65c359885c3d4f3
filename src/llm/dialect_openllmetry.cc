// OpenLLMetry and the Traceloop SDK, old (0.45: flattened prompts) and new (0.62: OTel messages), Python and JS.
#include "llm/dialects.h"
#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

constexpr std::string_view scopes[] = {"opentelemetry.instrumentation.openai.v",
                                       "opentelemetry.instrumentation.openai",
                                       "opentelemetry.instrumentation.langchain",
                                       "opentelemetry.instrumentation.crewai",
                                       "opentelemetry.instrumentation.openai_agents",
                                       "opentelemetry.instrumentation.anthropic",
                                       "opentelemetry.instrumentation.agno",
                                       "opentelemetry.instrumentation.alephalpha",
                                       "opentelemetry.instrumentation.bedrock",
                                       "opentelemetry.instrumentation.chromadb",
                                       "opentelemetry.instrumentation.cohere",
                                       "opentelemetry.instrumentation.google_generativeai",
                                       "opentelemetry.instrumentation.groq",
                                       "opentelemetry.instrumentation.haystack",
                                       "opentelemetry.instrumentation.lancedb",
                                       "opentelemetry.instrumentation.llamaindex",
                                       "opentelemetry.instrumentation.mcp",
                                       "opentelemetry.instrumentation.mistralai",
                                       "opentelemetry.instrumentation.ollama",
                                       "opentelemetry.instrumentation.pinecone",
                                       "opentelemetry.instrumentation.replicate",
                                       "opentelemetry.instrumentation.sagemaker",
                                       "opentelemetry.instrumentation.together",
                                       "opentelemetry.instrumentation.transformers",
                                       "opentelemetry.instrumentation.vertexai",
                                       "opentelemetry.instrumentation.watsonx",
                                       "opentelemetry.instrumentation.writer",
                                       "opentelemetry.instrumentation.voyageai",
                                       "traceloop.",
                                       "@traceloop/"};
constexpr std::string_view markers[] = {"traceloop."};

using enum Field;
constexpr Key keys[] = {
    {"traceloop.span.kind", kind_word, 2},
    {"llm.request.type", request_type, 1},
    {"gen_ai.request.type", request_type, 2},
    {"traceloop.entity.name", entity_name, 3},
    {"lc_agent_name", agent, 5},
    {"crewai.agent.role", agent, 3},
    {"crewai.task.agent", agent, 6},
    {"tool.arguments", arguments, 5},
    {"traceloop.workflow.session_id", session, 4},
    {"llm.usage.total_tokens", total_tokens, 3},
    {"llm.usage.prompt_tokens", input_tokens, 5},
    {"llm.usage.completion_tokens", output_tokens, 5},
    {"llm.usage.reasoning_tokens", reasoning, 5},
    {"llm.usage.cache_read_input_tokens", cache_read, 7},
    {"llm.request.model", model_requested, 4},
    {"llm.response.model", model_served, 4},
    {"traceloop.prompt.key", prompt_name, 2},
    {"traceloop.prompt.name", prompt_name, 3},
    {"traceloop.prompt.version", prompt_version, 3},
    {"traceloop.entity.input", input, 8},
    {"traceloop.entity.output", output, 8},
    {"crewai.crew.result", output, 9},
    {"crewai.task.description", input, 9},
};

struct ClassWord {
  std::string_view ends;
  Kind kind;
  bool noise = false;
};
// What the classes of LlamaIndex are, all of them reported as tasks.
constexpr ClassWord classes[] = {
    {"Retriever", Kind::retriever},  {"Embedding", Kind::embedding},      {"Rerank", Kind::reranker},
    {"Reranker", Kind::reranker},    {"FunctionTool", Kind::tool},        {"QueryEngineTool", Kind::tool},
    {"Splitter", Kind::other, true}, {"OutputParser", Kind::other, true}, {"NodeParser", Kind::other, true},
    {"Program", Kind::other, true},
};

void refine_llama_index(Reader& reader) {
  Reading& out = reader.out;
  if (out.kind != Kind::workflow) return;
  const std::string_view name = reader.span.name.substr(0, reader.span.name.rfind('.'));
  for (const ClassWord& word : classes) {
    if (!name.ends_with(word.ends)) continue;
    out.kind = word.kind;
    out.noise = word.noise;
  }
  const std::string_view answer = reader.found.text(output);
  if (reader.found.has(tool_name)) {
    out.kind = Kind::tool;
  } else if (out.kind == Kind::tool) {
    if (const auto tool = json::member(answer, "tool_name"); json::is_string(tool)) out.tool_name = json::text(tool);
  }
  if (out.kind == Kind::tool) {
    if (const auto id = json::member(answer, "tool_id"); json::is_string(id)) out.tool_call_id = json::text(id);
    return;
  }
  const auto agent_name = json::member(answer, "current_agent_name");
  if (json::is_string(agent_name) && out.agent.empty()) out.agent = json::text(agent_name);
}

// Graphs are workflows or tasks, their nodes tasks: told apart by what goes in and out.
void refine_langchain(Reader& reader) {
  Reading& out = reader.out;
  if (out.kind != Kind::workflow || reader.found.text(operation) == "invoke_agent") return;
  const std::string_view name = reader.found.text(entity_name);
  const bool nested = reader.found.has(graph_node);
  const bool graph =
      nested ? is_nested_graph(reader, name) : !is_graph_plumbing(name) && takes_and_gives_messages(reader);
  if (graph && !name.empty()) {
    out.kind = Kind::agent;
    out.agent = name;
  } else {
    out.noise = out.noise || (nested && is_graph_plumbing(name)) || name.starts_with("Runnable") || name == "Prompt";
  }
}

// LangChain.js names its classes; the tool's own name stands in the message that came back.
void name_tool(Reader& reader) {
  Reading& out = reader.out;
  std::string name = out.tool_name;
  if (name.empty()) name = reader.found.text(entity_name);
  if (name != "DynamicStructuredTool" && name != "DynamicTool" && name != "StructuredTool") return;
  const std::string_view answer = reader.found.text(output), kwargs = json::member(answer, "kwargs");
  const std::string_view message = json::is_object(kwargs) ? kwargs : answer;
  if (const auto own = json::member(message, "name"); json::is_string(own)) out.tool_name = json::text(own);
  if (const auto id = json::member(message, "tool_call_id"); json::is_string(id)) out.tool_call_id = json::text(id);
}

// An entity names a tool on a tool span and an agent on an agent span.
void refine(Reader& reader) {
  Reading& out = reader.out;
  const std::string_view operation = reader.found.text(Field::operation);
  const std::string_view name = reader.span.name;
  if (operation == "execute_task" || operation == "goto" || operation == "create_agent") {
    out.kind = Kind::other;
    out.noise = true;
  }
  if (reader.scope.name.ends_with(".langchain")) refine_langchain(reader);
  if (reader.scope.name.find("llamaindex") != std::string_view::npos) refine_llama_index(reader);
  if (reader.scope.name.find(".crewai") != std::string_view::npos) {
    if (name.ends_with(".llm")) out.kind = Kind::llm;
    if (name == "crewai.workflow") {  // operation invoke_agent, but the crew is no agent
      out.kind = Kind::workflow;
      out.agent.clear();
    }
  }
  if (out.agent.starts_with("Runnable")) out.agent.clear();  // a chain, called an agent
  if (out.kind == Kind::agent && reader.found.text(Field::agent).starts_with("Runnable")) out.kind = Kind::workflow;
  if (out.kind == Kind::other && name.ends_with(".mcp")) out.noise = true;
  if (name.ends_with("ResponseStreamWriter") || name.ends_with("RequestStreamWriter")) out.noise = true;
  if (out.kind == Kind::tool) name_tool(reader);
  // A graph is reported as a workflow and as an agent around it: the workflow is the graph, the agent runs it.
  if (out.kind == Kind::workflow && operation == "invoke_agent") out.wrapper_usage = true;
}

}  // namespace

const Dialect openllmetry{.name = "openllmetry", .scopes = scopes, .markers = markers, .keys = keys, .refine = refine};

}  // namespace pawl::llm
