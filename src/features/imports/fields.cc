// Names, times and values as exports write them.
#include "fields.h"

#include "base/text.h"
#include "llm/run_values.h"

namespace pawl::imports {

std::string_view Fields::raw(const Names& names) const {
  for (const auto name : names)
    if (const auto found = object_.member(name); !json::is_null(found)) return found;
  return {};
}

std::string Fields::text(const Names& names) const {
  const auto found = raw(names);
  return found.empty() ? std::string() : json::text(found);
}

std::string Fields::value(const Names& names) const {
  return unwrapped(raw(names));
}

std::string Fields::numbers(const Names& names) const {
  const std::string object = value(names);
  if (!json::is_object(object)) return {};
  JsonWriter out;
  out.object();
  bool any = false;
  for (json::Members members(object); members.next();) {
    const std::string number = json::text(members.value);
    if (!parse_double(number)) continue;
    out.key(json::text("\"" + std::string(members.key) + "\"")).raw(number);
    any = true;
  }
  return any ? out.end().take() : std::string();
}

std::optional<Nanos> Fields::moment(const Names& names) const {
  return moment_of(raw(names));
}

bool Fields::is_true(const Names& names) const {
  const std::string found = to_lower(text(names));
  return found == "true" || found == "1" || found == "t";
}

std::optional<Nanos> moment_of(std::string_view raw) {
  if (!json::is_string(raw)) return llm::time_of(raw);
  std::string text = json::text(raw);
  if (text.size() > 11 && text[10] == ' ') text[10] = 'T';
  if (text.size() > 19 && (text[text.size() - 3] == '+' || text[text.size() - 3] == '-')) text += ":00";
  return llm::time_of(json_quote(text));
}

std::string unwrapped(std::string_view raw) {
  if (!json::is_string(raw)) return std::string(raw);
  const std::string text = json::text(raw);
  const auto inner = json::trimmed(text);
  if ((json::is_object(inner) || json::is_array(inner)) && json::is_valid(inner)) return std::string(inner);
  return std::string(raw);
}

std::string list_of(std::string_view raw) {
  const std::string value = unwrapped(raw);
  if (json::is_array(value)) return value;
  const std::string text = json::text(value);
  if (!text.starts_with('{') || !text.ends_with('}')) return {};
  JsonWriter out;
  out.array();
  std::string element;
  bool quoted = false, any = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\' && i + 1 < text.size()) {
      element += text[++i];
    } else if (c == '"') {
      quoted = !quoted, any = true;
    } else if (!quoted && (c == ',' || i + 1 == text.size())) {
      if (any) out.value(element);
      element.clear(), any = false;
    } else {
      element += c, any = true;
    }
  }
  return out.end().take();
}

void write_text(JsonWriter& out, std::string_view key, const std::string& text) {
  if (!text.empty()) out.field(key, text);
}
void write_raw(JsonWriter& out, std::string_view key, const std::string& raw) {
  if (!raw.empty()) out.key(key).raw(raw);
}
void write_time(JsonWriter& out, std::string_view key, std::optional<Nanos> at) {
  if (at) out.field(key, format_time(*at));
}

}  // namespace pawl::imports
