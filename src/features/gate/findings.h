// What the gate has found, one by one: what annotations, SARIF and code quality show.
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "gate.h"
#include "trials/compare.h"

namespace pawl::gate {

// Everything that an output tells from.
struct Told {
  const Options& options;
  const Names& names;
  const Side& baseline;
  const Side& candidate;
  const Comparison* comparison = nullptr;  // null where no comparison is possible
  std::string reason;                      // why, then
  int exit_code = 0;
};

enum class Level : std::uint8_t { error, warning, note };

struct Finding {
  Level level = Level::note;
  std::string rule;       // "quality/NAME", "safety/NAME", "cost/cost_usd", "flaky", "infrastructure"
  std::string case_name;  // "" where it is about the whole
  std::string text;       // as it came: each format escapes by itself; may have several lines
  std::string trace;      // of the worst trial, "" where the rows name none
  std::string file;       // and where the case stands; line 0: the file only
  std::uint64_t line = 0;
};

// Errors first, then warnings, then notes; of each, the worst first.
std::vector<Finding> findings(const Told& told);

// Where cases stand in a dataset's file of JSON lines ("id" or "case"). `not_found` where it cannot be read.
Result<std::unordered_map<std::string, std::uint64_t>> lines_of_cases(const std::string& path);

// Sentences that several formats share.
std::string heading(const Told& told);          // "pawl gate: no worse"
std::string change_text(const Metric& metric);  // "0.82 → 0.745 (-0.075, bounds [-0.11, -0.04], p 0.003)"
std::string case_text(const Told& told, std::string_view case_name, const std::string& metric);  // "0/5 trials pass, …"
std::string trace_url(const Told& told, std::string_view trace);  // "" where there is none

}  // namespace pawl::gate
