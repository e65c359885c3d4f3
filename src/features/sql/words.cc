// Text → words. Comments are left out; what no query needs is refused here.
#include "words.h"

#include <array>

#include "base/text.h"

namespace pawl::sql {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// What a quoted name may hold: nothing that could end it, or begin something else.
bool fits_name(std::string_view name) {
  for (const char c : name)
    if (!is_digit(c) && !is_name_start(c) && std::string_view(" .,:()%/+-#*=<>$").find(c) == std::string_view::npos)
      return false;
  return !name.empty() && name.size() <= 100;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> all() {
    if (text_.size() > (64U << 10)) return syntax_error(text_, 0, "the query is longer than 64 KB");
    while (true) {
      TRY(skip());
      if (at_ >= text_.size()) break;
      TRY(next());
    }
    out_.push_back({Word::end, "", text_.size()});
    return std::move(out_);
  }

 private:
  bool starts(std::string_view with) const { return text_.substr(at_).starts_with(with); }

  Result<> skip() {
    while (at_ < text_.size()) {
      if (starts("--") || starts("#!")) {
        const auto end = text_.find('\n', at_);
        at_ = end == std::string_view::npos ? text_.size() : end;
      } else if (starts("/*")) {
        const auto end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return syntax_error(text_, at_, "a comment that does not end");
        at_ = end + 2;
      } else if (std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
        ++at_;
      } else {
        break;
      }
    }
    return {};
  }

  void push(Word word, std::string text, std::size_t end) {
    out_.push_back({word, std::move(text), at_});
    at_ = end;
  }

  Result<> next() {
    const char c = text_[at_];
    if (c == '\'') return quoted(Word::text, '\'');
    if (c == '"' || c == '`') return quoted(Word::quoted_name, c);
    if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) return number();
    if (is_name_start(c)) {
      std::size_t end = at_;
      while (end < text_.size() && (is_name_start(text_[end]) || is_digit(text_[end]))) ++end;
      if (end - at_ > 100) return syntax_error(text_, at_, "a name of more than 100 letters");
      push(Word::name, std::string(text_.substr(at_, end - at_)), end);
      return {};
    }
    static constexpr std::array<std::string_view, 26> signs = {"::", "<=", ">=", "<>", "!=", "==", "||", "(", ")",
                                                               "[",  "]",  ",",  ".",  ";",  "+",  "-",  "*", "/",
                                                               "%",  "=",  "<",  ">",  "?",  ":",  "{",  "}"};
    for (const std::string_view sign : signs)
      if (starts(sign)) {
        push(Word::sign, std::string(sign), at_ + sign.size());
        return {};
      }
    return syntax_error(text_, at_, fmt::format("unexpected '{}'", repair_utf8(text_.substr(at_, 1))));
  }

  Result<> number() {
    std::size_t end = at_;
    bool seen = false;  // a point or an exponent
    while (end < text_.size()) {
      const char c = text_[end];
      const bool sign = (c == '-' || c == '+') && (text_[end - 1] == 'e' || text_[end - 1] == 'E');
      if (!is_digit(c) && c != '.' && c != 'e' && c != 'E' && !sign) break;
      seen |= c == '.' || c == 'e' || c == 'E';
      ++end;
    }
    std::string digits(text_.substr(at_, end - at_));
    const bool fits = seen ? parse_double(digits).has_value() : digits.size() <= 38;
    if (!fits || (end < text_.size() && is_name_start(text_[end])))
      return syntax_error(text_, at_, fmt::format("'{}' is no number", digits));
    push(Word::number, std::move(digits), end);
    return {};
  }

  Result<> quoted(Word word, char quote) {
    std::string value;
    std::size_t at = at_ + 1;
    for (;; ++at) {
      if (at >= text_.size()) return syntax_error(text_, at_, "a quote that is not closed");
      if (text_[at] == quote) {
        if (at + 1 >= text_.size() || text_[at + 1] != quote) break;
        ++at;  // doubled: one
      } else if (text_[at] == '\\' && at + 1 < text_.size()) {
        static constexpr std::string_view from = "ntr0\\'\"`%_", to = std::string_view("\n\t\r\0\\'\"`", 8);
        const auto known = from.find(text_[++at]);
        if (known == std::string_view::npos) return syntax_error(text_, at, "an escape that is not offered");
        if (known >= to.size()) value += '\\';  // \% and \_ are for LIKE
        value += known < to.size() ? to[known] : text_[at];
        continue;
      }
      value += text_[at];
    }
    if (word == Word::quoted_name && !fits_name(value))
      return syntax_error(text_, at_, "a name may hold letters, digits, spaces and simple signs, at most 100");
    if (!is_utf8(value) || value.find('\0') != std::string::npos)
      return syntax_error(text_, at_, "a text that is no UTF-8");
    push(word, std::move(value), at + 1);
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Token> out_;
};

}  // namespace

std::unexpected<Error> syntax_error(std::string_view text, std::size_t at, std::string_view message) {
  std::size_t line = 1, column = 1;
  for (const char c : text.substr(0, at)) {
    ++column;
    if (c == '\n') ++line, column = 1;
  }
  return fail(ErrorKind::invalid, "Syntax error: at line {}, column {}: {}", line, column, message);
}

Result<std::vector<Token>> words_of(std::string_view text) {
  return Reader(text).all();
}

}  // namespace pawl::sql
