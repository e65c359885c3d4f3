// Links that show one run, one session or a comparison of two to whoever has them: without a log-in, read only, until
// they expire or are revoked, redacted on the server, pinned to what existed when they were made (security.md).
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guard/secrets.h"
#include "net/pool.h"
#include "net/router.h"
#include "records/projects/projects.h"
#include "store/ledger/ledger.h"

namespace pawl::share {

using projects::ProjectId;

std::span<const ledger::Migration> migrations();

// What is to be shown, for whoever can read it.
struct Wanted {
  ProjectId project = 0;
  std::string kind, id;     // "trace" or "session", the client's own id
  std::string trace, span;  // of one span in it; "" for the whole
  std::string bodies;       // "none" "new" "full", "" for the usual
  Nanos until = 0;          // nothing that was received later
};

struct Options {
  std::function<std::string()> public_url;
  // JSON of what is wanted, as the API shows it; `not_found` where it is not in the project. Blocks.
  std::function<Result<std::string>(const Wanted&)> show;
  std::function<std::vector<guard::OwnPattern>(ProjectId)> patterns;  // that the project hides beside the usual
};

// The references outlive the router.
void add_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                Random& random, const Clock& clock, Options options);

}  // namespace pawl::share
