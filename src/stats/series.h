// A series as the detectors read it: one number a step, and what the number rests on.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/zone.h"

namespace pawl::stats {

inline constexpr double nothing = std::numeric_limits<double>::quiet_NaN();  // nothing happened in the step

enum class Direction : std::uint8_t { both, up, down };  // which side of the expected is bad
// How numbers of this sort vary, and so on which scale they are compared.
enum class Sort : std::uint8_t {
  sum,       // counts and sums, 0 is fine: the square root
  positive,  // durations, means by trace: the logarithm
  ratio,     // ratios and scores: as they are
};

struct Series {
  std::string id, measure, unit, zone_name = "UTC";
  Direction direction = Direction::both;
  Sort sort = Sort::sum;
  Zone zone;
  std::int64_t start = 0, step = 300;  // seconds since 1970 UTC, seconds
  std::vector<double> values;          // `nothing` where there is none
  std::vector<double> counts;          // as many; where the file has none: 1 at a value, else 0
  std::int64_t at(std::size_t index) const { return start + static_cast<std::int64_t>(index) * step; }
};

// By the unit: "ms" "s" positive; "ratio" "score" ratio; what is per something (cost_per_trace) positive; else sum.
Sort sort_of(std::string_view measure, std::string_view unit);

// {id?, measure?, unit?, direction? (up, down, both), start, step_s, timezone?, values: [number|null], counts?}.
// `invalid` names the key that is wrong. Limits: 2 million values; a step of 1 s to 1 day that divides a day; a count
// is no less than 0; a number is finite.
Result<Series> parse_series(std::string_view json);

}  // namespace pawl::stats
