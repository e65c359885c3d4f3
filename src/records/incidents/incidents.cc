// Incidents written: opened, joined by firings, changed, noted. Each change is an entry of the timeline.
#include "incidents.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"

namespace pawl::incidents {
namespace {

constexpr std::array<std::string_view, 3> all_severities = {"critical", "major", "minor"};
constexpr std::array<std::string_view, 3> all_statuses = {"open", "mitigated", "resolved"};
constexpr std::string_view pawl = "pawl";  // who opens and mitigates by itself

ledger::Value number_of(ProjectId project) {
  return std::int64_t{project};
}

std::string from_to(std::string_view from, std::string_view to) {
  JsonWriter json;
  return json.object().field("from", from).field("to", to).end().take();
}

// The incident that a firing of the group at this time belongs to; its id and status.
Result<std::optional<std::pair<std::string, std::string>>> open_of(ledger::Transaction& change, ProjectId project,
                                                                   const Heard& heard) {
  const auto rows = TRY(
      change.run("SELECT id, status FROM incidents i WHERE project = ?1 AND grouped = ?2 AND status <> 'resolved' AND "
                 "began <= ?4 AND (heard >= ?3 OR EXISTS (SELECT 1 FROM incident_alerts a WHERE a.project = ?1 AND "
                 "a.incident = i.id "
                 "AND a.resolved = 0)) ORDER BY opened DESC, number DESC LIMIT 1",
                 {number_of(project), group_of(heard), heard.alert.fired - heard.window, heard.alert.fired}));
  if (rows.size() == 0) return std::optional<std::pair<std::string, std::string>>();
  return std::optional(std::pair(rows.text(0, 0), rows.text(0, 1)));
}

Result<> set_status(ledger::Transaction& change, ProjectId project, std::string_view incident, std::string_view from,
                    std::string_view to, std::string_view why, std::string_view actor, Nanos at, Nanos now) {
  TRY(
      change.run("UPDATE incidents SET status = ?1, mitigated = CASE WHEN ?1 = 'open' THEN 0 WHEN ?1 = 'mitigated' OR "
                 "mitigated = 0 THEN ?2 ELSE mitigated END, resolved = CASE WHEN ?1 = 'resolved' THEN ?2 ELSE 0 END "
                 "WHERE project = ?3 AND id = ?4",
                 {std::string(to), at, number_of(project), std::string(incident)}));
  return append(change, project, incident,
                {.at = at,
                 .written = now,
                 .actor = std::string(actor),
                 .kind = "status",
                 .text = fmt::format("{} → {}{}{}", from, to, why.empty() ? "" : ": ", why),
                 .data = from_to(from, to)});
}

Result<> check_word(std::string_view name, std::string_view word, std::span<const std::string_view> known) {
  if (std::ranges::find(known, word) != known.end()) return {};
  return fail(ErrorKind::invalid, "\"{}\" must be one of {}, not {}.", name, fmt::join(known, ", "), word);
}

}  // namespace

std::span<const std::string_view> severities() {
  return all_severities;
}
std::span<const std::string_view> statuses() {
  return all_statuses;
}

std::string group_of(const Heard& heard) {
  if (!heard.agent.empty()) return "agent:" + heard.agent;
  return heard.folder.empty() ? "rule:" + heard.alert.rule : "folder:" + heard.folder;
}

std::string_view runbook_for(std::string_view measure, bool release) {
  if (measure.starts_with("guardrail")) return "prompt_injection";
  if (measure.starts_with("cost") || measure.starts_with("tokens") || measure == "wasted_cost") return "runaway_cost";
  if (release) return "bad_release";
  if (measure.starts_with("tool_") || measure == "error_rate" || measure == "errors") return "tool_outage";
  if (measure.starts_with("score") || measure.starts_with("latency") || measure.starts_with("ttft"))
    return "model_degradation";
  return "";
}

Result<> append(ledger::Transaction& change, ProjectId project, std::string_view incident, const Entry& entry) {
  TRY(change.run(
      "INSERT INTO incident_entries (project, incident, number, at, written, actor, kind, text, data) SELECT "
      "?1, ?2, coalesce(max(number), 0) + 1, ?3, ?4, ?5, ?6, ?7, ?8 FROM incident_entries WHERE project = ?1 "
      "AND incident = ?2",
      {number_of(project), std::string(incident), entry.at, entry.written, entry.actor, entry.kind, entry.text,
       entry.data}));
  return {};
}

Result<> open(ledger::Transaction& change, ProjectId project, Incident incident, std::string_view actor, Nanos now) {
  TRY(check_word("severity", incident.severity, severities()));
  const Nanos opened = incident.opened > 0 ? incident.opened : now;
  TRY(
      change.run("INSERT INTO incidents (project, id, number, title, severity, status, owner, agent, filter, runbook, "
                 "grouped, opened_by, began, opened, mitigated, resolved, heard) SELECT ?1, ?2, coalesce(max(number), "
                 "0) + 1, ?3, ?4, 'open', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0, 0, ?11 FROM incidents WHERE project = "
                 "?1",
                 {number_of(project), incident.id, incident.title, incident.severity, incident.owner, incident.agent,
                  incident.filter, incident.runbook, incident.group, std::string(actor), incident.began, opened}));
  return append(change, project, incident.id,
                {.at = opened, .written = now, .actor = std::string(actor), .kind = "opened", .text = incident.title});
}

Result<> add_alert(ledger::Transaction& change, ProjectId project, std::string_view incident, const Alert& alert,
                   std::string_view actor, Nanos now) {
  TRY(
      change.run("INSERT OR IGNORE INTO incident_alerts (project, incident, event, rule, name, split, severity, "
                 "sentence, evidence, fired, resolved) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                 {number_of(project), std::string(incident), alert.event, alert.rule, alert.name, alert.split,
                  alert.severity, alert.sentence, alert.evidence, alert.fired, alert.resolved}));
  if (change.changes() == 0) return {};
  TRY(change.run("UPDATE incidents SET heard = max(heard, ?), began = min(began, ?) WHERE project = ? AND id = ?",
                 {alert.fired, alert.fired, number_of(project), std::string(incident)}));
  JsonWriter data;
  data.object().field("event", alert.event).field("rule", alert.rule).key("split").raw(alert.split).key("evidence");
  alert.evidence.empty() ? data.null() : data.raw(alert.evidence);
  data.end();
  const std::string text = alert.name + (alert.sentence.empty() ? "" : ": " + alert.sentence);
  TRY(append(change, project, incident,
             {.at = alert.fired,
              .written = now,
              .actor = std::string(actor),
              .kind = "firing",
              .text = text,
              .data = data.take()}));
  if (alert.resolved == 0) return {};
  return append(
      change, project, incident,
      {.at = alert.resolved, .written = now, .actor = std::string(actor), .kind = "resolved", .text = alert.name});
}

Result<> hear_firing(ledger::Transaction& change, ProjectId project, const Heard& heard, Nanos now) {
  const auto known = TRY(open_of(change, project, heard));
  if (!known && heard.opens.empty()) return {};
  std::string id = known ? known->first : "inc_" + to_hex(sha256(heard.alert.event)).substr(0, 16);
  if (!known) {
    Incident fresh{.id = id, .title = heard.alert.name};
    if (!heard.agent.empty()) fresh.title += " of " + heard.agent;
    fresh.severity = heard.opens, fresh.agent = heard.agent;
    if (heard.agent.empty()) fresh.filter = heard.terms;
    fresh.runbook = runbook_for(heard.measure, heard.release);
    fresh.group = group_of(heard), fresh.began = heard.since > 0 ? heard.since : heard.alert.fired;
    if (heard.passed) fresh.opened = heard.alert.fired;
    TRY(open(change, project, fresh, pawl, now));
  } else if (known->second == "mitigated") {
    TRY(set_status(change, project, id, "mitigated", "open", heard.alert.name + " fires", pawl, heard.alert.fired,
                   now));
  }
  return add_alert(change, project, id, heard.alert, pawl, now);
}

Result<> hear_resolved(ledger::Transaction& change, ProjectId project, std::string_view rule, std::string_view split,
                       Nanos at, Nanos now) {
  const auto rows = TRY(
      change.run("SELECT DISTINCT a.incident, a.name, i.status FROM incident_alerts a JOIN incidents i ON i.project "
                 "= a.project AND i.id = a.incident WHERE a.project = ? AND a.rule = ? AND a.split = ? AND "
                 "a.resolved = 0",
                 {number_of(project), std::string(rule), std::string(split)}));
  if (rows.size() == 0) return {};
  TRY(change.run(
      "UPDATE incident_alerts SET resolved = ? WHERE project = ? AND rule = ? AND split = ? AND resolved = 0",
      {at, number_of(project), std::string(rule), std::string(split)}));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& incident = rows.text(i, 0);
    JsonWriter data;
    data.object().field("rule", rule).key("split").raw(split).end();
    TRY(append(change, project, incident,
               {.at = at,
                .written = now,
                .actor = std::string(pawl),
                .kind = "resolved",
                .text = rows.text(i, 1),
                .data = data.take()}));
    const auto left =
        TRY(change.run("SELECT count(*) FROM incident_alerts WHERE project = ? AND incident = ? AND resolved = 0",
                       {number_of(project), incident}));
    if (left.integer(0, 0) == 0 && rows.text(i, 2) == "open")
      TRY(set_status(change, project, incident, "open", "mitigated", "nothing fires any more", pawl, at, now));
  }
  return {};
}

Result<> change(ledger::Transaction& change, ProjectId project, const Incident& before, const Change& wanted,
                std::string_view actor, Nanos now) {
  if (wanted.severity) TRY(check_word("severity", *wanted.severity, severities()));
  if (wanted.status) TRY(check_word("status", *wanted.status, statuses()));
  if (wanted.title && (wanted.title->empty() || wanted.title->size() > 300))
    return fail(ErrorKind::invalid, "\"title\" must have 1 to 300 characters.");
  struct Field {
    std::string_view name, sql;
    const std::string& from;
    const std::optional<std::string>& to;
  };
  const Field fields[] = {
      {"title", "UPDATE incidents SET title = ? WHERE project = ? AND id = ?", before.title, wanted.title},
      {"severity", "UPDATE incidents SET severity = ? WHERE project = ? AND id = ?", before.severity, wanted.severity},
      {"owner", "UPDATE incidents SET owner = ? WHERE project = ? AND id = ?", before.owner, wanted.owner},
      {"agent", "UPDATE incidents SET agent = ? WHERE project = ? AND id = ?", before.agent, wanted.agent},
      {"filter", "UPDATE incidents SET filter = ? WHERE project = ? AND id = ?", before.filter, wanted.filter},
      {"runbook", "UPDATE incidents SET runbook = ? WHERE project = ? AND id = ?", before.runbook, wanted.runbook}};
  for (const auto& field : fields) {
    if (!field.to || *field.to == field.from) continue;
    TRY(change.run(field.sql, {*field.to, number_of(project), before.id}));
    const std::string shown = field.to->empty() ? "(none)" : *field.to;
    TRY(append(change, project, before.id,
               {.at = now,
                .written = now,
                .actor = std::string(actor),
                .kind = std::string(field.name),
                .text = field.from.empty() ? shown : fmt::format("{} → {}", field.from, shown),
                .data = from_to(field.from, *field.to)}));
  }
  if (wanted.began && *wanted.began != before.began) {
    if (*wanted.began > now) return fail(ErrorKind::invalid, "\"began\" must not lie ahead.");
    TRY(change.run("UPDATE incidents SET began = ? WHERE project = ? AND id = ?",
                   {*wanted.began, number_of(project), before.id}));
    const auto from = format_time(before.began).substr(0, 19) + "Z",
               to = format_time(*wanted.began).substr(0, 19) + "Z";
    TRY(append(change, project, before.id,
               {.at = now,
                .written = now,
                .actor = std::string(actor),
                .kind = "began",
                .text = fmt::format("{} → {}", from, to),
                .data = from_to(from, to)}));
  }
  if (wanted.status && *wanted.status != before.status)
    TRY(set_status(change, project, before.id, before.status, *wanted.status, wanted.why, actor, now, now));
  return {};
}

Result<> add_link(ledger::Transaction& change, ProjectId project, std::string_view incident, const Link& link) {
  TRY(change.run(
      "INSERT OR IGNORE INTO incident_links (project, incident, kind, target, note, at, actor) VALUES (?, ?, "
      "?, ?, ?, ?, ?)",
      {number_of(project), std::string(incident), link.kind, link.id, link.note, link.at, link.actor}));
  if (change.changes() == 0) return {};
  JsonWriter data;
  return append(change, project, incident,
                {.at = link.at,
                 .written = link.at,
                 .actor = link.actor,
                 .kind = link.kind,
                 .text = link.note.empty() ? link.id : fmt::format("{}: {}", link.id, link.note),
                 .data = data.object().field("id", link.id).end().take()});
}

Result<> add_case(ledger::Transaction& change, ProjectId project, std::string_view incident, const Case& one) {
  TRY(change.run(
      "INSERT OR IGNORE INTO incident_cases (project, incident, dataset, target, trace, at, actor) VALUES (?, "
      "?, ?, ?, ?, ?, ?)",
      {number_of(project), std::string(incident), one.dataset, one.id, one.trace, one.at, one.actor}));
  if (change.changes() == 0) return {};
  JsonWriter data;
  return append(change, project, incident,
                {.at = one.at,
                 .written = one.at,
                 .actor = one.actor,
                 .kind = "case",
                 .text = fmt::format("{} in {}", one.id, one.dataset),
                 .data = data.object().field("dataset", one.dataset).field("id", one.id).end().take()});
}

}  // namespace pawl::incidents
