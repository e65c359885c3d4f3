// Seasonal-trend decomposition by LOESS (Cleveland, Cleveland, McRae, Terpenning 1990): y = trend + season + rest.
// Degree 1 everywhere, no jumps: the published algorithm, equal to statsmodels' to 1e-6
// (tests/fixtures/series/stl.json).
#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace pawl::stats {

struct StlSettings {
  std::size_t period = 24;
  std::size_t seasonal = 7;  // length of the seasonal smoother, odd
  std::size_t trend = 0;     // 0: the smallest odd number > 1.5 period / (1 − 1.5 / seasonal)
  bool robust = true;        // 2 inner and 15 outer iterations with bisquare weights; else 5 and 0
};
struct Stl {
  std::vector<double> trend, season, rest, weights;
  double middle = 0, spread = 0;  // of the rest: median, 1.4826 · median |r − median|
};
// At least two periods of finite numbers; otherwise everything is empty.
Stl decompose(std::span<const double> y, const StlSettings& settings = {});

}  // namespace pawl::stats
