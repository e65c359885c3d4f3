// The gate's answer, as JSON and as a table for people.
#pragma once
#include <string>

#include "compare.h"

namespace pawl::gate {

int exit_code_of(stats::Verdict verdict, const Options& options);
std::string to_json(const Comparison& comparison, const Side& baseline, const Side& candidate);
std::string to_table(const Comparison& comparison, const Options& options, const Side& baseline, const Side& candidate);
// Where no comparison is possible: the counts, and why.
std::string to_json(std::string_view reason, const Side& baseline, const Side& candidate);

// Bad rows, line by line, for standard error; "" where there are none.
std::string bad_rows_text(const Options& options, const Side& baseline, const Side& candidate);
// Without what could move the cursor or start a line: control characters as \n, \x1b …
std::string printable(std::string_view text);

}  // namespace pawl::gate
