// p-values of several tests at once: Holm, Benjamini–Hochberg, Benjamini–Yekutieli.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl::stats {

enum class Adjustment { holm, bh, by };
Result<Adjustment> parse_adjustment(std::string_view name);  // "holm", "bh", "by"
// Adjusted p-values in the order of the given ones, at most 1. Each p must lie in [0, 1].
std::vector<double> adjust(std::span<const double> p, Adjustment method);

}  // namespace pawl::stats
