// The JSON cursor: strings, numbers, and passing over what nobody asked for.
#include "wire/json_body.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace pawl::otlp {
namespace {

constexpr std::size_t deepest_skip = 512;  // levels of objects and arrays in a value that is passed over

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t digits(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
}

// RFC 8259 §6.
bool is_json_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t whole = digits(text);
  if (whole == 0 || (whole > 1 && text[0] == '0')) return false;
  text.remove_prefix(whole);
  if (text.starts_with('.')) {
    const std::size_t fraction = digits(text.substr(1));
    if (fraction == 0) return false;
    text.remove_prefix(1 + fraction);
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    const std::size_t exponent = digits(text);
    if (exponent == 0) return false;
    text.remove_prefix(exponent);
  }
  return text.empty();
}

std::string_view trim_end(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

template <typename T>
std::optional<T> whole(std::string_view number, double lowest, double beyond) {
  if (!is_json_number(number)) return std::nullopt;
  T value{};
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error == std::errc() && end == number.data() + number.size()) return value;
  const std::optional<double> real = to_real(number);
  if (!real || *real != std::trunc(*real) || *real < lowest || *real >= beyond) return std::nullopt;
  return static_cast<T>(*real);
}

std::optional<unsigned> hex4(std::string_view text) {
  unsigned value = 0;
  if (text.size() < 4) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 4, value, 16);
  if (error != std::errc() || end != text.data() + 4) return std::nullopt;
  return value;
}

char* put_utf8(char* to, unsigned point) {
  const auto byte = [&to](unsigned bits) { *to++ = static_cast<char>(static_cast<unsigned char>(bits)); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0U | (point >> 6U));
    byte(0x80U | (point & 0x3FU));
  } else if (point < 0x10000) {
    byte(0xE0U | (point >> 12U));
    byte(0x80U | ((point >> 6U) & 0x3FU));
    byte(0x80U | (point & 0x3FU));
  } else {
    byte(0xF0U | (point >> 18U));
    byte(0x80U | ((point >> 12U) & 0x3FU));
    byte(0x80U | ((point >> 6U) & 0x3FU));
    byte(0x80U | (point & 0x3FU));
  }
  return to;
}

// The character of \uXXXX at the front of `text` (behind "\u"), which is shortened by what was read; a lone surrogate
// is U+FFFD.
std::optional<unsigned> take_unicode_escape(std::string_view& text) {
  const std::optional<unsigned> first = hex4(text);
  if (!first) return std::nullopt;
  text.remove_prefix(4);
  if (*first < 0xD800 || *first > 0xDFFF) return first;
  if (*first > 0xDBFF || !text.starts_with("\\u")) return 0xFFFD;
  const std::optional<unsigned> second = hex4(text.substr(2));
  if (!second || *second < 0xDC00 || *second > 0xDFFF) return 0xFFFD;
  text.remove_prefix(6);
  return 0x10000 + ((*first - 0xD800) << 10U) + (*second - 0xDC00);
}

char simple_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

}  // namespace

std::optional<std::int64_t> to_integer(std::string_view number) {
  return whole<std::int64_t>(number, -0x1p63, 0x1p63);
}

std::optional<std::uint64_t> to_unsigned(std::string_view number) {
  return whole<std::uint64_t>(number, 0, 0x1p64);
}

std::optional<double> to_real(std::string_view number) {
  if (!is_json_number(number)) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error == std::errc::result_out_of_range) return std::strtod(std::string(number).c_str(), nullptr);  // 0 or ∞
  return value;
}

JsonBody::JsonBody(std::string_view text, Scratch& scratch) : scratch_(scratch) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::string repaired;
  if (!is_utf8(text)) text = repaired = repair_utf8(text);
  char* padded = scratch.allocate(text.size() + simdjson::SIMDJSON_PADDING);
  if (!text.empty()) std::memcpy(padded, text.data(), text.size());
  std::memset(padded + text.size(), ' ', simdjson::SIMDJSON_PADDING);
  text_ = {padded, text.size()};
  const auto error = parser_.iterate(padded, text.size(), text.size() + simdjson::SIMDJSON_PADDING).get(document_);
  if (error != simdjson::SUCCESS) {
    throw Stop{fmt::format("the body is not JSON: {}", simdjson::error_message(error))};
  }
}

JsonValue JsonBody::root() {
  if (document_.current_location().error() != simdjson::SUCCESS) stop("there is no value");
  return document_.get_value();
}

void JsonBody::finish() {
  if (document_.current_location().error() == simdjson::SUCCESS) stop("something follows the value");
}

std::size_t JsonBody::offset() {
  const char* location = nullptr;
  if (document_.current_location().get(location) != simdjson::SUCCESS) return text_.size();
  return static_cast<std::size_t>(location - text_.data());
}

void JsonBody::stop(std::string_view what) {
  throw Stop{fmt::format("the body stops being JSON near byte {} of {}: {}", offset(), text_.size(), what)};
}

std::string_view JsonBody::token(JsonValue& value) {
  return trim_end(value.raw_json_token());
}

JsonKind JsonBody::kind(JsonValue& value) {
  const std::string_view text = token(value);
  switch (text.empty() ? '\0' : text.front()) {
    case '{':
      return JsonKind::object;
    case '[':
      return JsonKind::array;
    case '"':
      return JsonKind::string;
    case 't':
    case 'f':
      if (text != "true" && text != "false") stop("a word is not true, false or null");
      return JsonKind::boolean;
    case 'n':
      if (text != "null") stop("a word is not true, false or null");
      return JsonKind::null;
    default:
      return JsonKind::number;
  }
}

void JsonBody::skip(JsonValue& value, std::size_t depth) {
  if (depth > deepest_skip) stop("it is nested too deep");
  const std::string_view text = token(value);
  switch (kind(value)) {
    case JsonKind::object:
      return static_cast<void>(object(value, [&](std::string_view, JsonValue& child) { skip(child, depth + 1); }));
    case JsonKind::array:
      return array(value, [&](JsonValue& child) { skip(child, depth + 1); });
    case JsonKind::string: {
      const Scratch::Mark before = scratch_.mark();
      string(value);
      return scratch_.rewind(before);
    }
    case JsonKind::boolean:
    case JsonKind::null:
      return;
    case JsonKind::number:
      if (!is_json_number(text)) stop("a value is no number");
      return;
  }
}

// A key's end is not told, but it is there: simdjson has seen it.
std::string_view JsonBody::key_text(const char* start) {
  const char* const last = text_.data() + text_.size();
  const char* end = start;
  bool escaped = false;
  for (; end < last && *end != '"'; ++end) {
    if (*end != '\\') continue;
    escaped = true;
    ++end;
  }
  const std::string_view text(start, std::min(end, last));
  return escaped ? unescape(text) : text;
}

std::string_view JsonBody::unquote(std::string_view token) {
  if (token.size() < 2 || token.back() != '"') stop("a string is not followed by a comma or an end");
  token = token.substr(1, token.size() - 2);
  return token.find('\\') == std::string_view::npos ? token : unescape(token);
}

std::string_view JsonBody::unescape(std::string_view content) {
  char* const start = scratch_.allocate(content.size());
  char* to = start;
  while (!content.empty()) {
    const std::size_t plain = std::min(content.find('\\'), content.size());
    std::memcpy(to, content.data(), plain);
    to += plain;
    content.remove_prefix(plain);
    if (content.empty()) break;
    const char escape = content.size() < 2 ? '\0' : content[1];
    content.remove_prefix(std::min<std::size_t>(2, content.size()));
    if (escape == 'u') {
      const std::optional<unsigned> point = take_unicode_escape(content);
      if (!point) stop("\\u is not followed by four hex digits");
      to = put_utf8(to, *point);
    } else {
      *to = simple_escape(escape);
      if (*to++ == '\0') stop("a string holds an unknown escape");
    }
  }
  return {start, to};
}

std::string_view JsonBody::since(const char* start) {
  return trim_end({start, text_.data() + offset()});
}

}  // namespace pawl::otlp
