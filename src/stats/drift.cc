// PSI, Page–Hinkley, CUSUM.
#include "stats/drift.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace pawl::stats {

double Psi::limit() const {
  return std::max(.2, usual + 4 * spread);
}

Psi psi(std::span<const double> expected, std::span<const double> actual, double floor) {
  const double n = std::accumulate(expected.begin(), expected.end(), 0.0);
  const double m = std::accumulate(actual.begin(), actual.end(), 0.0);
  const double bins = static_cast<double>(expected.size());
  Psi answer;
  if (n <= 0 || m <= 0 || expected.size() != actual.size()) {
    answer.spread = std::numeric_limits<double>::infinity();
    return answer;
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double e = std::max(expected[i] / n, floor), a = std::max(actual[i] / m, floor);
    answer.value += (a - e) * std::log(a / e);
  }
  answer.usual = (bins - 1) * (1 / n + 1 / m);
  answer.spread = std::sqrt(2 * (bins - 1)) * (1 / n + 1 / m);
  return answer;
}

std::vector<double> quantile_edges(std::vector<double> reference, std::size_t bins) {
  std::sort(reference.begin(), reference.end());
  std::vector<double> edges;
  for (std::size_t i = 1; i < bins && !reference.empty(); ++i) {
    const double place = static_cast<double>(reference.size() - 1) * static_cast<double>(i) / static_cast<double>(bins);
    const auto low = static_cast<std::size_t>(place);
    const double next = reference[std::min(low + 1, reference.size() - 1)];
    edges.push_back(reference[low] + (next - reference[low]) * (place - static_cast<double>(low)));
  }
  return edges;
}

std::vector<double> counts_in(std::span<const double> edges, std::span<const double> values) {
  std::vector<double> counts(edges.size() + 1, 0);
  for (const double value : values)
    ++counts[static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), value) - edges.begin())];
  return counts;
}

void PageHinkley::push(double x) {
  ++n_;
  mean_ += (x - mean_) / n_;
  up_ += x - mean_ - delta_, down_ += x - mean_ + delta_;
  least_ = n_ == 1 ? up_ : std::min(least_, up_);
  most_ = n_ == 1 ? down_ : std::max(most_, down_);
}

bool ForgetfulPageHinkley::push(double x) {
  if (again_) n_ = 0, mean_ = rise_ = fall_ = 0, again_ = begun_ = false;
  ++n_;
  mean_ += (x - mean_) / static_cast<double>(n_);
  rise_ = settings_.alpha * rise_ + (x - mean_ - settings_.delta);
  fall_ = settings_.alpha * fall_ + (x - mean_ + settings_.delta);
  lowest_ = begun_ ? std::min(lowest_, rise_) : rise_;
  highest_ = begun_ ? std::max(highest_, fall_) : fall_;
  begun_ = true;
  if (n_ < settings_.least) return false;
  again_ = (settings_.up && rise_ - lowest_ > settings_.threshold) ||
           (settings_.down && highest_ - fall_ > settings_.threshold);
  return again_;
}

void Cusum::push(double x) {
  const double z = (x - mu_) / sigma_;
  plus_ = std::max(0.0, plus_ + z - k_);
  minus_ = std::max(0.0, minus_ - z - k_);
}

}  // namespace pawl::stats
