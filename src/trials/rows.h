// Results of trials, as JSON lines: {case, trial, status?: ok | infra_error, scores: {name: number | boolean | null},
// cost_usd?: "0.01", latency_ms?, cluster?, slice?, dataset?, trace?, comment?}.
#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace pawl::trials {

struct BadRow {
  std::uint64_t line = 0;  // from 1
  std::string reason;
};
inline constexpr std::size_t shown_bad_rows = 100;  // all are counted

struct Cell {  // one metric of one case on one side
  std::uint32_t trials = 0;
  bool binary = true;  // 0 and 1 alone
  double sum = 0, squares = 0;
  double least = std::numeric_limits<double>::infinity();
  void add(double value);
  double mean() const { return sum / trials; }
  double variance() const;  // divides by trials - 1; 0 for fewer than two
};

struct SideCase {
  std::uint32_t trials = 0;                                // that are outcomes
  std::uint32_t lost = 0;                                  // trials lost to infrastructure, and not run again
  std::uint64_t line = 0;                                  // of its first row
  double worst = std::numeric_limits<double>::infinity();  // the least mean score of a trial
  std::string trace, comment;                              // of that trial
  std::vector<Cell> scores;                                // by place in Names::scores; may be shorter
  Cell cost, latency;                                      // of the trials where they are known
};

// Names shared by both sides, so that places agree.
struct Names {
  std::vector<std::string> cases, scores;
  std::unordered_map<std::string, std::uint32_t> case_places;
  std::map<std::string, std::uint32_t, std::less<>> score_places;
  // By place of the case; what its first row with one says. "" where none does.
  std::vector<std::string> families, slices;
  std::uint32_t case_place(std::string_view name);
  std::uint32_t score_place(std::string_view name);
};

struct Side {
  std::vector<SideCase> cases;       // by place; may be shorter than Names::cases
  std::vector<std::uint32_t> order;  // places in the order of the file
  std::set<std::string> datasets;    // what rows say they were run on
  std::uint64_t rows = 0;            // read, whatever became of them; blank lines are none
  std::uint64_t outcomes = 0;        // trials that count
  std::uint64_t infra_errors = 0;    // trials lost to infrastructure: no row with an outcome has their number
  std::uint64_t retried = 0;         // failed of infrastructure, and were run again
  std::uint64_t bad_count = 0;
  std::vector<BadRow> bad;  // the first of them
  const SideCase* find(std::uint32_t place) const { return place < cases.size() ? &cases[place] : nullptr; }
};

// A log of Inspect is read as its rows (inspect.h). A row that is wrong is left out and named; the others count. A
// trial that has two outcomes: the first counts.
Side read_rows(std::string text, Names& names);
// `not_found` where there is no such file; "-" is standard input.
Result<std::string> read_file(const std::string& path);

}  // namespace pawl::trials
