// Functions and their types; what operators take.
#include "promql/check.h"

#include <algorithm>
#include <array>

#include "promql/lex.h"

namespace pawl::promql {
namespace {

using enum ValueType;
constexpr ValueType takes_vector[] = {vector};
constexpr ValueType takes_matrix[] = {matrix};
constexpr ValueType takes_scalar[] = {scalar};
constexpr ValueType vector_scalar[] = {vector, scalar};
constexpr ValueType vector_scalars[] = {vector, scalar, scalar};
constexpr ValueType scalar_vector[] = {scalar, vector};
constexpr ValueType scalar_matrix[] = {scalar, matrix};
constexpr ValueType matrix_scalar[] = {matrix, scalar};
constexpr ValueType matrix_scalars[] = {matrix, scalar, scalar};
constexpr ValueType replaces[] = {vector, text, text, text, text};
constexpr ValueType joins[] = {vector, text, text, text};

constexpr auto functions = std::to_array<Signature>({
    {"abs", takes_vector},
    {"absent", takes_vector},
    {"absent_over_time", takes_matrix},
    {"acos", takes_vector},
    {"acosh", takes_vector},
    {"asin", takes_vector},
    {"asinh", takes_vector},
    {"atan", takes_vector},
    {"atanh", takes_vector},
    {"avg_over_time", takes_matrix},
    {"ceil", takes_vector},
    {"changes", takes_matrix},
    {"clamp", vector_scalars},
    {"clamp_max", vector_scalar},
    {"clamp_min", vector_scalar},
    {"cos", takes_vector},
    {"cosh", takes_vector},
    {"count_over_time", takes_matrix},
    {"day_of_month", takes_vector, 1},
    {"day_of_week", takes_vector, 1},
    {"day_of_year", takes_vector, 1},
    {"days_in_month", takes_vector, 1},
    {"deg", takes_vector},
    {"delta", takes_matrix},
    {"deriv", takes_matrix},
    {"exp", takes_vector},
    {"floor", takes_vector},
    {"histogram_quantile", scalar_vector},
    {"holt_winters", matrix_scalars},
    {"hour", takes_vector, 1},
    {"idelta", takes_matrix},
    {"increase", takes_matrix},
    {"irate", takes_matrix},
    {"label_join", joins, -1},
    {"label_replace", replaces},
    {"last_over_time", takes_matrix},
    {"ln", takes_vector},
    {"log10", takes_vector},
    {"log2", takes_vector},
    {"max_over_time", takes_matrix},
    {"min_over_time", takes_matrix},
    {"minute", takes_vector, 1},
    {"month", takes_vector, 1},
    {"pi", {}, 0, scalar},
    {"predict_linear", matrix_scalar},
    {"present_over_time", takes_matrix},
    {"quantile_over_time", scalar_matrix},
    {"rad", takes_vector},
    {"rate", takes_matrix},
    {"resets", takes_matrix},
    {"round", vector_scalar, 1},
    {"scalar", takes_vector, 0, scalar},
    {"sgn", takes_vector},
    {"sin", takes_vector},
    {"sinh", takes_vector},
    {"sort", takes_vector},
    {"sort_desc", takes_vector},
    {"sqrt", takes_vector},
    {"stddev_over_time", takes_matrix},
    {"stdvar_over_time", takes_matrix},
    {"sum_over_time", takes_matrix},
    {"tan", takes_vector},
    {"tanh", takes_vector},
    {"time", {}, 0, scalar},
    {"timestamp", takes_vector},
    {"vector", takes_scalar},
    {"year", takes_vector, 1},
});

std::unexpected<Error> mistyped(std::string_view text, const Expr& at, ValueType wanted, std::string_view where) {
  return parse_error(text, at.begin,
                     fmt::format("expected type {} in {}, got {}", name_of(wanted), where, name_of(at.type)));
}

// The text of a string argument, in or out of parentheses.
bool is_parameterised(std::string_view aggregation) {
  for (const std::string_view name : {"topk", "bottomk", "quantile", "count_values"})
    if (aggregation == name) return true;
  return false;
}

}  // namespace

std::string_view name_of(ValueType type) {
  switch (type) {
    case scalar:
      return "scalar";
    case text:
      return "string";
    case vector:
      return "instant vector";
    case matrix:
      return "range vector";
  }
  return "";
}

const Signature* find_function(std::string_view name) {
  const auto found = std::ranges::find(functions, name, &Signature::name);
  return found == functions.end() ? nullptr : &*found;
}

bool is_aggregation(std::string_view name) {
  for (const std::string_view known : {"sum", "avg", "count", "min", "max", "group", "stddev", "stdvar", "topk",
                                       "bottomk", "count_values", "quantile"})
    if (name == known) return true;
  return false;
}

bool is_comparison(std::string_view op) {
  for (const std::string_view known : {"==", "!=", "<", ">", "<=", ">="})
    if (op == known) return true;
  return false;
}

bool is_set_operator(std::string_view op) {
  return op == "and" || op == "or" || op == "unless";
}

Result<> check_call(std::string_view text, const Expr& call, const Signature& function) {
  const std::size_t most = function.takes.size();
  const std::size_t least = most - static_cast<std::size_t>(std::abs(function.optional));
  const auto wrong = [&](std::string_view how, std::size_t count) {
    return parse_error(text, call.begin,
                       fmt::format("expected {}{} argument(s) in call to {}, got {}", how, count, quoted(call.name),
                                   call.args.size()));
  };
  if (function.optional == 0 && call.args.size() != most) return wrong("", most);
  if (call.args.size() < least) return wrong("at least ", least);
  if (function.optional > 0 && call.args.size() > most) return wrong("at most ", most);
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    const ValueType wanted = function.takes[std::min(i, most - 1)];
    if (call.args[i].type != wanted)
      return mistyped(text, call.args[i], wanted, fmt::format("call to function {}", quoted(call.name)));
  }
  return {};
}

Result<> check_aggregation(std::string_view text, const Expr& out) {
  const std::size_t wanted = is_parameterised(out.name) ? 2 : 1;
  if (out.args.size() != wanted) {
    return parse_error(text, out.begin,
                       fmt::format("wrong number of arguments for aggregate expression provided, "
                                   "expected {}, got {}",
                                   wanted, out.args.size()));
  }
  if (out.args.back().type != vector) return mistyped(text, out.args.back(), vector, "aggregation expression");
  if (wanted == 1) return {};
  const ValueType parameter = out.name == "count_values" ? ValueType::text : scalar;
  if (out.args[0].type != parameter) return mistyped(text, out.args[0], parameter, "aggregation parameter");
  return {};
}

Result<> check_binary(std::string_view text, Expr& out) {
  const Expr &left = out.args[0], &right = out.args[1];
  for (const Expr& side : out.args)
    if (side.type != scalar && side.type != vector)
      return parse_error(text, side.begin, "binary expression must contain only scalar and instant vector types");
  const bool both = left.type == vector && right.type == vector;
  out.type = left.type == vector || right.type == vector ? vector : scalar;
  if (out.keeps_bool && !is_comparison(out.name))
    return parse_error(text, out.begin, "bool modifier can only be used on comparison operators");
  if (is_comparison(out.name) && out.type == scalar && !out.keeps_bool)
    return parse_error(text, out.begin, "comparisons between scalars must use BOOL modifier");
  if (is_set_operator(out.name)) {
    if (!both)
      return parse_error(text, out.begin,
                         fmt::format("set operator {} not allowed in binary scalar expression", quoted(out.name)));
    if (out.matching.card != Matching::Card::one_to_one)
      return parse_error(text, out.begin, fmt::format("no grouping allowed for {} operation", quoted(out.name)));
  }
  if (out.matches_given && !both)
    return parse_error(text, out.begin, "vector matching only allowed between instant vectors");
  if (out.matching.on)
    for (const std::string& label : out.matching.include)
      if (std::ranges::find(out.matching.labels, label) != out.matching.labels.end())
        return parse_error(text, out.begin,
                           fmt::format("label {} must not occur in ON and GROUP clause at once", quoted(label)));
  return {};
}

}  // namespace pawl::promql
