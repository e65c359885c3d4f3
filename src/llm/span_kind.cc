// What kind of step a span is, and what its tool or agent is called.
#include <algorithm>

#include "base/text.h"
#include "llm/json_scan.h"
#include "llm/span_steps.h"

namespace pawl::llm {

using enum Field;

namespace {

struct KindFound {
  Kind kind = Kind::other;
  bool noise = false;
};

KindFound kind_from_request_type(std::string_view type) {
  if (type == "chat" || type == "completion" || type == "acompletion" || type == "responses") return {Kind::llm};
  if (type == "embedding" || type == "embeddings" || type == "aembedding") return {Kind::embedding};
  if (type == "rerank") return {Kind::reranker};
  return {};
}

// "tools/call" is the call; the rest of the protocol ("initialize", "tools/list") is plumbing. rpc.method of other
// protocols says nothing.
bool is_mcp_plumbing(std::string_view method) {
  return method.contains('/') || method == "initialize" || method == "ping";
}

KindFound decide_kind(const Found& found) {
  const KindWord word = kind_of_word(found.text(kind_word));
  const KindWord op = kind_of_word(found.text(operation));
  const std::string_view method = found.text(mcp_method);
  if (method == "tools/call" && !word.known) return {Kind::tool};
  // "task" may be anything: an operation that names a step says more.
  const bool step = op.kind == Kind::tool || op.kind == Kind::llm || op.kind == Kind::embedding;
  if (word.known && word.kind == Kind::workflow && step) return {op.kind, op.noise};
  if (word.known) return {word.kind, word.noise};
  if (op.known) return {op.kind, op.noise};
  if (is_mcp_plumbing(method)) return {Kind::other, true};
  if (found.has(request_type)) return kind_from_request_type(found.text(request_type));
  const bool model = found.has(model_requested) || found.has(model_served) || found.has(model_named);
  const bool messages = std::ranges::any_of(found.flat, [](const FlatKey& key) {
    return flattened_family(key.prefix) == Family::input || flattened_family(key.prefix) == Family::output;
  });
  if (found.gen_ai && model && (found.usage || messages || found.has(output))) return {Kind::llm};
  if (found.gen_ai && found.http && model) return {Kind::llm};  // a call that failed, or that is still streamed
  if (found.has(tool_name) && !model) return {Kind::tool};
  if (found.http && !found.gen_ai) return {Kind::other, found.span != nullptr && found.span->kind != 2};
  return {};
}

std::string_view tool_name_from_span(std::string_view name) {
  for (const std::string_view prefix :
       {"execute_tool ", "MCP send tools/call ", "tools/call ", "running tool: ", "tool_call.", "tool ", "Tool: "}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  for (const std::string_view suffix :
       {".tool", ".__call__", ".acall", ".run", ".arun", ".mcp", ".execute", ".handoff"}) {
    if (name.ends_with(suffix) && name.size() > suffix.size()) return name.substr(0, name.size() - suffix.size());
  }
  return name;
}

std::string_view agent_name_from_span(std::string_view name) {
  if (name.starts_with("agent_run [") && name.ends_with("]")) return name.substr(11, name.size() - 12);
  for (const std::string_view prefix : {"invoke_agent ", "create_agent ", "agent run ", "Agent: "}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  for (const std::string_view suffix : {"._execute_core", ".agent", ".run", ".arun", ".continue_run",
                                        ".on_messages_stream", ".on_messages", ".invoke", " run"}) {
    if (!name.ends_with(suffix) || name.size() <= suffix.size()) continue;
    name = name.substr(0, name.size() - suffix.size());
    return name == "Agent" ? std::string_view() : name;  // the class, nobody's name
  }
  return name;
}

// "triage_agent:<uuid>|model:<uuid>": the node that holds the running one is the agent's.
std::string_view agent_from_graph_path(std::string_view path) {
  const std::size_t last = path.rfind('|');
  if (last == std::string_view::npos) return {};
  std::string_view holder = path.substr(0, last);
  if (const std::size_t bar = holder.rfind('|'); bar != std::string_view::npos) holder.remove_prefix(bar + 1);
  holder = holder.substr(0, holder.find(':'));
  return is_graph_plumbing(holder) ? std::string_view() : holder;
}

}  // namespace

void read_kind(const Found& found, Reading& out) {
  const KindFound kind = decide_kind(found);
  out.kind = kind.kind;
  out.noise = kind.noise;
}

void read_tool(const Found& found, std::string_view span_name, Reading& out) {
  if (out.kind != Kind::tool && out.kind != Kind::handoff && !found.has(tool_name)) return;
  assign(out.tool_name, found[tool_name]);
  assign(out.tool_call_id, found[tool_call_id]);
  if (out.kind != Kind::tool && out.kind != Kind::handoff) return;
  if (out.tool_name.empty()) assign(out.tool_name, found[entity_name]);
  if (out.tool_name.empty()) out.tool_name = tool_name_from_span(span_name);
}

void read_agent(const Found& found, std::string_view span_name, Reading& out) {
  if (!out.agent.empty()) return;
  if (out.kind == Kind::agent) {
    for (const Field field : {agent_of_span, entity_name}) {
      assign(out.agent, found[field]);
      if (!out.agent.empty() && !looks_like_id(out.agent)) return;
    }
    out.agent = agent_name_from_span(span_name);
    return;
  }
  if (found.has(graph_path)) out.agent = agent_from_graph_path(found.text(graph_path));
}

}  // namespace pawl::llm
