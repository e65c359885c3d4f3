// The account side of the page and the API: who am I, log-in, set-up, projects, keys, audit.
#pragma once
#include <functional>
#include <string>

#include "net/pool.h"
#include "net/router.h"
#include "records/projects/projects.h"
#include "store/ledger/ledger.h"

namespace pawl::accounts {

struct Options {
  bool local = false;  // local mode: nobody is asked
  std::string version;
  std::function<std::string()> endpoints;  // JSON of /me's `endpoints`
  std::function<bool(projects::ProjectId)> ever_received;
  std::function<bool(const net::Request&)> is_secure;  // TLS, a trusted proxy's TLS, or loopback
};

// The references outlive the router.
void add_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                const Clock& clock, Options options);

}  // namespace pawl::accounts
