// pass@k and pass^k, as products, so that no binomial coefficient overflows.
#include "stats/pass_k.h"

#include <algorithm>
#include <cmath>

#include "stats/distributions.h"

namespace pawl::stats {
namespace {

Result<> check(std::span<const Trials> cases, std::int64_t k) {
  if (k < 1) return fail(ErrorKind::invalid, "k is {}: it must be at least 1", k);
  if (cases.empty()) return fail(ErrorKind::invalid, "there are no cases");
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto [n, c] = cases[i];
    if (c < 0 || c > n) return fail(ErrorKind::invalid, "case {}: {} passes of {} trials cannot be", i, c, n);
    if (n < k) return fail(ErrorKind::invalid, "case {} has {} trials, fewer than k = {}", i, n, k);
  }
  return {};
}

// C(part, k) / C(whole, k) for part <= whole, k <= whole: the product of k factors, or of whole - part, whichever is
// shorter; from a million on by logarithms.
double chosen(std::int64_t part, std::int64_t whole, std::int64_t k) {
  if (part < k) return 0;
  const std::int64_t factors = std::min(k, whole - part), from = k < whole - part ? part : whole - k;
  if (factors > 1'000'000) return std::exp(log_choose(part, k) - log_choose(whole, k));
  double ratio = 1;
  for (std::int64_t j = 0; j < factors && ratio > 0; ++j)
    ratio *= static_cast<double>(from - j) / static_cast<double>(whole - j);
  return ratio;
}

}  // namespace

Result<double> pass_at_k(std::span<const Trials> cases, std::int64_t k) {
  TRY(check(cases, k));
  double sum = 0;
  for (const auto [n, c] : cases) sum += 1 - chosen(n - c, n, k);
  return sum / static_cast<double>(cases.size());
}

Result<double> pass_hat_k(std::span<const Trials> cases, std::int64_t k) {
  TRY(check(cases, k));
  double sum = 0;
  for (const auto [n, c] : cases) sum += chosen(c, n, k);
  return sum / static_cast<double>(cases.size());
}

}  // namespace pawl::stats
