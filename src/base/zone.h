// Time zones by IANA name: what the clocks on the wall say. Pure: rules are in the program (zone_rules.cc), nothing is
// read from the machine. The rules are those of today; of years before a country changed its rules they are not true.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pawl {

class Zone {
 public:
  Zone() = default;                                         // UTC
  static std::optional<Zone> find(std::string_view name);   // "Europe/Berlin"; nullopt where there is none of this name
  static std::optional<Zone> parse(std::string_view rule);  // POSIX.1 TZ with M rules: "CET-1CEST,M3.5.0,M10.5.0/3"
  // Seconds that the local clock is ahead of UTC at this instant (seconds since 1970 UTC).
  std::int64_t offset(std::int64_t at) const;
  std::int64_t local(std::int64_t at) const { return at + offset(at); }  // seconds since 1970 as the wall shows them
  // The first instant at which the wall shows this local time or, where clocks jump over it, the first after the gap.
  std::int64_t utc(std::int64_t local) const;

 private:
  struct Turn {  // "M3.5.0/2": month, week (5 = last), weekday (0 = Sunday), seconds of the local day before the turn
    int month = 0, week = 0, weekday = 0;
    std::int64_t at = 7200;
    std::int64_t in(int year) const;  // local seconds since 1970
    bool parse(std::string_view text);
  };
  std::int64_t standard_ = 0, summer_ = 0;  // seconds ahead of UTC
  bool turns_ = false;
  Turn to_summer_, to_standard_;
};

namespace detail {
struct ZoneRule {
  std::string_view rule, zones;  // names, each followed by a space
};
extern const ZoneRule zone_rules[];
extern const std::size_t zone_rule_count;
}  // namespace detail

}  // namespace pawl
