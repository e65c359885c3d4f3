// One sample session for an empty project: added by a click, removed by a click.
#pragma once
#include <functional>

#include "features/ingest/ingest.h"
#include "net/pool.h"
#include "net/router.h"
#include "store/warehouse/warehouse.h"

namespace pawl::app {

void add_sample_routes(net::Router& router, net::Pool& pool, ingest::Ingest& ingest, const Clock& clock,
                       std::function<warehouse::Warehouse*()> store);

}  // namespace pawl::app
