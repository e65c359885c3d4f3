// Money: chargeback exports, cost tables that add up, other prices tried on past calls, budgets (docs/costs.md).
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/log.h"
#include "llm/prices.h"
#include "net/pool.h"
#include "net/router.h"
#include "records/projects/projects.h"
#include "records/traces/traces.h"
#include "store/ledger/ledger.h"
#include "store/warehouse/warehouse.h"

namespace pawl::costs {

struct Options {
  std::string organisation;                          // its name in exports
  std::function<std::string()> progress;             // why queries are not answered yet
  traces::Rollups* rollups = nullptr;                // none: tables are read from rows
  std::optional<llm::PriceList> public_prices = {};  // without the project's own; none: there are none of its own
};

// The ledger's tables of costs: budgets.
std::span<const ledger::Migration> migrations();

class Costs {
 public:
  // All outlive it; `prices` is the list in force.
  Costs(net::Pool& pool, ledger::Ledger& ledger, projects::Projects& projects, llm::PriceList prices,
        const Clock& clock, Options options);
  ~Costs();
  Costs(const Costs&) = delete;
  Costs& operator=(const Costs&) = delete;

  void add_routes(net::Router& router);
  void open(warehouse::Warehouse& warehouse);  // from now on queries are answered
  void close();                                // before the warehouse goes

  struct Inside;

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::costs
