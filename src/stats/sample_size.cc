// How many cases or trials would tell: normal approximations.
#include "stats/sample_size.h"

#include <algorithm>
#include <cmath>

#include "stats/distributions.h"

namespace pawl::stats {
namespace {

struct Quantiles {
  double alpha = 0, beta = 0;
};

Result<Quantiles> quantiles(const Sought& sought) {
  if (!std::isfinite(sought.delta) || sought.delta == 0)
    return fail(ErrorKind::invalid, "delta is {}: a difference of nothing cannot be found", sought.delta);
  if (!(sought.alpha > 0 && sought.alpha < 1)) return fail(ErrorKind::invalid, "alpha must lie between 0 and 1");
  if (!(sought.power > 0 && sought.power < 1)) return fail(ErrorKind::invalid, "power must lie between 0 and 1");
  return Quantiles{normal_quantile(1 - (sought.one_sided ? sought.alpha : sought.alpha / 2)),
                   normal_quantile(sought.power)};
}

Result<> check(const Variances& v) {
  if (!(std::min({v.between, v.within_a, v.within_b}) >= 0)) return fail(ErrorKind::invalid, "a variance is below 0");
  if (!(std::min(v.trials_a, v.trials_b) >= 1)) return fail(ErrorKind::invalid, "a side has less than one trial");
  return {};
}

std::int64_t whole(double number) {
  return number < 9e15 ? static_cast<std::int64_t>(std::ceil(number)) : std::int64_t{9'000'000'000'000'000};
}

}  // namespace

Result<CasesNeeded> cases_needed(const Variances& v, const Sought& sought) {
  const auto z = TRY(quantiles(sought));
  TRY(check(v));
  const double variance = v.between + v.within_a / v.trials_a + v.within_b / v.trials_b;
  const double root = (z.alpha + z.beta) / sought.delta, exact = root * root * variance;
  return CasesNeeded{variance, exact, whole(exact)};
}

Result<std::optional<std::int64_t>> trials_needed(const Variances& v, double cases, const Sought& sought) {
  const auto z = TRY(quantiles(sought));
  TRY(check(v));
  if (!(cases > 0)) return fail(ErrorKind::invalid, "at least one case is needed");
  const double root = sought.delta / (z.alpha + z.beta), rest = cases * root * root - v.between;
  if (rest <= 0) return std::nullopt;
  return std::max<std::int64_t>(1, whole((v.within_a + v.within_b) / rest));
}

Result<CasesNeeded> mcnemar_cases(double discordant, const Sought& sought) {
  const auto z = TRY(quantiles(sought));
  const double d = sought.delta;
  if (!(discordant > 0 && discordant <= 1 && d * d <= discordant))
    return fail(ErrorKind::invalid, "a discordant share of {} cannot hold a difference of {}", discordant, d);
  const double root = z.alpha * std::sqrt(discordant) + z.beta * std::sqrt(discordant - d * d);
  const double exact = root * root / (d * d);
  return CasesNeeded{discordant, exact, whole(exact)};
}

}  // namespace pawl::stats
