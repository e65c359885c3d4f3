// The gate: may this candidate replace that baseline? From two files of results, without a server.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace pawl::gate {

struct Options {
  std::string baseline, candidate;               // paths of JSON lines, see rows.h
  std::vector<std::string> quality, safety;      // names of scores; none of either: every score is quality
  double margin = 0.05;                          // of quality, in points
  double cost_margin = 0.1, latency_margin = 0;  // as shares; latency is only watched where it is 0
  double alpha = 0.05;
  double infra_max = 0.05;     // share of trials that may be lost to infrastructure, or be unreadable
  bool sequential = false;     // e-processes: may be asked again as cases are added
  std::string on_cannot_tell;  // "", "pass" or "fail"
  bool json = false;
};

struct Outcome {
  int exit_code = 0;    // 0 better or no worse, 1 worse, 2 cannot tell, 3 no comparison is possible, 64 wrong usage
  std::string output;   // for standard output: JSON, or a table for people
  std::string trouble;  // for standard error: what is wrong, and what to do
};

Outcome run(const Options& options);

}  // namespace pawl::gate
