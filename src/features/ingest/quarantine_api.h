// The quarantine over HTTP: looking at it, and sending its records again.
#pragma once
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "books.h"
#include "net/pool.h"
#include "net/router.h"
#include "quarantine.h"
#include "store/ledger/ledger.h"
#include "writer.h"

namespace pawl::ingest {

// Journals an item and hands it to the writer; gives its place once it is synced. Blocks.
using Append = std::function<Result<journal::Position>(Item item)>;

class QuarantineApi {
 public:
  QuarantineApi(Quarantine& quarantine, ledger::Ledger& ledger, const Writer& writer, net::Pool& pool,
                const Clock& clock, const Log& log, Append append)
      : quarantine_(quarantine),
        ledger_(ledger),
        writer_(writer),
        pool_(pool),
        clock_(clock),
        log_(log),
        append_(std::move(append)) {}

  // GET /api/v1/quarantine, POST /api/v1/quarantine/retry.
  void add_routes(net::Router& router);
  // Sends held records again: those named, or all that are there now. Gives how many; stops at the first that cannot be
  // sent, with an error that says so.
  Result<std::uint64_t> retry(ProjectId project, const std::vector<std::int64_t>& ids, const std::string& actor);

 private:
  Result<net::Response> list(const net::Request& request);
  Result<net::Response> retry(const net::Request& request);
  Result<> send(const Quarantined& entry, const std::string& actor);

  Quarantine& quarantine_;
  ledger::Ledger& ledger_;
  const Writer& writer_;
  net::Pool& pool_;
  const Clock& clock_;
  const Log& log_;
  Append append_;
  std::mutex one_retry_;
};

}  // namespace pawl::ingest
