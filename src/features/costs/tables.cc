// Cost by any dimension: rows, the unattributed one and what a limit cut off
// add up to the total exactly; shared cost can be split over the others.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "inside.h"

namespace pawl::costs {
namespace {

struct Table {
  std::vector<Measured> rows;
  std::vector<Int128> shared;  // what each row takes of the shared cost; of the
                               // shared row what it gives, below 0
  Measured unattributed, other, total;
};

Int128 cost_of(const Measured& row) {
  return row.cost.value_or(0);
}

void add(Measured& into, const Measured& row, int sign) {
  if (row.cost) into.cost = cost_of(into) + sign * *row.cost;
  into.calls += sign * row.calls, into.unknown_calls += sign * row.unknown_calls, into.tokens += sign * row.tokens;
}

Result<Table> by_project(Costs::Inside& inside, warehouse::Warehouse& store, const net::Request& request,
                         const query::MeasureQuery& query) {
  Table table;
  for (const auto& project : TRY(inside.projects.projects_of(projects::access_of(request)))) {
    auto rows = TRY(measured(inside, store, project.id, query));
    if (rows.empty()) continue;
    add(table.total, rows[0], 1);
    rows[0].key = {project.name};
    table.rows.push_back(std::move(rows[0]));
  }
  std::ranges::sort(table.rows, std::greater<>(), cost_of);
  return table;
}

Result<Table> by_dimensions(Costs::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                            query::MeasureQuery query, const std::vector<std::string>& by) {
  constexpr std::uint32_t most = 10'000;  // the unattributed row is found however small
  Table table;
  const std::uint32_t shown = std::exchange(query.limit, most);
  query.dimensions = by;
  auto rows = TRY(measured(inside, store, project, query));
  // Every call is in one row, so that the rows are the total; it is asked for where there may be more of them.
  query.dimensions.clear();
  const auto whole = rows.size() < most ? std::vector<Measured>() : TRY(measured(inside, store, project, query));
  for (const auto& row : whole.empty() ? rows : whole) add(table.total, row, 1);
  table.other = table.total;
  for (auto& row : rows) {
    add(table.other, row, -1);
    const bool nobody = std::ranges::all_of(row.key, [](const std::string& value) { return value.empty(); });
    if (nobody) {
      table.unattributed = std::move(row);
    } else if (table.rows.size() < shown) {
      table.rows.push_back(std::move(row));
    } else {
      add(table.other, row, 1);
    }
  }
  return table;
}

Result<Int128> weight_of(const Measured& row, std::string_view split) {
  if (split == "cost") return std::max<Int128>(0, cost_of(row));
  if (split == "tokens") return Int128{std::max<std::int64_t>(0, row.tokens)};
  if (split == "calls") return Int128{std::max<std::int64_t>(0, row.calls)};
  if (split == "equal") return Int128{1};
  return fail(ErrorKind::invalid,
              "split={} is no key to split shared cost by: cost, tokens, calls "
              "or equal.",
              split);
}

// The cost of the row whose first value is `shared` ("": the unattributed one)
// goes to the others by a key.
Result<void> split_shared(Table& table, std::string_view shared, std::string_view split) {
  const bool nobody = shared.empty() || shared == "unattributed";
  Int128 pot = nobody ? cost_of(table.unattributed) : 0;
  std::vector<Int128> weights;
  for (const auto& row : table.rows) {
    const bool gives = !nobody && row.key[0] == shared;
    if (gives) pot += cost_of(row);
    weights.push_back(gives ? Int128{-1} : TRY(weight_of(row, split)));
  }
  std::vector<Int128> takers;
  for (const Int128 weight : weights)
    if (weight >= 0) takers.push_back(weight);
  if (takers.empty()) return fail(ErrorKind::invalid, "There is nobody to split the shared cost over.");
  const auto parts = shares_of(pot, takers);
  std::size_t next = 0;
  for (std::size_t i = 0; i < table.rows.size(); ++i)
    table.shared.push_back(weights[i] >= 0 ? parts[next++] : -cost_of(table.rows[i]));
  return {};
}

void write_row(JsonWriter& json, const Measured& row, Int128 shared) {
  json.object().key("key").array();
  for (const auto& value : row.key) json.value(value);
  json.end().key("cost_usd");
  row.cost ? json.value(format_dollars(*row.cost)) : json.null();
  json.field("shared_usd", format_dollars(shared)).field("total_usd", format_dollars(cost_of(row) + shared));
  json.field("calls", row.calls).field("unknown_calls", row.unknown_calls).field("tokens", row.tokens).end();
}

Result<net::Response> cost_table(Costs::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  auto by = names_of(request.query.find("by").value_or("agent"));
  if (by.empty()) by = {"agent"};
  query::MeasureQuery query;
  query.range = TRY(range_of(request, inside.clock.now(), 1));
  query.filter = TRY(filter_of(request.query.get("filter")));
  query.order = "-cost";
  const auto limit = request.query.find("limit") ? parse_int(request.query.get("limit")) : 1000;
  if (!limit || *limit < 1 || *limit > 10'000) return fail(ErrorKind::invalid, "limit= must be 1 to 10000.");
  query.limit = static_cast<std::uint32_t>(*limit);
  for (const auto& name : by) {
    if (name == "tag" || name == "finish_reason")
      return fail(ErrorKind::invalid,
                  "A call may have several values of {}: a table by it would "
                  "not add up.",
                  name);
  }
  const bool projects = by == std::vector<std::string>{"project"};
  if (!projects && std::ranges::find(by, "project") != by.end())
    return fail(ErrorKind::invalid, "project stands alone in by=: other dimensions are of one project.");
  Table table = projects ? TRY(by_project(inside, store, request, query))
                         : TRY(by_dimensions(inside, store, projects::access_of(request).project, query, by));
  const auto shared = request.query.find("shared");
  const std::string split(request.query.find("split").value_or("cost"));
  if (shared) TRY(split_shared(table, *shared, split));
  table.shared.resize(table.rows.size(), 0);
  Int128 given = 0;
  for (const Int128 part : table.shared) given += part;
  JsonWriter json;
  json.object().key("by").array();
  for (const auto& name : by) json.value(name);
  json.end().field("from", format_time(query.range.from)).field("to", format_time(query.range.to)).key("rows").array();
  for (std::size_t i = 0; i < table.rows.size(); ++i) write_row(json, table.rows[i], table.shared[i]);
  json.end().key("unattributed");
  write_row(json, table.unattributed, -given);
  json.key("other");
  write_row(json, table.other, 0);
  json.key("total");
  write_row(json, table.total, 0);
  json.field("allocation_method", shared ? split : std::string());
  return net::Response::json(json.end().take());
}

}  // namespace

void add_table_routes(net::Router& router, Costs::Inside& inside) {
  router.add({.method = "GET",
              .pattern = "/api/v1/costs",
              .permission = "read",
              .handler = reading::handler(inside, cost_table),
              .summary = "Cost by any dimension; rows, the unattributed one and what "
                         "the limit cut off add up to the "
                         "total",
              .query = {{"by", "dimensions, at most 5: agent,customer; or project"},
                        {"from", "RFC 3339; the first of the month"},
                        {"to", "RFC 3339, exclusive; the end of today"},
                        {"filter", "only what it selects"},
                        {"limit", "rows, 1 to 10000"},
                        {"shared",
                         "value of the first dimension whose cost is split "
                         "over the others; unattributed"},
                        {"split", "by what: cost, tokens, calls or equal"}},
              .answers = "{by:[name], from, to, rows:[CostRow], unattributed:CostRow, "
                         "other:CostRow, total:CostRow, "
                         "allocation_method}"});
}

}  // namespace pawl::costs
