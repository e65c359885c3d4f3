// What an incident did: figures of its window beside those of the same time a week before.
#include <set>

#include "inside.h"

namespace pawl::incidents {
namespace {

struct Shown {
  std::string_view name, measure, filter;
};
constexpr Shown of_runs[] = {{"Runs", "traces", ""},
                             {"Share of runs that failed", "error_rate", "status=error"},
                             {"Time, 95 of 100 runs below", "latency.p95", ""}};
constexpr Shown of_spans[] = {{"Sessions", "sessions", ""},
                              {"Cost", "cost", ""},
                              {"Tokens", "tokens", ""},
                              {"Share of tool calls that failed", "tool_error_rate", "kind=tool status=error"},
                              {"Guardrails that blocked", "guardrail_triggers", "is:blocked"}};

std::string with(const std::string& where, std::string_view more) {
  return more.empty() ? where : where.empty() ? std::string(more) : fmt::format("{} {}", where, more);
}

// The figures of one statement, appended; `now` of a first call, `before` of a second.
Result<> read(Inside& inside, warehouse::Warehouse& store, ProjectId project, std::span<const Shown> shown,
              query::Grain grain, const std::string& where, const query::Range& range, std::vector<Figure>& out,
              std::optional<double> Figure::* into) {
  query::MeasureQuery question{.measures = {}, .filter = TRY(filter_of(where)), .range = range, .grain = grain};
  for (const auto& one : shown) question.measures.emplace_back(one.measure);
  const auto asked = TRY(ask(inside, store, project, std::move(question)));
  for (std::size_t i = 0; i < shown.size(); ++i) {
    auto found = std::ranges::find(out, shown[i].name, &Figure::name);
    if (found == out.end()) {
      out.push_back({.name = std::string(shown[i].name),
                     .measure = std::string(shown[i].measure),
                     .unit = std::string(asked.statement.columns[i].unit),
                     .link = traces_link(with(where, shown[i].filter), range)});
      found = out.end() - 1;
    }
    if (asked.rows.size() > 0) (*found).*into = query::number_at(asked.rows, i, 0, asked.statement.columns[i].type);
  }
  return {};
}

// How many different people, and how many runs failed.
Result<> count(Inside& inside, warehouse::Warehouse& store, ProjectId project, const std::string& where,
               const query::Range& range, double& users, double& failed) {
  const auto people = TRY(ask(inside, store, project,
                              {.measures = {"spans"},
                               .dimensions = {"user"},
                               .filter = TRY(filter_of(where)),
                               .range = range,
                               .wide = true,
                               .limit = 1'000'000}));
  for (std::size_t i = 0; i < people.rows.size(); ++i) users += people.rows.text(0, i).empty() ? 0 : 1;
  const auto bad = TRY(ask(inside, store, project,
                           {.measures = {"traces"},
                            .filter = TRY(filter_of(with(where, "status=error"))),
                            .range = range,
                            .grain = query::Grain::trace}));
  if (bad.rows.size() > 0) failed = query::number_at(bad.rows, 0, 0, bad.statement.columns[0].type).value_or(0);
  return {};
}

}  // namespace

Result<std::vector<Figure>> impact(Inside& inside, warehouse::Warehouse& store, ProjectId project,
                                   const Incident& incident) {
  const std::string where = where_of(incident);
  const auto window = window_of(incident, inside.clock.now());
  std::vector<Figure> runs, spans;
  Figure users{.name = "People", .measure = "users", .unit = "users", .link = traces_link(where, window)};
  Figure failed{.name = "Runs that failed",
                .measure = "traces",
                .unit = "traces",
                .link = traces_link(with(where, "status=error"), window)};
  for (const auto& [range, into] : {std::pair(window, &Figure::now), {week_before(window), &Figure::before}}) {
    TRY(read(inside, store, project, of_runs, query::Grain::trace, where, range, runs, into));
    TRY(read(inside, store, project, of_spans, query::Grain::span, where, range, spans, into));
    double people = 0, bad = 0;
    TRY(count(inside, store, project, where, range, people, bad));
    users.*into = people, failed.*into = bad;
  }
  runs.insert(runs.begin() + 1, {failed, users});
  runs.insert(runs.end(), spans.begin(), spans.end());
  return runs;
}

Result<net::Response> show_impact(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto incident = TRY(incident_of(inside, request));
  const auto figures = TRY(impact(inside, store, projects::access_of(request).project, incident));
  const auto window = window_of(incident, inside.clock.now());
  JsonWriter json;
  json.object();
  write_window(json, "window", window);
  write_window(json, "before", week_before(window));
  json.key("figures").array();
  for (const auto& one : figures) {
    json.object().field("measure", one.measure).field("name", one.name).field("unit", one.unit);
    json.field("now", one.now).field("before", one.before).key("ratio");
    one.now&& one.before && *one.before != 0 ? json.value(*one.now / *one.before) : json.null();
    json.field("link", one.link).end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> show_post_mortem(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto incident = TRY(incident_of(inside, request));
  const auto project = projects::access_of(request).project;
  const Nanos now = inside.clock.now();
  std::string base = inside.options.public_url();
  while (base.ends_with('/')) base.pop_back();
  auto response =
      net::Response::bytes("text/markdown; charset=utf-8", post_mortem(TRY(whole(inside, project, incident)),
                                                                       TRY(impact(inside, store, project, incident)),
                                                                       window_of(incident, now), base, now));
  response.headers.set("content-disposition", fmt::format("attachment; filename=\"{}.md\"", incident.called()));
  return response;
}

}  // namespace pawl::incidents
