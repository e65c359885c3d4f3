// The pace of a budget.
#include "budget.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "stats/forecast.h"

namespace pawl::costs {
namespace {

constexpr double z90 = 1.2815515655446004;  // of the normal distribution: one in ten lies beyond
constexpr std::size_t least_days = 7;

// What will be spent from now on, step by step: the middle, and how far a tenth lies from it.
struct Path {
  std::vector<double> middle, spread;  // cumulative, dollars
};

Path by_model(const Pace& pace, std::size_t steps) {
  const auto& y = pace.history;
  const std::size_t season = y.size() >= 2 * pace.season ? pace.season : 1;
  auto model = stats::HoltWinters::from(y, season);
  for (const double value : y) model->push(value);
  Path path;
  double sum = 0;
  for (std::size_t h = 1; h <= steps; ++h) {
    sum += std::max(0., model->ahead(h));
    path.middle.push_back(sum), path.spread.push_back(z90 * std::sqrt(model->sum_variance(h)));
  }
  return path;
}

Path by_mean(const Pace& pace, std::size_t steps) {
  const double mean = static_cast<double>(pace.week) / static_cast<double>(pico_per_dollar) *
                      static_cast<double>(pace.step) / static_cast<double>(std::clamp(pace.covered, day, 7 * day));
  double squares = 0;
  for (const double value : pace.history) squares += (value - mean) * (value - mean);
  const auto n = static_cast<double>(pace.history.size());
  const double sigma = n >= 2 ? std::sqrt(squares / (n - 1)) : 0;
  Path path;
  for (std::size_t h = 1; h <= steps; ++h) {
    const auto so_far = static_cast<double>(h);
    path.middle.push_back(mean * so_far);
    // The mean itself is of n days only.
    path.spread.push_back(n >= 2 ? z90 * sigma * std::sqrt(so_far + so_far * so_far / n) : 0);
  }
  return path;
}

// The value of a path so long after now; it rises evenly within a step.
double value_at(const std::vector<double>& path, Nanos step, Nanos after) {
  const auto whole = static_cast<std::size_t>(after / step);
  const double before = whole == 0 ? 0 : path[std::min(whole, path.size()) - 1];
  if (whole >= path.size()) return before;
  return before + (path[whole] - before) * static_cast<double>(after % step) / static_cast<double>(step);
}

std::optional<Nanos> crossing(const std::vector<double>& path, const Pace& pace, double left) {
  double before = 0;
  for (std::size_t i = 0; i < path.size(); before = path[i++]) {
    if (path[i] <= left) continue;
    const double part = path[i] > before ? (left - before) / (path[i] - before) : 1;
    const auto at = pace.now + static_cast<Nanos>((static_cast<double>(i) + part) * static_cast<double>(pace.step));
    return at < pace.end ? std::optional(at) : std::nullopt;
  }
  return std::nullopt;
}

void by_hand(const Pace& pace, Forecast& out) {  // exact where there is nothing to model
  const Nanos covered = std::clamp(pace.covered, day, 7 * day), rest = std::max<Nanos>(0, pace.end - pace.now);
  out.whole = pace.spent + pace.week * rest / covered;
  out.runs_out = std::nullopt;
  if (out.whole > pace.limit && pace.week > 0)
    out.runs_out = pace.now + static_cast<Nanos>((pace.limit - pace.spent) * covered / pace.week);
}

}  // namespace

Forecast forecast(const Pace& pace) {
  Forecast out;
  out.daily = pace.week * day / std::clamp(pace.covered, day, 7 * day);
  const Nanos rest = std::max<Nanos>(0, pace.end - pace.now);
  const auto steps = static_cast<std::size_t>((rest + pace.step - 1) / pace.step);
  const bool model = pace.history.size() * static_cast<std::size_t>(pace.step) >= least_days * std::size_t{day};
  out.method = model ? "holt_winters" : "mean";
  const Path path = model ? by_model(pace, steps) : by_mean(pace, steps);
  const double left = static_cast<double>(pace.limit - pace.spent) / static_cast<double>(pico_per_dollar);
  for (const std::size_t which : {0U, 1U, 2U}) {
    std::vector<double> line = path.middle;
    for (std::size_t i = 0; i < line.size(); ++i) {
      line[i] += (static_cast<double>(which) - 1) * path.spread[i];
      line[i] = std::max(line[i], i == 0 ? 0. : line[i - 1]);  // what is spent stays spent
    }
    out.band[which] = pace.spent + static_cast<Int128>(std::llround(value_at(line, pace.step, rest) * 1e6)) * 1'000'000;
    out.dates[2 - which] = left <= 0 ? std::optional(pace.now) : crossing(line, pace, left);
  }
  out.whole = out.band[1], out.runs_out = out.dates[1];
  if (!model) by_hand(pace, out), out.band[1] = out.whole, out.dates[1] = left <= 0 ? pace.now : out.runs_out;
  out.state = left <= 0                ? Forecast::State::exceeded
              : out.whole > pace.limit ? Forecast::State::at_risk
                                       : Forecast::State::ok;
  if (left <= 0) out.runs_out = pace.now;
  return out;
}

}  // namespace pawl::costs
