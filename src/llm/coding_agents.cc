// From a coding agent's event to the fragments that it tells, and from a folded run back to a span.
#include "llm/coding_agents.h"

#include <algorithm>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "llm/json_scan.h"
#include "llm/run_values.h"

namespace pawl::llm {
namespace {

using Tells = EventKind::Tells;
const CodingAgent* const agents[] = {&claude_code_events, &codex_events, &gemini_cli_events};

std::string text_of(otlp::Attributes attributes, std::string_view key) {
  const otlp::Value* value = key.empty() ? nullptr : otlp::find(attributes, key);
  if (value == nullptr || value->type == otlp::Value::Type::empty) return {};
  std::string text = otlp::to_text(*value);
  return text == "{}" || text == "null" ? std::string() : text;  // JavaScript's undefined
}

std::string first_of(std::span<const std::string_view> keys, const otlp::LogRecord& record,
                     const otlp::Resource& resource) {
  for (const otlp::Attributes from : {record.attributes, resource.attributes}) {
    for (const std::string_view key : keys) {
      if (std::string text = text_of(from, key); !text.empty()) return text;
    }
  }
  return {};
}

const CodingAgent* agent_of(std::string_view event, std::string_view scope) {
  for (const CodingAgent* agent : agents) {
    if (event.starts_with(agent->prefix)) return agent;
    if (!agent->event_scope.empty() && scope.starts_with(agent->event_scope)) return agent;
  }
  return nullptr;
}

const EventKind* kind_of(const CodingAgent& agent, const otlp::LogRecord& record) {
  std::string_view name = record.event_name;
  if (name.starts_with(agent.prefix)) name.remove_prefix(agent.prefix.size());
  for (const EventKind& kind : agent.events) {
    if (kind.event != name) continue;
    if (kind.must.empty()) return &kind;
    const std::string there = text_of(record.attributes, kind.must);
    if (!there.empty() && (kind.is.empty() || there == kind.is)) return &kind;
  }
  return nullptr;
}

Nanos milliseconds_of(otlp::Attributes attributes, std::string_view key) {
  const auto number = parse_double(text_of(attributes, key));
  constexpr double most = 1e11;  // three years
  return number && *number > 0 && *number < most ? static_cast<Nanos>(*number * 1e6) : 0;
}

// Gemini CLI numbers its turns "SESSION########3".
std::string plain_id(std::string id) {
  const auto hash = id.find('#');
  if (hash == std::string::npos) return id;
  const auto rest = id.find_first_not_of('#', hash);
  return id.substr(0, hash) + "-" + (rest == std::string::npos ? "" : id.substr(rest));
}

// What it was that failed, in words; "" where it did not.
std::string failure_of(otlp::Attributes attributes) {
  for (const std::string_view key : {"error", "error.message", "error_message"}) {
    if (std::string text = text_of(attributes, key); !text.empty()) return text;
  }
  return {};
}

bool is_meta(std::string_view key) {
  constexpr std::string_view meta[] = {"event.name", "event.timestamp", "event.sequence", "service.name"};
  return std::ranges::find(meta, key) != std::end(meta);
}

class Teller {
 public:
  Teller(const CodingAgent& agent, const otlp::Resource& resource, const otlp::LogRecord& record, CodingEvent& out)
      : agent_(agent), resource_(resource), record_(record), out_(out) {
    turn_ = plain_id(first_of(agent.turns, record, resource));
    if (turn_.empty()) turn_ = out.session;
  }

  void tell(const EventKind& kind) {
    const bool prompt = kind.tells == Tells::prompt, answer = kind.tells == Tells::answer;
    root(prompt ? "prompt" : answer ? "response" : "");
    out_.answer = answer;
    if (answer || (prompt && !agent_.prompts_are_steps)) return;
    step(kind);
  }

 private:
  void head(JsonWriter& json) {
    json.object().field("dialect", agent_.dialect).field("session", out_.session);
    json.field("scope", agent_.scope).key("resource").object();
    for (const auto& attribute : resource_.attributes) json.field(attribute.key, otlp::to_text(attribute.value));
    json.end();
  }
  void metadata(JsonWriter& json, bool all, bool call = false) {
    json.key("metadata").object();
    for (const auto& attribute : record_.attributes) {
      const bool who = attribute.key.starts_with("user.") || attribute.key.starts_with("organization.");
      if (is_meta(attribute.key) || (!all && !who)) continue;
      const auto word = std::ranges::find(agent_.words, attribute.key, &EventWord::from);
      const std::string value = text_of(record_.attributes, attribute.key);
      std::string_view key = word == agent_.words.end() ? attribute.key : word->to;
      if (!call && key == "gen_ai.request.model") key = "session.model";  // which the session uses, not this step
      if (!value.empty()) json.field(key, value);
    }
    json.end();
  }

  // The turn: an agent's run, with what was asked and what was answered in the end.
  void root(std::string_view said) {
    JsonWriter json;
    head(json);
    metadata(json, false);
    const std::string text = text_of(record_.attributes, said);
    if (said == "prompt") json.field("started_at", out_.at);
    if (!text.empty()) {
      const bool prompt = said == "prompt";
      const std::string message =
          fmt::format(R"([{{"role":"{}","content":{}}}])", prompt ? "user" : "assistant", json_quote(text));
      json.field(prompt ? "input" : "output", message);
    }
    json.field("name", agent_.name);
    out_.steps.push_back({true, turn_, json.end().take()});
  }

  std::string id_of(const EventKind& kind) const {
    const std::string own = text_of(record_.attributes, kind.id);
    const std::string what =
        !own.empty() ? fmt::format("tool {}", own)
                     : fmt::format("{} {} {} {}", kind.event, out_.at, text_of(record_.attributes, "event.sequence"),
                                   text_of(record_.attributes, "request_id"));
    return to_hex(hash128(fmt::format("{} {} {} {}", agent_.dialect, out_.session, turn_, what))).substr(0, 16);
  }

  void step(const EventKind& kind) {
    const bool tool = kind.tells == Tells::tool || kind.tells == Tells::refused_tool;
    const bool call = kind.tells == Tells::call || kind.tells == Tells::failed_call;
    std::string error = failure_of(record_.attributes);
    const bool failed = kind.tells == Tells::failed_call || (tool && text_of(record_.attributes, "success") == "false");
    const Nanos took = std::max(milliseconds_of(record_.attributes, agent_.duration),
                                call ? milliseconds_of(record_.attributes, agent_.first_token) : 0);
    JsonWriter json;
    head(json);
    metadata(json, true, call);
    json.field("trace_id", turn_).field("started_at", out_.at - took).field("ended_at", out_.at);
    json.field("kind", call ? "llm" : tool ? "tool" : "other");
    if (kind.tells == Tells::prompt) json.field("name", "user prompt").field("input", prompt_message());
    if (kind.tells == Tells::refused_tool) json.field("refused", true);
    if (failed) json.field("failed", true).field("error", error);
    out_.steps.push_back({false, id_of(kind), json.end().take()});
    out_.call = kind.tells == Tells::call, out_.failed = failed;
    if (tool) out_.tool_call_id = text_of(record_.attributes, kind.id);
    if (failed) out_.error_message = std::move(error);
  }
  std::string prompt_message() const {
    return fmt::format(R"([{{"role":"user","content":{}}}])", json_quote(text_of(record_.attributes, "prompt")));
  }

  const CodingAgent& agent_;
  const otlp::Resource& resource_;
  const otlp::LogRecord& record_;
  CodingEvent& out_;
  std::string turn_;
};

// Claude Code says `mcp_tool` for all of them, and which one beside it.
std::string tool_of(const Run& run) {
  const std::string metadata = run.value("metadata");
  std::string name = json::text(json::member(metadata, "gen_ai.tool.name"));
  if (name != "mcp_tool") return name;
  const std::string given = json::text(json::member(metadata, "tool_parameters"));
  const std::string server = json::text(json::member(given, "mcp_server_name"));
  const std::string tool = json::text(json::member(given, "mcp_tool_name"));
  return tool.empty() ? name : fmt::format("mcp__{}__{}", server, tool);
}

std::string name_of_step(const Run& run, std::string_view kind) {
  if (std::string name = run.text("name"); !name.empty()) return name;
  if (kind == "tool") return tool_of(run);
  return fmt::format("chat {}", json::text(json::member(run.value("metadata"), "gen_ai.request.model")));
}

}  // namespace

bool is_coding_agent(std::string_view dialect) {
  return std::ranges::find(agents, dialect, &CodingAgent::dialect) != std::end(agents);
}

bool tells_steps(const Reading& span) {
  const auto* const agent = std::ranges::find(agents, span.dialect, &CodingAgent::dialect);
  if (agent == std::end(agents) || span.session.empty()) return false;
  return !(*agent)->bare_spans || (span.kind == Kind::llm && span.tokens.any());
}

bool read_coding_event(const otlp::Resource& resource, const otlp::Scope& scope, const otlp::LogRecord& record,
                       CodingEvent& out) {
  out = {};
  const CodingAgent* agent = agent_of(record.event_name, scope.name);
  if (agent == nullptr) return false;
  out.session = first_of(agent->sessions, record, resource);
  if (out.session.empty()) return false;
  out.in_span = !record.span_id.empty();
  out.at = static_cast<Nanos>(record.time_ns != 0 ? record.time_ns : record.observed_ns);
  const EventKind* kind = out.at > 0 ? kind_of(*agent, record) : nullptr;
  if (kind != nullptr) Teller(*agent, resource, record, out).tell(*kind);
  return true;
}

Fragment fragment_of(const CodingStep& step, Nanos at, Nanos received) {
  Fragment out;
  out.form = RunForm::coding_agent;
  out.root = step.root;
  out.id = step.id;
  out.when = {0, at, received};
  out.object = step.object;
  return out;
}

void read_coding_agent(const Run& run, RunSpan& out) {
  Attributes attributes(out, out.attributes);
  const auto start = time_of(run.value("started_at")), end = time_of(run.value("ended_at"));
  out.span.start_ns = static_cast<std::uint64_t>(start.value_or(run.received()));
  out.span.end_ns = static_cast<std::uint64_t>(end.value_or(start.value_or(run.received())));
  out.scope.name = out.texts.emplace_back(run.text("scope"));
  Attributes(out, out.resource_attributes).members("", run.value("resource"));
  const std::string metadata = run.value("metadata");
  json::Members members(metadata);
  while (members.next()) {
    if (members.key != "gen_ai.tool.name")
      attributes.json(json::text(fmt::format("\"{}\"", members.key)), members.value);
  }
  attributes.text("session.id", run.text("session"));
  attributes.text("gen_ai.input.messages", run.text("input"));
  attributes.text("gen_ai.output.messages", run.text("output"));
  attributes.text("pawl.told_by", "log events");
  if (run.root()) {
    out.span.name = out.texts.emplace_back(run.text("name"));
    attributes.text("pawl.kind", "agent");
    attributes.text("gen_ai.agent.name", run.text("name"));
    return;
  }
  const std::string kind = run.text("kind");
  out.span.name = out.texts.emplace_back(name_of_step(run, kind));
  attributes.text("pawl.kind", kind == "other" ? "event" : kind);
  if (kind == "tool") attributes.text("gen_ai.tool.name", tool_of(run));
  if (run.value("refused") == "true") attributes.text("pawl.refused", "true");
  if (run.value("failed") != "true") return;
  out.span.status_code = 2;
  out.span.status_message = out.texts.emplace_back(run.text("error"));
}

}  // namespace pawl::llm
