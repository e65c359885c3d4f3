// Which messages of a run were told already.
#pragma once
#include <deque>
#include <unordered_set>
#include <vector>

#include "records/traces/traces.h"

namespace pawl::explore {

// Which messages of a model call are new in a run. Agents re-send their history: what continues an earlier call's list
// is new from where it goes on (so a second "yes" is kept), what continues none is new where it was never seen.
class Fresh {
 public:
  std::vector<bool> look(const std::vector<Id128>& hashes);
  // The message of a piece, whether it came alone in its list or among others.
  static Id128 message_of(const traces::Piece& piece);

 private:
  std::deque<std::vector<Id128>> lists_;  // of the last calls
  std::unordered_set<Id128> seen_;
};

}  // namespace pawl::explore
