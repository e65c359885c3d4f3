// Rows of spans that were rebuilt from log records (llm/log_calls.h), as their record says (late.h): such a row never
// wins over one that came, whichever is older; it gives way, and what only it knew goes to the one that stays.
#pragma once
#include <string>
#include <vector>

#include "row.h"
#include "store/warehouse/warehouse.h"

namespace pawl::traces {

bool is_told(const SpanRow& row);
// `told`, or an older row of the same record, gives way to `stays`, another row of its span. True where that changed
// `stays`.
bool give_way(const SpanRow& told, SpanRow& stays);
// A condition on the column `record` that such rows meet.
std::string told_condition();

// A call starts before its records come, and no call takes longer: so far from each other two rows of one span may lie.
inline constexpr std::uint32_t told_minutes = 120;

struct SpanName {
  ProjectId project = 0;
  Id128 trace, span;
};
struct Standing {
  SpanName name;
  Id128 record;
  bool told = false;
};
// The rows that stand of these spans, whose log records came between these two times.
Result<std::vector<Standing>> standing_of(warehouse::Warehouse& warehouse, const std::vector<SpanName>& spans,
                                          Nanos first, Nanos last);

}  // namespace pawl::traces
