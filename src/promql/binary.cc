// Operators between two vectors: which sample meets which.
#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "promql/inside.h"

namespace pawl::promql {
namespace {

Labels signature(Evaluator& run, const Matching& matching, Labels labels) {
  return matching.on ? run.labels().keep(labels, matching.labels) : run.labels().without(labels, matching.labels, true);
}

Value set_of(Evaluator& run, const Expr& expr, std::vector<Point> left, std::vector<Point> right) {
  std::unordered_set<Labels> there;
  for (const Point& point : expr.name == "or" ? left : right) there.insert(signature(run, expr.matching, point.labels));
  Value out{.type = ValueType::vector};
  if (expr.name == "or") {
    out.vector = std::move(left);
    for (const Point& point : right)
      if (!there.contains(signature(run, expr.matching, point.labels))) out.vector.push_back(point);
    return out;
  }
  for (const Point& point : left)
    if (there.contains(signature(run, expr.matching, point.labels)) == (expr.name == "and"))
      out.vector.push_back(point);
  return out;
}

// The labels of a result, of the "many" side and what is included from the other.
Labels result_labels(Evaluator& run, const Expr& expr, Labels many, Labels one) {
  const Matching& matching = expr.matching;
  Labels labels = !is_comparison(expr.name) || expr.keeps_bool ? run.labels().nameless(many) : many;
  if (matching.card == Matching::Card::one_to_one)
    labels =
        matching.on ? run.labels().keep(labels, matching.labels) : run.labels().without(labels, matching.labels, false);
  for (const std::string& name : matching.include) labels = run.labels().with(labels, name, one->get(name));
  return labels;
}

}  // namespace

double arithmetic(std::string_view op, double a, double b, bool& holds) {
  holds = true;
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "/") return a / b;
  if (op == "%") return std::fmod(a, b);
  if (op == "^") return std::pow(a, b);
  if (op == "atan2") return std::atan2(a, b);
  holds = op == "=="   ? a == b
          : op == "!=" ? a != b
          : op == "<"  ? a < b
          : op == ">"  ? a > b
          : op == "<=" ? a <= b
                       : a >= b;
  return a;
}

Result<Value> joined(Evaluator& run, const Expr& expr, std::vector<Point> left, std::vector<Point> right) {
  TRY(run.spend(left.size() + right.size()));
  if (is_set_operator(expr.name)) return set_of(run, expr, std::move(left), std::move(right));
  const Matching& matching = expr.matching;
  const bool flipped = matching.card == Matching::Card::one_to_many;
  if (flipped) std::swap(left, right);
  std::unordered_map<Labels, const Point*> others;
  for (const Point& point : right) {
    const Labels group = signature(run, matching, point.labels);
    const auto [known, fresh] = others.try_emplace(group, &point);
    if (!fresh)
      return fail(ErrorKind::invalid,
                  "found duplicate series for the match group {} on the {} hand-side of the operation: [{}, {}];"
                  "many-to-many matching not allowed: matching labels must be unique on one side",
                  group->text(), flipped ? "left" : "right", point.labels->text(), known->second->labels->text());
  }
  Value out{.type = ValueType::vector};
  std::unordered_set<Labels> matched, made;
  for (const Point& point : left) {
    const Labels group = signature(run, matching, point.labels);
    const auto other = others.find(group);
    if (other == others.end()) continue;
    bool holds = true;
    double result = flipped ? arithmetic(expr.name, other->second->value, point.value, holds)
                            : arithmetic(expr.name, point.value, other->second->value, holds);
    if (expr.keeps_bool)
      result = holds ? 1 : 0;
    else if (!holds)
      continue;
    const Labels labels = result_labels(run, expr, point.labels, other->second->labels);
    if (matching.card == Matching::Card::one_to_one && !matched.insert(group).second)
      return fail(ErrorKind::invalid,
                  "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
    if (!made.insert(labels).second)
      return fail(ErrorKind::invalid, "multiple matches for labels: grouping labels must ensure unique matches");
    out.vector.push_back({labels, result});
  }
  return out;
}

}  // namespace pawl::promql
