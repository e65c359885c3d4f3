// Columns of the rows of a Pager, in this order. order_key, key, mine are Pager's own. A part of the door query.h.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "query.h"

namespace pawl::query {

// Traces (api.md Trace and more). Times ns, money pico-dollars.
enum class TraceColumn : std::uint8_t {
  order_key,           // String
  key,                 // String: 32 hex digits of the trace
  mine,                // UInt8
  trace,               // UInt128
  trace_id,            // String, as the client wrote it
  name,                // String: of the root, else of the first span
  session,             // String
  user,                // String
  agent,               // String: of the root, else the first span that names one
  agent_version,       // String
  team,                // String
  task,                // String
  outcome,             // String
  customer,            // String
  environment,         // String
  service,             // String
  start,               // Int64 ns
  duration,            // Int64 ns: first start to last end
  status,              // String: ok error blocked unfinished running
  errors,              // Int64
  spans,               // Int64, all
  llm_calls,           // Int64
  tool_calls,          // Int64
  tokens,              // Nullable(Int64): null = nothing of it is known
  cost,                // Nullable(Int128) pico-dollars: null = calls, but no cost is known
  cost_unknown_calls,  // Int64
  tags,                // Array(String), sorted
  findings,            // Array(String), sorted: what rules found in it
  title,               // String: the first words of a user in it, at most 200 bytes
  count_
};
// Sessions (ui-api.md Session).
enum class SessionColumn : std::uint8_t {
  order_key,           // String
  key,                 // String: opaque
  mine,                // UInt8
  session,             // String; "" for a trace of its own
  trace,               // UInt128: of the first trace
  trace_id,            // String: of the first trace, as the client wrote it
  name,                // String: of the first trace's root
  user,                // String
  agent,               // String
  agent_version,       // String
  team,                // String
  task,                // String
  outcome,             // String
  customer,            // String
  environment,         // String
  service,             // String
  start,               // Int64 ns
  duration,            // Int64 ns: first start to last end
  active,              // Int64 ns: sum of the times of its traces
  status,              // String: by the rule of a trace, over all its roots
  errors,              // Int64
  traces,              // Int64
  spans,               // Int64
  llm_calls,           // Int64
  tool_calls,          // Int64
  tokens,              // Nullable(Int64)
  cost,                // Nullable(Int128)
  cost_unknown_calls,  // Int64
  tags,                // Array(String)
  findings,            // Array(String)
  title,               // String: the first words of a user in it, at most 200 bytes
  count_
};
// Spans: what a list shows of them, as it is stored (ids: '' where the text is the hex of the key).
enum class SpanColumn : std::uint8_t {
  trace,               // UInt128
  span,                // UInt128
  parent,              // UInt128, 0 = root
  trace_id,            // String
  span_id,             // String
  parent_id,           // String
  start,               // Int64 ns
  duration,            // Int64 ns
  kind,                // String
  name,                // String
  status,              // String
  is_error,            // UInt8
  error_type,          // String
  error_message,       // String
  noise,               // UInt8
  session,             // String
  user,                // String
  agent,               // String
  agent_version,       // String
  team,                // String
  environment,         // String
  service,             // String
  provider,            // String
  model_requested,     // String
  model,               // String
  finish_reasons,      // Array(String)
  ttft,                // Nullable(Int64) ns
  prompt,              // String
  prompt_version,      // String
  tool,                // String
  tool_call_id,        // String
  handoff_from,        // String
  handoff_to,          // String
  tokens_input,        // Nullable(Int64) …
  tokens_cache_read,   //
  tokens_cache_write,  //
  tokens_output,       //
  tokens_reasoning,    //
  cost,                // Nullable(Int64) pico-dollars
  cost_reported,       // Nullable(Int64) pico-dollars
  cost_unknown,        // UInt8
  dialect,             // String
  counted,             // UInt8
  not_counted,         // String
  findings,            // Array(String): rules whose finding begins here
  waste,               // String: the rule by which its money was wasted
  count_
};
// Name and ClickHouse type of each column, in order.
struct RowColumn {
  std::string_view name, type;
};
std::span<const RowColumn> row_columns(Grain grain);

}  // namespace pawl::query
