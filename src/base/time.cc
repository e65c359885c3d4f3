// RFC 3339 and durations.
#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "base/text.h"

namespace pawl {
namespace {

std::optional<int> digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

Nanos fraction(std::string_view& text) {
  Nanos value = 0, scale = second / 10;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    value += (text.front() - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
  }
  return value;
}

std::optional<Nanos> offset(std::string_view& text) {
  if (take(text, "Zz")) return 0;
  if (text.empty()) return std::nullopt;
  const Nanos sign = text.front() == '-' ? -1 : 1;
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = digits(text, 2);
  take(text, ":");
  const auto minutes = digits(text, 2);
  if (!hours || !minutes) return std::nullopt;
  return sign * (*hours * hour + *minutes * minute);
}

}  // namespace

std::string format_time(Nanos time) {
  using namespace std::chrono;
  const sys_time<nanoseconds> point{nanoseconds(time)};
  const auto date_point = floor<days>(point);
  const year_month_day date{date_point};
  const hh_mm_ss clock{point - date_point};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::optional<Nanos> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto y = digits(text, 4);
  if (!y || !take(text, "-")) return std::nullopt;
  const auto m = digits(text, 2);
  if (!m || !take(text, "-")) return std::nullopt;
  const auto d = digits(text, 2);
  if (!d) return std::nullopt;
  const year_month_day date{year(*y), month(static_cast<unsigned>(*m)), std::chrono::day(static_cast<unsigned>(*d))};
  if (!date.ok() || *y < 1678 || *y > 2261) return std::nullopt;  // what 64 bits of nanoseconds hold
  const Nanos midnight = duration_cast<nanoseconds>(sys_days(date).time_since_epoch()).count();
  if (text.empty()) return midnight;
  if (!take(text, "Tt ")) return std::nullopt;
  const auto h = digits(text, 2);
  if (!h || !take(text, ":")) return std::nullopt;
  const auto min = digits(text, 2);
  if (!min) return std::nullopt;
  std::optional<int> s = 0;
  Nanos rest = 0;
  if (take(text, ":")) {
    s = digits(text, 2);
    if (!s) return std::nullopt;
    if (take(text, ".,")) rest = fraction(text);
  }
  const auto shift = offset(text);
  if (!shift || !text.empty() || *h > 23 || *min > 59 || *s > 60) return std::nullopt;
  return midnight + *h * pawl::hour + *min * pawl::minute + *s * pawl::second + rest - *shift;
}

std::optional<Nanos> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    Nanos length;
  };
  static constexpr std::array<Unit, 8> units = {{{"ns", 1},
                                                 {"us", microsecond},
                                                 {"ms", millisecond},
                                                 {"s", second},
                                                 {"m", minute},
                                                 {"h", hour},
                                                 {"d", day},
                                                 {"w", 7 * day}}};
  const auto at = text.find_first_not_of("0123456789.");
  if (at == 0 || at == std::string_view::npos) return std::nullopt;
  const auto amount = parse_double(text.substr(0, at));
  for (const auto& unit : units) {
    if (amount && unit.name == text.substr(at) && *amount * static_cast<double>(unit.length) < 9e18) {
      return static_cast<Nanos>(*amount * static_cast<double>(unit.length) + 0.5);
    }
  }
  return std::nullopt;
}

Nanos SystemClock::now() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Nanos SystemClock::monotonic() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace pawl
