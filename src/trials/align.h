// Two trajectories side by side: what stayed, what changed, where they part.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::trials {

struct CallSeen {
  std::string name;
  std::string arguments;  // JSON, "" where there are none
};
// Of a JSON list [{name, arguments}]; what is no call is left out. At most 500.
std::vector<CallSeen> calls_of(std::string_view trajectory);

struct Step {
  enum class State : std::uint8_t { same, arguments, removed, added };
  State state = State::same;
  std::optional<std::size_t> a, b;  // places of the calls
  std::string pointer;              // of `arguments`: the first JSON Pointer (RFC 6901) at which they differ
};
std::string_view name_of(Step::State state);

// The cheapest alignment: equal calls cost nothing, other arguments 1, a call left out or added 1.5.
std::vector<Step> align(const std::vector<CallSeen>& a, const std::vector<CallSeen>& b);
std::optional<std::size_t> divergence(const std::vector<Step>& steps);  // the first that is not the same

// The first place at which two JSON values differ, as a JSON Pointer; nullopt where they are equal (5 is 5.0, keys in
// any order).
std::optional<std::string> first_difference(std::string_view a, std::string_view b);

}  // namespace pawl::trials
