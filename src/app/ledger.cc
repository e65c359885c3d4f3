// Opening the ledger: the one list of who has tables in it.
#include "ledger.h"

#include "features/alerts/alerts.h"
#include "features/comments/comments.h"
#include "features/costs/costs.h"
#include "features/dashboards/dashboards.h"
#include "features/ingest/ingest.h"
#include "features/quality/quality.h"
#include "features/reports/reports.h"
#include "features/sdks/sdks.h"
#include "features/share/share.h"
#include "features/views/views.h"
#include "records/audit/audit.h"
#include "records/datasets/datasets.h"
#include "records/incidents/incidents.h"
#include "records/projects/projects.h"
#include "records/prompts/prompts.h"
#include "records/scores/scores.h"
#include "records/sealed/sealed.h"
#include "records/slos/slos.h"

namespace pawl::app {

std::vector<ledger::Migration> ledger_migrations() {
  std::vector<ledger::Migration> steps;
  for (const auto owner :
       {projects::migrations(), audit::migrations(), ingest::migrations(), scores::migrations(), prompts::migrations(),
        datasets::migrations(), sdks::migrations(), alerts::migrations(), costs::migrations(), dashboards::migrations(),
        quality::migrations(), slos::migrations(), incidents::migrations(), reports::migrations(), views::migrations(),
        sealed::migrations(), share::migrations(), comments::migrations()})
    steps.insert(steps.end(), owner.begin(), owner.end());
  return steps;
}

Result<std::unique_ptr<ledger::Ledger>> open_ledger(const std::string& data) {
  auto ledger = TRY(ledger::open_sqlite(data + "/ledger.db"));
  TRY(ledger->migrate(ledger_migrations()));
  return ledger;
}

}  // namespace pawl::app
