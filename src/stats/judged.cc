// Corrections of a judge's mean.
#include "stats/judged.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "stats/means.h"

namespace pawl::stats {
namespace {

Result<double> z_of(double confidence) {
  if (!(confidence > 0 && confidence < 1))
    return fail(ErrorKind::invalid, "confidence {} must lie between 0 and 1", confidence);
  return normal_quantile((1 + confidence) / 2);
}

double spread_of(std::span<const double> x) {  // divides by n
  const double n = static_cast<double>(x.size());
  return variance_of(x) * (n - 1) / n;
}

// Lang & Reiczigel 2014 (Prev Vet Med 113:13): Agresti–Coull counts for all three proportions.
Interval lang_reiczigel(double z, double n, double p, double positives, double se, double negatives, double sp) {
  const double n1 = n + z * z, p1 = (n * p + z * z / 2) / n1;
  const double n2 = positives + 2, se1 = (positives * se + 1) / n2;
  const double n3 = negatives + 2, sp1 = (negatives * sp + 1) / n3;
  const double scale = se1 + sp1 - 1, rate = (p1 + sp1 - 1) / scale;
  const double of_se = se1 * (1 - se1) / n2, of_sp = sp1 * (1 - sp1) / n3;
  const double shift = 2 * z * z * (rate * of_se - (1 - rate) * of_sp);
  const double error =
      std::sqrt(p1 * (1 - p1) / n1 + rate * rate * of_se + (1 - rate) * (1 - rate) * of_sp) / std::abs(scale);
  return {std::clamp(rate + shift - z * error, 0.0, 1.0), std::clamp(rate + shift + z * error, 0.0, 1.0)};
}

}  // namespace

Result<RoganGladen> rogan_gladen(const JudgeCounts& k, double confidence) {
  const double z = TRY(z_of(confidence));
  if (k.judged < 1 || k.judged_pass < 0 || k.judged_pass > k.judged)
    return fail(ErrorKind::invalid, "{} passes of {} judged cannot be", k.judged_pass, k.judged);
  if (std::min({k.tp, k.fn, k.tn, k.fp}) < 0) return fail(ErrorKind::invalid, "a count is below 0");
  const double positives = static_cast<double>(k.tp) + static_cast<double>(k.fn);
  const double negatives = static_cast<double>(k.tn) + static_cast<double>(k.fp);
  if (positives == 0 || negatives == 0)
    return fail(ErrorKind::invalid, "labels of both classes are needed: {} passes, {} failures", positives, negatives);
  RoganGladen out;
  out.sensitivity = static_cast<double>(k.tp) / positives;
  out.specificity = static_cast<double>(k.tn) / negatives;
  out.uncorrected = static_cast<double>(k.judged_pass) / static_cast<double>(k.judged);
  const double scale = out.sensitivity + out.specificity - 1;
  if (scale <= 1e-12)
    return fail(ErrorKind::invalid,
                "the judge is no better than chance (sensitivity {:.3f}, specificity {:.3f}): nothing can be corrected",
                out.sensitivity, out.specificity);
  out.unclipped = (out.uncorrected + out.specificity - 1) / scale;
  out.corrected = std::clamp(out.unclipped, 0.0, 1.0);
  out.ci = lang_reiczigel(z, static_cast<double>(k.judged), out.uncorrected, positives, out.sensitivity, negatives,
                          out.specificity);
  return out;
}

Result<Ppi> ppi_mean(std::span<const double> y, std::span<const double> judge, std::span<const double> unlabelled,
                     std::optional<double> lambda, double confidence) {
  const double z = TRY(z_of(confidence));
  if (y.size() != judge.size())
    return fail(ErrorKind::invalid, "{} labels and {} judged: they must be of the same items", y.size(), judge.size());
  if (y.size() < 2 || unlabelled.size() < 2)
    return fail(ErrorKind::invalid, "at least two labelled and two unlabelled items are needed");
  const double n = static_cast<double>(y.size()), others = static_cast<double>(unlabelled.size());
  if (!lambda) {
    std::vector<double> all(judge.begin(), judge.end());
    all.insert(all.end(), unlabelled.begin(), unlabelled.end());
    const double mean_y = mean_of(y), mean_f = mean_of(judge), variance = variance_of(all);
    double covariance = 0;
    for (std::size_t i = 0; i < y.size(); ++i) covariance += (y[i] - mean_y) * (judge[i] - mean_f) / n;
    lambda = variance > 0 ? std::clamp(covariance / ((1 + n / others) * variance), 0.0, 1.0) : 0;
  }
  std::vector<double> rest(y.begin(), y.end());
  for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= *lambda * judge[i];
  Ppi out{.lambda = *lambda};
  out.estimate = *lambda * mean_of(unlabelled) + mean_of(rest);
  out.se = std::sqrt(*lambda * *lambda * spread_of(unlabelled) / others + spread_of(rest) / n);
  out.ci = {out.estimate - z * out.se, out.estimate + z * out.se};
  return out;
}

}  // namespace pawl::stats
