// Means over cases with honest error bars: the case (or its family) is the unit, trials of one case are not.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "stats/distributions.h"

namespace pawl::stats {

using Values = std::vector<double>;  // the trials of one case on one side

struct MeanError {
  double mean = 0;              // of all observations
  double se_naive = 0;          // s / sqrt(N), as if trials were independent: too small
  double se_clustered = 0;      // Miller 2024 (arXiv 2411.00640), equation 4
  double se_clustered_cr1 = 0;  // that times sqrt(G / (G - 1))
  double df = 0;                // G - 1
  Interval ci;                  // mean ± t(df) se_clustered_cr1
  double case_mean = 0;         // of case means: each case weighs the same
  double case_mean_se = 0;
};
// Cases without trials count as absent. `invalid` for fewer than two cases: one case has no error bar.
Result<MeanError> mean_se(std::span<const Values> cases, double confidence = 0.95);

double mean_of(std::span<const double> values);      // 0 for none
double variance_of(std::span<const double> values);  // divides by n - 1; 0 for fewer than two

// Differences of cases and their mean, with the error of the families that they come in. Where all differences are
// equal there is no spread to estimate an error from; then a share of 1 - alpha^(1/G) of unseen cases may differ by
// the whole range of the score, and the bounds say so ("six equal cases prove nothing").
class CaseDifferences {
 public:
  // `families`: a number for each difference, or empty where each case is its own. `range`: the width of the score.
  explicit CaseDifferences(std::span<const double> differences, std::span<const std::uint32_t> families = {},
                           double range = 1);
  double mean() const { return mean_; }
  double se() const { return se_; }  // CR1 by families; 0 where all are equal
  std::size_t count() const { return count_; }
  std::size_t groups() const { return groups_; }
  double df() const { return static_cast<double>(groups_) - 1; }
  bool all_equal() const { return all_equal_; }
  bool tells() const { return groups_ >= 2; }  // fewer than two groups have no error: bounds are infinite, p is 1
  double variance() const { return variance_; }

  double t(double value) const;      // (mean - value) / se
  double lower(double alpha) const;  // one-sided
  double upper(double alpha) const;
  double p_below(double value) const;  // one-sided p for the claim that the true mean is below `value`
  double p_above(double value) const;
  double p_two_sided() const;  // for the claim that it is not 0

 private:
  double mean_ = 0, se_ = 0, variance_ = 0, range_ = 1;
  std::size_t count_ = 0, groups_ = 0;
  bool all_equal_ = false;
};

struct PairedCase {
  Values a, b;
};
struct Paired {
  std::size_t cases = 0, dropped = 0;  // dropped: without trials on one side
  double diff = 0;                     // mean over cases of mean b - mean a
  std::optional<double> se, t, p;      // nullopt: one case has no error bar; t also where all differences are equal
  std::optional<Interval> ci;
  std::optional<double> se_unpaired;  // what it would be without pairing
};
// Miller 2024, section 4. `invalid` where no case has trials on both sides.
Result<Paired> paired(std::span<const PairedCase> cases, double confidence = 0.95);
// mean b - mean a of the cases with trials on both sides; `invalid` where there is none.
Result<Values> differences(std::span<const PairedCase> cases);

struct NonInferiority {
  double diff = 0, p = 1, lower = 0;
  std::optional<double> t;
  bool noninferior = false;
};
// H0: the true difference is no more than -margin. `invalid` for fewer than two cases.
Result<NonInferiority> noninferiority(std::span<const PairedCase> cases, double margin, double alpha);

struct Equivalence {
  double p_lower = 1, p_upper = 1, p = 1;
  bool equivalent = false;
};
Result<Equivalence> equivalence(std::span<const PairedCase> cases, double margin, double alpha);  // Schuirmann 1987

// Share of the 2^n sign vectors with |sum ± d| >= |sum d|, with a tolerance of 1e-12. Exact for up to 20 differences
// that are not 0; else 100,000 seeded flips, (hits + 1) / (flips + 1).
double sign_flip(std::span<const double> differences, std::uint64_t seed = 1);

}  // namespace pawl::stats
