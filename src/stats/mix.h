// A distribution over time against what it was before: PSI (stats/drift.h) of the newest counts by category against
// those of the days before them.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "stats/series.h"

namespace pawl::stats {

struct MixSettings {
  std::int64_t window = 86'400;          // seconds: what is new
  std::int64_t reference = 14 * 86'400;  // what it is held against: so long before
  bool ordered = false;  // categories are amounts, in the order of their texts: ten bins by deciles of the reference
};

struct MixVerdict {
  double value = nothing, limit = nothing;  // PSI, and beyond which it counts; nothing: too little is known
  bool learning = true;                     // the reference is shorter than it is to be
  bool bad() const { return value > limit; }
};

// Categories without order: the nine most frequent of the reference, and all others together. Less than two days of
// reference, or less than 200 on either side, say nothing.
class Mix {
 public:
  explicit Mix(const MixSettings& settings) : settings_(settings) {}
  void add(const std::string& category, double count);  // of the step that is open
  MixVerdict close(std::int64_t at);                    // ends the step that began at `at`; in order of time

 private:
  using Counts = std::map<std::string, double>;
  struct Step {
    std::int64_t at = 0;
    Counts counts;
  };
  static void put(Counts& into, const Counts& counts, double sign);

  MixSettings settings_;
  Counts open_, recent_, before_;
  std::deque<Step> steps_;  // of the window and the reference; those before `first_recent_` are of the reference
  std::size_t first_recent_ = 0;
};

}  // namespace pawl::stats
