// Tests that may be looked at after every observation: betting e-processes, confidence sequences, mSPRT.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "stats/distributions.h"

namespace pawl::stats {

// How much is bet on the next observation; only what came before it may decide (Waudby-Smith & Ramdas 2024, JRSS-B).
enum class Bets : std::uint8_t {
  plug_in,  // sqrt(2 log(1/alpha) / (s2 t log(1+t))), theorem 3
  agrapa,   // (mu - m) / (s2 + (mu - m)^2): decides sooner near the null
};

// Wealth of one bettor against "the mean is m", for values in [0,1] that come one by one: log E_t. Resumable: a copy
// of it is all there is to keep.
class Wealth {
 public:
  // up: bets on a mean above m; else below. c: the most of the wealth that is risked, in (0,1).
  Wealth(double m, bool up, Bets bets, double alpha, double c = 0.5)
      : m_(m), up_(up), bets_(bets), alpha_(alpha), c_(c) {}
  double add(double x);  // log E after x
  double log_e() const { return log_e_; }

 private:
  double m_;
  bool up_;
  Bets bets_;
  double alpha_, c_;
  double log_e_ = 0, sum_ = 0.5, squares_ = 0.25, count_ = 0;
};

struct EProcess {
  double log_e = 0, max_log_e = 0;             // at the end; the most after any observation
  std::optional<std::int64_t> first_crossing;  // counted from 1: E >= 1/alpha
};
// theta 1: bets above m, 0: below, between: max(theta E+, (1-theta) E-), each side with alpha / 2. `invalid` where a
// value is outside [0,1], m is not inside (0,1), or there are none.
Result<EProcess> e_process(std::span<const double> x, double m, double alpha, double theta, double c, Bets bets);

// All m of a grid of 1/grid that the two-sided process has rejected at no time: their hull.
Result<Interval> confidence_sequence(std::span<const double> x, double alpha, int grid);

struct Msprt {
  double log_lambda = 0, p = 1;
};
// Mixture SPRT of a mean difference with known variance of one observation (Johari et al. 2017), against theta_0.
Result<Msprt> msprt(double n, double mean_diff, double variance, double tau2, double theta_0 = 0);

enum class SequentialVerdict : std::uint8_t { cannot_tell, no_worse, better, worse };
std::string_view name_of(SequentialVerdict verdict);
struct Sequential {
  SequentialVerdict verdict = SequentialVerdict::cannot_tell;
  std::optional<std::int64_t> decided_at;  // pairs looked at, counted from 1
  double log_e_pass = 0, log_e_worse = 0;  // the most so far
};
// (a, b) of one case after the other, each in [0,1], in an order fixed before the run. E_pass tests that the true
// difference is no more than -margin, E_worse that it is at least 0; the first to reach 1/alpha decides, and what
// comes later does not undo it. "better" where a third bettor has also proved a gain by then.
Result<Sequential> sequential_verdict(std::span<const std::pair<double, double>> pairs, double margin, double alpha,
                                      Bets bets = Bets::agrapa);

}  // namespace pawl::stats
