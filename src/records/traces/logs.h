// Log records out of the warehouse: those of a run, or a page of all.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batch.h"
#include "store/warehouse/warehouse.h"

namespace pawl::traces {

struct LogSelection {
  ProjectId project = 0;
  std::vector<Id128> traces;  // none: all, and then `from` and `to` hold
  std::optional<Id128> span;
  Nanos from = 0, to = 0;            // half open, by the time of the record; ns
  std::string service, event, text;  // "" is any; `text` stands in the body, in any case
  int severity = 0;                  // at least (OpenTelemetry: 1 trace, 5 debug, 9 info, 13 warn, 17 error, 21 fatal)
  bool newest_first = true;
  std::string cursor;  // of the page before; newest first only
  std::uint32_t limit = 100;
};
struct LogPage {
  std::vector<LogRow> rows;  // the same record of one time once
  std::string cursor;        // "" where there is no more
  std::uint64_t rows_read = 0;
  Nanos elapsed = 0;
};
// `invalid` on a cursor that no page gave.
Result<LogPage> read_logs(warehouse::Warehouse& warehouse, const LogSelection& selection);
Result<bool> any_logs(warehouse::Warehouse& warehouse, ProjectId project);

// "TRACE" "DEBUG" "INFO" "WARN" "ERROR" "FATAL"; "" where the number says none.
std::string_view severity_name(int number);
std::optional<int> severity_from(std::string_view text);  // a name in any case, or a number from 1 to 24

}  // namespace pawl::traces
