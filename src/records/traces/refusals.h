// What the warehouse will not take: which rows of a refused batch those are, and the batch without their records.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "batch.h"
#include "store/warehouse/warehouse.h"

namespace pawl::traces {

// A record as received, by the hash of its bytes. Equal log records of one batch share it.
struct RecordKey {
  ProjectId project = 0;
  Id128 record;
  auto operator<=>(const RecordKey&) const = default;
};

struct Refusals {
  struct Why {
    std::string words;        // the warehouse's
    std::uint32_t units = 1;  // how many records of the batch have this key
  };
  std::map<RecordKey, Why> records;
  std::set<std::size_t> bodies, points;  // refused rows, by their index in the batch
  std::string point_words;               // of the first refused point
  bool empty() const { return records.empty() && bodies.empty() && points.empty(); }
};

// Tries the rows in copies of the tables that are dropped again, halving what is refused until each bad row is alone;
// the tables themselves are not touched. A row is bad only where the copy takes another one: nothing is found where the
// warehouse itself is ill. After 2,000 tries what is not cleared yet is named as a whole. Where rows are refused
// together and taken apart, the later half is named. Errors: `unavailable`, ask again later.
Result<Refusals> find_refused(warehouse::Warehouse& warehouse, const Batch& batch);

// Takes out the named rows, and all rows of the named records; their traces are recounted.
void leave_out(Batch& batch, const Refusals& refusals);
void leave_out(Batch& batch, const std::set<RecordKey>& records);

}  // namespace pawl::traces
