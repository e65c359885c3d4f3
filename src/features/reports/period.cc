// Calendar periods by local seconds: 1970-01-01 was a Thursday.
#include "period.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace pawl::reports {
namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::array<std::string_view, 7> weekdays = {"monday", "tuesday",  "wednesday", "thursday",
                                                      "friday", "saturday", "sunday"};
constexpr std::array<std::string_view, 3> names = {"day", "week", "month"};
constexpr std::array<std::string_view, 3> adverbs = {"Daily", "Weekly", "Monthly"};

std::int64_t day_of(std::int64_t local) {  // since 1970
  return (local >= 0 ? local : local - day_s + 1) / day_s;
}

// Local midnight of the first day of the period that the local second is in, and so many periods later.
std::int64_t first_of(Period period, std::int64_t local, int later) {
  const std::int64_t day = day_of(local);
  if (period == Period::day) return (day + later) * day_s;
  if (period == Period::week) return (day - (((day + 3) % 7) + 7) % 7 + std::int64_t{7} * later) * day_s;
  using namespace std::chrono;
  const year_month_day date{sys_days{days{day}}};
  const year_month_day first = (date.year() / date.month() + months{later}) / 1;
  return sys_days{first}.time_since_epoch().count() * day_s;
}

Nanos due_in(const Zone& zone, const Rhythm& rhythm, Nanos now, int later) {
  const std::int64_t start = first_of(rhythm.period, zone.local(now / second), later);
  const int day = rhythm.period == Period::week ? rhythm.weekday : 0;
  return zone.utc(start + day * day_s + rhythm.hour * std::int64_t{3600}) * second;
}

}  // namespace

std::string_view name_of(Period period) {
  return names[static_cast<std::size_t>(period)];
}

std::string_view adverb_of(Period period) {
  return adverbs[static_cast<std::size_t>(period)];
}

std::optional<Period> period_named(std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Period>(found - names.begin());
}

query::Range period_at(const Zone& zone, Period period, Nanos at) {
  const std::int64_t local = zone.local(at / second);
  return {zone.utc(first_of(period, local, 0)) * second, zone.utc(first_of(period, local, 1)) * second};
}

query::Range period_before(const Zone& zone, Period period, const query::Range& range) {
  const std::int64_t local = zone.local(range.from / second);
  return {zone.utc(first_of(period, local, -1)) * second, range.from};
}

Nanos last_due(const Zone& zone, const Rhythm& rhythm, Nanos now) {
  const Nanos due = due_in(zone, rhythm, now, 0);
  return due <= now ? due : due_in(zone, rhythm, now, -1);
}

Nanos next_due(const Zone& zone, const Rhythm& rhythm, Nanos now) {
  const Nanos due = due_in(zone, rhythm, now, 0);
  return due > now ? due : due_in(zone, rhythm, now, 1);
}

int weekday_of(std::string_view name) {
  const auto found = std::ranges::find(weekdays, name);
  return found == weekdays.end() ? -1 : static_cast<int>(found - weekdays.begin());
}

}  // namespace pawl::reports
