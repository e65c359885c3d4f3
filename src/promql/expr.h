// PromQL as a tree: parse, print.
//
// The grammar is that of Prometheus 2.42 (documentation "Querying", source promql/parser), without native histograms.
// Limits: 64 KB of text, nesting 100.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "promql/labels.h"

namespace pawl::promql {

using Millis = std::int64_t;  // since 1970 UTC, or a length of time

enum class ValueType : std::uint8_t { scalar, text, vector, matrix };
std::string_view name_of(ValueType type);  // "scalar" "string" "instant vector" "range vector"

enum class Kind : std::uint8_t {
  number,     // number
  text,       // text
  selector,   // name, matchers
  window,     // args[0] is a selector: range
  subquery,   // args[0][range:step]
  call,       // name(args)
  aggregate,  // name [by|without (labels)] (args): the last one is the vector, one before it the parameter
  binary,     // args[0] name args[1]
  unary,      // name args[0]: "-" or "+"
  paren,      // (args[0])
};

// How the samples of two vectors find each other.
struct Matching {
  bool on = false;                  // labels are the only ones compared; else all but these
  std::vector<std::string> labels;  // sorted
  enum class Card : std::uint8_t { one_to_one, many_to_one, one_to_many } card = Card::one_to_one;
  std::vector<std::string> include;  // group_left(…), group_right(…)
};

enum class Anchor : std::uint8_t { none, time, start, end };  // @ 1.5, @ start(), @ end()

struct Expr {
  Kind kind = Kind::number;
  ValueType type = ValueType::scalar;
  std::size_t begin = 0, end = 0;  // bytes of the text
  double number = 0;
  std::string text;  // of a string
  std::string name;  // metric, function, aggregation or operator, in lower case but for metrics
  std::vector<Matcher> matchers;
  Millis range = 0, step = 0;  // of window and subquery; step 0: the usual one
  Millis offset = 0;           // of selector and subquery
  Anchor anchor = Anchor::none;
  Millis at = 0;                      // of Anchor::time
  bool without = false;               // of an aggregation
  bool grouped = false;               // has by or without
  std::vector<std::string> grouping;  // as written
  bool keeps_bool = false;            // a comparison with `bool`
  bool matches_given = false;         // has on or ignoring
  Matching matching;
  std::vector<Expr> args;
};

// The tree of a text, its types checked. `invalid`: "1:5: parse error: unclosed left parenthesis" (line and column).
Result<Expr> parse(std::string_view text);
// "5m", "1h30m" → milliseconds; nullopt on anything else.
std::optional<Millis> parse_duration(std::string_view text);
std::string print_duration(Millis length);
// A number as Prometheus writes a value: shortest, "+Inf", "-Inf", "NaN".
std::string print_value(double value);
// One line, as promtool formats it; parses to the same tree.
std::string print(const Expr& expr);

// What a function takes and gives.
struct Signature {
  std::string_view name;
  std::span<const ValueType> takes;
  int optional = 0;  // how many of the last may be left out; -1: the last may come any number of times
  ValueType gives = ValueType::vector;
};
const Signature* find_function(std::string_view name);
bool is_aggregation(std::string_view name);
bool is_comparison(std::string_view op);
bool is_set_operator(std::string_view op);

}  // namespace pawl::promql
