// A run as the API answers it, as steps in the order of their tree.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/result.h"
#include "base/time.h"

namespace pawl::terminal {

struct Part {
  std::string type, text, id, name, arguments;
};
struct Said {
  std::string role;
  std::vector<Part> parts;
};
struct Step {
  std::string trace_id, span_id, parent_id, kind, name, label, agent, status, error, call_id, arguments, result;
  std::vector<Said> input, output;  // input: what no earlier step had
  std::vector<std::string> findings;
  Nanos start = 0;
  double ms = 0;
  std::optional<std::int64_t> cost, tokens;  // pico-dollars; of its own, where it counts
  bool is_error = false, noise = false, wrapper = false, duplicate = false;
  int depth = 0;
  std::vector<std::size_t> children;  // indexes, in order of start
};
struct Run {
  std::string id, title, agent, version, status;
  double ms = 0;
  std::string cost;  // "" where it is not known
  std::optional<std::int64_t> tokens;
  std::vector<Step> steps;  // parents before children
  std::vector<std::size_t> roots;
};
// Units of work: no agent that only holds others, no plumbing, no second report of a call. The page counts the same.
std::size_t steps_of(const Run& run);
// `corrupt` where the text is no such answer.
Result<Run> read_run(std::string_view json);

std::string one_line(std::string_view text);               // white space is one space; no control characters
std::string time_text(double ms);                          // "12 ms" "3.4 s" "2 m 5 s"
std::string money_text(std::optional<std::int64_t> pico);  // "$0.0123", "–"

}  // namespace pawl::terminal
