// Reports of a day, a week or a month: what changed, what it cost, which objectives hold, what fired; every figure
// computed and linked to its numbers. Made on demand or by schedule, frozen as they were made, sent by mail, and shown
// to whoever has a link (docs/guides/reports.md).
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/rng.h"
#include "net/pool.h"
#include "net/router.h"
#include "query/query.h"
#include "records/projects/projects.h"
#include "records/traces/traces.h"
#include "store/ledger/ledger.h"
#include "store/warehouse/warehouse.h"

namespace pawl::reports {

using projects::ProjectId;

std::span<const ledger::Migration> migrations();

// An objective over the report's period.
struct ObjectiveLine {
  std::string name, agent, kind, threshold, bad_filter;
  double target = 0, valid = 0, bad = 0;    // runs of the period
  double valid_before = 0, bad_before = 0;  // of the one before
  double budget_left = 1;                   // of its own window, now
  std::string state;                        // "met" "at_risk" "broken" "too_few"
};
struct Firing {  // of an alert
  std::string rule, severity, split;
  Nanos at = 0;
  std::optional<Nanos> resolved;
};

struct IncidentLine {
  std::string id, title, severity, status, owner;
  Nanos opened = 0;
  std::optional<Nanos> resolved;
};

struct Options {
  std::function<std::string()> progress;
  std::function<std::string()> public_url;
  // A mail to an address, whose text is made of the address that it comes from; empty: this server sends none.
  std::function<Result<>(std::string_view to, const std::function<std::string(std::string_view from)>& text)> mail;
  // A report's HTML as a PDF; nothing where this machine cannot make one. Blocks for seconds.
  std::function<Result<std::optional<std::string>>(const std::string& html)> pdf;
  // What other features know; any may be empty: then the report has no such part.
  std::function<Result<std::vector<ObjectiveLine>>(warehouse::Warehouse&, ProjectId, const query::Range& range,
                                                   const query::Range& before)>
      objectives;
  std::function<Result<std::vector<Firing>>(ProjectId, const query::Range&)> firings;
  std::function<Result<std::vector<IncidentLine>>(ProjectId, const query::Range&)> incidents;
  traces::Rollups* rollups = nullptr;
};

class Reports {
 public:
  Reports(net::Pool& pool, ledger::Ledger& ledger, const projects::Projects& projects, Random& random,
          const Clock& clock, const Log& log, Options options);
  ~Reports();
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;

  void add_routes(net::Router& router);
  void open(warehouse::Warehouse& warehouse);  // from now on schedules are looked after, by a thread of its own
  void close();                                // waits for it

  struct Inside;

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::reports
