// Who may do what, in which project: projects, keys, users, roles, sessions of log-in (security.md, api.md "Keys").
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "net/http.h"

namespace pawl::projects {

using ProjectId = std::uint32_t;
inline constexpr ProjectId default_project = 1;  // of local mode

// What the gate found out about the asker of a request; Request::who holds it.
struct Access {
  ProjectId project = default_project;
  std::string key;   // id of the key, "" for a log-in or local mode
  std::string user;  // id of the user, "" for a key or local mode
  std::string role;  // "owner" "admin" "member" "viewer", "" for a key
  bool local = false;
  bool can_ingest = false, can_read = false, can_write = false, can_administer = false;
};

// Of a request that has passed the gate.
const Access& access_of(const net::Request& request);

}  // namespace pawl::projects
