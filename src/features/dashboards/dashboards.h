// Dashboards that users make: layouts by name, versioned in the ledger, checked against the catalogue of measures when
// they are saved. What is on them is drawn by the page over POST /api/v1/query. And what is marked on their time:
// releases, changes of prices, incidents, notes.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "llm/prices.h"
#include "net/pool.h"
#include "net/router.h"
#include "query/query.h"
#include "records/projects/projects.h"
#include "records/traces/traces.h"
#include "store/ledger/ledger.h"
#include "store/warehouse/warehouse.h"

namespace pawl::dashboards {

std::span<const ledger::Migration> migrations();

// A layout as it is stored: known keys in a fixed order. `invalid` says where and why: a key or measure that is not
// known (with the nearest one that is), a measure that cannot be split so, a mistake in a filter.
//   {title, about, figures: [Figure], panels: [Panel]}
//   Figure  {label, measure, filter, grain, worse}
//   Panel   {id, kind: lines | bars, wide, note, split, …Figure} or {id, kind: ranks, wide, note, label, split,
//   columns: [Figure]}
Result<std::string> read_layout(std::string_view json);

struct Mark {        // something that happened, on the time of every chart
  std::string kind;  // "release" "price" "incident" "note"
  Nanos at = 0;
  std::optional<Nanos> until;
  std::string id, title, detail, agent, version, severity, link, author;
};

// What annotations are made of beside the ledger.
struct Sources {
  std::function<warehouse::Warehouse*()> store;  // null while it is not open
  std::function<std::string()> progress;         // then: how far the start has come
  traces::Rollups* rollups = nullptr;
  std::optional<llm::PriceList> prices = {};
  std::function<Result<std::vector<Mark>>(projects::ProjectId, const query::Range&)> incidents = {};
};

// The references outlive the router.
void add_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                const Clock& clock, Sources sources);

}  // namespace pawl::dashboards
