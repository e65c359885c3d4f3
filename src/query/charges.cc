// Sums of cost and tokens by price row, tier and dimensions.
#include "charges.h"

#include "base/text.h"
#include "sql.h"

namespace pawl::query {
namespace {

constexpr std::size_t max_dimensions = 16;
constexpr std::string_view input_sql =
    "(ifNull(tokens_input, 0) + ifNull(tokens_cache_read, 0) + ifNull(tokens_cache_write, 0))";
constexpr std::string_view counts_sql =
    " AND counted = 1 AND (cost IS NOT NULL OR cost_reported IS NOT NULL OR cost_unknown = 1)";

Result<std::string> split_by(Sql& sql, const std::string& name) {
  if (const auto attribute = attribute_of(name)) return fmt::format("attrs[{}]", sql.text(*attribute));
  const Dimension* dimension = find_dimension(to_lower(name));
  if (dimension != nullptr && dimension->list)
    return fail(ErrorKind::invalid, "A call may have several values of {}: a table by it would not add up.", name);
  if (dimension == nullptr || !dimension->groups) {
    std::vector<std::string_view> names;
    for (const Dimension& other : dimension_table())
      if (other.groups && !other.list) names.push_back(other.name);
    const std::string_view near = nearest(name, names);
    return fail(ErrorKind::invalid, "{} is no dimension to split by.{}", name,
                near.empty() ? "" : fmt::format(" Did you mean {}?", near));
  }
  return fmt::format("toString({})", dimension->sql);
}

std::string tier_sql(Sql& sql, const std::vector<RowTiers>& tiers) {
  std::string cases, otherwise = "0";
  for (const RowTiers& one : tiers) {
    if (one.starts.empty()) continue;
    std::string count;
    for (const std::int64_t start : one.starts)
      count += fmt::format("{}({} > {})", count.empty() ? "" : " + ", input_sql, start);
    if (one.row.empty())
      otherwise = count;
    else
      cases += fmt::format("price_row = {}, {}, ", sql.text(one.row), count);
  }
  return cases.empty() ? fmt::format("toInt64({})", otherwise)
                       : fmt::format("toInt64(multiIf({}{}))", cases, otherwise);
}

Result<void> check(const ChargeQuery& query) {
  if (query.range.from >= query.range.to) return fail(ErrorKind::invalid, "`from` must be before `to`.");
  if (query.dimensions.size() > max_dimensions) return fail(ErrorKind::invalid, "At most 16 dimensions.");
  PAWL_CHECK(query.period == 0 || query.period == hour || query.period == day, "periods are hours or days");
  return {};
}

}  // namespace

Result<Statement> compile_charges(std::uint32_t project, const ChargeQuery& query) {
  TRY(check(query));
  Sql sql(project, query.now);
  std::string keys = query.period == 0 ? "toInt64(0) AS _period"
                                       : fmt::format("toInt64(intDiv(minute, {0}) * {0}) * 60000000000 AS _period",
                                                     query.period / minute);
  std::string group = "_period";
  for (std::size_t i = 0; i < query.dimensions.size(); ++i) {
    keys += fmt::format(", {} AS d{}", TRY(split_by(sql, query.dimensions[i])), i);
    group += fmt::format(", d{}", i);
  }
  const auto sum = [](std::string_view of) { return fmt::format("sum(sign * ifNull({}, 0))", of); };
  const std::string tier = query.by_row || !query.tiers.empty() ? tier_sql(sql, query.tiers) : "toInt64(0)";
  std::string text = fmt::format(
      "SELECT {}, {} AS _row, if(cost IS NOT NULL, 'priced', if(cost_reported IS NOT NULL, 'reported', 'unknown')) AS "
      "_source, {} AS _tier, {}, {}, {}, {}, {}, "
      "sumMap(mapApply((k, v) -> (toString(k), v * sign), tokens_other)) AS _others, "
      "sum(toInt64(sign)) AS _calls, sum(toInt128(sign * ifNull(coalesce(cost, cost_reported), 0))) AS _cost {}{}",
      keys, query.by_row ? "toString(price_row)" : "''", tier, sum("tokens_input") + " AS _input",
      sum("tokens_cache_read") + " AS _read", sum("tokens_cache_write") + " AS _write",
      sum("tokens_output") + " AS _output", sum("tokens_reasoning") + " AS _reasoning", Sql::spans(query.range),
      counts_sql);
  if (!query.filter.empty()) text += " AND " + row_condition(sql, *query.filter.root(), query.range);
  text += fmt::format(" GROUP BY {}, _row, _source, _tier HAVING _calls != 0 OR _cost != 0", group);
  std::string outer = "SELECT _period AS period";
  for (std::size_t i = 0; i < query.dimensions.size(); ++i) outer += fmt::format(", d{}", i);
  outer +=
      ", _row AS price_row, _source AS source, _tier AS tier, _input AS input, _read AS cache_read, _write AS "
      "cache_write, _output AS output, _reasoning AS reasoning, mapKeys(_others) AS others, mapValues(_others) AS "
      "counts, _calls AS calls, _cost AS cost";
  text = fmt::format("{} FROM ({}) ORDER BY {}, _row, _source, _tier LIMIT {}", outer, text, group, query.limit);
  return Statement{std::move(text), sql.take(), {}};
}

Result<Statement> compile_price_rows(std::uint32_t project, const ChargeQuery& query) {
  TRY(check(query));
  Sql sql(project, query.now);
  std::string text =
      fmt::format("SELECT toString(price_row) AS row {}{} AND price_row != ''", Sql::spans(query.range), counts_sql);
  if (!query.filter.empty()) text += " AND " + row_condition(sql, *query.filter.root(), query.range);
  text += " GROUP BY price_row ORDER BY price_row LIMIT 100000";
  return Statement{std::move(text), sql.take(), {}};
}

}  // namespace pawl::query
