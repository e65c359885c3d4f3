// One trial: the agent's process, its answer, its end.
#pragma once
#include <string>

#include "trials/evaluators.h"

namespace pawl::evals {

using trials::Evaluator, trials::Outcome;

struct Tried {
  trials::Outcome outcome;
  bool infra_error = false;  // exit code 75 (EX_TEMPFAIL), or it could not be started: no outcome
};
// Runs `sh -c agent` in a process group of its own; the request on its standard input, its standard error is ours.
// What it prints is a JSON object {output, trajectory?, cost_usd?, tokens?, trace?}, or else the output as text.
// Out of time, a crash and more than 16 MB are outcomes that failed.
Tried try_once(const std::string& agent, const std::string& request, const std::string& trial_id, double timeout_s);

}  // namespace pawl::evals
