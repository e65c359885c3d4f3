// Days, weeks and months of a calendar, and when a schedule is due. Pure.
#pragma once
#include <optional>
#include <string_view>

#include "base/zone.h"
#include "query/query.h"

namespace pawl::reports {

enum class Period : std::uint8_t { day, week, month };
std::string_view name_of(Period period);    // "week"
std::string_view adverb_of(Period period);  // "Weekly"
std::optional<Period> period_named(std::string_view name);

// The day, the week from Monday, or the month of the zone that the instant is in, from midnight to midnight: a day of
// 23 or 25 hours where clocks change.
query::Range period_at(const Zone& zone, Period period, Nanos at);
query::Range period_before(const Zone& zone, Period period, const query::Range& range);

// When a schedule makes the report of the period before: at this hour of each day, of this weekday (0: Monday), or of
// the first of each month. An hour that clocks jump over is the first instant after the gap; one that comes twice is
// its first.
struct Rhythm {
  Period period = Period::week;
  int weekday = 0, hour = 8;
};
Nanos last_due(const Zone& zone, const Rhythm& rhythm, Nanos now);  // the newest not after `now`
Nanos next_due(const Zone& zone, const Rhythm& rhythm, Nanos now);  // the first after `now`

int weekday_of(std::string_view name);  // "monday" → 0; -1 for what is none

}  // namespace pawl::reports
