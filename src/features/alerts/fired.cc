// What fired in a time, for reports.
#include <map>

#include "alerts.h"
#include "base/json_fields.h"

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

}  // namespace pawl::alerts
