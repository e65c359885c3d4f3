// Dimensions, flags and presences of one row: the same facts as the SQL of query/dimensions.cc, from memory.
#include "row_facts.h"

#include <algorithm>

namespace pawl::explore {
namespace {

using traces::SpanRow;

constexpr std::pair<std::string_view, std::string SpanRow::*> text_members[] = {
    {"agent", &SpanRow::agent},
    {"agent_version", &SpanRow::agent_version},
    {"team", &SpanRow::team},
    {"environment", &SpanRow::environment},
    {"task", &SpanRow::task},
    {"outcome", &SpanRow::outcome},
    {"customer", &SpanRow::customer},
    {"model", &SpanRow::model},
    {"model_requested", &SpanRow::model_requested},
    {"provider", &SpanRow::provider},
    {"tool", &SpanRow::tool},
    {"error_type", &SpanRow::error_type},
    {"error_message", &SpanRow::error_message},
    {"name", &SpanRow::name},
    {"service", &SpanRow::service},
    {"user", &SpanRow::user},
    {"session", &SpanRow::session},
    {"prompt", &SpanRow::prompt},
    {"prompt_version", &SpanRow::prompt_version},
    {"handoff", &SpanRow::handoff_to},
    {"handoff_from", &SpanRow::handoff_from},
    {"dialect", &SpanRow::dialect},
    {"waste", &SpanRow::waste},
};

constexpr std::pair<std::string_view, std::optional<std::int64_t> SpanRow::*> token_members[] = {
    {"tokens.input", &SpanRow::tokens_input},
    {"tokens.cache_read", &SpanRow::tokens_cache_read},
    {"tokens.cache_write", &SpanRow::tokens_cache_write},
    {"tokens.output", &SpanRow::tokens_output},
    {"tokens.reasoning", &SpanRow::tokens_reasoning},
};

using Fact = bool (*)(const SpanRow&);
bool found(const SpanRow& row, std::string_view rule) {
  return std::ranges::find(row.findings, rule) != row.findings.end();
}
constexpr std::pair<std::string_view, Fact> facts[] = {
    {"is:root", [](const SpanRow& row) { return !row.parent; }},
    {"is:counted", [](const SpanRow& row) { return row.counted; }},
    {"is:wrapper", [](const SpanRow& row) { return row.not_counted == llm::NotCounted::wrapper; }},
    {"is:duplicate", [](const SpanRow& row) { return row.not_counted == llm::NotCounted::duplicate; }},
    {"is:unpriced", [](const SpanRow& row) { return row.cost_unknown; }},
    {"is:framework_tool", [](const SpanRow& row) { return row.framework_tool; }},
    {"is:clock", [](const SpanRow& row) { return row.clock; }},
    {"is:repeated_call", [](const SpanRow& row) { return found(row, "repeated_call"); }},
    {"is:loop", [](const SpanRow& row) { return found(row, "loop") || found(row, "repeated_call"); }},
    {"is:ping_pong", [](const SpanRow& row) { return found(row, "ping_pong"); }},
    {"is:failure_streak", [](const SpanRow& row) { return found(row, "failure_streak"); }},
    {"is:retry_storm", [](const SpanRow& row) { return found(row, "retry_storm"); }},
    {"is:context_growth", [](const SpanRow& row) { return found(row, "context_growth"); }},
    {"is:abandoned", [](const SpanRow& row) { return found(row, "abandoned"); }},
    {"is:truncated", [](const SpanRow& row) { return found(row, "truncated"); }},
    {"is:invalid_arguments", [](const SpanRow& row) { return found(row, "invalid_arguments"); }},
    {"is:wasted", [](const SpanRow& row) { return !row.waste.empty(); }},
    {"has:parent", [](const SpanRow& row) { return bool(row.parent); }},
    {"has:links", [](const SpanRow& row) { return !row.links.empty(); }},
    {"has:events", [](const SpanRow& row) { return !row.events.empty(); }},
};

template <typename Table>
const auto* find_in(const Table& table, std::string_view name) {
  const auto found = std::ranges::find(table, name, [](const auto& entry) { return entry.first; });
  return found == std::end(table) ? nullptr : &found->second;
}

}  // namespace

RowFacts::RowFacts(const SpanRow& row) : row_(row), trace_id_(row.shown_trace_id()), span_id_(row.shown_span_id()) {}

std::vector<std::string_view> RowFacts::texts(std::string_view name) const {
  if (const auto* member = find_in(text_members, name)) {
    const std::string& text = row_.**member;
    return text.empty() ? std::vector<std::string_view>{} : std::vector<std::string_view>{text};
  }
  if (const auto* fact = find_in(facts, name))
    return (*fact)(row_) ? std::vector<std::string_view>{"yes"} : std::vector<std::string_view>{};
  if (name == "kind") return {llm::name_of(row_.kind)};
  if (name == "status") return {llm::name_of(row_.status)};
  if (name == "tag") return {row_.tags.begin(), row_.tags.end()};
  if (name == "finding") return {row_.findings.begin(), row_.findings.end()};
  if (name == "finish_reason") return {row_.finish_reasons.begin(), row_.finish_reasons.end()};
  if (name == "trace") return {trace_id_};
  if (name == "span") return {span_id_};
  return {};
}

std::optional<std::int64_t> RowFacts::number(std::string_view name) const {
  if (const auto* member = find_in(token_members, name)) return row_.counted ? row_.**member : std::nullopt;
  if (name == "start") return row_.start;
  if (name == "duration") return row_.duration;
  if (name == "ttft") return row_.ttft;
  if (name == "cost") return row_.counted ? row_.cost_or_reported() : std::nullopt;
  if (name == "tokens") {
    const bool any =
        std::ranges::any_of(token_members, [&](const auto& one) { return (row_.*one.second).has_value(); });
    return row_.counted && any ? std::optional(row_.tokens()) : std::nullopt;
  }
  if (name == "errors") return row_.is_error && !row_.noise;
  if (name == "spans") return 1;
  if (name == "llm_calls") return row_.kind == llm::Kind::llm && !row_.noise;
  if (name == "tool_calls") return row_.kind == llm::Kind::tool && !row_.noise && !row_.framework_tool;
  return std::nullopt;
}

std::string_view RowFacts::attribute(std::string_view key) const {
  const auto found =
      std::ranges::find(row_.attributes, key, [](const auto& entry) { return std::string_view(entry.first); });
  return found == row_.attributes.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace pawl::explore
