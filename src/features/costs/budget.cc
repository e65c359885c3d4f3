// The pace of a budget.
#include "budget.h"

#include <algorithm>

namespace pawl::costs {

Forecast forecast(const Pace& pace) {
  Forecast out;
  const Nanos covered = std::clamp(pace.covered, day, 7 * day);
  out.daily = pace.week * day / covered;
  const Nanos rest = std::max<Nanos>(0, pace.end - pace.now);
  out.whole = pace.spent + pace.week * rest / covered;
  const Int128 left = pace.limit - pace.spent;
  if (left <= 0) {
    out.state = Forecast::State::exceeded;
    out.runs_out = pace.now;
  } else if (out.whole > pace.limit) {
    out.state = Forecast::State::at_risk;
    out.runs_out = pace.now + static_cast<Nanos>(left * covered / pace.week);
  }
  return out;
}

}  // namespace pawl::costs
