// Holt–Winters and conformal intervals.
#include "stats/forecast.h"

#include <algorithm>
#include <cmath>

namespace pawl::stats {

HoltWinters::HoltWinters(const HoltWintersParameters& parameters, double level, double trend,
                         std::vector<double> season)
    : p_(parameters), level_(level), trend_(trend), season_(std::move(season)) {
  if (season_.empty()) season_.push_back(0);
}

std::optional<HoltWinters> HoltWinters::from(std::span<const double> y, std::size_t period,
                                             const HoltWintersParameters& parameters) {
  if (period == 0 || y.size() < 2 * period) return std::nullopt;
  double first = 0, second = 0, ones = 0, twos = 0;
  for (std::size_t i = 0; i < period; ++i) {
    if (!std::isnan(y[i])) first += y[i], ++ones;
    if (!std::isnan(y[i + period])) second += y[i + period], ++twos;
  }
  if (ones == 0 || twos == 0) return std::nullopt;
  first /= ones, second /= twos;
  const double trend = (second - first) / static_cast<double>(period);
  const double half = static_cast<double>(period - 1) / 2;  // the mean of a period stands at its middle
  std::vector<double> season;
  for (std::size_t i = 0; i < period; ++i) {
    const double rise = trend * (static_cast<double>(i) - half);
    const double a = y[i] - first - rise, b = y[i + period] - second - rise;
    season.push_back(std::isnan(a) && std::isnan(b) ? 0 : std::isnan(a) ? b : std::isnan(b) ? a : (a + b) / 2);
  }
  return HoltWinters(parameters, first - trend * (half + 1), trend, std::move(season));
}

double HoltWinters::push(double y) {
  double& season = season_[t_++ % season_.size()];
  const double expected = level_ + p_.phi * trend_ + season;
  const double e = std::isnan(y) ? 0 : y - expected;
  level_ += p_.phi * trend_ + p_.alpha * e;
  trend_ = p_.phi * trend_ + p_.beta * e;
  season += p_.gamma * e;
  if (!std::isnan(y)) squares_ += e * e, ++n_;
  return expected;
}

double HoltWinters::ahead(std::size_t h) const {
  double damped = 0, factor = 1;
  for (std::size_t i = 0; i < h; ++i) factor *= p_.phi, damped += factor;
  return level_ + damped * trend_ + season_[(t_ + h - 1) % season_.size()];
}

std::vector<double> HoltWinters::effects(std::size_t h) const {
  std::vector<double> out;
  double damped = 0, factor = 1;
  for (std::size_t j = 1; j < h; ++j) {
    factor *= p_.phi, damped += factor;
    out.push_back(p_.alpha + p_.beta * damped + (season_.size() > 1 && j % season_.size() == 0 ? p_.gamma : 0));
  }
  return out;
}

double HoltWinters::variance(std::size_t h) const {
  double sum = 1;
  for (const double c : effects(h)) sum += c * c;
  return sigma2() * sum;
}

double HoltWinters::sum_variance(std::size_t h) const {
  if (h == 0) return 0;
  double whole = 1, squares = 1;
  for (const double c : effects(h)) whole += c, squares += whole * whole;
  return sigma2() * squares;
}

std::optional<double> conformal_half_width(std::vector<double> errors, double miss) {
  const double n = static_cast<double>(errors.size());
  const double k = std::ceil((n + 1) * (1 - miss) - 1e-9);
  if (k > n || k < 1) return std::nullopt;
  for (double& e : errors) e = std::abs(e);
  const auto at = errors.begin() + static_cast<std::ptrdiff_t>(k) - 1;
  std::nth_element(errors.begin(), at, errors.end());
  return *at;
}

}  // namespace pawl::stats
