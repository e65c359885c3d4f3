// Money as integer pico-dollars (10^-12 USD): exact under every sum, never a float (data.md "A span").
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl {

using Int128 = __int128;

struct Money {
  std::int64_t pico = 0;
  auto operator<=>(const Money&) const = default;
};

inline constexpr std::int64_t pico_per_dollar = 1'000'000'000'000;

// Exact decimal text of US dollars without trailing zeros: 18846000000 → "0.018846"; "0" for nothing.
std::string format_dollars(Int128 pico);
// A decimal number (also with exponent) of dollars, rounded half to even at the 12th digit; nullopt where it is none
// or does not fit 64 bits ($9.2 million).
std::optional<Money> parse_dollars(std::string_view text);
// A reported cost that came as a binary float: its shortest decimal text, then as above.
std::optional<Money> money_from_double(double dollars);

}  // namespace pawl
