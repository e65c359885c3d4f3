// Case by case: which are flaky, and which have changed.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "compare.h"

namespace pawl::trials {

// Boolean scores `scores` on the paired cases `places`.
void find_flaky(const Names& names, const Side& baseline, const Side& candidate, std::span<const std::uint32_t> places,
                const std::vector<std::string>& scores, std::vector<Flaky>& out);
void find_changed(const Names& names, const Side& baseline, const Side& candidate,
                  std::span<const std::uint32_t> places, const std::vector<std::string>& scores,
                  std::vector<Changed>& out);

}  // namespace pawl::trials
