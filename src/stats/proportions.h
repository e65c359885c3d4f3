// Intervals and tests for counts of independent trials. Not for several trials of one case: those go through means.h.
#pragma once
#include <cstdint>

#include "base/result.h"
#include "stats/distributions.h"

namespace pawl::stats {

// Counts may be fractions (an effective number of trials). `invalid` where n is no more than 0, or x is not in [0, n].
Result<Interval> wilson(double x, double n, double confidence = 0.95);           // Wilson 1927
Result<Interval> clopper_pearson(double x, double n, double confidence = 0.95);  // quantiles of Beta

struct Difference {
  double diff = 0;  // p1 - p2
  Interval ci;
};
// Two independent samples: Newcombe 1998a (Stat Med 17:873), method 10.
Result<Difference> newcombe(double x1, double n1, double x2, double n2, double confidence = 0.95);
// One boolean trial of each case on both sides: Newcombe 1998b (Stat Med 17:2635), method 10.
struct PairedCounts {
  double both = 0, only_1 = 0, only_2 = 0, neither = 0;
};
Result<Difference> newcombe_paired(const PairedCounts& counts, double confidence = 0.95);

// b and c are the discordant cases. exact = 2 P(Bin(b+c, 1/2) <= min), at most 1; mid = 2 P(<= min) - P(= min)
// (Fagerland 2013). b + c = 0: both 1.
struct McNemar {
  double p_exact = 1, p_mid = 1;
};
Result<McNemar> mcnemar(std::int64_t b, std::int64_t c);

// x1 of n1 against x2 of n2, margins fixed (hypergeometric). less: P(as few or fewer in the second); two_sided: tables
// no more likely than the seen one, with a tolerance of 1e-7 as R has it.
struct Fisher {
  double less = 1, two_sided = 1;
};
Result<Fisher> fisher(std::int64_t x1, std::int64_t n1, std::int64_t x2, std::int64_t n2);

}  // namespace pawl::stats
