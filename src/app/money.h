// Routes about prices: what has no price, and pricing history again.
#pragma once
#include <functional>

#include "features/ingest/ingest.h"
#include "net/pool.h"
#include "net/router.h"
#include "pricing.h"
#include "store/warehouse/warehouse.h"

namespace pawl::app {

void add_money_routes(net::Router& router, net::Pool& pool, ingest::Ingest& ingest, Pricing& pricing,
                      std::function<warehouse::Warehouse*()> store,
                      std::function<Result<>(const net::Request&)> note_repricing);

}  // namespace pawl::app
