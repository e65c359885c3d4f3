// The columns of list rows as SQL; inside of the module only.
#pragma once
#include <string>
#include <string_view>

#include "sql.h"

namespace pawl::query {

// Rows of traces or sessions from their spans. `rows` is " AND …" on `spans`; `order_key` and `mine` are expressions
// over `_item` and, where `inside` is given, `_first`: the first
// position of a span in it.
struct Whole {
  Grain grain = Grain::trace;
  std::optional<Range> range;   // what is read
  std::optional<Range> inside;  // of `_first`
  std::string with;             // "WITH … " or ""
  std::string rows;
  std::string order_key = "''", mine = "1", order_by;
  std::uint32_t limit = 1;
  Nanos now = 0;  // for what still runs; 0: nothing does
};
std::string whole_rows_sql(const Whole& whole);

// Rows of spans as they are stored, corrected ones too: the columns of a span, then sign and minute.
std::string span_rows_sql(const Range& range, std::string_view rows, std::uint32_t limit);

std::string hex_sql(std::string_view key, int digits);

// Lists read whole items: this far around the window, at most.
inline constexpr Nanos trace_reach = day, session_reach = 7 * day;

}  // namespace pawl::query
