// How far a budget has come: spent, what the period will have cost, and when
// the budget runs out. Pure.
#pragma once
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/time.h"

namespace pawl::costs {

struct Pace {
  Int128 spent = 0, limit = 0;        // pico-dollars
  Nanos start = 0, end = 0, now = 0;  // of the period, half open
  Int128 week = 0;                    // spent in the last seven days …
  Nanos covered = 7 * day;            // … of which so much has data: 1 to 7 days
  // Spent in each of the last whole steps, the newest last and ending now; dollars. Since the first that has data.
  std::vector<double> history = {};
  Nanos step = day;        // a day, or an hour
  std::size_t season = 7;  // steps
};
struct Forecast {
  Int128 daily = 0;               // mean of the last seven days
  Int128 whole = 0;               // of the whole period: the middle of `band`
  std::optional<Nanos> runs_out;  // within the period: when the middle passes the limit; its spending so far: now
  enum class State { ok, at_risk, exceeded } state = State::ok;
  // What the period will have cost, and when the limit is passed, with 10, 50 and 90 %: the path that is passed by
  // one in ten runs out first.
  std::array<Int128, 3> band = {};
  std::array<std::optional<Nanos>, 3> dates = {};  // early, middle, late; none: not within the period
  std::string_view method;                         // "holt_winters", "mean"
};
// With at least seven days of steps Holt–Winters with a damped trend (and a season, from two of them on), and the
// interval of its sums; else the mean of the last seven days × what is left of the period, and the spread of its days.
Forecast forecast(const Pace& pace);

}  // namespace pawl::costs
