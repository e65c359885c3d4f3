// What fires, over the API: instances with what explains them, acknowledged, and the history of notices.
#include <simdjson.h>

#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::alerts {
namespace {

using projects::access_of;
using projects::actor_of;

void write_number(JsonWriter& json, std::string_view name, const ledger::Rows& rows, std::size_t row,
                  std::size_t column) {
  json.key(name);
  rows.is_null(row, column) ? json.null() : json.value(std::get<double>(rows.cells[row][column]));
}

void write_json(JsonWriter& json, std::string_view name, const std::string& stored) {
  json.key(name);
  stored.empty() ? json.null() : json.raw(stored);
}

// Definitions of a project's rules, each read once; a rule that cannot be read any more has none.
std::map<std::string, std::pair<StoredRule, Definition>> definitions_of(const std::vector<StoredRule>& rules) {
  std::map<std::string, std::pair<StoredRule, Definition>> out;
  for (const auto& rule : rules) {
    if (auto definition = parse_definition(rule.json)) out.emplace(rule.id, std::pair(rule, std::move(*definition)));
  }
  return out;
}

Notice notice_like(const StoredRule& rule, const Definition& definition, const std::string& split) {
  Notice out;
  out.type = "firing", out.rule = rule.id, out.name = definition.name, out.severity = definition.severity;
  out.measure = definition.measure, out.split = split_pairs(split);
  return out;
}

Result<net::Response> instances(Inside& inside, const net::Request& request) {
  const auto project = project_of(request);
  const std::int64_t now = inside.clock.now() / second;
  const auto rows = TRY(inside.ledger.read(
      "SELECT i.rule, i.split, i.state, i.since, i.value, i.acknowledged, i.event, e.evidence, e.learning FROM "
      "alert_instances i LEFT JOIN alert_events e ON e.id = i.event AND i.event <> '' WHERE i.project = ?1 AND (?2 = "
      "'' OR "
      "i.state = ?2) ORDER BY i.state = 'firing' DESC, i.state = 'pending' DESC, i.since DESC LIMIT 1000",
      {project, std::string(request.query.get("state"))}));
  const auto rules = definitions_of(TRY(rules_of(inside, access_of(request).project)));
  const auto silences = TRY(silences_of(inside, project));
  JsonWriter json;
  json.object().key("alerts").array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto found = rules.find(rows.text(i, 0));
    if (found == rules.end()) continue;
    const auto& [rule, definition] = found->second;
    const bool firing = rows.text(i, 2) == "firing";
    json.object().field("rule", rule.id).field("name", rule.name).field("severity", definition.severity);
    json.field("kind", definition.rule.kind).field("measure", definition.measure).field("unit", definition.unit);
    json.field("filter", definition.filter_text).key("split").raw(rows.text(i, 1)).field("state", rows.text(i, 2));
    json.key("since");
    rows.integer(i, 3) == 0 ? json.null() : json.value(time_text(rows.integer(i, 3)));
    write_number(json, "value", rows, i, 4);
    json.field("acknowledged_by", rows.text(i, 5)).key("event");
    rows.text(i, 6).empty() || !firing ? json.null() : json.value(rows.text(i, 6));
    json.field("learning", firing && rows.integer(i, 8) != 0).key("muted_by").array();
    const auto notice = notice_like(rule, definition, rows.text(i, 1));
    for (const auto& one : silences)
      if (firing && one.in_force(now) && one.mutes(notice)) json.value(one.id);
    json.end();
    write_json(json, "evidence", firing ? rows.text(i, 7) : "");
    json.field("runbook", definition.runbook).end();
  }
  return net::Response::json(json.end().end().take());
}

// The instances of the rule that fire, or the one with this split.
Result<net::Response> acknowledge(Inside& inside, const net::Request& request) {
  const auto fields = TRY(JsonFields::parse(request.body));
  const std::string called = fields.text("rule"), actor = actor_of(access_of(request));
  std::string wanted;
  if (fields.has("split")) {
    simdjson::dom::parser parser;
    wanted = simdjson::minify(parser.parse(simdjson::padded_string(request.body))["split"]);
  }
  const auto rules = definitions_of(TRY(rules_of(inside, access_of(request).project)));
  const auto found = std::ranges::find_if(
      rules, [&](const auto& one) { return one.first == called || one.second.first.name == called; });
  if (found == rules.end()) return fail(ErrorKind::not_found, "There is no rule {}.", called);
  const auto& [rule, definition] = found->second;
  std::int64_t changed = 0;
  TRY(inside.ledger.change([&](ledger::Transaction& change) -> Result<> {
    changed = 0;
    const auto rows =
        TRY(change.run("SELECT split, value, since FROM alert_instances WHERE project = ?1 AND rule = ?2 AND "
                       "state = 'firing' AND acknowledged = '' AND (?3 = '' OR split = ?3)",
                       {project_of(request), rule.id, wanted}));
    for (std::size_t i = 0; i < rows.size(); ++i, ++changed) {
      TRY(change.run("UPDATE alert_instances SET acknowledged = ? WHERE project = ? AND rule = ? AND split = ?",
                     {actor, project_of(request), rule.id, rows.text(i, 0)}));
      Told told;
      told.split = rows.text(i, 0), told.notice = "acknowledged", told.at = inside.clock.now() / second;
      told.since = rows.integer(i, 2), told.reason = "by " + actor;
      if (!rows.is_null(i, 1)) told.value = std::get<double>(rows.cells[i][1]);
      TRY(write_told(change, inside, rule, definition, told));
    }
    if (changed == 0) return fail(ErrorKind::not_found, "No instance of the rule {} is firing unacknowledged.", called);
    return audit::append(change, inside.clock.now(), access_of(request).project, actor, "alerts.acknowledge", rule.id);
  }));
  JsonWriter json;
  return net::Response::json(json.object().field("acknowledged", changed).end().take());
}

void write_event(JsonWriter& json, const ledger::Rows& rows, std::size_t i) {
  json.object().field("id", rows.text(i, 0)).field("rule", rows.text(i, 1)).field("name", rows.text(i, 2));
  json.field("version", rows.integer(i, 3)).key("split").raw(rows.text(i, 4));
  json.field("at", time_text(rows.integer(i, 5))).field("notice", rows.text(i, 6));
  write_number(json, "value", rows, i, 7);
  json.field("passed", rows.integer(i, 8) != 0).field("reason", rows.text(i, 9));
  json.field("learning", rows.integer(i, 10) != 0);
  write_json(json, "evidence", rows.text(i, 11));
}

Result<net::Response> events(Inside& inside, const net::Request& request) {
  const auto limit = parse_int(request.query.get("limit")).value_or(200);
  if (limit < 1 || limit > 1000) return fail(ErrorKind::invalid, "limit must lie between 1 and 1000.");
  const auto rows = TRY(inside.ledger.read(
      "SELECT e.id, e.rule, coalesce(r.name, ''), e.version, e.split, e.at, e.notice, e.value, e.passed, e.reason, "
      "e.learning, e.evidence, o.channel, coalesce(c.name, ''), o.state, o.attempts, o.error, o.unless_known FROM "
      "(SELECT * "
      "FROM alert_events WHERE project = ?1 AND (?2 = '' OR rule = ?2) ORDER BY at DESC, id LIMIT ?3) e LEFT JOIN "
      "alert_rules r ON r.project = e.project AND r.id = e.rule LEFT JOIN alert_outbox o ON o.event = e.id LEFT JOIN "
      "alert_channels c ON c.project = e.project AND c.id = o.channel ORDER BY e.at DESC, e.id",
      {project_of(request), std::string(request.query.get("rule")), limit}));
  JsonWriter json;
  json.object().key("events").array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows.text(i, 0) != rows.text(i - 1, 0)) {
      write_event(json, rows, i);
      json.key("deliveries").array();
    }
    if (!rows.is_null(i, 12))
      json.object()
          .field("channel", rows.text(i, 12))
          .field("name", rows.text(i, 13))
          .field("state", rows.text(i, 14))
          .field("attempts", rows.integer(i, 15))
          .field("error", rows.text(i, 16))
          .field("escalation", rows.integer(i, 17) != 0)
          .end();
    if (i + 1 == rows.size() || rows.text(i, 0) != rows.text(i + 1, 0)) json.end().end();
  }
  return net::Response::json(json.end().end().take());
}

}  // namespace

std::vector<std::pair<std::string, std::string>> split_pairs(std::string_view json) {
  std::vector<std::pair<std::string, std::string>> out;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(simdjson::padded_string(json)).get(object)) return out;
  for (const auto [name, value] : object) {
    std::string_view text;
    if (!value.get(text)) out.emplace_back(name, text);
  }
  return out;
}

std::int64_t project_of(const net::Request& request) {
  return static_cast<std::int64_t>(access_of(request).project);
}

Result<std::vector<Notice>> firing_now(Inside& inside, std::int64_t project) {
  const auto rows = TRY(
      inside.ledger.read("SELECT rule, split FROM alert_instances WHERE project = ? AND state = 'firing'", {project}));
  std::vector<Notice> out;
  if (rows.size() == 0) return out;
  const auto rules = definitions_of(TRY(rules_of(inside, static_cast<ProjectId>(project))));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto found = rules.find(rows.text(i, 0));
    if (found != rules.end()) out.push_back(notice_like(found->second.first, found->second.second, rows.text(i, 1)));
  }
  return out;
}

void add_firing_routes(net::Router& router, Inside& inside) {
  const auto add = adder(router, inside);
  add("GET", "/api/v1/alerts", "read", instances, "What is firing, pending, ok; state= for one of them", "",
      "{alerts:[object]}: {rule, name, severity, kind, measure, unit, filter, split, state, since, value, "
      "acknowledged_by, event, learning, muted_by, evidence, runbook}");
  add("POST", "/api/v1/alerts/acknowledge", "write", acknowledge,
      "Stops reminders and escalation of a rule's firing instances, or of one", "{rule, split:object}",
      "{acknowledged:integer}");
  add("GET", "/api/v1/alerts/events", "read", events,
      "The newest notices (rule=, limit=200) and how their deliveries went", "",
      "{events:[object]}: {id, rule, name, version, split, at, notice, value, passed, reason, learning, evidence, "
      "deliveries}");
}

}  // namespace pawl::alerts
