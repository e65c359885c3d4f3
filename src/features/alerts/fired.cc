// What fired: in a time, for reports; one firing, for incidents.
#include <map>

#include "base/json_fields.h"
#include "inside.h"

namespace pawl::alerts {

Result<std::vector<Fired>> fired(ledger::Ledger& ledger, projects::ProjectId project, Nanos from, Nanos to) {
  const auto rows = TRY(ledger.read(
      "SELECT e.rule, e.split, e.at, e.notice, r.name, r.definition FROM alert_events e LEFT JOIN alert_rules r ON "
      "r.project = e.project AND r.id = e.rule WHERE e.project = ? AND e.at >= ? AND e.notice IN ('firing', "
      "'resolved') "
      "ORDER BY e.at, e.notice DESC",
      {std::int64_t{project}, from / second}));
  std::vector<Fired> out;
  std::map<std::pair<std::string, std::string>, std::size_t> open;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::pair instance(rows.text(i, 0), rows.text(i, 1));
    const Nanos at = rows.integer(i, 2) * second;
    if (rows.text(i, 3) == "resolved") {
      if (const auto found = open.find(instance); found != open.end()) {
        out[found->second].resolved = at;
        open.erase(found);
      }
    } else if (at < to) {
      const auto definition = JsonFields::parse(rows.text(i, 5));  // none: the rule is removed
      const std::string severity = definition ? definition->text("severity") : "";
      open[instance] = out.size();
      out.push_back({rows.text(i, 4).empty() ? rows.text(i, 0) : rows.text(i, 4),
                     severity.empty() ? "page" : severity,
                     rows.text(i, 1),
                     at,
                     {}});
    }
  }
  return out;
}

namespace {

// Whose firing it is: what it is split by, else what the rule asks for alone.
std::string agent_of(const Definition& definition, const std::vector<std::pair<std::string, std::string>>& split) {
  for (const auto& [name, value] : split)
    if (name == "agent") return value;
  for (const auto& term : definition.filter.terms())
    if (term.dimension == "agent" && term.op == "=" && !term.negated && term.values.size() == 1) return term.values[0];
  return "";
}

}  // namespace

incidents::Heard heard_of(const StoredRule& rule, const Definition& definition, const Told& told) {
  const auto split = split_pairs(told.split);
  incidents::Heard out;
  out.alert = {.event = event_id(rule, told),
               .rule = rule.id,
               .name = rule.name,
               .split = told.split,
               .severity = definition.severity,
               .sentence = {},
               .evidence = told.evidence,
               .fired = told.at * second};
  if (const auto evidence = JsonFields::parse(told.evidence)) {
    out.alert.sentence = evidence->text("sentence");
    out.release = evidence->has("release");
  }
  // The beginning of the first step that was bad.
  out.since = ((told.since > 0 ? told.since : told.at) - definition.shape.step) * second;
  out.agent = agent_of(definition, split), out.folder = definition.folder;
  for (const auto& [name, value] : split)
    if (!value.empty()) out.terms += fmt::format("{}{}={}", out.terms.empty() ? "" : " ", name, query::quoted(value));
  out.measure = definition.measure, out.opens = definition.incident;
  out.window = definition.incident_window * second, out.passed = told.passed;
  return out;
}

Result<incidents::Heard> firing(ledger::Ledger& ledger, projects::ProjectId project, const std::string& event) {
  const auto rows = TRY(ledger.read(
      "SELECT e.rule, e.split, e.at, e.evidence, e.version, coalesce(r.name, e.rule), coalesce(r.definition, ''), "
      "(SELECT min(at) FROM alert_events x WHERE x.project = e.project AND x.rule = e.rule AND x.split = e.split AND "
      "x.notice = 'resolved' AND x.at >= e.at) FROM alert_events e LEFT JOIN alert_rules r ON r.project = e.project "
      "AND "
      "r.id = e.rule WHERE e.project = ? AND e.id = ? AND e.notice = 'firing'",
      {std::int64_t{project}, event}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no firing {}.", event);
  StoredRule rule;
  rule.project = project, rule.id = rows.text(0, 0), rule.version = rows.integer(0, 4), rule.name = rows.text(0, 5);
  Told told;
  told.split = rows.text(0, 1), told.notice = "firing", told.at = rows.integer(0, 2), told.evidence = rows.text(0, 3);
  const auto definition = parse_definition(rows.text(0, 6));  // none: the rule is removed
  auto out = heard_of(rule, definition.value_or(Definition{}), told);
  out.alert.event = event, out.alert.resolved = rows.integer(0, 7) * second;
  return out;
}

}  // namespace pawl::alerts
