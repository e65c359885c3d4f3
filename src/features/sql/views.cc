// The tables that can be asked: views of one project, and what clients look up about them.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "tree.h"

namespace pawl::sql {
namespace {

// Plain texts, not LowCardinality: of those a function is computed on the part's whole dictionary, where values of
// other projects stand, and an error would tell of them.
constexpr std::string_view text = "String";
constexpr auto span_columns = std::to_array<ViewColumn>({
    {"trace_id", "String", "if(trace_id = '', lower(leftPad(hex(trace), 32, '0')), trace_id)",
     "as the client wrote it"},
    {"span_id", "String", "if(span_id = '', lower(right(hex(span), 16)), span_id)", "as the client wrote it"},
    {"parent_id", "String", "if(parent_id = '' AND parent != 0, lower(right(hex(parent), 16)), parent_id)",
     "'': a root"},
    {"start", "DateTime64(9, 'UTC')", "start", "bound it: `start >= now() - INTERVAL 1 DAY` reads a day"},
    {"duration_ms", "Float64", "duration / 1e6", ""},
    {"kind", "String", "CAST(kind, 'String')",
     "agent llm tool retriever embedding reranker guardrail evaluator handoff workflow other"},
    {"name", text, "CAST(name, 'String')", ""},
    {"status", "String", "CAST(status, 'String')", "ok error blocked unfinished running"},
    {"is_error", "UInt8", "is_error AND NOT noise", "the step failed itself"},
    {"error_type", text, "CAST(error_type, 'String')", ""},
    {"error_message", "String", "error_message", ""},
    {"is_noise", "UInt8", "noise", "plumbing, in no count of steps"},
    {"session", "String", "session", ""},
    {"user", "String", "user", ""},
    {"agent", text, "CAST(agent, 'String')", ""},
    {"agent_version", text, "CAST(agent_version, 'String')", ""},
    {"team", text, "CAST(team, 'String')", ""},
    {"task", text, "CAST(task, 'String')", ""},
    {"outcome", text, "CAST(outcome, 'String')", ""},
    {"customer", text, "CAST(customer, 'String')", ""},
    {"environment", text, "CAST(environment, 'String')", ""},
    {"service", text, "CAST(service, 'String')", ""},
    {"tags", "Array(String)", "CAST(tags, 'Array(String)')", ""},
    {"provider", text, "CAST(provider, 'String')", ""},
    {"model", text, "CAST(model, 'String')", "that answered, else the one asked for"},
    {"model_requested", text, "CAST(model_requested, 'String')", ""},
    {"ttft_ms", "Nullable(Float64)", "ttft / 1e6", "time to the first token"},
    {"prompt", text, "CAST(prompt, 'String')", ""},
    {"prompt_version", text, "CAST(prompt_version, 'String')", ""},
    {"tool", text, "CAST(tool, 'String')", ""},
    {"counted", "UInt8", "counted", "0: a wrapper or a repeat, whose tokens and cost are NULL here"},
    {"tokens_input", "Nullable(Int64)", "if(counted = 1, tokens_input, NULL)", "from no cache"},
    {"tokens_cache_read", "Nullable(Int64)", "if(counted = 1, tokens_cache_read, NULL)", ""},
    {"tokens_cache_write", "Nullable(Int64)", "if(counted = 1, tokens_cache_write, NULL)", ""},
    {"tokens_output", "Nullable(Int64)", "if(counted = 1, tokens_output, NULL)", "without reasoning"},
    {"tokens_reasoning", "Nullable(Int64)", "if(counted = 1, tokens_reasoning, NULL)", ""},
    {"cost_usd", "Nullable(Decimal(38, 12))",
     "CAST(if(counted = 1, toDecimal128(coalesce(cost, cost_reported), 12) / toDecimal128(1000000000000, 0), NULL), "
     "'Nullable(Decimal(38, 12))')",
     "priced, else as reported; exact"},
    {"cost_is_unknown", "UInt8", "cost_unknown", "it counts, has usage, and no price is known"},
    {"findings", "Array(String)", "CAST(findings, 'Array(String)')", "rules whose finding begins here"},
    {"waste", text, "CAST(waste, 'String')", "the rule by which the money of this call was wasted"},
    {"attributes", "Map(String, String)", "CAST(attrs, 'Map(String, String)')", "resource's behind 'resource.'"},
    {"weight", "Float32", "weight", "how many it stands for, where the sender sampled"},
    {"dialect", text, "CAST(dialect, 'String')", ""},
});
constexpr auto log_columns = std::to_array<ViewColumn>({
    {"at", "DateTime64(9, 'UTC')", "at", ""},
    {"trace_id", "String", "if(trace = 0, '', lower(leftPad(hex(trace), 32, '0')))", "in hex"},
    {"severity", "UInt8", "severity", "OpenTelemetry's number"},
    {"event", text, "CAST(event, 'String')", ""},
    {"service", text, "CAST(service, 'String')", ""},
    {"body", "String", "body", ""},
    {"attributes", "Map(String, String)", "CAST(attrs, 'Map(String, String)')", ""},
});
constexpr auto point_columns = std::to_array<ViewColumn>({
    {"metric", text, "CAST(metric, 'String')", ""},
    {"unit", text, "CAST(unit, 'String')", ""},
    {"type", text, "CAST(type, 'String')", "sum gauge histogram exponential_histogram summary"},
    {"at", "DateTime64(9, 'UTC')", "at", ""},
    {"service", text, "CAST(service, 'String')", ""},
    {"value", "Float64", "value", "as sent: a cumulative one repeats its total"},
    {"count", "UInt64", "count", "of a histogram"},
    {"attributes", "Map(String, String)", "CAST(attrs, 'Map(String, String)')", ""},
});
constexpr auto view_table = std::to_array<View>({
    {"spans", "every step of every run, as it stands now", span_columns},
    {"logs", "log records that are no content of a span", log_columns},
    {"metric_points", "points of metrics, as they were sent", point_columns},
});

std::string literal(std::string_view of_ours) {
  std::string out = "'";
  for (const char c : of_ours) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string columns_of(const View& view) {
  std::string out;
  for (const ViewColumn& column : view.columns)
    out += fmt::format("{}{} AS `{}`", out.empty() ? "" : ", ", column.sql, column.name);
  return out;
}

// A row of `spans` may have been taken back (sign -1) and written again. What nobody took back stands as it is; of the
// others the newest row, where the signs leave one. PREWHERE: rows of other projects meet no other condition.
std::string spans_sql(const View& view, std::string_view conditions) {
  const std::string scan = fmt::format("FROM spans PREWHERE project = {{project:UInt32}}{} ", conditions);
  const std::string changed = fmt::format("SELECT trace, span {}WHERE sign = -1", scan);
  const std::string alive = fmt::format(
      "SELECT trace, span {}WHERE (trace, span) IN ({}) GROUP BY trace, span HAVING sum(sign) > 0", scan, changed);
  return fmt::format(
      "SELECT {0} FROM (SELECT * {1}WHERE sign = 1 AND (trace, span) NOT IN ({2}) UNION ALL SELECT * {1}WHERE sign = 1 "
      "AND (trace, span) IN ({3}) ORDER BY batch DESC LIMIT 1 BY trace, span)",
      columns_of(view), scan, changed, alive);
}

// Rows of constants as a SELECT; each of `fields` is a column of texts.
std::string constants(const std::vector<std::string_view>& names, const std::vector<std::vector<std::string>>& rows) {
  std::string tuples, columns;
  for (const auto& row : rows) {
    std::string one;
    for (const auto& field : row) one += fmt::format("{}{}", one.empty() ? "" : ", ", field);
    tuples += fmt::format("{}({},)", tuples.empty() ? "" : ", ", one);
  }
  for (std::size_t i = 0; i < names.size(); ++i)
    columns += fmt::format("{}_row.{} AS `{}`", i == 0 ? "" : ", ", i + 1, names[i]);
  return fmt::format("SELECT {} FROM (SELECT arrayJoin([{}]) AS _row)", columns, tuples);
}

std::string all_columns() {
  std::vector<std::vector<std::string>> rows;
  for (const View& view : view_table) {
    int position = 0;
    for (const ViewColumn& column : view.columns)
      rows.push_back({"'pawl'", literal(view.name), literal(column.name), literal(column.type),
                      fmt::format("toUInt64({})", ++position), "''", "''", literal(column.about), "toUInt8(0)",
                      "toUInt8(0)", "toUInt8(0)"});
  }
  return constants({"database", "table", "name", "type", "position", "default_kind", "default_expression", "comment",
                    "is_in_primary_key", "is_in_sorting_key", "is_in_partition_key"},
                   rows);
}

std::string all_tables() {
  std::vector<std::vector<std::string>> rows;
  for (const View& view : view_table)
    rows.push_back({"'pawl'", literal(view.name), "'View'", literal(view.about), "toUInt8(0)", "''", "''", "''"});
  return constants(
      {"database", "name", "engine", "comment", "is_temporary", "primary_key", "sorting_key", "create_table_query"},
      rows);
}

std::string all_functions() {
  std::vector<std::vector<std::string>> rows;
  for (const auto name : functions()) rows.push_back({literal(name), "toUInt8(0)", "toUInt8(0)", "''"});
  return constants({"name", "is_aggregate", "case_insensitive", "alias_to"}, rows);
}

}  // namespace

std::span<const View> views() {
  return view_table;
}

std::string table_sql(std::string_view name, std::string_view conditions) {
  for (const View& view : view_table) {
    if (!equals_ignoring_case(view.name, name)) continue;
    if (view.name == "spans") return spans_sql(view, conditions);
    return fmt::format("SELECT {} FROM {} PREWHERE project = {{project:UInt32}}", columns_of(view),
                       view.name == "logs" ? "logs" : "points");
  }
  if (equals_ignoring_case(name, "system.databases"))
    return constants({"name", "engine", "comment"}, {{"'pawl'", "'Pawl'", "''"}});
  if (equals_ignoring_case(name, "system.tables")) return all_tables();
  if (equals_ignoring_case(name, "system.columns")) return all_columns();
  if (equals_ignoring_case(name, "system.functions")) return all_functions();
  if (equals_ignoring_case(name, "system.settings"))  // none can be changed
    return constants({"name", "value", "changed", "description", "readonly", "type"},
                     {{"'readonly'", "'1'", "toUInt8(0)", "''", "toUInt8(1)", "'UInt64'"}});
  if (equals_ignoring_case(name, "system.one")) return "SELECT toUInt8(0) AS dummy";
  return {};
}

}  // namespace pawl::sql
