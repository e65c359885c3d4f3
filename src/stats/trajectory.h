// How the calls that an agent made compare with those that were expected.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pawl::stats {

struct Call {
  std::string name;
  // By name, sorted; values as canonical JSON, so that 5 equals 5.0 and "41" does not equal 41.
  std::vector<std::pair<std::string, std::string>> arguments;
};

enum class ArgumentMatch : std::uint8_t {
  exact,
  ignore,    // names of calls alone
  subset,    // each actual argument is expected
  superset,  // each expected argument is there
};
Result<ArgumentMatch> parse_argument_match(std::string_view name);
bool matches(const Call& actual, const Call& expected, ArgumentMatch how);

struct Trajectory {
  bool exact = false;      // the same calls in the same order, nothing else
  bool in_order = false;   // the expected ones are a subsequence
  bool any_order = false;  // each expected one was made
  bool unordered = false;  // the same calls in any order
  bool within = false;     // nothing was called that is not expected
  double precision = 0;    // matched / actual; nothing called: 1 if nothing was expected, else 0
  double recall = 0;       // matched / expected; nothing expected: 1
  std::size_t matched = 0;
};
// Matched by a maximum matching, not greedily: with partial arguments the first partner may be the wrong one.
// `invalid` for more than 1,000 calls on a side where arguments match in part (100,000 else).
Result<Trajectory> compare_calls(std::span<const Call> actual, std::span<const Call> expected, ArgumentMatch how);

// The most pairs that can be formed (Hopcroft & Karp 1973): choices[i] are the places on the right that i may take,
// each below `right`. Returns the partner of each on the left, or -1.
std::vector<std::int32_t> maximum_matching(const std::vector<std::vector<std::uint32_t>>& choices, std::size_t right);

}  // namespace pawl::stats
