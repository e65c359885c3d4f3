// OpenAPI 3.1 from the table that routes.
#pragma once
#include <string>
#include <string_view>

#include "net/router.h"

namespace pawl::app {

std::string openapi(const net::Router& router, std::string_view version);

}  // namespace pawl::app
