// The scanner of JSON text.
#include "llm/json_scan.h"

#include <cstring>

#include "base/text.h"
#include "llm/json_check.h"

namespace pawl::llm::json {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

// `at` stands on the opening quote; the offset behind the closing one.
std::size_t skip_string(std::string_view text, std::size_t at) {
  std::size_t from = at + 1;
  while (from < text.size()) {
    const void* found = std::memchr(text.data() + from, '"', text.size() - from);
    if (found == nullptr) return text.size();
    const auto quote = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    std::size_t slashes = 0;
    while (quote - slashes > at + 1 && text[quote - slashes - 1] == '\\') ++slashes;
    if (slashes % 2 == 0) return quote + 1;
    from = quote + 1;
  }
  return text.size();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four digits behind "\u", or -1.
std::int32_t code_unit(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return -1;
  std::int32_t unit = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_digit(text[at + i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

void append_utf8(std::string& out, std::int32_t point) {
  const auto byte = [&](std::int32_t value) { out += static_cast<char>(value); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | (point >> 6));
    byte(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    byte(0xE0 | (point >> 12));
    byte(0x80 | ((point >> 6) & 0x3F));
    byte(0x80 | (point & 0x3F));
  } else {
    byte(0xF0 | (point >> 18));
    byte(0x80 | ((point >> 12) & 0x3F));
    byte(0x80 | ((point >> 6) & 0x3F));
    byte(0x80 | (point & 0x3F));
  }
}

// "\uXXXX" at `at` (on the backslash), a surrogate pair taken together; the offset behind it.
std::size_t append_escaped_unicode(std::string& out, std::string_view body, std::size_t at) {
  const std::int32_t unit = code_unit(body, at + 2);
  if (unit < 0) {
    out += body.substr(at, 2);
    return at + 2;
  }
  if (unit >= 0xD800 && unit < 0xDC00 && body.substr(std::min(at + 6, body.size()), 2) == "\\u") {
    const std::int32_t low = code_unit(body, at + 8);
    if (low >= 0xDC00 && low < 0xE000) {
      append_utf8(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
      return at + 12;
    }
  }
  append_utf8(out, unit >= 0xD800 && unit < 0xE000 ? 0xFFFD : unit);
  return at + 6;
}

std::string unescape(std::string_view body) {
  std::string out;
  out.reserve(body.size());
  std::size_t at = 0;
  while (at < body.size()) {
    const std::size_t slash = body.find('\\', at);
    if (slash == std::string_view::npos || slash + 1 >= body.size()) {
      out += body.substr(at, slash == std::string_view::npos ? std::string_view::npos : slash - at);
      break;
    }
    out += body.substr(at, slash - at);
    at = slash + 2;
    switch (const char c = body[slash + 1]) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'u':
        at = append_escaped_unicode(out, body, slash);
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t skip_value(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  if (text[at] == '"') return skip_string(text, at);
  if (text[at] != '{' && text[at] != '[') {
    while (at < text.size() && text[at] != ',' && text[at] != '}' && text[at] != ']' && !is_space(text[at])) ++at;
    return at;
  }
  std::size_t depth = 0;
  while (at < text.size()) {
    switch (text[at]) {
      case '"':
        at = skip_string(text, at);
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
    ++at;
  }
  return text.size();
}

bool is_whole(std::string_view raw) {
  raw = trimmed(raw);
  if (raw.empty() || skip_value(raw, 0) != raw.size()) return false;
  switch (raw.front()) {
    case '{':
      return raw.back() == '}' && raw.size() > 1;
    case '[':
      return raw.back() == ']' && raw.size() > 1;
    case '"':
      return raw.back() == '"' && raw.size() > 1;
    default:
      return raw == "true" || raw == "false" || raw == "null" ||
             ((raw.front() == '-' || (raw.front() >= '0' && raw.front() <= '9')) && parse_double(raw).has_value());
  }
}

bool is_valid(std::string_view raw) {
  return !first_error(raw) && is_utf8(raw);
}

Members::Members(std::string_view object) : text_(object) {
  at_ = skip_space(text_, 0);
  at_ = at_ < text_.size() && text_[at_] == '{' ? at_ + 1 : text_.size();
}

bool Members::next() {
  while (at_ < text_.size() && (is_space(text_[at_]) || text_[at_] == ',')) ++at_;
  if (at_ >= text_.size() || text_[at_] != '"') {
    at_ = text_.size();
    return false;
  }
  const std::size_t end = skip_string(text_, at_);
  const std::size_t colon = skip_space(text_, end);
  if (colon >= text_.size() || text_[colon] != ':' || end < at_ + 2) {
    at_ = text_.size();
    return false;
  }
  key = text_.substr(at_ + 1, end - at_ - 2);
  const std::size_t begin = skip_space(text_, colon + 1);
  at_ = skip_value(text_, begin);
  value = text_.substr(begin, at_ - begin);
  return true;
}

Elements::Elements(std::string_view array) : text_(array) {
  at_ = skip_space(text_, 0);
  at_ = at_ < text_.size() && text_[at_] == '[' ? at_ + 1 : text_.size();
}

bool Elements::next() {
  while (at_ < text_.size() && (is_space(text_[at_]) || text_[at_] == ',')) ++at_;
  if (at_ >= text_.size() || text_[at_] == ']' || text_[at_] == '}') {
    at_ = text_.size();
    return false;
  }
  begin = at_;
  at_ = end = skip_value(text_, begin);
  value = text_.substr(begin, end - begin);
  return true;
}

Object::Object(std::string_view object) {
  Members members(object);
  if (!members.next()) return;
  members_.reserve(8);
  do members_.emplace_back(members.key, members.value);
  while (members.next());
}

std::string_view Object::member(std::string_view key) const {
  for (const auto& [name, value] : members_) {
    if (name == key) return value;
  }
  return {};
}

std::string_view member(std::string_view object, std::string_view key) {
  Members members(object);
  while (members.next()) {
    if (members.key == key) return members.value;
  }
  return {};
}

std::string_view at(std::string_view object, std::initializer_list<std::string_view> path) {
  for (const std::string_view step : path) {
    object = step == "0" ? first(object) : member(object, step);
    if (object.empty()) break;
  }
  return object;
}

std::string_view first(std::string_view array) {
  Elements elements(array);
  return elements.next() ? elements.value : std::string_view();
}

std::string text(std::string_view raw) {
  raw = trimmed(raw);
  if (!is_string(raw)) return std::string(raw);
  const std::size_t end = skip_string(raw, 0);
  const bool closed = end >= 2 && end <= raw.size() && raw[end - 1] == '"' && end > 1;
  return unescape(raw.substr(1, closed ? end - 2 : raw.size() - 1));
}

std::optional<std::int64_t> integer(std::string_view raw) {
  raw = trimmed(raw);
  if (raw.size() >= 2 && is_string(raw)) raw = raw.substr(1, raw.size() - 2);
  if (const auto whole = parse_int(raw)) return whole;
  const auto real = parse_double(raw);
  if (!real || !(*real > -9e15 && *real < 9e15)) return std::nullopt;
  return static_cast<std::int64_t>(*real);
}

std::optional<double> number(std::string_view raw) {
  raw = trimmed(raw);
  if (raw.size() >= 2 && is_string(raw)) raw = raw.substr(1, raw.size() - 2);
  return parse_double(raw);
}

}  // namespace pawl::llm::json
