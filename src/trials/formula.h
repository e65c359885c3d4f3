// Formulas over named numbers, as OpenAI's `multi` graders have them: + - * / ^, parentheses, min, max, abs, floor,
// ceil, exp, sqrt, log (natural), pi, e.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl::trials {

inline constexpr std::size_t most_formula_bytes = 2000, most_formula_parts = 100;

// Whether it can be reckoned from these names; `invalid` says what is wrong where.
Result<> check_formula(const std::string& formula, std::span<const std::string> names);
// Of a checked formula; `values` in the order of `names`. nullopt where the result is no finite number.
std::optional<double> reckon(const std::string& formula, std::span<const std::string> names,
                             std::span<const double> values);

}  // namespace pawl::trials
