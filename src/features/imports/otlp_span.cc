// OTLP/JSON (opentelemetry-proto) as text.
#include "otlp_span.h"

#include <algorithm>

#include "base/text.h"
#include "fields.h"

namespace pawl::imports {
namespace {

constexpr int deepest = 24;

// Kept as text that holds JSON: OpenInference sends these so.
bool is_json_text(std::string_view key) {
  return key == "metadata" || key.ends_with(".metadata") || key == "llm.prompt_template.variables" ||
         key == "tool.parameters";
}

void write_value(JsonWriter& out, std::string_view raw, int depth) {
  out.object();
  if (json::is_string(raw)) {
    out.field("stringValue", json::text(raw));
  } else if (raw == "true" || raw == "false") {
    out.field("boolValue", raw == "true");
  } else if (const auto whole = parse_int(raw)) {
    out.field("intValue", std::string(raw));
  } else if (const auto number = parse_double(raw)) {
    out.field("doubleValue", *number);
  } else if (json::is_array(raw) && depth < deepest) {
    out.key("arrayValue").object().key("values").array();
    for (json::Elements elements(raw); elements.next();)
      if (!json::is_null(elements.value)) write_value(out, elements.value, depth + 1);
    out.end().end();
  } else {
    out.field("stringValue", raw);
  }
  out.end();
}

void flatten(JsonWriter& out, const std::string& key, std::string_view raw, int depth) {
  if (json::is_null(raw)) return;
  const bool list = json::is_array(raw) && json::is_object(json::first(raw));
  if (is_json_text(key) && (json::is_object(raw) || json::is_array(raw))) {
    out.object().field("key", key).key("value").object().field("stringValue", raw).end().end();
  } else if (json::is_object(raw) && depth < deepest) {
    for (json::Members members(raw); members.next();) {
      const std::string name = json::text("\"" + std::string(members.key) + "\"");
      flatten(out, key.empty() ? name : fmt::format("{}.{}", key, name), members.value, depth + 1);
    }
  } else if (list && depth < deepest) {
    std::size_t i = 0;
    for (json::Elements elements(raw); elements.next(); ++i)
      flatten(out, fmt::format("{}.{}", key, i), elements.value, depth + 1);
  } else {
    write_attribute(out, key, raw);
  }
}

}  // namespace

std::string hex_id(std::string_view text, std::size_t bytes) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  const bool hex = std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
  if (hex && !text.empty() && text.size() <= 2 * bytes)
    return std::string(2 * bytes - text.size(), '0') + to_lower(text);
  const auto raw = from_base64(text);
  return raw && raw->size() == bytes ? to_hex(*raw) : std::string();
}

void write_attribute(JsonWriter& out, std::string_view key, std::string_view raw) {
  if (json::is_null(raw)) return;
  out.object().field("key", key).key("value");
  write_value(out, raw, 0);
  out.end();
}

void write_flattened(JsonWriter& out, const std::string& prefix, std::string_view object) {
  flatten(out, prefix, object, 0);
}

std::string otlp_json(const OtlpSpan& span) {
  JsonWriter out;
  out.object().field("traceId", span.trace).field("spanId", span.span);
  write_text(out, "parentSpanId", span.parent);
  out.field("name", span.name).field("kind", 1);
  out.field("startTimeUnixNano", fmt::format("{}", span.start)).field("endTimeUnixNano", fmt::format("{}", span.end));
  write_raw(out, "attributes", span.attributes);
  write_raw(out, "events", span.events);
  out.key("status").object().field("code", span.status);
  write_text(out, "message", span.message);
  return out.end().end().take();
}

std::string otlp_resource(std::string_view service, std::string_view scope) {
  JsonWriter out;
  out.object().key("attributes").array();
  if (!service.empty()) write_attribute(out, "service.name", json_quote(service));
  out.end().end();
  JsonWriter named;
  named.object();
  if (!scope.empty()) named.field("name", scope);
  return out.take() + "\n" + named.end().take();
}

std::string otlp_events(std::string_view list) {
  if (!json::is_array(list)) return {};
  JsonWriter out;
  out.array();
  for (json::Elements elements(list); elements.next();) {
    const Fields event(elements.value);
    out.object().field("name", event.text({"name"}));
    const auto at = event.moment({"timestamp", "time_unix_nano", "timeUnixNano", "time"});
    if (at) out.field("timeUnixNano", fmt::format("{}", *at));
    out.key("attributes").array();
    for (json::Members members(event.raw({"attributes"})); members.next();)
      write_attribute(out, json::text("\"" + std::string(members.key) + "\""), members.value);
    out.end().end();
  }
  return out.end().take();
}

namespace {

std::string score_event(const Judgement& judgement) {
  JsonWriter out;
  out.object().field("id", fmt::format("import score {}", judgement.id)).field("type", "score-create");
  out.field("timestamp", format_time(judgement.at))
      .key("body")
      .object()
      .field("id", judgement.id)
      .field("name", judgement.name);
  judgement.number.empty() ? out.field("value", judgement.text) : out.key("value").raw(judgement.number);
  write_text(out, "dataType", judgement.type);
  write_text(out, "traceId", judgement.trace);
  write_text(out, "observationId", judgement.span);
  write_text(out, "sessionId", judgement.session);
  write_text(out, "comment", judgement.comment);
  write_text(out, "source", judgement.source);
  write_raw(out, "metadata", judgement.metadata);
  out.field("timestamp", format_time(judgement.at));
  return out.end().end().take();
}

}  // namespace

void begin_metadata(JsonWriter& out, const std::string& own) {
  out.object();
  for (json::Members members(own); members.next();)
    out.key(json::text("\"" + std::string(members.key) + "\"")).raw(members.value);
}

void add_score(Mapped& out, const Judgement& judgement) {
  out.items.push_back({.channel = Channel::langfuse,
                       .kind = "score",
                       .id = judgement.id,
                       .json = score_event(judgement),
                       .trace = {},
                       .span = {},
                       .resource = {}});
}

}  // namespace pawl::imports
