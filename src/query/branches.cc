// What a measure query reads: a branch for each way of counting.
#include "base/text.h"
#include "compiler.h"

namespace pawl::query {

std::string Compiler::key_names() const {
  std::string out;
  if (!sets_.empty()) out = "_set, ";
  for (std::size_t i = 0; i < keys_.size(); ++i) out += fmt::format("_k{}, ", i);
  return out;
}

std::string Compiler::group_by(std::string_view more) const {
  std::string names = key_names() + std::string(more);
  if (names.ends_with(", ")) names.resize(names.size() - 2);
  return names.empty() ? "" : " GROUP BY " + names;
}

// A single branch is the sum already; several are added up, and for that each has every column.
std::string Compiler::columns(Branch branch, const std::vector<std::string>& own) const {
  std::string out;
  std::size_t next = 0;
  for (const Partial* partial : partials_) {
    const bool mine = partial->branch == branch;
    const std::string value = mine ? own[next++] : partial->quantile > 0 ? "NULL" : "0";
    const std::string_view type = partial->quantile > 0 ? "Nullable(Float64)" : "Int128";
    if (!out.empty()) out += ", ";
    out += branches_.size() == 1 ? fmt::format("{} AS {}", value, partial->name)
                                 : fmt::format("CAST({}, '{}') AS u{}", value, type, partial->name);
  }
  return out;
}

std::string Compiler::partials(Branch branch) {
  std::vector<std::string> own;
  for (const Partial* partial : partials_)
    if (partial->branch == branch) own.push_back(with_weight(partial->sql));
  return columns(branch, own);
}

// The smallest roll-up that answers this query's branch; none where only rows do.
std::optional<Rolled> Compiler::rolled(Branch branch) const {
  const auto& table = rollup_table();
  const bool by_rows = query_.grain == Grain::span || query_.filter.empty();
  const std::vector<bool> used = keys_used(branch);
  for (std::size_t k = 0; k < keys_.size(); ++k)
    if (used[k] && keys_[k].rolled.empty()) return std::nullopt;
  const Range whole = Sql::stored(query_.range);
  const std::int64_t first = (whole.from + hour - 1) / hour, last = whole.to / hour;
  if (!by_rows || first >= last) return std::nullopt;
  for (std::size_t i = 0; i < table.size() && i < query_.rolled_up.size(); ++i) {
    const Rollup& one = table[i];
    if (query_.rolled_up[i] == 0 || !serves(one, branch)) continue;
    bool fits = query_.filter.empty() || looks_at_only(*query_.filter.root(), one.keys);
    for (std::size_t k = 0; k < keys_.size(); ++k)
      if (used[k] && keys_[k].kind == Key::Kind::column) fits &= has_one(one.keys, keys_[k].sql);
    if (fits) return Rolled{&one, query_.rolled_up[i], first, last};
  }
  return std::nullopt;
}

std::string Compiler::from_rollup(const Rolled& from) const {
  return fmt::format("{} AND hour >= {} AND hour < {}{}{}", Sql::from(from.table->name), from.first, from.last,
                     cut_hours(from, " AND hour != {0}"), where_);
}

// The rows of `spans` that the roll-up does not hold. One scan for the ends of the range and one for the batches above:
// together the engine would look at everything.
std::string Compiler::beside(const Rolled& from, const std::string& select) const {
  std::string out =
      fmt::format("SELECT {} {}{} AND batch > {}{}", select, Sql::spans(Range{from.first * hour, from.last * hour}),
                  where_, from.through, cut_hours(from, " AND NOT (minute >= {0} * 60 AND minute < {0} * 60 + 60)"));
  const Range whole = Sql::stored(query_.range);
  const std::string cut = cut_hours(from, " OR (minute >= {0} * 60 AND minute < {0} * 60 + 60)");
  if (whole.from < from.first * hour || whole.to > from.last * hour || !cut.empty())
    out += fmt::format(" UNION ALL SELECT {} {}{} AND (minute < {} OR minute >= {}{})", select, Sql::spans(whole),
                       where_, from.first * 60, from.last * 60, cut);
  return out;
}

std::string Compiler::rolled_rows(const Rolled& from) {
  std::string sums, values;
  std::vector<std::string> own;
  for (const Partial* partial : partials_) {
    if (partial->branch != Branch::rows) continue;
    const std::string_view comma = sums.empty() ? "" : ", ";
    sums += fmt::format("{}sum{}", comma, partial->name);
    values += fmt::format("{}{} AS sum{}", comma, row_value(*partial), partial->name);
    own.push_back(fmt::format("sum(sum{})", partial->name));
  }
  return fmt::format("SELECT {}{} FROM (SELECT {}{} {} UNION ALL {}){}", first_names(Branch::rows),
                     columns(Branch::rows, own), first_keys(Branch::rows, true), sums, from_rollup(from),
                     beside(from, first_keys(Branch::rows) + values), first_group(Branch::rows));
}

std::string Compiler::rolled_times(const Rolled& from, Branch branch) {
  const std::string_view column = times_column(branch);
  const std::string all = where_;
  const std::string map = fmt::format("SELECT {}sumMap({}) AS _times {}{}", first_selected(branch, true), column,
                                      from_rollup(from), first_group(branch));
  where_ += fmt::format(" AND {}", timed_rows(branch));
  std::string rest = beside(
      from, fmt::format("{}{} AS _bucket, {} AS _one", first_keys(branch), bucket_sql(time_of(branch)), weight_sql));
  where_ = all;
  if (!sets_.empty())
    rest = fmt::format("SELECT {}_bucket, sum(_one) AS _one FROM ({}){}", first_names(branch), rest,
                       first_group(branch, "_bucket"));
  return fmt::format(
      "SELECT {0}_bucket, sum(_one) AS _count FROM (SELECT {0}_bucket, _one FROM ({1}) ARRAY JOIN mapKeys(_times) AS "
      "_bucket, mapValues(_times) AS _one UNION ALL {2}){3} HAVING _count > 0",
      key_names(), map, rest, group_by("_bucket"));
}

std::string Compiler::rows() {
  if (const auto from = rolled(Branch::rows)) return rolled_rows(*from);
  return fmt::format("SELECT {}{} {}{}{}", first_selected(Branch::rows), partials(Branch::rows),
                     Sql::spans(query_.range), where_, first_group(Branch::rows));
}

// Words that an outcome uses for success.
constexpr std::string_view done_tasks_sql =
    " AND task != '' AND lower(outcome) IN ('done', 'success', 'succeeded', 'successful', 'ok', 'pass', 'passed', "
    "'resolved', 'solved', 'complete', 'completed', 'true', 'yes')";

// Most items stand in rows that all count them with the weight 1: these are told apart alone. The others (`odd`:
// sampled, or with a row that takes something back) are added up, and are there if that is more than nothing.
std::string Compiler::rolled_items(const Rolled& from, Branch branch) {
  const std::string_view item = item_of(branch);
  const auto rows = [&](bool keys) {
    return fmt::format("SELECT {}part AS _part, item AS _item, sum_n AS _sum, sum_w AS _weight {} UNION ALL {}",
                       keys ? first_keys(branch, true) : "", from_rollup(from),
                       beside(from, fmt::format("{}{}, {}, sign, {}", keys ? first_keys(branch) : "", part_of(item),
                                                item, weight_sql)));
  };
  const std::string all = rows(true);
  const std::string odd =
      fmt::format("(SELECT _item FROM ({}) WHERE _sum <= 0 OR _weight != _sum * 1000000)", rows(false));
  std::vector<std::string> own;
  for (const Partial* partial : partials_)
    if (partial->branch == branch) own.emplace_back(partial->sql == "count()" ? "sum(_item_n)" : "sum(_item_w)");
  return fmt::format(
      "SELECT {0}{1} FROM (SELECT {7}toInt64(uniqExact(_item)) AS _item_n, _item_n * 1000000 AS _item_w FROM ({2}) "
      "WHERE _item NOT IN {3}{4} UNION ALL SELECT {7}toInt64(1) AS _item_n, intDiv(sum(_weight), sum(_sum)) AS _item_w "
      "FROM ({2}) WHERE _item IN {3}{5} HAVING sum(_sum) > 0){6}",
      key_names(), columns(branch, own), all, odd, first_group(branch, "_part"), first_group(branch, "_item"),
      group_by(), first_names(branch));
}

std::string Compiler::distinct(Branch branch, std::string_view key) {
  if (const auto from = rolled(branch)) return rolled_items(*from, branch);
  return fmt::format(
      "SELECT {}{} FROM (SELECT {}{} AS _item, intDiv(sum({}), sum(sign)) AS _item_w {}{}{}{} HAVING sum(sign) > 0){}",
      key_names(), partials(branch), first_selected(branch), key, weight_sql, Sql::spans(query_.range), where_,
      branch == Branch::tasks        ? " AND task != ''"
      : branch == Branch::done_tasks ? done_tasks_sql
                                     : "",
      first_group(branch, "_item"), group_by());
}

// `source` gives keys, `_bucket`, `_count`.
std::string Compiler::quantiles(Branch branch, std::string_view source) {
  std::vector<std::string> own;
  for (const Partial* partial : partials_) {
    if (partial->branch != branch) continue;
    const std::string bucket = fmt::format(
        "_buckets[arrayFirstIndex(c -> c >= {} * arraySum(_counts), arrayCumSum(_counts))]", partial->quantile);
    own.push_back(fmt::format("if(empty(_counts), NULL, {})", bucket_value_ms_sql(bucket)));
  }
  return fmt::format(
      "SELECT {}{} FROM (SELECT {}arraySort(groupArray((_bucket, _count))) AS _sorted, _sorted.1 AS _buckets, "
      "_sorted.2 "
      "AS _counts FROM ({}){})",
      key_names(), columns(branch, own), key_names(), source, group_by());
}

// Keys, `_bucket`, `_count` of the times of spans.
std::string Compiler::span_buckets(Branch branch) {
  if (const auto from = rolled(branch)) return rolled_times(*from, branch);
  return fmt::format("SELECT {}{} AS _bucket, sum({}) AS _count {}{} AND {}{} HAVING _count > 0",
                     first_selected(branch), bucket_sql(time_of(branch)), weight_sql, Sql::spans(query_.range), where_,
                     timed_rows(branch), first_group(branch, "_bucket"));
}

std::string Compiler::span_times(Branch branch) {
  return quantiles(branch, span_buckets(branch));
}

Items Compiler::items_of(Grain grain, std::set<std::string> totals) {
  Items items{.grain = grain, .range = query_.range, .filter = nullptr, .rows = "", .having = "", .totals = {}};
  items.totals = std::move(totals);
  items.totals.insert("_weight");
  if (by_time()) items.totals.insert("_first");
  if (grain == query_.grain)
    items.filter = query_.filter.root();
  else if (!where_.empty())
    items.rows = fmt::format(" AND {} IN (SELECT {} AS _item {}{} GROUP BY _item HAVING sum(sign) > 0)", key_of(grain),
                             key_of(grain), Sql::spans(query_.range), where_);
  return items;
}

// Keys and totals of items; an item stands in the step of its start, and under each value that one of its spans has.
std::string Compiler::item_source(const Items& items, const std::string& rows) {
  std::string keys, pairs;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (i == 0 && by_time()) {
      const auto step = query_.grid > 0
                            ? Result<std::string>(grid_step(query_, "_first"))
                            : step_sql(sql_, query_.step, query_.timezone, "toUInt32(intDiv(_first, 60000000000))");
      PAWL_CHECK(step.has_value());
      keys += fmt::format("{} AS _k0, ", *step);
    } else {
      keys += fmt::format("_k{}, ", i);
      pairs += fmt::format(", {} AS _k{}", keys_[i].sql, i);
    }
  }
  const std::string whole = items_sql(sql_, items);
  if (pairs.empty()) return fmt::format("SELECT {}* FROM ({})", keys, whole);
  std::string group = "_pair";
  for (std::size_t i = by_time() ? 1 : 0; i < keys_.size(); ++i) group += fmt::format(", _k{}", i);
  return fmt::format(
      "SELECT {}{} FROM (SELECT {} AS _pair{} {}{} GROUP BY {} HAVING sum(sign) > 0) AS _pairs INNER JOIN ({}) AS "
      "_whole "
      "ON _pair = _item",
      keys, join(std::vector<std::string>(items.totals.begin(), items.totals.end()), ", "), key_of(items.grain), pairs,
      Sql::spans(query_.range), rows, group, whole);
}

std::string Compiler::whole_items(Branch branch) {
  const bool overhead = branch == Branch::overhead;
  std::set<std::string> totals;
  for (const Partial* partial : partials_)
    if (partial->branch == branch) totals.merge(names_in(partial->sql));
  const Items items = items_of(overhead ? Grain::trace : query_.grain, std::move(totals));
  return fmt::format("SELECT {}{} FROM ({}){}", key_names(), partials(branch),
                     item_source(items, overhead ? where_ : ""), group_by());
}

std::string Compiler::item_times() {
  const Items items = items_of(query_.grain, {"_extent", "_open"});
  return quantiles(Branch::item_latency,
                   fmt::format("SELECT {}{} AS _bucket, sum(_weight) AS _count FROM ({}) WHERE NOT _open{}",
                               key_names(), bucket_sql("_extent"), item_source(items, ""), group_by("_bucket")));
}

std::string Compiler::branch(Branch branch) {
  switch (branch) {
    case Branch::rows:
      return rows();
    case Branch::traces:
    case Branch::sessions:
      return distinct(branch, item_of(branch));
    case Branch::tasks:
    case Branch::done_tasks:
      // As a value of its own: the engine takes a tuple among keys for two keys.
      return distinct(branch, fmt::format("materialize(({}, task))", session_key_sql));
    case Branch::latency:
    case Branch::ttft:
      return span_times(branch);
    case Branch::items:
    case Branch::overhead:
      return whole_items(branch);
    case Branch::item_latency:
      return item_times();
  }
  return "";
}

}  // namespace pawl::query
