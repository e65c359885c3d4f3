// Dashboards that users make: layouts by name, versioned in the ledger, checked against the catalogue of measures when
// they are saved. What is on them is drawn by the page over POST /api/v1/query.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "net/pool.h"
#include "net/router.h"
#include "records/projects/projects.h"
#include "store/ledger/ledger.h"

namespace pawl::dashboards {

std::span<const ledger::Migration> migrations();

// A layout as it is stored: known keys in a fixed order. `invalid` says where and why: a key or measure that is not
// known (with the nearest one that is), a measure that cannot be split so, a mistake in a filter.
//   {title, about, figures: [Figure], panels: [Panel]}
//   Figure  {label, measure, filter, grain, worse}
//   Panel   {id, kind: lines | bars, wide, note, split, …Figure} or {id, kind: ranks, wide, note, label, split,
//   columns: [Figure]}
Result<std::string> read_layout(std::string_view json);

// The references outlive the router.
void add_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                const Clock& clock);

}  // namespace pawl::dashboards
