// The hourly check for spans that stand more than once: sent again after the window of duplicates had forgotten them.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "quarantine.h"
#include "writer.h"

namespace pawl::ingest {

class RepeatCheck {
 public:
  RepeatCheck(Writer& writer, Quarantine& marks, const Log& log) : writer_(writer), marks_(marks), log_(log) {}
  ~RepeatCheck() { stop(); }
  RepeatCheck(const RepeatCheck&) = delete;
  RepeatCheck& operator=(const RepeatCheck&) = delete;

  void start(warehouse::Warehouse& warehouse);  // a thread: a minute after recovery, then every hour
  void stop();
  // Looks at everything that came since the last look, and has the writer correct what repeats. Gives how many traces.
  Result<std::uint64_t> look(warehouse::Warehouse& warehouse);

 private:
  void run(warehouse::Warehouse& warehouse);

  Writer& writer_;
  Quarantine& marks_;
  const Log& log_;
  std::mutex mutex_, one_look_;
  std::condition_variable ends_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pawl::ingest
