// The detector on labelled series, causality, wrong input, zones.
#include "stats/fixture_testing.h"
#include "stats/forecast.h"
#include "stats/labels.h"
#include "stats/planted.h"

namespace pawl::stats {
namespace {

TEST(Anomaly, FindsLabelledIncidentsAndLittleElse) {
  const auto all = parse_labelled(fixture("series/labelled.jsonl.zst"));
  ASSERT_TRUE(all) << all.error().what;
  ASSERT_EQ(all->size(), 60u);
  Marks marks;
  for (const auto& one : *all) marks.add(one, *backtest(one.series, Rule{}));
  EXPECT_EQ(marks.incidents, 124u);
  EXPECT_GE(marks.f1(), .94) << marks.precision() << " " << marks.recall();
  EXPECT_LE(marks.wrong_per_week(), .05);
  EXPECT_LE(marks.median_delay(), 20);
}

// What was said before the cut is said again, whatever comes later.
TEST(Backtest, EveryRuleIsCausal) {
  const auto all = parse_labelled(fixture("series/labelled.jsonl.zst"));
  ASSERT_TRUE(all);
  std::size_t compared = 0;
  for (std::size_t i = 0; i < all->size(); i += 7) {
    for (const auto kind : rule_kinds()) {
      const Series& whole = (*all)[i].series;
      Rule rule{.kind = std::string(kind)};
      if (kind == "threshold" || kind == "prediction") rule.above = 5;
      const auto long_run = backtest(whole, rule);
      if (!long_run) continue;
      for (const std::size_t cut : {4100u, 5003u, 6500u}) {
        Series part = whole;
        part.values.resize(cut), part.counts.resize(cut);
        const auto short_run = *backtest(part, rule);
        std::vector<Firing> expected;
        for (auto firing : *long_run) {
          if (firing.fired_at > part.at(cut - 1)) break;
          if (firing.resolved_at && *firing.resolved_at > part.at(cut - 1)) firing.resolved_at.reset();
          expected.push_back(firing);
        }
        ASSERT_EQ(short_run.size(), expected.size()) << whole.id << " " << kind << " " << cut;
        for (std::size_t k = 0; k < expected.size(); ++k) {
          EXPECT_EQ(short_run[k].fired_at, expected[k].fired_at);
          EXPECT_EQ(short_run[k].resolved_at, expected[k].resolved_at);
          ++compared;
        }
      }
    }
  }
  EXPECT_GT(compared, 50u);
}

Series flat(std::size_t n, double value) {
  Series series;
  series.start = 1790553600;
  series.values.assign(n, value), series.counts.assign(n, value);
  return series;
}

TEST(Backtest, RulesFireOnWhatTheyAreFor) {
  Series series = flat(288 * 16, 20);
  for (std::size_t i = 288 * 15; i < series.values.size(); ++i) series.values[i] = series.counts[i] = 60;
  const auto at = series.at(288 * 15);
  for (const std::string kind : {"anomaly", "threshold", "change", "page_hinkley"}) {
    const auto got = *backtest(series, {.kind = kind, .above = 40});
    ASSERT_FALSE(got.empty()) << kind;
    EXPECT_GE(got[0].fired_at, at) << kind;
    EXPECT_LE(got[0].fired_at, at + 3600) << kind;
  }
  for (std::size_t i = 288 * 15; i < series.values.size(); ++i) series.values[i] = series.counts[i] = 0;
  const auto quiet = *backtest(series, {.kind = "silence"});
  ASSERT_EQ(quiet.size(), 1u);
  EXPECT_EQ(quiet[0].fired_at, at);
  EXPECT_FALSE(quiet[0].resolved_at);
  Series errors = flat(288 * 4, .001);
  errors.unit = "ratio", errors.sort = Sort::ratio, errors.direction = Direction::up;
  for (auto& count : errors.counts) count = 1000;
  for (std::size_t i = 288 * 3; i < errors.values.size(); ++i) errors.values[i] = .2;
  const auto burnt = *backtest(errors, {.kind = "burn", .slo = .99});
  ASSERT_EQ(burnt.size(), 1u);
  EXPECT_GE(burnt[0].fired_at, errors.at(288 * 3));
  Series rising = flat(288 * 6, 1);
  for (std::size_t i = 0; i < rising.values.size(); ++i) rising.values[i] = static_cast<double>(i) / 12;
  const auto foreseen = *backtest(rising, {.kind = "prediction", .above = 100, .window = 6 * 3600});
  ASSERT_FALSE(foreseen.empty());
  EXPECT_LT(foreseen[0].fired_at, rising.at(1200)) << "before it is reached";
  EXPECT_GT(foreseen[0].fired_at, rising.at(1000)) << "but not long before";
}

TEST(Backtest, AFlatSeriesIsQuiet) {
  for (const auto kind : {"anomaly", "change", "page_hinkley", "silence", "stl"})
    EXPECT_TRUE(backtest(flat(288 * 20, 20), {.kind = kind})->empty()) << kind;
  EXPECT_TRUE(backtest(flat(0, 0), {})->empty());
  EXPECT_TRUE(backtest(flat(288 * 20, nothing), {})->empty());
}

TEST(Backtest, AnImpossibleRuleSaysWhatItNeeds) {
  const Series series = flat(10, 1);
  EXPECT_NE(backtest(series, {.kind = "anomly"}).error().what.find("anomaly, threshold"), std::string::npos);
  EXPECT_NE(backtest(series, {.kind = "threshold"}).error().what.find("--above"), std::string::npos);
  EXPECT_FALSE(backtest(series, {.kind = "threshold", .above = 5, .recover = 9}));
  EXPECT_FALSE(backtest(series, {.kind = "threshold", .above = 5, .below = 1}));
  EXPECT_FALSE(backtest(series, {.kind = "burn"})) << "no ratio";
  EXPECT_FALSE(backtest(series, {.kind = "change", .window = 5}));
  EXPECT_FALSE(backtest(series, {.kind = "threshold", .above = 5, .wait = -1}));
}

TEST(Series, WrongInputIsNamed) {
  const auto error = [](std::string_view json) {
    const auto series = parse_series(json);
    return series ? std::string("none") : series.error().what;
  };
  const std::string start = R"({"start":"2026-11-01T00:00:00Z","step_s":300,)";
  EXPECT_EQ(error(start + R"("values":[1,null,2]})"), "none");
  EXPECT_NE(error("[]").find("object"), std::string::npos);
  EXPECT_NE(error("{").find("JSON"), std::string::npos);
  EXPECT_NE(error(R"({"step_s":300,"values":[]})").find("start"), std::string::npos);
  EXPECT_NE(error(start + R"("values":[1,"x"]})").find("\"values\"[1]"), std::string::npos);
  EXPECT_NE(error(start + R"("values":[1],"counts":[1,2]})").find("counts"), std::string::npos);
  EXPECT_NE(error(start + R"("values":[1],"counts":[-1]})").find("less than 0"), std::string::npos);
  EXPECT_NE(error(start + R"("values":[1],"direction":"sideways"})").find("sideways"), std::string::npos);
  EXPECT_NE(error(start + R"("values":[1],"timezone":"Europe/Berlon"})").find("Europe/Berlon"), std::string::npos);
  EXPECT_NE(error(R"({"start":"2026-11-01T00:00:00Z","step_s":7,"values":[]})").find("divide a day"),
            std::string::npos);
}

TEST(Why, PlantedCausesAreFound) {
  const auto cases = parse_planted(fixture("series/rca_cases.json.zst"), fixture("series/rca_truth.json.zst"));
  ASSERT_TRUE(cases) << cases.error().what;
  ASSERT_EQ(cases->size(), 40u);
  Found found;
  for (const auto& one : *cases) {
    const auto answer = explain(one.leaves, one.dimensions.size());
    mark(one, answer, found);
    if (!answer.empty() && one.name_of(answer[0]) != one.causes[0])
      std::printf("%s: %s, planted %s\n", one.id.c_str(), one.name_of(answer[0]).c_str(), one.causes[0].c_str());
  }
  EXPECT_GE(found.f1(), .98) << found.right << " right " << found.wrong << " wrong " << found.missed << " missed";
}

TEST(Zone, TurnsItsClocks) {
  const auto berlin = *Zone::find("Europe/Berlin");
  EXPECT_EQ(berlin.offset(1792889999), 7200);  // 2026-10-25T00:59:59Z
  EXPECT_EQ(berlin.offset(1792890000), 3600);
  EXPECT_EQ(berlin.offset(1774745999), 3600);  // 2026-03-29T00:59:59Z
  EXPECT_EQ(berlin.offset(1774746000), 7200);
  EXPECT_EQ(berlin.utc(1774746000 + 5400), 1774746000) << "02:30 does not exist: the first instant after the gap";
  EXPECT_EQ(berlin.utc(1792890000 + 5400), 1792890000 - 1800) << "02:30 comes twice: the first";
  EXPECT_EQ(Zone::find("Australia/Lord_Howe")->offset(1767225600), 39600);  // summer there
  EXPECT_EQ(Zone::find("America/New_York")->offset(1767225600), -18000);
  EXPECT_EQ(Zone::find("UTC")->offset(0), 0);
  EXPECT_FALSE(Zone::find("Berlin"));
  EXPECT_FALSE(Zone::find(""));
  EXPECT_FALSE(Zone::parse("CET-1CEST"));
}

// What a model of steps says of their sum, against running it: the same errors through the same recursions.
TEST(Forecast, VarianceOfASum) {
  const stats::HoltWintersParameters parameters{.alpha = .3, .beta = .02, .gamma = .15, .phi = .95};
  stats::HoltWinters model(parameters, 10, 0, {1, -1, 0});
  for (int i = 0; i < 60; ++i) model.push(10 + (i % 3 == 0 ? 1 : i % 3 == 1 ? -1 : 0) + (i % 2 == 0 ? 1 : -1));
  EXPECT_NEAR(model.sum_variance(1), model.variance(1), 1e-12);
  const double c1 = .3 + .02 * .95, c2 = c1 + .02 * .95 * .95;
  EXPECT_NEAR(model.sum_variance(3) / model.sigma2(), 1 + (1 + c1) * (1 + c1) + (1 + c1 + c2) * (1 + c1 + c2), 1e-9);
  EXPECT_EQ(model.sum_variance(0), 0);
}

}  // namespace
}  // namespace pawl::stats
