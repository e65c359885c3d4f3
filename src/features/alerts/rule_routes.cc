// Rules over the API: made, changed, tried on the last 30 days; instances and events read, acknowledged.
#include <simdjson.h>

#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "reading/reading.h"
#include "records/audit/audit.h"

namespace pawl::alerts {
namespace {

using projects::access_of;
using projects::actor_of;

void write_time(JsonWriter& json, std::string_view name, std::int64_t seconds) {
  json.key(name);
  seconds == 0 ? json.null() : json.value(time_text(seconds));
}

void write_rule(JsonWriter& json, const StoredRule& rule) {
  json.object().field("id", rule.id).field("name", rule.name).field("version", rule.version);
  json.field("enabled", rule.enabled).field("starter", rule.starter);
  write_time(json, "evaluated", rule.evaluated);
  json.field("trouble", rule.trouble).key("definition").raw(rule.json).end();
}

Result<StoredRule> rule_called(Inside& inside, const net::Request& request) {
  const auto id = request.capture("id");
  for (auto& rule : TRY(rules_of(inside, access_of(request).project))) {
    if (rule.id == id || rule.name == id) return std::move(rule);
  }
  return fail(ErrorKind::not_found, "There is no rule {}.", id);
}

Result<net::Response> answer_rule(Inside& inside, const net::Request& request, std::string_view id, int status) {
  JsonWriter json;
  for (const auto& rule : TRY(rules_of(inside, access_of(request).project))) {
    if (rule.id == id) write_rule(json, rule);
  }
  return net::Response::json(json.take(), status);
}

Result<> known_channels(ledger::Transaction& change, std::int64_t project, const Definition& definition) {
  auto all = definition.channels;
  for (const auto& step : definition.escalate) all.push_back(step.channel);
  for (const auto& channel : all) {
    const auto rows = TRY(change.run("SELECT 1 FROM alert_channels WHERE project = ? AND id = ?", {project, channel}));
    if (rows.size() == 0)
      return fail(ErrorKind::invalid, "There is no channel {}: \"channels\" and \"escalate\" have ids of channels.",
                  channel);
  }
  return {};
}

Result<Definition> definition_in(Inside& inside, const net::Request& request) {
  Definition out = TRY(parse_definition(request.body));
  TRY(resolve(inside.ledger, access_of(request).project, out));
  return out;
}

// since=: from when on what is stored is judged too; 0: from now on.
Result<std::int64_t> since_in(Inside& inside, const net::Request& request) {
  const auto text = request.query.get("since");
  if (text.empty()) return std::int64_t{0};
  const auto at = parse_time(text);
  const std::int64_t now = inside.clock.now() / second;
  if (!at || *at / second > now || *at / second < now - history)
    return fail(ErrorKind::invalid, "since={} must be a time of the last 30 days, such as {}.", text,
                time_text(now - 86'400));
  return *at / second;
}

// Makes the rule; its id.
Result<std::string> make_rule(Inside& inside, const net::Request& request, const Definition& definition) {
  const std::string id = "rule_" + to_hex(inside.random.bytes(8)), actor = actor_of(access_of(request));
  const std::int64_t project = project_of(request), now = inside.clock.now() / second;
  const std::int64_t since = TRY(since_in(inside, request));
  const auto made = inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(known_channels(change, project, definition));
    TRY(change.run(
        "INSERT INTO alert_rules (project, id, name, version, definition, enabled, created, changed, actor, "
        "evaluated, trouble) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, '')",
        {project, id, definition.name, request.body, std::int64_t{definition.enabled}, now, now, actor, since}));
    TRY(
        change.run("INSERT INTO alert_versions (project, rule, version, definition, changed, actor) "
                   "VALUES (?, ?, 1, ?, ?, ?)",
                   {project, id, request.body, now, actor}));
    return audit::append(change, inside.clock.now(), access_of(request).project, actor, "alerts.rule.create", id);
  });
  if (!made && made.error().kind == ErrorKind::conflict)
    return fail(ErrorKind::conflict, "There is a rule {} already.", definition.name);
  TRY(made);
  return id;
}

Result<net::Response> create(Inside& inside, const net::Request& request) {
  return answer_rule(inside, request, TRY(make_rule(inside, request, TRY(definition_in(inside, request)))), 201);
}

bool same_json(std::string_view a, std::string_view b) {
  simdjson::dom::parser one, other;
  const simdjson::padded_string left(a), right(b);
  return std::string(simdjson::minify(one.parse(left))) == std::string(simdjson::minify(other.parse(right)));
}

// By id, or by name: a name that is not there yet is made. What says the same as before makes no version, unless it is
// to be judged anew.
Result<net::Response> replace(Inside& inside, const net::Request& request) {
  const auto definition = TRY(definition_in(inside, request));
  auto found = rule_called(inside, request);
  if (!found && definition.name == request.capture("id"))
    return answer_rule(inside, request, TRY(make_rule(inside, request, definition)), 201);
  const auto rule = TRY(std::move(found));
  const std::int64_t since = TRY(since_in(inside, request));
  if (since == 0 && same_json(rule.json, request.body)) return answer_rule(inside, request, rule.id, 200);
  const std::int64_t project = project_of(request), now = inside.clock.now() / second;
  const std::string actor = actor_of(access_of(request));
  const auto before = TRY(parse_definition(rule.json));
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(known_channels(change, project, definition));
    TRY(
        change.run("UPDATE alert_rules SET name = ?, version = version + 1, definition = ?, enabled = ?, changed = ?, "
                   "actor = ?, trouble = '', evaluated = ? WHERE project = ? AND id = ? AND version = ?",
                   {definition.name, request.body, std::int64_t{definition.enabled}, now, actor,
                    since == 0 ? rule.evaluated : since, project, rule.id, rule.version}));
    if (change.changes() == 0) return fail(ErrorKind::conflict, "The rule was changed meanwhile: read it again.");
    TRY(
        change.run("INSERT INTO alert_versions (project, rule, version, definition, changed, actor) "
                   "VALUES (?, ?, ?, ?, ?, ?)",
                   {project, rule.id, rule.version + 1, request.body, now, actor}));
    const bool same = before.measure == definition.measure && before.split == definition.split &&
                      before.filter_text == definition.filter_text && before.slo == definition.slo &&
                      before.distribution == definition.distribution && before.rule.kind == definition.rule.kind;
    if (!same)  // instances of another question say nothing about this one
      TRY(change.run("DELETE FROM alert_instances WHERE project = ? AND rule = ?", {project, rule.id}));
    return audit::append(change, inside.clock.now(), access_of(request).project, actor, "alerts.rule.change", rule.id);
  }));
  return answer_rule(inside, request, rule.id, 200);
}

Result<net::Response> remove(Inside& inside, const net::Request& request) {
  const auto rule = TRY(rule_called(inside, request));
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(change.run("DELETE FROM alert_instances WHERE project = ? AND rule = ?", {project_of(request), rule.id}));
    TRY(change.run("DELETE FROM alert_rules WHERE project = ? AND id = ?", {project_of(request), rule.id}));
    return audit::append(change, inside.clock.now(), access_of(request).project, actor_of(access_of(request)),
                         "alerts.rule.delete", rule.id);
  }));
  return net::Response::json("{}");
}

Result<net::Response> list(Inside& inside, const net::Request& request) {
  JsonWriter json;
  json.object().key("rules").array();
  for (const auto& rule : TRY(rules_of(inside, access_of(request).project))) write_rule(json, rule);
  return net::Response::json(json.end().end().take());
}

Result<net::Response> show(Inside& inside, const net::Request& request) {
  JsonWriter json;
  write_rule(json, TRY(rule_called(inside, request)));
  return net::Response::json(json.take());
}

Result<net::Response> versions(Inside& inside, const net::Request& request) {
  const auto rule = TRY(rule_called(inside, request));
  const auto rows = TRY(inside.ledger.read(
      "SELECT version, changed, actor, definition FROM alert_versions WHERE project = ? AND rule = ? ORDER BY version "
      "DESC",
      {project_of(request), rule.id}));
  JsonWriter json;
  json.object().key("versions").array();
  for (std::size_t i = 0; i < rows.size(); ++i)
    json.object()
        .field("version", rows.integer(i, 0))
        .field("changed", time_text(rows.integer(i, 1)))
        .field("actor", rows.text(i, 2))
        .key("definition")
        .raw(rows.text(i, 3))
        .end();
  return net::Response::json(json.end().end().take());
}

constexpr std::size_t most_drawn = 4, most_points = 1000;

// The instances that fire most, at most `most_drawn`.
std::vector<std::string> drawn_of(const std::vector<Told>& told, const Live& live) {
  std::map<std::string, std::size_t> firings;
  for (const auto& one : told)
    if (one.notice == "firing") ++firings[one.split];
  for (const auto& [split, stream] : live.streams)
    if (firings.size() < most_drawn) firings.emplace(split, 0);
  std::vector<std::string> out;
  while (out.size() < most_drawn && !firings.empty()) {
    const auto most = std::ranges::max_element(firings, {}, [](const auto& one) { return one.second; });
    out.push_back(most->first);
    firings.erase(most);
  }
  return out;
}

void write_numbers(JsonWriter& json, std::string_view name, const std::vector<Point>& points, double Point::* of) {
  json.key(name).array();
  for (const auto& point : points) json.value(point.*of);
  json.end();
}

// Of each piece of the time the point that is worst, so that no firing is lost where there are too many to draw.
std::vector<Point> thinned(const std::vector<Point>& all, stats::Direction direction) {
  const std::size_t piece = (all.size() + most_points - 1) / most_points;
  std::vector<Point> out;
  for (std::size_t at = 0; at < all.size(); at += std::max<std::size_t>(1, piece)) {
    const Point* worst = &all[at];
    for (std::size_t i = at; i < std::min(all.size(), at + piece); ++i) {
      const bool worse =
          direction == stats::Direction::down ? all[i].value < worst->value : all[i].value > worst->value;
      if (std::isnan(worst->value) || worse) worst = &all[i];
    }
    out.push_back(*worst);
  }
  return out;
}

// What the chosen instances were, and the band that they were held against: fed again, by themselves.
Result<> write_series(JsonWriter& json, Live again, const std::vector<std::string>& chosen, std::vector<Bucket> given,
                      std::int64_t first, std::int64_t to) {
  std::map<std::string, std::vector<Point>> drawn;
  for (const auto& split : chosen) drawn[split];
  std::erase_if(given, [&](const Bucket& bucket) { return !drawn.contains(bucket.split); });
  again.drawn = &drawn;
  TRY(feed(again, given, first, to, true));
  json.key("series").array();
  for (const auto& split : chosen) {
    const auto points = thinned(drawn[split], again.definition.shape.direction);
    json.object().key("split").raw(split).key("at").array();
    for (const auto& point : points) json.value(point.at);
    json.end();
    write_numbers(json, "value", points, &Point::value);
    write_numbers(json, "expected", points, &Point::expected);
    write_numbers(json, "low", points, &Point::low);
    write_numbers(json, "high", points, &Point::high);
    json.end();
  }
  json.end();
  return {};
}

// The rule as it would have gone over the stored 30 days: the same buckets, the same judge, the same states.
Result<net::Response> back_test(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  Live live{.version = 0, .definition = TRY(definition_in(inside, request)), .streams = {}};
  Live again = live;
  const std::int64_t step = live.definition.shape.step, now = inside.clock.now();
  const std::int64_t to = now / second / step * step, from = (to - history) / step * step;
  auto given = TRY(buckets(store, inside.options.rollups, access_of(request).project, live.definition, from, to, now));
  const std::int64_t first = given.empty() ? to : given.front().at / step * step;
  const auto told = TRY(feed(live, given, first, to, true));
  JsonWriter json;
  json.object().field("from", time_text(first)).field("to", time_text(to)).key("firings").array();
  std::int64_t minutes = 0;
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (told[i].notice != "firing") continue;
    const auto end = std::find_if(told.begin() + static_cast<std::ptrdiff_t>(i), told.end(), [&](const Told& one) {
      return one.split == told[i].split && one.notice == "resolved";
    });
    json.object().key("split").raw(told[i].split).field("fired_at", time_text(told[i].at)).key("resolved_at");
    end == told.end() ? json.null() : json.value(time_text(end->at));
    minutes += ((end == told.end() ? to : end->at) - told[i].at) / 60;
    json.field("value", told[i].value).field("learning", told[i].learning).end();
  }
  json.end().field("minutes_firing", minutes).field("notices", static_cast<std::uint64_t>(told.size()));
  json.field("instances", static_cast<std::uint64_t>(live.streams.size()));
  TRY(write_series(json, std::move(again), drawn_of(told, live), std::move(given), first, to));
  return net::Response::json(json.end().take());
}

}  // namespace

void add_rule_routes(net::Router& router, Inside& inside) {
  const auto add = adder(router, inside);
  const std::string rule =
      "{id, name, version:integer, enabled:boolean, starter:boolean, evaluated, trouble, definition:object}";
  add("GET", "/api/v1/alerts/rules", "read", list, "The rules", "", "{rules:[object]}: " + rule);
  add("POST", "/api/v1/alerts/rules", "write", create,
      "Makes a rule; since=TIME: what is stored since then is judged too", "a rule (docs/reference/alerts.md)", rule);
  add("GET", "/api/v1/alerts/rules/{id}", "read", show, "One rule, by id or name", "", rule);
  add("GET", "/api/v1/alerts/rules/{id}/versions", "read", versions, "Every version of a rule, the newest first", "",
      "{versions:[object]}: {version, changed, actor, definition}");
  add("PUT", "/api/v1/alerts/rules/{id}", "write", replace,
      "A new version of a rule; a name that is not there yet is made; since=TIME: what is stored since then is judged "
      "too",
      "a rule (docs/reference/alerts.md)", rule);
  add("DELETE", "/api/v1/alerts/rules/{id}", "write", remove, "Removes a rule; its events stay", "", "{}");
  router.add({.method = "POST",
              .pattern = "/api/v1/alerts/backtest",
              .permission = "read",
              .handler =
                  [&inside](net::Request& request) {
                    return reading::answer(inside.pool, inside.warehouse.load(), inside.options.progress, request,
                                           [&inside, &request](warehouse::Warehouse& asked, const net::Cancel&) {
                                             return back_test(inside, asked, request);
                                           });
                  },
              .body_bytes = 64 << 10,
              .summary = "When a rule would have fired over the stored 30 days",
              .accepts = "a rule (docs/reference/alerts.md)",
              .answers = "{from, to, firings:[object], minutes_firing:integer, notices:integer, instances:integer, "
                         "series:[object]}"});
}

}  // namespace pawl::alerts
