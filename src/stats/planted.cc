// Reads planted cases, compares sets.
#include "stats/planted.h"

#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>

namespace pawl::stats {
namespace {

namespace dom = simdjson::dom;

double number(dom::array row, std::size_t at) {
  double value = 0;
  return row.at(at).get(value) ? 0 : value;
}

Leaf leaf_of(Planted& planted, dom::array row, bool ratio) {
  Leaf leaf;
  const std::size_t n = planted.dimensions.size();
  for (std::size_t d = 0; d < n; ++d) {
    std::string_view text;
    if (row.at(d).get(text)) text = "";
    auto& known = planted.values[d];
    auto at = std::find(known.begin(), known.end(), text);
    if (at == known.end()) at = known.insert(at, std::string(text));
    leaf.values.push_back(static_cast<std::uint32_t>(at - known.begin()));
  }
  leaf.expected = number(row, n), leaf.actual = number(row, n + 1);
  const double before = number(row, n + 2);
  if (ratio) leaf.expected = before > 0 ? number(row, n + 3) * leaf.expected / before : 0;
  return leaf;
}

}  // namespace

std::string Planted::name_of(const Cause& cause) const {
  std::vector<std::string> parts;
  for (const auto& [dimension, value] : cause.where)
    parts.push_back(fmt::format("{}={}", dimensions[dimension], values[dimension][value]));
  return fmt::format("{}", fmt::join(parts, ","));
}

Result<std::vector<Planted>> parse_planted(std::string_view cases, std::string_view truth) {
  dom::parser parser, truths;
  dom::element root, answers;
  dom::array list;
  if (parser.parse(simdjson::padded_string(cases)).get(root) || root["cases"].get(list))
    return fail(ErrorKind::invalid, "The cases need a list \"cases\".");
  if (truths.parse(simdjson::padded_string(truth)).get(answers))
    return fail(ErrorKind::invalid, "The truth is no JSON.");
  std::vector<Planted> all;
  for (const auto one : list) {
    Planted planted;
    dom::array dimensions, rows, causes;
    std::string_view id, kind;
    if (one["id"].get(id) || one["kind"].get(kind) || one["dimensions"].get(dimensions) || one["rows"].get(rows) ||
        answers[id].get(causes))
      return fail(ErrorKind::invalid, "A case needs id, kind, dimensions, rows and its truth.");
    planted.id = id;
    for (const auto name : dimensions) planted.dimensions.emplace_back(name.get_string().value());
    planted.values.resize(planted.dimensions.size());
    for (const auto row : rows) planted.leaves.push_back(leaf_of(planted, row.get_array(), kind == "ratio"));
    for (const auto cause : causes) {
      std::vector<std::string> parts;
      for (const auto& name : planted.dimensions) {
        std::string_view value;
        if (!cause[name].get(value)) parts.push_back(fmt::format("{}={}", name, value));
      }
      planted.causes.push_back(fmt::format("{}", fmt::join(parts, ",")));
    }
    all.push_back(std::move(planted));
  }
  return all;
}

double Found::f1() const {
  const double p = static_cast<double>(right) / static_cast<double>(std::max<std::size_t>(1, right + wrong));
  const double r = static_cast<double>(right) / static_cast<double>(std::max<std::size_t>(1, right + missed));
  return p + r > 0 ? 2 * p * r / (p + r) : 0;
}

void mark(const Planted& planted, const std::vector<Cause>& answer, Found& found) {
  std::size_t right = 0;
  const std::size_t looked = std::min(answer.size(), planted.causes.size());
  for (std::size_t i = 0; i < looked; ++i)
    right += std::ranges::count(planted.causes, planted.name_of(answer[i])) > 0 ? 1u : 0u;
  found.right += right, found.wrong += looked - right, found.missed += planted.causes.size() - right;
}

}  // namespace pawl::stats
