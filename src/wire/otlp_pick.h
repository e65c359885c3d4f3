// One record of an OTLP request as a request of its own: what a quarantine keeps and sends again.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/otlp.h"

namespace pawl::otlp {

// For each of `which` (ascending; records counted from 0 in the order of a walk, refused ones included) a request with
// that record alone, its resource and its scope. The record's bytes are the same, so that its hash is too. Of traces
// and logs. Errors: `invalid` where the body is none that a walk takes, or has no such record.
Result<std::vector<std::string>> pick(std::string_view body, Signal, Encoding, std::span<const std::size_t> which);

}  // namespace pawl::otlp
