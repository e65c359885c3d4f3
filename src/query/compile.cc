// A measure query as one statement: a branch for each way of counting, added up by time and dimensions.
#include <cmath>

#include "base/text.h"
#include "measures.h"

namespace pawl::query {
namespace {

constexpr std::size_t max_measures = 20, max_dimensions = 5;
constexpr std::uint32_t max_rows = 10'000;
constexpr std::size_t max_wide_dimensions = 12;
constexpr std::uint32_t max_wide_rows = 1'000'000;

Result<const Measure*> measure_called(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Measure& measure : measure_table()) {
    if (measure.name == name) return &measure;
    names.push_back(measure.name);
  }
  const std::string_view near = nearest(name, names);
  return fail(ErrorKind::invalid, "No measure is called {}.{}", name,
              near.empty() ? "" : fmt::format(" Did you mean {}?", near));
}

// A roll-up that a branch reads: the whole hours of the range, and the batches that it holds.
struct Rolled {
  const Rollup* table = nullptr;
  std::uint64_t through = 0;
  std::int64_t first = 0, last = 0;  // since 1970, the last excluded
};

Result<void> check(const MeasureQuery& query) {
  if (query.measures.empty()) return fail(ErrorKind::invalid, "Name at least one measure.");
  if (query.measures.size() > max_measures) return fail(ErrorKind::invalid, "A query has at most 20 measures.");
  if (query.grid > 0 && (!query.step.empty() || query.grain != Grain::span))
    return fail(ErrorKind::invalid, "A grid is of spans, and instead of a step.");
  if (query.dimensions.size() > (query.wide ? max_wide_dimensions : max_dimensions))
    return fail(ErrorKind::invalid, "A query has at most 5 dimensions.");
  if (query.range.from >= query.range.to) return fail(ErrorKind::invalid, "`from` must be before `to`.");
  if (query.limit == 0 || query.limit > (query.wide ? max_wide_rows : max_rows))
    return fail(ErrorKind::invalid, "`limit` is 1 to 10000.");
  std::set<std::string_view> names;
  for (const auto* list : {&query.measures, &query.dimensions})
    for (const std::string& name : *list)
      if (!names.insert(name).second) return fail(ErrorKind::invalid, "{} is asked for twice.", name);
  return {};
}

class Compiler {
 public:
  Compiler(Sql& sql, const MeasureQuery& query) : query_(query), sql_(sql) {}
  Result<Unordered> run();
  Result<Unordered> histogram(Branch branch);

 private:
  Result<void> find_measures();
  std::string branch(Branch branch);
  std::string rows();
  std::optional<Rolled> rolled(Branch branch) const;
  std::string rolled_rows(const Rolled& from);
  std::string rolled_times(const Rolled& from, Branch branch);
  std::string rolled_items(const Rolled& from, Branch branch);
  std::string from_rollup(const Rolled& from) const;
  std::string beside(const Rolled& from, const std::string& select) const;
  std::string distinct(Branch branch, std::string_view key);
  std::string quantiles(Branch branch, std::string_view source);
  std::string span_times(Branch branch);
  std::string span_buckets(Branch branch);
  std::string named_keys(std::vector<Column>& columns) const;
  std::string whole_items(Branch branch);
  std::string item_times();
  Items items_of(Grain grain, std::set<std::string> totals);
  std::string item_source(const Items& items, const std::string& rows);

  std::string select_keys(bool of_rollup = false) const;  // "expr AS _k0, …, " or ""
  std::string key_names() const;                          // "_k0, …, " or ""
  std::string group_by(std::string_view more = "") const;
  std::string columns(Branch branch, const std::vector<std::string>& own) const;  // own partials, zeros for the rest
  std::string partials(Branch branch);
  bool by_time() const { return !query_.step.empty() || query_.grid > 0; }

  const MeasureQuery& query_;
  Sql& sql_;
  std::vector<Key> keys_;
  std::vector<const Measure*> measures_;
  std::vector<const Partial*> partials_;  // needed, in the order of the table
  std::vector<Branch> branches_;          // of those
  std::string where_;                     // rows of the items that the filter selects
};

Result<void> Compiler::find_measures() {
  std::set<std::string> needed;
  for (const std::string& name : query_.measures) {
    const Measure* measure = TRY(measure_called(name));
    measures_.push_back(measure);
    const bool item = query_.grain != Grain::span && !measure->item_sql.empty();
    needed.merge(names_in(item ? measure->item_sql : measure->sql));
  }
  bool tells_presence = true;  // groups of distinct items are those that have spans; of the others not all
  for (const Partial& partial : partial_table())
    if (needed.contains(std::string(partial.name)))
      tells_presence &= partial.branch == Branch::traces || partial.branch == Branch::sessions;
  if (!tells_presence) needed.insert("_n");
  if (std::ranges::any_of(needed, [](const std::string& name) { return name.starts_with("_items_"); }))
    needed.insert("_items");
  for (const Partial& partial : partial_table()) {
    if (!needed.contains(std::string(partial.name))) continue;
    partials_.push_back(&partial);
    if (!has_one(branches_, partial.branch)) branches_.push_back(partial.branch);
  }
  return {};
}

std::string Compiler::select_keys(bool of_rollup) const {
  std::string out;
  for (std::size_t i = 0; i < keys_.size(); ++i)
    out += fmt::format("{} AS _k{}, ", of_rollup ? keys_[i].rolled : keys_[i].sql, i);
  return out;
}

std::string Compiler::key_names() const {
  std::string out;
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
  if (!by_rows || std::ranges::any_of(keys_, [](const Key& key) { return key.rolled.empty(); })) return std::nullopt;
  const Range whole = Sql::stored(query_.range);
  const std::int64_t first = (whole.from + hour - 1) / hour, last = whole.to / hour;
  if (first >= last) return std::nullopt;
  for (std::size_t i = 0; i < table.size() && i < query_.rolled_up.size(); ++i) {
    const Rollup& one = table[i];
    if (query_.rolled_up[i] == 0 || !serves(one, branch)) continue;
    bool fits = query_.filter.empty() || looks_at_only(*query_.filter.root(), one.keys);
    for (std::size_t k = by_time() ? 1 : 0; k < keys_.size(); ++k) fits &= has_one(one.keys, keys_[k].sql);
    if (fits) return Rolled{&one, query_.rolled_up[i], first, last};
  }
  return std::nullopt;
}

std::string Compiler::from_rollup(const Rolled& from) const {
  return fmt::format("{} AND hour >= {} AND hour < {}{}", Sql::from(from.table->name), from.first, from.last, where_);
}

// " UNION ALL …": the rows of `spans` that the roll-up does not hold. One scan for the ends of the range and one for
// the batches above: together the engine would look at everything.
std::string Compiler::beside(const Rolled& from, const std::string& select) const {
  std::string out = fmt::format(" UNION ALL SELECT {} {}{} AND batch > {}", select,
                                Sql::spans(Range{from.first * hour, from.last * hour}), where_, from.through);
  const Range whole = Sql::stored(query_.range);
  if (whole.from < from.first * hour || whole.to > from.last * hour)
    out += fmt::format(" UNION ALL SELECT {} {}{} AND (minute < {} OR minute >= {})", select, Sql::spans(whole), where_,
                       from.first * 60, from.last * 60);
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
  return fmt::format("SELECT {}{} FROM (SELECT {}{} {}{}){}", key_names(), columns(Branch::rows, own),
                     select_keys(true), sums, from_rollup(from), beside(from, select_keys() + values), group_by());
}

std::string Compiler::rolled_times(const Rolled& from, Branch branch) {
  const std::string_view column = times_column(branch);
  const std::string all = where_;
  const std::string map =
      fmt::format("SELECT {}sumMap({}) AS _times {}{}", select_keys(true), column, from_rollup(from), group_by());
  where_ += fmt::format(" AND {}", timed_rows(branch));
  const std::string rest =
      beside(from, fmt::format("{}{} AS _bucket, {} AS _one", select_keys(), bucket_sql(time_of(branch)), weight_sql));
  where_ = all;
  return fmt::format(
      "SELECT {0}_bucket, sum(_one) AS _count FROM (SELECT {0}_bucket, _one FROM ({1}) ARRAY JOIN mapKeys(_times) AS "
      "_bucket, mapValues(_times) AS _one{2}){3} HAVING _count > 0",
      key_names(), map, rest, group_by("_bucket"));
}

std::string Compiler::rows() {
  if (const auto from = rolled(Branch::rows)) return rolled_rows(*from);
  return fmt::format("SELECT {}{} {}{}{}", select_keys(), partials(Branch::rows), Sql::spans(query_.range), where_,
                     group_by());
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
    return fmt::format(
        "SELECT {}part AS _part, item AS _item, sum_n AS _sum, sum_w AS _weight {}{}", keys ? select_keys(true) : "",
        from_rollup(from),
        beside(from, fmt::format("{}{}, {}, sign, {}", keys ? select_keys() : "", part_of(item), item, weight_sql)));
  };
  const std::string all = rows(true);
  const std::string odd =
      fmt::format("(SELECT _item FROM ({}) WHERE _sum <= 0 OR _weight != _sum * 1000000)", rows(false));
  std::vector<std::string> own;
  for (const Partial* partial : partials_)
    if (partial->branch == branch) own.emplace_back(partial->sql == "count()" ? "sum(_item_n)" : "sum(_item_w)");
  return fmt::format(
      "SELECT {0}{1} FROM (SELECT {0}toInt64(uniqExact(_item)) AS _item_n, _item_n * 1000000 AS _item_w FROM ({2}) "
      "WHERE _item "
      "NOT IN {3}{4} UNION ALL SELECT {0}toInt64(1) AS _item_n, intDiv(sum(_weight), sum(_sum)) AS _item_w FROM ({2}) "
      "WHERE "
      "_item IN {3}{5} HAVING sum(_sum) > 0){6}",
      key_names(), columns(branch, own), all, odd, group_by("_part"), group_by("_item"), group_by());
}

std::string Compiler::distinct(Branch branch, std::string_view key) {
  if (const auto from = rolled(branch)) return rolled_items(*from, branch);
  return fmt::format(
      "SELECT {}{} FROM (SELECT {}{} AS _item, intDiv(sum({}), sum(sign)) AS _item_w {}{}{}{} HAVING sum(sign) > 0){}",
      key_names(), partials(branch), select_keys(), key, weight_sql, Sql::spans(query_.range), where_,
      branch == Branch::tasks        ? " AND task != ''"
      : branch == Branch::done_tasks ? done_tasks_sql
                                     : "",
      group_by("_item"), group_by());
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
  return fmt::format("SELECT {}{} AS _bucket, sum({}) AS _count {}{} AND {}{} HAVING _count > 0", select_keys(),
                     bucket_sql(time_of(branch)), weight_sql, Sql::spans(query_.range), where_, timed_rows(branch),
                     group_by("_bucket"));
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
      return distinct(branch, fmt::format("({}, task)", session_key_sql));
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

// "… AS c0, …, " of the keys, which become the first columns.
std::string Compiler::named_keys(std::vector<Column>& columns) const {
  std::string select;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const bool time = i == 0 && by_time();
    select += time ? fmt::format("toInt64(_k{0}) * {1} AS c{0}, ", i, query_.grid > 0 ? 1 : second)
                   : fmt::format("CAST(_k{0}, 'String') AS c{0}, ", i);
    columns.push_back({keys_[i].name, time ? Type::time : Type::text, ""});
  }
  return select;
}

Result<Unordered> Compiler::histogram(Branch branch) {
  keys_ = TRY(keys_of(sql_, query_));
  where_ = selected(sql_, query_.grain, query_.filter, query_.range);
  Unordered out;
  const std::string keys = named_keys(out.columns);
  out.columns.push_back({"bucket", Type::number, ""});
  out.columns.push_back({"count", Type::number, "spans"});
  out.sql = fmt::format("SELECT {}toInt64(_bucket) AS c{}, CAST(_count / 1e6, 'Nullable(Float64)') AS c{} FROM ({})",
                        keys, keys_.size(), keys_.size() + 1, span_buckets(branch));
  return out;
}

Result<Unordered> Compiler::run() {
  keys_ = TRY(keys_of(sql_, query_));
  TRY(find_measures());
  where_ = selected(sql_, query_.grain, query_.filter, query_.range);

  Unordered out;
  std::string select, sums, alive, parts;
  for (const Partial* partial : partials_) {
    sums += fmt::format("{}{}(u{}) AS {}", sums.empty() ? "" : ", ", partial->quantile > 0 ? "max" : "sum",
                        partial->name, partial->name);
    if (partial->presence) alive += fmt::format("{}{} > 0", alive.empty() ? "" : " OR ", partial->name);
    if (partial->branch == Branch::item_latency) alive += fmt::format(" OR {} IS NOT NULL", partial->name);
  }
  if (!keys_.empty() && !alive.empty()) alive = " HAVING " + alive;
  if (keys_.empty()) alive.clear();
  for (const Branch other : branches_) parts += (parts.empty() ? "" : " UNION ALL ") + branch(other);
  select = named_keys(out.columns);
  for (std::size_t i = 0; i < measures_.size(); ++i) {
    const Measure& measure = *measures_[i];
    const bool item = query_.grain != Grain::span && !measure.item_sql.empty();
    out.columns.push_back({std::string(measure.name), measure.type, measure.unit});
    select += fmt::format("{}CAST({}, '{}') AS c{}", i > 0 ? ", " : "", item ? measure.item_sql : measure.sql,
                          type_of(out.columns.back()), keys_.size() + i);
  }
  const std::string summed =
      branches_.size() == 1 ? parts + alive
                            : fmt::format("SELECT {}{} FROM ({}){}{}", key_names(), sums, parts, group_by(), alive);
  out.sql = fmt::format("SELECT {} FROM ({})", select, summed);
  return out;
}

// By the column that is asked for; else by time, else the first measure's greatest first; then by what it is split by.
Result<std::string> order_of(const MeasureQuery& query, const std::vector<Column>& columns) {
  const std::size_t keys = columns.size() - query.measures.size();
  std::string out;
  if (!query.order.empty()) {
    const bool down = query.order.starts_with('-');
    const auto found = std::ranges::find(columns, query.order.substr(down ? 1 : 0), &Column::name);
    if (found == columns.end())
      return fail(ErrorKind::invalid, "`order` must be a column of the answer, not {}.", query.order);
    out = fmt::format("c{} {} NULLS LAST", found - columns.begin(), down ? "DESC" : "ASC");
  } else if (query.step.empty() && query.grid == 0) {
    out = fmt::format("c{} DESC NULLS LAST", keys);
  }
  for (std::size_t i = 0; i < keys; ++i) out += fmt::format("{}c{}", out.empty() ? "" : ", ", i);
  return out;
}

}  // namespace

std::string_view type_of(const Column& measure) {
  return measure.type == Type::money ? "Nullable(Int128)" : "Nullable(Float64)";
}

Result<Unordered> unordered_spans(Sql& sql, const MeasureQuery& query) {
  return Compiler(sql, query).run();
}

double bucket_end_seconds(std::int64_t bucket) {
  return bucket < 0 ? 0 : std::pow(1.01 / 0.99, static_cast<double>(bucket)) / 1e9;
}

Result<Statement> compile_histogram(std::uint32_t project, const MeasureQuery& query, std::string_view of) {
  PAWL_CHECK(of == "latency" || of == "ttft", "no histogram of {}", of);
  MeasureQuery named = query;
  named.measures = {"spans"};
  TRY(check(named));
  Sql sql(project, query.now);
  Unordered asked = TRY(Compiler(sql, query).histogram(of == "ttft" ? Branch::ttft : Branch::latency));
  return Statement{fmt::format("{} LIMIT {}", asked.sql, query.limit), sql.take(), std::move(asked.columns)};
}

Result<Statement> compile(std::uint32_t project, const MeasureQuery& query) {
  TRY(check(query));
  Sql sql(project, query.now);
  const auto scores = std::ranges::count_if(query.measures, is_score_measure);
  const bool only = scores == std::ssize(query.measures);
  Unordered asked = TRY(asks_points(query) ? unordered_points(sql, query)
                        : only             ? unordered_scores(sql, query)
                        : scores > 0       ? unordered_both(sql, query)
                                           : unordered_spans(sql, query));
  const std::string by = TRY(order_of(query, asked.columns));
  return Statement{fmt::format("{} ORDER BY {} LIMIT {}", asked.sql, by, query.limit), sql.take(),
                   std::move(asked.columns)};
}

}  // namespace pawl::query
