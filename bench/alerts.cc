// How well alerts detect and explain, on labelled series and planted causes, beside the simple methods.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>

#include "bench.h"
#include "stats/labels.h"
#include "stats/planted.h"
#include "wire/compress.h"

namespace pawl::bench {
namespace {

using stats::Direction;
using stats::Series;

std::string fixture(const std::string& name) {
  std::ifstream file("tests/fixtures/series/" + name, std::ios::binary);
  auto text = decompress("zstd", std::string(std::istreambuf_iterator<char>(file), {}), std::size_t{1} << 28);
  return text ? *text : "";
}

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::vector<double> warm(const Series& series) {  // what happened in the first 14 days
  std::vector<double> seen;
  const auto n = std::min(series.values.size(), static_cast<std::size_t>(14 * 86400 / series.step));
  std::ranges::copy_if(series.values.begin(), series.values.begin() + static_cast<std::ptrdiff_t>(n),
                       std::back_inserter(seen), [](double v) { return !std::isnan(v); });
  std::ranges::sort(seen);
  return seen;
}

// Outside of fixed limits for two buckets, over after six inside.
std::vector<stats::Firing> outside(const Series& series, double low, double high) {
  std::vector<stats::Firing> firings;
  int run = 0, clean = 0;
  bool on = false;
  for (std::size_t i = static_cast<std::size_t>(14 * 86400 / series.step); i < series.values.size(); ++i) {
    const double v = series.values[i];
    const bool bad =
        (series.direction != Direction::down && v > high) || (series.direction != Direction::up && v < low);
    run = bad ? run + 1 : 0, clean = bad ? 0 : clean + 1;
    if (!on && run >= 2) firings.push_back({.fired_at = series.at(i)}), on = true;
    if (on && clean >= 6) firings.back().resolved_at = series.at(i), on = false;
  }
  return firings;
}

std::vector<stats::Firing> quantile_limits(const Series& series) {
  const auto seen = warm(series);
  if (seen.empty()) return {};
  const auto at = [&](double q) { return seen[static_cast<std::size_t>(q * static_cast<double>(seen.size() - 1))]; };
  return outside(series, at(.001), at(.999));
}

std::vector<stats::Firing> deviation_limits(const Series& series) {
  const auto seen = warm(series);
  double sum = 0, squares = 0;
  for (const double v : seen) sum += v, squares += v * v;
  const double n = static_cast<double>(seen.size()), mean = sum / n,
               spread = std::sqrt(std::max(0.0, squares / n - mean * mean));
  return outside(series, mean - 4 * spread, mean + 4 * spread);
}

void detection() {
  const auto all = stats::parse_labelled(fixture("labelled.jsonl.zst"));
  if (!all || all->empty()) {
    fmt::print("no labelled series: run this from the root of the tree\n");
    return;
  }
  struct Method {
    std::string_view name;
    std::function<std::vector<stats::Firing>(const Series&)> run;
  };
  const auto rule = [](std::string kind) {
    return [kind](const Series& series) { return *stats::backtest(series, {.kind = kind}); };
  };
  const std::vector<Method> methods = {{"rule anomaly", rule("anomaly")},
                                       {"fixed, 99.9 % quantile", quantile_limits},
                                       {"fixed, mean ± 4 sd", deviation_limits},
                                       {"rule change (same hour last week)", rule("change")},
                                       {"rule page_hinkley", rule("page_hinkley")}};
  fmt::print("\nDetection of {} labelled series, by events\n{:36} {:>5} {:>6} {:>5} {:>17} {:>12} {:>14}\n",
             all->size(), "method", "P", "R", "F1", "false/series-week", "delay p50", "ms/series");
  for (const auto& method : methods) {
    stats::Marks marks;
    const double before = processor_seconds();
    for (const auto& one : *all) marks.add(one, method.run(one.series));
    const double ms = (processor_seconds() - before) * 1000 / static_cast<double>(all->size());
    fmt::print("{:36} {:5.3f} {:6.3f} {:5.3f} {:17.3f} {:8.1f} min {:14.1f}\n", method.name, marks.precision(),
               marks.recall(), marks.f1(), marks.wrong_per_week(), marks.median_delay(), ms);
  }
}

void explanation() {
  const auto cases = stats::parse_planted(fixture("rca_cases.json.zst"), fixture("rca_truth.json.zst"));
  if (!cases || cases->empty()) return;
  stats::Found found;
  double longest = 0, all = 0;
  for (const auto& one : *cases) {
    const double before = processor_seconds();
    const auto answer = stats::explain(one.leaves, one.dimensions.size());
    const double ms = (processor_seconds() - before) * 1000;
    longest = std::max(longest, ms), all += ms;
    mark(one, answer, found);
  }
  fmt::print("\nExplanation of {} planted causes: exact sets F1 {:.3f}; {:.1f} ms each, {:.1f} ms the longest\n",
             cases->size(), found.f1(), all / static_cast<double>(cases->size()), longest);
}

}  // namespace

void run_alerts() {
  detection();
  explanation();
}

}  // namespace pawl::bench
