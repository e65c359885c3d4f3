// Means over cases with honest error bars.
#include "stats/means.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/rng.h"

namespace pawl::stats {
namespace {

constexpr double endless = std::numeric_limits<double>::infinity();

Result<> check_share(double share, std::string_view name) {
  if (!(share > 0 && share < 1)) return fail(ErrorKind::invalid, "{} {} must lie between 0 and 1", name, share);
  return {};
}

Result<CaseDifferences> tested(std::span<const PairedCase> cases, double margin, double alpha) {
  TRY(check_share(alpha, "alpha"));
  if (!(margin >= 0) || !std::isfinite(margin))
    return fail(ErrorKind::invalid, "margin {} must not be below 0", margin);
  CaseDifferences d(TRY(differences(cases)));
  if (!d.tells()) return fail(ErrorKind::invalid, "one case has no error bar: at least two are needed on both sides");
  return d;
}

}  // namespace

double mean_of(std::span<const double> values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double variance_of(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double sum = 0;
  for (const double x : values) sum += (x - mean) * (x - mean);
  return sum / static_cast<double>(values.size() - 1);
}

Result<MeanError> mean_se(std::span<const Values> cases, double confidence) {
  TRY(check_share(confidence, "confidence"));
  Values all, means;
  for (const auto& one : cases) {
    all.insert(all.end(), one.begin(), one.end());
    if (!one.empty()) means.push_back(mean_of(one));
  }
  if (means.size() < 2)
    return fail(ErrorKind::invalid, "{} case{} no error bar: at least two are needed", means.size(),
                means.size() == 1 ? " has" : "s have");
  MeanError out;
  out.mean = mean_of(all);
  const double n = static_cast<double>(all.size()), groups = static_cast<double>(means.size());
  out.se_naive = std::sqrt(variance_of(all) / n);
  double sum = 0;
  for (const auto& one : cases) {
    double of_case = 0;
    for (const double x : one) of_case += x - out.mean;
    sum += of_case * of_case;
  }
  out.se_clustered = std::sqrt(sum) / n;
  out.df = groups - 1;
  out.se_clustered_cr1 = out.se_clustered * std::sqrt(groups / out.df);
  const double half = t_quantile((1 + confidence) / 2, out.df) * out.se_clustered_cr1;
  out.ci = {out.mean - half, out.mean + half};
  out.case_mean = mean_of(means);
  out.case_mean_se = std::sqrt(variance_of(means) / groups);
  return out;
}

CaseDifferences::CaseDifferences(std::span<const double> d, std::span<const std::uint32_t> families, double range)
    : mean_(mean_of(d)), variance_(variance_of(d)), range_(range), count_(d.size()), groups_(d.size()) {
  std::map<std::uint32_t, double> sums;
  double most = 0, farthest = 0, squares = 0;
  for (std::size_t i = 0; i < d.size(); ++i) {
    const double off = d[i] - mean_;
    most = std::max(most, std::abs(d[i]));
    farthest = std::max(farthest, std::abs(off));
    if (families.empty()) {
      squares += off * off;
    } else {
      sums[families[i]] += off;
    }
  }
  if (!families.empty()) {
    groups_ = sums.size();
    for (const auto& [family, sum] : sums) squares += sum * sum;
  }
  all_equal_ = farthest <= 1e-9 * most;
  range_ = std::max(range_, std::abs(mean_));
  if (all_equal_ || groups_ < 2) return;
  const double groups = static_cast<double>(groups_);
  se_ = std::sqrt(squares) / static_cast<double>(count_) * std::sqrt(groups / (groups - 1));
  // Families whose differences cancel out have no error to estimate either.
  if (se_ <= 1e-12 * most) all_equal_ = true, se_ = 0;
}

double CaseDifferences::t(double value) const {
  return se_ > 0 ? (mean_ - value) / se_ : 0;
}

double CaseDifferences::lower(double alpha) const {
  if (!tells()) return -endless;
  if (all_equal_) return mean_ - (1 - std::pow(alpha, 1 / static_cast<double>(groups_))) * (range_ + mean_);
  return mean_ - t_quantile(1 - alpha, df()) * se_;
}

double CaseDifferences::upper(double alpha) const {
  if (!tells()) return endless;
  if (all_equal_) return mean_ + (1 - std::pow(alpha, 1 / static_cast<double>(groups_))) * (range_ - mean_);
  return mean_ + t_quantile(1 - alpha, df()) * se_;
}

// Where all are equal: the alpha at which the bound of above meets `value`.
double CaseDifferences::p_below(double value) const {
  if (!tells()) return 1;
  if (!all_equal_) return t_below(t(value), df());
  if (value <= mean_) return 1;
  if (value >= range_) return 0;
  return std::pow((range_ - value) / (range_ - mean_), static_cast<double>(groups_));
}

double CaseDifferences::p_above(double value) const {
  if (!tells()) return 1;
  if (!all_equal_) return t_below(-t(value), df());
  if (value >= mean_) return 1;
  if (value <= -range_) return 0;
  return std::pow((range_ + value) / (range_ + mean_), static_cast<double>(groups_));
}

double CaseDifferences::p_two_sided() const {
  return std::min(1.0, 2 * std::min(p_below(0), p_above(0)));
}

Result<Values> differences(std::span<const PairedCase> cases) {
  Values out;
  for (const auto& one : cases) {
    if (!one.a.empty() && !one.b.empty()) out.push_back(mean_of(one.b) - mean_of(one.a));
  }
  if (out.empty()) return fail(ErrorKind::invalid, "no case has trials on both sides");
  return out;
}

Result<Paired> paired(std::span<const PairedCase> cases, double confidence) {
  TRY(check_share(confidence, "confidence"));
  const CaseDifferences d(TRY(differences(cases)));
  Paired out{.cases = d.count(), .dropped = cases.size() - d.count(), .diff = d.mean()};
  if (!d.tells()) return out;
  const double alpha = (1 - confidence) / 2;
  out.se = d.se();
  if (!d.all_equal()) out.t = d.t(0);
  out.p = d.p_two_sided();
  out.ci = Interval{d.lower(alpha), d.upper(alpha)};
  Values a, b;
  for (const auto& one : cases) {
    if (one.a.empty() || one.b.empty()) continue;
    a.push_back(mean_of(one.a));
    b.push_back(mean_of(one.b));
  }
  out.se_unpaired = std::sqrt((variance_of(a) + variance_of(b)) / static_cast<double>(a.size()));
  return out;
}

Result<NonInferiority> noninferiority(std::span<const PairedCase> cases, double margin, double alpha) {
  const auto d = TRY(tested(cases, margin, alpha));
  NonInferiority out{.diff = d.mean(), .p = d.p_above(-margin), .lower = d.lower(alpha)};
  if (!d.all_equal()) out.t = d.t(-margin);
  out.noninferior = out.p <= alpha;
  return out;
}

Result<Equivalence> equivalence(std::span<const PairedCase> cases, double margin, double alpha) {
  const auto d = TRY(tested(cases, margin, alpha));
  Equivalence out{.p_lower = d.p_above(-margin), .p_upper = d.p_below(margin)};
  out.p = std::max(out.p_lower, out.p_upper);
  out.equivalent = out.p <= alpha;
  return out;
}

double sign_flip(std::span<const double> differences, std::uint64_t seed) {
  Values d;
  for (const double x : differences) {
    if (x != 0) d.push_back(x);  // its sign changes no sum
  }
  const double seen = std::abs(std::accumulate(d.begin(), d.end(), 0.0)) - 1e-12;
  if (d.size() <= 20) {
    // Gray code: each step flips one sign. Sums are taken anew every 1,024 steps, so that rounding does not add up.
    const std::uint32_t all = 1u << d.size();
    std::uint32_t hits = 0, signs = 0;
    double sum = 0;
    for (std::uint32_t i = 0; i < all; ++i) {
      if (i % 1024 == 0) {
        signs = i ^ (i >> 1);
        sum = 0;
        for (std::size_t k = 0; k < d.size(); ++k) sum += (signs >> k) & 1 ? -d[k] : d[k];
      } else {
        const auto k = static_cast<std::size_t>(std::countr_zero(i));
        signs ^= 1u << k;
        sum += (signs >> k) & 1 ? -2 * d[k] : 2 * d[k];
      }
      hits += std::abs(sum) >= seen;
    }
    return static_cast<double>(hits) / static_cast<double>(all);
  }
  constexpr int flips = 100'000;
  SeededRandom random(seed);
  int hits = 0;
  for (int i = 0; i < flips; ++i) {
    double sum = 0;
    std::uint64_t bits = 0;
    for (std::size_t k = 0; k < d.size(); ++k, bits >>= 1) {
      if (k % 64 == 0) bits = random.next();
      sum += bits & 1 ? d[k] : -d[k];
    }
    hits += std::abs(sum) >= seen;
  }
  return static_cast<double>(hits + 1) / static_cast<double>(flips + 1);
}

}  // namespace pawl::stats
