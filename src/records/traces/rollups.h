// Roll-ups: tables that add up rows of `spans`, filled in ranges of batches, so that each row is in them once.
//
// A roll-up has no partitions and takes a range in one block: that is one part, which is there whole or not at all.
// Each of its rows carries the greatest batch that it adds up, merges keep the greatest: what the table holds is the
// only watermark, and a kill at any point loses and doubles nothing. Corrections are rows like others, with a sign; a
// batch is rolled up only once all of it is stored. The table belongs to its definition and to one table of spans
// (its comment says so; a table of spans that was made anew has another): where one of the two is another, it is made
// and filled again. It is in no back-up. Whoever deletes rows of spans other than by a sign has it filled again.
#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "row.h"
#include "store/warehouse/warehouse.h"

namespace pawl::traces {

struct Rollup {
  std::string name;
  std::string ddl;     // "CREATE TABLE IF NOT EXISTS name (…, batch …) ENGINE = … ORDER BY …", without settings
  std::string insert;  // "INSERT INTO name (…) SELECT … FROM spans WHERE ", the batches follow
  std::string group;   // " GROUP BY …"
};

class Rollups {
 public:
  // Of one process, and one thread that advances.
  Rollups(std::vector<Rollup> all, const Log& log);

  // Takes the next piece of batches up to `settled` into each; true: there is more. `settled` and all before it are
  // stored for good. `unavailable` where queries did not let go of a table for some seconds.
  Result<bool> advance(warehouse::Warehouse& warehouse, BatchNumber settled);

  // What the roll-ups hold stays as it is while one lives: for the time of a query.
  class Reading {
   public:
    explicit Reading(Rollups& of);
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    // Of each roll-up, in the order given: the batches up to this one, and no others. 0: it holds nothing.
    const std::vector<BatchNumber>& through() const { return through_; }

   private:
    Rollups& of_;
    std::vector<BatchNumber> through_;
  };

 private:
  class Change;
  struct State {
    BatchNumber through = 0;
    BatchNumber width = 16;  // batches of the next piece
    std::string mark;        // of the table as it is known to be
  };

  Result<> prepare(warehouse::Warehouse& warehouse);
  Result<> take(warehouse::Warehouse& warehouse, std::size_t which, BatchNumber up_to);
  bool begin_change();
  void end_change();

  const std::vector<Rollup> all_;
  const Log& log_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<State> states_;  // changed by the advancing thread alone, under the mutex
  int readers_ = 0;
  bool changing_ = false, insisting_ = false;
};

}  // namespace pawl::traces
