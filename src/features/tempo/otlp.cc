// Trace data of OpenTelemetry (opentelemetry-proto 1.7, trace/v1) from stored rows.
#include "otlp.h"

#include <simdjson.h>

#include <map>
#include <optional>
#include <variant>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "traceql.h"
#include "wire/protobuf.h"

namespace pawl::tempo {
namespace {

using protobuf::Writer;
using traces::SpanRow;

struct Attribute {
  std::string key;
  std::variant<std::string, std::int64_t> value;
};
using Attributes = std::vector<Attribute>;

constexpr int internal = 1, client = 3, status_ok = 1, status_error = 2;

bool calls_out(llm::Kind kind) {
  return kind == llm::Kind::llm || kind == llm::Kind::embedding || kind == llm::Kind::retriever ||
         kind == llm::Kind::reranker;
}

int status_of(const SpanRow& row) {
  if (row.status == llm::Status::error) return status_error;
  for (const auto& [name, value] : row.attributes)
    if (name == "otel.status_code" && value == "OK") return status_ok;
  return 0;
}

void add_number(Attributes& out, std::string_view key, const std::optional<std::int64_t>& value) {
  if (value) out.push_back({std::string(key), *value});
}

// Input tokens from a cache or not, output tokens with reasoning: as the conventions count them.
void add_usage(Attributes& out, const SpanRow& row) {
  if (row.tokens_input || row.tokens_cache_read || row.tokens_cache_write)
    out.push_back({"gen_ai.usage.input_tokens", row.tokens_input.value_or(0) + row.tokens_cache_read.value_or(0) +
                                                    row.tokens_cache_write.value_or(0)});
  if (row.tokens_output || row.tokens_reasoning)
    out.push_back({"gen_ai.usage.output_tokens", row.tokens_output.value_or(0) + row.tokens_reasoning.value_or(0)});
  add_number(out, "gen_ai.usage.cache_read.input_tokens", row.tokens_cache_read);
  if (const auto cost = row.cost_or_reported(); cost && row.counted)
    out.push_back({"pawl.cost_usd", format_dollars(*cost)});
}

Attributes attributes_of(const SpanRow& row, const std::string& url) {
  Attributes out;
  for (const auto& [name, value] : row.attributes)
    if (!name.starts_with("resource.") && !name.starts_with("scope.") && name != "otel.status_code")
      out.push_back({name, value});
  out.push_back({"pawl.kind", std::string(llm::name_of(row.kind))});
  for (const auto& one : known_attributes())
    if (!one.resource && one.column != nullptr && !(row.*one.column).empty())
      out.push_back({std::string(one.attribute), row.*one.column});
  add_usage(out, row);
  if (!row.parent && !url.empty()) out.push_back({"pawl.url", url});
  return out;
}

Attributes resource_of(const SpanRow& row) {
  Attributes out;
  for (const auto& one : known_attributes())
    if (one.resource && one.column != nullptr && !(row.*one.column).empty())
      out.push_back({std::string(one.attribute), row.*one.column});
  for (const auto& [name, value] : row.attributes)
    if (name.starts_with("resource.")) out.push_back({name.substr(9), value});
  return out;
}

std::string trace_bytes(const Id128& id) {
  return from_hex(to_hex(id)).value_or("");
}

struct Event {
  Nanos at = 0;
  std::string name;
  Attributes attributes;  // of one that held content: none, the content is shown in Pawl
};
std::vector<Event> events_of(const SpanRow& row) {
  std::vector<Event> out;
  simdjson::dom::parser parser;
  simdjson::dom::array all;
  if (row.events.empty() || parser.parse(row.events).get(all)) return out;
  for (const auto one : all) {
    std::string_view time, name;
    if (one["time"].get(time) || one["name"].get(name)) continue;
    Event event{.at = parse_time(time).value_or(row.start), .name = std::string(name), .attributes = {}};
    simdjson::dom::object attributes;
    if (!one["attributes"].get(attributes)) {
      for (const auto [key, value] : attributes) {
        std::string_view text;
        std::int64_t number = 0;
        if (!value.get(text))
          event.attributes.push_back({std::string(key), std::string(text)});
        else if (!value.get(number))
          event.attributes.push_back({std::string(key), number});
        else
          event.attributes.push_back({std::string(key), simdjson::minify(value)});
      }
    }
    out.push_back(std::move(event));
  }
  return out;
}

// Spans of one resource and scope stand together, in the order in which these come.
struct Group {
  const SpanRow* first = nullptr;
  std::vector<const SpanRow*> spans;
};
std::vector<Group> groups_of(std::span<const SpanRow> spans) {
  std::vector<Group> out;
  std::map<std::string, std::size_t> at;
  for (const SpanRow& row : spans) {
    std::string key = row.scope;
    for (const auto& [name, value] : resource_of(row)) key += "\n" + name + "=" + std::get<std::string>(value);
    const auto [found, fresh] = at.emplace(std::move(key), out.size());
    if (fresh) out.push_back({.first = &row, .spans = {}});
    out[found->second].spans.push_back(&row);
  }
  return out;
}

void put(Writer& writer, std::uint32_t field, const Attributes& attributes) {
  for (const auto& [key, value] : attributes) {
    std::string any, pair;
    Writer inner(any), outer(pair);
    if (const auto* text = std::get_if<std::string>(&value))
      inner.add_string(1, *text);
    else
      inner.add_int64(3, std::get<std::int64_t>(value));
    outer.add_string(1, key);
    outer.add_message(2, any);
    writer.add_message(field, pair);
  }
}

std::string span_protobuf(const SpanRow& row, const std::string& url) {
  std::string out, status;
  Writer writer(out);
  writer.add_bytes(1, trace_bytes(row.trace));
  writer.add_bytes(2, span_bytes(row.span));
  if (row.parent) writer.add_bytes(4, span_bytes(row.parent));
  writer.add_string(5, row.name);
  writer.add_enum(6, calls_out(row.kind) ? client : internal);
  writer.add_fixed64(7, static_cast<std::uint64_t>(row.start));
  writer.add_fixed64(8, static_cast<std::uint64_t>(row.start + row.duration));
  put(writer, 9, attributes_of(row, url));
  for (const Event& event : events_of(row)) {
    std::string text;
    Writer inner(text);
    inner.add_fixed64(1, static_cast<std::uint64_t>(event.at));
    inner.add_string(2, event.name);
    put(inner, 3, event.attributes);
    writer.add_message(11, text);
  }
  Writer about(status);
  if (!row.error_message.empty()) about.add_string(2, row.error_message);
  if (const int code = status_of(row); code != 0) about.add_enum(3, code);
  writer.add_message(15, status);
  return out;
}

void write_attributes(JsonWriter& json, const Attributes& attributes) {
  json.key("attributes").array();
  for (const auto& [key, value] : attributes) {
    json.object().field("key", key).key("value").object();
    if (const auto* text = std::get_if<std::string>(&value))
      json.field("stringValue", *text);
    else
      json.field("intValue", fmt::format("{}", std::get<std::int64_t>(value)));
    json.end().end();
  }
  json.end();
}

void write_span(JsonWriter& json, const SpanRow& row, const std::string& url) {
  json.object().field("traceId", to_base64(trace_bytes(row.trace))).field("spanId", to_base64(span_bytes(row.span)));
  if (row.parent) json.field("parentSpanId", to_base64(span_bytes(row.parent)));
  json.field("name", row.name).field("kind", calls_out(row.kind) ? "SPAN_KIND_CLIENT" : "SPAN_KIND_INTERNAL");
  json.field("startTimeUnixNano", fmt::format("{}", row.start));
  json.field("endTimeUnixNano", fmt::format("{}", row.start + row.duration));
  write_attributes(json, attributes_of(row, url));
  if (const auto events = events_of(row); !events.empty()) {
    json.key("events").array();
    for (const Event& event : events) {
      json.object().field("timeUnixNano", fmt::format("{}", event.at)).field("name", event.name);
      write_attributes(json, event.attributes);
      json.end();
    }
    json.end();
  }
  json.key("status").object();
  if (const int code = status_of(row); code != 0)
    json.field("code", code == status_error ? "STATUS_CODE_ERROR" : "STATUS_CODE_OK");
  if (!row.error_message.empty()) json.field("message", row.error_message);
  json.end().end();
}

}  // namespace

std::string span_bytes(const Id128& id) {
  return from_hex(to_hex(id)).value_or(std::string(16, '\0')).substr(8);
}

std::string as_protobuf(std::span<const SpanRow> spans, const std::string& url, Around around) {
  std::string trace;
  Writer writer(trace);
  for (const Group& group : groups_of(spans)) {
    std::string resource, scope, scope_spans, resource_spans;
    Writer of_resource(resource), of_scope(scope), of_scope_spans(scope_spans), of_resource_spans(resource_spans);
    put(of_resource, 1, resource_of(*group.first));
    of_scope.add_string(1, group.first->scope);
    of_scope_spans.add_message(1, scope);
    for (const SpanRow* row : group.spans) of_scope_spans.add_message(2, span_protobuf(*row, url));
    of_resource_spans.add_message(1, resource);
    of_resource_spans.add_message(2, scope_spans);
    writer.add_message(1, resource_spans);
  }
  if (around == Around::trace) return trace;
  std::string response;
  Writer(response).add_message(1, trace);
  return response;
}

std::string as_json(std::span<const SpanRow> spans, const std::string& url, Around around) {
  JsonWriter json;
  json.object();
  if (around == Around::response) json.key("trace").object();
  json.key(around == Around::response ? "resourceSpans" : "batches").array();
  for (const Group& group : groups_of(spans)) {
    json.object().key("resource").object();
    write_attributes(json, resource_of(*group.first));
    json.end().key("scopeSpans").array().object().key("scope").object().field("name", group.first->scope).end();
    json.key("spans").array();
    for (const SpanRow* row : group.spans) write_span(json, *row, url);
    json.end().end().end().end();
  }
  json.end();
  if (around == Around::response) json.end().key("metrics").object().end();
  return json.end().take();
}

}  // namespace pawl::tempo
