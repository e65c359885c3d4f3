// Tests that may be looked at after every observation.
#include "stats/sequential.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pawl::stats {
namespace {

Result<> check_level(double alpha) {
  if (!(alpha > 0 && alpha < 1)) return fail(ErrorKind::invalid, "alpha {} must lie between 0 and 1", alpha);
  return {};
}

Result<> check_values(std::span<const double> x) {
  if (x.empty()) return fail(ErrorKind::invalid, "there are no values");
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!(x[i] >= 0 && x[i] <= 1)) return fail(ErrorKind::invalid, "x[{}] is {}: values must lie in [0, 1]", i, x[i]);
  }
  return {};
}

// Both sides against one m, the better one after each observation.
class TwoSided {
 public:
  TwoSided(double m, double alpha, double theta, double c, Bets bets)
      : up_(m, true, bets, theta > 0 && theta < 1 ? alpha / 2 : alpha, c),
        down_(m, false, bets, theta > 0 && theta < 1 ? alpha / 2 : alpha, c),
        share_up_(std::log(theta)),
        share_down_(std::log(1 - theta)),
        uses_up_(theta > 0),
        uses_down_(theta < 1) {}
  double add(double x) {
    double most = -std::numeric_limits<double>::infinity();
    if (uses_up_) most = std::max(most, share_up_ + up_.add(x));
    if (uses_down_) most = std::max(most, share_down_ + down_.add(x));
    return most;
  }

 private:
  Wealth up_, down_;
  double share_up_, share_down_;
  bool uses_up_, uses_down_;
};

bool survives(std::span<const double> x, double m, double alpha) {
  TwoSided process(m, alpha, 0.5, 0.5, Bets::plug_in);
  const double limit = std::log(1 / alpha);
  for (const double one : x) {
    if (process.add(one) >= limit) return false;
  }
  return true;
}

}  // namespace

double Wealth::add(double x) {
  const double t = count_ + 1, variance = squares_ / t, mean = sum_ / t;  // of what came before
  double bet;
  if (bets_ == Bets::plug_in) {
    bet = std::sqrt(2 * std::log(1 / alpha_) / (variance * t * std::log(1 + t)));
  } else {
    const double edge = up_ ? mean - m_ : m_ - mean;
    bet = std::max(0.0, edge / (variance + edge * edge));
  }
  bet = std::min(bet, c_ / (up_ ? m_ : 1 - m_));
  log_e_ += std::log1p((up_ ? bet : -bet) * (x - m_));
  count_ = t;
  sum_ += x;
  const double off = x - sum_ / (t + 1);
  squares_ += off * off;
  return log_e_;
}

Result<EProcess> e_process(std::span<const double> x, double m, double alpha, double theta, double c, Bets bets) {
  TRY(check_level(alpha));
  TRY(check_values(x));
  if (!(m > 0 && m < 1)) return fail(ErrorKind::invalid, "m {} must lie between 0 and 1", m);
  if (!(theta >= 0 && theta <= 1)) return fail(ErrorKind::invalid, "theta {} must lie in [0, 1]", theta);
  if (!(c > 0 && c < 1)) return fail(ErrorKind::invalid, "c {} must lie between 0 and 1", c);
  TwoSided process(m, alpha, theta, c, bets);
  EProcess out{.max_log_e = -std::numeric_limits<double>::infinity()};
  const double limit = std::log(1 / alpha);
  for (std::size_t i = 0; i < x.size(); ++i) {
    out.log_e = process.add(x[i]);
    out.max_log_e = std::max(out.max_log_e, out.log_e);
    if (!out.first_crossing && out.log_e >= limit) out.first_crossing = static_cast<std::int64_t>(i) + 1;
  }
  return out;
}

// From both ends inwards to the first that survives: what lies between was never rejected by both ends' neighbours, and
// the hull is what is reported anyway.
Result<Interval> confidence_sequence(std::span<const double> x, double alpha, int grid) {
  TRY(check_level(alpha));
  TRY(check_values(x));
  if (grid < 2 || grid > 100'000) return fail(ErrorKind::invalid, "grid {} must be from 2 to 100000", grid);
  const double step = 1.0 / grid;
  int low = 1, high = grid - 1;
  while (low <= high && !survives(x, low * step, alpha)) ++low;
  while (high > low && !survives(x, high * step, alpha)) --high;
  if (low > high) {  // narrower than the grid: around the mean
    double sum = 0;
    for (const double one : x) sum += one;
    const double mean = sum / static_cast<double>(x.size());
    return Interval{std::max(0.0, mean - step), std::min(1.0, mean + step)};
  }
  return Interval{low == 1 ? 0 : low * step, high == grid - 1 ? 1 : high * step};
}

Result<Msprt> msprt(double n, double mean_diff, double variance, double tau2, double theta_0) {
  if (!(n > 0) || !(variance > 0) || !(tau2 > 0))
    return fail(ErrorKind::invalid, "n, variance and tau2 must be above 0");
  const double spread = variance + n * tau2, off = mean_diff - theta_0;
  Msprt out;
  out.log_lambda = 0.5 * std::log(variance / spread) + n * n * tau2 * off * off / (2 * variance * spread);
  out.p = std::min(1.0, std::exp(-out.log_lambda));
  return out;
}

std::string_view name_of(SequentialVerdict verdict) {
  constexpr std::string_view names[] = {"cannot_tell", "no_worse", "better", "worse"};
  return names[static_cast<std::size_t>(verdict)];
}

Result<Sequential> sequential_verdict(std::span<const std::pair<double, double>> pairs, double margin, double alpha,
                                      Bets bets) {
  TRY(check_level(alpha));
  if (!(margin > 0 && margin < 1)) return fail(ErrorKind::invalid, "margin {} must lie between 0 and 1", margin);
  Wealth pass((1 - margin) / 2, true, bets, alpha), better(0.5, true, bets, alpha), worse(0.5, false, bets, alpha);
  const double limit = std::log(1 / alpha);
  Sequential out;
  double gain = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto [a, b] = pairs[i];
    if (!(a >= 0 && a <= 1 && b >= 0 && b <= 1))
      return fail(ErrorKind::invalid, "pairs[{}] is [{}, {}]: values must lie in [0, 1]", i, a, b);
    if (out.decided_at) continue;  // still checked
    const double x = (b - a + 1) / 2;
    out.log_e_pass = std::max(out.log_e_pass, pass.add(x));
    out.log_e_worse = std::max(out.log_e_worse, worse.add(x));
    gain = std::max(gain, better.add(x));
    if (out.log_e_worse >= limit) {
      out.verdict = SequentialVerdict::worse;
    } else if (out.log_e_pass >= limit) {
      out.verdict = gain >= limit ? SequentialVerdict::better : SequentialVerdict::no_worse;
    } else {
      continue;
    }
    out.decided_at = static_cast<std::int64_t>(i) + 1;
  }
  return out;
}

}  // namespace pawl::stats
