// SQL's words.
#pragma once
#include "tree.h"

namespace pawl::sql {

enum class Word : std::uint8_t { end, number, text, name, quoted_name, sign };

struct Token {
  Word word = Word::end;
  std::string text;  // of a text or quoted name what is in the quotes
  std::size_t begin = 0;
};

std::unexpected<Error> syntax_error(std::string_view text, std::size_t at, std::string_view message);
Result<std::vector<Token>> words_of(std::string_view text);

}  // namespace pawl::sql
