// Pawl as a Tempo data source: traces for Grafana under /tempo, found by TraceQL (docs/guides/grafana.md).
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "net/pool.h"
#include "net/router.h"
#include "records/projects/projects.h"
#include "records/traces/traces.h"
#include "store/warehouse/warehouse.h"

namespace pawl::tempo {

struct Options {
  std::function<std::string()> progress;  // a sentence on how far the start has come, while nothing can be answered
  std::function<std::string()> public_url;
};

class Tempo {
 public:
  Tempo(net::Pool& pool, const Clock& clock, Options options);
  ~Tempo();
  Tempo(const Tempo&) = delete;
  Tempo& operator=(const Tempo&) = delete;

  void add_routes(net::Router& router);
  void open(warehouse::Warehouse& warehouse);  // from now on queries are answered
  void close();                                // before the warehouse goes

  struct Inside;

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::tempo
