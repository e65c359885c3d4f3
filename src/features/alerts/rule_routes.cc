// Rules over the API: made, changed, tried on the last 30 days; instances and events read, acknowledged.
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

Result<net::Response> create(Inside& inside, const net::Request& request) {
  const auto definition = TRY(parse_definition(request.body));
  const std::string id = "rule_" + to_hex(inside.random.bytes(8)), actor = actor_of(access_of(request));
  const std::int64_t project = project_of(request), now = inside.clock.now() / second;
  const auto made = inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(known_channels(change, project, definition));
    TRY(
        change.run("INSERT INTO alert_rules (project, id, name, version, definition, enabled, created, changed, actor, "
                   "evaluated, trouble) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, 0, '')",
                   {project, id, definition.name, request.body, std::int64_t{definition.enabled}, now, now, actor}));
    TRY(
        change.run("INSERT INTO alert_versions (project, rule, version, definition, changed, actor) "
                   "VALUES (?, ?, 1, ?, ?, ?)",
                   {project, id, request.body, now, actor}));
    return audit::append(change, inside.clock.now(), access_of(request).project, actor, "alerts.rule.create", id);
  });
  if (!made && made.error().kind == ErrorKind::conflict)
    return fail(ErrorKind::conflict, "There is a rule {} already.", definition.name);
  TRY(made);
  return answer_rule(inside, request, id, 201);
}

Result<net::Response> replace(Inside& inside, const net::Request& request) {
  const auto definition = TRY(parse_definition(request.body));
  const auto rule = TRY(rule_called(inside, request));
  const std::int64_t project = project_of(request), now = inside.clock.now() / second;
  const std::string actor = actor_of(access_of(request));
  const auto before = TRY(parse_definition(rule.json));
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    TRY(known_channels(change, project, definition));
    TRY(change.run(
        "UPDATE alert_rules SET name = ?, version = version + 1, definition = ?, enabled = ?, changed = ?, "
        "actor = ?, trouble = '' WHERE project = ? AND id = ? AND version = ?",
        {definition.name, request.body, std::int64_t{definition.enabled}, now, actor, project, rule.id, rule.version}));
    if (change.changes() == 0) return fail(ErrorKind::conflict, "The rule was changed meanwhile: read it again.");
    TRY(
        change.run("INSERT INTO alert_versions (project, rule, version, definition, changed, actor) "
                   "VALUES (?, ?, ?, ?, ?, ?)",
                   {project, rule.id, rule.version + 1, request.body, now, actor}));
    const bool same = before.measure == definition.measure && before.split == definition.split &&
                      before.filter == definition.filter && before.rule.kind == definition.rule.kind;
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

// The rule as it would have gone over the stored 30 days: the same buckets, the same judge, the same states.
Result<net::Response> back_test(Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  Live live{.version = 0, .definition = TRY(parse_definition(request.body)), .streams = {}};
  const std::int64_t step = live.definition.shape.step, now = inside.clock.now();
  const std::int64_t to = now / second / step * step, from = (to - history) / step * step;
  const auto given =
      TRY(buckets(store, inside.options.rollups, access_of(request).project, live.definition, from, to, now));
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
  return net::Response::json(json.field("instances", static_cast<std::uint64_t>(live.streams.size())).end().take());
}

}  // namespace

void add_rule_routes(net::Router& router, Inside& inside) {
  const auto add = adder(router, inside);
  const std::string rule =
      "{id, name, version:integer, enabled:boolean, starter:boolean, evaluated, trouble, definition:object}";
  add("GET", "/api/v1/alerts/rules", "read", list, "The rules", "", "{rules:[object]}: " + rule);
  add("POST", "/api/v1/alerts/rules", "write", create, "Makes a rule", "a rule (docs/reference/alerts.md)", rule);
  add("GET", "/api/v1/alerts/rules/{id}", "read", show, "One rule, by id or name", "", rule);
  add("GET", "/api/v1/alerts/rules/{id}/versions", "read", versions, "Every version of a rule, the newest first", "",
      "{versions:[object]}: {version, changed, actor, definition}");
  add("PUT", "/api/v1/alerts/rules/{id}", "write", replace, "A new version of a rule",
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
              .answers = "{from, to, firings:[object], minutes_firing:integer, notices:integer, instances:integer}"});
}

}  // namespace pawl::alerts
