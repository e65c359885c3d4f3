// Model calls that only log records tell of: GenAI events whose span was never exported, or cannot be (ADK on Google
// Cloud with a log sink alone, SDKs whose logs are exported and whose traces are not).
//
// What the records of one span say, without their content (which is kept as content of that span in any case), becomes
// fragments of one run (run.h, RunForm::log_call); folded, they are the span that its records can rebuild: as long as
// its records lie apart, with model, usage, session, user and agent as far as they are said, and no parent.
#pragma once
#include <string>

#include "llm/run.h"
#include "llm/span.h"

namespace pawl::llm {

// What a record was of, as its sender wrote it: the span's ids, or ids made of what else tells it apart.
struct CallIds {
  Id128 trace, span;
  bool made = false;
};
// An event that tells of a model call: its messages, or the whole of it. False for one that only refers to a call (an
// evaluation), for any other record, and where neither the record nor its event says which call it is of.
bool read_call_ids(const otlp::LogRecord& record, CallIds& out);

struct LogCall {
  std::string id, object;  // of the run; its JSON
  Nanos at = 0;
};
// `reading` is what read_log made of the record; `preview` the first words of the user in it. False where a coding
// agent speaks, whose events tell their steps themselves (coding_agents.h).
bool read_log_call(const otlp::Resource&, const otlp::Scope&, const otlp::LogRecord&, const CallIds&,
                   const Reading& reading, Nanos received, std::string_view preview, LogCall& out);
Fragment fragment_of(const LogCall& call, Nanos received);
// The run's id of a span.
std::string log_call_id(const Id128& trace, const Id128& span);

void read_log_call(const Run& run, RunSpan& out);

}  // namespace pawl::llm
