// The gate's answer, as JSON and as a table for people.
#pragma once
#include <string>

#include "gate.h"
#include "trials/compare.h"
#include "trials/write.h"

namespace pawl::gate {

int exit_code_of(stats::Verdict verdict, const Options& options);
std::string to_json(const Comparison& comparison, const Side& baseline, const Side& candidate);
std::string to_table(const Comparison& comparison, const Options& options, const Side& baseline, const Side& candidate);
// Where no comparison is possible: the counts, and why.
std::string to_json(std::string_view reason, const Side& baseline, const Side& candidate);

// Bad rows, line by line, for standard error; "" where there are none.
std::string bad_rows_text(const Options& options, const Side& baseline, const Side& candidate);
// Words that every output shares.
std::string words_of(stats::Verdict verdict);  // "no worse"
std::string number_text(double value);         // four digits, or ∞
std::string p_text(double p);                  // "0.012", or "<.001"
std::string more_text(const Metric& metric);   // what would tell; "" where it has told
std::string uri_of(const std::string& path);   // a relative reference as SARIF wants it
using trials::printable;

}  // namespace pawl::gate
