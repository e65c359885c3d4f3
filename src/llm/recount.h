// What counts in a whole trace: `recount` is pure and idempotent (data.md "What counts", conventions.md rules 2, 5, 8).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "llm/span.h"

namespace pawl::llm {

enum class NotCounted : std::uint8_t {
  counted,
  no_usage,   // not an llm or embedding span, or one that says nothing of tokens: nothing to count
  wrapper,    // a descendant carries the usage
  duplicate,  // the same model call, reported by another span
};
std::string_view name_of(NotCounted why);

// Whose cost it is, and of which task (conventions.md rule 9): each its own, else that of the nearest span above that
// has one, else that of the trace where it has exactly one.
struct Whose {
  std::string_view team, task, outcome, customer;
};
inline constexpr std::string_view Whose::* const whose_fields[] = {&Whose::team, &Whose::task, &Whose::outcome,
                                                                   &Whose::customer};

// The facts of one span that decide what counts.
struct Fact {
  Id128 span, parent;
  Kind kind = Kind::other;
  Status status = Status::ok;
  bool noise = false, wrapper_usage = false, framework_tool = false;
  bool session_weak = false;  // Reading::session_weak
  Tokens tokens;
  Nanos start = 0, end = 0;
  std::string_view model, response_id, session, user, agent, name, tool_name, error_message, scope, handoff_to;
  Whose whose;                       // as read
  std::uint32_t content_pieces = 0;  // how much it tells: the richer report of a call counts
};

struct Verdict {
  NotCounted why = NotCounted::counted;
  bool fallback = false;           // counted although no llm or embedding span has usage (rule 2d)
  bool is_error = false;           // the deepest span that failed (rule 5); ancestors that pass it on are not
  Kind kind = Kind::other;         // as read, or corrected by the trace (e.g. LLM report of a call twice)
  bool noise = false;              // as read, or set by the trace on the second report of one step
  std::string_view session, user;  // its own, or spread where the trace has exactly one (rule 8)
  std::string_view agent;          // its own, or that of the nearest ancestor with one
  std::string_view handoff_to;     // of a handoff: its own, or the agent that starts next
  std::string_view model;          // of a model call: its own, or that of the nearest span above that names one
  Whose whose;
};

// `Fact::kind` is the kind as read, never a corrected one: keep it beside the corrected kind.
// verdicts[i] belongs to facts[i]. Any order of facts gives the same verdicts. Cycles and orphans are harmless.
std::vector<Verdict> recount(const std::vector<Fact>& facts);

}  // namespace pawl::llm
