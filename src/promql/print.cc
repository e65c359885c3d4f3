// Tree → text.
#include "base/text.h"
#include "promql/expr.h"

namespace pawl::promql {
namespace {

std::string modifiers(const Expr& expr) {
  std::string out;
  if (expr.anchor == Anchor::time) out += fmt::format(" @ {:.3f}", static_cast<double>(expr.at) / 1000);
  if (expr.anchor == Anchor::start) out += " @ start()";
  if (expr.anchor == Anchor::end) out += " @ end()";
  if (expr.offset > 0) out += fmt::format(" offset {}", print_duration(expr.offset));
  if (expr.offset < 0) out += fmt::format(" offset -{}", print_duration(-expr.offset));
  return out;
}

std::string selector(const Expr& expr) {
  std::string out = expr.name, inside;
  for (const Matcher& matcher : expr.matchers)
    if (matcher.name != metric_name || expr.name.empty())
      inside += fmt::format("{}{}", inside.empty() ? "" : ", ", matcher.text());
  const bool reads_as_number = equals_ignoring_case(expr.name, "inf") || equals_ignoring_case(expr.name, "nan");
  if (!inside.empty() || reads_as_number) out += fmt::format("{{{}}}", inside);
  return out;
}

std::string arguments(const Expr& expr) {
  std::vector<std::string> out;
  for (const Expr& argument : expr.args) out.push_back(print(argument));
  return fmt::format("({})", join(out, ", "));
}

std::string binary(const Expr& expr) {
  std::string out = fmt::format("{} {}", print(expr.args[0]), expr.name);
  if (expr.keeps_bool) out += " bool";
  if (expr.matches_given) {
    out += fmt::format(" {} ({})", expr.matching.on ? "on" : "ignoring", join(expr.matching.labels, ", "));
    if (expr.matching.card != Matching::Card::one_to_one)
      out += fmt::format(" {} ({})", expr.matching.card == Matching::Card::many_to_one ? "group_left" : "group_right",
                         join(expr.matching.include, ", "));
  }
  return fmt::format("{} {}", out, print(expr.args[1]));
}

}  // namespace

std::string print(const Expr& expr) {
  switch (expr.kind) {
    case Kind::number:
      return print_value(expr.number);
    case Kind::text:
      return quoted(expr.text);
    case Kind::selector:
      return selector(expr) + modifiers(expr);
    case Kind::window:
      return fmt::format("{}[{}]{}", selector(expr.args[0]), print_duration(expr.range), modifiers(expr.args[0]));
    case Kind::subquery:
      return fmt::format("{}[{}:{}]{}", print(expr.args[0]), print_duration(expr.range),
                         expr.step == 0 ? "" : print_duration(expr.step), modifiers(expr));
    case Kind::call:
      return expr.name + arguments(expr);
    case Kind::aggregate:
      if (!expr.grouped) return expr.name + arguments(expr);
      return fmt::format("{} {} ({}) {}", expr.name, expr.without ? "without" : "by", join(expr.grouping, ", "),
                         arguments(expr));
    case Kind::binary:
      return binary(expr);
    case Kind::unary:
      return expr.name + print(expr.args[0]);
    case Kind::paren:
      return fmt::format("({})", print(expr.args[0]));
  }
  return {};
}

}  // namespace pawl::promql
