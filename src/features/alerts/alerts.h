// Alerts: rules on measures, judged on event time as data comes, told to channels once. Rules, instances, events and
// what is still to be told stand in the ledger: a change of state and its notices are one change there, so that a crash
// loses none and tells none twice. What a rule may say, and the states: docs/reference/alerts.md.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/rng.h"
#include "net/client.h"
#include "net/pool.h"
#include "net/router.h"
#include "records/incidents/incidents.h"
#include "records/projects/projects.h"
#include "records/traces/traces.h"
#include "store/ledger/ledger.h"
#include "store/warehouse/warehouse.h"

namespace pawl::alerts {

std::span<const ledger::Migration> migrations();

struct Fired {                        // an instance of a rule that fired
  std::string rule, severity, split;  // split: its values, as JSON
  Nanos at = 0;
  std::optional<Nanos> resolved;
};
// What began to fire in [from, to), in the order of time.
Result<std::vector<Fired>> fired(ledger::Ledger& ledger, projects::ProjectId project, Nanos from, Nanos to);

// A firing by its event, for incidents; `not_found`.
Result<incidents::Heard> firing(ledger::Ledger& ledger, projects::ProjectId project, const std::string& event);

struct Options {
  // Outbound calls under their rules, all at once; as many answers.
  std::function<std::vector<Result<net::ClientResponse>>(std::vector<net::ClientRequest>)> send;
  // A mail to "a@b,c@d" whose text is made of the address that it comes from; empty: this server sends none.
  std::function<Result<>(std::string_view to, const std::function<std::string(std::string_view from)>& text)> mail;
  std::function<std::string()> public_url;
  std::function<std::string()> progress;  // a sentence on how far the start has come, while nothing can be answered
  traces::Rollups* rollups = nullptr;
};

class Alerts {
 public:
  Alerts(net::Pool& pool, ledger::Ledger& ledger, const projects::Projects& projects, Random& random,
         const Clock& clock, const Log& log, Options options);
  ~Alerts();
  Alerts(const Alerts&) = delete;
  Alerts& operator=(const Alerts&) = delete;

  void add_routes(net::Router& router);
  // From now on rules are judged, by a thread of its own; another one delivers.
  void open(warehouse::Warehouse& warehouse);
  void close();  // waits for both

  struct Inside;

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::alerts
