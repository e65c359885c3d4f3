// Entities for the five characters that mean something.
#include "base/markup.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace pawl {

std::string escape_markup(std::string_view text, std::string_view which) {
  static constexpr std::array<std::pair<char, std::string_view>, 5> entities{
      {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}}};
  std::string out;
  for (const char c : text) {
    const auto* const found = std::ranges::find(entities, c, &std::pair<char, std::string_view>::first);
    if (found != std::end(entities) && which.find(c) != std::string_view::npos)
      out += found->second;
    else
      out += c;
  }
  return out;
}

}  // namespace pawl
