// The page's files as routes.
#pragma once
#include "net/router.h"

namespace pawl::app {

// Every file of the page, and the page itself for each path that is a place in it.
void add_asset_routes(net::Router& router);

}  // namespace pawl::app
