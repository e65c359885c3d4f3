// Incidents read.
#include "base/text.h"
#include "incidents.h"

namespace pawl::incidents {
namespace {

constexpr std::string_view columns =
    "i.id, i.number, i.title, i.severity, i.status, i.owner, i.agent, i.filter, i.runbook, i.grouped, i.opened_by, "
    "i.began, i.opened, i.mitigated, i.resolved, "
    "(SELECT count(*) FROM incident_alerts a WHERE a.project = i.project AND a.incident = i.id), "
    "(SELECT count(*) FROM incident_alerts a WHERE a.project = i.project AND a.incident = i.id AND a.resolved = 0), "
    "(SELECT count(*) FROM incident_links l WHERE l.project = i.project AND l.incident = i.id AND l.kind = 'trace'), "
    "(SELECT count(*) FROM incident_cases c WHERE c.project = i.project AND c.incident = i.id)";

Incident incident_at(const ledger::Rows& rows, std::size_t i) {
  return {.id = rows.text(i, 0),
          .number = rows.integer(i, 1),
          .title = rows.text(i, 2),
          .severity = rows.text(i, 3),
          .status = rows.text(i, 4),
          .owner = rows.text(i, 5),
          .agent = rows.text(i, 6),
          .filter = rows.text(i, 7),
          .runbook = rows.text(i, 8),
          .group = rows.text(i, 9),
          .opened_by = rows.text(i, 10),
          .began = rows.integer(i, 11),
          .opened = rows.integer(i, 12),
          .mitigated = rows.integer(i, 13),
          .resolved = rows.integer(i, 14),
          .alerts = rows.integer(i, 15),
          .firing = rows.integer(i, 16),
          .traces = rows.integer(i, 17),
          .cases = rows.integer(i, 18)};
}

std::vector<Incident> incidents_in(const ledger::Rows& rows) {
  std::vector<Incident> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(incident_at(rows, i));
  return out;
}

}  // namespace

Nanos Incident::end(Nanos now) const {
  return resolved > 0 && mitigated > 0 ? mitigated : resolved > 0 ? resolved : mitigated > 0 ? mitigated : now;
}

std::string Incident::called() const {
  return fmt::format("INC-{}", number);
}

Result<Incident> find(ledger::Ledger& ledger, ProjectId project, std::string_view id) {
  const std::string_view digits = id.starts_with("INC-") || id.starts_with("inc-") ? id.substr(4) : id;
  const std::int64_t number = parse_int(digits).value_or(0);
  const auto rows = TRY(
      ledger.read(fmt::format("SELECT {} FROM incidents i WHERE i.project = ? AND (i.id = ? OR i.number = ?)", columns),
                  {std::int64_t{project}, std::string(id), number}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no incident {}.", id);
  return incident_at(rows, 0);
}

Result<Listed> list(ledger::Ledger& ledger, ProjectId project, const Wanted& wanted) {
  constexpr std::string_view which =
      "FROM incidents i WHERE i.project = ?1 AND (?2 = '' OR i.status = ?2 OR (?2 = 'active' AND i.status <> "
      "'resolved')) AND (?3 = '' OR i.agent = ?3) AND (?4 = 0 OR i.resolved = 0 OR i.resolved >= ?4) AND (?5 = 0 OR "
      "i.began < ?5)";
  std::vector<ledger::Value> values = {std::int64_t{project}, wanted.status, wanted.agent, wanted.from, wanted.to};
  Listed out;
  out.total = TRY(ledger.read(fmt::format("SELECT count(*) {}", which), values)).integer(0, 0);
  values.insert(values.end(), {wanted.limit, wanted.offset});
  out.rows = incidents_in(TRY(ledger.read(
      fmt::format("SELECT {} {} ORDER BY i.opened DESC, i.number DESC LIMIT ?6 OFFSET ?7", columns, which), values)));
  return out;
}

Result<std::vector<Incident>> between(ledger::Ledger& ledger, ProjectId project, Nanos from, Nanos to) {
  return incidents_in(TRY(
      ledger.read(fmt::format("SELECT {} FROM incidents i WHERE i.project = ? AND i.began < ? AND (i.resolved = 0 OR "
                              "i.resolved >= ?) ORDER BY i.began, i.number",
                              columns),
                  {std::int64_t{project}, to, from})));
}

Result<std::vector<Entry>> entries(ledger::Ledger& ledger, ProjectId project, std::string_view incident) {
  const auto rows = TRY(ledger.read(
      "SELECT number, at, written, actor, kind, text, data FROM incident_entries WHERE project = ? AND incident = ? "
      "ORDER BY at, number",
      {std::int64_t{project}, std::string(incident)}));
  std::vector<Entry> out;
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back({rows.integer(i, 0), rows.integer(i, 1), rows.integer(i, 2), rows.text(i, 3), rows.text(i, 4),
                   rows.text(i, 5), rows.text(i, 6)});
  return out;
}

Result<std::vector<Alert>> alerts(ledger::Ledger& ledger, ProjectId project, std::string_view incident) {
  const auto rows =
      TRY(ledger.read("SELECT event, rule, name, split, severity, sentence, evidence, fired, resolved FROM "
                      "incident_alerts WHERE project "
                      "= ? AND incident = ? ORDER BY fired, event",
                      {std::int64_t{project}, std::string(incident)}));
  std::vector<Alert> out;
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), rows.text(i, 4), rows.text(i, 5),
                   rows.text(i, 6), rows.integer(i, 7), rows.integer(i, 8)});
  return out;
}

Result<std::vector<Link>> links(ledger::Ledger& ledger, ProjectId project, std::string_view incident) {
  const auto rows = TRY(ledger.read(
      "SELECT kind, target, note, actor, at FROM incident_links WHERE project = ? AND incident = ? ORDER BY at, target",
      {std::int64_t{project}, std::string(incident)}));
  std::vector<Link> out;
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), rows.integer(i, 4)});
  return out;
}

Result<std::vector<Case>> cases(ledger::Ledger& ledger, ProjectId project, std::string_view incident) {
  const auto rows = TRY(ledger.read(
      "SELECT dataset, target, trace, actor, at FROM incident_cases WHERE project = ? AND incident = ? ORDER BY at, "
      "target",
      {std::int64_t{project}, std::string(incident)}));
  std::vector<Case> out;
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), rows.integer(i, 4)});
  return out;
}

}  // namespace pawl::incidents
