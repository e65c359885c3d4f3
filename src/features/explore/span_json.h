// A span, a trace and a session as the JSON of api.md.
#pragma once
#include <deque>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/json.h"
#include "fresh.h"
#include "records/traces/traces.h"

namespace pawl::explore {

enum class Bodies { none, fresh, full };  // fresh: input messages that no earlier span of the answer had
std::optional<Bodies> bodies_from(std::string_view name);  // "none" "new" "full"

// What a group of spans sums up to: a subtree, a trace, a session.
struct Sums {
  std::int64_t spans = 0, errors = 0, llm_calls = 0, tool_calls = 0, tokens = 0, cost_unknown_calls = 0;
  Int128 cost = 0;
  bool any_tokens = false, any_cost = false;
  void add(const traces::SpanRow& row);
  void add(const Sums& other);
};

// Writes the spans of one answer; keeps what was already shown and how many bytes of bodies are left.
class SpanWriter {
 public:
  struct Options {
    Bodies bodies = Bodies::full;
    bool raw = false;
    std::size_t budget = 8U << 20;  // of bodies in one answer; beyond it parts are cut and say so
    std::function<std::string(const traces::SpanRow&)> explain_cost;
  };
  SpanWriter(const traces::Loaded& loaded, Options options);
  void write(JsonWriter& json, const traces::SpanRow& row);

 private:
  void write_content(JsonWriter& json, const traces::SpanRow& row);
  void write_tool(JsonWriter& json, const traces::SpanRow& row, const std::vector<traces::Piece>& pieces);

  const traces::Loaded& loaded_;
  Options options_;
  std::unordered_map<Id128, Sums> rolled_up_;  // by content_key(trace, span)
  Fresh fresh_;
};

// A Span without bodies, for lists and the live view.
void write_span_row(JsonWriter& json, const traces::SpanRow& row);

// Summary of one trace (rows of it alone, in order of start).
struct TraceSummary {
  std::string trace_id, name, session, user, agent, agent_version, team, task, outcome, customer, environment, service,
      preview;
  Nanos start = 0, end = 0;
  std::string_view status = "ok";
  Sums sums;
  std::vector<std::string> tags, findings;
  // When no model call and no tool call was at work: offset from the start and length, in order of time; their sum is
  // the measure `overhead` of this trace.
  std::vector<std::pair<Nanos, Nanos>> idle;
  Nanos overhead() const;
};
// `now`: for what still runs.
TraceSummary summarise(std::span<const traces::SpanRow> rows, Nanos now);
void write_trace(JsonWriter& json, const TraceSummary& trace);
inline constexpr std::size_t most_idle = 200;  // stretches that an answer tells, the longest
// Several traces of one session.
void write_session(JsonWriter& json, const std::string& session, const std::vector<TraceSummary>& traces,
                   std::string_view status);

double milliseconds(Nanos duration);

}  // namespace pawl::explore
