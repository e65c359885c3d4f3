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

// What a batch takes over of a project's records in the journal.
struct Taken {
  std::uint64_t units = 0, refused = 0;  // of requests that came in
  std::uint64_t again = 0;               // records that were quarantined and sent again
};

// Thread-safe. `stored` is kept nowhere: it is what no other fate explains, so that the sums balance after any crash.
class Bookkeeper {
 public:
  // What recovery found: sums up to the last cut, and how many records the quarantine holds now.
  void restore(const std::vector<journal::Totals>& totals,
               const std::unordered_map<ProjectId, std::uint64_t>& quarantined);
  // A request was acknowledged, with `units` records kept and `refused` ones.
  void accepted(ProjectId project, std::uint64_t units, std::uint64_t refused);
  // A request (or `units` records of one) was refused and never journalled.
  void refused(ProjectId project, std::uint64_t units, Refusal why);
  // Notes a reason beside records that were refused inside an accepted request.
  void note(ProjectId project, Refusal why);
  // A batch takes over what was accepted: journal → fates. Gives the sums for its cut.
  std::vector<journal::Totals> cut(const std::unordered_map<ProjectId, traces::Fates>& fates,
                                   const std::unordered_map<ProjectId, Taken>& taken);
  void landed();  // the batch of the last cut is in the warehouse: until then its records are shown as `journal`
  void quarantined(ProjectId project, std::uint64_t units);  // of those that a batch took
  // Out of the quarantine, and once more in the journal.
  void sent_again(ProjectId project, std::uint64_t out_of_quarantine, std::uint64_t into_journal);
  void found_repeats(ProjectId project, std::uint64_t same, std::uint64_t changed);  // of what counted as stored

  Books of(ProjectId project) const;
  std::vector<Refusal> last_refusals(ProjectId project) const;  // the newest first, at most 20
  std::vector<std::pair<ProjectId, Books>> all() const;

 private:
  struct Account {
    std::uint64_t received = 0, refused = 0, quarantined = 0, duplicate = 0, merged = 0;
    std::uint64_t open = 0, open_refused = 0;  // of requests since the last cut; not in the sums above
    std::uint64_t again = 0;                   // sent again since the last cut; counted in `received` long ago
    std::uint64_t in_flight = 0;               // cut, and not inserted yet
    std::deque<Refusal> refusals;
    std::uint64_t stored() const;  // as of the last cut, with what is in flight
  };
  static Books sum(const Account& account);
  mutable std::mutex mutex_;
  std::unordered_map<ProjectId, Account> accounts_;
};

}  // namespace pawl::ingest
