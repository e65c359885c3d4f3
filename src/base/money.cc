// Decimal text of pico-dollars.
#include "base/money.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/text.h"

namespace pawl {

std::string format_dollars(Int128 pico) {
  const bool negative = pico < 0;
  unsigned __int128 value =
      negative ? static_cast<unsigned __int128>(-(pico + 1)) + 1 : static_cast<unsigned __int128>(pico);
  std::string text = fmt::format("{}", static_cast<unsigned __int128>(value / pico_per_dollar));
  std::string rest = fmt::format("{:012}", static_cast<std::uint64_t>(value % pico_per_dollar));
  while (!rest.empty() && rest.back() == '0') rest.pop_back();
  if (!rest.empty()) text += "." + rest;
  return negative && value != 0 ? "-" + text : text;
}

std::optional<Money> parse_dollars(std::string_view text) {
  text = trim(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int exponent = 0;
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    auto power = text.substr(e + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    const auto parsed = parse_int(power);
    if (!parsed || *parsed > 40 || *parsed < -60) return std::nullopt;
    exponent = static_cast<int>(*parsed);
    text = text.substr(0, e);
  }
  std::string digits;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      digits += c;
      exponent -= point ? 1 : 0;
    } else {
      return std::nullopt;
    }
  }
  if (digits.empty()) return std::nullopt;
  const int shift = exponent + 12;  // digits × 10^shift pico
  Int128 value = 0;
  const int kept = static_cast<int>(digits.size()) + std::min(shift, 0);
  for (int i = 0; i < kept; ++i) {
    value = value * 10 + (digits[static_cast<std::size_t>(i)] - '0');
    if (value > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  }
  for (int i = 0; i < shift && value != 0; ++i) {
    value *= 10;
    if (value > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  }
  if (kept >= 0 && static_cast<std::size_t>(kept) < digits.size()) {
    const std::string_view dropped = std::string_view(digits).substr(static_cast<std::size_t>(kept));
    const bool half = dropped[0] == '5' && dropped.find_first_not_of('0', 1) == std::string_view::npos;
    if (dropped[0] > '5' || (dropped[0] == '5' && (!half || value % 2 == 1))) ++value;
  }
  return Money{static_cast<std::int64_t>(negative ? -value : value)};
}

std::optional<Money> money_from_double(double dollars) {
  if (!std::isfinite(dollars)) return std::nullopt;
  return parse_dollars(fmt::format("{}", dollars));
}

}  // namespace pawl
