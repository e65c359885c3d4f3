// Bias-corrected and accelerated bootstrap over cases.
#include "stats/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/rng.h"

namespace pawl::stats {
namespace {

double normal_below(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

// From the jackknife: sum (m - x)^3 / (6 (sum (m - x)^2)^1.5).
double acceleration(std::size_t cases, const Statistic& statistic) {
  std::vector<double> without(cases);
  std::vector<std::uint32_t> rest(cases - 1);
  for (std::size_t out = 0; out < cases; ++out) {
    for (std::size_t i = 0; i < rest.size(); ++i) rest[i] = static_cast<std::uint32_t>(i < out ? i : i + 1);
    without[out] = statistic(rest);
  }
  const double mean = std::accumulate(without.begin(), without.end(), 0.0) / static_cast<double>(cases);
  double squares = 0, cubes = 0;
  for (const double x : without) {
    const double off = mean - x;
    squares += off * off;
    cubes += off * off * off;
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

double quantile(const std::vector<double>& sorted, double p) {
  const double place = std::clamp(p, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Result<Bca> bca(std::size_t cases, const Statistic& statistic, std::size_t resamples, std::uint64_t seed,
                double confidence) {
  if (cases < 2) return fail(ErrorKind::invalid, "at least two cases are needed");
  if (!(confidence > 0 && confidence < 1)) return fail(ErrorKind::invalid, "confidence must lie between 0 and 1");
  if (resamples < 100 || resamples > 200'000)
    return fail(ErrorKind::invalid, "resamples {} must be from 100 to 200000", resamples);
  if (cases * resamples > 50'000'000)
    return fail(ErrorKind::invalid, "{} cases times {} resamples are too many: take fewer resamples", cases, resamples);
  std::vector<std::uint32_t> drawn(cases);
  std::iota(drawn.begin(), drawn.end(), 0u);
  Bca out{.estimate = statistic(drawn)};
  SeededRandom random(seed);
  std::vector<double> seen(resamples);
  double below = 0;
  for (auto& one : seen) {
    for (auto& place : drawn) place = static_cast<std::uint32_t>(random.below(cases));
    one = statistic(drawn);
    if (!std::isfinite(one) || !std::isfinite(out.estimate))
      return fail(ErrorKind::invalid, "a resample has no finite value (a ratio over nothing?)");
    below += one < out.estimate ? 1 : one == out.estimate ? 0.5 : 0;
  }
  std::ranges::sort(seen);
  if (seen.front() == seen.back()) {
    out.ci = {seen.front(), seen.back()};
    return out;
  }
  const double share = std::clamp(below / static_cast<double>(resamples), 0.5 / static_cast<double>(resamples),
                                  1 - 0.5 / static_cast<double>(resamples));
  const double bias = normal_quantile(share), bend = acceleration(cases, statistic);
  const auto end = [&](double p) {
    const double z = bias + normal_quantile(p);
    return quantile(seen, normal_below(bias + z / (1 - bend * z)));
  };
  out.ci = {end((1 - confidence) / 2), end((1 + confidence) / 2)};
  return out;
}

}  // namespace pawl::stats
