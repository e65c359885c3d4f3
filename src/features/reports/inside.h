// What the rooms of reports share.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "gather.h"
#include "reading/reading.h"

namespace pawl::reports {

struct Reports::Inside {
  net::Pool& pool;
  ledger::Ledger& ledger;
  const projects::Projects& projects;
  Random& random;
  const Clock& clock;
  const Log& log;
  Options options;
  std::atomic<warehouse::Warehouse*> warehouse = nullptr;
  std::mutex mutex;
  std::condition_variable ends;
  bool stopping = false;
  std::thread thread;
};

struct Made {  // a report that was kept
  std::string id;
  Weekly report;
};
// Makes a report and keeps it as it is now. `schedule`: which one asked for it, or ""; late: more than an hour after.
Result<Made> keep(Reports::Inside& inside, warehouse::Warehouse& store, ProjectId project, const Wish& wish,
                  std::string_view schedule, bool late);
// Makes what schedules of all projects are due for.
void run_due(Reports::Inside& inside, warehouse::Warehouse& store);

void add_report_routes(net::Router& router, Reports::Inside& inside);
void add_schedule_routes(net::Router& router, Reports::Inside& inside);

Result<Zone> zone_named(std::string_view name);

}  // namespace pawl::reports
