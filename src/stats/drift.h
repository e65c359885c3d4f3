// Drift: PSI of two distributions, Page–Hinkley and CUSUM of a sequence. Vectors: tests/fixtures/series.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace pawl::stats {

// Population stability index: Σ (aᵢ − eᵢ) ln(aᵢ/eᵢ) over shares floored at `floor` (not made to add up again). Without
// a change it is not 0: with B bins, N and M counts it is about (B−1)(1/N+1/M) ± √(2(B−1))(1/N+1/M).
struct Psi {
  double value = 0, usual = 0, spread = 0;
  double limit() const;  // beyond it, it counts as drift: max(.2, usual + 4 spread)
};
// As many counts in each, at least one bin; sums of 0 give a value of 0 and an infinite limit.
Psi psi(std::span<const double> expected, std::span<const double> actual, double floor = 1e-4);
// Inner edges of `bins` bins by quantiles of the reference (linear between neighbours).
std::vector<double> quantile_edges(std::vector<double> reference, std::size_t bins = 10);
std::vector<double> counts_in(std::span<const double> edges,
                              std::span<const double> values);  // on an edge: the upper bin

// Page 1954, Hinkley 1971: m_t = Σ (xᵢ − x̄ᵢ − δ); the statistic is m_t − min m (up), and its mirror image (down).
class PageHinkley {
 public:
  explicit PageHinkley(double delta) : delta_(delta) {}
  void push(double x);
  double up() const { return up_ - least_; }
  double down() const { return most_ - down_; }

 private:
  double delta_, n_ = 0, mean_ = 0, up_ = 0, down_ = 0, least_ = 0, most_ = 0;
};

// As the Python package river has it: forgets by `alpha`, starts again after each detection.
class ForgetfulPageHinkley {
 public:
  struct Settings {
    double delta = .005, threshold = 50, alpha = .9999;
    std::int64_t least = 30;  // no detection before
    bool up = true, down = true;
  };
  explicit ForgetfulPageHinkley(const Settings& settings) : settings_(settings) {}
  bool push(double x);  // true: a change is detected here

 private:
  Settings settings_;
  bool again_ = false, begun_ = false;
  std::int64_t n_ = 0;
  double mean_ = 0, rise_ = 0, fall_ = 0, lowest_ = 0, highest_ = 0;
};

// Two-sided CUSUM of (x − μ)/σ with slack k; h = 5, k = .5: a false alarm each 465 independent values.
class Cusum {
 public:
  Cusum(double mu, double sigma, double k = .5) : mu_(mu), sigma_(sigma), k_(k) {}
  void push(double x);
  double plus() const { return plus_; }
  double minus() const { return minus_; }

 private:
  double mu_, sigma_, k_, plus_ = 0, minus_ = 0;
};

}  // namespace pawl::stats
