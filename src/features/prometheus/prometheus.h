// Pawl as a Prometheus data source: every measure of the catalogue under /prometheus, asked for in PromQL.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "net/pool.h"
#include "net/router.h"
#include "records/projects/projects.h"
#include "records/traces/traces.h"
#include "store/warehouse/warehouse.h"

namespace pawl::prometheus {

struct Options {
  std::string version;                    // of Pawl
  std::function<std::string()> progress;  // a sentence on how far the start has come, while nothing can be answered
  traces::Rollups* rollups = nullptr;     // of query::rollups(); none: measures are read from rows
};

class Prometheus {
 public:
  Prometheus(net::Pool& pool, const Clock& clock, Options options);
  ~Prometheus();
  Prometheus(const Prometheus&) = delete;
  Prometheus& operator=(const Prometheus&) = delete;

  void add_routes(net::Router& router);
  void open(warehouse::Warehouse& warehouse);  // from now on queries are answered
  void close();                                // before the warehouse goes

  struct Inside;

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::prometheus
