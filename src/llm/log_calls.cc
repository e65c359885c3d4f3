// From GenAI log records to the run that they tell of, and from that run to a span.
#include "llm/log_calls.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "llm/coding_agents.h"
#include "llm/json_scan.h"
#include "llm/run_values.h"
#include "wire/google_logs.h"

namespace pawl::llm {
namespace {

// Says what the record is, not what the call was.
bool is_of_record(std::string_view key) {
  return key == "event.name" || key == "log.record.uid" || key == "gcp.log_name" || key == google_push_attribute;
}

std::string text_of(otlp::Attributes attributes, std::string_view key) {
  const otlp::Value* value = otlp::find(attributes, key);
  return value == nullptr || value->type == otlp::Value::Type::empty ? std::string() : otlp::to_text(*value);
}

void write_resource(const otlp::Resource& resource, JsonWriter& json) {
  json.key("resource").object();
  for (const auto& attribute : resource.attributes)
    json.field(attribute.key, repair_utf8(otlp::to_text(attribute.value)));
  json.end();
}

void write_metadata(const otlp::LogRecord& record, const Reading& reading, JsonWriter& json) {
  json.key("metadata").object();
  for (const auto& attribute : record.attributes) {
    const bool content = std::ranges::find(reading.used, attribute.key) != reading.used.end();
    if (content || is_of_record(attribute.key) || attribute.value.type == otlp::Value::Type::empty) continue;
    json.field(attribute.key, repair_utf8(otlp::to_text(attribute.value)));
  }
  json.end();
}

std::string name_of_call(const std::string& metadata) {
  std::string operation = json::text(json::member(metadata, "gen_ai.operation.name"));
  if (operation.empty()) operation = "chat";
  for (const std::string_view key : {"gen_ai.response.model", "gen_ai.request.model"}) {
    if (const std::string model = json::text(json::member(metadata, key)); !model.empty())
      return fmt::format("{} {}", operation, model);
  }
  return operation;
}

}  // namespace

bool read_call_ids(const otlp::LogRecord& record, CallIds& out) {
  out = {};
  const bool whole = is_details_event(record.event_name);
  if (!whole && (!is_content_event(record.event_name) || record.event_name == "gen_ai.evaluation.result")) return false;
  out.trace = id_from_bytes(record.trace_id), out.span = id_from_bytes(record.span_id);
  if (out.span) return true;
  // Nobody traces: an event that tells a whole call stands for itself; ADK says which invocation it was in.
  if (!whole) return false;
  out.made = true;
  out.span = {0, hash128(record.raw).low};
  const std::string invocation = text_of(record.attributes, "gcp.vertex.agent.invocation_id");
  if (!out.trace)
    out.trace = hash128(invocation.empty() ? fmt::format("call {}", to_hex(out.span)) : "invocation " + invocation);
  return true;
}

bool read_log_call(const otlp::Resource& resource, const otlp::Scope& scope, const otlp::LogRecord& record,
                   const CallIds& ids, const Reading& reading, Nanos received, std::string_view preview, LogCall& out) {
  if (is_coding_agent(reading.dialect)) return false;
  out.id = log_call_id(ids.trace, ids.span);
  out.at = record.time_ns != 0 ? static_cast<Nanos>(record.time_ns) : received;
  JsonWriter json;
  json.object().field("trace_id", to_hex(ids.trace)).field("span_id", to_hex(ids.span).substr(16));
  json.field("started_at", out.at).field("ended_at", out.at);
  json.field("scope", repair_utf8(scope.name)).field("scope_version", repair_utf8(scope.version));
  if (!preview.empty()) json.field("preview", preview);
  if (otlp::find(record.attributes, google_push_attribute) != nullptr) json.field("pushed", true);
  write_resource(resource, json);
  write_metadata(record, reading, json);
  out.object = json.end().take();
  return true;
}

std::string log_call_id(const Id128& trace, const Id128& span) {
  return to_hex(trace) + to_hex(span);
}

Fragment fragment_of(const LogCall& call, Nanos received) {
  Fragment out;
  out.form = RunForm::log_call;
  out.id = call.id;
  out.when = {0, call.at, received};
  out.object = call.object;
  return out;
}

void read_log_call(const Run& run, RunSpan& out) {
  Attributes attributes(out, out.attributes);
  out.span_id = run.text("span_id");
  out.parent_id.clear();
  out.preview = run.text("preview");
  out.span.start_ns = static_cast<std::uint64_t>(run.start());
  out.span.end_ns = static_cast<std::uint64_t>(run.end());
  out.scope.name = out.texts.emplace_back(run.text("scope"));
  out.scope.version = out.texts.emplace_back(run.text("scope_version"));
  Attributes(out, out.resource_attributes).members("", run.value("resource"));
  const std::string metadata = run.value("metadata");
  attributes.members("", metadata);
  if (json::member(metadata, "gen_ai.operation.name").empty()) attributes.text("pawl.kind", "llm");
  attributes.text("pawl.told_by", "log events");
  out.span.name = out.texts.emplace_back(name_of_call(metadata));
  if (json::text(json::member(metadata, "error.type")).empty()) return;
  out.span.status_code = 2;
  out.span.status_message = out.texts.emplace_back(json::text(json::member(metadata, "error.message")));
}

}  // namespace pawl::llm
