// The door, and what its rooms share.
#include "costs.h"

#include <algorithm>

#include "base/text.h"
#include "inside.h"

namespace pawl::costs {

Result<query::Range> range_of(const net::Request& request, Nanos now, Nanos period) {
  const std::string today = format_time(now);
  query::Range range{parse_time(today.substr(0, 8) + "01").value_or(0), (now / day + 1) * day};
  for (const auto& [name, into] : {std::pair{"from", &range.from}, {"to", &range.to}}) {
    const auto text = request.query.get(name);
    if (text.empty()) continue;
    const auto parsed = parse_time(text);
    if (!parsed) return fail(ErrorKind::invalid, "{}={} is no time. Write it like 2026-11-21.", name, text);
    if (*parsed % period != 0)
      return fail(ErrorKind::invalid, "{}={} is not the start of {} in UTC: a charge is of whole ones.", name, text,
                  period == day ? "a day" : "an hour");
    *into = *parsed;
  }
  if (range.from >= range.to)
    return fail(ErrorKind::invalid, "from={} is not before to={}.", format_time(range.from), format_time(range.to));
  return range;
}

Result<query::Filter> filter_of(std::string_view text) {
  auto filter = query::Filter::parse(text);
  if (!filter)
    return fail(ErrorKind::invalid, "filter, at byte {}: {}", filter.error().position, filter.error().message);
  return std::move(*filter);
}

std::vector<std::string> names_of(std::string_view list) {
  std::vector<std::string> out;
  for (const auto word : split(list, ',')) {
    const std::string name(trim(word));
    if (!name.empty() && std::ranges::find(out, name) == out.end()) out.push_back(name);
  }
  return out;
}

Result<std::string> project_name(Costs::Inside& inside, ProjectId project) {
  for (const auto& one : TRY(inside.projects.projects())) {
    if (one.id == project) return one.name;
  }
  return fail(ErrorKind::not_found, "There is no such project.");
}

namespace {

llm::Tokens tokens_of(const native::Rows& rows, std::size_t first, std::size_t row) {
  const auto at = [&](query::ChargeColumn column) { return first + static_cast<std::size_t>(column); };
  const auto count = [&](query::ChargeColumn column) -> std::optional<std::int64_t> {
    const auto value = rows.integer(at(column), row);
    return value == 0 ? std::nullopt : std::optional(value);
  };
  using enum query::ChargeColumn;
  llm::Tokens tokens{
      rows.integer(at(input), row), count(cache_read), count(cache_write), count(output), count(reasoning), {}};
  const auto names = rows.texts(at(others), row);
  const auto sums = rows.integers(at(counts), row);
  for (std::size_t i = 0; i < names.size(); ++i) tokens.others.emplace_back(std::string(names[i]), sums[i]);
  return tokens;
}

}  // namespace

Result<std::vector<Sum>> sums(warehouse::Warehouse& store, llm::Pricer& pricer, ProjectId project,
                              query::ChargeQuery query) {
  if (query.by_row) {
    auto ask = query::question(TRY(query::compile_price_rows(project, query)));
    ask.deadline = minute;
    const auto named = TRY(store.read(ask));
    for (std::size_t i = 0; i < named.rows.size(); ++i) {
      const std::string row(named.rows.text(0, i));
      if (auto starts = pricer.tiers_of(row); !starts.empty()) query.tiers.push_back({row, std::move(starts)});
    }
  }
  const std::uint32_t most = query.limit++;
  auto ask = query::question(TRY(query::compile_charges(project, query)));
  ask.deadline = minute;
  const auto answer = TRY(store.read(ask));
  if (answer.rows.size() > most)
    return fail(ErrorKind::exhausted, "These are more than {} rows. Ask for fewer days, or for fewer attributes.",
                most);
  std::vector<Sum> out(answer.rows.size());
  const std::size_t first = 1 + query.dimensions.size();
  const auto at = [&](query::ChargeColumn column) { return first + static_cast<std::size_t>(column); };
  for (std::size_t row = 0; row < out.size(); ++row) {
    Sum& sum = out[row];
    sum.period = answer.rows.integer(0, row);
    for (std::size_t i = 1; i < first; ++i) sum.keys.emplace_back(answer.rows.text(i, row));
    sum.row = answer.rows.text(at(query::ChargeColumn::price_row), row);
    sum.source = answer.rows.text(at(query::ChargeColumn::source), row);
    sum.tier = answer.rows.integer(at(query::ChargeColumn::tier), row);
    sum.tokens = tokens_of(answer.rows, first, row);
    sum.calls = answer.rows.integer(at(query::ChargeColumn::calls), row);
    sum.cost = answer.rows.wide(at(query::ChargeColumn::cost), row);
  }
  return out;
}

Result<std::vector<Measured>> measured(Costs::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                                       query::MeasureQuery query) {
  query.measures = {"cost", "llm_calls", "cost_unknown_calls", "tokens"};
  query.now = inside.clock.now();
  std::optional<traces::Rollups::Reading> still;  // what the roll-ups hold, until the answer is there
  if (inside.options.rollups != nullptr) query.rolled_up = still.emplace(*inside.options.rollups).through();
  auto ask = query::question(TRY(query::compile(project, query)));
  ask.deadline = 30 * second;
  const auto answer = TRY(store.read(ask));
  still.reset();
  std::vector<Measured> out(answer.rows.size());
  const std::size_t before = query.step.empty() && query.grid == 0 ? 0 : 1, keys = query.dimensions.size();
  const auto whole = [&](std::size_t column, std::size_t row) {
    return answer.rows.is_null(column, row) ? 0 : static_cast<std::int64_t>(answer.rows.real(column, row));
  };
  for (std::size_t row = 0; row < out.size(); ++row) {
    Measured& one = out[row];
    if (before > 0) one.at = answer.rows.integer(0, row);
    for (std::size_t i = 0; i < keys; ++i) one.key.emplace_back(answer.rows.text(before + i, row));
    const std::size_t first = before + keys;
    if (!answer.rows.is_null(first, row)) one.cost = answer.rows.wide(first, row);
    one.calls = whole(first + 1, row), one.unknown_calls = whole(first + 2, row), one.tokens = whole(first + 3, row);
  }
  return out;
}

Costs::Costs(net::Pool& pool, ledger::Ledger& ledger, projects::Projects& projects, llm::PriceList prices,
             const Clock& clock, Options options)
    : inside_(std::make_unique<Inside>(pool, ledger, projects, std::move(prices), clock, std::move(options))) {}
Costs::~Costs() = default;

void Costs::add_routes(net::Router& router) {
  add_export_routes(router, *inside_);
  add_table_routes(router, *inside_);
  add_what_if_routes(router, *inside_);
  add_budget_routes(router, *inside_);
  add_bill_routes(router, *inside_);
}

void Costs::open(warehouse::Warehouse& warehouse) {
  inside_->warehouse = &warehouse;
}
void Costs::close() {
  inside_->warehouse = nullptr;
}

}  // namespace pawl::costs
