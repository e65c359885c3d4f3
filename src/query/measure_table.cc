// The catalogue of measures: what each is, in words for people and as SQL.
#include <algorithm>

#include "measures.h"

namespace pawl::query {

const std::vector<Partial>& partial_table() {
  using enum Branch;
  static const std::vector<Partial> table = {
      {"_n", rows, "sum(sign)", 0, true},
      {"_spans", rows, "sum(_w)"},
      {"_steps", rows, "sum(_w * NOT noise)"},
      {"_errors", rows, "sum(_w * (is_error AND NOT noise))"},
      {"_llm", rows, "sum(_w * (kind = 'llm' AND NOT noise))"},
      {"_tools", rows, "sum(_w * (kind = 'tool' AND NOT noise AND NOT framework_tool))"},
      {"_tool_errors", rows, "sum(_w * (kind = 'tool' AND NOT noise AND NOT framework_tool AND status = 'error'))"},
      {"_triggers", rows, "sum(_w * (kind = 'guardrail' AND status = 'blocked'))"},
      {"_findings", rows, "sum(_w * length(findings))"},
      {"_time", rows, "sum(toInt128(_w) * duration * (NOT noise AND status NOT IN ('running', 'unfinished')))"},
      {"_timed", rows, "sum(_w * (NOT noise AND status NOT IN ('running', 'unfinished')))"},
      {"_ttft", rows, "sum(toInt128(_w) * ifNull(ttft, 0) * NOT noise)"},
      {"_ttft_n", rows, "sum(_w * (isNotNull(ttft) AND NOT noise))"},
      {"_in", rows, "sum(sign * counted * ifNull(tokens_input, 0))"},
      {"_in_known", rows, "sum(sign * counted * isNotNull(tokens_input))"},
      {"_read", rows, "sum(sign * counted * ifNull(tokens_cache_read, 0))"},
      {"_read_known", rows, "sum(sign * counted * isNotNull(tokens_cache_read))"},
      {"_write", rows, "sum(sign * counted * ifNull(tokens_cache_write, 0))"},
      {"_write_known", rows, "sum(sign * counted * isNotNull(tokens_cache_write))"},
      {"_out", rows, "sum(sign * counted * ifNull(tokens_output, 0))"},
      {"_out_known", rows, "sum(sign * counted * isNotNull(tokens_output))"},
      {"_think", rows, "sum(sign * counted * ifNull(tokens_reasoning, 0))"},
      {"_think_known", rows, "sum(sign * counted * isNotNull(tokens_reasoning))"},
      {"_tokens", rows,
       "sum(sign * counted * (ifNull(tokens_input, 0) + ifNull(tokens_cache_read, 0) + ifNull(tokens_cache_write, 0) + "
       "ifNull(tokens_output, 0) + ifNull(tokens_reasoning, 0)))"},
      {"_tokens_known", rows,
       "sum(sign * counted * (isNotNull(tokens_input) + isNotNull(tokens_cache_read) + isNotNull(tokens_cache_write) + "
       "isNotNull(tokens_output) + isNotNull(tokens_reasoning)))"},
      {"_cost", rows, "sum(toInt128(sign * counted * ifNull(coalesce(cost, cost_reported), 0)))"},
      {"_cost_known", rows, "sum(sign * counted * isNotNull(coalesce(cost, cost_reported)))"},
      {"_cost_unknown", rows, "sum(sign * cost_unknown)"},
      {"_task_cost", rows, "sum(toInt128(sign * counted * (task != '') * ifNull(coalesce(cost, cost_reported), 0)))"},
      {"_wasted", rows, "sum(toInt128(sign * counted * (waste != '') * ifNull(coalesce(cost, cost_reported), 0)))"},
      {"_traces", traces, "sum(_item_w)", 0, true},
      {"_traces_n", traces, "count()", 0, true},
      {"_sessions", sessions, "sum(_item_w)", 0, true},
      {"_sessions_n", sessions, "count()", 0, true},
      {"_tasks", tasks, "sum(_item_w)"},
      {"_tasks_n", tasks, "count()"},
      {"_done_tasks", done_tasks, "sum(_item_w)"},
      {"_done_tasks_n", done_tasks, "count()"},
      {"_latency_p50", latency, "", .5},
      {"_latency_p90", latency, "", .9},
      {"_latency_p95", latency, "", .95},
      {"_latency_p99", latency, "", .99},
      {"_ttft_p50", ttft, "", .5},
      {"_ttft_p90", ttft, "", .9},
      {"_ttft_p95", ttft, "", .95},
      {"_ttft_p99", ttft, "", .99},
      {"_items", items, "sum(_weight)", 0, true},
      {"_items_failed", items, "sum(_weight * (_status = 'error'))"},
      {"_items_time", items, "sum(toInt128(_weight) * _extent * NOT _open)"},
      {"_items_timed", items, "sum(_weight * NOT _open)"},
      {"_item_p50", item_latency, "", .5},
      {"_item_p90", item_latency, "", .9},
      {"_item_p95", item_latency, "", .95},
      {"_item_p99", item_latency, "", .99},
      {"_overhead_time", overhead, "sum(toInt128(_weight) * _overhead)"},
      {"_overhead_n", overhead, "sum(_weight)", 0, true},
  };
  return table;
}

namespace {

constexpr std::string_view latency_words =
    "How long it took: of spans their own time (no plumbing, none that still runs or never ended), of traces and "
    "sessions the time from the first start to the last end (none with a root that still runs or never ended). A "
    "quantile is read from a log histogram with at most 1 % "
    "error.";
constexpr std::string_view ttft_words =
    "Time from the request to the first token, of model calls that report it. A quantile is read from a log histogram "
    "with at most 1 % error.";

void add_times(std::vector<Measure>& table) {
  table.push_back({"latency.p50", "ms", Type::duration, latency_words, "_latency_p50", "_item_p50"});
  table.push_back({"latency.p90", "ms", Type::duration, latency_words, "_latency_p90", "_item_p90"});
  table.push_back({"latency.p95", "ms", Type::duration, latency_words, "_latency_p95", "_item_p95"});
  table.push_back({"latency.p99", "ms", Type::duration, latency_words, "_latency_p99", "_item_p99"});
  table.push_back({"latency.mean", "ms", Type::duration, latency_words, "_time / nullIf(_timed, 0) / 1e6",
                   "_items_time / nullIf(_items_timed, 0) / 1e6"});
  table.push_back({"latency.sum", "ms", Type::duration, "The times of latency.mean, added up.", "_time / 1e12",
                   "_items_time / 1e12"});
  table.push_back({"latency.count", "spans", Type::number, "How many have a time: what latency.mean divides by.",
                   "_timed / 1e6", "_items_timed / 1e6"});
  table.push_back({"ttft.p50", "ms", Type::duration, ttft_words, "_ttft_p50", ""});
  table.push_back({"ttft.p90", "ms", Type::duration, ttft_words, "_ttft_p90", ""});
  table.push_back({"ttft.p95", "ms", Type::duration, ttft_words, "_ttft_p95", ""});
  table.push_back({"ttft.p99", "ms", Type::duration, ttft_words, "_ttft_p99", ""});
  table.push_back({"ttft.mean", "ms", Type::duration, ttft_words, "_ttft / nullIf(_ttft_n, 0) / 1e6", ""});
  table.push_back({"ttft.sum", "ms", Type::duration, "Times to the first token, added up.", "_ttft / 1e12", ""});
  table.push_back({"ttft.count", "calls", Type::number, "Model calls that report the time to the first token.",
                   "_ttft_n / 1e6", ""});
  table.push_back({"overhead", "ms", Type::duration, "Mean time of a trace that no model call and no tool call covers.",
                   "_overhead_time / nullIf(_overhead_n, 0) / 1e6", ""});
}

void add_counts(std::vector<Measure>& table) {
  const auto number = Type::number;
  table.push_back({"spans", "spans", number, "Spans, plumbing too.", "_spans / 1e6", ""});
  table.push_back({"traces", "traces", number, "Distinct traces that have such a span.", "_traces / 1e6", ""});
  table.push_back({"sessions", "sessions", number,
                   "Distinct sessions that have such a span; a trace without a session is one of its own.",
                   "_sessions / 1e6", ""});
  table.push_back(
      {"tasks", "tasks", number, "Distinct pairs of a session and a task that it names.", "_tasks / 1e6", ""});
  table.push_back(
      {"successful_tasks", "tasks", number,
       "Tasks of which a span says that they were done: an outcome of done, success, succeeded, ok, passed, "
       "resolved, solved, completed, true or yes.",
       "_done_tasks / 1e6", ""});
  table.push_back({"task_success_rate", "ratio", number, "Tasks that were done, of all tasks.",
                   "_done_tasks / nullIf(_tasks, 0)", ""});
  table.push_back({"llm_calls", "calls", number, "Model calls.", "_llm / 1e6", ""});
  table.push_back({"tool_calls", "calls", number, "Tool calls; a framework's own tools are none.", "_tools / 1e6", ""});
  table.push_back({"errors", "errors", number, "Steps that failed themselves; what only passes a failure on is none.",
                   "_errors / 1e6", ""});
  table.push_back(
      {"error_rate", "ratio", number,
       "Of spans: steps that failed themselves, of all steps. Of traces and sessions: those whose status is "
       "error, of all.",
       "_errors / nullIf(_steps, 0)", "_items_failed / nullIf(_items, 0)"});
  table.push_back(
      {"steps", "steps", number, "Spans without plumbing: what error_rate is a part of.", "_steps / 1e6", ""});
  table.push_back({"tool_errors", "errors", number, "Tool calls with status error.", "_tool_errors / 1e6", ""});
  table.push_back({"tool_success_rate", "ratio", number, "Tool calls without status error, of all tool calls.",
                   "1 - _tool_errors / nullIf(_tools, 0)", ""});
  table.push_back({"tool_error_rate", "ratio", number, "Tool calls with status error, of all tool calls.",
                   "_tool_errors / nullIf(_tools, 0)", ""});
  table.push_back({"guardrail_triggers", "calls", number, "Guardrails that blocked.", "_triggers / 1e6", ""});
  table.push_back({"findings", "findings", number,
                   "What rules found: loops, repeated calls, ping-pong between agents, failure streaks, retry storms, "
                   "growing contexts, abandoned runs, truncated answers, invalid arguments.",
                   "_findings / 1e6", ""});
}

void add_tokens(std::vector<Measure>& table) {
  const auto number = Type::number;
  table.push_back(
      {"tokens", "tokens", number,
       "Tokens of all five kinds, each counted once: wrappers and repeats are left out. Empty where nothing "
       "is known.",
       "if(_tokens_known = 0, NULL, _tokens)", ""});
  table.push_back(
      {"tokens.input", "tokens", number, "Input tokens that came from no cache.", "if(_in_known = 0, NULL, _in)", ""});
  table.push_back({"tokens.cache_read", "tokens", number, "Input tokens read from the provider's cache.",
                   "if(_read_known = 0, NULL, _read)", ""});
  table.push_back({"tokens.cache_write", "tokens", number, "Input tokens written to the provider's cache.",
                   "if(_write_known = 0, NULL, _write)", ""});
  table.push_back(
      {"tokens.output", "tokens", number, "Output tokens without reasoning.", "if(_out_known = 0, NULL, _out)", ""});
  table.push_back(
      {"tokens.reasoning", "tokens", number, "Reasoning tokens.", "if(_think_known = 0, NULL, _think)", ""});
  table.push_back({"tokens.all_input", "tokens", number,
                   "All input tokens, from a cache or not: what cache_hit_rate is a part of.",
                   "if(_in_known + _read_known + _write_known = 0, NULL, _in + _read + _write)", ""});
  table.push_back({"cache_hit_rate", "ratio", number,
                   "Tokens read from the cache, of all input tokens: cache_read / (input + cache_read + cache_write).",
                   "if(_read_known = 0, NULL, _read / nullIf(_in + _read + _write, 0))", ""});
}

void add_costs(std::vector<Measure>& table) {
  table.push_back({"cost", "USD", Type::money,
                   "What spans that count cost: priced, else as reported. Empty where calls are there and no cost is "
                   "known.",
                   "if(_cost_known = 0 AND _cost_unknown > 0, NULL, _cost)", ""});
  table.push_back({"cost_unknown_calls", "calls", Type::number, "Calls with usage for which no price is known.",
                   "_cost_unknown", ""});
  table.push_back({"wasted_cost", "USD", Type::money,
                   "Cost of model calls that a rule calls wasted: rounds of a loop after the first, failed tries, "
                   "answers cut off. A call is wasted once, whatever many rules say so.",
                   "_wasted", ""});
  table.push_back({"cost_per_trace", "USD", Type::money, "Cost, divided by the number of traces.",
                   "if(_traces_n = 0 OR (_cost_known = 0 AND _cost_unknown > 0), NULL, intDiv(_cost, "
                   "greatest(_traces_n, 1)))",
                   ""});
  table.push_back({"cost_per_session", "USD", Type::money,
                   "Cost, divided by the number of sessions; a trace without a session is one of its own.",
                   "if(_sessions_n = 0 OR (_cost_known = 0 AND _cost_unknown > 0), NULL, intDiv(_cost, "
                   "greatest(_sessions_n, 1)))",
                   ""});
  table.push_back({"cost_per_task", "USD", Type::money,
                   "Cost of spans that name a task, divided by the number of tasks (pairs of a session and a task).",
                   "if(_tasks_n = 0, NULL, intDiv(_task_cost, greatest(_tasks_n, 1)))", ""});
  table.push_back({"cost_per_successful_task", "USD", Type::money,
                   "Cost of spans that name a task, of failed ones too, divided by the number of tasks that were done.",
                   "if(_done_tasks_n = 0, NULL, intDiv(_task_cost, greatest(_done_tasks_n, 1)))", ""});
}

}  // namespace

const std::vector<Measure>& measure_table() {
  static const std::vector<Measure> table = [] {
    std::vector<Measure> all;
    add_counts(all);
    add_times(all);
    add_tokens(all);
    add_costs(all);
    return all;
  }();
  return table;
}

namespace {

// A sum over rows adds up as long as nothing is divided.
bool adds_up(const Measure& measure) {
  if (measure.sql.find("nullIf(") != std::string_view::npos || measure.sql.find("intDiv(") != std::string_view::npos)
    return false;
  const auto names = names_in(measure.sql);
  return std::ranges::all_of(partial_table(), [&](const Partial& partial) {
    return partial.branch == Branch::rows || !names.contains(std::string(partial.name));
  });
}

// Each of its branches is read from where it can be; none are named where one can only be read from rows.
std::vector<std::string_view> rollups_of(const Measure& measure) {
  std::vector<Branch> branches;
  const auto names = names_in(measure.sql);
  for (const Partial& partial : partial_table())
    if (names.contains(std::string(partial.name)) && !has_one(branches, partial.branch))
      branches.push_back(partial.branch);
  std::vector<std::string_view> out;
  for (const Branch branch : branches) {
    const auto before = out.size();
    for (const Rollup& rollup : rollup_table())
      if (serves(rollup, branch)) out.push_back(rollup.name);
    if (out.size() == before) return {};
  }
  return out;
}

}  // namespace

const std::vector<MeasureInfo>& measures() {
  static const std::vector<MeasureInfo> infos = [] {
    std::vector<std::string_view> splits;
    for (const DimensionInfo& dimension : dimensions())
      if (dimension.groups) splits.push_back(dimension.name);
    std::vector<MeasureInfo> out;
    for (const Measure& measure : measure_table())
      out.push_back({measure.name, measure.unit, measure.definition, measure.type, splits, adds_up(measure),
                     rollups_of(measure)});
    return out;
  }();
  return infos;
}

}  // namespace pawl::query
