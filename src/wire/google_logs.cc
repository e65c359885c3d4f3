// From a Pub/Sub push to a record of OTLP.
#include "wire/google_logs.h"

#include <simdjson.h>

#include <array>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"

namespace pawl {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t deepest = 64;  // OTLP values deeper than that are cut anyway

struct Severity {
  std::string_view name;
  int number;  // of OTLP (opentelemetry-specification, logs data model, "Mapping of SeverityNumber")
};
constexpr std::array severities = {Severity{"DEBUG", 5},    Severity{"INFO", 9},      Severity{"NOTICE", 10},
                                   Severity{"WARNING", 13}, Severity{"ERROR", 17},    Severity{"CRITICAL", 21},
                                   Severity{"ALERT", 22},   Severity{"EMERGENCY", 24}};

// What tells a service's name, the first that is there: labels of the resource types that agents run on.
constexpr std::array<std::string_view, 7> service_labels = {
    "service_name", "reasoning_engine_id", "container_name", "job_name", "function_name", "module_id", "instance_name"};

std::string_view text_of(const object& from, std::string_view name) {
  std::string_view text;
  return from[name].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::string json_of(const element& value) {
  return simdjson::minify(value);
}

// AnyValue of OTLP.
void write_value(JsonWriter& json, const element& value, std::size_t depth) {
  json.object();
  switch (value.type()) {
    case simdjson::dom::element_type::STRING:
      json.field("stringValue", value.get_string().value_unsafe());
      break;
    case simdjson::dom::element_type::INT64:
      json.field("intValue", fmt::format("{}", value.get_int64().value_unsafe()));
      break;
    case simdjson::dom::element_type::DOUBLE:
      json.field("doubleValue", value.get_double().value_unsafe());
      break;
    case simdjson::dom::element_type::BOOL:
      json.field("boolValue", value.get_bool().value_unsafe());
      break;
    case simdjson::dom::element_type::ARRAY:
      if (depth == deepest) {
        json.field("stringValue", json_of(value));
        break;
      }
      json.key("arrayValue").object().key("values").array();
      for (const element item : value.get_array().value_unsafe()) write_value(json, item, depth + 1);
      json.end().end();
      break;
    case simdjson::dom::element_type::OBJECT:
      if (depth == deepest) {
        json.field("stringValue", json_of(value));
        break;
      }
      json.key("kvlistValue").object().key("values").array();
      for (const auto [name, item] : value.get_object().value_unsafe()) {
        json.object().field("key", name).key("value");
        write_value(json, item, depth + 1);
        json.end();
      }
      json.end().end();
      break;
    case simdjson::dom::element_type::UINT64:  // beyond what OTLP's integers hold
      json.field("stringValue", json_of(value));
      break;
    case simdjson::dom::element_type::NULL_VALUE:
      break;
  }
  json.end();
}

void write_attribute(JsonWriter& json, std::string_view key, std::string_view text) {
  json.object().field("key", key).key("value").object().field("stringValue", text).end().end();
}

void write_resource(JsonWriter& json, const object& entry) {
  json.key("resource").object().key("attributes").array();
  object resource, labels;
  std::string_view service;
  if (entry["resource"].get(resource) == simdjson::SUCCESS) {
    if (const auto type = text_of(resource, "type"); !type.empty()) write_attribute(json, "gcp.resource_type", type);
    if (resource["labels"].get(labels) == simdjson::SUCCESS) {
      for (const auto [name, value] : labels) {
        std::string_view text;
        if (value.get(text) == simdjson::SUCCESS && !text.empty())
          write_attribute(json, fmt::format("gcp.{}", name), text);
      }
      for (const auto name : service_labels)
        if (service.empty()) service = text_of(labels, name);
    }
  }
  object said;
  if (entry["labels"].get(said) == simdjson::SUCCESS)
    if (const auto name = text_of(said, "service.name"); !name.empty()) service = name;
  if (!service.empty()) write_attribute(json, "service.name", service);
  json.end().end();
}

void write_time(JsonWriter& json, const object& entry, std::string_view from, std::string_view to) {
  if (const auto time = parse_time(text_of(entry, from)); time && *time > 0) json.field(to, fmt::format("{}", *time));
}

std::optional<std::string> hex_of_length(std::string_view text, std::size_t digits) {
  if (text.size() != digits || !from_hex(text)) return std::nullopt;
  return to_lower(text);
}

// "projects/p/traces/<32 digits>", or the digits alone.
std::string_view last_part(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string event_of(const object& entry) {
  object labels;
  if (entry["labels"].get(labels) == simdjson::SUCCESS)
    if (const auto name = text_of(labels, "event.name"); !name.empty()) return std::string(name);
  const auto log = percent_decode(last_part(text_of(entry, "logName")));
  return log && log->starts_with("gen_ai.") ? *log : "";
}

void write_attributes(JsonWriter& json, const object& entry) {
  json.key("attributes").array();
  object labels;
  if (entry["labels"].get(labels) == simdjson::SUCCESS) {
    for (const auto [name, value] : labels) {
      json.object().field("key", name).key("value");
      write_value(json, value, 1);
      json.end();
    }
  }
  constexpr std::array<std::string_view, 13> placed = {
      "resource", "labels",  "timestamp", "receiveTimestamp", "severity",     "jsonPayload", "textPayload",
      "insertId", "logName", "trace",     "spanId",           "traceSampled", "protoPayload"};
  for (const auto [name, value] : entry) {
    if (std::ranges::find(placed, name) == placed.end())
      write_attribute(json, fmt::format("gcp.{}", name), json_of(value));
  }
  if (const auto id = text_of(entry, "insertId"); !id.empty()) write_attribute(json, "log.record.uid", id);
  if (const auto name = text_of(entry, "logName"); !name.empty()) write_attribute(json, "gcp.log_name", name);
  write_attribute(json, google_push_attribute, "pubsub");
  const auto trace = text_of(entry, "trace"), span = text_of(entry, "spanId");
  if (!trace.empty() && !hex_of_length(last_part(trace), 32)) write_attribute(json, "gcp.trace", trace);
  if (!span.empty() && !hex_of_length(span, 16)) write_attribute(json, "gcp.span_id", span);
  json.end();
}

std::string otlp_of_entry(const object& entry) {
  JsonWriter json;
  json.object().key("resourceLogs").array().object();
  write_resource(json, entry);
  json.key("scopeLogs").array().object().key("logRecords").array().object();
  write_time(json, entry, "timestamp", "timeUnixNano");
  write_time(json, entry, "receiveTimestamp", "observedTimeUnixNano");
  const auto severity = text_of(entry, "severity");
  for (const auto& known : severities)
    if (known.name == severity) json.field("severityNumber", known.number);
  if (!severity.empty()) json.field("severityText", severity);
  if (const auto event = event_of(entry); !event.empty()) json.field("eventName", event);
  if (const auto trace = hex_of_length(last_part(text_of(entry, "trace")), 32)) json.field("traceId", *trace);
  if (const auto span = hex_of_length(text_of(entry, "spanId"), 16)) json.field("spanId", *span);
  for (const std::string_view name : {"jsonPayload", "textPayload", "protoPayload"}) {
    element payload;
    if (entry[name].get(payload) != simdjson::SUCCESS || payload.is_null()) continue;
    json.key("body");
    write_value(json, payload, 1);
    break;
  }
  write_attributes(json, entry);
  return json.end().end().end().end().end().end().end().take();
}

Result<object> object_of(simdjson::dom::parser& parser, std::string_view text, std::string_view what) {
  element root;
  object found;
  if (const auto error = parser.parse(text.data(), text.size()).get(root))
    return fail(ErrorKind::invalid, "{} is no JSON: {}.", what, simdjson::error_message(error));
  if (root.get(found) != simdjson::SUCCESS) return fail(ErrorKind::invalid, "{} must be a JSON object.", what);
  return found;
}

bool is_entry(const object& from) {
  return !text_of(from, "logName").empty();
}

}  // namespace

Result<std::string> otlp_of_google_push(std::string_view body) {
  simdjson::dom::parser outer, inner;
  const object push = TRY(object_of(outer, body, "The body"));
  if (is_entry(push)) return otlp_of_entry(push);
  object message;
  if (push["message"].get(message) != simdjson::SUCCESS)
    return fail(ErrorKind::invalid,
                "The body is neither a push of Pub/Sub (`message` is missing) nor a log entry (`logName` is missing).");
  const auto data = from_base64(text_of(message, "data"));
  if (!data) return fail(ErrorKind::invalid, "message.data is no base64.");
  if (data->empty()) return fail(ErrorKind::invalid, "message.data is empty: there is no log entry.");
  const object entry = TRY(object_of(inner, *data, "The log entry in message.data"));
  if (!is_entry(entry))
    return fail(ErrorKind::invalid,
                "message.data holds no log entry: `logName` is missing. The topic must be fed by a log sink alone.");
  return otlp_of_entry(entry);
}

}  // namespace pawl
