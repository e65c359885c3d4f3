// Values of runs, and the span that a run becomes.
#include "llm/run_values.h"

#include "base/money.h"
#include "base/text.h"
#include "llm/coding_agents.h"
#include "llm/json_scan.h"
#include "llm/log_calls.h"

namespace pawl::llm {
namespace {

// Since 1970, in whatever unit makes it a time between 1973 and 2261, where nanoseconds end.
std::optional<Nanos> time_of_number(std::string_view raw) {
  const auto number = parse_double(raw);
  if (!number || !(*number > 0)) return std::nullopt;
  const auto whole = parse_int(raw);
  struct Unit {
    double below;
    Nanos length;
  };
  for (const auto& [below, length] :
       {Unit{1e11, second}, Unit{1e14, millisecond}, Unit{1e17, microsecond}, Unit{9e18, Nanos{1}}}) {
    if (*number >= below) continue;
    if (*number * static_cast<double>(length) > 9.2e18) return std::nullopt;
    return whole ? *whole * length : static_cast<Nanos>(*number * static_cast<double>(length));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Nanos> time_of(std::string_view raw) {
  if (json::is_null(raw)) return std::nullopt;
  if (!json::is_string(raw)) return time_of_number(raw);
  const std::string text = json::text(raw);
  if (const auto time = parse_time(text)) return time;
  if (const auto time = parse_time(text + "Z")) return time;
  return time_of_number(text);
}

void Attributes::text(std::string_view key, std::string value) {
  if (value.empty()) return;
  otlp::KeyValue attribute;
  attribute.key = span_.texts.emplace_back(key);
  attribute.value.type = otlp::Value::Type::string;
  attribute.value.text = span_.texts.emplace_back(std::move(value));
  to_.push_back(attribute);
}

void Attributes::json(std::string_view key, std::string_view raw) {
  if (!json::is_null(raw)) text(key, json::text(raw));
}

void Attributes::members(std::string_view prefix, std::string_view raw) {
  if (!json::is_object(raw)) {
    json(prefix.substr(0, prefix.size() - 1), raw);
    return;
  }
  json::Members members(raw);
  while (members.next()) {
    json(std::string(prefix) + json::text("\"" + std::string(members.key) + "\""), members.value);
  }
}

std::string sum_of(std::string_view object) {
  Int128 sum = 0;
  bool any = false;
  json::Members members(object);
  while (members.next()) {
    const auto dollars = parse_dollars(json::text(members.value));
    if (!dollars) continue;
    sum += dollars->pico;
    any = true;
  }
  return any ? format_dollars(sum) : std::string();
}

std::string root_span_of(std::string_view trace_id) {
  return "trace:" + std::string(trace_id);
}

void read_run(const Run& run, RunSpan& out) {
  out.span_id = run.root() ? root_span_of(run.id()) : run.id();
  out.trace_id = run.root() ? run.id() : run.trace();
  out.parent_id = run.parent();
  out.ended = run.ended();
  switch (run.form()) {
    case RunForm::langfuse:
      read_langfuse(run, out);
      break;
    case RunForm::langsmith:
      read_langsmith(run, out);
      break;
    case RunForm::openai_agents:
      read_openai_agents(run, out);
      break;
    case RunForm::coding_agent:
      read_coding_agent(run, out);
      break;
    case RunForm::log_call:
      read_log_call(run, out);
      break;
    default:
      break;
  }
  if (out.span.end_ns < out.span.start_ns && !out.ended) out.span.end_ns = out.span.start_ns;
  out.span.attributes = out.attributes;
  out.span.events = out.events;
  out.resource.attributes = out.resource_attributes;
}

// "20261121T111102576576Z<uuid>.20261121T…Z<uuid>": the ids from the root down.
static std::vector<std::string> ids_of_order(std::string_view dotted) {
  std::vector<std::string> ids;
  for (const std::string_view step : split(dotted, '.')) {
    const auto z = step.find('Z');
    if (z != std::string_view::npos) ids.emplace_back(step.substr(z + 1));
  }
  return ids;
}

std::string Run::trace() const {
  switch (form_) {
    case RunForm::langfuse:
      return root_ ? id_ : text("traceId");
    case RunForm::langsmith: {
      if (std::string trace = text("trace_id"); !trace.empty()) return trace;
      if (const auto ids = ids_of_order(text("dotted_order")); !ids.empty()) return ids.front();
      return created_ && value("parent_run_id").empty() ? id_ : std::string();  // a patch may leave both out
    }
    default:
      return root_ ? id_ : text("trace_id");
  }
}

std::string Run::parent() const {
  if (root_) return {};
  switch (form_) {
    case RunForm::langfuse: {
      std::string parent = text("parentObservationId");
      return parent.empty() ? root_span_of(trace()) : parent;
    }
    case RunForm::langsmith: {
      if (std::string parent = text("parent_run_id"); !parent.empty()) return parent;
      const auto ids = ids_of_order(text("dotted_order"));
      return ids.size() > 1 ? ids[ids.size() - 2] : std::string();
    }
    default: {
      std::string parent = text("parent_id");
      return parent.empty() ? root_span_of(trace()) : parent;
    }
  }
}

Nanos Run::start() const {
  const std::string_view field = form_ == RunForm::langfuse    ? (root_ ? "timestamp" : "startTime")
                                 : form_ == RunForm::langsmith ? "start_time"
                                                               : "started_at";
  return time_of(value(field)).value_or(0);
}

Nanos Run::end() const {
  const std::string_view field = form_ == RunForm::langfuse    ? "endTime"
                                 : form_ == RunForm::langsmith ? "end_time"
                                                               : "ended_at";
  return time_of(value(field)).value_or(0);
}

bool Run::ended() const {
  switch (form_) {
    case RunForm::langfuse:
      return root_ || text("@type") == "event" || !value("endTime").empty();
    case RunForm::langsmith:
      return !value("end_time").empty();
    default:
      return root_ || !value("ended_at").empty();
  }
}

}  // namespace pawl::llm
