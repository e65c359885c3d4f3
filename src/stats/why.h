// Which values of one to three dimensions explain a change: a Poisson scan (Kulldorff 1997) over all sets of values.
//   LLR = a ln(a/f) + (A−a) ln((A−a)/(F−f)) − A ln(A/F)       a, f: what there was and was expected in the set; A, F:
//   in all
// Only sets that changed more than the rest, in the direction of the whole, with more than 2 % of the change; the
// answer is the set of fewest dimensions within 97 % of the best. It is taken out, and again, up to three times, while
// more than 10 % of the change is left.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace pawl::stats {

struct Leaf {                         // one finest combination of the dimensions
  std::vector<std::uint32_t> values;  // an id of the value in each dimension, as the caller numbers them
  double expected = 0, actual = 0;    // both ≥ 0; ratios: numerators, expected = denominator now × ratio before
};
struct Cause {
  std::vector<std::pair<std::size_t, std::uint32_t>> where;  // dimension, value; 1 to 3, by dimension
  double expected = 0, actual = 0;
  double share = 0;  // of the whole change
  double llr = 0;
};
inline constexpr std::size_t most_leaves = 5000, most_dimensions = 6;

// At most 6 dimensions; beyond 5,000 leaves those that changed least are left out of the sets (not of the whole).
std::vector<Cause> explain(std::vector<Leaf> leaves, std::size_t dimensions, std::size_t most = 3);

}  // namespace pawl::stats
