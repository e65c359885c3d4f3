// The account side of the page and the API: who am I, log-in, users and their roles, projects, keys, audit.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "net/outbound.h"
#include "net/pool.h"
#include "net/router.h"
#include "oidc.h"
#include "push.h"
#include "records/projects/projects.h"
#include "store/ledger/ledger.h"

namespace pawl::accounts {

struct Options {
  bool local = false;  // local mode: nobody is asked
  std::string version;
  std::function<std::string()> endpoints;   // JSON of /me's `endpoints`
  std::function<std::string()> public_url;  // where people reach this server, without a slash at the end
  std::function<bool(projects::ProjectId)> ever_received;
  std::function<bool(const net::Request&)> is_secure;  // TLS, a trusted proxy's TLS, or loopback
  std::optional<OidcOptions> oidc;
};

// The references outlive the router.
void add_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                net::Outbound& outbound, Random& random, const Clock& clock, const Log& log, Options options);

}  // namespace pawl::accounts
