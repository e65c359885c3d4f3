// What happened on the time of a chart: versions of agents that were first seen, prices that changed, incidents, and
// notes that people made.
#include "annotations.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "base/json.h"
#include "base/json_fields.h"
#include "base/rng.h"
#include "base/text.h"
#include "reading/reading.h"
#include "records/audit/audit.h"

namespace pawl::dashboards {
namespace {

using projects::access_of;
using projects::ProjectId;

constexpr std::string_view kinds[] = {"release", "price", "incident", "note"};
constexpr Nanos known_before = 90 * day;  // a version that was seen in this time before the range is no news
constexpr std::size_t most_marks = 500, most_releases = 50, most_notes = 10'000, most_text = 4000;

struct Annotations {
  net::Pool& pool;
  projects::Projects& projects;
  ledger::Ledger& ledger;
  const Clock& clock;
  Sources sources;
};

struct Asked {
  ProjectId project = 0;
  query::Range range;
  std::set<std::string, std::less<>> kinds;
  std::string agent;  // "" = all
};

Result<warehouse::Answer> read(Annotations& all, warehouse::Warehouse& store, ProjectId project,
                               query::MeasureQuery query) {
  query.now = all.clock.now();
  std::optional<traces::Rollups::Reading> still;
  if (all.sources.rollups != nullptr) query.rolled_up = still.emplace(*all.sources.rollups).through();
  return store.read(query::question(TRY(query::compile(project, query))));
}

Result<query::Filter> filter_of(const std::string& text) {
  auto filter = query::Filter::parse(text);
  if (!filter) return fail(ErrorKind::invalid, "{}", filter.error().message);
  return *filter;
}

// ---- releases ------------------------------------------------------------------------------------------------------
using Versions = std::map<std::string, std::set<std::string>>;  // of agents

Result<Versions> versions(Annotations& all, warehouse::Warehouse& store, const Asked& asked,
                          const query::Range& range) {
  const auto answer =
      TRY(read(all, store, asked.project,
               {.measures = {"spans"},
                .dimensions = {"agent", "agent_version"},
                .filter = TRY(filter_of(asked.agent.empty() ? "has:agent_version"
                                                            : "has:agent_version agent=" + query::quoted(asked.agent))),
                .range = range,
                .limit = 10'000}));
  Versions out;
  for (std::size_t i = 0; i < answer.rows.size(); ++i)
    out[std::string(answer.rows.text(0, i))].emplace(answer.rows.text(1, i));
  return out;
}

// The first step of that width in which the version was seen; nothing where its spans were taken back meanwhile.
Result<std::optional<Nanos>> first_seen(Annotations& all, warehouse::Warehouse& store, const Asked& asked,
                                        const std::string& filter, const query::Range& range, std::string step) {
  const auto answer = TRY(read(all, store, asked.project,
                               {.measures = {"spans"},
                                .filter = TRY(filter_of(filter)),
                                .range = range,
                                .step = std::move(step),
                                .order = "time",
                                .limit = 1}));
  if (answer.rows.size() == 0) return std::nullopt;
  return std::max(range.from, answer.rows.integer(0, 0));
}

// The first version that an agent ever had is no release.
Result<> add_releases(Annotations& all, warehouse::Warehouse& store, const Asked& asked, std::vector<Mark>& marks,
                      bool& cut) {
  const auto now = TRY(versions(all, store, asked, asked.range));
  auto before = TRY(versions(all, store, asked, {asked.range.from - known_before, asked.range.from}));
  std::vector<Mark> found;
  for (const auto& [agent, mine] : now) {
    if (mine.size() < 2 && before[agent].empty()) continue;  // as of most who are called by others only
    for (const auto& version : mine) {
      if (before[agent].contains(version)) continue;
      if (found.size() >= most_releases) {
        cut = true;
        break;
      }
      const std::string filter =
          (agent.empty() ? "-has:agent" : "agent=" + query::quoted(agent)) + " agent_version=" + query::quoted(version);
      const auto at_hour = TRY(first_seen(all, store, asked, filter, asked.range, "1h"));
      if (!at_hour) continue;
      const query::Range around{*at_hour, std::min(asked.range.to, *at_hour + hour)};
      const auto at = around.from < around.to ? TRY(first_seen(all, store, asked, filter, around, "1m")) : at_hour;
      found.push_back({.kind = "release",
                       .at = at.value_or(*at_hour),
                       .title = fmt::format("{} {}", agent.empty() ? "version" : agent, version),
                       .detail = "first seen",
                       .agent = agent,
                       .version = version,
                       .link = "/traces?filter=" + percent_encode(filter)});
    }
  }
  std::ranges::sort(found, {}, &Mark::at);
  for (auto& mark : found) {
    if (!before[mark.agent].empty()) marks.push_back(mark);
    before[mark.agent].insert(mark.version);
  }
  return {};
}

// ---- prices --------------------------------------------------------------------------------------------------------
// Dated rows of the price list that begin in the range, of models that were called in it.
Result<> add_prices(Annotations& all, warehouse::Warehouse& store, const Asked& asked, std::vector<Mark>& marks) {
  for (const auto& entry : TRY(audit::read(all.ledger, asked.project, true, 0, 1000))) {
    if (entry.action.starts_with("prices.") && entry.at >= asked.range.from && entry.at < asked.range.to)
      marks.push_back({.kind = "price",
                       .at = entry.at,
                       .title = "Prices were applied anew",
                       .detail = entry.detail,
                       .author = entry.actor});
  }
  if (!all.sources.prices) return {};
  const auto answer = TRY(read(all, store, asked.project,
                               {.measures = {"llm_calls"},
                                .dimensions = {"model"},
                                .filter = TRY(filter_of("kind=llm")),
                                .range = asked.range,
                                .limit = 1000}));
  std::vector<std::string> used;
  for (std::size_t i = 0; i < answer.rows.size(); ++i) used.emplace_back(answer.rows.text(0, i));
  std::set<std::tuple<Nanos, std::string_view, std::string_view>> told;
  for (const auto& one : llm::prices_since(*all.sources.prices, asked.range.from, asked.range.to, used)) {
    if (!told.emplace(one.since, one.provider, one.model).second) continue;
    marks.push_back({.kind = "price",
                     .at = one.since,
                     .title = fmt::format("{} has new prices", one.model),
                     .detail = fmt::format("{}, from {} on{}", one.provider, format_time(one.since).substr(0, 10),
                                           one.own ? ", by the own price file" : ""),
                     .link = "/costs?filter=" + percent_encode(fmt::format("model={}", query::quoted(one.model)))});
  }
  return {};
}

// ---- notes ---------------------------------------------------------------------------------------------------------
constexpr std::string_view columns = "id, at, until, title, detail, agent, author";
Mark note_at(const ledger::Rows& rows, std::size_t i) {
  Mark out{.kind = "note", .at = rows.integer(i, 1), .id = rows.text(i, 0), .title = rows.text(i, 3)};
  if (!rows.is_null(i, 2)) out.until = rows.integer(i, 2);
  out.detail = rows.text(i, 4), out.agent = rows.text(i, 5), out.author = rows.text(i, 6);
  return out;
}

Result<> add_notes(Annotations& all, const Asked& asked, std::vector<Mark>& marks) {
  const auto rows = TRY(all.ledger.read(
      fmt::format("SELECT {} FROM annotations WHERE project = ? AND at < ? AND coalesce(until, at) >= ? AND (? = '' OR "
                  "agent = '' OR agent = ?) ORDER BY at DESC LIMIT 500",
                  columns),
      {std::int64_t{asked.project}, asked.range.to, asked.range.from, asked.agent, asked.agent}));
  for (std::size_t i = 0; i < rows.size(); ++i) marks.push_back(note_at(rows, i));
  return {};
}

void write(JsonWriter& json, const Mark& mark) {
  json.object().field("id", mark.id).field("kind", mark.kind).field("at", format_time(mark.at)).key("until");
  mark.until ? json.value(format_time(*mark.until)) : json.null();
  json.field("title", mark.title).field("detail", mark.detail).field("agent", mark.agent);
  json.field("version", mark.version).field("severity", mark.severity).field("link", mark.link);
  json.field("author", mark.author).end();
}

// ---- routes --------------------------------------------------------------------------------------------------------
Result<Nanos> time_of(std::string_view name, std::string_view text, Nanos usual) {
  if (text.empty()) return usual;
  const auto time = parse_time(text);
  if (!time) return fail(ErrorKind::invalid, "{}={} is no time. Write it like 2026-11-21T13:00:00Z.", name, text);
  return *time;
}

Result<Asked> asked_of(const Annotations& all, const net::Request& request) {
  Asked out{.project = access_of(request).project, .agent = std::string(request.query.get("agent"))};
  out.range.to = TRY(time_of("to", request.query.get("to"), all.clock.now()));
  out.range.from = TRY(time_of("from", request.query.get("from"), out.range.to - day));
  if (out.range.from >= out.range.to) return fail(ErrorKind::invalid, "`from` must be before `to`.");
  for (const auto kind : split(request.query.get("kinds"), ',')) {
    if (trim(kind).empty()) continue;
    if (std::ranges::find(kinds, trim(kind)) == std::end(kinds))
      return fail(ErrorKind::invalid, "kinds={} must be of release, price, incident and note.", trim(kind));
    out.kinds.emplace(trim(kind));
  }
  if (out.kinds.empty()) out.kinds.insert(std::begin(kinds), std::end(kinds));
  return out;
}

Result<net::Response> list(Annotations& all, warehouse::Warehouse& store, const net::Request& request) {
  const Asked asked = TRY(asked_of(all, request));
  std::vector<Mark> marks;
  bool cut = false;
  if (asked.kinds.contains("release")) TRY(add_releases(all, store, asked, marks, cut));
  if (asked.kinds.contains("price")) TRY(add_prices(all, store, asked, marks));
  if (asked.kinds.contains("incident") && all.sources.incidents)
    for (auto& mark : TRY(all.sources.incidents(asked.project, asked.range)))
      if (asked.agent.empty() || mark.agent.empty() || mark.agent == asked.agent) marks.push_back(std::move(mark));
  if (asked.kinds.contains("note")) TRY(add_notes(all, asked, marks));
  std::ranges::sort(marks, [](const Mark& a, const Mark& b) { return a.at > b.at; });
  if (marks.size() > most_marks) marks.resize(most_marks), cut = true;
  std::ranges::reverse(marks);
  JsonWriter json;
  json.object().key("annotations").array();
  for (const auto& mark : marks) write(json, mark);
  return net::Response::json(json.end().field("cut", cut).end().take());
}

Result<net::Response> make(Annotations& all, const net::Request& request) {
  const auto fields = TRY(JsonFields::parse(request.body));
  const auto& access = access_of(request);
  const Nanos now = all.clock.now();
  Mark mark{.kind = "note",
            .at = TRY(time_of("at", fields.text("at"), now)),
            .id = "note_" + to_hex(SystemRandom().bytes(8)),
            .title = repair_utf8(trim(fields.text("title"))),
            .detail = repair_utf8(fields.text("detail")),
            .agent = repair_utf8(fields.text("agent"))};
  if (!fields.text("until").empty()) mark.until = TRY(time_of("until", fields.text("until"), 0));
  if (mark.title.empty() || mark.title.size() > 200)
    return fail(ErrorKind::invalid, "\"title\" must have 1 to 200 bytes.");
  if (mark.detail.size() > most_text || mark.agent.size() > 200)
    return fail(ErrorKind::invalid, "\"detail\" has at most {} bytes, \"agent\" at most 200.", most_text);
  if (mark.until && *mark.until < mark.at) return fail(ErrorKind::invalid, "\"until\" must not be before \"at\".");
  const auto user = access.user == 0 ? std::nullopt : TRY(all.projects.user(access.user));
  mark.author = user ? user->email : projects::actor_of(access);
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    const auto there = TRY(t.run("SELECT count(*) FROM annotations WHERE project = ?", {std::int64_t{access.project}}));
    if (there.integer(0, 0) >= static_cast<std::int64_t>(most_notes))
      return fail(ErrorKind::exhausted, "A project has at most {} notes.", most_notes);
    TRY(
        t.run("INSERT INTO annotations (project, id, at, until, title, detail, agent, author, made) VALUES (?, ?, ?, "
              "?, ?, ?, "
              "?, ?, ?)",
              {std::int64_t{access.project}, mark.id, mark.at,
               mark.until ? ledger::Value(*mark.until) : ledger::Value(nullptr), mark.title, mark.detail, mark.agent,
               mark.author, now}));
    return audit::append(t, now, access.project, projects::actor_of(access), "annotation.add",
                         fmt::format("{}: {}", mark.id, mark.title));
  }));
  JsonWriter json;
  write(json, mark);
  return net::Response::json(json.take(), 201);
}

Result<net::Response> remove(Annotations& all, const net::Request& request) {
  const auto& access = access_of(request);
  const std::string id(request.capture("id"));
  TRY(all.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM annotations WHERE project = ? AND id = ?", {std::int64_t{access.project}, id}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There is no note {}.", id);
    return audit::append(t, all.clock.now(), access.project, projects::actor_of(access), "annotation.remove", id);
  }));
  return net::Response::json("{}");
}

}  // namespace

void add_annotation_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                           const Clock& clock, Sources sources) {
  const auto all = std::make_shared<Annotations>(pool, projects, ledger, clock, std::move(sources));
  router.add({.method = "GET",
              .pattern = "/api/v1/annotations",
              .permission = "read",
              .handler =
                  [all](net::Request& request) {
                    return reading::answer(all->pool, all->sources.store ? all->sources.store() : nullptr,
                                           all->sources.progress, request,
                                           [all, &request](warehouse::Warehouse& store, const net::Cancel&) {
                                             return list(*all, store, request);
                                           });
                  },
              .summary = "What happened: releases (a version of an agent first seen), changes of prices, incidents, "
                         "notes; in the order of time",
              .query = {{"from", "RFC 3339 [a day before]"},
                        {"to", "RFC 3339 [now]"},
                        {"kinds", "of release, price, incident, note [all]"},
                        {"agent", "what is about it, or about no agent"}},
              .answers = "{annotations:[Annotation], cut:boolean}"});
  const auto add = [&](net::Route route, Result<net::Response> (*work)(Annotations&, const net::Request&)) {
    route.handler = [all, work](net::Request& request) -> Task<Result<net::Response>> {
      co_return co_await net::on_pool(all->pool, request.cancel, [all, work, &request] { return work(*all, request); });
    };
    route.permission = "write";
    route.body_bytes = 16'384;
    router.add(std::move(route));
  };
  add({.method = "POST",
       .pattern = "/api/v1/annotations",
       .summary = "Puts a note on the time of every chart",
       .accepts = "{at:time, until:time, title, detail, agent}",
       .answers = "an Annotation"},
      make);
  add({.method = "DELETE", .pattern = "/api/v1/annotations/{id}", .summary = "Removes a note", .answers = "{}"},
      remove);
}

}  // namespace pawl::dashboards
