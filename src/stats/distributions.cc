// Quantiles and tails by Boost.Math, which reports no error by exceptions here.
#include "stats/distributions.h"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace pawl::stats {
namespace {

namespace policies = boost::math::policies;
using Quiet =
    policies::policy<policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
                     policies::overflow_error<policies::ignore_error>,
                     policies::underflow_error<policies::ignore_error>,
                     policies::evaluation_error<policies::ignore_error>,
                     policies::rounding_error<policies::ignore_error>, policies::promote_double<false>>;

}  // namespace

double normal_quantile(double p) {
  return boost::math::quantile(boost::math::normal_distribution<double, Quiet>(), p);
}

double t_quantile(double p, double df) {
  return boost::math::quantile(boost::math::students_t_distribution<double, Quiet>(df), p);
}

double t_below(double t, double df) {
  if (std::isinf(t)) return t < 0 ? 0 : 1;
  return boost::math::cdf(boost::math::students_t_distribution<double, Quiet>(df), t);
}

double beta_quantile(double p, double a, double b) {
  return boost::math::quantile(boost::math::beta_distribution<double, Quiet>(a, b), p);
}

double binomial_below(std::int64_t k, std::int64_t n, double p) {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return boost::math::cdf(boost::math::binomial_distribution<double, Quiet>(static_cast<double>(n), p),
                          static_cast<double>(k));
}

double log_choose(std::int64_t n, std::int64_t k) {
  const auto gamma = [](std::int64_t x) { return boost::math::lgamma(static_cast<double>(x) + 1, Quiet()); };
  return gamma(n) - gamma(k) - gamma(n - k);
}

}  // namespace pawl::stats
