// PromQL evaluated over samples: at one time, or at steps of a range.
//
// Semantics are those of Prometheus 2.42: a selector takes the newest sample of the last five minutes, a range selector
// [t-d, t], rate and increase extrapolate. Series of exact counters (Series::added) are Pawl's own: a measure that is a
// sum of what happened, so increase(x[d]) is the sum of what was added in (t-d, t] to the last bit, rate is that ÷ d,
// and neither extrapolates (docs/reference/prometheus.md).
#pragma once
#include <functional>

#include "promql/expr.h"

namespace pawl::promql {

struct Sample {
  Millis at = 0;
  double value = 0;
};

struct Series {
  Pairs labels;
  std::vector<Sample> samples;  // in order of time
  // Of an exact counter, one for each sample: by how much it grew since the one before. Its value holds until the next
  // sample, however late that is.
  std::vector<double> added;
  Millis resolution = 60'000;  // of an exact counter: how far apart a scraper would see it
};

// What a selector needs, over the whole evaluation.
struct Wanted {
  const Expr* selector = nullptr;
  Millis from = 0, to = 0;               // of samples, both included; reaches back as far as ranges do
  Millis first = 0, last = 0, step = 0;  // the times at which it is looked at; step 0: once
  Millis range = 0;                      // of the range selector around it, 0 for none
  std::string function;                  // "increase": what is called on the range selector; or ""
  // Where it stands under sum, through functions that add up (rate, increase): these labels are enough.
  bool summed = false;
  std::vector<std::string> grouping;  // where summed; without: never
  std::vector<std::string> named;     // labels that aggregations and operators around it ask for (by, on, group_left)
};

// The series of each selector, in order; asked once.
using Source = std::function<Result<std::vector<std::vector<Series>>>(const std::vector<Wanted>&)>;

struct Limits {
  std::size_t steps = 11'000;         // of a range
  std::uint64_t points = 20'000'000;  // looked at, over all steps
  Millis lookback = 300'000;
  Millis usual_step = 60'000;            // of a subquery that names none
  std::function<bool()> stop = nullptr;  // true: the asker has gone, or the time is up
};

struct Line {  // of a matrix
  Pairs labels;
  std::vector<Sample> samples;
};
struct Answer {
  ValueType type = ValueType::vector;
  double scalar = 0;
  std::string text;
  std::vector<Line> lines;  // of a vector each has one sample
  std::uint64_t points = 0;
};

// `invalid`: cannot be evaluated ("found duplicate series …"), `exhausted`: too many points, `unavailable`: stopped.
Result<Answer> evaluate(const Expr& expr, Millis at, const Source& source, const Limits& limits);
// end ≥ start, step > 0; the type of `expr` is scalar or vector, else `invalid`.
Result<Answer> evaluate(const Expr& expr, Millis start, Millis end, Millis step, const Source& source,
                        const Limits& limits);

}  // namespace pawl::promql
