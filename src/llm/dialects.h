// The dialects: who speaks them, their tables, their quirks. One file a dialect, `dialect_NAME.cc`.
#pragma once
#include <span>
#include <string_view>

#include "llm/fields.h"
#include "llm/span.h"

namespace pawl::llm {

// How a dialect counts (conventions.md B trap 3).
enum class Cached : std::uint8_t { inside, outside_unless_total, outside };

struct Reader;  // what a dialect's function works with

struct Dialect {
  std::string_view name;
  std::span<const std::string_view> scopes;   // the scope's name begins with one of these
  std::span<const std::string_view> markers;  // attribute keys or prefixes ending in '.' that give it away otherwise
  std::span<const Key> keys;
  Cached cached = Cached::inside;
  void (*refine)(Reader&) = nullptr;  // after kind and fields are set, before content
};

// A span while it is being read.
struct Reader {
  const Dialect& dialect;
  Found& found;
  const otlp::Scope& scope;
  const otlp::Span& span;
  Reading& out;
  Arena& arena;
};

std::span<const Dialect* const> all_dialects();
// By the scope's name first (longest match), by attributes second; the generic one where neither says.
const Dialect& dialect_of(const otlp::Scope& scope, otlp::Attributes attributes);

extern const Dialect otel_genai, openinference, openllmetry, langfuse, langsmith, adk, pydantic_ai, autogen, strands,
    agent_framework, agentops, mlflow, openlit, anthropic_sdk, mcp, crewai, vercel, mastra, genkit, litellm,
    claude_code, codex, gemini_cli, helicone, laminar, logfire, livekit, pipecat, openai_agents, infrastructure,
    generic;

// Shared words. `known` is false for a word that says nothing.
struct KindWord {
  Kind kind = Kind::other;
  bool noise = false;
  bool known = false;
};
KindWord kind_of_word(std::string_view word);

// What a tool's name says (rule 6): a handoff, a tool of the framework itself, or the agent's own.
enum class ToolRole : std::uint8_t { own, handoff, framework };
ToolRole role_of_tool(std::string_view name);

// One vendor, one name: "gcp.gemini", "gemini" → "google"; a framework that put itself there → by the model's name.
std::string_view vendor_of(std::string_view provider, std::string_view model);
// The model without the vendor in front: "openai/gpt-4.1" → "gpt-4.1". `vendor` gets what was cut off.
std::string_view bare_model(std::string_view model, std::string_view& vendor);

// LangGraph: what a node wrote into the graph's state besides messages becomes Slot::state (rule 10).
void read_graph_state(Reader& reader);
// LangChain and LangGraph: nodes, runnables, parsers and hooks around the steps of an agent.
bool is_graph_plumbing(std::string_view name);
// A graph that runs inside a node or tool of another one, and inherited its metadata: it takes and gives messages.
bool is_nested_graph(const Reader& reader, std::string_view name);
bool takes_and_gives_messages(const Reader& reader);  // as a graph does, and its nodes

std::string_view without_prefix(std::string_view text, std::string_view prefix);
std::string_view without_suffix(std::string_view text, std::string_view suffix);
bool looks_like_id(std::string_view text);  // hex or a UUID: nobody's name

}  // namespace pawl::llm
