// Budgets of a project: kept in the ledger, measured when they are asked for.
#include <algorithm>
#include <array>

#include "base/json_fields.h"
#include "base/text.h"
#include "budget.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::costs {
namespace {

constexpr std::string_view scopes[] = {"organisation", "project", "team", "agent", "user", "task", "customer"};
constexpr std::string_view periods[] = {"day", "week", "month"};
constexpr std::int64_t max_budgets = 200;

struct Budget {
  std::string name, scope, value, period, timezone;
  std::int64_t limit = 0;  // pico-dollars
};

constexpr ledger::Migration steps[] = {{"costs", 1, R"sql(
CREATE TABLE budgets (project INTEGER NOT NULL REFERENCES projects (id), name TEXT NOT NULL,
  scope TEXT NOT NULL, -- project team agent user task customer
  value TEXT NOT NULL, -- of the scope; '' of a project
  period TEXT NOT NULL, -- day week month
  timezone TEXT NOT NULL, -- IANA: whose days, weeks and months
  limit_pico INTEGER NOT NULL, -- pico-dollars
  changed INTEGER NOT NULL, actor TEXT NOT NULL, PRIMARY KEY (project, name)) STRICT;
)sql"},
                                       {"costs", 2, R"sql(
-- what providers say that was used and what they bill
CREATE TABLE provider_bills (project INTEGER NOT NULL REFERENCES projects (id),
  source TEXT NOT NULL, -- openai.usage openai.costs anthropic.usage anthropic.costs google aws
  began INTEGER NOT NULL, ended INTEGER NOT NULL, -- the bucket
  record TEXT NOT NULL, -- which record of the bucket
  grouping TEXT NOT NULL, -- by which fields its source was asked to tell records apart
  provider TEXT NOT NULL, model TEXT NOT NULL,
  account TEXT NOT NULL, -- project or workspace of the provider
  type TEXT NOT NULL, -- input cache_read cache_write output tools tax credit adjustment other
  tier TEXT NOT NULL, quantity INTEGER, requests INTEGER,
  pico INTEGER, -- pico-dollars; NULL: money is not told
  imported INTEGER NOT NULL, PRIMARY KEY (project, source, began, ended, record)) STRICT, WITHOUT ROWID;
)sql"}};

Result<std::vector<Budget>> budgets_of(ledger::Ledger& ledger, ProjectId project) {
  const auto rows =
      TRY(ledger.read("SELECT name, scope, value, period, timezone, limit_pico "
                      "FROM budgets WHERE project = ? ORDER BY name",
                      {std::int64_t{project}}));
  std::vector<Budget> out;
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back(
        {rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), rows.text(i, 4), rows.integer(i, 5)});
  return out;
}

Result<query::Filter> filter_for(const Budget& budget) {
  if (budget.scope == "project" || budget.scope == "organisation") return query::Filter();
  return filter_of(fmt::format("{}={}", budget.scope, query::quoted(budget.value)));
}

// The period that `now` is in, in the budget's own calendar.
Result<query::Range> period_at(warehouse::Warehouse& store, const Budget& budget, Nanos now) {
  const std::string_view begin = budget.period == "day"    ? "d"
                                 : budget.period == "week" ? "toMonday(d)"
                                                           : "toStartOfMonth(d)";
  const std::string_view end = budget.period == "day"    ? "addDays(d, 1)"
                               : budget.period == "week" ? "addDays(toMonday(d), 7)"
                                                         : "addMonths(toStartOfMonth(d), 1)";
  const auto answer =
      TRY(store.read({.sql = fmt::format("WITH toDate(fromUnixTimestamp64Second({{at:Int64}}), "
                                         "{{zone:String}}) AS d SELECT "
                                         "toInt64(toUnixTimestamp(toDateTime({}, {{zone:String}}))), "
                                         "toInt64(toUnixTimestamp(toDateTime({}, {{zone:String}})))",
                                         begin, end),
                      .parameters = {{"at", fmt::format("{}", now / second)}, {"zone", budget.timezone}}}));
  if (answer.rows.size() != 1) return fail(ErrorKind::corrupt, "the period of {} is not known", budget.name);
  return query::Range{answer.rows.integer(0, 0) * second, answer.rows.integer(1, 0) * second};
}

struct Standing {
  query::Range period;
  Pace pace;
  std::int64_t unknown_calls = 0;
};

// Whose spending it is: the project's, or that of all projects.
Result<std::vector<ProjectId>> projects_for(Costs::Inside& inside, ProjectId project, const Budget& budget) {
  if (budget.scope != "organisation") return std::vector{project};
  std::vector<ProjectId> all;
  for (const auto& one : TRY(inside.projects.projects())) all.push_back(one.id);
  return all;
}

// What was spent in steps that end now, since the first that has data.
Result<void> read_history(Costs::Inside& inside, warehouse::Warehouse& store, const std::vector<ProjectId>& projects,
                          query::MeasureQuery query, Pace& pace) {
  constexpr Nanos weeks = 8 * 7 * day, fortnight = 15 * day;
  const Nanos until = pace.now / minute * minute + minute;
  const auto count = (pace.step == hour ? fortnight : weeks) / pace.step;
  query.range = {until - count * pace.step, until};
  query.grid = pace.step, query.phase = until % pace.step;
  query.limit = 1000;
  std::vector<double> all(static_cast<std::size_t>(count), 0);
  std::size_t first = all.size();
  for (const auto project : projects) {
    for (const auto& row : TRY(measured(inside, store, project, query))) {
      const auto at =
          static_cast<std::size_t>(std::clamp<Nanos>((row.at - query.range.from) / pace.step, 0, count - 1));
      all[at] += static_cast<double>(row.cost.value_or(0)) / static_cast<double>(pico_per_dollar);
      first = std::min(first, at);
    }
  }
  pace.history.assign(all.begin() + static_cast<std::ptrdiff_t>(first), all.end());
  return {};
}

Result<Standing> standing_of(Costs::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                             const Budget& budget) {
  Standing out;
  const Nanos now = inside.clock.now();
  const auto projects = TRY(projects_for(inside, project, budget));
  out.period = TRY(period_at(store, budget, now));
  out.pace.start = out.period.from, out.pace.end = out.period.to, out.pace.now = now;
  out.pace.limit = budget.limit;
  if (budget.period == "day") out.pace.step = hour, out.pace.season = 24;
  query::MeasureQuery query{.filter = TRY(filter_for(budget)), .range = {out.period.from, now + 1}};
  for (const auto one : projects) {
    for (const auto& row : TRY(measured(inside, store, one, query)))
      out.pace.spent += row.cost.value_or(0), out.unknown_calls += row.unknown_calls;
  }
  query.range = {now - 7 * day, now + 1};
  query.step = "1h";
  query.limit = 1000;
  Nanos first = now;
  for (const auto one : projects) {
    for (const auto& row : TRY(measured(inside, store, one, query))) {
      out.pace.week += row.cost.value_or(0);
      first = std::min(first, row.at);
    }
  }
  out.pace.covered = now - first;
  query.step.clear();
  TRY(read_history(inside, store, projects, query, out.pace));
  return out;
}

std::string_view name_of(Forecast::State state) {
  static constexpr std::array names = {std::string_view("ok"), std::string_view("at_risk"),
                                       std::string_view("exceeded")};
  return names[static_cast<std::size_t>(state)];
}

Result<void> write(JsonWriter& json, Costs::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                   const Budget& budget) {
  const Standing standing = TRY(standing_of(inside, store, project, budget));
  const Forecast ahead = forecast(standing.pace);
  json.object().field("name", budget.name).field("scope", budget.scope).field("value", budget.value);
  json.field("period", budget.period).field("timezone", budget.timezone);
  json.field("limit_usd", format_dollars(budget.limit)).field("spent_usd", format_dollars(standing.pace.spent));
  json.field("left_usd", format_dollars(Int128{budget.limit} - standing.pace.spent));
  json.field("used", static_cast<double>(standing.pace.spent) / static_cast<double>(budget.limit));
  json.field("daily_usd", format_dollars(ahead.daily)).field("forecast_usd", format_dollars(ahead.whole));
  json.field("period_start", format_time(standing.period.from)).field("period_end", format_time(standing.period.to));
  json.key("runs_out");
  ahead.runs_out ? json.value(format_time(*ahead.runs_out)) : json.null();
  for (const auto& [name, date, amount] : {std::tuple("p10", 0U, 0U), {"p50", 1U, 1U}, {"p90", 2U, 2U}}) {
    json.key(fmt::format("runs_out_{}", name));
    ahead.dates[date] ? json.value(format_time(*ahead.dates[date])) : json.null();
    json.field(fmt::format("forecast_{}_usd", name), format_dollars(ahead.band[amount]));
  }
  json.field("method", ahead.method)
      .field("state", name_of(ahead.state))
      .field("unknown_calls", standing.unknown_calls)
      .end();
  return {};
}

Result<bool> sees_all(Costs::Inside& inside, const net::Request& request) {
  const auto mine = TRY(inside.projects.projects_of(projects::access_of(request)));
  return mine.size() == TRY(inside.projects.projects()).size();
}

Result<net::Response> list(Costs::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = projects::access_of(request).project;
  JsonWriter json;
  json.object().key("budgets").array();
  for (const auto& budget : TRY(budgets_of(inside.ledger, project))) {
    if (budget.scope == "organisation" && !TRY(sees_all(inside, request))) continue;  // it tells of other projects
    TRY(write(json, inside, store, project, budget));
  }
  return net::Response::json(json.end().end().take());
}

bool is_one_of(std::string_view word, std::span<const std::string_view> of) {
  return std::ranges::find(of, word) != of.end();
}

Result<Budget> read_budget(const net::Request& request) {
  const auto fields = TRY(JsonFields::parse(request.body));
  Budget budget{std::string(request.capture("name")), fields.text("scope"), fields.text("value"), fields.text("period"),
                fields.text("timezone")};
  if (budget.name.empty() || budget.name.size() > 100 || !is_utf8(budget.name))
    return fail(ErrorKind::invalid, "A budget's name has 1 to 100 characters.");
  if (budget.scope.empty()) budget.scope = "project";
  if (!is_one_of(budget.scope, scopes))
    return fail(ErrorKind::invalid, "scope={} must be organisation, project, team, agent, user, task or customer.",
                budget.scope);
  const bool whole = budget.scope == "project" || budget.scope == "organisation";
  if (!whole && budget.value.empty())
    return fail(ErrorKind::invalid, "value must name the {} whose budget it is.", budget.scope);
  if (whole && !budget.value.empty())
    return fail(ErrorKind::invalid, "A budget of the {} has no value; name its scope: team, agent, user …",
                budget.scope);
  if (budget.period.empty()) budget.period = "month";
  if (!is_one_of(budget.period, periods))
    return fail(ErrorKind::invalid, "period={} must be day, week or month.", budget.period);
  if (budget.timezone.empty()) budget.timezone = "UTC";
  const auto limit = parse_dollars(fields.text("limit_usd"));
  if (!limit || limit->pico <= 0)
    return fail(ErrorKind::invalid,
                "limit_usd must be US dollars above 0 as a "
                "decimal text, such as \"250.00\".");
  budget.limit = limit->pico;
  query::MeasureQuery probe{.measures = {"cost"}, .range = {0, day}, .step = "1d", .timezone = budget.timezone};
  TRY(query::compile(1, probe));  // knows the time zones
  TRY(filter_for(budget));
  return budget;
}

Result<net::Response> put(Costs::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const Budget budget = TRY(read_budget(request));
  if (budget.scope == "organisation" && !TRY(sees_all(inside, request)))
    return fail(ErrorKind::denied, "A budget of the organisation is for who may see all its projects.");
  const auto& access = projects::access_of(request);
  const std::string actor = projects::actor_of(access);
  const Nanos now = inside.clock.now();
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    const auto others = TRY(change.run("SELECT count(*) FROM budgets WHERE project = ? AND name != ?",
                                       {std::int64_t{access.project}, budget.name}));
    if (others.integer(0, 0) >= max_budgets)
      return fail(ErrorKind::exhausted, "A project has at most {} budgets.", max_budgets);
    TRY(
        change.run("INSERT INTO budgets (project, name, scope, value, period, "
                   "timezone, limit_pico, changed, actor) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project, "
                   "name) DO UPDATE SET scope = "
                   "excluded.scope, value = excluded.value, period = "
                   "excluded.period, timezone = excluded.timezone, "
                   "limit_pico = excluded.limit_pico, changed = "
                   "excluded.changed, actor = excluded.actor",
                   {std::int64_t{access.project}, budget.name, budget.scope, budget.value, budget.period,
                    budget.timezone, budget.limit, now, actor}));
    return audit::append(change, now, access.project, actor, "budget.set",
                         fmt::format("{}: {} a {} for {} {}", budget.name, format_dollars(budget.limit), budget.period,
                                     budget.scope, budget.value));
  }));
  JsonWriter json;
  TRY(write(json, inside, store, access.project, budget));
  return net::Response::json(json.take());
}

Result<net::Response> remove(Costs::Inside& inside, warehouse::Warehouse&, const net::Request& request) {
  const auto& access = projects::access_of(request);
  const std::string name(request.capture("name")), actor = projects::actor_of(access);
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(change.run("DELETE FROM budgets WHERE project = ? AND name = ?", {std::int64_t{access.project}, name}));
    if (change.changes() == 0) return fail(ErrorKind::not_found, "There is no budget {}.", name);
    return audit::append(change, inside.clock.now(), access.project, actor, "budget.delete", name);
  }));
  return net::Response::json("{}");
}

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

void add_budget_routes(net::Router& router, Costs::Inside& inside) {
  router.add({.method = "GET",
              .pattern = "/api/v1/budgets",
              .permission = "read",
              .handler = reading::handler(inside, list),
              .summary =
                  "Budgets: spent, what the period will have cost, and when they run out. A budget tells: it stops "
                  "no calls",
              .answers = "{budgets:[Budget]}"});
  router.add({.method = "PUT",
              .pattern = "/api/v1/budgets/{name}",
              .permission = "admin",
              .handler = reading::handler(inside, put),
              .body_bytes = 64U << 10,
              .summary = "Makes or changes a budget",
              .accepts = "{scope, value, period, limit_usd, timezone}",
              .answers = "Budget"});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/budgets/{name}",
              .permission = "admin",
              .handler = reading::handler(inside, remove),
              .summary = "Deletes a budget",
              .answers = "{}"});
}

}  // namespace pawl::costs
