// Better, no worse, worse, or cannot tell: one metric over paired cases, and several together.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stats/distributions.h"
#include "stats/means.h"

namespace pawl::stats {

enum class Verdict : std::uint8_t { better, no_worse, worse, cannot_tell };
std::string_view name_of(Verdict verdict);

enum class Scale : std::uint8_t {
  points,  // more is better; the margin is in the metric's own points: no worse means above -margin
  ratio,   // less is better (cost, latency); the margin is a share: no worse means (1 + margin) a - b above 0
};

struct Compared {                       // one metric on the cases that both sides have
  Values a, b;                          // case means: baseline, candidate
  std::vector<std::uint32_t> families;  // one a case, or empty where each case is its own
  // Mean variance of the trials within a case, and trials of a case; nullopt where every case has one trial.
  std::optional<double> within_a, within_b;
  double trials_a = 1, trials_b = 1;
};

// What would tell, at power .8 and the difference that was seen.
struct More {
  std::optional<std::int64_t> cases;   // in all; nullopt: the difference seen lies on a boundary
  std::optional<std::int64_t> trials;  // of each case, with the cases there are; nullopt: no number is enough
};

struct Judgement {
  std::size_t cases = 0, groups = 0;
  double baseline = 0, candidate = 0, diff = 0;  // means over cases; diff = candidate - baseline
  Interval ci;                                   // one-sided bounds at alpha each, of diff
  double p = 1, p_adjusted = 1;                  // for "the candidate is worse than the baseline", one-sided
  bool all_equal = false;
  bool gains = false, passes = false;  // surely more than the baseline; surely not below the margin
  Verdict verdict = Verdict::cannot_tell;
  std::optional<More> more;  // where it cannot tell
};

// Without adjustment for other metrics: p_adjusted is p. Fewer than two groups of cases: cannot tell.
Judgement judge(const Compared& compared, Scale scale, double margin, double alpha);
// Sets p_adjusted and verdicts of metrics that are decided together: what passes needs no adjustment (all must pass),
// what fails does (one is enough).
void settle(std::span<Judgement* const> together, double alpha);
// Adjusts watched metrics by Benjamini–Hochberg at `rate`; a verdict "worse" needs that too.
void settle_watched(std::span<Judgement* const> together, double rate);

// Worse if any is, else cannot tell if any cannot, else better if a metric marked so is, else no worse.
Verdict overall(std::span<const Verdict> gated, bool any_quality_better);

}  // namespace pawl::stats
