// What Pawl is made of, as plain data: one slice a feature. `pawl describe` prints it; docs/reference comes from that.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/router.h"
#include "store/ledger/ledger.h"

namespace pawl::app {

struct Job {  // what runs by itself
  std::string_view name, when, about;
};
struct TableColumn {
  std::string name, type, about;
};
struct DescribedTable {
  std::string name, store;  // store: "warehouse", "ledger"
  std::string about;        // the comment before it, "" where there is none
  std::vector<TableColumn> columns;
};

struct Slice {
  std::string_view name, about;
  std::span<const Job> jobs;
  std::span<const std::string_view> taps;      // what it is told of committed batches for
  std::span<const std::string_view> commands;  // names of `pawl …`
  std::vector<const net::Route*> routes;
  std::vector<const net::GrpcMethod*> methods;
  std::vector<DescribedTable> tables;
};

// Which routes a slice added: half-open places in Router::routes() and grpc_methods().
struct Added {
  std::string_view slice;
  std::size_t route_from = 0, route_to = 0, method_from = 0, method_to = 0;
};

// All of them in start order. `added` names only slices that exist (PAWL_CHECK). Points into the router.
Result<std::vector<Slice>> slices(const net::Router& router, const std::vector<Added>& added, ledger::Ledger& ledger);

}  // namespace pawl::app
