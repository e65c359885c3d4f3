// The reference vectors: what other implementations say.
#include "stats/burn.h"
#include "stats/drift.h"
#include "stats/fixture_testing.h"
#include "stats/forecast.h"
#include "stats/states.h"
#include "stats/why.h"

namespace pawl::stats {
namespace {

namespace dom = simdjson::dom;

class Vectors : public testing::Test {
 protected:
  dom::element load(std::string_view name) {
    text_ = fixture(name);
    dom::element root;
    EXPECT_FALSE(parser_.parse(text_).get(root)) << name;
    return root;
  }
  dom::parser parser_;
  std::string text_;
};

double number(dom::element element) {
  return element.get_double().value();
}

TEST_F(Vectors, PsiOfCountsAndOfSamples) {
  const auto root = load("series/psi.json.zst");
  std::size_t seen = 0;
  for (const auto one : root["cases"].get_array()) {
    const auto got = psi(numbers(one["expected_counts"]), numbers(one["actual_counts"]), number(one["epsilon"]));
    EXPECT_NEAR(got.value, number(one["psi"]), 1e-9);
    EXPECT_NEAR(got.usual, number(one["null_mean"]), 1e-9);
    EXPECT_NEAR(got.spread, number(one["null_sd"]), 1e-9);
    ++seen;
  }
  EXPECT_EQ(seen, 4u);
  const auto samples = root["from_samples"].value();
  const auto reference = numbers(samples["reference"]), current = numbers(samples["current"]);
  const auto edges = quantile_edges(reference);
  const auto expected = numbers(samples["edges"]);
  ASSERT_EQ(edges.size(), expected.size());
  for (std::size_t i = 0; i < edges.size(); ++i) EXPECT_NEAR(edges[i], expected[i], 1e-9);
  EXPECT_EQ(counts_in(edges, reference), numbers(samples["reference_counts"]));
  EXPECT_EQ(counts_in(edges, current), numbers(samples["current_counts"]));
  EXPECT_NEAR(psi(counts_in(edges, reference), counts_in(edges, current)).value, number(samples["psi"]), 1e-9);
}

TEST_F(Vectors, PsiOfNothingNeverFires) {
  const std::vector<double> none = {0, 0}, some = {3, 4};
  EXPECT_EQ(psi(none, some).value, 0);
  EXPECT_GT(psi(some, none).limit(), 1e300);
}

TEST_F(Vectors, PageHinkleyClassicAndRiver) {
  const auto root = load("series/page_hinkley.json.zst");
  for (const auto one : root["cases"].get_array()) {
    const auto x = numbers(one["x"]), statistic = numbers(one["classic_up_statistic"]);
    const auto p = one["params"].value();
    const std::string_view mode = p["mode"].get_string();
    PageHinkley classic(number(p["delta"]));
    ForgetfulPageHinkley river({.delta = number(p["delta"]),
                                .threshold = number(p["threshold"]),
                                .alpha = number(p["alpha"]),
                                .least = p["min_instances"].get_int64(),
                                .up = mode != "down",
                                .down = mode != "up"});
    std::vector<double> detected;
    for (std::size_t i = 0; i < x.size(); ++i) {
      classic.push(x[i]);
      EXPECT_NEAR(classic.up(), statistic[i], 1e-6) << i;
      if (river.push(x[i])) detected.push_back(static_cast<double>(i));
    }
    EXPECT_EQ(detected, numbers(one["river_detections"])) << one["name"];
  }
}

TEST_F(Vectors, CusumAlarmsWhereItShould) {
  const auto root = load("series/cusum.json.zst");
  const auto x = numbers(root["x"]), plus = numbers(root["c_plus"]), minus = numbers(root["c_minus"]);
  Cusum cusum(number(root["mu"]), number(root["sigma"]), number(root["k"]));
  std::size_t alarm = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    cusum.push(x[i]);
    EXPECT_NEAR(cusum.plus(), plus[i], 1e-9);
    EXPECT_NEAR(cusum.minus(), minus[i], 1e-9);
    if (alarm == 0 && (cusum.plus() > number(root["h"]) || cusum.minus() > number(root["h"]))) alarm = i;
  }
  EXPECT_EQ(alarm, root["first_alarm_index"].get_uint64().value());
}

TEST_F(Vectors, HoltWintersWithIntervals) {
  const auto root = load("series/holt_winters.json.zst");
  for (const auto one : root["cases"].get_array()) {
    const auto p = one["params"].value(), start = one["initial"].value();
    HoltWinters model({number(p["alpha"]), number(p["beta"]), number(p["gamma"]), number(p["phi"])},
                      number(start["level"]), number(start["trend"]), numbers(start["seasonal"]));
    const auto y = numbers(one["y"]), fitted = numbers(one["fitted"]), forecast = numbers(one["forecast"]);
    for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(model.push(y[i]), fitted[i], 1e-5);
    EXPECT_NEAR(model.level(), number(one["final_state"]["level"]), 1e-5);
    EXPECT_NEAR(model.sigma2(), number(one["sigma2"]), 1e-5);
    const auto low = numbers(one["pi95_lower"]), high = numbers(one["pi95_upper"]);
    for (std::size_t h = 1; h <= forecast.size(); ++h) {
      const double half = 1.959963984540054 * std::sqrt(model.variance(h));
      EXPECT_NEAR(model.ahead(h), forecast[h - 1], 1e-5);
      EXPECT_NEAR(model.ahead(h) - half, low[h - 1], 1e-5);
      EXPECT_NEAR(model.ahead(h) + half, high[h - 1], 1e-5);
    }
  }
}

TEST_F(Vectors, ConformalHalfWidths) {
  const auto root = load("series/conformal.json.zst");
  const auto scores = numbers(root["scores"]);
  for (const auto [miss, width] : root["half_width"].get_object())
    EXPECT_EQ(conformal_half_width(scores, std::stod(std::string(miss))), number(width)) << miss;
  EXPECT_FALSE(conformal_half_width({scores.begin(), scores.begin() + 9}, .05));
}

TEST_F(Vectors, BurnRates) {
  const auto root = load("series/burn_rate.json.zst");
  const auto total = numbers(root["total"]), bad = numbers(root["bad"]);
  for (const auto rule : root["rules"].get_array()) {
    Burn burn(number(root["slo"]));
    const BurnRule mine{"", number(rule["factor"]), rule["long_min"].get_int64(), rule["short_min"].get_int64()};
    std::vector<std::vector<double>> on;
    for (std::size_t i = 0; i < total.size(); ++i) {
      burn.push(bad[i], total[i]);
      if (!burn.over(mine)) continue;
      if (on.empty() || on.back()[1] != static_cast<double>(i)) on.push_back({static_cast<double>(i), 0});
      on.back()[1] = static_cast<double>(i + 1);
    }
    std::vector<std::vector<double>> expected;
    for (const auto interval : rule["true_intervals"].get_array()) expected.push_back(numbers(interval));
    EXPECT_EQ(on, expected) << mine.factor;
  }
  for (const auto at : root["burn_at"].get_array()) {
    Burn burn(number(root["slo"]));
    for (std::size_t i = 0; i <= at["minute"].get_uint64(); ++i) burn.push(bad[i], total[i]);
    for (const std::int64_t minutes : {5, 30, 60, 120, 360, 1440, 4320})
      EXPECT_NEAR(burn.burn(minutes), number(at[fmt::format("{}m", minutes)]), 1e-6);
  }
  Burn all(number(root["slo"]));
  for (std::size_t i = 0; i < total.size(); ++i) all.push(bad[i], total[i]);
  EXPECT_NEAR(all.remaining(), number(root["budget_remaining_after_all"]), 1e-6);
  Burn young(.999);
  young.push(1, 1);
  EXPECT_TRUE(young.over(burn_rules[3]));
  EXPECT_FALSE(young.fires(burn_rules[3])) << "one bad event of one is no burn that wakes anybody";
}

TEST_F(Vectors, StatesAndNotices) {
  const auto root = load("alerts/state_machine.json");
  std::size_t cases = 0;
  for (const auto one : root["cases"].get_array()) {
    const auto given = one["rule"].value();
    const auto text = [&](std::string_view key, std::string_view fallback) {
      std::string_view value;
      return given[key].get(value) ? fallback : value;
    };
    const auto minutes = [&](std::string_view key) {
      std::int64_t value = 0;
      return given[key].get(value) ? 0 : value;
    };
    double recover = 0;
    const bool recovers = !given["recover"].get(recover);
    const StateRule rule{minutes("for"), minutes("keep_firing_for"), minutes("renotify"),
                         *no_data_from(text("no_data", "keep"))};
    Instance instance;
    std::string got, expected;
    std::int64_t minute = 0;
    for (const auto value : one["values"].get_array()) {
      const Seen seen = value.is_null()     ? Seen::nothing
                        : value.is_string() ? Seen::error
                                            : judge(number(value), text("op", ">") == ">", number(given["threshold"]),
                                                    recovers ? std::optional(recover) : std::nullopt);
      const auto moved = advance(instance, rule, seen, minute);
      for (const auto& t : moved.transitions) got += fmt::format("{} {}>{};", minute, name_of(t.from), name_of(t.to));
      for (const auto& n : moved.notices) got += fmt::format("{} {};", minute, name_of(n));
      ++minute;
    }
    for (std::int64_t m = 0; m < minute; ++m) {
      for (const auto t : one["expect"]["transitions"].get_array()) {
        if (t["minute"].get_int64() == m)
          expected += fmt::format("{} {}>{};", m, t["from"].get_string().value(), t["to"].get_string().value());
      }
      for (const auto n : one["expect"]["notifications"].get_array()) {
        if (n["minute"].get_int64() == m) expected += fmt::format("{} {};", m, n["kind"].get_string().value());
      }
    }
    EXPECT_EQ(got, expected) << one["name"];
    ++cases;
  }
  EXPECT_EQ(cases, 15u);
}

TEST_F(Vectors, ScanOfTheWorkedExample) {
  const auto root = load("series/adtributor.json.zst");
  const std::vector<std::string_view> dims = {"agent", "model", "tool"};
  std::vector<std::vector<std::string>> names(3);
  std::vector<Leaf> leaves;
  for (const auto row : root["rows"].get_array()) {
    Leaf leaf{.values = {}, .expected = number(row["forecast"]), .actual = number(row["actual"])};
    for (std::size_t d = 0; d < 3; ++d) {
      const std::string name(row[dims[d]].get_string().value());
      auto at = std::find(names[d].begin(), names[d].end(), name);
      if (at == names[d].end()) at = names[d].insert(at, name);
      leaf.values.push_back(static_cast<std::uint32_t>(at - names[d].begin()));
    }
    leaves.push_back(leaf);
  }
  const auto causes = explain(leaves, 3);
  ASSERT_FALSE(causes.empty());
  const auto best = root["scan"].at(0).value();
  EXPECT_NEAR(causes[0].llr, number(best["llr"]), 1e-9);
  EXPECT_NEAR(causes[0].expected, number(best["forecast"]), 1e-9);
  EXPECT_NEAR(causes[0].actual, number(best["actual"]), 1e-9);
  ASSERT_EQ(causes[0].where.size(), 2u);
  EXPECT_EQ(names[0][causes[0].where[0].second], "research");
  EXPECT_EQ(names[1][causes[0].where[1].second], "gpt-5");
  EXPECT_TRUE(explain({}, 3).empty());
  EXPECT_TRUE(explain(leaves, 9).empty());
}

}  // namespace
}  // namespace pawl::stats
