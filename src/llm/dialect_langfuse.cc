// Langfuse SDKs (Python 3 to 5, JS 4 and 5) over OTLP: observations with JSON in their attributes.
#include "llm/dialects.h"
#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

constexpr std::string_view scopes[] = {"langfuse-sdk", "langfuse"};
// Others carry langfuse.session.id and the like for its sake.
constexpr std::string_view markers[] = {"langfuse.observation.type"};

using enum Field;
constexpr Key keys[] = {
    {"langfuse.observation.type", kind_word, 2},
    {"langfuse.session.id", session, 3},
    {"langfuse.trace.session_id", session, 3},
    {"langfuse.user.id", user, 3},
    {"langfuse.trace.user_id", user, 3},
    {"langfuse.environment", environment, 0},
    {"langfuse.release", agent_version, 3},
    {"langfuse.version", agent_version, 4},
    {"langfuse.trace.tags", tags, 1},
    {"langfuse.tags", tags, 2},
    {"langfuse.trace.metadata", metadata, 4},
    {"langfuse.observation.metadata", metadata, 5},
    {"langfuse.observation.model.name", model_named, 1},
    {"langfuse.observation.model.parameters", invocation_parameters, 1},
    {"langfuse.observation.metadata.finish_reason", finish_reasons, 4},
    {"langfuse.observation.usage_details", usage_json, 1},
    {"langfuse.observation.cost_details", cost_json, 1},
    {"langfuse.observation.completion_start_time", first_token_time, 1},
    {"langfuse.observation.prompt.name", prompt_name, 1},
    {"langfuse.observation.prompt.version", prompt_version, 1},
    {"langfuse.observation.level", level, 1},
    {"langfuse.observation.status_message", error_message, 1},
    {"langfuse.observation.input", input, 2},
    {"langfuse.observation.output", output, 2},
    {"langfuse.trace.input", input, 11},
    {"langfuse.trace.output", output, 11},
};

// The callback handler of LangChain tells every node and runnable.
void refine(Reader& reader) {
  Reading& out = reader.out;
  const bool graph = reader.found.has(graph_node) || reader.span.name.starts_with("Runnable");
  if (graph && out.kind == Kind::workflow && is_graph_plumbing(reader.span.name)) out.noise = true;
  if (out.kind == Kind::workflow && is_nested_graph(reader, reader.span.name)) {
    out.kind = Kind::agent;
    out.agent = reader.span.name;
  }
  if (out.kind == Kind::workflow && !out.agent.empty() && !reader.found.has(graph_node) &&
      reader.span.name == out.agent) {
    out.kind = Kind::agent;  // the graph itself
  }
  read_graph_state(reader);
}

}  // namespace

// A bucket each: input does not hold input_cached_tokens, unless the total says so.
const Dialect langfuse{.name = "langfuse",
                       .scopes = scopes,
                       .markers = markers,
                       .keys = keys,
                       .cached = Cached::outside_unless_total,
                       .refine = refine};

}  // namespace pawl::llm
