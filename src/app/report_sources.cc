// What reports are made of beside measures: objectives and what fired, from the features that know.
#include "installation.h"

namespace pawl::app {

void Installation::Parts::make_reports() {
  reports = std::make_unique<reports::Reports>(
      pool, *ledger, *projects, random, clock, log,
      reports::Options{
          .progress = [this] { return progress(); },
          .public_url = [this] { return config.get("public_url").empty() ? main_url : config.get("public_url"); },
          .mail = mailer(),
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
          .incidents = {},
          .rollups = rollups.get()});
}

}  // namespace pawl::app
