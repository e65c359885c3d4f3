// A trace as Markdown, to read outside of Pawl.
#pragma once
#include <string>
#include <string_view>

#include "fresh.h"
#include "records/traces/traces.h"

namespace pawl::explore {

// What was said, called and answered, in order of time; each message once, tool results in fences. `turn`: the number
// of the trace in its session, 0: it is the only one. `heard`: what the traces before it said.
std::string markdown_of(const traces::Loaded& trace, std::size_t turn, Fresh& heard);
// A text that Markdown shows as it is, on one line.
std::string inline_text(std::string_view text);

}  // namespace pawl::explore
