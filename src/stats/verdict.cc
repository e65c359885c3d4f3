// Better, no worse, worse, or cannot tell.
#include "stats/verdict.h"

#include <algorithm>
#include <cmath>

#include "stats/multiplicity.h"
#include "stats/sample_size.h"

namespace pawl::stats {
namespace {

constexpr double power = 0.8;

double range_of(const Compared& c) {
  double least = 0, most = 1;
  for (const auto* side : {&c.a, &c.b}) {
    for (const double x : *side) least = std::min(least, x), most = std::max(most, x);
  }
  return most - least;
}

// With cases that all show `mean`: how many of the same would put the bound above `floor`.
std::optional<std::int64_t> equal_cases(double mean, double floor, double range, double alpha) {
  const double share = (mean - floor) / (range + mean);
  if (!(share > 0 && share < 1)) return std::nullopt;
  return static_cast<std::int64_t>(std::floor(std::log(alpha) / std::log1p(-share))) + 1;
}

More more_for(const Compared& c, const CaseDifferences& d, double delta, double alpha) {
  More out;
  if (!(std::abs(delta) > 1e-12)) return out;
  const Sought sought{.delta = delta, .alpha = alpha, .power = power, .one_sided = true};
  // Families weigh as much as the error says: the variance that so many independent cases would need to have it.
  const double variance = d.se() * d.se() * static_cast<double>(d.count());
  if (const auto needed = cases_needed({.between = variance}, sought))
    out.cases = std::max(needed->cases, static_cast<std::int64_t>(d.count()) + 1);
  if (!c.within_a || !c.within_b) return out;
  const double between = std::max(0.0, variance - *c.within_a / c.trials_a - *c.within_b / c.trials_b);
  const Variances parts{between, *c.within_a, *c.within_b, c.trials_a, c.trials_b};
  const auto trials = trials_needed(parts, static_cast<double>(d.count()), sought);
  if (trials && *trials && static_cast<double>(**trials) > std::min(c.trials_a, c.trials_b)) out.trials = **trials;
  return out;
}

void judge_points(const Compared& c, double margin, double alpha, Judgement& out) {
  Values d(c.a.size());
  for (std::size_t i = 0; i < d.size(); ++i) d[i] = c.b[i] - c.a[i];
  const double range = range_of(c);
  const CaseDifferences change(d, c.families, range);
  out.groups = change.groups();
  out.all_equal = change.all_equal();
  out.diff = change.mean();
  out.ci = {change.lower(alpha), change.upper(alpha)};
  out.p = change.p_below(0);
  out.gains = out.ci.low > 0;
  out.passes = out.ci.low > -margin;
  if (out.passes || !change.tells()) return;
  if (change.all_equal()) {
    out.more = More{equal_cases(change.mean(), -margin, range, alpha), std::nullopt};
  } else {
    out.more = more_for(c, change, std::max(change.mean() + margin, -change.mean()), alpha);
  }
}

void judge_ratio(const Compared& c, double margin, double alpha, Judgement& out) {
  Values saved(c.a.size()), contrast(c.a.size());
  for (std::size_t i = 0; i < saved.size(); ++i) {
    saved[i] = c.a[i] - c.b[i];
    contrast[i] = (1 + margin) * c.a[i] - c.b[i];
  }
  const double usual = mean_of(c.a);  // what an unseen case is taken to differ by, where all seen ones are equal
  const CaseDifferences gain(saved, c.families, usual), within(contrast, c.families, usual);
  out.groups = gain.groups();
  out.all_equal = gain.all_equal();
  out.diff = 0 - gain.mean();  // never -0
  out.ci = {-gain.upper(alpha), -gain.lower(alpha)};
  out.p = gain.p_below(0);
  out.gains = gain.lower(alpha) > 0;
  out.passes = within.lower(alpha) > 0;
  const double unseen = 1 - std::pow(alpha, 1 / static_cast<double>(std::max<std::size_t>(1, out.groups)));
  if (out.all_equal && within.mean() - unseen * (usual + within.mean()) <= 0) out.passes = false;
  if (out.passes || !gain.tells()) return;
  if (out.all_equal) {
    out.more = More{equal_cases(within.mean(), 0, usual, alpha), std::nullopt};
  } else if (within.mean() > 0) {
    out.more = more_for(c, within, within.mean(), alpha);
  } else {
    out.more = more_for(c, gain, gain.mean(), alpha);
  }
}

Verdict verdict_of(const Judgement& j, double alpha) {
  if (j.gains && j.passes) return Verdict::better;
  if (j.passes) return Verdict::no_worse;
  return j.p_adjusted <= alpha ? Verdict::worse : Verdict::cannot_tell;
}

void adjust_all(std::span<Judgement* const> together, Adjustment method) {
  Values p;
  for (const auto* one : together) p.push_back(one->p);
  const auto adjusted = adjust(p, method);
  for (std::size_t i = 0; i < together.size(); ++i) together[i]->p_adjusted = adjusted[i];
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  constexpr std::string_view names[] = {"better", "no_worse", "worse", "cannot_tell"};
  return names[static_cast<std::size_t>(verdict)];
}

Judgement judge(const Compared& compared, Scale scale, double margin, double alpha) {
  Judgement out{.cases = compared.a.size(), .baseline = mean_of(compared.a), .candidate = mean_of(compared.b)};
  if (scale == Scale::points) {
    judge_points(compared, margin, alpha, out);
  } else {
    judge_ratio(compared, margin, alpha, out);
  }
  out.p_adjusted = out.p;
  out.verdict = verdict_of(out, alpha);
  return out;
}

void settle(std::span<Judgement* const> together, double alpha) {
  adjust_all(together, Adjustment::holm);
  for (auto* one : together) {
    one->verdict = verdict_of(*one, alpha);
    if (one->verdict != Verdict::cannot_tell) one->more.reset();
  }
}

void settle_watched(std::span<Judgement* const> together, double rate) {
  adjust_all(together, Adjustment::bh);
  for (auto* one : together) {
    one->verdict = verdict_of(*one, rate);
    if (one->verdict != Verdict::cannot_tell) one->more.reset();
  }
}

Verdict overall(std::span<const Verdict> gated, bool any_quality_better) {
  if (std::ranges::find(gated, Verdict::worse) != gated.end()) return Verdict::worse;
  if (gated.empty() || std::ranges::find(gated, Verdict::cannot_tell) != gated.end()) return Verdict::cannot_tell;
  return any_quality_better ? Verdict::better : Verdict::no_worse;
}

}  // namespace pawl::stats
