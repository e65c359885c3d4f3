// Looking: lists of sessions, traces and spans, whole runs with their content, measures, completion, live view.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "net/pool.h"
#include "net/router.h"
#include "records/projects/projects.h"
#include "records/scores/scores.h"
#include "records/traces/traces.h"
#include "store/warehouse/warehouse.h"

namespace pawl::explore {

struct Options {
  // JSON of how a span's cost was made:
  // {formula:[{type,tokens,price_usd_per_mtok,cost_usd}],price_row,price_date,reported_usd}.
  std::function<std::string(const traces::SpanRow&)> explain_cost;
  // A sentence on how far the start has come, while no query can be answered.
  std::function<std::string()> progress;
  // Turns false when whoever opened a live view may not see its project any more.
  std::function<std::shared_ptr<const std::atomic<bool>>(const projects::Access&)> watch;
  const scores::Scores* scores = nullptr;  // shown beside what they are about
  traces::Rollups* rollups = nullptr;      // of query::rollups(); none: measures are read from rows
};

// What is to be shown, for others than an asker of the API (a share link).
struct Shown {
  traces::ProjectId project = 0;
  std::string kind, id;     // "trace" or "session", the client's own id
  std::string trace, span;  // of one span in it; "": all of it
  std::string bodies;       // "none" "new" "full", "" for full
  bool raw = false;
  std::size_t budget = 256U << 20;  // bytes of bodies of one span
  Nanos until = 0;                  // nothing that was received later; 0: all that is there
};

class Explore {
 public:
  Explore(net::Pool& pool, const Clock& clock, const Log& log, Options options);
  ~Explore();
  Explore(const Explore&) = delete;
  Explore& operator=(const Explore&) = delete;

  void add_routes(net::Router& router);
  // From now on queries are answered.
  void open(warehouse::Warehouse& warehouse);
  void close();  // before the warehouse goes; running queries are waited for by the pool
  // Ends live views whose askers have lost their right: now and then, from any thread.
  void end_views();
  // The tap of the live view; on the writer's thread.
  void committed(const traces::Batch& batch);
  // The JSON of a whole trace, session or span, as the API shows it. Blocks.
  Result<std::string> show(const Shown& shown) const;
  // True once any span of this project was ever seen by this process or found in the warehouse.
  bool ever_received(traces::ProjectId project) const;

  struct Inside;

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::explore
