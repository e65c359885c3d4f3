// What every teller of a comparison shares: the gate's outputs and the API.
#pragma once
#include <string>
#include <string_view>

#include "base/json.h"
#include "compare.h"

namespace pawl::trials {

// Members of an open object: {cases, baseline, candidate, diff, ci, p, p_adjusted, verdict}.
void write_judgement(JsonWriter& json, const stats::Judgement& judged);
void write_metric(JsonWriter& json, const Metric& metric);  // an object

// Without what could move the cursor, start a line, or be a command to GitHub's runner at the start of one: control
// characters as \n, \x1b …
std::string printable(std::string_view text);

}  // namespace pawl::trials
