// Rebuilt rows beside those that came.
#include "told.h"

#include <unordered_map>

#include "base/text.h"
#include "batch.h"
#include "late.h"

namespace pawl::traces {
namespace {

std::string decimals(const std::vector<Id128>& ids) {
  std::string out = "[";
  for (const auto& id : ids) out += (out.size() > 1 ? "," : "") + to_decimal(id);
  return out + "]";
}

}  // namespace

bool is_told(const SpanRow& row) {
  const auto mark = mark_of(row.record);
  return mark && mark->told;
}

bool give_way(const SpanRow& told, SpanRow& stays) {
  Patch patch;
  patch.session = told.read_session, patch.user = told.read_user, patch.agent = told.read_agent;
  patch.model = told.model, patch.response_id = told.response_id, patch.finish_reasons = told.finish_reasons;
  patch.error_type = told.error_type, patch.error_message = told.error_message;
  patch.tokens_input = told.tokens_input, patch.tokens_output = told.tokens_output;
  patch.tokens_cache_read = told.tokens_cache_read, patch.tokens_cache_write = told.tokens_cache_write;
  patch.tokens_reasoning = told.tokens_reasoning;
  bool changed = apply(patch, stays);
  if (stays.preview.empty() && !told.preview.empty()) {
    stays.preview = told.preview;
    changed = true;
  }
  if (!is_told(stays)) return changed;
  const Nanos start = std::min(told.start, stays.start);
  const Nanos end = std::max(told.start + told.duration, stays.start + stays.duration);
  changed |= start != stays.start || end != stays.start + stays.duration;
  stays.start = start, stays.duration = end - start;
  return changed;
}

std::string told_condition() {
  constexpr std::uint64_t below = 1ULL << 39U;  // what follows the mark's last bit
  const std::uint64_t first = marked({.told = true}, {}).high & ~(below - 1);
  return fmt::format("record BETWEEN toUInt128('{}') AND toUInt128('{}')", to_decimal({first, 0}),
                     to_decimal({first + below - 1, ~0ULL}));
}

Result<std::vector<Standing>> standing_of(warehouse::Warehouse& warehouse, const std::vector<SpanName>& spans,
                                          Nanos first, Nanos last) {
  struct Names {
    std::vector<Id128> traces, spans;
  };
  std::unordered_map<ProjectId, Names> projects;
  for (const auto& [project, trace, span] : spans) {
    projects[project].traces.push_back(trace);
    projects[project].spans.push_back(span);
  }
  std::vector<Standing> out;
  for (const auto& [project, names] : projects) {
    const Nanos from = std::max<Nanos>(0, first / minute - Nanos{told_minutes});
    const auto answer = TRY(warehouse.read(
        {.sql = fmt::format("SELECT trace, span, record, {} AS told FROM spans WHERE project = {{project:UInt32}} AND "
                            "minute BETWEEN {{from:UInt32}} AND {{to:UInt32}} AND trace IN {{traces:Array(UInt128)}} "
                            "AND span IN {{spans:Array(UInt128)}} GROUP BY trace, span, record HAVING sum(sign) > 0",
                            told_condition()),
         .parameters = {{"project", fmt::format("{}", project)},
                        {"from", fmt::format("{}", from)},
                        {"to", fmt::format("{}", last / minute + 1)},
                        {"traces", decimals(names.traces)},
                        {"spans", decimals(names.spans)}}}));
    for (std::size_t i = 0; i < answer.rows.size(); ++i)
      out.push_back({.name = {project, answer.rows.id(0, i), answer.rows.id(1, i)},
                     .record = answer.rows.id(2, i),
                     .told = answer.rows.integer(3, i) != 0});
  }
  return out;
}

}  // namespace pawl::traces
