// A measure query as one statement: a branch for each way of counting, added up by time and dimensions.
#include <cmath>

#include "base/text.h"
#include "compiler.h"

namespace pawl::query {
namespace {

constexpr std::size_t max_measures = 20, max_dimensions = 5;
constexpr std::uint32_t max_rows = 10'000;
constexpr std::size_t max_wide_dimensions = 12;
constexpr std::uint32_t max_wide_rows = 1'000'000;

}  // namespace

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

Result<void> Compiler::find_measures() {
  std::set<std::string> needed;
  for (const std::string& name : query_.measures) {
    const Measure* measure = TRY(measure_called(name));
    measures_.push_back(measure);
    const bool item = query_.grain != Grain::span && !measure->item_sql.empty();
    needed.merge(names_in(item ? measure->item_sql : measure->sql));
  }
  find_partials(with_presence(std::move(needed)));
  return {};
}

// Groups of distinct items are those that have spans; of the others not all.
std::set<std::string> Compiler::with_presence(std::set<std::string> needed) {
  bool tells = true;
  for (const Partial& partial : partial_table())
    if (needed.contains(std::string(partial.name)))
      tells &= partial.branch == Branch::traces || partial.branch == Branch::sessions;
  if (!tells) needed.insert("_n");
  if (std::ranges::any_of(needed, [](const std::string& name) { return name.starts_with("_items_"); }))
    needed.insert("_items");
  return needed;
}

void Compiler::find_partials(const std::set<std::string>& needed) {
  for (const Partial& partial : partial_table()) {
    if (!needed.contains(std::string(partial.name))) continue;
    partials_.push_back(&partial);
    if (!has_one(branches_, partial.branch)) branches_.push_back(partial.branch);
  }
}

// "… AS c0, …, " of the keys, which become the statement's first columns.
std::string Compiler::named_keys(std::vector<Column>& columns) const {
  std::string select;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const std::size_t column = columns.size();
    if (keys_[i].kind == Key::Kind::column)
      select += fmt::format("CAST(_k{}, 'String') AS c{}, ", i, column);
    else
      select += fmt::format("toInt64(_k{}) * {} AS c{}, ", i,
                            keys_[i].kind == Key::Kind::part || query_.grid > 0 ? 1 : second, column);
    columns.push_back({keys_[i].name, keys_[i].kind == Key::Kind::column ? Type::text : Type::time, ""});
  }
  return select;
}

// "… AS c3, …" of the measures, which become the columns behind the keys.
std::string Compiler::named_measures(std::vector<Column>& columns) const {
  std::string select;
  for (std::size_t i = 0; i < measures_.size(); ++i) {
    const Measure& measure = *measures_[i];
    const bool item = query_.grain != Grain::span && !measure.item_sql.empty();
    select += fmt::format("{}CAST({}, '{}') AS c{}", i > 0 ? ", " : "", item ? measure.item_sql : measure.sql,
                          type_of({"", measure.type, ""}), columns.size());
    columns.push_back({std::string(measure.name), measure.type, measure.unit});
  }
  return select;
}

// The branches, added up by key; groups without a span are none.
std::string Compiler::summed() {
  std::string sums, alive, parts;
  for (const Partial* partial : partials_) {
    sums += fmt::format("{}{}(u{}) AS {}", sums.empty() ? "" : ", ", partial->quantile > 0 ? "max" : "sum",
                        partial->name, partial->name);
    if (partial->presence) alive += fmt::format("{}{} > 0", alive.empty() ? "" : " OR ", partial->name);
    if (partial->branch == Branch::item_latency) alive += fmt::format(" OR {} IS NOT NULL", partial->name);
  }
  if (!alive.empty()) alive = " HAVING " + alive;
  if (keys_.empty()) alive.clear();
  for (const Branch other : branches_) parts += (parts.empty() ? "" : " UNION ALL ") + branch(other);
  if (branches_.size() == 1) return parts + alive;
  return fmt::format("SELECT {}{} FROM ({}){}{}", key_names(), sums, parts, group_by(), alive);
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
  const std::string select = named_keys(out.columns) + named_measures(out.columns);
  out.sql = fmt::format("SELECT {} FROM ({})", select, summed());
  return out;
}

namespace {

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
