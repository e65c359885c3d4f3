// How far a budget has come: spent, what the period will have cost, and when
// the budget runs out. Pure.
#pragma once
#include <optional>
#include <vector>

#include "base/money.h"
#include "base/time.h"

namespace pawl::costs {

struct Pace {
  Int128 spent = 0, limit = 0;        // pico-dollars
  Nanos start = 0, end = 0, now = 0;  // of the period, half open
  Int128 week = 0;                    // spent in the last seven days …
  Nanos covered = 7 * day;            // … of which so much has data: 1 to 7 days
};
struct Forecast {
  Int128 daily = 0;               // mean of the last seven days
  Int128 whole = 0;               // spent + daily × the rest of the period
  std::optional<Nanos> runs_out;  // within the period; its spending so far: now
  enum class State { ok, at_risk, exceeded } state = State::ok;
};
// Mean of the last seven days × what is left of the period.
Forecast forecast(const Pace& pace);

}  // namespace pawl::costs
