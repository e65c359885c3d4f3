// Quality over the API: scores and what they may be, feedback of end users, datasets and their cases; and the
// warehouse's copy of scores, by which spans are filtered and measured (docs/guides/scores.md, datasets.md).
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/log.h"
#include "net/pool.h"
#include "net/router.h"
#include "records/datasets/datasets.h"
#include "records/projects/projects.h"
#include "records/scores/scores.h"
#include "store/ledger/ledger.h"
#include "store/warehouse/warehouse.h"

namespace pawl::quality {

struct Parts {  // what it works with; all outlive it
  ledger::Ledger& ledger;
  projects::Projects& projects;
  scores::Scores& scores;
  datasets::Datasets& datasets;
};

struct Options {
  std::function<std::string()> public_url;
  std::function<std::string()> progress;  // why queries are not answered yet
};

// The ledger's table of quality: keys for feedback.
std::span<const ledger::Migration> migrations();

class Quality {
 public:
  Quality(net::Pool& pool, Parts parts, const Clock& clock, const Log& log, Options options);
  ~Quality();
  Quality(const Quality&) = delete;
  Quality& operator=(const Quality&) = delete;

  void add_routes(net::Router& router);
  // From now on a thread carries scores to the warehouse, and traces can be read.
  void open(warehouse::Warehouse& warehouse);
  void close();  // waits for that thread

  struct Inside;

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::quality
