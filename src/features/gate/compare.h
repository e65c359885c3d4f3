// From rows of both sides to a verdict on each metric.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gate.h"
#include "rows.h"
#include "stats/sequential.h"
#include "stats/verdict.h"

namespace pawl::gate {

enum class Role : std::uint8_t { quality, safety, cost, latency, watched };
std::string_view name_of(Role role);

struct Metric {
  std::string name;
  Role role = Role::watched;
  bool gated = false;
  double margin = 0;
  stats::Judgement judged;
  std::optional<stats::Sequential> sequential;
  std::uint64_t nulls = 0, outcomes = 0;  // of paired cases: outcomes without a value, and all
  std::uint64_t cases_left_out = 0;       // paired cases without a known value on both sides
  std::vector<std::string> new_failures;  // safety: cases that were clean and are no more
  std::uint64_t clean_before = 0;         // safety: cases that were clean on the baseline
  std::string note;
};

struct Flaky {  // a case that passes sometimes on the candidate
  std::string case_name, metric;
  std::uint32_t passed = 0, trials = 0;
  stats::Interval ci;       // Wilson, of its rate
  std::string_view before;  // "passed", "failed", "flaky": on the baseline
  bool fresh = false;       // passed each of at least 3 trials before
};

struct Changed {  // a case whose mean fell
  std::string case_name, metric;
  double baseline = 0, candidate = 0;
  std::optional<double> p, p_adjusted;  // Fisher, one-sided, of boolean scores; by Benjamini–Hochberg over all cases
  bool regressed = false;               // p_adjusted <= .05; else it has changed, which trials of one case cannot tell
};

struct SliceResult {
  std::string slice, metric;
  stats::Judgement judged;
};

struct Comparison {
  std::vector<Metric> metrics;
  std::uint64_t paired = 0, only_baseline = 0, only_candidate = 0;
  std::vector<Flaky> flaky;      // fresh ones first
  std::vector<Changed> changed;  // worst first
  std::vector<SliceResult> slices;
  stats::Verdict verdict = stats::Verdict::cannot_tell;
  std::vector<std::string> notes;
};

// `not_found` (exit 3) where the sides have no case in common; `invalid` (exit 64) where a score that was named does
// not occur, or cannot be tested as asked.
Result<Comparison> compare(const Options& options, const Names& names, const Side& baseline, const Side& candidate);

}  // namespace pawl::gate
