// A recursive descent over Python's literals; every function takes any bytes.
#include "llm/python_literal.h"

#include <array>
#include <cstdint>

#include "base/json.h"
#include "base/text.h"
#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

constexpr int deepest = 64;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_letter(c) || is_digit(c);
}

void append_point(std::string& out, std::uint32_t point) {
  if (point >= 0x110000 || (point >= 0xD800 && point < 0xE000)) point = 0xFFFD;
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (point < 0x80) return byte(point);
  if (point < 0x800) {
    byte(0xC0 | (point >> 6));
  } else if (point < 0x10000) {
    byte(0xE0 | (point >> 12));
    byte(0x80 | ((point >> 6) & 0x3F));
  } else {
    byte(0xF0 | (point >> 18));
    byte(0x80 | ((point >> 12) & 0x3F));
    byte(0x80 | ((point >> 6) & 0x3F));
  }
  byte(0x80 | (point & 0x3F));
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool whole() {
    if (!value(deepest)) return false;
    space();
    return at_ == text_.size();
  }
  JsonWriter json;

 private:
  bool value(int depth);
  bool string(std::string& out);
  bool escape(std::string& out);
  bool hex(std::size_t digits, std::uint32_t& point);
  bool number();
  bool dict(int depth);
  bool list(char close, int depth);
  bool angle();
  bool name(int depth);
  bool call(std::string_view callee, int depth);
  bool key();

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char ahead(std::size_t by) const { return at_ + by < text_.size() ? text_[at_ + by] : '\0'; }
  bool take(char c) {
    space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  bool at_string() const {
    const auto quote = [](char c) { return c == '\'' || c == '"'; };
    constexpr std::string_view marks = "rRbBuUfF";
    return quote(peek()) || (marks.find(peek()) != std::string_view::npos &&
                             (quote(ahead(1)) || (marks.find(ahead(1)) != std::string_view::npos && quote(ahead(2)))));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool Parser::hex(std::size_t digits, std::uint32_t& point) {
  point = 0;
  for (std::size_t i = 0; i < digits; ++i, ++at_) {
    const char c = peek();
    const int digit = is_digit(c)            ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return false;
    point = point * 16 + static_cast<std::uint32_t>(digit);
  }
  return true;
}

// Behind the backslash.
bool Parser::escape(std::string& out) {
  constexpr std::string_view letters = "ntrabfv0", values{"\n\t\r\a\b\f\v\0", 8};
  const char c = peek();
  if (at_ >= text_.size()) return false;
  ++at_;
  std::uint32_t point = 0;
  if (c == 'x' || c == 'u' || c == 'U') {
    if (!hex(c == 'x' ? 2 : c == 'u' ? 4 : 8, point)) return false;
    append_point(out, point);
  } else if (const std::size_t known = letters.find(c); known != std::string_view::npos) {
    out += values[known];
  } else if (c != '\n') {
    if (c != '\\' && c != '\'' && c != '"') out += '\\';
    out += c;
  }
  return true;
}

bool Parser::string(std::string& out) {
  bool raw = false;
  for (; peek() != '\'' && peek() != '"'; ++at_) raw = raw || peek() == 'r' || peek() == 'R';
  const char quote = peek();
  const std::array<char, 3> triple{quote, quote, quote};
  const bool is_triple = text_.substr(at_).starts_with(std::string_view(triple.data(), 3));
  const std::string_view close(triple.data(), is_triple ? 3 : 1);
  at_ += close.size();
  while (at_ < text_.size()) {
    if (text_.substr(at_).starts_with(close)) {
      at_ += close.size();
      return true;
    }
    const char c = text_[at_++];
    if (c == '\\' && !raw) {
      if (!escape(out)) return false;
    } else {
      out += c;
    }
  }
  return false;
}

bool Parser::number() {
  const std::size_t from = at_;
  while (at_ < text_.size() && (is_word(peek()) || peek() == '.' || peek() == '-' || peek() == '+')) ++at_;
  std::string digits(text_.substr(from, at_ - from));
  std::erase(digits, '_');
  if (const auto whole = parse_int(digits)) {
    json.value(*whole);
  } else if (const auto real = parse_double(digits)) {
    json.value(*real);
  } else {
    return false;
  }
  return true;
}

// A key of a dict: text, or anything plain as its text.
bool Parser::key() {
  space();
  if (at_string()) {
    std::string text;
    if (!string(text)) return false;
    json.key(text);
    return true;
  }
  const std::size_t from = at_;
  while (at_ < text_.size() && (is_word(peek()) || peek() == '.' || peek() == '-')) ++at_;
  if (at_ == from) return false;
  json.key(text_.substr(from, at_ - from));
  return true;
}

// Behind "{": a dict, or a set (an array).
bool Parser::dict(int depth) {
  const std::size_t from = at_;
  if (take('}')) {
    json.object().end();
    return true;
  }
  Parser probe(text_);
  probe.at_ = from;
  probe.json.object();
  if (!probe.key() || !probe.take(':')) {
    json.array();
    return list('}', depth);
  }
  json.object();
  for (;;) {
    if (take('}')) break;
    if (!key() || !take(':') || !value(depth - 1)) return false;
    if (take(',')) continue;
    if (!take('}')) return false;
    break;
  }
  json.end();
  return true;
}

// The rest of an array that was opened.
bool Parser::list(char close, int depth) {
  for (;;) {
    if (take(close)) break;
    if (!value(depth - 1)) return false;
    if (take(',')) continue;
    if (!take(close)) return false;
    break;
  }
  json.end();
  return true;
}

// `<Role.USER: 'user'>` is 'user'; `<object at 0x7f…>` is text.
bool Parser::angle() {
  const std::size_t from = at_++;
  const std::size_t end = text_.find('>', at_);
  if (end == std::string_view::npos) return false;
  const std::string_view inside = text_.substr(at_, end - at_);
  if (const std::size_t colon = inside.find(": "); colon != std::string_view::npos) {
    at_ += colon + 2;
    if (value(1) && take('>')) return true;
    return false;
  }
  at_ = end + 1;
  json.value(text_.substr(from, at_ - from));
  return true;
}

bool Parser::call(std::string_view callee, int depth) {
  json.object().field("__class__", callee.substr(callee.rfind('.') + 1));
  bool positional = false;  // the list of "args" is open
  while (!take(')')) {
    std::size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    const bool named = end > at_ && end < text_.size() && text_[end] == '=';
    if (named) {
      if (positional) json.end();
      positional = false;
      std::string_view word = text_.substr(at_, end - at_);
      while (word.size() > 1 && word.front() == '_') word.remove_prefix(1);
      json.key(word);
      at_ = end + 1;
    } else if (!positional) {
      json.key("args").array();
      positional = true;
    }
    if (!value(depth - 1)) return false;
    space();
    if (!take(',') && peek() != ')') return false;
  }
  if (positional) json.end();
  json.end();
  return true;
}

bool Parser::name(int depth) {
  const std::size_t from = at_;
  while (at_ < text_.size() && (is_word(peek()) || peek() == '.')) ++at_;
  const std::string_view word = text_.substr(from, at_ - from);
  if (peek() == '(') {
    ++at_;
    return call(word, depth);
  }
  if (word == "None" || word == "null" || word == "nan" || word == "inf" || word == "NaN") {
    json.null();
  } else if (word == "True" || word == "False" || word == "true" || word == "false") {
    json.value(word.front() == 'T' || word.front() == 't');
  } else {
    json.value(word);  // Process.sequential
  }
  return true;
}

bool Parser::value(int depth) {
  space();
  if (depth <= 0 || at_ >= text_.size()) return false;
  if (at_string()) {
    std::string text;
    if (!string(text)) return false;
    for (space(); at_string(); space()) {  // 'a' 'b' is one
      if (!string(text)) return false;
    }
    json.value(text);
    return true;
  }
  const char c = peek();
  if (is_digit(c) || ((c == '-' || c == '.') && is_digit(ahead(1)))) return number();
  if (is_letter(c)) return name(depth);
  if (c == '<') return angle();
  ++at_;
  if (c == '{') return dict(depth);
  if (c == '[' || c == '(') {
    json.array();
    return list(c == '[' ? ']' : ')', depth);
  }
  return false;
}

}  // namespace

bool looks_like_python(std::string_view text) {
  text = json::trimmed(text);
  if (text.size() < 4) return false;
  const char open = text.front(), close = text.back();
  const bool quoted = text.find('\'') != std::string_view::npos;
  if (open == '{') return close == '}' && quoted;
  if (open == '[') return close == ']' && quoted;
  if (open == '(') return close == ')' && text[1] == '\'';
  if (!is_letter(open) || close != ')') return false;
  std::size_t at = 0;
  while (at < text.size() && (is_word(text[at]) || text[at] == '.')) ++at;
  if (at >= text.size() || text[at] != '(') return false;
  const std::string_view callee = text.substr(0, at);
  const char initial = callee[callee.rfind('.') + 1 < callee.size() ? callee.rfind('.') + 1 : 0];
  if (initial < 'A' || initial > 'Z') return false;  // a class: words that somebody wrote may look like a function
  std::size_t end = at + 1;
  while (end < text.size() && is_word(text[end])) ++end;
  return end > at + 1 && end < text.size() && text[end] == '=';
}

std::string python_to_json(std::string_view text) {
  Parser parser(text);
  return parser.whole() ? parser.json.take() : std::string();
}

}  // namespace pawl::llm
