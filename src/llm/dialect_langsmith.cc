// LangSmith's OpenTelemetry export: whole framework objects as JSON, failures only in the exception event.
#include "llm/dialects.h"
#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

constexpr std::string_view scopes[] = {"langsmith"};
constexpr std::string_view markers[] = {"langsmith."};

using enum Field;
constexpr Key keys[] = {
    {"langsmith.span.kind", kind_word, 2},
    {"langsmith.span.tags", tags, 2},
    {"langsmith.metadata.usage_metadata", usage_json, 3},
    {"langsmith.metadata.ls_model_name", model_requested, 6},
    {"langsmith.metadata.ls_provider", provider, 6},
    {"langsmith.metadata.lc_agent_name", agent, 5},
    {"gen_ai.serialized.name", none, 0},
};

// {"generations":[[{…,"message":{"kwargs":{"response_metadata":{"model_name":…}}}}]]} and its older and newer forms.
void read_served(Reader& reader) {
  const std::string_view completion = reader.found.text(output);
  const std::string_view message = json::at(completion, {"generations", "0", "0", "message"});
  for (const std::string_view holder :
       {json::at(message, {"kwargs", "response_metadata"}), json::at(message, {"data", "response_metadata"}),
        json::member(message, "response_metadata"), json::member(completion, "llm_output"),
        json::member(completion, "response_metadata")}) {
    std::string_view model = json::member(holder, "model_name");
    if (model.empty()) model = json::member(holder, "model");
    if (json::is_string(model) && reader.out.model_served.empty()) reader.out.model_served = json::text(model);
    const std::string_view id = json::member(holder, "id");
    if (json::is_string(id) && reader.out.response_id.empty()) reader.out.response_id = json::text(id);
    const std::string_view reason = json::member(holder, "finish_reason");
    if (json::is_string(reason) && reader.out.finish_reasons.empty()) {
      reader.out.finish_reasons.push_back(json::text(reason));
    }
  }
}

void refine(Reader& reader) {
  Reading& out = reader.out;
  const std::string_view name = reader.span.name;
  if (out.kind == Kind::llm) read_served(reader);
  read_graph_state(reader);
  if (out.kind != Kind::workflow) return;
  const std::string_view node = reader.found.text(graph_node);
  if (!out.agent.empty() && name == out.agent) {
    out.kind = Kind::agent;
  } else if (name == "agent" ? node == name : is_graph_plumbing(name)) {
    out.noise = true;
  }
}

}  // namespace

const Dialect langsmith{.name = "langsmith", .scopes = scopes, .markers = markers, .keys = keys, .refine = refine};

}  // namespace pawl::llm
