// The pace of a budget in numbers that can be reckoned by hand.
#include "budget.h"

#include <gtest/gtest.h>

namespace pawl::costs {
namespace {

constexpr Int128 dollar = 1'000'000'000'000;

Pace pace(Int128 spent, Int128 limit, Int128 week, Nanos covered = 7 * day) {
  return {.spent = spent * dollar,
          .limit = limit * dollar,
          .start = 0,
          .end = 30 * day,
          .now = 10 * day,
          .week = week * dollar,
          .covered = covered};
}

TEST(Budget, MeanOfSevenDaysTimesTheRest) {
  const auto ahead = forecast(pace(100, 250, 70));
  EXPECT_EQ(ahead.daily, 10 * dollar);
  EXPECT_EQ(ahead.whole, 300 * dollar);
  EXPECT_EQ(ahead.state, Forecast::State::at_risk);
  EXPECT_EQ(ahead.runs_out, 25 * day);
  EXPECT_EQ(forecast(pace(100, 300, 70)).state,
            Forecast::State::ok);  // exactly the limit is not beyond it
  EXPECT_FALSE(forecast(pace(100, 300, 70)).runs_out);
}

TEST(Budget, SpentAndQuietAndYoung) {
  EXPECT_EQ(forecast(pace(250, 250, 0)).state, Forecast::State::exceeded);
  EXPECT_EQ(forecast(pace(250, 250, 0)).runs_out, 10 * day);
  const auto quiet = forecast(pace(0, 1, 0));
  EXPECT_EQ(quiet.state, Forecast::State::ok);
  EXPECT_EQ(quiet.whole, 0);
  EXPECT_EQ(forecast(pace(20, 1000, 20, 2 * day)).daily,
            10 * dollar);  // of two days that have data
  EXPECT_EQ(forecast(pace(1, 1000, 1, hour)).daily,
            dollar);  // an hour is no day
}

TEST(Budget, TheDateHasAnInterval) {
  auto one = pace(100, 220, 70);
  for (int i = 0; i < 56; ++i) one.history.push_back(10 + (i % 7 < 5 ? 1 : -2.5) + (i % 2 == 0 ? .5 : -.5));
  const auto ahead = forecast(one);
  EXPECT_EQ(ahead.method, "holt_winters");
  ASSERT_TRUE(ahead.dates[0] && ahead.dates[1] && ahead.dates[2]);
  EXPECT_LT(*ahead.dates[0], *ahead.dates[1]);
  EXPECT_LT(*ahead.dates[1], *ahead.dates[2]);
  EXPECT_NEAR(static_cast<double>(*ahead.dates[1] - one.now) / day, 12, .7);  // 120 left at 10 a day
  EXPECT_LT(ahead.band[0], ahead.band[1]);
  EXPECT_LT(ahead.band[1], ahead.band[2]);
  EXPECT_NEAR(static_cast<double>(ahead.whole) / 1e12, 300, 8);
  EXPECT_EQ(ahead.state, Forecast::State::at_risk);
  one.limit = 290 * dollar;  // the middle passes it at the end, the low path does not
  const auto close = forecast(one);
  EXPECT_TRUE(close.dates[0]);
  EXPECT_TRUE(close.dates[1]);
}

// Nine of ten: of many futures of the same kind, as many lie within the band as it says.
TEST(Budget, TheBandHoldsWhatItSays) {
  unsigned seed = 7;
  const auto normal = [&] {
    double sum = -6;
    for (int i = 0; i < 12; ++i)
      seed = seed * 1664525U + 1013904223U, sum += static_cast<double>(seed >> 8U) / (1U << 24U);
    return sum;
  };
  int within = 0, all = 0;
  for (int round = 0; round < 300; ++round, ++all) {
    auto one = pace(0, 1'000'000, 70);
    one.end = one.now + 14 * day;
    const auto value = [&](int i) { return std::max(0., 100 + (i % 7 < 5 ? 10 : -25) + 8 * normal()); };
    for (int i = 0; i < 56; ++i) one.history.push_back(value(i));
    double truth = 0;
    for (int i = 56; i < 70; ++i) truth += value(i);
    const auto ahead = forecast(one);
    within += static_cast<double>(ahead.band[0]) / 1e12 <= truth && truth <= static_cast<double>(ahead.band[2]) / 1e12;
  }
  EXPECT_GE(within, all * 7 / 10);  // four in five; independent days make it a little wide
  EXPECT_LE(within, all);
}

TEST(Budget, YoungBudgetsHaveTheSpreadOfTheirDays) {
  auto one = pace(30, 250, 30, 3 * day);
  one.history = {8, 10, 12};
  const auto ahead = forecast(one);
  EXPECT_EQ(ahead.method, "mean");
  EXPECT_EQ(ahead.whole, 230 * dollar);
  EXPECT_FALSE(ahead.dates[1]);
  ASSERT_TRUE(ahead.dates[0]);  // may well run out
  EXPECT_FALSE(ahead.dates[2]);
}

}  // namespace
}  // namespace pawl::costs
