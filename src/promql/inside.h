// What the rooms of the evaluator share.
#pragma once
#include <unordered_map>

#include "promql/eval.h"

namespace pawl::promql {

struct Point {
  Labels labels = nullptr;
  double value = 0;
};
struct Window {  // what a range holds of one series
  Labels labels = nullptr;
  std::span<const Sample> samples;
  std::span<const double> added;  // of an exact counter
  std::vector<Sample> own;        // where the samples were made for it
};
struct Value {
  ValueType type = ValueType::scalar;
  double scalar = 0;
  std::string text;
  std::vector<Point> vector;
  std::vector<Window> matrix;
};

struct Loaded {  // one series of a selector
  Labels labels = nullptr;
  Series series;
  std::size_t cursor = 0;  // of the last look: times mostly grow
};

struct Moment {  // where the evaluation stands
  Millis at = 0;
  Millis start = 0, end = 0;  // of the whole query, for @ start() and @ end()
};

struct Spell {  // the window a range function looks at
  Millis from = 0, to = 0;
  double seconds = 0;
};

class Evaluator {
 public:
  explicit Evaluator(const Limits& limits) : limits_(limits) {}
  Result<> load(const Expr& root, Millis first, Millis last, Millis step, const Source& source);
  Result<Value> value(const Expr& expr, const Moment& now);
  Interner& labels() { return labels_; }
  Result<> spend(std::uint64_t points);
  std::uint64_t spent() const { return spent_; }
  const Limits& limits() const { return limits_; }

 private:
  Result<Value> selector(const Expr& expr, const Moment& now);
  Result<std::vector<Window>> window(const Expr& expr, const Moment& now, Spell& spell);
  Result<std::vector<Window>> subquery(const Expr& expr, const Moment& now, Spell& spell);
  Result<Value> call(const Expr& expr, const Moment& now);
  Result<Value> range_call(const Expr& expr, const Moment& now);
  Result<Value> binary(const Expr& expr, const Moment& now);

  const Limits& limits_;
  Interner labels_;
  std::unordered_map<const Expr*, std::vector<Loaded>> loaded_;
  std::uint64_t spent_ = 0;
};

Millis looked_at(const Expr& modified, const Moment& now);  // with offset and @ of a selector or subquery

// windows.cc: a range function on one series; nullopt: it has no value.
using RangeFunction = std::optional<double> (*)(const Window&, const Spell&, std::span<const double> parameters);
RangeFunction find_range_function(std::string_view name);
bool drops_name(std::string_view range_function);
double quantile_of(std::vector<double> values, double q);

// instant.cc: functions of instant vectors, and those of none.
Result<Value> instant_call(Evaluator& run, const Expr& expr, std::vector<Value> args, const Moment& now);
// aggregate.cc
Result<Value> aggregated(Evaluator& run, const Expr& expr, const Value& parameter, std::vector<Point> vector);
// binary.cc
double arithmetic(std::string_view op, double a, double b, bool& holds);
Result<Value> joined(Evaluator& run, const Expr& expr, std::vector<Point> left, std::vector<Point> right);
// demand.cc: what the selectors of a tree need.
std::vector<Wanted> demand(const Expr& root, Millis first, Millis last, Millis step, const Limits& limits);

}  // namespace pawl::promql
