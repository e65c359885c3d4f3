// Keeps the roll-ups up with what is stored: every minute, sooner where much has come, without a pause while they are
// behind.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "writer.h"

namespace pawl::ingest {

class RollUp {
 public:
  // Without roll-ups it does nothing.
  RollUp(const Writer& writer, traces::Rollups* rollups, const Log& log)
      : writer_(writer), rollups_(rollups), log_(log) {}
  ~RollUp() { stop(); }
  RollUp(const RollUp&) = delete;
  RollUp& operator=(const RollUp&) = delete;

  void start(warehouse::Warehouse& warehouse);
  void stop();                 // after the piece that is being taken
  BatchNumber behind() const;  // how many stored batches are not in all of them

 private:
  void run(warehouse::Warehouse& warehouse);
  bool wait(std::chrono::milliseconds time);  // false: it ends

  const Writer& writer_;
  traces::Rollups* const rollups_;
  const Log& log_;
  std::mutex mutex_;
  std::condition_variable ends_;
  bool stopping_ = false;
  std::atomic<BatchNumber> done_ = 0;  // taken whole up to it
  std::thread thread_;
};

}  // namespace pawl::ingest
