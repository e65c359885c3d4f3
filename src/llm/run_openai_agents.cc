// The OpenAI Agents SDK's own exporter (wire.md 7): traces and spans, whole when they come.
#include "base/text.h"
#include "llm/json_check.h"
#include "llm/json_scan.h"
#include "llm/run_values.h"

namespace pawl::llm {
namespace {

void read_item(std::string_view item, Nanos received, RunEvent& out) {
  out = {};
  out.at = received;
  auto refuse = [&](std::string why) { out.what = RunEvent::What::refused, out.why = std::move(why); };
  if (!json::is_object(item)) return refuse("An item of data must be an object.");
  const std::string_view id = json::member(item, "id");
  out.id = json::text(id), out.type = json::text(json::member(item, "object"));
  if (!json::is_string(id) || id.size() < 3) return refuse("An item of data needs an id.");
  const bool span = out.type == "trace.span";
  if (!span && out.type != "trace") return refuse(fmt::format("'{}' is neither trace nor trace.span.", out.type));
  if (span && !json::is_string(json::member(item, "trace_id"))) return refuse("A trace.span needs a trace_id.");
  if (span && !json::is_object(json::member(item, "span_data"))) return refuse("A trace.span needs span_data.");
  for (const std::string_view field : {"started_at", "ended_at"}) {
    const std::string_view time = json::member(item, field);
    if (!json::is_null(time) && !time_of(time)) return refuse(fmt::format("{} is no time; send ISO 8601.", field));
  }
  const auto ended = time_of(json::member(item, "ended_at"));
  out.what = RunEvent::What::fragment;
  out.fragment.form = RunForm::openai_agents;
  out.fragment.root = !span;
  out.fragment.id = out.id;
  out.fragment.object = item;
  out.fragment.when = {static_cast<std::uint8_t>(ended ? 1 : 0), ended.value_or(received), received};
}

// What the words of span_data are in ours.
struct Word {
  std::string_view type, member, attribute;  // type "": of every kind
};
constexpr Word words[] = {
    {"agent", "name", "gen_ai.agent.name"},
    {"agent", "tools", "openai.agents.tools"},
    {"agent", "handoffs", "openai.agents.handoffs"},
    {"agent", "output_type", "openai.agents.output_type"},
    {"function", "name", "gen_ai.tool.name"},
    {"function", "input", "gen_ai.tool.call.arguments"},
    {"function", "output", "gen_ai.tool.call.result"},
    {"handoff", "from_agent", "gen_ai.handoff.from_agent"},
    {"handoff", "to_agent", "gen_ai.handoff.to_agent"},
    {"guardrail", "triggered", "guardrail.triggered"},
    {"response", "response_id", "gen_ai.response.id"},
    {"mcp_tools", "result", "gen_ai.output"},
    {"", "model", "gen_ai.request.model"},
    {"", "model_config", "llm.invocation_parameters"},
    {"", "usage", "openai.agents.usage"},
    {"", "input", "gen_ai.input.messages"},
    {"", "output", "gen_ai.output.messages"},
};

std::string_view attribute_of(std::string_view type, std::string_view member) {
  for (const auto& word : words) {
    if (word.member == member && (word.type.empty() || word.type == type)) return word.attribute;
  }
  return {};
}

std::string name_of_span(std::string_view type, std::string_view data) {
  const std::string name = json::text(json::member(data, "name"));
  if (!name.empty() && name != "null") return name;
  if (type != "handoff") return std::string(type);
  const std::string_view to = json::member(data, "to_agent");
  return fmt::format("handoff {} -> {}", json::text(json::member(data, "from_agent")),
                     json::is_null(to) ? "?" : json::text(to));
}

void read_data(std::string_view data, RunSpan& out) {
  Attributes attributes(out, out.attributes);
  const std::string type = json::text(json::member(data, "type"));
  const std::string_view inner = json::member(data, "data");  // of custom spans
  const std::string sdk_type = json::text(json::member(inner, "sdk_span_type"));
  out.span.name = out.texts.emplace_back(name_of_span(type, data));
  const bool step = type == "custom" && (sdk_type == "turn" || sdk_type == "task");
  attributes.text("openai.agents.type", step ? sdk_type : type == "custom" ? "span" : type);
  json::Members members(data);
  while (members.next()) {
    if (members.key == "type" || json::is_null(members.value)) continue;
    if (members.key == "name" && type != "agent" && type != "function") continue;
    if (members.key == "data") {
      attributes.members("openai.agents.data.", members.value);
      if (step) attributes.json("openai.agents.usage", json::member(inner, "usage"));
      if (sdk_type == "turn") attributes.json("gen_ai.agent.name", json::member(inner, "agent_name"));
      continue;
    }
    const std::string_view known = attribute_of(type, members.key);
    attributes.json(known.empty() ? fmt::format("openai.agents.{}", members.key) : std::string(known), members.value);
  }
}

void read_error(std::string_view error, RunSpan& out) {
  if (!json::is_object(error)) return;
  Attributes attributes(out, out.attributes);
  std::string message = json::text(json::member(error, "message"));
  const std::string_view data = json::member(error, "data");
  const std::string_view inner = json::member(data, "error");
  if (json::is_string(inner)) message += (message.empty() ? "" : ": ") + json::text(inner);
  out.span.status_code = 2;
  out.span.status_message = out.texts.emplace_back(std::move(message));
  attributes.members("openai.agents.error.", data);
}

}  // namespace

Result<> walk_openai_agents(std::string_view body, Nanos received, const EachRunEvent& each) {
  if (const auto at = json::first_error(body))
    return fail(ErrorKind::invalid, "The body stops being JSON at byte {}. Send {{\"data\": [trace or span, …]}}.",
                *at);
  const std::string_view data = json::is_object(json::trimmed(body)) ? json::member(body, "data") : "";
  if (!json::is_array(data)) return fail(ErrorKind::invalid, "The body must be {{\"data\": [trace or span, …]}}.");
  json::Elements items(data);
  RunEvent event;
  while (items.next()) {
    read_item(items.value, received, event);
    each(event);
  }
  return {};
}

void read_openai_agents(const Run& run, RunSpan& out) {
  Attributes attributes(out, out.attributes);
  out.scope.name = "openai-agents";
  const auto start = time_of(run.value("started_at")), end = time_of(run.value("ended_at"));
  const Nanos begin = start ? *start : end ? *end : run.received();
  out.span.start_ns = static_cast<std::uint64_t>(begin);
  out.span.end_ns = static_cast<std::uint64_t>(end.value_or(begin));
  attributes.members("metadata.", run.value("metadata"));
  if (run.root()) {
    out.span.name = out.texts.emplace_back(run.text("workflow_name"));
    attributes.text("openai.agents.type", "workflow");
    attributes.text("session.id", run.text("group_id"));
    return;
  }
  read_data(run.value("span_data"), out);
  read_error(run.value("error"), out);
}

}  // namespace pawl::llm
