// A JSON text that is read once from front to back: simdjson's on-demand cursor with what OTLP needs beside it. Every
// value is checked as JSON, also those that are skipped, so that the text of an element can be kept and shown as it is.
// Lone surrogates and bytes that are no UTF-8 become U+FFFD instead of an error: JavaScript senders cut strings in the
// middle of a character. For otlp_json.cc only.
#pragma once
#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "wire/otlp_parts.h"

namespace pawl::otlp {

using JsonValue = simdjson::ondemand::value;

enum class JsonKind : std::uint8_t { object, array, string, number, boolean, null };

// Whole numbers within 64 bits; a fraction of zeros or an exponent is allowed ("1e3").
std::optional<std::int64_t> to_integer(std::string_view number);
std::optional<std::uint64_t> to_unsigned(std::string_view number);
std::optional<double> to_real(std::string_view number);

// A name of a field, whatever its case and underscores: protobuf's JSON allows traceId and trace_id (FNV-1a, 64 bits).
constexpr std::uint64_t field_hash(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) {
    if (c == '_') continue;
    hash = (hash ^ static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c)) * 0x100000001b3ULL;
  }
  return hash;
}
consteval std::uint64_t operator""_field(const char* name, std::size_t size) {
  return field_hash({name, size});
}

// All of it throws Stop where the text stops being JSON.
class JsonBody {
 public:
  // `text` is copied into `scratch`, which must outlive this, and so must what was read.
  JsonBody(std::string_view text, Scratch& scratch);
  JsonValue root();
  // Call after the root was read: nothing may follow it.
  void finish();

  static std::string_view token(JsonValue& value);  // a scalar's text, or '{', '['
  JsonKind kind(JsonValue& value);
  // Also takes it off the cursor: simdjson would pass over `"a":` as over a key where a value stands.
  std::string_view string(JsonValue& value) {
    const std::string_view text = token(value);
    static_cast<void>(value.get_raw_json_string());
    return unquote(text);
  }
  // Passes over a value and checks it.
  void skip(JsonValue& value, std::size_t depth = 0);

  // Calls each(name, value) for the fields of an object that are not null, and answers with its text.
  template <typename F>
  std::string_view object(JsonValue& value, F&& each) {
    const char* start = token(value).data();
    simdjson::ondemand::object object = value.get_object();
    each_field(object, each);
    return since(start);
  }
  // The same, but twice from its beginning: for what must be known before its neighbours are read.
  template <typename First, typename Second>
  void object_twice(JsonValue& value, First&& first, Second&& second) {
    simdjson::ondemand::object object = value.get_object();
    each_field(object, first);
    if (object.reset()) each_field(object, second);
  }
  template <typename F>
  void array(JsonValue& value, F&& each) {
    for (auto item : value.get_array()) {
      JsonValue child = item.value();
      each(child);
    }
  }
  // Byte offset of the cursor in the text.
  std::size_t offset();
  std::size_t size() const { return text_.size(); }

 private:
  template <typename F>
  void each_field(simdjson::ondemand::object& object, F&& each) {
    for (auto item : object) {
      const simdjson::ondemand::raw_json_string key = item.key();
      JsonValue child = item.value();
      if (const std::string_view name = key_text(key.raw()); kind(child) != JsonKind::null) each(name, child);
    }
  }
  [[noreturn]] void stop(std::string_view what);
  std::string_view key_text(const char* start);
  std::string_view unquote(std::string_view token);
  std::string_view unescape(std::string_view content);
  std::string_view since(const char* start);

  Scratch& scratch_;
  std::string_view text_;  // padded
  simdjson::ondemand::parser parser_;
  simdjson::ondemand::document document_;
};

}  // namespace pawl::otlp
