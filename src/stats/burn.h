// How fast an error budget burns (SRE workbook, chapter 5): burn(w) = (bad / total over w) / (1 − SLO); a rule fires
// where its long and its short window both burn faster than its factor.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pawl::stats {

struct BurnRule {
  std::string_view severity;  // "page", "ticket"
  double factor = 0;
  std::int64_t long_minutes = 0, short_minutes = 0;
};
// For a budget of 30 days: 2 %, 5 %, 10 %, 10 % of it.
inline constexpr std::array<BurnRule, 4> burn_rules = {
    {{"page", 14.4, 60, 5}, {"page", 6, 360, 30}, {"ticket", 3, 1440, 120}, {"ticket", 1, 4320, 360}}};

// Minute by minute, in order; a window before it is full has what there is.
class Burn {
 public:
  explicit Burn(double slo) : slo_(slo) {}
  void push(double bad, double total);
  double burn(std::int64_t minutes) const;  // 0 where nothing happened
  double bad_in(std::int64_t minutes) const;
  double total_in(std::int64_t minutes) const;
  double remaining() const;  // of the budget of all that was pushed: 1 − bad / ((1 − SLO) total)
  bool over(const BurnRule& rule) const {
    return burn(rule.long_minutes) > rule.factor && burn(rule.short_minutes) > rule.factor;
  }
  // As `over`, but only with half the long window known and ten bad events in it: what a pager uses.
  bool fires(const BurnRule& rule) const;
  std::int64_t minutes() const { return static_cast<std::int64_t>(bad_.size()) - 1; }

 private:
  double slo_;
  std::vector<double> bad_{0}, total_{0};  // sums of all before
};

}  // namespace pawl::stats
