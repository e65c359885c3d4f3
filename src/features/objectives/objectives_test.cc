// Budgets and burn rates in numbers that can be reckoned by hand.
#include "objectives.h"

#include <gtest/gtest.h>

namespace pawl::objectives {
namespace {

Slo slo(double target) {
  return {.name = "x", .agent = "a", .kind = "availability", .target = target, .window = "30d"};
}
std::vector<Day> steps(std::size_t count, double valid, double bad) {
  return std::vector<Day>(count, Day{.valid = valid, .bad = bad});
}

TEST(Objectives, BudgetAndState) {
  const auto met = judge(slo(.99), 10'000, 20, steps(864, 10, 0), 0);
  EXPECT_EQ(met.state, "met");
  EXPECT_DOUBLE_EQ(*met.sli, .998);
  EXPECT_NEAR(met.budget_left, .8, 1e-12);  // 20 of 100
  EXPECT_FALSE(met.exhausted_at);
  EXPECT_LT(met.interval.low, .998);
  EXPECT_GT(met.interval.high, .998);
  const auto broken = judge(slo(.99), 10'000, 150, {}, 0);
  EXPECT_EQ(broken.state, "broken");
  EXPECT_NEAR(broken.budget_left, -.5, 1e-12);
  EXPECT_EQ(judge(slo(.99), 29, 0, {}, 0).state, "too_few");
  EXPECT_FALSE(judge(slo(.99), 0, 0, {}, 0).sli);
}

TEST(Objectives, BurnRates) {
  // 20 % bad: 20 times the budget of 1 %, in every window.
  const auto fire = judge(slo(.99), 10'000, 20, steps(864, 10, 2), 0);
  ASSERT_EQ(fire.burns.size(), 4U);
  for (const auto& one : fire.burns) {
    EXPECT_NEAR(one.long_burn, 20, 1e-9);
    EXPECT_NEAR(one.short_burn, 20, 1e-9);
    EXPECT_TRUE(one.firing);
  }
  EXPECT_EQ(fire.state, "at_risk");
  ASSERT_TRUE(fire.exhausted_at);
  EXPECT_NEAR(static_cast<double>(*fire.exhausted_at) / day, .8 * 30 / 20, 1e-6);
  // It stopped half an hour ago: no short window of pages burns.
  auto over = steps(864, 10, 2);
  for (std::size_t i = over.size() - 6; i < over.size(); ++i) over[i].bad = 0;
  const auto quiet = judge(slo(.99), 10'000, 20, over, 0);
  EXPECT_FALSE(quiet.burns[0].firing);
  EXPECT_FALSE(quiet.burns[1].firing);
  EXPECT_TRUE(quiet.burns[3].firing);
  // Less than half the long window is known.
  EXPECT_FALSE(judge(slo(.99), 100, 20, steps(5, 10, 4), 0).burns[0].firing);
}

}  // namespace
}  // namespace pawl::objectives
