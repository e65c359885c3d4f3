// Scores firings against labelled incidents, at the level of events: what `make bench` prints and tests hold us to.
// A firing detects an incident if it starts in [start − 1 bucket, end + 3 buckets); one an incident, more are repeats.
// A start within an hour after an end or in an ignored window counts for nothing; every other one is false. The first
// 14 days do not count.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "stats/backtest.h"

namespace pawl::stats {

struct Labelled {
  struct Span {
    std::int64_t from = 0, to = 0;  // buckets, half open
    std::string kind;
  };
  Series series;
  std::vector<Span> incidents, ignored;
};
// One JSON object a line: a series (stats/series.h) with labels: {incidents, ignore: [{start_index, end_index, kind}]}.
Result<std::vector<Labelled>> parse_labelled(std::string_view lines);

struct Marks {
  std::size_t incidents = 0, detected = 0, repeats = 0, wrong = 0;
  double weeks = 0;
  std::vector<double> delays;  // minutes
  void add(const Labelled& labelled, const std::vector<Firing>& firings);
  double precision() const;
  double recall() const;
  double f1() const;
  double wrong_per_week() const { return weeks > 0 ? static_cast<double>(wrong) / weeks : 0; }
  double median_delay() const;  // minutes; 0 where nothing was detected
};

}  // namespace pawl::stats
