// The rows of the warehouse's trace tables as values: what a span, its content and a body are when stored.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/money.h"
#include "base/time.h"
#include "llm/findings.h"
#include "llm/recount.h"
#include "llm/span.h"
#include "wire/native.h"

namespace pawl::traces {

using ProjectId = std::uint32_t;
using BatchNumber = std::uint64_t;

// One row of `spans` (schema.h says what each column means).
struct SpanRow {
  ProjectId project = 0;
  Id128 trace, span, parent;
  std::string trace_id, span_id, parent_id;  // the client's own text where it is not the key's lower-case hex
  Nanos start = 0, duration = 0, received = 0;
  llm::Kind kind = llm::Kind::other;
  std::string name;
  llm::Status status = llm::Status::ok;
  bool is_error = false;
  std::string error_type, error_message;
  bool noise = false, framework_tool = false, wrapper_usage = false, clock = false;
  std::string session, user, agent, agent_version, team, task, outcome, customer, environment, service;
  std::vector<std::string> tags;
  std::string provider, model_requested, model;
  std::vector<std::string> finish_reasons;
  std::optional<Nanos> ttft;
  std::string prompt, prompt_version, tool, tool_call_id, handoff_from, handoff_to, response_id;
  std::optional<std::int64_t> tokens_input, tokens_cache_read, tokens_cache_write, tokens_output, tokens_reasoning;
  std::vector<std::pair<std::string, std::int64_t>> tokens_other;
  std::optional<std::int64_t> cost, cost_reported;  // pico-dollars
  std::string price_row;
  bool cost_unknown = false;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string preview;        // the first words that this span was the first to bring: of the user, for titles
  std::string events, links;  // JSON arrays, or ""
  std::string dialect, scope;
  bool counted = false;
  llm::NotCounted not_counted = llm::NotCounted::no_usage;
  float weight = 1;
  Id128 record;
  std::int8_t sign = 1;
  BatchNumber batch = 0;

  // As read, before the trace had its say (recount may change them; the originals are kept to run it again).
  llm::Kind read_kind = llm::Kind::other;
  std::string read_session, read_user, read_agent, read_handoff_to;
  bool read_noise = false, session_weak = false;
  bool unpriced = false;     // not stored: the trace named its model, its price is to be looked up
  std::uint16_t pieces = 0;  // of content that is no mere attribute: how much it tells
  std::uint8_t spread = 0;   // which of llm::whose_fields (a bit each) the trace filled

  std::uint32_t told = 0;             // llm::Seen::told
  std::vector<std::string> findings;  // rules whose finding begins here (llm/findings.h)
  std::string waste;                  // the rule that calls the money of this model call wasted

  std::string shown_trace_id() const;
  std::string shown_span_id() const;
  std::string shown_parent_id() const;  // "" where it has none
  std::optional<std::int64_t> cost_or_reported() const { return cost ? cost : cost_reported; }
  std::int64_t tokens() const;
};

// Attributes of ours, by which a filter finds what a step changed of the session's state.
inline constexpr std::string_view state_attribute = "pawl.state.";

// One stored piece of content: where its bytes are and how to read them.
struct PieceRef {
  llm::Slot slot = llm::Slot::attribute;
  llm::Format format = llm::Format::text;
  std::string key, role;
  Id128 scope, hash;
  std::uint32_t size = 0;
};

// One row of `span_content`: what one carrier (the span itself, or a log record) brought.
struct ContentRow {
  ProjectId project = 0;
  Id128 scope, trace, span;
  Nanos at = 0;
  bool from_log = false;
  std::vector<PieceRef> pieces;
  Id128 record;
  std::int8_t sign = 1;
  BatchNumber batch = 0;
};

// Of a span's record; tells it from other versions of the same span and from the records of its batch: 64 bits are
// enough, and random bytes are what no codec makes smaller. (A log record has no id: it is known by 128.)
inline Id128 record_hash(std::string_view raw) {
  return {0, hash128(raw).low};
}

struct BodyRow {
  ProjectId project = 0;
  Id128 scope, hash;
  Nanos at = 0;  // received
  Id128 trace, span;
  llm::Slot slot = llm::Slot::attribute;
  std::string bytes;
  BatchNumber batch = 0;
};

// How long before its receipt a row may stand: five years of history can be imported, and a client with a wild clock
// still makes fewer partitions (by month) than a block may have (100).
inline constexpr Nanos longest_ago = 1830 * day;
// The minute that orders and partitions a row: the start, clamped to [received - longest_ago, received + 1 d].
std::uint32_t minute_of(const SpanRow& row);
// YYYYMM of that minute, the partition.
std::uint32_t partition_of(const SpanRow& row);

// Whether full text looks into such a body: its bytes stand in the column `text` then, else in `bytes`.
bool is_searched(llm::Slot slot);

// Blocks for INSERT; the order of columns is schema.h's.
class SpanBlock {
 public:
  SpanBlock();
  void add(const SpanRow& row);
  const native::Block& block() const { return block_; }
  void clear() { block_.clear(); }

 private:
  native::Block block_;
  std::vector<native::Column*> columns_;
};
class ContentBlock {
 public:
  ContentBlock();
  void add(const ContentRow& row);
  const native::Block& block() const { return block_; }

 private:
  native::Block block_;
  std::vector<native::Column*> columns_;
};
class BodyBlock {
 public:
  BodyBlock();
  void add(const BodyRow& row);
  const native::Block& block() const { return block_; }

 private:
  native::Block block_;
  std::vector<native::Column*> columns_;
};

// For SELECT: the columns that `read_span_row` expects, in its order.
std::string_view span_columns();
SpanRow read_span_row(const native::Rows& rows, std::size_t row);
std::string_view content_columns();
ContentRow read_content_row(const native::Rows& rows, std::size_t row);

// Removes each row that a later row with sign -1 takes back. What is left is what holds, one row a span (the latest; a
// row that was rebuilt from log records only where no other stands), in order of start; the returned rows are the other
// ones of the same span that nothing has taken back yet.
std::vector<SpanRow> settle(std::vector<SpanRow>& rows);

// The facts that `recount` needs; views into the row.
llm::Fact fact_of(const SpanRow& row);
// Puts what the trace decided into the row. True where that changed a stored column.
bool apply(const llm::Verdict& verdict, SpanRow& row);

// What the rules of findings look at; views into the row, which the trace has had its say on.
llm::Seen seen_of(const SpanRow& row);
// Puts what the rules find in this trace into its rows, and sets `changed` of those where that is news.
bool mark_findings(std::span<SpanRow* const> rows, std::vector<bool>& changed);

}  // namespace pawl::traces
