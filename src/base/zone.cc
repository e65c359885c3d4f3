// Reads POSIX rules of time zones and answers by them.
#include "base/zone.h"

#include <charconv>
#include <chrono>

namespace pawl {
namespace {

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<int> take_number(std::string_view& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// "[+-]hh[:mm[:ss]]" in seconds.
std::optional<std::int64_t> take_clock(std::string_view& text) {
  const bool minus = take(text, '-');
  if (!minus) take(text, '+');
  std::int64_t seconds = 0;
  for (std::int64_t unit = 3600; unit > 0; unit /= 60) {
    const auto part = take_number(text);
    if (!part || *part < 0 || *part > 167) return std::nullopt;
    seconds += *part * unit;
    if (unit > 1 && !take(text, ':')) break;
  }
  return minus ? -seconds : seconds;
}

bool take_name(std::string_view& text) {  // "CET", "<+03>"
  const bool quoted = take(text, '<');
  std::size_t n = 0;
  while (n < text.size() && (quoted ? text[n] != '>' : (text[n] | 32) >= 'a' && (text[n] | 32) <= 'z')) ++n;
  if (n == 0) return false;
  text.remove_prefix(n);
  return !quoted || take(text, '>');
}

int year_of(std::int64_t seconds) {
  using namespace std::chrono;
  return static_cast<int>(year_month_day(floor<days>(sys_seconds(std::chrono::seconds(seconds)))).year());
}

}  // namespace

bool Zone::Turn::parse(std::string_view text) {
  if (!take(text, 'M')) return false;
  const auto m = take_number(text);
  if (!m || *m < 1 || *m > 12 || !take(text, '.')) return false;
  const auto w = take_number(text);
  if (!w || *w < 1 || *w > 5 || !take(text, '.')) return false;
  const auto d = take_number(text);
  if (!d || *d < 0 || *d > 6) return false;
  month = *m, week = *w, weekday = *d;
  if (text.empty()) return true;
  if (!take(text, '/')) return false;
  const auto clock = take_clock(text);
  if (clock) at = *clock;
  return clock.has_value() && text.empty();
}

std::int64_t Zone::Turn::in(int year_number) const {
  using namespace std::chrono;
  const auto y = year(year_number);
  const auto m = std::chrono::month(static_cast<unsigned>(month));
  const auto w = std::chrono::weekday(static_cast<unsigned>(weekday));
  const auto when =
      week == 5 ? sys_days(y / m / weekday_last(w)) : sys_days(y / m / weekday_indexed(w, static_cast<unsigned>(week)));
  return when.time_since_epoch().count() * std::int64_t{86400} + at;
}

std::optional<Zone> Zone::parse(std::string_view rule) {
  Zone zone;
  if (!take_name(rule)) return std::nullopt;
  const auto standard = take_clock(rule);  // POSIX counts what is to be added to local time
  if (!standard) return std::nullopt;
  zone.standard_ = zone.summer_ = -*standard;
  if (rule.empty()) return zone;
  if (!take_name(rule)) return std::nullopt;
  zone.summer_ = zone.standard_ + 3600;
  if (!rule.empty() && rule.front() != ',') {
    const auto summer = take_clock(rule);
    if (!summer) return std::nullopt;
    zone.summer_ = -*summer;
  }
  const auto comma = rule.find(',', 1);
  if (rule.empty() || comma == std::string_view::npos) return std::nullopt;
  zone.turns_ = true;
  if (!zone.to_summer_.parse(rule.substr(1, comma - 1)) || !zone.to_standard_.parse(rule.substr(comma + 1)))
    return std::nullopt;
  return zone;
}

std::optional<Zone> Zone::find(std::string_view name) {
  if (name.empty() || name.contains(' ')) return std::nullopt;
  for (std::size_t i = 0; i < detail::zone_rule_count; ++i) {
    const std::string_view zones = detail::zone_rules[i].zones;
    for (std::size_t at = zones.find(name); at != std::string_view::npos; at = zones.find(name, at + 1)) {
      if ((at == 0 || zones[at - 1] == ' ') && zones[at + name.size()] == ' ') return parse(detail::zone_rules[i].rule);
    }
  }
  return std::nullopt;
}

std::int64_t Zone::offset(std::int64_t at) const {
  if (!turns_) return standard_;
  const int year = year_of(at + standard_);
  const std::int64_t begins = to_summer_.in(year)-standard_, ends = to_standard_.in(year)-summer_;
  const bool summer = begins < ends ? at >= begins && at < ends : at >= begins || at < ends;
  return summer ? summer_ : standard_;
}

std::int64_t Zone::utc(std::int64_t local_time) const {
  const auto early = local_time - std::max(standard_, summer_), late = local_time - std::min(standard_, summer_);
  if (local(early) == local_time) return early;
  if (local(late) == local_time) return late;
  // In a gap: the turn itself, which lies between the two.
  std::int64_t low = early, high = late;
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    (offset(middle) == offset(early) ? low : high) = middle;
  }
  return high;
}

}  // namespace pawl
