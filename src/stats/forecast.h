// Where a number is going: Holt–Winters with additive season and (damped) trend, and intervals that hold without a
// model (split conformal). Hyndman's parameters: e = y − (ℓ + φb + s); ℓ += φb + αe; b = φb + βe; s += γe.
#pragma once
#include <optional>
#include <span>
#include <vector>

namespace pawl::stats {

struct HoltWintersParameters {
  double alpha = .3, beta = .02, gamma = .15, phi = .95;  // phi = 1: the trend is not damped
};

class HoltWinters {
 public:
  // `season`: the effect of the first observation first; one entry for none.
  HoltWinters(const HoltWintersParameters& parameters, double level, double trend, std::vector<double> season);
  // From the first two seasons of `y` (at least two; nullopt otherwise): level, trend and effects by their means.
  static std::optional<HoltWinters> from(std::span<const double> y, std::size_t period,
                                         const HoltWintersParameters& parameters = {});
  double push(double y);                 // the forecast that stood for it; NaN moves the season on and learns nothing
  double ahead(std::size_t h) const;     // h ≥ 1 steps from the last observation
  double variance(std::size_t h) const;  // σ²(1 + Σ_{j<h} c_j²), c_j = α + βφ_j + γ[m | j]
  double sum_variance(std::size_t h) const;  // of the next h together: σ² Σ_{m<h} (1 + Σ_{j≤m} c_j)²
  double level() const { return level_; }
  double trend() const { return trend_; }
  double sigma2() const { return n_ > 0 ? squares_ / n_ : 0; }
  double season_at(std::size_t index) const { return season_[index % season_.size()]; }

 private:
  std::vector<double> effects(std::size_t h) const;  // c_1 … c_{h−1}
  HoltWintersParameters p_;
  double level_, trend_, squares_ = 0, n_ = 0;
  std::vector<double> season_;
  std::size_t t_ = 0;
};

// The half-width that holds with probability 1 − miss: the ⌈(n+1)(1−miss)⌉-th smallest of past errors; nullopt where
// there are too few.
std::optional<double> conformal_half_width(std::vector<double> errors, double miss);

}  // namespace pawl::stats
