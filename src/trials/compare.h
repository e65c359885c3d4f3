// From rows of both sides to a verdict on each metric.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rows.h"
#include "stats/sequential.h"
#include "stats/verdict.h"

namespace pawl::trials {

// What is asked of a comparison.
struct Terms {
  std::vector<std::string> quality, safety;      // names of scores; none of either: every score is quality
  double margin = 0.05;                          // of quality, in points
  double cost_margin = 0.1, latency_margin = 0;  // as shares; latency is only watched where it is 0
  double alpha = 0.05;
  double infra_max = 0.05;  // share of trials that may be lost to infrastructure, or be unreadable
  bool sequential = false;  // e-processes: may be asked again as cases are added
};
// "" or what is wrong with them, in the words of the flags (--margin …).
std::string limits(const Terms& terms);

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

// Why the sides cannot be compared at all, in a sentence for who must act; "". `a_name` and `b_name` are where they
// came from.
std::string obstacle(const Terms& terms, const Side& a, const Side& b, std::string_view a_name,
                     std::string_view b_name);

// `not_found` (exit 3) where the sides have no case in common; `invalid` (exit 64) where a score that was named does
// not occur, or cannot be tested as asked.
Result<Comparison> compare(const Terms& terms, const Names& names, const Side& baseline, const Side& candidate);

}  // namespace pawl::trials
