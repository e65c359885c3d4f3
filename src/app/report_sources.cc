// What reports and dashboards are made of beside measures: objectives, incidents and what fired, from those who know.
#include "installation.h"
#include "pdf.h"
#include "records/incidents/incidents.h"

namespace pawl::app {

void Installation::Parts::make_reports() {
  reports = std::make_unique<reports::Reports>(
      pool, *ledger, *projects, random, clock, log,
      reports::Options{
          .progress = [this] { return progress(); },
          .public_url = [this] { return config.get("public_url").empty() ? main_url : config.get("public_url"); },
          .mail = mailer(),
          .pdf = print_pdf,
          .objectives = [this](warehouse::Warehouse& store, projects::ProjectId project, const query::Range& week,
                               const query::Range& before) -> Result<std::vector<reports::ObjectiveLine>> {
            std::vector<reports::ObjectiveLine> out;
            for (const auto& slo : TRY(slos::all(*ledger, project))) {
              const auto now = TRY(objectives->count(store, project, slo, week));
              const auto then = TRY(objectives->count(store, project, slo, before));
              const auto standing = TRY(objectives->standing(store, project, slo));
              out.push_back({.name = slo.name,
                             .agent = slo.agent,
                             .kind = slo.kind,
                             .threshold = slo.threshold,
                             .bad_filter = slos::bad_filter(slo),
                             .target = slo.target,
                             .valid = now.valid,
                             .bad = now.bad,
                             .valid_before = then.valid,
                             .bad_before = then.bad,
                             .budget_left = standing.budget_left,
                             .state = std::string(standing.state)});
            }
            return out;
          },
          .firings = [this](projects::ProjectId project,
                            const query::Range& range) -> Result<std::vector<reports::Firing>> {
            std::vector<reports::Firing> out;
            for (auto& one : TRY(alerts::fired(*ledger, project, range.from, range.to)))
              out.push_back({std::move(one.rule), std::move(one.severity), std::move(one.split), one.at, one.resolved});
            return out;
          },
          .incidents = [this](projects::ProjectId project,
                              const query::Range& range) -> Result<std::vector<reports::IncidentLine>> {
            std::vector<reports::IncidentLine> out;
            for (auto& one : TRY(incidents::between(*ledger, project, range.from, range.to)))
              out.push_back({.id = one.called(),
                             .title = std::move(one.title),
                             .severity = std::move(one.severity),
                             .status = std::move(one.status),
                             .owner = std::move(one.owner),
                             .opened = one.began,
                             .resolved = one.resolved == 0 ? std::nullopt : std::optional(one.resolved)});
            return out;
          },
          .rollups = rollups.get()});
}

Result<std::vector<dashboards::Mark>> Installation::Parts::incident_marks(projects::ProjectId project,
                                                                          const query::Range& range) const {
  std::vector<dashboards::Mark> out;
  for (auto& one : TRY(incidents::between(*ledger, project, range.from, range.to)))
    out.push_back({.kind = "incident",
                   .at = one.began,
                   .until = one.resolved == 0 && one.mitigated == 0 ? std::nullopt : std::optional(one.end(0)),
                   .id = "",
                   .title = std::move(one.title),
                   .detail = one.status,
                   .agent = std::move(one.agent),
                   .version = "",
                   .severity = std::move(one.severity),
                   .link = "/incidents/" + one.called(),
                   .author = std::move(one.owner)});
  return out;
}

}  // namespace pawl::app
