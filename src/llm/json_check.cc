// One pass without recursion: what is open stands in a stack of brackets.
#include "llm/json_check.h"

#include <string>

#include "llm/json_scan.h"

namespace pawl::llm::json {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

class Check {
 public:
  explicit Check(std::string_view text) : text_(text) {}
  std::size_t at = 0;

  char peek() const { return at < text_.size() ? text_[at] : '\0'; }
  bool take(char c) {
    if (peek() != c || at >= text_.size()) return false;
    ++at;
    return true;
  }
  void space() { at = skip_space(text_, at); }
  bool done() const { return at == text_.size(); }

  bool string() {
    if (!take('"')) return false;
    while (at < text_.size()) {
      const char c = text_[at];
      if (static_cast<unsigned char>(c) < 0x20) return false;
      ++at;
      if (c == '"') return true;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }
  bool scalar() {
    if (peek() == '"') return string();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (!text_.substr(at).starts_with(word)) continue;
      at += word.size();
      return true;
    }
    return number();
  }

 private:
  bool escape() {
    const char c = peek();
    if (c == 'u') {
      for (std::size_t i = 1; i <= 4; ++i)
        if (at + i >= text_.size() || !is_hex(text_[at + i])) return false;
      at += 5;
      return true;
    }
    if (c == '\0' || std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) return false;
    ++at;
    return true;
  }
  bool digits() {
    if (!is_digit(peek())) return false;
    while (is_digit(peek())) ++at;
    return true;
  }
  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  std::string_view text_;
};

// Behind a value: closes what ends here; false where something else stands.
bool close(Check& check, std::string& open, bool& more) {
  for (more = false; !open.empty();) {
    check.space();
    if (check.take(',')) {
      check.space();
      if (open.back() == '{') {
        if (!check.string()) return false;
        check.space();
        if (!check.take(':')) return false;
      }
      return more = true;
    }
    if (!check.take(open.back() == '{' ? '}' : ']')) return false;
    open.pop_back();
  }
  return true;
}

}  // namespace

std::optional<std::size_t> first_error(std::string_view text, std::size_t depth) {
  Check check(text);
  std::string open;
  for (bool more = true; more;) {
    check.space();
    if (check.take('{')) {
      open += '{';
      if (open.size() > depth) return check.at;
      check.space();
      if (check.take('}')) {
        open.pop_back();
      } else {
        if (!check.string()) return check.at;
        check.space();
        if (!check.take(':')) return check.at;
        continue;
      }
    } else if (check.take('[')) {
      open += '[';
      if (open.size() > depth) return check.at;
      check.space();
      if (!check.take(']')) continue;
      open.pop_back();
    } else if (!check.scalar()) {
      return check.at;
    }
    if (!close(check, open, more)) return check.at;
  }
  check.space();
  return check.done() ? std::nullopt : std::optional(check.at);
}

}  // namespace pawl::llm::json
