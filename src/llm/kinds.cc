// The words of all frameworks for kinds, tools and vendors, each in one table.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "llm/dialects.h"

namespace pawl::llm {
namespace {

struct Word {
  std::string_view word;
  Kind kind;
  bool noise = false;
};

// Sorted. Lower case; "execute_tool" and "tool" are the same to us.
constexpr Word words[] = {
    {"action", Kind::workflow},
    {"agent", Kind::agent},
    {"agent_run", Kind::agent},
    {"agent_step", Kind::other, true},
    {"ai.embed", Kind::workflow},
    {"ai.embedmany", Kind::workflow},
    {"ai.generateobject", Kind::workflow},
    {"ai.generatetext", Kind::workflow},
    {"ai.streamobject", Kind::workflow},
    {"ai.streamtext", Kind::workflow},
    {"ai.toolcall", Kind::tool},
    {"chain", Kind::workflow},
    {"chat", Kind::llm},
    {"chat.completions", Kind::llm},
    {"chat_completion", Kind::llm},
    {"chat_model", Kind::llm},
    {"chunk", Kind::other, true},
    {"completion", Kind::llm},
    {"create_agent", Kind::other, true},
    {"dotprompt", Kind::agent},
    {"embed", Kind::embedding},
    {"embedder", Kind::embedding},
    {"embedding", Kind::embedding},
    {"embeddings", Kind::embedding},
    {"evaluate", Kind::evaluator},
    {"evaluation", Kind::evaluator},
    {"evaluator", Kind::evaluator},
    {"event", Kind::other},
    {"execute_event_loop_cycle", Kind::other, true},
    {"execute_graph_node", Kind::other, true},
    {"execute_task", Kind::other, true},
    {"execute_tool", Kind::tool},
    {"executor", Kind::other, true},
    {"fetch_response", Kind::other, true},
    {"flow", Kind::workflow},
    {"flowstep", Kind::workflow},
    {"function", Kind::tool},
    {"generate", Kind::llm},
    {"generate_content", Kind::llm},
    {"generate_text", Kind::llm},
    {"generation", Kind::llm},
    {"goto", Kind::other, true},
    {"guardrail", Kind::guardrail},
    {"handoff", Kind::handoff},
    {"indexer", Kind::other},
    {"invoke_agent", Kind::agent},
    {"invoke_graph", Kind::workflow},
    {"invoke_swarm", Kind::workflow},
    {"invoke_workflow", Kind::workflow},
    {"llm", Kind::llm},
    {"llm_generation", Kind::llm},
    {"llm_request", Kind::llm},
    {"mcp_tool_call", Kind::tool},
    {"memory", Kind::other},
    {"model", Kind::llm},
    {"model_chunk", Kind::other, true},
    {"model_generation", Kind::workflow, true},
    {"model_inference", Kind::llm},
    {"model_request", Kind::llm},
    {"model_step", Kind::other, true},
    {"parser", Kind::other, true},
    {"plan", Kind::workflow},
    {"processor_run", Kind::other, true},
    {"prompt", Kind::other, true},
    {"prompttemplate", Kind::other, true},
    {"query", Kind::retriever},
    {"rerank", Kind::reranker},
    {"reranker", Kind::reranker},
    {"resource", Kind::other},
    {"response", Kind::llm},
    {"responses", Kind::llm},
    {"retrieval", Kind::retriever},
    {"retrieve", Kind::retriever},
    {"retriever", Kind::retriever},
    {"scorer", Kind::evaluator},
    {"search_memory", Kind::retriever},
    {"server", Kind::other, true},
    {"session", Kind::workflow},
    {"span", Kind::workflow},
    {"step", Kind::other, true},
    {"swarm", Kind::workflow},
    {"task", Kind::workflow},
    {"text.completions", Kind::llm},
    {"text_completion", Kind::llm},
    {"tool", Kind::tool},
    {"tool_call", Kind::tool},
    {"tool_use", Kind::tool},
    {"turn", Kind::other, true},
    {"util", Kind::workflow, true},
    {"workflow", Kind::workflow},
    {"workflow_conditional", Kind::other, true},
    {"workflow_loop", Kind::other, true},
    {"workflow_parallel", Kind::other, true},
    {"workflow_run", Kind::workflow},
    {"workflow_sleep", Kind::other, true},
    {"workflow_step", Kind::workflow},
};
static_assert(std::ranges::is_sorted(words, {}, &Word::word));

struct Vendor {
  std::string_view word, vendor;
};

// What stands in gen_ai.provider.name, gen_ai.system, llm.provider, ai.model.provider, or in front of a model's name.
constexpr Vendor vendors[] = {
    {"alibaba", "alibaba"},
    {"amazon", "amazon"},
    {"amazon-bedrock", "bedrock"},
    {"amazon_bedrock", "bedrock"},
    {"anthropic", "anthropic"},
    {"aws.bedrock", "bedrock"},
    {"aws_bedrock", "bedrock"},
    {"az.ai.inference", "azure"},
    {"az.ai.openai", "azure"},
    {"azure", "azure"},
    {"azure-openai", "azure"},
    {"azure.ai.inference", "azure"},
    {"azure.ai.openai", "azure"},
    {"azure_ai", "azure"},
    {"azure_openai", "azure"},
    {"bedrock", "bedrock"},
    {"bedrock_converse", "bedrock"},
    {"cerebras", "cerebras"},
    {"claude", "anthropic"},
    {"cohere", "cohere"},
    {"dashscope", "alibaba"},
    {"deepseek", "deepseek"},
    {"fireworks", "fireworks"},
    {"fireworks_ai", "fireworks"},
    {"gcp.gemini", "google"},
    {"gcp.gen_ai", "google"},
    {"gcp.vertex_ai", "google"},
    {"gemini", "google"},
    {"google", "google"},
    {"google-genai", "google"},
    {"google_genai", "google"},
    {"google_vertexai", "google"},
    {"googleai", "google"},
    {"groq", "groq"},
    {"huggingface", "huggingface"},
    {"ibm.watsonx.ai", "ibm"},
    {"meta", "meta"},
    {"minimax", "minimax"},
    {"mistral", "mistral"},
    {"mistral_ai", "mistral"},
    {"mistralai", "mistral"},
    {"moonshot", "moonshot"},
    {"moonshot_ai", "moonshot"},
    {"moonshotai", "moonshot"},
    {"oai", "openai"},
    {"ollama", "ollama"},
    {"openai", "openai"},
    {"openrouter", "openrouter"},
    {"perplexity", "perplexity"},
    {"qwen", "alibaba"},
    {"replicate", "replicate"},
    {"together", "together"},
    {"together_ai", "together"},
    {"vertex", "google"},
    {"vertex_ai", "google"},
    {"vertexai", "google"},
    {"voyage", "voyage"},
    {"watsonx", "ibm"},
    {"x-ai", "xai"},
    {"x_ai", "xai"},
    {"xai", "xai"},
    {"zai", "zhipu"},
    {"zhipu", "zhipu"},
};
static_assert(std::ranges::is_sorted(vendors, {}, &Vendor::word));

// Beginnings of model names.
constexpr Vendor models[] = {
    {"gpt", "openai"},
    {"chatgpt", "openai"},
    {"o1", "openai"},
    {"o3", "openai"},
    {"o4", "openai"},
    {"text-embedding-3", "openai"},
    {"text-embedding-ada", "openai"},
    {"davinci", "openai"},
    {"whisper", "openai"},
    {"dall-e", "openai"},
    {"tts-", "openai"},
    {"omni-moderation", "openai"},
    {"codex", "openai"},
    {"claude", "anthropic"},
    {"anthropic.", "anthropic"},
    {"gemini", "google"},
    {"gemma", "google"},
    {"text-embedding-00", "google"},
    {"learnlm", "google"},
    {"mistral", "mistral"},
    {"mixtral", "mistral"},
    {"codestral", "mistral"},
    {"ministral", "mistral"},
    {"magistral", "mistral"},
    {"devstral", "mistral"},
    {"pixtral", "mistral"},
    {"command", "cohere"},
    {"embed-", "cohere"},
    {"rerank-", "cohere"},
    {"deepseek", "deepseek"},
    {"llama", "meta"},
    {"grok", "xai"},
    {"qwen", "alibaba"},
    {"amazon.", "amazon"},
    {"nova-", "amazon"},
    {"titan", "amazon"},
    {"kimi", "moonshot"},
    {"moonshot", "moonshot"},
    {"glm", "zhipu"},
    {"sonar", "perplexity"},
    {"voyage", "voyage"},
    {"jina", "jina"},
};

// Small lower-case copy; longer words are none of ours.
struct Lower {
  explicit Lower(std::string_view text) {
    if (text.size() > buffer.size()) return;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      buffer[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    size = text.size();
  }
  operator std::string_view() const { return {buffer.data(), size}; }
  std::array<char, 48> buffer;
  std::size_t size = 0;
};

std::string_view known_vendor(std::string_view word) {
  const Lower lower(word);
  const std::string_view key = lower;
  const auto found = std::ranges::lower_bound(vendors, key, {}, &Vendor::word);
  return found != std::end(vendors) && found->word == key ? found->vendor : std::string_view();
}

bool starts_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

}  // namespace

KindWord kind_of_word(std::string_view word) {
  if (word.size() >= 2 && word.front() == '"' && word.back() == '"') word = word.substr(1, word.size() - 2);
  const Lower lower(word);
  const std::string_view key = lower;
  const auto found = std::ranges::lower_bound(words, key, {}, &Word::word);
  if (key.empty() || found == std::end(words) || found->word != key) return {};
  return {found->kind, found->noise, true};
}

ToolRole role_of_tool(std::string_view name) {
  constexpr std::string_view handoffs[] = {"transfer_to_",    "transfer_back_to_", "handoff",
                                           "hand_off",        "delegate_",         "delegate work",
                                           "ask question to", "delegate to",       "transfer to "};
  constexpr std::string_view own_to_framework[] = {"final_answer",      "final_result",     "finish",
                                                   "FinalAnswerTool",   "exit_loop",        "submit",
                                                   "structured_output", "StructuredOutput", "return_final_answer"};
  for (const std::string_view handoff : handoffs) {
    if (starts_ignoring_case(name, handoff)) return ToolRole::handoff;
  }
  if (name == "transfer_to_agent" || name == "delegate") return ToolRole::handoff;
  for (const std::string_view tool : own_to_framework) {
    if (name == tool) return ToolRole::framework;
  }
  if (name.starts_with("final_result_")) return ToolRole::framework;
  return ToolRole::own;
}

std::string_view bare_model(std::string_view model, std::string_view& vendor) {
  vendor = {};
  if (model.starts_with("models/")) model.remove_prefix(7);
  const std::size_t slash = model.find('/');
  if (slash == std::string_view::npos) return model;
  vendor = known_vendor(model.substr(0, slash));
  if (vendor.empty()) return model;
  const std::string_view rest = model.substr(slash + 1);
  // "openrouter/anthropic/claude…", "bedrock/anthropic.claude…": one more vendor may follow.
  const std::size_t second = rest.find('/');
  if (second != std::string_view::npos && !known_vendor(rest.substr(0, second)).empty()) return rest.substr(second + 1);
  return rest;
}

std::string_view vendor_of(std::string_view provider, std::string_view model) {
  if (const std::string_view vendor = known_vendor(provider); !vendor.empty()) return vendor;
  // "openai.responses", "google.generative-ai", "anthropic.messages", "oai/…"
  const std::size_t end = provider.find_first_of("./");
  if (end != std::string_view::npos) {
    if (const std::string_view vendor = known_vendor(provider.substr(0, end)); !vendor.empty()) return vendor;
  }
  std::string_view vendor;
  model = bare_model(model, vendor);
  if (!vendor.empty()) return vendor;
  for (const Vendor& entry : models) {
    if (starts_ignoring_case(model, entry.word)) return entry.vendor;
  }
  // A framework that put itself there is no vendor; an unknown word may be one.
  constexpr std::string_view frameworks[] = {"strands-agents",
                                             "strands",
                                             "autogen",
                                             "langgraph",
                                             "langchain",
                                             "crewai",
                                             "microsoft.agent_framework",
                                             "agno",
                                             "haystack",
                                             "llama_index",
                                             "smolagents",
                                             "dspy",
                                             "mastra",
                                             "genkit",
                                             "vercel",
                                             "pydantic_ai",
                                             "pydantic-ai",
                                             "_OTHER",
                                             "litellm",
                                             "semantic_kernel",
                                             "openai_agents",
                                             "gcp.vertex.agent",
                                             "custom"};
  if (std::ranges::find(frameworks, provider) != std::end(frameworks)) return {};
  return provider;
}

std::string_view without_prefix(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}
std::string_view without_suffix(std::string_view text, std::string_view suffix) {
  return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}

bool looks_like_id(std::string_view text) {
  std::size_t digits = 0;
  for (const char c : text) {
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!hex && c != '-') return false;
    digits += hex ? 1 : 0;
  }
  return digits >= 12;
}

}  // namespace pawl::llm
