// Text → words. Between [ and ] a colon stands alone; elsewhere it may be part of a metric's name.
#include "promql/lex.h"

#include <array>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace pawl::promql {
namespace {

constexpr std::size_t most_text = 64U << 10;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

void append_utf8(std::string& out, std::uint32_t rune) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (rune < 0x80) return byte(rune);
  if (rune < 0x800) return byte(0xC0 | rune >> 6), byte(0x80 | (rune & 0x3F));
  if (rune < 0x10000) return byte(0xE0 | rune >> 12), byte(0x80 | (rune >> 6 & 0x3F)), byte(0x80 | (rune & 0x3F));
  byte(0xF0 | rune >> 18), byte(0x80 | (rune >> 12 & 0x3F)), byte(0x80 | (rune >> 6 & 0x3F)),
      byte(0x80 | (rune & 0x3F));
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> all() {
    if (text_.size() > most_text) return parse_error(text_, 0, "the query is longer than 64 KB");
    while (true) {
      skip();
      if (at_ == text_.size()) break;
      TRY(next());
    }
    push(Word::end, text_.size());
    return std::move(out_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  Token& push(Word word, std::size_t end) {
    Token& token = out_.emplace_back();
    token.word = word, token.begin = at_, token.end = end;
    token.text = std::string(text_.substr(at_, end - at_));
    at_ = end;
    return token;
  }

  void skip() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++at_;
      } else {
        return;
      }
    }
  }

  Result<> next() {
    const char c = peek();
    if (c == '"' || c == '\'' || c == '`') return string();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (is_letter(c) || (c == ':' && !in_bracket_)) {
      std::size_t end = at_ + 1;
      while (end < text_.size() &&
             (is_letter(text_[end]) || is_digit(text_[end]) || (text_[end] == ':' && !in_bracket_)))
        ++end;
      push(Word::name, end);
      return {};
    }
    return sign();
  }

  Result<> sign() {
    struct Sign {
      std::string_view text;
      Word word;
    };
    static constexpr auto signs =
        std::to_array<Sign>({{"==", Word::op},         {"!=", Word::op},          {"=~", Word::op},
                             {"!~", Word::op},         {"<=", Word::op},          {">=", Word::op},
                             {"=", Word::op},          {"<", Word::op},           {">", Word::op},
                             {"+", Word::op},          {"-", Word::op},           {"*", Word::op},
                             {"/", Word::op},          {"%", Word::op},           {"^", Word::op},
                             {"(", Word::open},        {")", Word::close},        {"{", Word::open_brace},
                             {"}", Word::close_brace}, {"[", Word::open_bracket}, {"]", Word::close_bracket},
                             {",", Word::comma},       {":", Word::colon},        {"@", Word::at}});
    for (const Sign& sign : signs) {
      if (!text_.substr(at_).starts_with(sign.text)) continue;
      if (sign.word == Word::open_bracket) in_bracket_ = true;
      if (sign.word == Word::close_bracket) in_bracket_ = false;
      push(sign.word, at_ + sign.text.size());
      return {};
    }
    return parse_error(text_, at_, fmt::format("unexpected character: {}", quoted(repair_utf8(text_.substr(at_, 1)))));
  }

  Result<> number() {
    std::size_t end = at_;
    const bool hex = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
    if (hex) {
      end += 2;
      while (end < text_.size() && is_hex(text_[end])) ++end;
      std::uint64_t value = 0;
      for (const char c : text_.substr(at_ + 2, end - at_ - 2))
        value = value * 16 + static_cast<std::uint64_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
      if (end == at_ + 2 || end - at_ > 18) return bad_number(end);
      push(Word::number, end).number = static_cast<double>(value);
      return {};
    }
    while (end < text_.size() && (is_digit(text_[end]) || is_letter(text_[end]) || text_[end] == '.' ||
                                  ((text_[end] == '+' || text_[end] == '-') && (text_[end - 1] | 0x20) == 'e' &&
                                   all_digits(text_.substr(at_, end - 1 - at_)))))
      ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    if (const auto length = parse_duration(word)) {
      push(Word::duration, end).duration = *length;
      return {};
    }
    const auto value = parse_double(word.ends_with('.') ? word.substr(0, word.size() - 1) : word);
    if (!value) return bad_number(end);
    push(Word::number, end).number = *value;
    return {};
  }

  static bool all_digits(std::string_view text) {
    for (const char c : text)
      if (!is_digit(c) && c != '.') return false;
    return !text.empty();
  }

  Result<> bad_number(std::size_t end) {
    return parse_error(text_, at_,
                       fmt::format("bad number or duration syntax: {}", quoted(text_.substr(at_, end - at_))));
  }

  Result<> string() {
    const char quote = peek();
    std::string value;
    std::size_t at = at_ + 1;
    while (true) {
      if (at >= text_.size() || (text_[at] == '\n' && quote != '`'))
        return parse_error(text_, at_, quote == '`' ? "unterminated raw string" : "unterminated quoted string");
      if (text_[at] == quote) break;
      if (text_[at] == '\\' && quote != '`')
        at = TRY(escape(at, value));
      else
        value += text_[at++];
    }
    push(Word::text, at + 1).text = std::move(value);
    return {};
  }

  // Go's escapes; returns the place after one.
  Result<std::size_t> escape(std::size_t at, std::string& value) {
    static constexpr std::string_view plain = "abfnrtv\\'\"", means = "\a\b\f\n\r\t\v\\'\"";
    const char kind = at + 1 < text_.size() ? text_[at + 1] : '\0';
    if (const auto found = plain.find(kind); found != std::string_view::npos && kind != '\0') {
      value += means[found];
      return at + 2;
    }
    const bool octal = kind >= '0' && kind <= '7';
    const std::size_t digits = octal ? 3 : kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    const std::size_t from = octal ? at + 1 : at + 2;
    if (digits == 0 || from + digits > text_.size()) return parse_error(text_, at, "unknown escape sequence");
    std::uint32_t rune = 0;
    for (const char c : text_.substr(from, digits)) {
      if (octal ? c < '0' || c > '7' : !is_hex(c)) return parse_error(text_, at, "unknown escape sequence");
      rune = rune * (octal ? 8 : 16) + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    if (octal || kind == 'x') {
      if (rune > 255) return parse_error(text_, at, "octal escape value above 255");
      value += static_cast<char>(rune);
    } else {
      if (rune > 0x10FFFF || (rune >= 0xD800 && rune < 0xE000))
        return parse_error(text_, at, "escape sequence is an invalid Unicode code point");
      append_utf8(value, rune);
    }
    return from + digits;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool in_bracket_ = false;
  std::vector<Token> out_;
};

struct Unit {
  std::string_view name;
  Millis length;
};
constexpr auto units = std::to_array<Unit>({{"y", 365LL * 86'400'000},
                                            {"w", 7LL * 86'400'000},
                                            {"d", 86'400'000},
                                            {"h", 3'600'000},
                                            {"m", 60'000},
                                            {"s", 1000},
                                            {"ms", 1}});

}  // namespace

std::unexpected<Error> parse_error(std::string_view text, std::size_t at, std::string_view message) {
  std::size_t line = 1, column = 1;
  for (const char c : text.substr(0, at)) {
    ++column;
    if (c == '\n') ++line, column = 1;
  }
  return fail(ErrorKind::invalid, "{}:{}: parse error: {}", line, column, message);
}

std::string lowered(std::string_view text) {
  return std::string(to_lower(text));
}

Result<std::vector<Token>> lex(std::string_view text) {
  return Lexer(text).all();
}

std::optional<Millis> parse_duration(std::string_view text) {
  constexpr Millis most = 100LL * 365 * 86'400'000;  // a hundred years
  Millis total = 0;
  std::size_t next_unit = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    std::size_t letters = digits;
    while (letters < text.size() && !is_digit(text[letters])) ++letters;
    const auto count = parse_int(text.substr(0, digits));
    const std::string_view name = text.substr(digits, letters - digits);
    std::size_t unit = next_unit;
    while (unit < units.size() && units[unit].name != name) ++unit;
    if (!count || unit == units.size() || *count > most / units[unit].length) return std::nullopt;
    total += *count * units[unit].length;
    next_unit = unit + 1;
    text.remove_prefix(letters);
  }
  return total > most ? std::nullopt : std::optional(total);
}

std::string print_duration(Millis length) {
  if (length == 0) return "0s";
  std::string out;
  for (const Unit& unit : units) {
    const bool whole = unit.name == "y" || unit.name == "w" || unit.name == "d";  // these stand alone
    if (whole ? length % unit.length != 0 : length < unit.length) continue;
    if (length / unit.length == 0) continue;
    out += fmt::format("{}{}", length / unit.length, unit.name);
    length %= unit.length;
    if (length == 0) break;
  }
  return out;
}

std::string print_value(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::string out = fmt::format("{}", value);
  const auto e = out.find('e');
  const double size = std::abs(value);
  if (e != std::string::npos && size >= 1e-6 &&
      size < 1e21) {  // written out, with the fewest digits that read back the same
    out = fmt::format("{:.0f}", value);
    if (size < 1) {
      for (int digits = 1; digits < 30; ++digits) {
        out = fmt::format("{:.{}f}", value, digits);
        if (parse_double(out) == value) break;
      }
    }
  }
  return out.ends_with(".0") ? out.substr(0, out.size() - 2) : out;
}

}  // namespace pawl::promql
