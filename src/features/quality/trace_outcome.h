// What a trace says that an agent did: as a case, as an outcome to be judged, and the span of a call.
#pragma once
#include "records/projects/projects.h"
#include "records/traces/traces.h"
#include "trials/align.h"
#include "trials/evaluators.h"

namespace pawl::quality {

using projects::ProjectId;

// Input, last answer (as `expected`), calls; what tools answered is in the metadata. Not empty: `loaded.spans`.
datasets::Item item_of(const traces::Loaded& loaded);

struct TraceOutcome {
  datasets::Item item;  // its input; `expected` is what came out
  trials::Outcome outcome;
  std::string trace, name;
  Nanos start = 0;
};
Result<TraceOutcome> outcome_of_trace(warehouse::Warehouse& store, ProjectId project, std::string_view trace);

struct SpanSeen {
  std::string trace, span_id, name;
};
// The span that made the call at `place` of `calls`; where no span is of that name, the trace's last tool, or its root.
std::optional<SpanSeen> span_of_call(warehouse::Warehouse& store, ProjectId project, std::string_view trace,
                                     const std::vector<trials::CallSeen>& calls, std::size_t place);

}  // namespace pawl::quality
