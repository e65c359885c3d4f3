// Writing JSON (RFC 8259) straight into a string. Reading is simdjson's, in the .cc that needs it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl {

// Appends `text` quoted and escaped; bytes that are no UTF-8 become U+FFFD, "</" is left as it is.
void append_json_string(std::string& out, std::string_view text);
std::string json_quote(std::string_view text);

// Writes commas by itself: JsonWriter w; w.object(); w.key("a").value(1); w.end(); w.take().
class JsonWriter {
 public:
  JsonWriter& object();
  JsonWriter& array();
  JsonWriter& end();  // closes the innermost object or array
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth);
  JsonWriter& value(double number);  // shortest text that reads back the same; null where not finite
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& value(unsigned number) { return value(static_cast<std::uint64_t>(number)); }
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // must be one whole JSON value
  template <typename T>
  JsonWriter& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }
  // key and value in one call.
  template <typename T>
  JsonWriter& field(std::string_view name, const T& of) {
    key(name);
    return value(of);
  }
  const std::string& text() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  void separate();
  std::string out_;
  std::string open_;   // '{' or '[' for each level
  bool first_ = true;  // nothing stands yet at this level
  bool after_key_ = false;
};

}  // namespace pawl
