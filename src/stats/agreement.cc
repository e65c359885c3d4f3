// Agreement of raters beyond chance.
#include "stats/agreement.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace pawl::stats {
namespace {

using Table = std::vector<std::vector<double>>;

double weight(std::size_t i, std::size_t j, std::size_t k, KappaWeights weights) {  // of agreement
  if (weights == KappaWeights::none || k < 2) return i == j ? 1 : 0;
  const double off = std::abs(static_cast<double>(i) - static_cast<double>(j)) / static_cast<double>(k - 1);
  return 1 - (weights == KappaWeights::linear ? off : off * off);
}

}  // namespace

Result<CohenKappa> cohen_kappa(std::span<const std::size_t> a, std::span<const std::size_t> b, std::size_t k,
                               KappaWeights weights) {
  if (a.size() != b.size())
    return fail(ErrorKind::invalid, "{} and {} ratings: they must be of the same items", a.size(), b.size());
  if (a.empty()) return fail(ErrorKind::invalid, "there are no ratings");
  const double n = static_cast<double>(a.size());
  Table share(k, std::vector<double>(k));
  std::vector<double> rows(k), columns(k);
  CohenKappa out;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] >= k || b[i] >= k) return fail(ErrorKind::invalid, "item {} has a category that is not in the list", i);
    share[a[i]][b[i]] += 1 / n;
    rows[a[i]] += 1 / n;
    columns[b[i]] += 1 / n;
    out.agreement += a[i] == b[i] ? 1 : 0;
  }
  out.agreement /= n;
  double seen = 0, chance = 0;
  std::vector<double> mean_row(k), mean_column(k);
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < k; ++j) {
      const double w = weight(i, j, k, weights);
      seen += w * share[i][j];
      chance += w * rows[i] * columns[j];
      mean_row[i] += w * columns[j];
      mean_column[j] += w * rows[i];
    }
  }
  if (1 - chance <= 1e-12) return out;
  const double kappa = (seen - chance) / (1 - chance);
  double sum = 0;
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < k; ++j) {
      const double off = weight(i, j, k, weights) - (mean_row[i] + mean_column[j]) * (1 - kappa);
      sum += share[i][j] * off * off;
    }
  }
  const double rest = kappa - chance * (1 - kappa);
  out.kappa = kappa;
  out.se = std::sqrt(std::max(0.0, sum - rest * rest) / n) / (1 - chance);
  return out;
}

Result<std::optional<double>> fleiss_kappa(std::span<const std::vector<double>> table) {
  if (table.empty()) return fail(ErrorKind::invalid, "there are no items");
  double raters = 0;
  for (const double count : table.front()) raters += count;
  if (!(raters >= 2)) return fail(ErrorKind::invalid, "item 0 has {} ratings: at least two are needed", raters);
  std::vector<double> totals(table.front().size());
  double seen = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    double sum = 0, same = 0;
    if (table[i].size() != totals.size())
      return fail(ErrorKind::invalid, "item {} has {} categories, not {}", i, table[i].size(), totals.size());
    for (std::size_t j = 0; j < totals.size(); ++j) {
      const double count = table[i][j];
      if (!(count >= 0)) return fail(ErrorKind::invalid, "item {} has a count below 0", i);
      sum += count;
      same += count * (count - 1);
      totals[j] += count;
    }
    if (sum != raters) return fail(ErrorKind::invalid, "item {} has {} ratings, not {} as the first", i, sum, raters);
    seen += same / (raters * (raters - 1));
  }
  const double items = static_cast<double>(table.size());
  double chance = 0;
  for (const double total : totals) chance += std::pow(total / (items * raters), 2);
  if (1 - chance <= 1e-12) return std::optional<double>();
  return std::optional((seen / items - chance) / (1 - chance));
}

Result<Level> parse_level(std::string_view name) {
  if (name == "nominal") return Level::nominal;
  if (name == "ordinal") return Level::ordinal;
  if (name == "interval") return Level::interval;
  return fail(ErrorKind::invalid, "the level \"{}\" must be nominal, ordinal or interval", name);
}

Result<std::optional<double>> krippendorff(std::span<const std::vector<std::optional<double>>> ratings, Level level) {
  std::size_t units = 0;
  std::map<double, std::size_t> places;
  for (const auto& row : ratings) {
    units = std::max(units, row.size());
    for (const auto& value : row) {
      if (value) places.emplace(*value, 0);
    }
  }
  std::size_t next = 0;
  std::vector<double> values;
  for (auto& [value, place] : places) place = next++, values.push_back(value);
  if (next > 2000) return fail(ErrorKind::invalid, "{} different ratings: at most 2000 are compared", next);
  Table together(next, std::vector<double>(next));  // the coincidence matrix
  std::vector<double> totals(next);
  double all = 0;
  for (std::size_t unit = 0; unit < units; ++unit) {
    std::vector<std::size_t> here;
    for (const auto& row : ratings) {
      if (unit < row.size() && row[unit]) here.push_back(places.at(*row[unit]));
    }
    if (here.size() < 2) continue;
    for (std::size_t i = 0; i < here.size(); ++i) {
      for (std::size_t j = 0; j < here.size(); ++j) {
        if (i != j) together[here[i]][here[j]] += 1 / static_cast<double>(here.size() - 1);
      }
      totals[here[i]] += 1;
      all += 1;
    }
  }
  if (all == 0) return fail(ErrorKind::invalid, "no unit has two ratings: there is nothing to compare");
  std::vector<double> ranks(next + 1);  // of all ratings below each value
  for (std::size_t i = 0; i < next; ++i) ranks[i + 1] = ranks[i] + totals[i];
  const auto distance = [&](std::size_t i, std::size_t j) {
    if (i == j) return 0.0;
    if (level == Level::nominal) return 1.0;
    if (level == Level::interval) return (values[i] - values[j]) * (values[i] - values[j]);
    const auto [low, high] = std::minmax(i, j);
    const double between = ranks[high + 1] - ranks[low] - (totals[low] + totals[high]) / 2;
    return between * between;
  };
  double seen = 0, expected = 0;
  for (std::size_t i = 0; i < next; ++i) {
    for (std::size_t j = 0; j < next; ++j) {
      seen += together[i][j] * distance(i, j);
      expected += totals[i] * totals[j] * distance(i, j);
    }
  }
  if (expected <= 0) return std::optional<double>();
  return std::optional(1 - (all - 1) * seen / expected);
}

}  // namespace pawl::stats
