// Intervals and tests for counts of independent trials.
#include "stats/proportions.h"

#include <algorithm>
#include <cmath>

namespace pawl::stats {
namespace {

Result<double> tail_of(double confidence) {
  if (!(confidence > 0 && confidence < 1))
    return fail(ErrorKind::invalid, "confidence {} must lie between 0 and 1", confidence);
  return (1 - confidence) / 2;
}

Result<> check_counts(double x, double n) {
  if (!(n > 0) || !std::isfinite(n)) return fail(ErrorKind::invalid, "{} trials: at least one is needed", n);
  if (!(x >= 0 && x <= n)) return fail(ErrorKind::invalid, "{} successes of {} trials cannot be", x, n);
  return {};
}

}  // namespace

Result<Interval> wilson(double x, double n, double confidence) {
  const double tail = TRY(tail_of(confidence));
  TRY(check_counts(x, n));
  const double z = -normal_quantile(tail), z2 = z * z, p = x / n;
  const double middle = p + z2 / (2 * n), half = z * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n)), scale = 1 + z2 / n;
  return Interval{x <= 0 ? 0 : std::max(0.0, (middle - half) / scale),
                  x >= n ? 1 : std::min(1.0, (middle + half) / scale)};
}

Result<Interval> clopper_pearson(double x, double n, double confidence) {
  const double tail = TRY(tail_of(confidence));
  TRY(check_counts(x, n));
  return Interval{x <= 0 ? 0 : beta_quantile(tail, x, n - x + 1), x >= n ? 1 : beta_quantile(1 - tail, x + 1, n - x)};
}

Result<Difference> newcombe(double x1, double n1, double x2, double n2, double confidence) {
  const auto first = TRY(wilson(x1, n1, confidence)), second = TRY(wilson(x2, n2, confidence));
  const double p1 = x1 / n1, p2 = x2 / n2, d = p1 - p2;
  return Difference{
      d, {d - std::hypot(p1 - first.low, second.high - p2), d + std::hypot(first.high - p1, p2 - second.low)}};
}

Result<Difference> newcombe_paired(const PairedCounts& k, double confidence) {
  const double n = k.both + k.only_1 + k.only_2 + k.neither;
  if (std::min({k.both, k.only_1, k.only_2, k.neither}) < 0) return fail(ErrorKind::invalid, "a count is below 0");
  const double in_1 = k.both + k.only_1, in_2 = k.both + k.only_2;
  const auto first = TRY(wilson(in_1, n, confidence)), second = TRY(wilson(in_2, n, confidence));
  const double product = in_1 * (n - in_1) * in_2 * (n - in_2);
  double cross = k.both * k.neither - k.only_1 * k.only_2;  // corrected for continuity
  if (cross > n / 2) {
    cross -= n / 2;
  } else if (cross >= 0) {
    cross = 0;
  }
  const double phi = product > 0 ? cross / std::sqrt(product) : 0;
  const double p1 = in_1 / n, p2 = in_2 / n, d = p1 - p2;
  const auto reach = [phi](double a, double b) { return std::sqrt(std::max(0.0, a * a - 2 * phi * a * b + b * b)); };
  return Difference{d, {d - reach(p1 - first.low, second.high - p2), d + reach(first.high - p1, p2 - second.low)}};
}

Result<McNemar> mcnemar(std::int64_t b, std::int64_t c) {
  if (b < 0 || c < 0) return fail(ErrorKind::invalid, "discordant counts {} and {} must not be below 0", b, c);
  const std::int64_t n = b + c, least = std::min(b, c);
  if (n == 0) return McNemar{};
  const double below = binomial_below(least, n, 0.5);
  const double at = std::exp(log_choose(n, least) - static_cast<double>(n) * std::log(2.0));
  return McNemar{std::min(1.0, 2 * below), std::min(1.0, 2 * below - at)};
}

Result<Fisher> fisher(std::int64_t x1, std::int64_t n1, std::int64_t x2, std::int64_t n2) {
  if (x1 < 0 || x2 < 0 || n1 < x1 || n2 < x2)
    return fail(ErrorKind::invalid, "{} of {} and {} of {} cannot be", x1, n1, x2, n2);
  const std::int64_t hits = x1 + x2, low = std::max<std::int64_t>(0, hits - n1), high = std::min(hits, n2);
  const double whole = log_choose(n1 + n2, hits);
  const auto chance = [&](std::int64_t k) { return std::exp(log_choose(n2, k) + log_choose(n1, hits - k) - whole); };
  const double seen = chance(x2);
  Fisher out{0, 0};
  for (std::int64_t k = low; k <= high; ++k) {
    const double p = chance(k);
    if (k <= x2) out.less += p;
    if (p <= seen * (1 + 1e-7)) out.two_sided += p;
  }
  return Fisher{std::min(1.0, out.less), std::min(1.0, out.two_sided)};
}

}  // namespace pawl::stats
