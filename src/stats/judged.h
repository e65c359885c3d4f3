// What a judge's scores say about the truth, given some that people have labelled too.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "stats/distributions.h"

namespace pawl::stats {

struct JudgeCounts {  // judged_pass of judged passed; of those labelled by people: hits and misses of the judge
  std::int64_t judged = 0, judged_pass = 0;
  std::int64_t tp = 0, fn = 0, tn = 0, fp = 0;
};
struct RoganGladen {
  double sensitivity = 0, specificity = 0;
  double uncorrected = 0;  // the judge's own rate
  double unclipped = 0;    // (p + Sp - 1) / (Se + Sp - 1)
  double corrected = 0;    // that, clipped to [0,1]
  Interval ci;             // Lang & Reiczigel 2014
};
// `invalid` where Se + Sp <= 1: the judge is no better than chance; or where a class has no labels.
Result<RoganGladen> rogan_gladen(const JudgeCounts& counts, double confidence = 0.95);

struct Ppi {
  double estimate = 0, se = 0, lambda = 0;
  Interval ci;
};
// Prediction-powered mean (PPI++, Angelopoulos et al. 2024): y by people and f by the judge for the same items, and f
// for items without a label. lambda as the variance asks for it, clipped to [0,1], where none is given.
Result<Ppi> ppi_mean(std::span<const double> y, std::span<const double> judge, std::span<const double> unlabelled,
                     std::optional<double> lambda, double confidence = 0.95);

}  // namespace pawl::stats
