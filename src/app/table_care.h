// The warehouse's tables are brought up to date: what is quick before the first query, the rest beside the work.
#pragma once
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "store/warehouse/warehouse.h"

namespace pawl::app {

class TableCare {
 public:
  TableCare(const warehouse::Schema& schema, std::string_view program, const Log& log)
      : schema_(schema), program_(program), log_(log) {}
  ~TableCare() { stop(); }
  TableCare(const TableCare&) = delete;
  TableCare& operator=(const TableCare&) = delete;

  // Makes missing tables and does the quick steps. `conflict` where a newer Pawl has changed them: nothing is touched.
  Result<> begin(warehouse::Warehouse& warehouse);
  // Starts a thread for what is left, where something is; it begins once `ready` says so.
  void go_on(warehouse::Warehouse& warehouse, std::function<bool()> ready);
  void stop();  // after the piece that is being copied; the next start goes on
  std::size_t left() const { return left_; }
  std::string progress() const;  // "bodies is made anew: 42 %", "" where nothing is left

 private:
  void run(warehouse::Warehouse& warehouse, const std::function<bool()>& ready);
  bool wait(Nanos time) const;  // false: stopping
  void say(std::string what);

  const warehouse::Schema& schema_;
  const std::string program_;
  const Log& log_;
  std::vector<warehouse::Step> later_;
  std::atomic<std::size_t> left_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::string progress_;
  std::thread thread_;
};

}  // namespace pawl::app
