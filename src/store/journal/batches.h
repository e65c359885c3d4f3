// The batches that are not settled, and the books as of the last cut: what cuts and checkpoints add up to.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "format.h"
#include "journal.h"

namespace pawl::journal {

class Batches {
 public:
  void add(const Cut& cut);                 // in the order of the journal
  void load(const Checkpoint& checkpoint);  // replaces everything
  // The state as it is, with the first `settles` batches settled.
  Checkpoint checkpoint(std::size_t settles, std::uint64_t first_kept) const;
  void settle(std::uint64_t batch);  // this and all before

  // The greatest batch that is now stored with all before it, where that is news.
  std::optional<std::uint64_t> stored(std::uint64_t batch, Nanos at);
  void stored_through(std::uint64_t batch, Nanos at);  // this and all before, as an earlier process said
  // How many, from the oldest, were stored at `before` or earlier; and where requests end that only those hold.
  std::size_t stored_before(Nanos before) const;
  Position end_of(std::size_t settles) const;

  std::uint64_t last_batch() const { return last_batch_; }
  Position last_up_to() const { return last_up_to_; }
  std::uint64_t settled() const { return settled_; }
  std::uint64_t stored_batch() const { return stored_; }
  bool empty() const { return last_batch_ == 0 && totals_.empty(); }
  std::vector<Cut> cuts() const;
  std::vector<Totals> totals() const;
  std::vector<std::pair<Position, std::uint64_t>> bounds() const;  // up_to → batch, ascending

 private:
  struct Batch {
    std::uint64_t number = 0;
    Position up_to;
    std::optional<Nanos> stored_at;
  };
  std::deque<Batch> batches_;  // ascending, above settled_
  std::uint64_t settled_ = 0, last_batch_ = 0, stored_ = 0;
  Position settled_up_to_, last_up_to_;
  std::map<std::uint32_t, Totals> totals_;
};

}  // namespace pawl::journal
