// How many cases or trials would tell.
#pragma once
#include <cstdint>
#include <optional>

#include "base/result.h"

namespace pawl::stats {

// Variances of a paired comparison: of the true differences between cases, and of the trials within a case.
struct Variances {
  double between = 0, within_a = 0, within_b = 0;
  double trials_a = 1, trials_b = 1;
};
struct Sought {
  double delta = 0;  // the difference to be found, not 0
  double alpha = 0.05, power = 0.8;
  bool one_sided = false;
};
struct CasesNeeded {
  double variance = 0, cases_exact = 0;
  std::int64_t cases = 0;
};
// ((z_alpha + z_beta) / delta)^2 (w^2 + s_a^2/K_a + s_b^2/K_b), Miller 2024, equation 9.
Result<CasesNeeded> cases_needed(const Variances& variances, const Sought& sought);
// Trials of each case on each side, with so many cases; nullopt: no number is enough, more cases are needed.
Result<std::optional<std::int64_t>> trials_needed(const Variances& variances, double cases, const Sought& sought);
// (z_{alpha/2} sqrt(psi) + z_beta sqrt(psi - delta^2))^2 / delta^2 with psi the discordant share (Connor 1987).
Result<CasesNeeded> mcnemar_cases(double discordant, const Sought& sought);

}  // namespace pawl::stats
