// Bias-corrected and accelerated bootstrap over cases, for what no formula covers: ratios, medians, pass^k.
#pragma once
#include <cstdint>
#include <functional>
#include <span>

#include "base/result.h"
#include "stats/distributions.h"

namespace pawl::stats {

// A statistic of a sample of cases, given by their places (a case may come several times).
using Statistic = std::function<double(std::span<const std::uint32_t> cases)>;

struct Bca {
  double estimate = 0;
  Interval ci;
};
// Efron 1987. Seeded, so that the same question has the same answer. `invalid` for fewer than two cases, resamples
// outside 100 to 200,000, more than 5 * 10^7 draws in all, or where the statistic is not finite.
Result<Bca> bca(std::size_t cases, const Statistic& statistic, std::size_t resamples, std::uint64_t seed,
                double confidence = 0.95);

}  // namespace pawl::stats
