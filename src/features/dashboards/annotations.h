// The routes of annotations; inside of the module only.
#pragma once
#include "dashboards.h"

namespace pawl::dashboards {

void add_annotation_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                           const Clock& clock, Sources sources);

}  // namespace pawl::dashboards
