// Deterministic evaluators: an outcome of a case → a score. Pure; made from a file (TOML or JSON).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "records/datasets/datasets.h"

namespace pawl::evals {

struct Outcome {           // of one trial
  std::string output;      // JSON value, or "" where there is none
  std::string trajectory;  // JSON: [{name, arguments}], or ""
  std::optional<double> cost_usd, latency_ms, tokens;
  bool failed = false;  // crashed, ran out of time, answered nonsense: an outcome, every score is 0
  std::string comment, trace;
};

struct Evaluator {
  std::string name, kind;
  std::string value;  // of contains, not_contains, regex: what is looked for; "": the expected outcome
  bool ignore_case = false;
  double most = 0;                                    // of cost, latency, tokens, steps
  double absolute = 0, relative = 0;                  // of numeric
  std::string metric = "exact", arguments = "exact";  // of trajectory
};

// [[evaluator]] tables with name, kind and what the kind knows; JSON: {"evaluator": [...]}. `invalid` says which one
// and why, with the nearest known word.
Result<std::vector<Evaluator>> read_evaluators(std::string_view text, bool json);
std::string known_kinds();

struct Given {
  std::optional<double> score;  // empty: it says nothing of this case (nothing is expected)
  std::string comment;
};
Given evaluate(const Evaluator& evaluator, const datasets::Item& item, const Outcome& outcome);

}  // namespace pawl::evals
