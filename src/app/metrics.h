// What operators watch, as Prometheus text: one line of help, one of type, and the values of each.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/server.h"
#include "store/journal/journal.h"
#include "store/warehouse/warehouse.h"

namespace pawl::app {

struct Sample {
  std::string labels;  // `table="spans"`, "" for none
  double value = 0;
};
void write_metric(std::string& out, std::string_view name, std::string_view type, std::string_view help,
                  const std::vector<Sample>& samples);
void write_metric(std::string& out, std::string_view name, std::string_view type, std::string_view help, double value);

// Answers by kind of request and class of status, and how long they took. Thread-safe.
class RequestCounts {
 public:
  void count(const net::Served& served);
  void write(std::string& out) const;

 private:
  static constexpr std::array<double, 10> bounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};  // seconds
  static constexpr std::array<std::string_view, 3> kinds = {"ingest", "api", "other"};
  struct Kind {
    std::array<std::atomic<std::uint64_t>, 6> classes{};  // 2xx is [2]
    std::array<std::atomic<std::uint64_t>, bounds.size() + 1> took{};
    std::atomic<std::int64_t> time = 0;  // ns
  };
  std::array<Kind, kinds.size()> all_{};
};

void write_http(std::string& out, const net::ServerStats& stats);
void write_journal(std::string& out, const journal::Stats& stats);
// Room on the data directory's disk, whether the system's clock is kept right, until when the certificate is good.
void write_surroundings(std::string& out, const std::string& data, const std::optional<net::TlsFiles>& tls);
// Rows, bytes and parts of each table, merges, memory, queries. Asks the engine: from the pool, some milliseconds.
void write_warehouse(std::string& out, warehouse::Warehouse& warehouse);

bool clock_is_synchronised();

}  // namespace pawl::app
