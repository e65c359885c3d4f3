// The books: every record as received has one fate, and the sums balance (data.md "The books").
#pragma once
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "records/traces/traces.h"
#include "store/journal/journal.h"

namespace pawl::ingest {

using traces::ProjectId;

// In records as received; `received` is the sum of the others.
struct Books {
  std::uint64_t received = 0, refused = 0, quarantined = 0, journal = 0, stored = 0, duplicate = 0, merged = 0;
};

struct Refusal {
  Nanos at = 0;
  std::string path;
  int status = 0;
  std::string message;
};

// Thread-safe.
class Ledger {
 public:
  // What recovery found: sums up to the last cut.
  void restore(const std::vector<journal::Totals>& totals);
  // A request was acknowledged, with `units` records kept and `refused` ones.
  void accepted(ProjectId project, std::uint64_t units, std::uint64_t refused);
  // A request (or `units` records of one) was refused and never journalled.
  void refused(ProjectId project, std::uint64_t units, Refusal why);
  // Notes a reason beside records that were refused inside an accepted request.
  void note(ProjectId project, Refusal why);
  // A batch takes over what was accepted: journal → fates. Gives the sums for its cut.
  std::vector<journal::Totals> cut(const std::unordered_map<ProjectId, traces::Fates>& fates,
                                   const std::unordered_map<ProjectId, std::pair<std::uint64_t, std::uint64_t>>& taken);
  void landed();  // the batch of the last cut is in the warehouse: until then its records are shown as `journal`
  void quarantined(ProjectId project, std::uint64_t units);  // of those that a cut had counted as stored
  void released(ProjectId project, std::uint64_t units);     // a retry has stored them

  Books of(ProjectId project) const;
  std::vector<Refusal> last_refusals(ProjectId project) const;  // the newest first, at most 20
  std::vector<std::pair<ProjectId, Books>> all() const;

 private:
  struct Account {
    Books cut;                                  // as of the last cut
    std::uint64_t in_flight = 0;                // of `cut.stored`: cut, and not inserted yet
    std::uint64_t units = 0, refused_here = 0;  // accepted since
    std::deque<Refusal> refusals;
  };
  static Books sum(const Account& account);
  mutable std::mutex mutex_;
  std::unordered_map<ProjectId, Account> accounts_;
};

}  // namespace pawl::ingest
