// What rules find in a run: loops, retries, growing contexts, and which model calls were paid for nothing. `find` is
// pure and costs one pass over the trace; the rules and their bounds are ours, docs/reference/findings.md tells them.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "llm/span.h"

namespace pawl::llm {

// In the order in which they claim a call's money: a call that two rules call wasted is wasted once, by the first.
enum class Rule : std::uint8_t {
  retry_storm,        // a model call that failed three times in a row, each within a minute
  loop,               // the same two to four tool calls, or up to twelve answers, three times over
  repeated_call,      // one tool call with the same arguments, three times
  failure_streak,     // three failures of one tool, and no success in between
  ping_pong,          // two agents that hand over to each other three times and bring nothing new
  invalid_arguments,  // a tool refused what the model gave it
  truncated,          // an answer that ended at the limit of tokens
  abandoned,          // a run that never ended
  context_growth,     // the input of an agent's calls grew eightfold, to 8,000 tokens or more
};
inline constexpr std::size_t rule_count = 9;
std::string_view name_of(Rule rule);   // "retry_storm" …
std::string_view words_of(Rule rule);  // one sentence: when it speaks
std::optional<Rule> rule_from(std::string_view name);

// What the rules look at, of one span.
struct Seen {
  bool root = false;  // has no parent
  Kind kind = Kind::other;
  Status status = Status::ok;
  bool noise = false, counted = false;
  bool framework_tool = false;
  std::string_view label;       // of a tool its name, of a model call its model, else the span's name
  std::string_view agent;       // as the trace decided
  std::string_view handoff_to;  // of a handoff
  std::string_view error_type, error_message;
  // Hash of what it brought: of a tool call its arguments, of a model call its answer; 0 where that was not sent, or is
  // an answer too short to say the same twice by mistake.
  std::uint32_t told = 0;
  bool truncated = false;                 // `is_truncated` of one of its finish reasons
  std::optional<std::int64_t> tokens_in;  // cached ones included
  std::optional<std::int64_t> tokens_out;
  Nanos start = 0, end = 0;
};

// A finish reason of any provider that says: the limit of tokens came before the end.
bool is_truncated(std::string_view finish_reason);
// What a tool says that was called with arguments it cannot take (validators' and JSON-RPC's words).
bool is_invalid_arguments(std::string_view error_type, std::string_view error_message);

struct Finding {
  Rule rule = Rule::loop;
  std::uint32_t times = 0;          // rounds, calls or failures; of context_growth the factor
  std::vector<std::size_t> spans;   // indexes, in order of start
  std::vector<std::size_t> wasted;  // indexes of the counted model calls that were paid for nothing
};

// Of one trace. `spans` in order of start (a parent before its child). Findings come in order of their first span.
std::vector<Finding> find(std::span<const Seen> spans);

// By call: the rule whose waste it is (see Rule), where it is one's.
std::vector<std::optional<Rule>> waste_of(std::span<const Finding> findings, std::size_t spans);

}  // namespace pawl::llm
