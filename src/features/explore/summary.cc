// What a run of any size is as a whole, by one scan of few columns: the fields of a list's Trace or Session. A trace's
// own rules (whose name, which status) hold; nothing is kept but a row for each trace.
#include "inside.h"

namespace pawl::explore {
namespace {

// Of each trace; `WHERE` is the run's. Texts: of the root where it has one, else any that is there.
constexpr std::string_view inner =
    "SELECT trace, min(toUnixTimestamp64Nano(start)) AS first, max(toUnixTimestamp64Nano(start) + duration) AS last, "
    "sum(toInt64(sign)) AS n, sum(sign * (is_error AND NOT noise)) AS errors, sum(sign * (kind = 'llm' AND NOT noise)) "
    "AS calls, sum(sign * (kind = 'tool' AND NOT noise AND NOT framework_tool)) AS tools, sum(sign * counted * "
    "(ifNull(tokens_input, 0) + ifNull(tokens_cache_read, 0) + ifNull(tokens_cache_write, 0) + ifNull(tokens_output, "
    "0) + ifNull(tokens_reasoning, 0))) AS tokens_, sum(sign * counted * (isNotNull(tokens_input) OR "
    "isNotNull(tokens_cache_read) OR isNotNull(tokens_cache_write) OR isNotNull(tokens_output) OR "
    "isNotNull(tokens_reasoning))) AS tokens_known, sum(toInt128(sign * counted * ifNull(coalesce(cost, "
    "cost_reported), 0))) AS cost_, sum(sign * counted * isNotNull(coalesce(cost, cost_reported))) AS cost_known, "
    "sum(sign * cost_unknown) AS unknown, sum(sign * (parent = 0)) AS roots, sum(sign * (parent = 0 AND status = "
    "'running')) AS running, sum(sign * (parent = 0 AND status = 'error')) AS failed, sum(sign * (parent = 0 AND "
    "status = 'blocked')) AS blocked, sum(sign * (parent = 0 AND status = 'unfinished')) AS unfinished, "
    "max(toUnixTimestamp64Milli(received)) AS seen, CAST(argMin(status, start), 'String') AS first_status, "
    "anyIf(trace_id, sign > 0) AS id, CAST(if(roots > 0, argMinIf(name, start, parent = 0), argMin(name, start)), "
    "'String') AS name_, CAST(anyIf(agent, parent = 0 AND agent != ''), 'String') AS root_agent, "
    "groupUniqArrayArray(100)(tags) AS tags_, groupUniqArrayArrayIf(20)(findings, sign > 0) AS findings_, "
    "argMinIf(preview, start, preview != '') AS title";

constexpr std::string_view texts[] = {"session", "user",    "agent",    "agent_version", "team",
                                      "task",    "outcome", "customer", "environment",   "service"};

std::string statement(const std::string& where) {
  std::string each(inner), all;
  for (const auto text : texts) {
    each += fmt::format(", CAST(anyIf({0}, {0} != ''), 'String') AS {0}_", text);
    all += fmt::format(", anyIf({0}_, {0}_ != '')", text);
  }
  return fmt::format(
      "SELECT toInt64(count()), min(first), max(last), toInt64(sum(last - first)), toInt64(sum(n)), "
      "toInt64(sum(errors)), toInt64(sum(calls)), toInt64(sum(tools)), toInt64(sum(tokens_)), "
      "toInt64(sum(tokens_known)), sum(cost_), toInt64(sum(cost_known)), toInt64(sum(unknown)), toInt64(sum(roots)), "
      "toInt64(sum(running)), toInt64(sum(failed)), toInt64(sum(blocked)), toInt64(sum(unfinished)), "
      "toInt64(max(seen)), "
      "argMin(first_status, first), lower(leftPad(hex(argMin(trace, first)), 32, '0')), argMin(id, first), "
      "argMin(name_, "
      "first), anyIf(root_agent, root_agent != ''), CAST(arraySort(groupUniqArrayArray(100)(tags_)), "
      "'Array(String)'), CAST(arraySort(groupUniqArrayArray(20)(findings_)), 'Array(String)'), argMinIf(title, first, "
      "title != ''){} FROM ({} FROM spans WHERE "
      "project = {{project:UInt32}} AND {} GROUP BY trace HAVING n > 0)",
      all, each, where);
}

class Row {
 public:
  explicit Row(const native::Rows& rows) : rows_(rows) {}
  std::int64_t number(std::size_t column) const { return rows_.integer(column, 0); }
  std::string text(std::size_t column) const { return std::string(rows_.text(column, 0)); }
  std::string who(std::string_view name) const {
    const auto* found = std::ranges::find(texts, name);
    return text(27 + static_cast<std::size_t>(found - std::begin(texts)));
  }
  std::string status(Nanos now) const {
    constexpr std::int64_t awaited_ms = 300'000;  // a root may still come
    if (number(14) > 0) return "running";
    if (number(13) == 0) return number(18) > now / millisecond - awaited_ms ? "running" : text(19);
    return number(15) > 0 ? "error" : number(16) > 0 ? "blocked" : number(17) > 0 ? "unfinished" : "ok";
  }
  void list(JsonWriter& json, std::string_view name, std::size_t column) const {
    json.key(name).array();
    for (const auto one : rows_.texts(column, 0)) json.value(one);
    json.end();
  }
  void cost(JsonWriter& json) const {
    json.key("cost_usd");
    number(11) == 0 && number(12) > 0 ? json.null() : json.value(format_dollars(rows_.wide(10, 0)));
  }

 private:
  const native::Rows& rows_;
};

}  // namespace

Result<std::string> summary_of(warehouse::Warehouse& store, const std::string& where,
                               const std::vector<warehouse::Parameter>& parameters, bool session, Nanos now,
                               Read& read) {
  const auto answer = TRY(store.read({.sql = statement(where), .parameters = parameters}));
  read.rows += answer.rows_read, read.elapsed += answer.elapsed;
  if (answer.rows.size() == 0 || answer.rows.integer(0, 0) == 0) return std::string();
  const Row row(answer.rows);
  const std::string id = row.text(21).empty() ? row.text(20) : row.text(21), title = row.text(26);
  JsonWriter json;
  json.object();
  if (session) json.field("session_id", row.who("session"));
  json.field("trace_id", id);
  if (!session) json.field("name", row.text(22));
  json.field("title", session && title.empty() ? row.text(22) : title);
  const auto who = [&](std::string_view name, const std::string& value) {
    json.key(name);
    value.empty() ? json.null() : json.value(value);
  };
  if (!session) who("session_id", row.who("session"));
  who("user_id", row.who("user"));
  who("agent", row.text(23).empty() ? row.who("agent") : row.text(23));
  for (const auto name : std::span(texts).subspan(3)) who(name, row.who(name));
  json.field("start", format_time(row.number(1))).field("duration_ms", milliseconds(row.number(2) - row.number(1)));
  if (session) json.field("active_ms", milliseconds(row.number(3))).field("trace_count", row.number(0));
  json.field("status", row.status(now)).field("error_count", row.number(5)).field("span_count", row.number(4));
  json.field("llm_calls", row.number(6)).field("tool_calls", row.number(7)).key("tokens");
  row.number(9) == 0 ? json.null() : json.value(row.number(8));
  row.cost(json);
  json.field("cost_unknown_calls", row.number(12));
  row.list(json, "tags", 24);
  row.list(json, "findings", 25);
  if (session) json.key("scores").object().end();
  return json.end().take();
}

}  // namespace pawl::explore
