// Deterministic evaluators: an outcome of a case → a score. Pure; made from a file (TOML or JSON).
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "records/datasets/datasets.h"

namespace pawl::trials {

struct Outcome {           // of one trial
  std::string output;      // JSON value, or "" where there is none
  std::string trajectory;  // JSON: [{name, arguments}], or ""
  std::optional<double> cost_usd, latency_ms, tokens;
  bool failed = false;  // crashed, ran out of time, answered nonsense: an outcome, every score is 0
  std::string comment, trace;
  std::string tools = {};  // JSON: what the agent may call, as SDKs write it ([{name, parameters}] …), or ""
};

struct Prepared;  // expressions and schemas, compiled once

struct Evaluator {
  std::string name, kind;
  std::string value;  // of contains, not_contains, regex: what is looked for; "": the expected outcome
  bool ignore_case = false, negated = false;
  double most = 0;                                    // of cost, latency, tokens, steps, called
  double least = 1;                                   // of called; of similar what passes, 0: the likeness is the score
  double absolute = 0, relative = 0;                  // of numeric
  std::string metric = "exact", arguments = "exact";  // of trajectory; metric of similar too
  std::string tool;                                   // of called, arguments
  bool every = false;                                 // of arguments: every call of the tool, not only one
  std::string schema, tools, rules;                   // JSON, of schema, tool_calls, arguments
  std::string formula, parts;                         // of formula; parts: JSON, evaluators by their names in it
  std::string source;                                 // of kept: as the other tool has it
  std::string command;                                // of program: a line of the shell
  double timeout_s = 30, memory_mb = 1024;            // of program
  std::shared_ptr<const Prepared> prepared = {};

  bool is_program() const { return kind == "program"; }
};

struct Field {                  // of a kind
  std::string_view name, type;  // text number boolean choice json
  std::string_view choices;     // with spaces between
  bool needed;
  std::string_view one;  // what it is
};
struct Kind {
  std::string_view name, one;
  std::span<const Field> fields;
};
std::span<const Kind> kinds();

// [[evaluator]] tables with name, kind and what the kind knows; JSON: {"evaluator": [...]}. `invalid` says which one
// and why, with the nearest known word.
Result<std::vector<Evaluator>> read_evaluators(std::string_view text, bool json);
std::string known_kinds();
// One of what a case asserts: an evaluator as an object, beside weight, score and not. No program, and no asserts
// again.
Result<Evaluator> read_assert(std::string_view json);
// What a score is said to be by: 12 digits that change with what they do.
std::string version_of(std::string_view text);

struct Given {
  std::optional<double> score;  // empty: it says nothing of this case (nothing is expected)
  std::string comment;
};
// Not of programs: those are asked elsewhere, and here say nothing.
Given evaluate(const Evaluator& evaluator, const datasets::Item& item, const Outcome& outcome);

}  // namespace pawl::trials
