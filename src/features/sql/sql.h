// Reading by SQL: a SELECT of ClickHouse's dialect over ClickHouse's HTTP interface, for BI tools.
//
// Nobody's text reaches the engine. A query is parsed here into a tree of the few things that are offered (functions,
// types, tables and formats by allow list), and written anew: names of tables become views of the asker's project,
// texts become bound parameters, limits are ours. What the tree cannot say cannot be asked.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "net/pool.h"
#include "net/router.h"
#include "records/projects/projects.h"
#include "store/warehouse/warehouse.h"

namespace pawl::sql {

struct Options {
  std::function<std::string()> progress;  // while nothing can be answered: how far the start has come
  Nanos time = 30 * second;               // a query may take this long
};

class Sql {
 public:
  Sql(net::Pool& pool, Options options);
  ~Sql();
  Sql(const Sql&) = delete;
  Sql& operator=(const Sql&) = delete;

  void add_routes(net::Router& router);
  void open(warehouse::Warehouse& warehouse);
  void close();

  struct Inside;

 private:
  std::unique_ptr<Inside> inside_;
};

// A query as the engine is asked, and the format of its answer (a constant). `invalid`: "Syntax error: …" with its
// place, or what is not offered. Pure; fuzzed.
struct Rewritten {
  warehouse::Query query;
};
// `bound`: values of {name:Type}.
Result<Rewritten> rewrite(std::string_view text, std::string_view usual_format, projects::ProjectId project,
                          const std::map<std::string, std::string, std::less<>>& bound = {});

}  // namespace pawl::sql
