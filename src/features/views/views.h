// Views of lists that users saved: a filter, columns, an order, a chart under a name; for themselves or for the
// project.
#pragma once
#include <span>

#include "base/time.h"
#include "net/pool.h"
#include "net/router.h"
#include "records/projects/projects.h"
#include "store/ledger/ledger.h"

namespace pawl::views {

std::span<const ledger::Migration> migrations();

// The references outlive the router.
void add_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                Random& random, const Clock& clock);

}  // namespace pawl::views
