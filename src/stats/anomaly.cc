// Two profiles, one answer.
#include "stats/anomaly.h"

namespace pawl::stats {

Anomaly::Anomaly(Sort sort, Direction direction, Zone zone, std::int64_t step, const AnomalySettings& settings,
                 bool counts_events)
    : itself_(sort, direction, zone, step, settings) {
  if (sort == Sort::sum)
    by_event_.emplace(counts_events ? Sort::ratio : Sort::positive, direction, zone, step, settings);
}

Judged Anomaly::push(std::int64_t at, double value, double count) {
  auto judged = itself_.push(at, value, count);
  if (!by_event_) return judged;
  const auto by_event = by_event_->push(at, count > 0 ? value / count : nothing, count);
  if (by_event.score > judged.score) judged.score = by_event.score, judged.window = by_event.window;
  judged.hot |= by_event.hot;
  judged.firing |= by_event.firing;
  return judged;
}

}  // namespace pawl::stats
