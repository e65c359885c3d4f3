// Metric points as measures: what counters grew by, what histograms recorded, what gauges showed, each point once.
#include <gtest/gtest.h>

#include "base/text.h"
#include "query/query.h"
#include "records/traces/traces.h"
#include "store/warehouse/warehouse_testing.h"

namespace pawl::explore {
namespace {

warehouse::Warehouse& engine() {
  return warehouse::testing::engine(traces::create_tables);
}

constexpr traces::ProjectId project = 11;
constexpr Nanos noon = 1'772'020'800 * second;  // 2026-02-25T12:00:00Z

struct Said {
  std::string metric, type;
  Nanos at, start;  // seconds after noon
  double value;
  std::uint64_t count = 0;
  bool delta = false, monotonic = true;
  std::string model = "gpt-5", service = "shop";
};

std::vector<query::MetricInfo> metrics() {
  const auto answer = engine().read(query::question(query::compile_metrics(project)));
  PAWL_CHECK(answer.has_value(), "{}", answer.error().what);
  std::vector<query::MetricInfo> out;
  for (std::size_t i = 0; i < answer->rows.size(); ++i)
    out.push_back(query::metric_of(answer->rows.text(0, i), answer->rows.text(1, i), answer->rows.text(2, i),
                                   answer->rows.integer(3, i) != 0));
  return out;
}

struct Asked {
  std::vector<std::string> measures, by = {};
  std::string filter = "", step = "";
  Nanos from = -3600, to = 7200;
};

std::vector<std::string> ask(const Asked& asked) {
  query::MeasureQuery query{.measures = asked.measures,
                            .dimensions = asked.by,
                            .filter = *query::Filter::parse(asked.filter),
                            .range = {noon + asked.from * second, noon + asked.to * second},
                            .step = asked.step,
                            .metrics = metrics()};
  const auto statement = query::compile(project, query);
  if (!statement) return {statement.error().what};
  const auto answer = engine().read(query::question(*statement));
  PAWL_CHECK(answer.has_value(), "{}\n{}", answer.error().what, statement->sql);
  std::vector<std::string> lines;
  for (std::size_t r = 0; r < answer->rows.size(); ++r) {
    std::vector<std::string> cells;
    for (std::size_t c = 0; c < statement->columns.size(); ++c) {
      const bool number = statement->columns[c].type == query::Type::number;
      cells.push_back(answer->rows.is_null(c, r) ? "-"
                      : statement->columns[c].type == query::Type::time
                          ? format_time(answer->rows.integer(c, r)).substr(11, 5)
                      : number ? fmt::format("{}", answer->rows.real(c, r))
                               : std::string(answer->rows.text(c, r)));
    }
    lines.push_back(join(cells, " "));
  }
  return lines;
}

class Points : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::vector<Said> all = {
        // A counter that repeats its total: 5, +3, +0, then the process began anew with 2.
        {"requests", "sum", 60, 0, 5},
        {"requests", "sum", 120, 0, 8},
        {"requests", "sum", 180, 0, 8},
        {"requests", "sum", 3700, 3650, 2},
        {"requests", "sum", 180, 0, 8},  // sent twice
        {"requests", "sum", 60, 0, 100, 0, false, true, "claude-4"},
        // One that began long before what is looked at: only its growth counts.
        {"old", "sum", -1800, -90'000, 1000},
        {"old", "sum", 60, -90'000, 1007},
        // Increments.
        {"spent", "sum", 60, 0, 0.25, 0, true},
        {"spent", "sum", 120, 60, 0.5, 0, true},
        // A histogram of three calls, then one more.
        {"gen_ai.client.operation.duration", "histogram", 60, 0, 6, 3},
        {"gen_ai.client.operation.duration", "histogram", 120, 0, 16, 4},
        {"open", "gauge", 60, 0, 4},
        {"open", "gauge", 120, 0, 8},
        {"queued", "sum", 60, 0, 3, 0, false, false},
        {"requests.sum", "gauge", 60, 0, 77},  // a metric of that very name
    };
    traces::Batch batch;
    batch.number = 1;
    for (const auto& one : all) {
      batch.points.push_back({.project = project,
                              .metric = one.metric,
                              .unit = one.metric == "spent" ? "USD" : "s",
                              .type = one.type,
                              .service = one.service,
                              .at = noon + one.at * second,
                              .received = noon + one.at * second + second,
                              .start = noon + one.start * second,
                              .delta = one.delta,
                              .monotonic = one.monotonic,
                              .value = one.value,
                              .count = one.count,
                              .attributes = {{"gen_ai.request.model", one.model}, {"region", "eu"}}});
    }
    ASSERT_TRUE(traces::insert(engine(), batch));
  }
};

using Lines = std::vector<std::string>;

TEST_F(Points, GrowAsTheirCountersDid) {
  EXPECT_EQ(ask({{"metric.requests"}}), Lines{"110"});
  EXPECT_EQ(ask({{"metric.requests"}, {"model"}}), (Lines{"claude-4 100", "gpt-5 10"}));
  EXPECT_EQ(ask({.measures = {"metric.requests"}, .step = "1h"}), (Lines{"12:00 108", "13:00 2"}));
  EXPECT_EQ(ask({.measures = {"metric.requests"}, .filter = "model=gpt-5", .step = "1m"}),
            (Lines{"12:01 5", "12:02 3", "12:03 0", "13:01 2"}));
  EXPECT_EQ(ask({.measures = {"metric.old"}, .from = -60}), Lines{"7"});
  EXPECT_EQ(ask({.measures = {"metric.old"}, .from = -7200, .to = -60}), Lines{"-"});  // its growth there is not known
  EXPECT_EQ(ask({{"metric.spent"}}), Lines{"0.75"});
}

TEST_F(Points, MeanWhatWasRecordedOrShown) {
  const std::string duration = "metric.gen_ai.client.operation.duration";
  EXPECT_EQ(ask({{duration, duration + ".sum", duration + ".count"}}), Lines{"4 16 4"});
  EXPECT_EQ(ask({.measures = {duration}, .step = "1m"}), (Lines{"12:01 2", "12:02 10"}));
  EXPECT_EQ(ask({{"metric.open", "metric.open.min", "metric.open.max"}}), Lines{"6 4 8"});
  EXPECT_EQ(ask({{"metric.queued"}}), Lines{"3"});
  EXPECT_EQ(ask({{"metric.requests.sum"}}), Lines{"77"});
}

TEST_F(Points, AreSplitAndFiltered) {
  EXPECT_EQ(ask({{"metric.spent", "metric.open"}, {"service", "attr.region"}}), Lines{"shop eu 0.75 6"});
  EXPECT_EQ(ask({.measures = {"metric.spent"}, .filter = "service=other"}), Lines{"-"});
  EXPECT_EQ(ask({.measures = {"metric.spent"}, .by = {"service"}, .filter = "service=other"}), Lines{});
  EXPECT_EQ(ask({.measures = {"metric.spent"}, .filter = "-attr.region=us model~GPT"}), Lines{"0.75"});
}

TEST_F(Points, RefuseWhatTheyDoNotKnow) {
  EXPECT_EQ(ask({{"metric.request"}}), Lines{"No metric is called request. Did you mean metric.requests?"});
  EXPECT_EQ(ask({{"metric.spent", "cost"}}),
            Lines{"cost is not of metric points, metric.NAME is: ask for them apart."});
  EXPECT_EQ(
      ask({.measures = {"metric.spent"}, .by = {"session"}}),
      Lines{"Metric points cannot be split by session; they know service, agent, model, model_requested, provider, "
            "tool, error_type, attr.NAME."});
  EXPECT_EQ(ask({.measures = {"metric.spent"}, .filter = "service=a is:error"}),
            Lines{"is:error cannot be asked of metric points; they know service, agent, model, model_requested, "
                  "provider, tool, error_type, attr.NAME."});
  EXPECT_EQ(ask({.measures = {"metric.spent"}, .filter = "refund"}).front().substr(0, 39),
            "refund cannot be asked of metric points");
}

TEST_F(Points, AreInTheCatalogue) {
  std::vector<std::string> names;
  for (const auto& metric : metrics())
    for (const auto& figure : query::figures_of(metric)) names.push_back(figure.name + " " + figure.unit);
  EXPECT_EQ(names, (Lines{"metric.gen_ai.client.operation.duration s", "metric.gen_ai.client.operation.duration.sum s",
                          "metric.gen_ai.client.operation.duration.count values", "metric.old s", "metric.open s",
                          "metric.open.min s", "metric.open.max s", "metric.queued s", "metric.queued.min s",
                          "metric.queued.max s", "metric.requests s", "metric.requests.sum s",
                          "metric.requests.sum.min s", "metric.requests.sum.max s", "metric.spent USD"}));
}

}  // namespace
}  // namespace pawl::explore
