// Comparing calls by a maximum matching.
#include "stats/trajectory.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace pawl::stats {
namespace {

constexpr std::uint32_t unreached = std::numeric_limits<std::uint32_t>::max();

class Matching {  // Hopcroft–Karp: shortest augmenting paths, many at once
 public:
  Matching(const std::vector<std::vector<std::uint32_t>>& choices, std::size_t right)
      : choices_(choices),
        left_(choices.size(), -1),
        right_(right, -1),
        level_(choices.size()),
        next_(choices.size()) {}

  std::vector<std::int32_t> find() {
    while (level()) {
      std::ranges::fill(next_, 0u);
      for (std::uint32_t i = 0; i < left_.size(); ++i) {
        if (left_[i] < 0) augment(i);
      }
    }
    return left_;
  }

 private:
  bool level() {  // breadth first from the free ones; whether a free partner is reached
    std::vector<std::uint32_t> queue;
    for (std::uint32_t i = 0; i < left_.size(); ++i) {
      level_[i] = left_[i] < 0 ? 0 : unreached;
      if (left_[i] < 0) queue.push_back(i);
    }
    bool reached = false;
    for (std::size_t at = 0; at < queue.size(); ++at) {
      for (const auto partner : choices_[queue[at]]) {
        const std::int32_t taken = right_[partner];
        if (taken < 0) {
          reached = true;
        } else if (level_[static_cast<std::size_t>(taken)] == unreached) {
          level_[static_cast<std::size_t>(taken)] = level_[queue[at]] + 1;
          queue.push_back(static_cast<std::uint32_t>(taken));
        }
      }
    }
    return reached;
  }

  // Depth first along the levels, on a stack of its own: a path may be as long as there are calls.
  void augment(std::uint32_t root) {
    std::vector<std::uint32_t> path{root};
    while (!path.empty()) {
      const std::uint32_t i = path.back();
      if (next_[i] == choices_[i].size()) {
        level_[i] = unreached;
        path.pop_back();
        if (!path.empty()) ++next_[path.back()];
        continue;
      }
      const std::int32_t taken = right_[choices_[i][next_[i]]];
      if (taken < 0) {
        for (const auto step : path) {
          const auto partner = choices_[step][next_[step]];
          left_[step] = static_cast<std::int32_t>(partner);
          right_[partner] = static_cast<std::int32_t>(step);
        }
        return;
      }
      if (level_[static_cast<std::size_t>(taken)] == level_[i] + 1) {
        path.push_back(static_cast<std::uint32_t>(taken));
      } else {
        ++next_[i];
      }
    }
  }

  const std::vector<std::vector<std::uint32_t>>& choices_;
  std::vector<std::int32_t> left_, right_;
  std::vector<std::uint32_t> level_;
  std::vector<std::size_t> next_;
};

// Whether each of `part` stands in `whole`; both are sorted by name.
bool includes(const std::vector<std::pair<std::string, std::string>>& whole,
              const std::vector<std::pair<std::string, std::string>>& part) {
  return std::ranges::includes(whole, part);
}

// A call as one text: equal where the calls are.
std::string key_of(const Call& call, bool with_arguments) {
  std::string key = call.name;
  if (!with_arguments) return key;
  for (const auto& [name, value] : call.arguments) {
    for (const auto& part : {std::string_view(name), std::string_view(value)}) {
      key += '\0';
      key += std::to_string(part.size());
      key += ':';
      key += part;
    }
  }
  return key;
}

// Where equality alone matches, each value's matches are the lesser of its two counts.
std::size_t matched_equals(std::span<const Call> actual, std::span<const Call> expected, bool with_arguments) {
  std::unordered_map<std::string, std::size_t> wanted;
  for (const auto& call : expected) ++wanted[key_of(call, with_arguments)];
  std::size_t matched = 0;
  for (const auto& call : actual) {
    const auto found = wanted.find(key_of(call, with_arguments));
    if (found == wanted.end() || found->second == 0) continue;
    --found->second;
    ++matched;
  }
  return matched;
}

std::size_t matched_in_part(std::span<const Call> actual, std::span<const Call> expected, ArgumentMatch how) {
  std::vector<std::vector<std::uint32_t>> choices(actual.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    for (std::size_t j = 0; j < expected.size(); ++j) {
      if (matches(actual[i], expected[j], how)) choices[i].push_back(static_cast<std::uint32_t>(j));
    }
  }
  const auto partners = maximum_matching(choices, expected.size());
  return static_cast<std::size_t>(std::ranges::count_if(partners, [](std::int32_t partner) { return partner >= 0; }));
}

}  // namespace

Result<ArgumentMatch> parse_argument_match(std::string_view name) {
  if (name == "exact") return ArgumentMatch::exact;
  if (name == "ignore") return ArgumentMatch::ignore;
  if (name == "subset") return ArgumentMatch::subset;
  if (name == "superset") return ArgumentMatch::superset;
  return fail(ErrorKind::invalid, "\"arguments\" {} must be exact, ignore, subset or superset", name);
}

bool matches(const Call& actual, const Call& expected, ArgumentMatch how) {
  if (actual.name != expected.name) return false;
  switch (how) {
    case ArgumentMatch::exact:
      return actual.arguments == expected.arguments;
    case ArgumentMatch::ignore:
      return true;
    case ArgumentMatch::subset:
      return includes(expected.arguments, actual.arguments);
    case ArgumentMatch::superset:
      return includes(actual.arguments, expected.arguments);
  }
  return false;
}

std::vector<std::int32_t> maximum_matching(const std::vector<std::vector<std::uint32_t>>& choices, std::size_t right) {
  return Matching(choices, right).find();
}

Result<Trajectory> compare_calls(std::span<const Call> actual, std::span<const Call> expected, ArgumentMatch how) {
  const bool in_part = how == ArgumentMatch::subset || how == ArgumentMatch::superset;
  const std::size_t most = in_part ? 1'000 : 100'000, calls = std::max(actual.size(), expected.size());
  if (calls > most) return fail(ErrorKind::invalid, "{} calls: at most {} are compared", calls, most);
  Trajectory out;
  out.exact = std::ranges::equal(actual, expected, [how](const Call& a, const Call& e) { return matches(a, e, how); });
  std::size_t next = 0;  // the earliest partner is as good as any for a subsequence
  for (const auto& call : actual) {
    if (next < expected.size() && matches(call, expected[next], how)) ++next;
  }
  out.in_order = next == expected.size();
  out.matched =
      in_part ? matched_in_part(actual, expected, how) : matched_equals(actual, expected, how == ArgumentMatch::exact);
  out.any_order = out.matched == expected.size();
  out.within = out.matched == actual.size();
  out.unordered = out.any_order && out.within;
  const double matched = static_cast<double>(out.matched);
  if (actual.empty()) {
    out.precision = expected.empty() ? 1 : 0;
  } else {
    out.precision = matched / static_cast<double>(actual.size());
  }
  out.recall = expected.empty() ? 1 : matched / static_cast<double>(expected.size());
  return out;
}

}  // namespace pawl::stats
