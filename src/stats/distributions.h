// Quantiles and tails of the distributions that the tests rest on (Boost.Math does the work).
#pragma once
#include <cstdint>

namespace pawl::stats {

struct Interval {
  double low = 0, high = 0;
};

double normal_quantile(double p);                                 // p in (0,1)
double t_quantile(double p, double df);                           // p in (0,1), df > 0
double t_below(double t, double df);                              // P(T <= t); also for t = ±infinity
double beta_quantile(double p, double a, double b);               // p in [0,1], a, b > 0
double binomial_below(std::int64_t k, std::int64_t n, double p);  // P(X <= k); 0 for k < 0
double log_choose(std::int64_t n, std::int64_t k);                // 0 <= k <= n

}  // namespace pawl::stats
