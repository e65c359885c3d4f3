// A trace as Markdown, to read outside of Pawl.
#pragma once
#include <string>
#include <string_view>

#include "records/traces/traces.h"

namespace pawl::explore {

// What was said, called and answered, in order of time; each message once, tool results in fences. `turn`: the number
// of the trace in its session, 0: it is the only one.
std::string markdown_of(const traces::Loaded& trace, std::size_t turn);
// A text that Markdown shows as it is, on one line.
std::string inline_text(std::string_view text);

}  // namespace pawl::explore
