// What a real Prometheus 2.42 answered to 153 questions about the same samples.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "base/text.h"
#include "promql/eval.h"
#include "wire/compress.h"

namespace pawl::promql {
namespace {

namespace sj = simdjson;

Pairs pairs_of(sj::dom::element object) {
  Pairs out;
  for (const auto [key, value] : sj::dom::object(object)) out.emplace_back(key, std::string_view(value));
  return out;
}

Sample sample_of(sj::dom::element pair) {
  return {std::llround(double(pair.at(0)) * 1000), parse_double(std::string_view(pair.at(1))).value_or(NAN)};
}

std::vector<Series> all_samples(sj::dom::element document) {
  std::vector<Series> out;
  for (const auto one : sj::dom::array(document["samples"])) {
    Series series{.labels = pairs_of(one["labels"])};
    series.labels.emplace_back(metric_name, std::string_view(one["name"]));
    for (const auto pair : sj::dom::array(one["samples"]))
      series.samples.push_back({std::llround(double(pair.at(0)) * 1000), double(pair.at(1))});
    out.push_back(std::move(series));
  }
  return out;
}

Source over(const std::vector<Series>& all) {
  return [&all](const std::vector<Wanted>& wanted) -> Result<std::vector<std::vector<Series>>> {
    std::vector<std::vector<Series>> out;
    for (const Wanted& one : wanted) {
      auto& found = out.emplace_back();
      for (const Series& series : all) {
        const std::map<std::string, std::string> labels(series.labels.begin(), series.labels.end());
        bool holds = true;
        for (const Matcher& matcher : one.selector->matchers) {
          const auto label = labels.find(matcher.name);
          holds = holds && matcher.holds(label == labels.end() ? "" : label->second);
        }
        if (!holds) continue;
        Series cut{.labels = series.labels};
        for (const Sample& sample : series.samples)
          if (sample.at >= one.from && sample.at <= one.to) cut.samples.push_back(sample);
        found.push_back(std::move(cut));
      }
    }
    return out;
  };
}

bool alike(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) == std::isnan(b);
  return a == b || std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

void expect_samples(const std::vector<Sample>& ours, const std::vector<Sample>& theirs) {
  ASSERT_EQ(ours.size(), theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_EQ(ours[i].at, theirs[i].at);
    EXPECT_TRUE(alike(ours[i].value, theirs[i].value)) << ours[i].value << " is not " << theirs[i].value;
  }
}

void expect_answer(const Answer& ours, sj::dom::element body, bool ordered) {
  const std::string_view type = body["data"]["resultType"];
  const sj::dom::element result = body["data"]["result"];
  EXPECT_EQ(type, ours.type == ValueType::scalar ? "scalar" : ours.type == ValueType::vector ? "vector" : "matrix");
  if (ours.type == ValueType::scalar) {
    EXPECT_TRUE(alike(ours.scalar, sample_of(result).value));
    return;
  }
  std::vector<Line> theirs;
  for (const auto line : sj::dom::array(result)) {
    Line& one = theirs.emplace_back();
    one.labels = pairs_of(line["metric"]);
    sj::dom::element values;
    if (line["value"].get(values) == sj::SUCCESS) one.samples.push_back(sample_of(values));
    if (line["values"].get(values) == sj::SUCCESS)
      for (const auto pair : sj::dom::array(values)) one.samples.push_back(sample_of(pair));
  }
  std::vector<Line> mine = ours.lines;
  for (auto* lines : {&mine, &theirs}) {
    for (Line& line : *lines) std::ranges::sort(line.labels);
    if (!ordered) std::ranges::sort(*lines, {}, &Line::labels);
  }
  ASSERT_EQ(mine.size(), theirs.size());
  for (std::size_t i = 0; i < mine.size(); ++i) {
    EXPECT_EQ(mine[i].labels, theirs[i].labels);
    expect_samples(mine[i].samples, theirs[i].samples);
  }
}

TEST(Promql, AnswersWhatPrometheusAnswers) {
  std::ifstream file("tests/fixtures/prometheus/promql_vectors.json.zst", std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  const auto text = decompress("zstd", bytes.str(), 10 << 20);
  ASSERT_TRUE(text) << text.error().what;
  sj::dom::parser parser;
  const sj::dom::element document = parser.parse(*text);
  const auto samples = all_samples(document);
  const Source source = over(samples);
  const Limits limits;
  int asked = 0;
  for (const auto one : sj::dom::array(document["cases"])) {
    const std::string_view query = one["params"]["query"];
    SCOPED_TRACE(fmt::format("{} {}", std::string_view(one["endpoint"]), query));
    const auto expr = parse(query);
    ASSERT_TRUE(expr) << expr.error().what;
    const auto again = parse(print(*expr));
    ASSERT_TRUE(again) << print(*expr);
    EXPECT_EQ(print(*again), print(*expr));
    const auto ms = [&](const char* name) {
      return std::llround(*parse_double(std::string_view(one["params"][name])) * 1000);
    };
    const bool ranged = std::string_view(one["endpoint"]) == "query_range";
    const auto answer = ranged ? evaluate(*again, ms("start"), ms("end"), ms("step"), source, limits)
                               : evaluate(*again, ms("time"), source, limits);
    ASSERT_TRUE(answer) << answer.error().what;
    const bool ordered = query.starts_with("sort") || query.starts_with("topk") || query.starts_with("bottomk");
    expect_answer(*answer, one["answer"]["body"], ordered && !ranged);
    ++asked;
  }
  EXPECT_EQ(asked, 153);
}

}  // namespace
}  // namespace pawl::promql
