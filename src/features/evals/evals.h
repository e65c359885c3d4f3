// Experiments on the command line's side: an agent that is a command, on the cases of a file; results as the gate reads
// them (docs/guides/evals.md).
#pragma once
#include <functional>
#include <string>

#include "base/result.h"

namespace pawl::evals {

struct Options {
  std::string cases, agent, evaluators, out;  // files; the agent is a line of the shell
  std::string split;                          // "": all that are not retired
  std::uint64_t trials = 1, concurrency = 4, retries = 3;
  double timeout_s = 120, spend_cap_usd = 0;  // 0: no cap
};

struct Progress {
  std::uint64_t done = 0, all = 0, infra_errors = 0;
  double spent_usd = 0;
};

struct Report {
  std::uint64_t ran = 0, there = 0, failed = 0, infra_errors = 0, left = 0;
  double spent_usd = 0;  // by this run
  bool capped = false;
};

// Runs what the results do not hold yet: a trial with an outcome is never run twice, whatever ended the run before.
// A line is on the disk before the next trial of that worker begins. `invalid` for what is wrong with the files.
Result<Report> run(const Options& options, const std::function<void(const Progress&)>& tell);

}  // namespace pawl::evals
