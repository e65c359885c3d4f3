// What the rooms of costs share: the warehouse once it is open, the range of a
// request, sums read from the warehouse.
#pragma once
#include <atomic>
#include <optional>
#include <vector>

#include "base/json.h"
#include "charge.h"
#include "costs.h"
#include "query/query.h"
#include "reading/reading.h"

namespace pawl::costs {

using projects::ProjectId;

struct Costs::Inside {
  net::Pool& pool;
  ledger::Ledger& ledger;
  projects::Projects& projects;
  llm::PriceList prices;
  const Clock& clock;
  Options options;
  std::atomic<warehouse::Warehouse*> warehouse = nullptr;
};

// from=, to= of a request on whole periods of UTC; by default from the month's
// first day to the end of today.
Result<query::Range> range_of(const net::Request& request, Nanos now, Nanos period);
Result<query::Filter> filter_of(std::string_view text);
// Names between commas, without repeats.
std::vector<std::string> names_of(std::string_view list);
Result<std::string> project_name(Costs::Inside& inside, ProjectId project);

// What calls cost in the range. `exhausted` beyond the query's limit of rows.
Result<std::vector<Sum>> sums(warehouse::Warehouse& store, llm::Pricer& pricer, ProjectId project,
                              query::ChargeQuery query);
// The exact total and more, by the same statement that answers /api/v1/query:
// pico-dollars; nullopt: nothing is known.
struct Measured {
  std::vector<std::string> key;
  std::optional<Int128> cost;
  std::int64_t calls = 0, unknown_calls = 0, tokens = 0;
  Nanos at = 0;  // with a step
};
Result<std::vector<Measured>> measured(Costs::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                                       query::MeasureQuery query);

void add_export_routes(net::Router& router, Costs::Inside& inside);
void add_table_routes(net::Router& router, Costs::Inside& inside);
void add_what_if_routes(net::Router& router, Costs::Inside& inside);
void add_bill_routes(net::Router& router, Costs::Inside& inside);
void add_budget_routes(net::Router& router, Costs::Inside& inside);

}  // namespace pawl::costs
