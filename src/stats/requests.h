// `pawl stats --json`: every formula of this folder by name, a JSON object a line in, one a line out.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pawl::stats {

// In: {id, fn, in: {…}}; out: {id, out: {…}} or {id, error: {code, message}} with code "invalid" (what is asked for
// cannot be computed; the message says why) or "unknown_fn". A line that is no JSON gets the id null. Names and fields:
// docs/reference/stats.md. Numbers that do not exist are null. No line end at the end.
std::string answer(std::string_view line);

std::vector<std::string_view> function_names();

}  // namespace pawl::stats
