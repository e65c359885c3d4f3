// What the gate left in the request.
#include "projects.h"

namespace pawl::projects {

const Access& access_of(const net::Request& request) {
  const auto* access = std::any_cast<Access>(&request.who);
  PAWL_CHECK(access != nullptr, "{} was handled without having passed the gate", request.path);
  return *access;
}

}  // namespace pawl::projects
