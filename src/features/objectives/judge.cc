// An objective against its runs.
#include <cmath>

#include "objectives.h"
#include "stats/proportions.h"

namespace pawl::objectives {

Standing judge(const Slo& slo, double valid, double bad, const std::vector<Day>& recent, Nanos now) {
  constexpr Nanos step = 5 * minute;
  Standing out{.valid = valid, .bad = bad};
  stats::Burn burn(slo.target);
  bool began = false;
  for (const Day& one : recent) {
    if (!began && one.valid <= 0) continue;  // nothing is known yet
    began = true;
    burn.push(one.bad, one.valid);
  }
  bool burning = false;
  for (const auto& rule : stats::burn_rules) {
    stats::BurnRule steps = rule;
    steps.long_minutes = rule.long_minutes * minute / step, steps.short_minutes = rule.short_minutes * minute / step;
    out.burns.push_back({rule, burn.burn(steps.long_minutes), burn.burn(steps.short_minutes), burn.fires(steps)});
    burning |= out.burns.back().firing;
  }
  if (valid > 0) {
    out.sli = 1 - bad / valid;
    out.interval = stats::wilson(valid - bad, valid).value_or(stats::Interval{0, 1});
    out.budget_left = 1 - bad / ((1 - slo.target) * valid);
  }
  const double now_burning = burn.burn(day / step);
  if (out.budget_left > 0 && now_burning > 0) {
    const double length = out.budget_left * static_cast<double>(slo.length()) / now_burning;
    if (length < static_cast<double>(slo.length())) out.exhausted_at = now + static_cast<Nanos>(length);
  }
  out.state = valid < least_runs            ? "too_few"
              : *out.sli < slo.target       ? "broken"
              : burning || out.exhausted_at ? "at_risk"
                                            : "met";
  return out;
}

}  // namespace pawl::objectives
