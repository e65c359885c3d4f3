// Reads the numbers of a report.
#include "gather.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "inside.h"
#include "stats/proportions.h"

namespace pawl::reports {
namespace {

using Inside = Reports::Inside;

struct Wanted {  // a tile
  std::string_view name, measure, filter;
  int good;
};
constexpr Wanted wanted[] = {{"Runs", "traces", "", 0},
                             {"Failed runs", "error_rate", "status=error", -1},
                             {"Cost", "cost", "", -1},
                             {"Cost per run", "cost_per_trace", "", -1},
                             {"Cost per solved task", "cost_per_successful_task", "", -1},
                             {"Time, 95 of 100 runs below", "latency.p95", "", -1},
                             {"Tool calls that succeed", "tool_success_rate", "kind=tool status=error", 1},
                             {"Guardrail triggers", "guardrail_triggers", "is:blocked", -1},
                             {"Tokens from the cache", "cache_hit_rate", "", 1}};
constexpr std::size_t shown_periods = 12;
constexpr const char* steps[] = {"1d", "1w", "1mo"};

Result<warehouse::Answer> ask(Inside& inside, warehouse::Warehouse& store, ProjectId project,
                              query::MeasureQuery query) {
  query.now = inside.clock.now();
  std::optional<traces::Rollups::Reading> still;
  if (inside.options.rollups != nullptr) query.rolled_up = still.emplace(*inside.options.rollups).through();
  auto question = query::question(TRY(query::compile(project, query)));
  question.deadline = minute;
  return store.read(question);
}

const query::MeasureInfo& info_of(std::string_view measure) {
  const auto found = std::ranges::find(query::measures(), measure, &query::MeasureInfo::name);
  PAWL_CHECK(found != query::measures().end(), "no measure is called {}", measure);
  return *found;
}

Result<void> read_tiles(Inside& inside, warehouse::Warehouse& store, ProjectId project, Report& report,
                        const Zone& zone) {
  query::MeasureQuery query{.step = steps[static_cast<std::size_t>(report.period)],
                            .timezone = report.timezone,
                            .limit = 100,
                            .grain = query::Grain::trace};
  for (const auto& one : wanted) query.measures.emplace_back(one.measure);
  std::vector<Nanos> starts(shown_periods);
  query::Range range = report.range;
  for (std::size_t i = shown_periods; i-- > 0; range = period_before(zone, report.period, range))
    starts[i] = range.from;
  query.range = {starts.front(), report.range.to};
  const auto answer = TRY(ask(inside, store, project, query));
  for (std::size_t m = 0; m < std::size(wanted); ++m) {
    const auto& info = info_of(wanted[m].measure);
    Tile tile{.name = std::string(wanted[m].name),
              .unit = std::string(info.unit),
              .measure = std::string(wanted[m].measure),
              .filter = std::string(wanted[m].filter),
              .now = {},
              .before = {},
              .last = std::vector<std::optional<double>>(shown_periods),
              .low = {},
              .high = {},
              .good = wanted[m].good};
    for (std::size_t row = 0; row < answer.rows.size(); ++row) {
      const auto at = std::ranges::find(starts, answer.rows.integer(0, row));
      if (at != starts.end())
        tile.last[static_cast<std::size_t>(at - starts.begin())] = query::number_at(answer.rows, m + 1, row, info.type);
    }
    tile.now = tile.last[shown_periods - 1], tile.before = tile.last[shown_periods - 2];
    if (const auto usual = usual_interval(tile.last); usual && tile.now && tile.before)
      tile.low = *tile.now - *tile.before + usual->first, tile.high = *tile.now - *tile.before + usual->second;
    report.tiles.push_back(std::move(tile));
  }
  return {};
}

// Failed runs of this period against those of the one before: two shares, with their interval.
void judge_failures(Report& report) {
  const Tile& runs = report.tiles[0];
  Tile& failed = report.tiles[1];
  if (!runs.now || !runs.before || !failed.now || !failed.before || *runs.now <= 0 || *runs.before <= 0) return;
  const auto difference = stats::newcombe(std::min(1., *failed.now) * *runs.now, *runs.now,
                                          std::min(1., *failed.before) * *runs.before, *runs.before);
  if (difference) failed.low = difference->ci.low, failed.high = difference->ci.high;
}

Result<void> read_costs(Inside& inside, warehouse::Warehouse& store, ProjectId project, Report& report) {
  for (const char* by : {"team", "agent", "model"}) {
    CostTable table{.by = by, .rows = {}, .total = {}};
    std::map<std::string, CostRow> rows;
    for (const bool now : {true, false}) {
      const auto answer = TRY(ask(inside, store, project,
                                  {.measures = {"cost", "llm_calls", "cost_unknown_calls"},
                                   .dimensions = {by},
                                   .range = now ? report.range : report.before,
                                   .limit = 10'000}));
      for (std::size_t i = 0; i < answer.rows.size(); ++i) {
        CostRow& row = rows[std::string(answer.rows.text(0, i))];
        const Int128 cost = answer.rows.is_null(1, i) ? Int128{0} : answer.rows.wide(1, i);
        (now ? row.now : row.before) += cost;
        (now ? table.total.now : table.total.before) += cost;
        if (!now) continue;
        row.calls += answer.rows.is_null(2, i) ? 0 : answer.rows.real(2, i);
        row.unknown += answer.rows.is_null(3, i) ? 0 : answer.rows.real(3, i);
      }
    }
    for (auto& [key, row] : rows) {
      row.key = key, table.total.calls += row.calls, table.total.unknown += row.unknown;
      if (row.now != 0 || row.before != 0) table.rows.push_back(row);
    }
    std::ranges::sort(table.rows, [](const CostRow& a, const CostRow& b) { return a.now > b.now; });
    report.costs.push_back(std::move(table));
  }
  return {};
}

std::string change(const Report& report, double now, double before, std::string_view unit) {
  if (now == before) return fmt::format("as the {} before", name_of(report.period));
  return fmt::format("{} {} than the {} before", gap(std::abs(now - before), unit), now > before ? "more" : "less",
                     name_of(report.period));
}

void say_runs(Report& report) {
  const Tile &runs = report.tiles[0], &failed = report.tiles[1];
  if (!runs.now || *runs.now <= 0) {
    report.sentences.push_back(
        {fmt::format("There were no runs in this {}.", name_of(report.period)), report.link("/traces", "")});
    return;
  }
  std::string text = fmt::format("Of {} runs {} failed", shown(*runs.now, ""), shown(failed.now.value_or(0), "ratio"));
  if (failed.before) {
    text += fmt::format(", {}", change(report, failed.now.value_or(0), *failed.before, "ratio"));
    if (failed.low) text += failed.moved() ? " (beyond chance)" : " (no more than chance)";
  }
  report.sentences.push_back({text + ".", report.link("/traces", "status=error")});
}

double dollars(Int128 pico) {
  return static_cast<double>(pico) / static_cast<double>(pico_per_dollar);
}

void say_cost(Report& report) {
  const CostTable& agents = report.costs[1];
  std::string text = fmt::format("It cost {}, {}", shown(dollars(agents.total.now), "USD"),
                                 change(report, dollars(agents.total.now), dollars(agents.total.before), "USD"));
  const CostRow* most = nullptr;
  for (const CostRow& row : agents.rows) {
    const auto size = [](const CostRow& of) { return of.now > of.before ? of.now - of.before : of.before - of.now; };
    if (most == nullptr || size(row) > size(*most)) most = &row;
  }
  std::string filter;
  if (most != nullptr && most->now != most->before) {
    text +=
        fmt::format("; what changed most is {} ({}{})", most->key.empty() ? "what belongs to no agent" : most->key,
                    most->now > most->before ? "+" : "−", shown(std::abs(dollars(most->now - most->before)), "USD"));
    filter = most->key.empty() ? "-has:agent" : "agent=" + query::quoted(most->key);
  }
  report.sentences.push_back({text + ".", report.link("/costs", filter)});
}

void say_objectives(Report& report) {
  if (!report.objectives || report.objectives->empty()) return;
  int met = 0, said = 0;
  std::string missed, filter;
  for (const auto& one : *report.objectives) {
    if (one.valid < 30) continue;
    ++said;
    if (1 - one.bad / one.valid >= one.target) {
      ++met;
    } else {
      missed += (missed.empty() ? "" : ", ") + one.name;
      if (filter.empty()) filter = one.bad_filter;
    }
  }
  if (said == 0) return;
  report.sentences.push_back(
      {fmt::format("{} of {} objectives were met{}.", met, said, missed.empty() ? "" : "; not " + missed),
       report.link("/traces", filter)});
}

void say_incidents(Report& report) {
  if (!report.incidents || report.incidents->empty()) return;
  std::size_t open = 0;
  for (const auto& one : *report.incidents) open += one.resolved ? 0 : 1;
  const auto count = report.incidents->size();
  report.sentences.push_back(
      {fmt::format("There {} {} incident{}, {}.", count == 1 ? "was" : "were", count, count == 1 ? "" : "s",
                   open == 0 ? "all resolved" : fmt::format("{} not resolved yet", open)),
       report.link("/incidents", "")});
}

void say_unknown(Report& report) {
  const CostRow& total = report.costs[1].total;
  if (total.unknown > 0)
    report.unknown.push_back(
        fmt::format("{} calls have no known price: they are in no sum.", shown(total.unknown, "")));
  for (const CostRow& row : report.costs[0].rows)
    if (row.key.empty() && row.now != 0)
      report.unknown.push_back(fmt::format("{} of the cost belong to no team.", shown(dollars(row.now), "USD")));
  if (!report.objectives || report.objectives->empty()) report.unknown.emplace_back("No objective is declared.");
  if (report.made < report.range.to)
    report.unknown.push_back(fmt::format("The {} is not over yet.", name_of(report.period)));
}

}  // namespace

std::optional<std::pair<double, double>> usual_interval(const std::vector<std::optional<double>>& last) {
  std::vector<double> changes;  // without the newest
  for (std::size_t i = 1; i + 1 < last.size(); ++i)
    if (last[i] && last[i - 1]) changes.push_back(*last[i] - *last[i - 1]);
  if (changes.size() < 5) return std::nullopt;
  double sum = 0, squares = 0;
  for (const double one : changes) sum += one;
  const double mean = sum / static_cast<double>(changes.size());
  for (const double one : changes) squares += (one - mean) * (one - mean);
  const double half = 1.96 * std::sqrt(squares / static_cast<double>(changes.size() - 1));
  return std::pair(-mean - half, -mean + half);
}

std::string Report::link(std::string_view place, std::string_view filter) const {
  return fmt::format("{}{}?{}from={}&to={}", base, place,
                     filter.empty() ? "" : "filter=" + percent_encode(filter) + "&",
                     format_time(range.from).substr(0, 19) + "Z", format_time(range.to).substr(0, 19) + "Z");
}

Result<Report> gather(Inside& inside, warehouse::Warehouse& store, ProjectId project, const Wish& wish) {
  const Zone zone = TRY(zone_named(wish.timezone));
  Report report{
      .kind = wish.kind, .project = {}, .timezone = wish.timezone, .period = wish.period, .range = wish.range};
  report.before = period_before(zone, wish.period, wish.range);
  report.made = inside.clock.now();
  report.base = page_url(inside);
  for (const auto& one : TRY(inside.projects.projects()))
    if (one.id == project) report.project = one.name;
  TRY(read_tiles(inside, store, project, report, zone));
  judge_failures(report);
  TRY(read_costs(inside, store, project, report));
  if (inside.options.objectives)
    report.objectives = TRY(inside.options.objectives(store, project, report.range, report.before));
  if (inside.options.firings) report.firings = TRY(inside.options.firings(project, report.range));
  if (inside.options.incidents) report.incidents = TRY(inside.options.incidents(project, report.range));
  say_runs(report);
  say_cost(report);
  say_objectives(report);
  say_incidents(report);
  say_unknown(report);
  return report;
}

}  // namespace pawl::reports
