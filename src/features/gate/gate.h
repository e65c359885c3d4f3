// The gate: may this candidate replace that baseline? From two files of results, without a server.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "trials/compare.h"

namespace pawl::gate {

using trials::Cell, trials::Changed, trials::Comparison, trials::Flaky, trials::Metric, trials::Names, trials::Role,
    trials::Side, trials::SideCase, trials::SliceResult;

// What is asked of whoever runs trials, where the cases so far cannot tell.
struct Extension {
  std::uint64_t round = 0;          // from 1
  std::uint64_t paired = 0;         // cases on both sides so far
  std::uint64_t wanted = 0;         // how many more are asked for
  std::string baseline, candidate;  // the files to which rows are added
};

struct Options : trials::Terms {
  std::string baseline, candidate;  // paths of JSON lines, see trials/rows.h
  std::string on_cannot_tell;       // "", "pass", "fail" or "extend"
  bool json = false;
  // Adds rows of further cases to both files; an error ends the looking. Used with "extend" alone.
  std::function<Result<>(const Extension&)> extend;
  std::uint64_t extend_cases = 1000, extend_step = 50;  // in all, and at once
  // Results that are kept by branch, in files of one folder.
  std::string baselines = ".pawl/baselines";
  std::vector<std::string> baseline_branches;  // the first of which results are kept is the baseline
  std::string keep_as;                         // a candidate that passes becomes this branch's baseline
  // Outputs beside the answer; "" is none.
  std::string junit, sarif, markdown, gitlab, github_summary;
  bool github = false;  // annotations
  std::string cases;    // the dataset's file: findings point at its lines
  std::string url;      // of the Pawl that has the traces: what is linked
  std::string again;    // the command that says this again
};

struct Outcome {
  int exit_code = 0;      // 0 better or no worse, 1 worse, 2 cannot tell, 3 no comparison is possible, 64 wrong usage
  std::string output;     // for standard output: JSON, or a table for people
  std::string trouble;    // for standard error: what is wrong, and what to do
  bool compared = false;  // a verdict was reached
};

Outcome run(const Options& options);

}  // namespace pawl::gate
