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

}  // namespace
}  // namespace pawl::costs
