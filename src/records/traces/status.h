// How a trace or a session ended, as far as its spans tell. Lists say the same in SQL (query/items.cc, query/rows.cc).
#pragma once
#include <span>

#include "row.h"

namespace pawl::traces {

// OpenTelemetry sends a span when it has ended: that one runs shows only in its children, which come first. A trace
// without a root runs as long as it got a span within this time; many never get a root (a killed process, a caller
// that is traced elsewhere).
inline constexpr Nanos still_running = 5 * minute;

// Of the spans of one or more traces: running if a root says so or one of the traces still runs, else error, blocked or
// unfinished if a root is, else ok; without any root the status of the first span.
llm::Status status_of(std::span<const SpanRow> rows, Nanos now);

}  // namespace pawl::traces
