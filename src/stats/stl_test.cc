// STL against statsmodels, and the rule that stands on it.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>

#include "stats/backtest.h"
#include "stats/fixture_testing.h"
#include "stats/stl.h"

namespace pawl::stats {
namespace {

TEST(Stl, IsThatOfStatsmodels) {
  const std::string text = fixture("series/stl.json.zst");
  simdjson::dom::parser parser;
  const auto root = parser.parse(text).value();
  std::size_t seen = 0;
  for (const auto one : root["cases"].get_array()) {
    const auto params = one["params"];
    const auto number = [&](std::string_view key) { return static_cast<std::size_t>(params[key].get_int64().value()); };
    const auto y = numbers(one["y"]);
    const auto got =
        decompose(y, {.period = number("period"), .seasonal = number("seasonal"), .robust = params["robust"]});
    ASSERT_EQ(got.trend.size(), y.size());
    const auto trend = numbers(one["trend"]), season = numbers(one["seasonal"]), weights = numbers(one["weights"]);
    for (std::size_t i = 0; i < y.size(); ++i) {
      EXPECT_NEAR(got.trend[i], trend[i], 1e-6) << i;
      EXPECT_NEAR(got.season[i], season[i], 1e-6) << i;
      EXPECT_NEAR(got.weights[i], weights[i], 1e-6) << i;
    }
    EXPECT_NEAR(got.spread, one["resid_mad_scaled"].get_double().value(), 1e-6);
    ++seen;
  }
  EXPECT_GE(seen, 3u);
}

TEST(Stl, NeedsTwoPeriodsOfNumbers) {
  EXPECT_TRUE(decompose(std::vector<double>(47, 1.)).trend.empty());
  std::vector<double> gap(96, 1.);
  gap[7] = nothing;
  EXPECT_TRUE(decompose(gap).trend.empty());
}

// Three weeks with a day's shape; the 20th day has an hour that does not belong there.
TEST(Stl, ARuleFiresOnAnHourThatDoesNotBelongThere) {
  Series series{
      .unit = "USD", .direction = Direction::up, .zone = {}, .start = 1'795'000'000 / 3600 * 3600, .step = 3600};
  for (int i = 0; i < 21 * 24; ++i) {
    const double shape = 100 + 30 * std::sin(i * 2 * M_PI / 24) + 2 * std::sin(i * 1.7);
    series.values.push_back(i == 20 * 24 + 5 ? shape + 80 : shape);
    series.counts.push_back(50);
  }
  const auto firings = *backtest(series, {.kind = "stl"});
  ASSERT_EQ(firings.size(), 1u);
  EXPECT_EQ(firings[0].fired_at, series.at(20 * 24 + 5));
  EXPECT_EQ(firings[0].resolved_at, series.at(20 * 24 + 6));
  series.direction = Direction::down;
  EXPECT_TRUE(backtest(series, {.kind = "stl"})->empty());
}

}  // namespace
}  // namespace pawl::stats
