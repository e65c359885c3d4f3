// When would a rule have fired on a series: the same code as on the live one, causal.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "stats/anomaly.h"
#include "stats/states.h"

namespace pawl::stats {

// What a rule looks for. Lengths in seconds.
struct Rule {
  std::string kind = "anomaly";  // one of rule_kinds()
  std::optional<double> above, below, recover;
  double change = .5;              // change: as a share of what was a week before
  double slo = .99;                // burn
  double lambda = 25, delta = .1;  // page_hinkley: on z of the profile
  std::int64_t window = 3600;      // change: means over so long; prediction: how far ahead it looks
  std::int64_t wait = 0, keep_firing = 0;
  double learning_bar = 1;  // anomaly, silence: so many times its limit, while less than 14 days are known
  double least = 0;         // anomaly: so far from what is expected at least, in the unit of the series
  AnomalySettings anomaly;
};
std::vector<std::string_view> rule_kinds();

struct Verdict {
  Seen seen = Seen::good;
  bool learning = false;                                     // by less history than the rule wants
  double score = 0;                                          // how many times its limit; 0 where the rule has none
  double expected = nothing, low = nothing, high = nothing;  // the band of one bucket, where the rule has one
};
// Asked once a bucket, in order of time; keeps what it needs of the past.
using Judge = std::function<Verdict(std::int64_t at, double value, double count)>;
// Of a series of this sort, direction, unit, zone and step; its values are not looked at. Errors as of backtest.
Result<Judge> make_judge(const Series& shape, const Rule& rule);

struct Firing {
  std::int64_t fired_at = 0;                // start of the bucket that tipped it, seconds since 1970 UTC
  std::optional<std::int64_t> resolved_at;  // start of the bucket that settled it; none: it fires still
  bool learning = false;                    // fired on less than 14 days of history
};

// `invalid`: no such rule, or it lacks a number that it needs, or the series cannot be judged so; the sentence says
// which.
Result<std::vector<Firing>> backtest(const Series& series, const Rule& rule);

}  // namespace pawl::stats
