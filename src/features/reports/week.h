// Weeks of a calendar, and when a weekly schedule is due. Pure.
#pragma once
#include <string_view>

#include "base/zone.h"
#include "query/query.h"

namespace pawl::reports {

// The week, Monday 00:00 to Monday 00:00 of the zone, that the instant is in; 167 or 169 hours where clocks change.
query::Range week_at(const Zone& zone, Nanos at);
query::Range week_before(const Zone& zone, const query::Range& week);

// The newest time not after `now` at which it was this hour of this weekday (0: Monday). An hour that clocks jump over
// is the first instant after the gap; one that comes twice is its first.
Nanos last_due(const Zone& zone, int weekday, int hour, Nanos now);
Nanos next_due(const Zone& zone, int weekday, int hour, Nanos now);  // the first after `now`

int weekday_of(std::string_view name);  // "monday" → 0; -1 for what is none

}  // namespace pawl::reports
