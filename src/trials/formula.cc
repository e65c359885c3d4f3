// Formulas, by muParser: it is given these functions and names, and knows no others.
#include "formula.h"

#include <muParser.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace pawl::trials {
namespace {

double least_of(const double* all, int count) {
  return *std::min_element(all, all + count);
}
double greatest_of(const double* all, int count) {
  return *std::max_element(all, all + count);
}

// muParser's own operators also compare, choose and assign: those signs are let through by nobody.
constexpr std::string_view signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ .,+-*/^()\t\r\n";
constexpr std::string_view functions[] = {"min", "max", "abs", "floor", "ceil", "exp", "sqrt", "log", "pi", "e"};

void define(mu::Parser& parser, std::span<const std::string> names, std::span<double> values) {
  parser.ClearFun();
  parser.ClearConst();
  parser.DefineFun("min", least_of);
  parser.DefineFun("max", greatest_of);
  using One = double (*)(double);
  parser.DefineFun("abs", One{[](double x) { return std::abs(x); }});
  parser.DefineFun("floor", One{[](double x) { return std::floor(x); }});
  parser.DefineFun("ceil", One{[](double x) { return std::ceil(x); }});
  parser.DefineFun("exp", One{[](double x) { return std::exp(x); }});
  parser.DefineFun("sqrt", One{[](double x) { return std::sqrt(x); }});
  parser.DefineFun("log", One{[](double x) { return std::log(x); }});
  for (const auto& [name, value] : {std::pair{"pi", M_PI}, std::pair{"e", M_E}})
    if (std::ranges::find(names, std::string_view(name)) == names.end()) parser.DefineConst(name, value);
  for (std::size_t i = 0; i < names.size(); ++i) parser.DefineVar(names[i], &values[i]);
}

}  // namespace

Result<> check_formula(const std::string& formula, std::span<const std::string> names) {
  if (formula.empty() || formula.size() > most_formula_bytes)
    return fail(ErrorKind::invalid, "a formula has 1 to {} bytes", most_formula_bytes);
  if (const auto at = formula.find_first_not_of(signs); at != std::string::npos)
    return fail(ErrorKind::invalid, "the formula has, at byte {}, a sign that is none of + - * / ^ ( ) and a comma",
                at);
  for (const std::string& name : names)
    if (std::ranges::find(functions, name) != std::end(functions) && name != "e" && name != "pi")
      return fail(ErrorKind::invalid, "{} is a function, and no name of a part", name);
  std::vector<double> values(names.size(), 1);
  try {
    mu::Parser parser;
    define(parser, names, values);
    parser.SetExpr(formula);
    parser.Eval();
    if (parser.GetNumResults() != 1) return fail(ErrorKind::invalid, "the formula has more than one result");
  } catch (const mu::ParserError& wrong) {
    return fail(ErrorKind::invalid, "the formula is wrong: {}", wrong.GetMsg());
  }
  return {};
}

std::optional<double> reckon(const std::string& formula, std::span<const std::string> names,
                             std::span<const double> values) {
  std::vector<double> own(values.begin(), values.end());
  try {
    mu::Parser parser;
    define(parser, names, own);
    parser.SetExpr(formula);
    const double out = parser.Eval();
    return std::isfinite(out) ? std::optional(out) : std::nullopt;
  } catch (const mu::ParserError&) {
    return std::nullopt;
  }
}

}  // namespace pawl::trials
