// Several measure queries as few statements: those of one filter that read the same tables are sets of keys of one.
#include <algorithm>

#include "compiler.h"

namespace pawl::query {
namespace {

constexpr std::size_t most_rows = 100'000;  // of a shared statement; where there are more, each query is asked alone

// The engine puts the arguments of a key in its place where a function is injective, without a look at the other sets
// that they are keys of (26.7: a row's set is then none).
constexpr std::string_view exact_sets =
    " SETTINGS optimize_injective_functions_in_group_by = 0, optimize_group_by_function_keys = 0";

bool splits_lists(const MeasureQuery& query) {
  return std::ranges::any_of(query.dimensions, [](const std::string& name) {
    const Dimension* dimension = attribute_of(name) ? nullptr : find_dimension(name);
    return dimension != nullptr && dimension->list;
  });
}

std::string literal_of(const Key& key) {
  return key.kind == Key::Kind::column ? "CAST('', 'LowCardinality(String)')"
         : key.kind == Key::Kind::time ? "toUInt32(0)"
                                       : "toUInt8(0)";
}

// An enumeration as text: where a set does not group by it, it is '' in every branch.
std::string expression_of(const Key& key, const std::string& sql) {
  const Dimension* dimension = key.kind == Key::Kind::column ? find_dimension(key.name) : nullptr;
  const bool named = dimension != nullptr && dimension->type == Type::enumeration;
  return named ? fmt::format("CAST({}, 'LowCardinality(String)')", sql) : sql;
}

// Which stretch between two borders the range is.
std::optional<std::size_t> part_of(const Range& range, const Range& whole, const std::vector<Nanos>& cuts) {
  std::vector<Nanos> borders = {whole.from};
  borders.insert(borders.end(), cuts.begin(), cuts.end());
  borders.push_back(whole.to);
  const auto found = std::ranges::find(borders, range.from);
  if (found == borders.end() || found + 1 == borders.end() || *(found + 1) != range.to) return std::nullopt;
  return static_cast<std::size_t>(found - borders.begin());
}

bool same(const Range& a, const Range& b) {
  return a.from == b.from && a.to == b.to;
}

}  // namespace

// ---- the first grouping of a branch -------------------------------------------------------------------------------

std::vector<std::size_t> Compiler::sets_of(Branch branch) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < sets_.size(); ++i)
    if (has_one(sets_[i].branches, branch)) out.push_back(i);
  return out;
}

std::vector<bool> Compiler::keys_used(Branch branch) const {
  std::vector<bool> out(keys_.size(), sets_.empty());
  for (const std::size_t set : sets_of(branch))
    for (const std::size_t key : sets_[set].keys) out[key] = true;
  return out;
}

// The number of the group's set, from which keys it is grouped by.
std::string Compiler::set_of(Branch branch) const {
  const auto sets = sets_of(branch);
  if (sets_.empty()) return "";
  if (sets.size() == 1) return fmt::format("toUInt8({}) AS _set, ", sets[0]);
  const auto used = keys_used(branch);
  std::string names;
  std::vector<std::uint64_t> masks(sets.size(), 0);
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    if (!used[key]) continue;
    names += fmt::format("{}_k{}", names.empty() ? "" : ", ", key);
    for (std::size_t i = 0; i < sets.size(); ++i)
      masks[i] = masks[i] << 1U | (has_one(sets_[sets[i]].keys, key) ? 0U : 1U);
  }
  return fmt::format("toUInt8(transform(toUInt64(grouping({})), [{}], [{}], 255)) AS _set, ", names,
                     fmt::join(masks, ", "), fmt::join(sets, ", "));
}

std::string Compiler::key_sql(std::size_t key, bool of_rollup) const {
  const std::string& sql = of_rollup ? keys_[key].rolled : keys_[key].sql;
  return sets_.empty() ? sql : expression_of(keys_[key], sql);
}

std::string Compiler::first_keys(Branch branch, bool of_rollup) const {
  const auto used = keys_used(branch);
  std::string out;
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (used[i]) out += fmt::format("{} AS _k{}, ", key_sql(i, of_rollup), i);
  return out;
}

std::string Compiler::first_names(Branch branch) const {
  const auto used = keys_used(branch);
  std::string out = set_of(branch);
  for (std::size_t i = 0; i < keys_.size(); ++i)
    out += used[i] ? fmt::format("_k{}, ", i) : fmt::format("{} AS _k{}, ", literal_of(keys_[i]), i);
  return out;
}

std::string Compiler::first_selected(Branch branch, bool of_rollup) const {
  const auto used = keys_used(branch);
  std::string out = set_of(branch);
  for (std::size_t i = 0; i < keys_.size(); ++i)
    out += fmt::format("{} AS _k{}, ", used[i] ? key_sql(i, of_rollup) : literal_of(keys_[i]), i);
  return out;
}

std::string Compiler::first_group(Branch branch, std::string_view more) const {
  if (sets_.empty()) return group_by(more);
  std::vector<std::string> groups;
  for (const std::size_t set : sets_of(branch)) {
    std::string& group = groups.emplace_back();
    for (const std::size_t key : sets_[set].keys) group += fmt::format("{}_k{}", group.empty() ? "" : ", ", key);
    if (!more.empty()) group += fmt::format("{}{}", group.empty() ? "" : ", ", more);
  }
  if (groups.size() == 1) return groups[0].empty() ? "" : " GROUP BY " + groups[0];
  return fmt::format(" GROUP BY GROUPING SETS (({}))", fmt::join(groups, "), ("));
}

// ---- ranges that are parts of a longer one
// ----------------------------------------------------------------------------

// The hours of a roll-up with a cut inside, which are read from rows: `each` with {0} the hour.
std::string Compiler::cut_hours(const Rolled& from, std::string_view each) const {
  std::set<std::int64_t> hours;
  for (const Nanos cut : cuts_)
    if (cut % hour != 0 && cut / hour >= from.first && cut / hour < from.last) hours.insert(cut / hour);
  std::string out;
  for (const std::int64_t one : hours) out += fmt::format(fmt::runtime(each), one);
  return out;
}

Key Compiler::part_key() const {
  std::string rows, hours;
  for (const Nanos cut : cuts_) {
    const std::string_view plus = rows.empty() ? "" : " + ";
    rows += cut % minute == 0
                ? fmt::format("{}(minute >= {})", plus, cut / minute)
                : fmt::format("{0}(minute > {1} OR (minute = {1} AND {2} >= {3}))", plus, cut / minute, start_sql, cut);
    hours += fmt::format("{}(hour >= {})", plus, (cut + hour - 1) / hour);
  }
  return {"part", fmt::format("toUInt8({})", rows), fmt::format("toUInt8({})", hours), Key::Kind::part};
}

// ---- one statement
// --------------------------------------------------------------------------------------------------------

std::size_t Compiler::add_key(Key key) {
  const auto known = std::ranges::find_if(
      keys_, [&](const Key& one) { return one.kind == key.kind && one.name == key.name && one.sql == key.sql; });
  if (known != keys_.end()) return static_cast<std::size_t>(known - keys_.begin());
  keys_.push_back(std::move(key));
  return keys_.size() - 1;
}

// Adds what the query needs; columns of the answer are numbered by key, and by measure behind them.
Result<void> Compiler::add(const MeasureQuery& query, Shared::Answer& answer, std::set<std::string>& needed) {
  Set set;
  for (Key& key : TRY(keys_of(sql_, query))) set.keys.push_back(add_key(std::move(key)));
  answer.from = set.keys, answer.keys = set.keys.size();
  if (!same(query.range, query_.range)) {
    const std::size_t key = add_key(part_key());
    set.keys.push_back(key);
    answer.part = {key, *part_of(query.range, query_.range, cuts_)};
  }
  std::ranges::sort(set.keys);
  std::set<std::string> mine;
  for (const std::string& name : query.measures) {
    const Measure* measure = TRY(measure_called(name));
    const auto known = std::ranges::find(measures_, measure);
    answer.from.push_back(static_cast<std::size_t>(known - measures_.begin()));
    if (known == measures_.end()) measures_.push_back(measure);
    mine.merge(names_in(measure->sql));
  }
  mine = with_presence(std::move(mine));
  for (const Partial& partial : partial_table())
    if (mine.contains(std::string(partial.name)) && !has_one(set.branches, partial.branch))
      set.branches.push_back(partial.branch);
  needed.merge(mine);
  const auto known = std::ranges::find(sets_, set.keys, &Set::keys);
  answer.set = static_cast<std::size_t>(known - sets_.begin());
  if (known == sets_.end()) {
    sets_.push_back(std::move(set));
  } else {
    for (const Branch branch : set.branches)
      if (!has_one(known->branches, branch)) known->branches.push_back(branch);
  }
  return {};
}

Result<Shared> Compiler::together(std::span<const MeasureQuery> queries, const std::vector<std::size_t>& which,
                                  std::vector<Nanos> cuts) {
  cuts_ = std::move(cuts);
  where_ = selected(sql_, query_.grain, query_.filter, query_.range);
  Shared shared;
  std::set<std::string> needed;
  for (const std::size_t one : which) {
    Shared::Answer& answer = shared.answers.emplace_back();
    answer.query = one;
    TRY(add(queries[one], answer, needed));
  }
  find_partials(needed);
  shared.statement.columns.push_back({"set", Type::number, ""});
  const std::string keys = named_keys(shared.statement.columns), figures = named_measures(shared.statement.columns);
  shared.statement.sql = fmt::format("SELECT toInt64(_set) AS c0, {}{} FROM ({}) LIMIT {}{}", keys, figures, summed(),
                                     most_rows + 1, exact_sets);
  shared.statement.parameters = sql_.take();
  for (Shared::Answer& answer : shared.answers) {
    for (std::size_t i = 0; i < answer.from.size(); ++i) answer.from[i] += 1 + (i < answer.keys ? 0 : keys_.size());
    for (const std::size_t from : answer.from) answer.columns.push_back(shared.statement.columns[from]);
    if (answer.part) ++answer.part->first;
  }
  return shared;
}

Result<std::optional<Compiler::Tables>> Compiler::tables() {
  using enum Branch;
  if (query_.grid > 0 || query_.wide || splits_lists(query_)) return std::nullopt;
  keys_ = TRY(keys_of(sql_, query_));
  TRY(find_measures());
  if (has_one(branches_, items) || has_one(branches_, item_latency) || has_one(branches_, overhead))
    return std::nullopt;
  Tables out;
  for (const Branch branch : branches_) {
    const auto found = rolled(branch);
    out.push_back({branch, found ? found->table : nullptr});
  }
  return out;
}

// ---- which go together
// --------------------------------------------------------------------------------------------------

namespace {

struct Group {
  std::vector<std::size_t> queries;
  Range range;
  std::vector<Nanos> cuts;
  std::string filter;
  Compiler::Tables tables;
};

// What both read, they read of the same table.
bool agree(Compiler::Tables& mine, const Compiler::Tables& other) {
  for (const auto& [branch, table] : other) {
    const auto known = std::ranges::find(mine, branch, [](const auto& one) { return one.first; });
    if (known != mine.end() && known->second != table) return false;
    if (known == mine.end()) mine.emplace_back(branch, table);
  }
  return true;
}

bool takes(Group& group, std::span<const MeasureQuery> queries, std::size_t number, const Compiler::Tables& tables) {
  const MeasureQuery& query = queries[number];
  const MeasureQuery& first = queries[group.queries[0]];
  const Range& range = query.range;
  if (first.grain != query.grain || first.now != query.now || group.filter != query.filter.text()) return false;
  if (query.grain != Grain::span && !same(range, first.range))
    return false;  // items are chosen by what is in the range
  if (range.from < group.range.from || range.to > group.range.to) return false;
  std::set<Nanos> cuts(group.cuts.begin(), group.cuts.end());
  for (const Nanos cut : {range.from, range.to})
    if (cut != group.range.from && cut != group.range.to) cuts.insert(cut);
  const std::vector<Nanos> ordered(cuts.begin(), cuts.end());
  const auto stands = [&](const Range& one) {
    return same(one, group.range) || part_of(one, group.range, ordered).has_value();
  };
  if (!stands(range) ||
      !std::ranges::all_of(group.queries, [&](std::size_t one) { return stands(queries[one].range); }))
    return false;
  Compiler::Tables both = group.tables;
  if (!agree(both, tables)) return false;
  group.queries.push_back(number);
  group.cuts = ordered, group.tables = both;
  return true;
}

int compared(const native::Rows& rows, std::size_t column, Type type, std::size_t a, std::size_t b) {
  const auto of = [](const auto& x, const auto& y) { return x < y ? -1 : y < x ? 1 : 0; };
  if (type == Type::text) return of(rows.text(column, a), rows.text(column, b));
  if (type == Type::time) return of(rows.integer(column, a), rows.integer(column, b));
  if (type == Type::money) return of(rows.wide(column, a), rows.wide(column, b));
  return of(rows.real(column, a), rows.real(column, b));
}

// By the query's order, as the statement of its own would say it.
void sort_rows(std::vector<std::size_t>& out, const Shared::Answer& answer, const MeasureQuery& query,
               const native::Rows& rows) {
  const bool down = query.order.empty() || query.order[0] == '-';
  std::optional<std::size_t> first;
  if (!query.order.empty()) {
    const auto found = std::ranges::find(answer.columns, query.order.substr(down ? 1 : 0), &Column::name);
    if (found != answer.columns.end()) first = static_cast<std::size_t>(found - answer.columns.begin());
  } else if (query.step.empty()) {
    first = answer.keys;
  }
  std::ranges::sort(out, [&](std::size_t a, std::size_t b) {
    if (first) {
      const std::size_t column = answer.from[*first];
      const bool none_a = rows.is_null(column, a), none_b = rows.is_null(column, b);
      if (none_a != none_b) return none_b;
      const int order = none_a ? 0 : compared(rows, column, answer.columns[*first].type, a, b);
      if (order != 0) return down ? order > 0 : order < 0;
    }
    for (std::size_t i = 0; i < answer.keys; ++i)
      if (const int order = compared(rows, answer.from[i], answer.columns[i].type, a, b); order != 0) return order < 0;
    return false;
  });
  if (out.size() > query.limit) out.resize(query.limit);
}

}  // namespace

Result<std::vector<Shared>> share(std::uint32_t project, std::span<const MeasureQuery> queries) {
  std::vector<std::size_t> longest_first;
  for (std::size_t i = 0; i < queries.size(); ++i) longest_first.push_back(i);
  const auto length = [&](std::size_t i) { return queries[i].range.to - queries[i].range.from; };
  std::ranges::sort(longest_first, [&](std::size_t a, std::size_t b) {
    return length(a) != length(b) ? length(a) > length(b) : a < b;
  });
  std::vector<Group> groups;
  for (const std::size_t i : longest_first) {
    TRY(check(queries[i]));
    if (asks_points(queries[i]) || std::ranges::any_of(queries[i].measures, is_score_measure)) continue;
    Sql sql(project, queries[i].now);
    const auto tables = TRY(Compiler(sql, queries[i]).tables());
    if (!tables) continue;
    if (std::ranges::any_of(groups, [&](Group& group) { return takes(group, queries, i, *tables); })) continue;
    groups.push_back({{i}, queries[i].range, {}, queries[i].filter.text(), *tables});
  }
  std::vector<Shared> out;
  for (const Group& group : groups) {
    if (group.queries.size() < 2) continue;
    const MeasureQuery& longest = queries[group.queries[0]];
    Sql sql(project, longest.now);
    out.push_back(TRY(Compiler(sql, longest).together(queries, group.queries, group.cuts)));
  }
  return out;
}

std::optional<std::vector<std::size_t>> rows_of(const Shared::Answer& answer, const MeasureQuery& query,
                                                const native::Rows& rows) {
  if (rows.size() > most_rows) return std::nullopt;
  std::vector<std::size_t> out;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows.integer(0, row) != static_cast<std::int64_t>(answer.set)) continue;
    if (answer.part && rows.integer(answer.part->first, row) != static_cast<std::int64_t>(answer.part->second))
      continue;
    out.push_back(row);
  }
  if (out.empty() && answer.keys == 0) return std::nullopt;
  sort_rows(out, answer, query, rows);
  return out;
}

}  // namespace pawl::query
