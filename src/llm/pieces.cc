// Unframing.
#include "llm/pieces.h"

#include <algorithm>
#include <memory_resource>

#include "base/json.h"
#include "llm/json_scan.h"
#include "wire/otlp.h"

namespace pawl::llm {
namespace {

std::uint64_t read_varint(std::string_view bytes, std::size_t& at) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) break;
  }
  return value;
}

void add_attribute(std::string_view raw, std::vector<Attribute>& out) {
  std::pmr::monotonic_buffer_resource arena;
  const auto kv = otlp::parse_key_value(raw, arena);
  if (!kv) return;
  Attribute attribute;
  attribute.key = kv->key;
  attribute.string = kv->value.type == otlp::Value::Type::string;
  if (attribute.string) {
    attribute.text = kv->value.text;
  } else {
    otlp::append_json(attribute.text, kv->value);
  }
  out.push_back(std::move(attribute));
}

}  // namespace

std::vector<Attribute> unframe(std::string_view bytes) {
  std::vector<Attribute> attributes;
  if (bytes.starts_with('{')) {
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t end = json::skip_value(bytes, at);
      add_attribute(bytes.substr(at, end - at), attributes);
      at = end < bytes.size() ? end + 1 : end;
      if (end == at && at < bytes.size()) break;
    }
    return attributes;
  }
  for (std::size_t at = 0; at + 1 < bytes.size();) {
    ++at;  // the tag
    const std::uint64_t length = read_varint(bytes, at);
    if (length > bytes.size() - std::min(at, bytes.size())) break;
    add_attribute(bytes.substr(at, length), attributes);
    at += length;
  }
  return attributes;
}

std::string_view rest_of(std::string_view key, std::string_view prefix) {
  if (!key.starts_with(prefix) || key.size() <= prefix.size()) return key;
  std::string_view rest = key.substr(prefix.size() + 1);
  if (prefix == "message") return rest;  // message.tool_calls.N… has no number of its own
  const std::size_t dot = rest.find('.');
  return dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
}

bool is_event(std::string_view key) {
  return key.ends_with(".message") || key == "gen_ai.choice" || key.starts_with("gen_ai.content.") ||
         key == "gen_ai.evaluation.result";
}

std::string value_json(std::string_view bytes) {
  std::pmr::monotonic_buffer_resource arena;
  const auto value = otlp::parse_value(bytes, arena);
  if (!value) return json_quote(bytes);
  std::string text;
  otlp::append_json(text, *value);
  return text;
}

}  // namespace pawl::llm
