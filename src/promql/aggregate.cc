// sum, avg, topk … by and without labels.
#include <algorithm>
#include <cmath>

#include "promql/inside.h"

namespace pawl::promql {
namespace {

struct Group {
  Labels labels = nullptr;
  std::vector<Point> members;
};

double summed(const std::vector<Point>& members) {
  double total = 0, lost = 0;
  for (const Point& one : members) {  // compensated, as in windows.cc
    const double next = total + one.value;
    if (std::isfinite(next))
      lost += std::abs(total) >= std::abs(one.value) ? (total - next) + one.value : (one.value - next) + total;
    total = next;
  }
  return total + lost;
}

double spread(const std::vector<Point>& members) {
  double seen = 0, mean = 0, squares = 0;
  for (const Point& one : members) {
    const double from_mean = one.value - mean;
    mean += from_mean / ++seen;
    squares += from_mean * (one.value - mean);
  }
  return squares / seen;
}

double folded(std::string_view name, double parameter, const std::vector<Point>& members) {
  const auto count = static_cast<double>(members.size());
  if (name == "sum") return summed(members);
  if (name == "avg") return summed(members) / count;
  if (name == "count") return count;
  if (name == "group") return 1;
  if (name == "stdvar") return spread(members);
  if (name == "stddev") return std::sqrt(spread(members));
  std::vector<double> values;
  for (const Point& one : members) values.push_back(one.value);
  if (name == "quantile") return quantile_of(std::move(values), parameter);
  double best = values[0];
  for (const double value : values)
    if (std::isnan(best) || (name == "max" ? value > best : value < best)) best = value;
  return best;
}

// The k greatest (or smallest) of each group, best first; NaN is worst.
void pick(std::vector<Point>& out, std::vector<Point> members, double k, bool greatest) {
  if (!(k >= 1)) return;
  const std::size_t most = k >= static_cast<double>(members.size()) ? members.size() : static_cast<std::size_t>(k);
  std::ranges::sort(members, [&](const Point& a, const Point& b) {
    if (std::isnan(a.value) != std::isnan(b.value)) return std::isnan(b.value);
    if (a.value != b.value && !std::isnan(a.value)) return greatest ? a.value > b.value : a.value < b.value;
    return sorts_before(a.labels, b.labels);
  });
  out.insert(out.end(), members.begin(), members.begin() + static_cast<std::ptrdiff_t>(most));
}

void count_values(Evaluator& run, std::vector<Point>& out, const Group& group, const std::string& label) {
  std::vector<std::pair<std::string, double>> counts;
  for (const Point& one : group.members) {
    std::string text = print_value(one.value);
    const auto found = std::ranges::find(counts, text, &std::pair<std::string, double>::first);
    if (found == counts.end())
      counts.emplace_back(std::move(text), 1);
    else
      ++found->second;
  }
  for (const auto& [text, count] : counts) out.push_back({run.labels().with(group.labels, label, text), count});
}

}  // namespace

Result<Value> aggregated(Evaluator& run, const Expr& expr, const Value& parameter, std::vector<Point> vector) {
  std::vector<Group> groups;
  std::unordered_map<Labels, std::size_t> places;
  std::vector<std::string> names = expr.grouping;
  for (const Point& point : vector) {
    const Labels labels = expr.without    ? run.labels().without(point.labels, names, true)
                          : names.empty() ? run.labels().intern({})
                                          : run.labels().keep(point.labels, names);
    const auto [place, fresh] = places.try_emplace(labels, groups.size());
    if (fresh) groups.push_back({.labels = labels});
    groups[place->second].members.push_back(point);
  }
  if (expr.name == "count_values" &&
      (parameter.text.empty() ||
       parameter.text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") !=
           std::string::npos))
    return fail(ErrorKind::invalid, "invalid label name {}", quoted(parameter.text));
  Value out{.type = ValueType::vector};
  for (Group& group : groups) {
    if (expr.name == "topk" || expr.name == "bottomk")
      pick(out.vector, std::move(group.members), parameter.scalar, expr.name == "topk");
    else if (expr.name == "count_values")
      count_values(run, out.vector, group, parameter.text);
    else
      out.vector.push_back({group.labels, folded(expr.name, parameter.scalar, group.members)});
  }
  return out;
}

}  // namespace pawl::promql
