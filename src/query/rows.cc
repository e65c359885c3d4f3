// List rows: every column of a trace, session or span, from live rows only.
#include "rows.h"

#include "base/text.h"
#include "records/traces/traces.h"

namespace pawl::query {
namespace {

constexpr RowColumn trace_columns[] = {
    {"order_key", "String"},
    {"key", "String"},
    {"mine", "UInt8"},
    {"trace", "UInt128"},
    {"trace_id", "String"},
    {"name", "String"},
    {"session", "String"},
    {"user", "String"},
    {"agent", "String"},
    {"agent_version", "String"},
    {"team", "String"},
    {"task", "String"},
    {"outcome", "String"},
    {"customer", "String"},
    {"environment", "String"},
    {"service", "String"},
    {"start", "Int64"},
    {"duration", "Int64"},
    {"status", "String"},
    {"errors", "Int64"},
    {"spans", "Int64"},
    {"llm_calls", "Int64"},
    {"tool_calls", "Int64"},
    {"tokens", "Nullable(Int64)"},
    {"cost", "Nullable(Int128)"},
    {"cost_unknown_calls", "Int64"},
    {"tags", "Array(String)"},
    {"findings", "Array(String)"},
    {"title", "String"},
};
static_assert(std::size(trace_columns) == static_cast<std::size_t>(TraceColumn::count_));

constexpr RowColumn session_columns[] = {
    {"order_key", "String"},
    {"key", "String"},
    {"mine", "UInt8"},
    {"session", "String"},
    {"trace", "UInt128"},
    {"trace_id", "String"},
    {"name", "String"},
    {"user", "String"},
    {"agent", "String"},
    {"agent_version", "String"},
    {"team", "String"},
    {"task", "String"},
    {"outcome", "String"},
    {"customer", "String"},
    {"environment", "String"},
    {"service", "String"},
    {"start", "Int64"},
    {"duration", "Int64"},
    {"active", "Int64"},
    {"status", "String"},
    {"errors", "Int64"},
    {"traces", "Int64"},
    {"spans", "Int64"},
    {"llm_calls", "Int64"},
    {"tool_calls", "Int64"},
    {"tokens", "Nullable(Int64)"},
    {"cost", "Nullable(Int128)"},
    {"cost_unknown_calls", "Int64"},
    {"tags", "Array(String)"},
    {"findings", "Array(String)"},
    {"title", "String"},
};
static_assert(std::size(session_columns) == static_cast<std::size_t>(SessionColumn::count_));

constexpr RowColumn span_columns[] = {
    {"trace", "UInt128"},
    {"span", "UInt128"},
    {"parent", "UInt128"},
    {"trace_id", "String"},
    {"span_id", "String"},
    {"parent_id", "String"},
    {"start", "Int64"},
    {"duration", "Int64"},
    {"kind", "String"},
    {"name", "String"},
    {"status", "String"},
    {"is_error", "UInt8"},
    {"error_type", "String"},
    {"error_message", "String"},
    {"noise", "UInt8"},
    {"session", "String"},
    {"user", "String"},
    {"agent", "String"},
    {"agent_version", "String"},
    {"team", "String"},
    {"environment", "String"},
    {"service", "String"},
    {"provider", "String"},
    {"model_requested", "String"},
    {"model", "String"},
    {"finish_reasons", "Array(String)"},
    {"ttft", "Nullable(Int64)"},
    {"prompt", "String"},
    {"prompt_version", "String"},
    {"tool", "String"},
    {"tool_call_id", "String"},
    {"handoff_from", "String"},
    {"handoff_to", "String"},
    {"tokens_input", "Nullable(Int64)"},
    {"tokens_cache_read", "Nullable(Int64)"},
    {"tokens_cache_write", "Nullable(Int64)"},
    {"tokens_output", "Nullable(Int64)"},
    {"tokens_reasoning", "Nullable(Int64)"},
    {"cost", "Nullable(Int64)"},
    {"cost_reported", "Nullable(Int64)"},
    {"cost_unknown", "UInt8"},
    {"dialect", "String"},
    {"counted", "UInt8"},
    {"not_counted", "String"},
    {"findings", "Array(String)"},
    {"waste", "String"},
};
static_assert(std::size(span_columns) == static_cast<std::size_t>(SpanColumn::count_));

// What two rows of a span must agree on to be the same row (a correction's copy is exact).
constexpr std::string_view whole_says =
    "trace, trace_id, session, start, duration, minute, parent, status, kind, name, user, agent, agent_version, team, "
    "task, outcome, customer, environment, service, tags, findings, preview";

// Texts of an item: of its root, else of the first span that has one.
constexpr std::string_view picked[] = {"session", "user",     "agent",       "agent_version", "team", "task",
                                       "outcome", "customer", "environment", "service",       "name"};

// Rows that are all alike are one group, of which `_n` are live. Sums, then facts.
constexpr std::pair<std::string_view, std::string_view> group_columns[] = {
    {"_n", "sum(sign)"},
    {"_errors", "sum(sign * (is_error AND NOT noise))"},
    {"_llm", "sum(sign * (kind = 'llm' AND NOT noise))"},
    {"_tools", "sum(sign * (kind = 'tool' AND NOT noise AND NOT framework_tool))"},
    {"_tokens",
     "sum(sign * counted * (ifNull(tokens_input, 0) + ifNull(tokens_cache_read, 0) + ifNull(tokens_cache_write, 0) + "
     "ifNull(tokens_output, 0) + ifNull(tokens_reasoning, 0)))"},
    {"_tokens_known",
     "sum(sign * counted * (coalesce(tokens_input, tokens_cache_read, tokens_cache_write, tokens_output, "
     "tokens_reasoning) IS NOT NULL))"},
    {"_cost", "sum(toInt128(sign * counted * ifNull(coalesce(cost, cost_reported), 0)))"},
    {"_cost_known", "sum(sign * counted * isNotNull(coalesce(cost, cost_reported)))"},
    {"_cost_unknown", "sum(sign * cost_unknown)"},
    {"_trace_id", "any(trace_id)"},
    {"_start", "any(toUnixTimestamp64Nano(start))"},
    {"_end", "any(toUnixTimestamp64Nano(start) + duration)"},
    {"_child", "any(parent != 0)"},
    {"_lead", "(_child, _start, _start - _end)"},
    {"_stat", "any(toString(status))"},
    {"_tags", "any(tags)"},
    {"_findings", "any(findings)"},
    {"_preview", "any(preview)"},
};

std::string grouped_rows(const Whole& whole) {
  std::string columns;
  for (const auto& [name, sql] : group_columns) columns += fmt::format(", {} AS {}", sql, name);
  for (const std::string_view text : picked) columns += fmt::format(", CAST(any({0}), 'String') AS _{0}", text);
  if (whole.inside) columns += fmt::format(", any({}) AS _pos", position_sql);
  columns += fmt::format(", max({}) AS _recent", received_within(traces::still_running, whole.now, std::nullopt));
  return fmt::format(
      "SELECT {} AS _item, trace AS _trace, cityHash64({}) AS _g{} {}{} GROUP BY _item, _trace, _g HAVING _n > 0",
      key_of(whole.grain), whole_says, columns, Sql::spans(whole.range), whole.rows);
}

constexpr std::string_view status_sql =
    "multiIf(NOT hasAll(groupUniqArrayIf(_trace, NOT _child), groupUniqArrayIf(_trace, _child AND _recent)), "
    "'running', "
    "countIf(NOT _child) = 0, argMin(_stat, (_start, _start - _end)), countIf(NOT _child AND _stat = "
    "'running') > "
    "0, 'running', countIf(NOT _child AND _stat = 'error') > 0, 'error', countIf(NOT _child AND _stat = 'blocked') > "
    "0, "
    "'blocked', countIf(NOT _child AND _stat = 'unfinished') > 0, 'unfinished', 'ok')";

// The expressions of row_columns, over the groups of one item.
std::string whole_column(const Whole& whole, std::string_view name) {
  if (has_one(picked, name)) return fmt::format("argMinIf(_{0}, _lead, _{0} != '')", name);
  if (name == "order_key") return whole.order_key;
  if (name == "key") return whole.grain == Grain::trace ? hex_sql("_item", 32) : "toString(_item)";
  if (name == "mine") return whole.mine;
  if (name == "trace") return "argMin(_trace, _lead)";
  if (name == "trace_id")
    return fmt::format("if(argMin(_trace_id, _lead) = '', {}, argMin(_trace_id, _lead))",
                       hex_sql("argMin(_trace, _lead)", 32));
  if (name == "start") return "min(_start)";
  if (name == "duration") return "max(_end) - min(_start)";
  if (name == "active")
    return "arraySum(mapValues(maxMap(map(_trace, _end)))) - arraySum(mapValues(minMap(map(_trace, _start))))";
  if (name == "status") return std::string(status_sql);
  if (name == "errors") return "sum(_errors)";
  if (name == "traces") return "toInt64(uniqExact(_trace))";
  if (name == "spans") return "sum(_n)";
  if (name == "llm_calls") return "sum(_llm)";
  if (name == "tool_calls") return "sum(_tools)";
  if (name == "tokens") return "if(sum(_tokens_known) = 0, NULL, sum(_tokens))";
  if (name == "cost") return "if(sum(_cost_known) = 0 AND sum(_cost_unknown) > 0, NULL, sum(_cost))";
  if (name == "cost_unknown_calls") return "sum(_cost_unknown)";
  if (name == "tags") return "arraySort(groupUniqArrayArray(_tags))";
  if (name == "findings") return "arraySort(groupUniqArrayArray(_findings))";
  if (name == "title") return "argMinIf(_preview, (_start, _start - _end), _preview != '')";
  PAWL_CHECK(false, "no column {}", name);
  return "";
}

std::string cast_list(std::span<const RowColumn> columns, const auto& expression) {
  std::string out;
  for (const RowColumn& column : columns)
    out +=
        fmt::format("{}CAST({}, '{}') AS r_{}", out.empty() ? "" : ", ", expression(column), column.type, column.name);
  return out;
}

}  // namespace

std::span<const RowColumn> row_columns(Grain grain) {
  switch (grain) {
    case Grain::span:
      return span_columns;
    case Grain::trace:
      return trace_columns;
    case Grain::session:
      return session_columns;
  }
  return {};
}

std::string hex_sql(std::string_view key, int digits) {
  const std::string whole = fmt::format("lower(leftPad(hex({}), 32, '0'))", key);
  return digits == 32 ? whole : fmt::format("right({}, {})", whole, digits);
}

std::string whole_rows_sql(const Whole& whole) {
  const auto columns = cast_list(row_columns(whole.grain), [&](const RowColumn& column) {
    return column.name == "mine"        ? std::string("_mine")
           : column.name == "order_key" ? std::string("_order")
                                        : "_r_" + std::string(column.name);
  });
  std::string made;
  for (const RowColumn& column : row_columns(whole.grain))
    if (column.name != "mine" && column.name != "order_key")
      made += fmt::format(", {} AS _r_{}", whole_column(whole, column.name), column.name);
  const std::string first = whole.inside ? fmt::format(", minIf(_pos, _pos >= {} AND _pos < {}) AS _first",
                                                       whole.inside->from, whole.inside->to)
                                         : "";
  return fmt::format(
      "{}SELECT {} FROM (SELECT _item AS _at_item{}, {} AS _order, {} AS _mine{} FROM ({}) GROUP BY _item) ORDER BY {} "
      "LIMIT {}",
      whole.with, columns, first, whole.order_key, whole.mine, made, grouped_rows(whole), whole.order_by, whole.limit);
}

std::string span_rows_sql(const Range& range, std::string_view rows, std::uint32_t limit) {
  std::string columns;
  for (const RowColumn& column : span_columns) columns += fmt::format("{}, ", column.name);
  return fmt::format("SELECT {}sign, minute {}{} LIMIT {}", columns, Sql::spans(range), rows, limit);
}

}  // namespace pawl::query
