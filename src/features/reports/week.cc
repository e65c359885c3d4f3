// Calendar weeks by local seconds: 1970-01-01 was a Thursday.
#include "week.h"

#include <algorithm>
#include <array>

namespace pawl::reports {
namespace {

constexpr std::int64_t day_s = 86'400, week_s = 7 * day_s;
constexpr std::array<std::string_view, 7> names = {"monday", "tuesday",  "wednesday", "thursday",
                                                   "friday", "saturday", "sunday"};

// Local midnight of the Monday of the week that the local second is in.
std::int64_t monday(std::int64_t local) {
  const std::int64_t since = local + 3 * day_s;  // since a Monday
  return local - ((since % week_s) + week_s) % week_s;
}

}  // namespace

query::Range week_at(const Zone& zone, Nanos at) {
  const std::int64_t start = monday(zone.local(at / second));
  return {zone.utc(start) * second, zone.utc(start + week_s) * second};
}

query::Range week_before(const Zone& zone, const query::Range& week) {
  return week_at(zone, week.from - day);
}

Nanos last_due(const Zone& zone, int weekday, int at_hour, Nanos now) {
  const std::int64_t start = monday(zone.local(now / second)) + weekday * day_s + at_hour * 3600;
  const Nanos due = zone.utc(start) * second;
  return due <= now ? due : zone.utc(start - week_s) * second;
}

Nanos next_due(const Zone& zone, int weekday, int at_hour, Nanos now) {
  const std::int64_t start = monday(zone.local(now / second)) + weekday * day_s + at_hour * 3600;
  const Nanos due = zone.utc(start) * second;
  return due > now ? due : zone.utc(start + week_s) * second;
}

int weekday_of(std::string_view name) {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

}  // namespace pawl::reports
