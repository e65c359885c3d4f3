// Case by case: which are flaky, and which have changed.
#include "cases.h"

#include <algorithm>
#include <cmath>

#include "stats/multiplicity.h"
#include "stats/proportions.h"

namespace pawl::trials {
namespace {

const Cell* cell_of(const Names& names, const std::string& score, const SideCase& one) {
  const auto place = names.score_places.at(score);
  return place < one.scores.size() && one.scores[place].trials > 0 ? &one.scores[place] : nullptr;
}

std::uint32_t passes(const Cell& cell) {
  return static_cast<std::uint32_t>(std::lround(cell.sum));
}

}  // namespace

void find_flaky(const Names& names, const Side& a, const Side& b, std::span<const std::uint32_t> places,
                const std::vector<std::string>& scores, std::vector<Flaky>& out) {
  for (const auto& score : scores) {
    for (const auto place : places) {
      const Cell* before = cell_of(names, score, a.cases[place]);
      const Cell* now = cell_of(names, score, b.cases[place]);
      if (now == nullptr || !now->binary || passes(*now) == 0 || passes(*now) == now->trials) continue;
      Flaky one{.case_name = names.cases[place], .metric = score, .passed = passes(*now), .trials = now->trials};
      if (const auto ci = stats::wilson(one.passed, one.trials)) one.ci = *ci;
      if (before != nullptr && before->binary) {
        const auto passed = passes(*before);
        one.before = passed == before->trials ? "passed" : passed == 0 ? "failed" : "flaky";
        one.fresh = passed == before->trials && before->trials >= 3;
      }
      out.push_back(std::move(one));
    }
  }
  std::ranges::sort(out, [](const Flaky& x, const Flaky& y) {
    const double of_x = 1.0 * x.passed / x.trials, of_y = 1.0 * y.passed / y.trials;
    if (x.fresh != y.fresh) return x.fresh;
    if (of_x != of_y) return of_x < of_y;
    return std::tie(x.case_name, x.metric) < std::tie(y.case_name, y.metric);
  });
}

void find_changed(const Names& names, const Side& a, const Side& b, std::span<const std::uint32_t> places,
                  const std::vector<std::string>& scores, std::vector<Changed>& out) {
  std::vector<Changed> all;
  std::vector<double> p;
  std::vector<std::size_t> tested;
  for (const auto& score : scores) {
    for (const auto place : places) {
      const Cell* before = cell_of(names, score, a.cases[place]);
      const Cell* now = cell_of(names, score, b.cases[place]);
      if (before == nullptr || now == nullptr) continue;
      Changed one{
          .case_name = names.cases[place], .metric = score, .baseline = before->mean(), .candidate = now->mean()};
      const bool fell = one.candidate < one.baseline - 1e-12;
      // A million trials of one case would make the exact test slow, and need none.
      if (before->binary && now->binary && before->trials <= 10'000 && now->trials <= 10'000) {
        // One that did not fall is part of the family that is adjusted for, and cannot be found.
        const auto exact = fell ? stats::fisher(passes(*before), before->trials, passes(*now), now->trials)
                                : Result<stats::Fisher>(stats::Fisher{});
        if (exact) {
          one.p = exact->less;
          p.push_back(exact->less);
          tested.push_back(all.size());
        }
      }
      all.push_back(std::move(one));
    }
  }
  const auto adjusted = stats::adjust(p, stats::Adjustment::bh);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    all[tested[i]].p_adjusted = adjusted[i];
    all[tested[i]].regressed = adjusted[i] <= 0.05;
  }
  for (auto& one : all) {
    if (one.candidate < one.baseline - 1e-12) out.push_back(std::move(one));
  }
  std::ranges::sort(out, [](const Changed& x, const Changed& y) {
    const double of_x = x.candidate - x.baseline, of_y = y.candidate - y.baseline;
    if (x.regressed != y.regressed) return x.regressed;
    if (of_x != of_y) return of_x < of_y;
    return std::tie(x.case_name, x.metric) < std::tie(y.case_name, y.metric);
  });
}

}  // namespace pawl::trials
