// Langfuse's ingestion protocol (wire.md 3.1): a batch of events, and an observation as a span in the words of its
// OpenTelemetry export.
#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "llm/json_check.h"
#include "llm/json_scan.h"
#include "llm/run_values.h"

namespace pawl::llm {
namespace {

struct EventType {
  std::string_view name, run;  // run: the observation's type, "trace", "" where the body says it
  std::uint8_t rank;
};
constexpr EventType run_types[] = {{"trace-create", "trace", 0},
                                   {"span-create", "span", 0},
                                   {"span-update", "span", 1},
                                   {"generation-create", "generation", 0},
                                   {"generation-update", "generation", 1},
                                   {"event-create", "event", 0},
                                   {"observation-create", "", 0},
                                   {"observation-update", "", 1},
                                   {"agent-create", "agent", 0},
                                   {"tool-create", "tool", 0},
                                   {"chain-create", "chain", 0},
                                   {"retriever-create", "retriever", 0},
                                   {"evaluator-create", "evaluator", 0},
                                   {"embedding-create", "embedding", 0},
                                   {"guardrail-create", "guardrail", 0}};
constexpr std::string_view observation_types[] = {"span",  "generation", "event",     "agent",     "tool",
                                                  "chain", "retriever",  "evaluator", "embedding", "guardrail"};
constexpr std::string_view other_types[] = {"score-create", "dataset-item-create", "dataset-run-item-create"};

std::unexpected<std::string> bad(std::string why) {
  return std::unexpected(std::move(why));
}

std::expected<Fragment, std::string> fragment_of(std::string_view event, const EventType& type, std::string_view body,
                                                 Nanos received) {
  Fragment out;
  out.form = RunForm::langfuse;
  out.root = type.run == "trace";
  out.event = json::text(json::member(event, "id"));
  out.object = body;
  const std::string_view stamp = json::member(event, "timestamp");
  const auto at = json::is_null(stamp) ? std::optional(received) : time_of(stamp);
  if (!at) return bad(fmt::format("timestamp {} is no time; send ISO 8601.", utf8_prefix(stamp, 60)));
  out.when = {type.rank, *at, received};
  const std::string_view id = json::member(body, "id");
  if (!json::is_string(id) || id.size() < 3) return bad("body.id must be a text that is not empty.");
  out.id = json::text(id);
  const std::string_view trace = json::member(body, "traceId");
  if (!out.root && !json::is_null(trace) && !json::is_string(trace)) return bad("body.traceId must be a text.");
  for (const std::string_view field : {"startTime", "endTime", "completionStartTime"}) {
    const std::string_view time = json::member(body, field);
    if (!json::is_null(time) && !time_of(time))
      return bad(fmt::format("body.{} {} is no time; send ISO 8601.", field, utf8_prefix(time, 60)));
  }
  out.type = type.run;
  if (type.run.empty()) {
    out.type = to_lower(json::text(json::member(body, "type")));
    if (std::ranges::find(observation_types, out.type) == std::end(observation_types))
      return bad(fmt::format("body.type '{}' is no type of observation.", out.type));
  }
  return out;
}

void read_event(std::string_view event, Nanos received, RunEvent& out) {
  out = {};
  out.id = json::is_object(event) ? json::text(json::member(event, "id")) : std::string();
  out.at = received;
  auto refuse = [&](std::string why) { out.what = RunEvent::What::refused, out.why = std::move(why); };
  if (!json::is_object(event)) return refuse("An event must be an object.");
  const std::string_view body = json::member(event, "body");
  out.type = json::text(json::member(event, "type"));
  if (out.id.empty() || !json::is_string(json::member(event, "id")))
    return refuse("An event needs an id: a text that is not empty.");
  if (out.type == "sdk-log") {
    out.what = RunEvent::What::log, out.json = body;
    out.at = time_of(json::member(event, "timestamp")).value_or(received);
    return;
  }
  if (!json::is_object(body)) return refuse("An event needs a body: an object.");
  if (std::ranges::find(other_types, out.type) != std::end(other_types)) {
    out.what = RunEvent::What::other, out.json = body;
    out.at = time_of(json::member(event, "timestamp")).value_or(received);
    return;
  }
  const auto type = std::ranges::find(run_types, out.type, &EventType::name);
  if (type == std::end(run_types))
    return refuse(fmt::format("'{}' is no type of event that Pawl knows.", utf8_prefix(out.type, 60)));
  auto fragment = fragment_of(event, *type, body, received);
  if (!fragment) return refuse(std::move(fragment.error()));
  out.what = RunEvent::What::fragment;
  out.fragment = std::move(*fragment);
}

// --- as a span ---

// The older `usage`: counts in whatever unit, and prices beside them.
void read_old_usage(const Run& run, Attributes& attributes) {
  const std::string usage = run.value("usage");
  if (!json::is_object(usage)) return attributes.json("langfuse.observation.usage", usage);
  const std::string unit = json::text(json::member(usage, "unit"));
  const bool tokens = unit.empty() || unit == "null" || equals_ignoring_case(unit, "tokens");
  attributes.json(tokens ? "langfuse.observation.usage_details" : "langfuse.observation.usage", usage);
  if (!run.value("costDetails").empty()) return;
  const std::string_view total = json::member(usage, "totalCost");
  if (!json::is_null(total)) {
    attributes.text("langfuse.observation.cost_details", fmt::format("{{\"total\":{}}}", total));
    return;
  }
  std::string parts;
  for (const std::string_view part : {"inputCost", "outputCost"}) {
    const std::string_view cost = json::member(usage, part);
    if (!json::is_null(cost)) parts += fmt::format("{}\"{}\":{}", parts.empty() ? "" : ",", part, cost);
  }
  if (!parts.empty())
    attributes.text("langfuse.observation.cost_details", fmt::format("{{\"total\":{}}}", sum_of("{" + parts + "}")));
}

void read_costs(const Run& run, Attributes& attributes) {
  std::string costs = run.value("costDetails");
  if (!json::is_object(costs)) return;
  if (json::is_null(json::member(costs, "total"))) {
    const std::string sum = sum_of(costs);
    costs.pop_back();
    if (!sum.empty()) costs += fmt::format(",\"total\":{}", sum);
    costs += '}';
  }
  attributes.text("langfuse.observation.cost_details", std::move(costs));
}

struct Name {
  std::string_view field, attribute;
};
constexpr Name observation_names[] = {{"@type", "langfuse.observation.type"},
                                      {"input", "langfuse.observation.input"},
                                      {"output", "langfuse.observation.output"},
                                      {"level", "langfuse.observation.level"},
                                      {"statusMessage", "langfuse.observation.status_message"},
                                      {"completionStartTime", "langfuse.observation.completion_start_time"},
                                      {"model", "langfuse.observation.model.name"},
                                      {"modelParameters", "langfuse.observation.model.parameters"},
                                      {"promptName", "langfuse.observation.prompt.name"},
                                      {"promptVersion", "langfuse.observation.prompt.version"},
                                      {"version", "langfuse.version"},
                                      {"environment", "langfuse.environment"}};
constexpr Name trace_names[] = {{"sessionId", "langfuse.session.id"},    {"userId", "langfuse.user.id"},
                                {"input", "langfuse.trace.input"},       {"output", "langfuse.trace.output"},
                                {"release", "langfuse.release"},         {"version", "langfuse.version"},
                                {"environment", "langfuse.environment"}, {"public", "langfuse.trace.public"}};
constexpr std::string_view known_fields[] = {"@type",     "id",           "traceId",     "parentObservationId",
                                             "name",      "startTime",    "endTime",     "metadata",
                                             "usage",     "usageDetails", "costDetails", "tags",
                                             "timestamp", "type",         "start_time",  "end_time"};

void read_named(const Run& run, std::span<const Name> names, std::string_view prefix, Attributes& attributes) {
  for (const auto& [field, attribute] : names) attributes.json(attribute, run.value(field));
  for (const auto& field : run.fields()) {
    if (std::ranges::find(names, field, &Name::field) != names.end()) continue;
    if (std::ranges::find(known_fields, field) != std::end(known_fields)) continue;
    attributes.json(fmt::format("{}{}", prefix, field), run.value(field));
  }
}

}  // namespace

Result<> walk_langfuse(std::string_view body, Nanos received, const EachRunEvent& each) {
  if (const auto at = json::first_error(body))
    return fail(ErrorKind::invalid, "The body stops being JSON at byte {}. Send {{\"batch\": [event, …]}}.", *at);
  const std::string_view batch = json::is_object(json::trimmed(body)) ? json::member(body, "batch") : "";
  if (!json::is_array(batch)) return fail(ErrorKind::invalid, "The body must be {{\"batch\": [event, …]}}.");
  json::Elements events(batch);
  RunEvent event;
  while (events.next()) {
    read_event(events.value, received, event);
    each(event);
  }
  return {};
}

void read_langfuse(const Run& run, RunSpan& out) {
  Attributes attributes(out, out.attributes);
  out.scope.name = "langfuse-sdk";
  out.span.name = out.texts.emplace_back(run.text("name"));
  const auto start = time_of(run.value(run.root() ? "timestamp" : "startTime"));
  const auto end = time_of(run.value("endTime"));
  const Nanos begin = start ? *start : end ? *end : run.received();
  out.span.start_ns = static_cast<std::uint64_t>(begin);
  out.span.end_ns = static_cast<std::uint64_t>(end.value_or(begin));
  if (run.root()) {
    attributes.text("langfuse.observation.type", "span");
    read_named(run, trace_names, "langfuse.trace.", attributes);
    if (const auto tags = run.united("tags"); !tags.empty())
      attributes.text("langfuse.trace.tags", "[" + join(tags, ",") + "]");
    attributes.members("langfuse.trace.metadata.", run.value("metadata"));
    return;
  }
  read_named(run, observation_names, "langfuse.observation.", attributes);
  attributes.members("langfuse.observation.metadata.", run.value("metadata"));
  const std::string usage = run.value("usageDetails");
  if (json::is_object(usage)) {
    attributes.text("langfuse.observation.usage_details", usage);
  } else {
    read_old_usage(run, attributes);
  }
  read_costs(run, attributes);
}

}  // namespace pawl::llm
