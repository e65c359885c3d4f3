// The status of traces.
#include "status.h"

#include <algorithm>
#include <unordered_map>

namespace pawl::traces {

llm::Status status_of(std::span<const SpanRow> rows, Nanos now) {
  using llm::Status;
  struct Trace {
    bool rooted = false;
    Nanos received = 0;
  };
  std::unordered_map<Id128, Trace> traces;
  const SpanRow* first = nullptr;
  bool rooted = false;
  std::array<bool, 8> said{};
  for (const auto& row : rows) {
    auto& trace = traces[row.trace];
    trace.received = std::max(trace.received, row.received);
    if (first == nullptr || std::pair(row.start, -row.duration) < std::pair(first->start, -first->duration))
      first = &row;
    if (row.parent) continue;
    trace.rooted = rooted = true;
    said[static_cast<std::size_t>(row.status)] = true;
  }
  if (first == nullptr) return Status::ok;
  const bool runs = std::ranges::any_of(
      traces, [&](const auto& one) { return !one.second.rooted && one.second.received >= now - still_running; });
  if (runs) return Status::running;
  if (!rooted) return first->status;
  for (const Status status : {Status::running, Status::error, Status::blocked, Status::unfinished})
    if (said[static_cast<std::size_t>(status)]) return status;
  return Status::ok;
}

}  // namespace pawl::traces
