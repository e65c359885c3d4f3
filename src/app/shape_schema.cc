// Shapes and the notation of routes as JSON Schema.
#include <algorithm>

#include "base/result.h"
#include "base/text.h"
#include "shapes.h"

namespace pawl::app {
namespace {

bool is_shape(std::string_view name) {
  return std::ranges::find(shapes(), name, &Shape::name) != shapes().end();
}

void write_plain(JsonWriter& json, std::string_view type, bool nullable) {
  const std::string_view base = type == "time" || type == "money" ? "string" : type;
  if (nullable)
    json.key("type").array().value(base).value("null").end();
  else
    json.field("type", base);
  if (type == "time") json.field("format", "date-time");
  if (type == "money") json.field("pattern", "^-?[0-9]+([.][0-9]+)?$");
}

void write_type(JsonWriter& json, std::string_view type, std::string_view about) {
  const bool nullable = type.ends_with('?');
  if (nullable) type.remove_suffix(1);
  json.object();
  if (type.starts_with('[')) {
    json.field("type", "array").key("items");
    write_type(json, type.substr(1, type.size() - 2), {});
  } else if (is_shape(type)) {
    const std::string target = fmt::format("#/components/schemas/{}", type);
    if (nullable) {
      json.key("anyOf").array().object().field("$ref", target).end().object().field("type", "null").end().end();
    } else {
      json.field("$ref", target);
    }
  } else if (type != "any") {
    write_plain(json, type, nullable);
  }
  if (!about.empty()) json.field("description", about);
  json.end();
}

// The notation, read once from left to right; what cannot be read ends it.
class Notation {
 public:
  explicit Notation(std::string_view text) : text_(text) {}
  bool write(JsonWriter& json) {
    skip();
    if (text_.starts_with("a ")) text_.remove_prefix(2);
    if (text_.starts_with('{')) return object(json);
    const std::string_view name = word();
    if (!is_shape(name)) return false;
    write_type(json, name, {});
    return true;
  }

 private:
  void skip() { text_ = trim(text_); }
  std::string_view word() {
    std::size_t n = 0;
    while (n < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[n])) != 0 || text_[n] == '_')) ++n;
    const auto out = text_.substr(0, n);
    text_.remove_prefix(n);
    skip();
    return out;
  }
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    skip();
    return true;
  }
  void value(JsonWriter& json) {
    if (text_.starts_with('{')) {
      object(json);
    } else if (take('[')) {
      json.object().field("type", "array").key("items");
      value(json);
      json.end();
      take(']');
    } else if (const auto name = word(); is_shape(name)) {
      write_type(json, name, {});
    } else {
      if (name.empty())
        while (!text_.empty() && text_[0] != ']' && text_[0] != '}' && text_[0] != ',') text_.remove_prefix(1);
      json.object().end();
    }
  }
  bool object(JsonWriter& json) {
    take('{');
    json.object().field("type", "object").key("properties").object();
    while (!text_.empty() && !take('}')) {
      const auto name = word();
      if (name.empty()) {  // "…", a sign
        text_.remove_prefix(1);
        skip();
        continue;
      }
      json.key(name);
      if (take(':'))
        value(json);
      else
        json.object().end();
      while (text_.starts_with("or null")) text_.remove_prefix(7), skip();
      take(',');
    }
    json.end().end();
    return true;
  }
  std::string_view text_;
};

}  // namespace

void write_schema(JsonWriter& json, const Shape& shape) {
  json.object().field("type", "object").field("description", shape.about).key("properties").object();
  for (const auto& field : shape.fields) {
    json.key(field.name);
    write_type(json, field.type, field.about);
  }
  json.end().key("required").array();
  for (const auto& field : shape.fields)
    if (!field.sometimes) json.value(field.name);
  json.end().end();
}

void write_schema(JsonWriter& json, std::string_view type) {
  write_type(json, type, {});
}

bool write_schema_of_text(JsonWriter& json, std::string_view text) {
  const auto first = trim(text);
  if (first.empty() || (first[0] != '{' && !is_shape(first.substr(first.starts_with("a ") ? 2 : 0)))) return false;
  return Notation(text).write(json);
}

}  // namespace pawl::app
