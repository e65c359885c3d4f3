// LOESS, moving averages, cycle-subseries: the steps of STL.
#include "stats/stl.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace pawl::stats {
namespace {

using Numbers = std::vector<double>;

double median_of(Numbers values) {
  if (values.empty()) return 0;
  const auto middle = static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, values.begin() + middle);
  const double upper = values[static_cast<std::size_t>(middle)];
  if (values.size() % 2 == 1) return upper;
  return (upper + *std::max_element(values.begin(), values.begin() + middle)) / 2;
}

// The local line at `x` of points 1 … n, from those in [left, right]; `span`: how many the smoother takes. nullopt
// where all weights are 0. Positions count from 1, as in the paper.
std::optional<double> local_line(std::span<const double> y, std::size_t span, double x, std::size_t left,
                                 std::size_t right, std::span<const double> robust) {
  const auto n = y.size();
  double h = std::max(x - static_cast<double>(left), static_cast<double>(right) - x);
  if (span > n) h += static_cast<double>((span - n) / 2);
  Numbers weight(right - left + 1, 0);
  double all = 0;
  for (std::size_t j = left; j <= right; ++j) {
    const double r = std::abs(static_cast<double>(j) - x);
    if (r > .999 * h) continue;
    double w = 1;
    if (r > .001 * h) w = std::pow(1 - std::pow(r / h, 3), 3);
    if (!robust.empty()) w *= robust[j - 1];
    weight[j - left] = w, all += w;
  }
  if (all <= 0) return std::nullopt;
  for (double& w : weight) w /= all;
  if (h > 0) {
    double middle = 0, square = 0;
    for (std::size_t j = left; j <= right; ++j) middle += weight[j - left] * static_cast<double>(j);
    for (std::size_t j = left; j <= right; ++j)
      square += weight[j - left] * std::pow(static_cast<double>(j) - middle, 2);
    if (std::sqrt(square) > .001 * static_cast<double>(n - 1)) {
      const double slope = (x - middle) / square;
      for (std::size_t j = left; j <= right; ++j) weight[j - left] *= slope * (static_cast<double>(j) - middle) + 1;
    }
  }
  double out = 0;
  for (std::size_t j = left; j <= right; ++j) out += weight[j - left] * y[j - 1];
  return out;
}

Numbers smoothed(std::span<const double> y, std::size_t span, std::span<const double> robust) {
  const std::size_t n = y.size();
  if (n < 2) return {y.begin(), y.end()};
  Numbers out(n);
  const std::size_t half = (span + 1) / 2;
  std::size_t left = 1, right = std::min(span, n);
  for (std::size_t i = 1; i <= n; ++i) {
    if (span < n && i > half && right != n) ++left, ++right;
    out[i - 1] = local_line(y, span, static_cast<double>(i), left, right, robust).value_or(y[i - 1]);
  }
  return out;
}

Numbers moving_average(const Numbers& x, std::size_t length) {
  Numbers out;
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += x[i];
    if (i >= length) sum -= x[i - length];
    if (i + 1 >= length) out.push_back(sum / static_cast<double>(length));
  }
  return out;
}

// Each cycle-subseries smoothed, and continued by one at both ends: n + 2 periods.
Numbers subseries(const Numbers& y, const StlSettings& s, std::span<const double> robust) {
  Numbers out(y.size() + 2 * s.period);
  for (std::size_t j = 0; j < s.period; ++j) {
    Numbers part, weight;
    for (std::size_t i = j; i < y.size(); i += s.period) {
      part.push_back(y[i]);
      if (!robust.empty()) weight.push_back(robust[i]);
    }
    const std::size_t k = part.size();
    const Numbers inside = smoothed(part, s.seasonal, weight);
    const double before = local_line(part, s.seasonal, 0, 1, std::min(s.seasonal, k), weight).value_or(inside.front());
    const double after =
        local_line(part, s.seasonal, static_cast<double>(k + 1), k >= s.seasonal ? k - s.seasonal + 1 : 1, k, weight)
            .value_or(inside.back());
    out[j] = before;
    for (std::size_t m = 0; m < k; ++m) out[(m + 1) * s.period + j] = inside[m];
    out[(k + 1) * s.period + j] = after;
  }
  return out;
}

std::size_t odd_above(double x) {
  auto n = static_cast<std::size_t>(std::floor(x)) + 1;
  return n % 2 == 0 ? n + 1 : n;
}

Numbers bisquare(std::span<const double> y, const Stl& fit) {
  Numbers distance(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) distance[i] = std::abs(y[i] - fit.trend[i] - fit.season[i]);
  const double h = 6 * median_of(distance);
  for (double& r : distance) r = r <= .001 * h ? 1 : r <= .999 * h ? std::pow(1 - std::pow(r / h, 2), 2) : 0;
  return distance;
}

void inner(std::span<const double> y, const StlSettings& s, std::size_t low_pass, std::span<const double> robust,
           Stl& out) {
  const std::size_t n = y.size();
  Numbers work(n);
  for (std::size_t i = 0; i < n; ++i) work[i] = y[i] - out.trend[i];
  const Numbers cycles = subseries(work, s, robust);
  const Numbers low =
      smoothed(moving_average(moving_average(moving_average(cycles, s.period), s.period), 3), low_pass, {});
  for (std::size_t i = 0; i < n; ++i) {
    out.season[i] = cycles[s.period + i] - low[i];
    work[i] = y[i] - out.season[i];
  }
  out.trend = smoothed(work, s.trend, robust);
}

}  // namespace

Stl decompose(std::span<const double> y, const StlSettings& settings) {
  const std::size_t n = y.size();
  StlSettings s = settings;
  Stl out;
  const bool known = std::ranges::all_of(y, [](double v) { return std::isfinite(v); });
  if (!known || s.period < 2 || n < 2 * s.period || s.seasonal < 3) return out;
  const auto period = static_cast<double>(s.period);
  if (s.trend == 0) s.trend = odd_above(std::ceil(1.5 * period / (1 - 1.5 / static_cast<double>(s.seasonal))) - 1);
  const std::size_t low_pass = odd_above(period);
  out.trend.assign(n, 0), out.season.assign(n, 0);
  for (int pass = 0; pass <= (s.robust ? 15 : 0); ++pass) {
    if (pass > 0) out.weights = bisquare(y, out);
    for (int i = 0; i < (s.robust ? 2 : 5); ++i) inner(y, s, low_pass, out.weights, out);
  }
  if (out.weights.empty()) out.weights.assign(n, 1);
  for (std::size_t i = 0; i < n; ++i) out.rest.push_back(y[i] - out.trend[i] - out.season[i]);
  out.middle = median_of(out.rest);
  Numbers away;
  for (const double r : out.rest) away.push_back(std::abs(r - out.middle));
  out.spread = 1.4826 * median_of(away);
  return out;
}

}  // namespace pawl::stats
