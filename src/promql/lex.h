// PromQL's words.
#pragma once
#include "promql/expr.h"

namespace pawl::promql {

enum class Word : std::uint8_t {
  end,
  number,
  duration,
  text,
  name,
  op,
  open,
  close,
  open_brace,
  close_brace,
  open_bracket,
  close_bracket,
  comma,
  colon,
  at
};

struct Token {
  Word word = Word::end;
  std::string text;  // of a string its value, else as written
  double number = 0;
  Millis duration = 0;
  std::size_t begin = 0, end = 0;
};

// "1:5: parse error: …" at that byte.
std::unexpected<Error> parse_error(std::string_view text, std::size_t at, std::string_view message);
Result<std::vector<Token>> lex(std::string_view text);
std::string lowered(std::string_view text);

}  // namespace pawl::promql
