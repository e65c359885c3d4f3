// OTLP as bytes. Field numbers: opentelemetry-proto 1.7, common/v1, resource/v1 and trace/v1.
#include "demo/otlp_out.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "wire/protobuf.h"

namespace pawl::demo {
namespace {

using otlp::Encoding;
using protobuf::Writer;

std::string bytes_of(std::uint64_t value) {
  std::string out(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(value >> (56 - 8 * i));
  return out;
}

// KeyValue{key = 1, value = 2} around an AnyValue that `write` fills.
template <typename F>
void key_value(std::string& out, std::uint32_t field, std::string_view key, F&& write) {
  Writer message(out);
  Writer pair(message, field);
  pair.add_string(1, key);
  Writer value(pair, 2);
  write(value);
}

std::size_t varint_bytes(std::size_t value) {
  std::size_t bytes = 1;
  for (; value > 0x7F; value >>= 7U) ++bytes;
  return bytes;
}
std::size_t field_bytes(std::size_t length) {  // of a length-delimited field with a number below 16
  return 1 + varint_bytes(length) + length;
}

std::string json_array(const std::vector<std::string_view>& items) {
  std::string out = "[";
  for (const std::string_view item : items) {
    if (out.size() > 1) out += ',';
    out += item;
  }
  return out += ']';
}

}  // namespace

void AttributesOut::open_json(std::string_view key, std::string_view type) {
  if (!bytes_.empty()) bytes_ += ',';
  bytes_ += "{\"key\":";
  append_json_string(bytes_, key);
  bytes_ += ",\"value\":{\"";
  bytes_ += type;
  bytes_ += "\":";
}

void AttributesOut::text(std::string_view key, std::string_view a, std::string_view b, std::string_view c) {
  if (encoding_ == Encoding::json) {
    open_json(key, "stringValue");
    std::string whole(a);
    (whole += b) += c;
    append_json_string(bytes_, whole);
    bytes_ += "}}";
    return;
  }
  // The sizes are known, so that nothing long is moved afterwards.
  const std::size_t value_bytes = field_bytes(a.size() + b.size() + c.size());
  Writer message(bytes_);
  Writer pair(message, field_, field_bytes(key.size()) + field_bytes(value_bytes));
  pair.add_string(1, key);
  Writer value(pair, 2, value_bytes);
  value.add_bytes_vectored(1, a, b, c);
}

void AttributesOut::number(std::string_view key, std::int64_t value) {
  if (encoding_ == Encoding::json) {
    open_json(key, "intValue");
    bytes_ += fmt::format("\"{}\"}}}}", value);
    return;
  }
  key_value(bytes_, field_, key, [&](Writer& any) { any.add_int64(3, value); });
}

void AttributesOut::real(std::string_view key, double value) {
  if (encoding_ == Encoding::json) {
    open_json(key, "doubleValue");
    bytes_ += fmt::format("{}}}}}", value);
    return;
  }
  key_value(bytes_, field_, key, [&](Writer& any) { any.add_double(4, value); });
}

void AttributesOut::flag(std::string_view key, bool value) {
  if (encoding_ == Encoding::json) {
    open_json(key, "boolValue");
    bytes_ += value ? "true}}" : "false}}";
    return;
  }
  key_value(bytes_, field_, key, [&](Writer& any) { any.add_bool(2, value); });
}

void AttributesOut::texts(std::string_view key, std::initializer_list<std::string_view> values) {
  if (encoding_ == Encoding::json) {
    open_json(key, "arrayValue");
    std::vector<std::string> items;
    for (const std::string_view value : values) items.push_back("{\"stringValue\":" + json_quote(value) + '}');
    bytes_ += "{\"values\":" + json_array({items.begin(), items.end()}) + "}}}";
    return;
  }
  key_value(bytes_, field_, key, [&](Writer& any) {
    Writer array(any, 5);
    for (const std::string_view value : values) {
      Writer item(array, 1);
      item.add_string(1, value);
    }
  });
}

void SpanOut::exception(Nanos at, std::string_view type, std::string_view message) {
  AttributesOut about(encoding_, 3);
  about.text("exception.type", type);
  about.text("exception.message", message);
  about.text("exception.escaped", "False");
  if (encoding_ == Encoding::json) {
    if (!events_.empty()) events_ += ',';
    events_ += fmt::format(R"({{"timeUnixNano":"{}","name":"exception","attributes":[)", at) + about.bytes() + "]}";
    return;
  }
  Writer span(events_);
  Writer event(span, 11);
  event.add_fixed64(1, static_cast<std::uint64_t>(at));
  event.add_string(2, "exception");
  events_ += about.bytes();
}

std::string SpanOut::finish() const {
  return encoding_ == Encoding::json ? finish_json() : finish_protobuf();
}

std::string SpanOut::finish_protobuf() const {
  std::string out;
  out.reserve(attributes.bytes().size() + events_.size() + 160);
  {
    Writer span(out);
    span.add_bytes(1, bytes_of(head_.trace.high) + bytes_of(head_.trace.low));
    span.add_bytes(2, bytes_of(head_.span));
    if (head_.parent != 0) span.add_bytes(4, bytes_of(head_.parent));
    span.add_string(5, head_.name);
    span.add_enum(6, static_cast<std::int32_t>(head_.kind));
    span.add_fixed64(7, static_cast<std::uint64_t>(head_.start));
    span.add_fixed64(8, static_cast<std::uint64_t>(head_.end));
  }
  out += attributes.bytes();
  out += events_;
  if (status_ != 0) {
    Writer span(out);
    Writer status(span, 15);
    if (!status_message_.empty()) status.add_string(2, status_message_);
    status.add_enum(3, status_);
  }
  return out;
}

std::string SpanOut::finish_json() const {
  std::string out = fmt::format(R"({{"traceId":"{}","spanId":"{:016x}",)", to_hex(head_.trace), head_.span);
  if (head_.parent != 0) out += fmt::format(R"("parentSpanId":"{:016x}",)", head_.parent);
  out += "\"name\":" + json_quote(head_.name);
  out += fmt::format(R"(,"kind":{},"startTimeUnixNano":"{}","endTimeUnixNano":"{}")", static_cast<int>(head_.kind),
                     head_.start, head_.end);
  out += ",\"attributes\":[" + attributes.bytes() + "],\"events\":[" + events_ + "]";
  out += fmt::format(",\"status\":{{\"code\":{}", status_);
  if (!status_message_.empty()) out += ",\"message\":" + json_quote(status_message_);
  return out += "}}";
}

namespace {

std::vector<const Scope*> scopes_of(const std::vector<Spoken>& spans) {
  std::vector<const Scope*> scopes;
  for (const Spoken& span : spans) {
    if (std::ranges::find(scopes, span.scope) == scopes.end()) scopes.push_back(span.scope);
  }
  return scopes;
}

void write_json(std::string& out, const AttributesOut& resource, const std::vector<Spoken>& spans) {
  out += "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" + resource.bytes() + "]},\"scopeSpans\":[";
  bool first = true;
  for (const Scope* scope : scopes_of(spans)) {
    if (!first) out += ',';
    first = false;
    out += "{\"scope\":{\"name\":" + json_quote(scope->name) + ",\"version\":" + json_quote(scope->version) + "},";
    std::vector<std::string_view> texts;
    for (const Spoken& span : spans) {
      if (span.scope == scope) texts.push_back(span.bytes);
    }
    out += "\"spans\":" + json_array(texts) + '}';
  }
  out += "]}]}";
}

void write_protobuf(std::string& out, const AttributesOut& resource, const std::vector<Spoken>& spans) {
  Writer request(out);
  Writer resource_spans(request, 1);
  resource_spans.add_message(1, resource.bytes());
  for (const Scope* scope : scopes_of(spans)) {
    Writer scope_spans(resource_spans, 2);
    {
      Writer about(scope_spans, 1);
      about.add_string(1, scope->name);
      if (!scope->version.empty()) about.add_string(2, scope->version);
    }
    for (const Spoken& span : spans) {
      if (span.scope == scope) scope_spans.add_message(2, span.bytes);
    }
  }
}

}  // namespace

std::string request_of(Encoding encoding, const AttributesOut& resource, const std::vector<Spoken>& spans) {
  std::size_t bytes = resource.bytes().size() + 1024;
  for (const Spoken& span : spans) bytes += span.bytes.size() + 8;
  std::string out;
  out.reserve(bytes);
  encoding == Encoding::json ? write_json(out, resource, spans) : write_protobuf(out, resource, spans);
  return out;
}

}  // namespace pawl::demo
