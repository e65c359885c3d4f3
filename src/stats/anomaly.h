// The rule `anomaly`: a profile of the number itself (stats/profile.h), and for sums another one of the number by event
// (v ÷ n), which does not see how much traffic there is and so finds a dearer call in noisy traffic. Fires where either
// does. Measured in `make bench` on labelled series.
#pragma once
#include <optional>

#include "stats/profile.h"

namespace pawl::stats {

class Anomaly {
 public:
  Anomaly(Sort sort, Direction direction, Zone zone, std::int64_t step, const AnomalySettings& settings = {},
          bool counts_events = false);  // counts_events: the value is a number of events, not of money, tokens, time
  Judged push(std::int64_t at, double value, double count);

 private:
  Profile itself_;
  std::optional<Profile> by_event_;
};

}  // namespace pawl::stats
