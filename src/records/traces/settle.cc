// Which rows of a trace hold, and what the trace decides about each.
#include <algorithm>
#include <unordered_map>

#include "row.h"
#include "told.h"

namespace pawl::traces {

std::vector<SpanRow> settle(std::vector<SpanRow>& rows) {
  std::ranges::sort(rows, [](const SpanRow& a, const SpanRow& b) {
    return std::tie(a.batch, b.sign) < std::tie(b.batch, a.sign);  // in one batch +1 stands before -1
  });
  std::vector<SpanRow> left;
  std::unordered_map<Id128, std::vector<std::size_t>> standing;  // span → indexes in `left`, the latest last
  auto same = [](const SpanRow& a, const SpanRow& b) {
    return a.record == b.record && a.counted == b.counted && a.session == b.session && a.user == b.user &&
           a.agent == b.agent && a.kind == b.kind && a.cost == b.cost && a.is_error == b.is_error;
  };
  for (auto& row : rows) {
    auto& indexes = standing[row.span];
    if (row.sign > 0) {
      indexes.push_back(left.size());
      left.push_back(std::move(row));
      continue;
    }
    const auto match = std::ranges::find_if(indexes, [&](std::size_t i) { return same(left[i], row); });
    if (match != indexes.end()) {
      left[*match].sign = 0;
      indexes.erase(match);
    }
  }
  rows.clear();
  std::vector<SpanRow> stale;
  std::vector<bool> holds(left.size());
  for (const auto& [span, indexes] : standing) {  // the latest; one that log records told holds only where none came
    const auto came = std::find_if(indexes.rbegin(), indexes.rend(), [&](std::size_t i) { return !is_told(left[i]); });
    if (!indexes.empty()) holds[came == indexes.rend() ? indexes.back() : *came] = true;
  }
  for (std::size_t i = 0; i < left.size(); ++i)
    if (left[i].sign != 0) (holds[i] ? rows : stale).push_back(std::move(left[i]));
  std::ranges::sort(rows, [](const SpanRow& a, const SpanRow& b) {
    return std::tie(a.start, b.duration, a.span) < std::tie(b.start, a.duration, b.span);  // a parent before its child
  });
  return stale;
}

constexpr std::string SpanRow::* whose_columns[] = {&SpanRow::team, &SpanRow::task, &SpanRow::outcome,
                                                    &SpanRow::customer};

llm::Fact fact_of(const SpanRow& row) {
  llm::Fact fact;
  fact.span = row.span, fact.parent = row.parent;
  fact.kind = row.read_kind, fact.status = row.status;
  fact.noise = row.read_noise, fact.wrapper_usage = row.wrapper_usage, fact.framework_tool = row.framework_tool;
  fact.tokens.input = row.tokens_input, fact.tokens.cache_read = row.tokens_cache_read;
  fact.tokens.cache_write = row.tokens_cache_write, fact.tokens.output = row.tokens_output;
  fact.tokens.reasoning = row.tokens_reasoning;
  fact.start = row.start, fact.end = row.start + row.duration;
  fact.model = row.model, fact.response_id = row.response_id;
  fact.session = row.read_session, fact.user = row.read_user, fact.agent = row.read_agent;
  fact.name = row.name, fact.tool_name = row.tool, fact.error_message = row.error_message, fact.scope = row.scope;
  fact.session_weak = row.session_weak, fact.handoff_to = row.read_handoff_to, fact.content_pieces = row.pieces;
  for (std::size_t i = 0; i < std::size(whose_columns); ++i) {
    if (((row.spread >> i) & 1U) == 0) fact.whose.*llm::whose_fields[i] = row.*whose_columns[i];
  }
  return fact;
}

llm::Seen seen_of(const SpanRow& row) {
  llm::Seen seen;
  seen.root = !row.parent;
  seen.kind = row.kind, seen.status = row.status;
  seen.noise = row.noise, seen.counted = row.counted && row.kind != llm::Kind::tool,
  seen.framework_tool = row.framework_tool;
  const bool calls = row.kind == llm::Kind::llm && !row.model.empty();
  seen.label = row.kind == llm::Kind::tool && !row.tool.empty() ? row.tool : calls ? row.model : row.name;
  seen.agent = row.agent, seen.handoff_to = row.handoff_to;
  seen.error_type = row.error_type, seen.error_message = row.error_message;
  seen.told = row.told;
  seen.truncated = std::ranges::any_of(row.finish_reasons, llm::is_truncated);
  if (row.counted && (row.tokens_input || row.tokens_cache_read || row.tokens_cache_write))
    seen.tokens_in =
        row.tokens_input.value_or(0) + row.tokens_cache_read.value_or(0) + row.tokens_cache_write.value_or(0);
  seen.tokens_out = row.tokens_output;
  seen.start = row.start, seen.end = row.start + row.duration;
  return seen;
}

namespace {

bool spread(const llm::Whose& whose, SpanRow& row) {
  bool changed = false;
  for (std::size_t i = 0; i < std::size(whose_columns); ++i) {
    std::string& mine = row.*whose_columns[i];
    const std::string_view wanted = whose.*llm::whose_fields[i];
    if (mine == wanted) continue;
    mine = wanted;  // its own never changes, so that this came from the trace, or leaves it again
    const auto bit = static_cast<std::uint8_t>(1U << i);
    row.spread = static_cast<std::uint8_t>(wanted.empty() ? row.spread & ~bit : row.spread | bit);
    changed = true;
  }
  return changed;
}

}  // namespace

bool apply(const llm::Verdict& verdict, SpanRow& row) {
  const bool whose = spread(verdict.whose, row);
  // A tool that charges by call counts by its charge: once, for the second report of a call is no tool any more.
  const bool charged = verdict.kind == llm::Kind::tool && verdict.why == llm::NotCounted::no_usage && !verdict.noise &&
                       (row.cost || row.cost_unknown);
  const auto why = charged ? llm::NotCounted::counted : verdict.why;
  const bool counted = why == llm::NotCounted::counted;
  const bool same = row.counted == counted && row.not_counted == why && row.is_error == verdict.is_error &&
                    row.kind == verdict.kind && row.session == verdict.session && row.user == verdict.user &&
                    row.agent == verdict.agent && row.noise == verdict.noise && row.handoff_to == verdict.handoff_to;
  if (same) return whose;
  row.counted = counted;
  row.not_counted = why;
  row.is_error = verdict.is_error;
  row.kind = verdict.kind;
  row.session = verdict.session, row.user = verdict.user, row.agent = verdict.agent;
  row.noise = verdict.noise, row.handoff_to = verdict.handoff_to;
  return true;
}

bool mark_findings(std::span<SpanRow* const> rows, std::vector<bool>& changed) {
  bool any = false;
  std::vector<std::size_t> order(rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {  // as `settle` sorts them
    return std::tie(rows[a]->start, rows[b]->duration, rows[a]->span) <
           std::tie(rows[b]->start, rows[a]->duration, rows[b]->span);
  });
  std::vector<llm::Seen> seen;
  seen.reserve(rows.size());
  for (const std::size_t i : order) seen.push_back(seen_of(*rows[i]));
  const auto findings = llm::find(seen);
  const auto waste = llm::waste_of(findings, seen.size());
  std::vector<std::vector<std::string>> names(rows.size());
  for (const auto& finding : findings) {
    auto& mine = names[finding.spans.front()];
    mine.emplace_back(llm::name_of(finding.rule));
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    SpanRow& row = *rows[order[at]];
    const std::string_view wasted = waste[at] ? llm::name_of(*waste[at]) : std::string_view();
    if (row.findings == names[at] && row.waste == wasted) continue;
    row.findings = std::move(names[at]), row.waste = wasted;
    changed[order[at]] = any = true;
  }
  return any;
}

}  // namespace pawl::traces
