// Incidents over the API: alerts in a group, who looks after it, what was done, what it cost, and what came of it
// (docs/guides/incidents.md).
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/rng.h"
#include "net/pool.h"
#include "net/router.h"
#include "query/query.h"
#include "records/datasets/datasets.h"
#include "records/incidents/incidents.h"
#include "records/projects/projects.h"
#include "records/traces/traces.h"
#include "store/ledger/ledger.h"
#include "store/warehouse/warehouse.h"

namespace pawl::incidents {

struct Options {
  std::function<std::string()> progress;
  std::function<std::string()> public_url;
  // A firing of this project by its event; `not_found`.
  std::function<Result<Heard>(ProjectId, const std::string& event)> firing;
  traces::Rollups* rollups = nullptr;
};

class Incidents {
 public:
  // All outlive it.
  Incidents(net::Pool& pool, ledger::Ledger& ledger, const projects::Projects& projects,
            const datasets::Datasets& datasets, Random& random, const Clock& clock, Options options);
  ~Incidents();
  Incidents(const Incidents&) = delete;
  Incidents& operator=(const Incidents&) = delete;

  void add_routes(net::Router& router);
  void open(warehouse::Warehouse& warehouse);
  void close();

  struct Inside;

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::incidents
