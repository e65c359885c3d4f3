// Logs of Inspect (UK AISI's inspect_ai) as results of trials.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl::trials {

// Rows as the gate reads them, of a log in JSON ({samples: [{id, epoch, input, target, scores: {name: {value, …}},
// …}]}); nullopt where it is none. An epoch is a trial; "C" counts as 1, "P" as a half, "I" and "N" as 0; a list or
// object of values is a score each, NAME.KEY; a sample that ended in an error is lost to infrastructure. `cluster` and
// `topic` of the metadata are the family.
std::optional<std::string> rows_of_inspect(std::string_view text);
// The log in JSON, of a `.eval` file (a zip of header.json and samples/*.json): what is read of it, samples by epoch
// and id. Any other bytes are given back. `invalid` says which member cannot be read, `exhausted` that it unpacks to
// more than 256 MB.
Result<std::string> unpacked_log(std::string bytes);
bool is_inspect(std::string_view json);  // by its members; the samples may be anything

std::string family_of(std::string_view metadata);  // its `cluster`, else its `topic`; "" where it has neither
std::string minified(std::string_view json);       // on one line; "null" where it is no JSON

}  // namespace pawl::trials
