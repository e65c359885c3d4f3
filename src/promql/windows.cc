// Functions of range vectors.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "promql/inside.h"

namespace pawl::promql {
namespace {

using Maybe = std::optional<double>;
using Parameters = std::span<const double>;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double seconds(Millis length) {
  return static_cast<double>(length) / 1000;
}

// Compensated (Kahan, Babuška, Neumaier): sums of many small amounts of money stay exact.
struct Sum {
  double total = 0, lost = 0;
  void add(double value) {
    const double next = total + value;
    if (std::isfinite(next))
      lost += std::abs(total) >= std::abs(value) ? (total - next) + value : (value - next) + total;
    total = next;
  }
  double value() const { return total + lost; }
};

double sum_of(const Window& window) {
  Sum sum;
  for (const Sample& sample : window.samples) sum.add(sample.value);
  return sum.value();
}

// Prometheus' extrapolation (promql/functions.go, extrapolatedRate).
Maybe extrapolated(const Window& window, const Spell& spell, bool counter, bool per_second) {
  const auto& samples = window.samples;
  if (samples.size() < 2) return std::nullopt;
  double result = samples.back().value - samples.front().value;
  if (counter) {
    double before = 0;
    for (const Sample& sample : samples) {
      if (sample.value < before) result += before;
      before = sample.value;
    }
  }
  double to_start = seconds(samples.front().at - spell.from);
  const double to_end = seconds(spell.to - samples.back().at);
  const double sampled = seconds(samples.back().at - samples.front().at);
  const double average = sampled / static_cast<double>(samples.size() - 1);
  if (counter && result > 0 && samples.front().value >= 0)
    to_start = std::min(to_start, sampled * (samples.front().value / result));
  const double threshold = average * 1.1;
  double reach = sampled;
  reach += to_start < threshold ? to_start : average / 2;
  reach += to_end < threshold ? to_end : average / 2;
  double factor = reach / sampled;
  if (per_second) factor /= spell.seconds;
  return result * factor;
}

Maybe grown(const Window& window, const Spell& spell, bool per_second) {
  Sum sum;
  for (const double added : window.added) sum.add(added);
  return per_second ? sum.value() / spell.seconds : sum.value();
}

Maybe rate(const Window& window, const Spell& spell, Parameters) {
  return window.added.data() != nullptr ? grown(window, spell, true) : extrapolated(window, spell, true, true);
}
Maybe increase(const Window& window, const Spell& spell, Parameters) {
  return window.added.data() != nullptr ? grown(window, spell, false) : extrapolated(window, spell, true, false);
}
Maybe delta(const Window& window, const Spell& spell, Parameters) {
  return extrapolated(window, spell, false, false);
}

Maybe last_two(const Window& window, bool per_second) {
  if (window.samples.size() < 2) return std::nullopt;
  const Sample &last = window.samples.back(), &before = window.samples[window.samples.size() - 2];
  if (last.at == before.at) return std::nullopt;
  if (!per_second) return last.value - before.value;
  const double change = last.value < before.value ? last.value : last.value - before.value;
  return change / seconds(last.at - before.at);
}
Maybe irate(const Window& window, const Spell&, Parameters) {
  return last_two(window, true);
}
Maybe idelta(const Window& window, const Spell&, Parameters) {
  return last_two(window, false);
}

struct Fit {
  double slope, intercept;
};
// Least squares through samples, the time as seconds from `zero`.
Fit fitted(std::span<const Sample> samples, Millis zero) {
  const bool constant = std::ranges::all_of(samples, [&](const Sample& one) { return one.value == samples[0].value; });
  if (constant) return std::isinf(samples[0].value) ? Fit{nan, nan} : Fit{0, samples[0].value};
  Sum x, y, xy, xx;
  for (const Sample& sample : samples) {
    const double at = seconds(sample.at - zero);
    x.add(at), y.add(sample.value), xy.add(at * sample.value), xx.add(at * at);
  }
  const auto n = static_cast<double>(samples.size());
  const double covariance = xy.value() - x.value() * y.value() / n, variance = xx.value() - x.value() * x.value() / n;
  const double slope = covariance / variance;
  return {slope, y.value() / n - slope * x.value() / n};
}

Maybe deriv(const Window& window, const Spell&, Parameters) {
  if (window.samples.size() < 2) return std::nullopt;
  return fitted(window.samples, window.samples[0].at).slope;
}
Maybe predict_linear(const Window& window, const Spell& spell, Parameters parameters) {
  if (window.samples.size() < 2) return std::nullopt;
  const Fit fit = fitted(window.samples, spell.to);
  return fit.slope * parameters[0] + fit.intercept;
}

// Double exponential smoothing; factors between 0 and 1.
Maybe holt_winters(const Window& window, const Spell&, Parameters parameters) {
  const double smoothing = parameters[0], trending = parameters[1];
  if (window.samples.size() < 2) return std::nullopt;
  double level = window.samples[0].value, trend = window.samples[1].value - level, before = 0;
  for (std::size_t i = 1; i < window.samples.size(); ++i) {
    if (i > 1) trend = trending * (level - before) + (1 - trending) * trend;
    before = level;
    level = smoothing * window.samples[i].value + (1 - smoothing) * (level + trend);
  }
  return level;
}

Maybe changes(const Window& window, const Spell&, Parameters) {
  double count = 0;
  for (std::size_t i = 1; i < window.samples.size(); ++i) {
    const double a = window.samples[i - 1].value, b = window.samples[i].value;
    count += a != b && !(std::isnan(a) && std::isnan(b));
  }
  return count;
}
Maybe resets(const Window& window, const Spell&, Parameters) {
  double count = 0;
  for (std::size_t i = 1; i < window.samples.size(); ++i)
    count += window.samples[i].value < window.samples[i - 1].value;
  return count;
}

Maybe average(const Window& window, const Spell&, Parameters) {
  return sum_of(window) / static_cast<double>(window.samples.size());
}
Maybe sum(const Window& window, const Spell&, Parameters) {
  return sum_of(window);
}
Maybe count(const Window& window, const Spell&, Parameters) {
  return static_cast<double>(window.samples.size());
}
Maybe last(const Window& window, const Spell&, Parameters) {
  return window.samples.back().value;
}
Maybe present(const Window&, const Spell&, Parameters) {
  return 1;
}
Maybe extreme(const Window& window, bool greatest) {
  double best = window.samples[0].value;
  for (const Sample& sample : window.samples)
    if (std::isnan(best) || (greatest ? sample.value > best : sample.value < best)) best = sample.value;
  return best;
}
Maybe greatest(const Window& window, const Spell&, Parameters) {
  return extreme(window, true);
}
Maybe least(const Window& window, const Spell&, Parameters) {
  return extreme(window, false);
}
Maybe variance(const Window& window, const Spell&, Parameters) {
  double seen = 0, mean = 0, squares = 0;
  for (const Sample& sample : window.samples) {
    const double from_mean = sample.value - mean;
    mean += from_mean / ++seen;
    squares += from_mean * (sample.value - mean);
  }
  return squares / seen;
}
Maybe deviation(const Window& window, const Spell& spell, Parameters parameters) {
  return std::sqrt(*variance(window, spell, parameters));
}
Maybe quantile(const Window& window, const Spell&, Parameters parameters) {
  std::vector<double> values;
  for (const Sample& sample : window.samples) values.push_back(sample.value);
  return quantile_of(std::move(values), parameters[0]);
}

struct Named {
  std::string_view name;
  RangeFunction function;
};
constexpr auto table = std::to_array<Named>({
    {"avg_over_time", average},
    {"changes", changes},
    {"count_over_time", count},
    {"delta", delta},
    {"deriv", deriv},
    {"holt_winters", holt_winters},
    {"idelta", idelta},
    {"increase", increase},
    {"irate", irate},
    {"last_over_time", last},
    {"max_over_time", greatest},
    {"min_over_time", least},
    {"predict_linear", predict_linear},
    {"present_over_time", present},
    {"quantile_over_time", quantile},
    {"rate", rate},
    {"resets", resets},
    {"stddev_over_time", deviation},
    {"stdvar_over_time", variance},
    {"sum_over_time", sum},
});

}  // namespace

RangeFunction find_range_function(std::string_view name) {
  const auto found = std::ranges::find(table, name, &Named::name);
  return found == table.end() ? nullptr : found->function;
}

bool drops_name(std::string_view range_function) {
  return range_function != "last_over_time";
}

double quantile_of(std::vector<double> values, double q) {
  if (values.empty() || std::isnan(q)) return nan;
  if (q < 0) return -std::numeric_limits<double>::infinity();
  if (q > 1) return std::numeric_limits<double>::infinity();
  std::ranges::sort(values, [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
  const double rank = q * static_cast<double>(values.size() - 1);
  const auto lower = static_cast<std::size_t>(std::floor(rank));
  const std::size_t upper = std::min(lower + 1, values.size() - 1);
  const double weight = rank - std::floor(rank);
  return values[lower] * (1 - weight) + values[upper] * weight;
}

}  // namespace pawl::promql
