// What calls cost, added up by price row and dimensions: what exports, cost tables and other prices are reckoned from.
// A part of the door query.h.
#pragma once
#include "query.h"

namespace pawl::query {

struct RowTiers {
  std::string row;                   // "" holds for every row
  std::vector<std::int64_t> starts;  // total input tokens, exceeded = the next tier
};

struct ChargeQuery {
  std::vector<std::string> dimensions;  // each span has one value of it: no lists, none of time; attr.NAME; at most 16
  Filter filter;                        // selects spans
  Range range;                          // of whole minutes
  Nanos period = day;                   // hour or day, of UTC; 0: none, and `period` is 0
  bool by_row = true;                   // else `price_row` is "" and `tier` of no meaning
  std::vector<RowTiers> tiers = {};
  std::uint32_t limit = 200'000;  // rows; one more tells that there are more
  Nanos now = 0;
};

// Columns: period Int64 (ns), the dimensions as d0, d1, … String, and those of ChargeColumn. Each call is in one row,
// so that sums over rows are sums over calls. Only what counts and has a cost, or lacks one though it should have it.
Result<Statement> compile_charges(std::uint32_t project, const ChargeQuery& query);
enum class ChargeColumn : std::uint8_t {  // after the dimensions
  price_row,                              // String: which price made the cost
  source,                                 // String: "priced" "reported" "unknown"
  tier,                                   // Int64: how many of the row's tiers were passed
  input,                                  // Int64 …: sums of tokens
  cache_read,                             //
  cache_write,                            //
  output,                                 //
  reasoning,                              //
  others,                                 // Array(String): names in tokens_other …
  counts,                                 // Array(Int64): … and their sums
  calls,                                  // Int64
  cost,                                   // Int128, pico-dollars
  count_
};
// The price rows of what ChargeQuery looks at. Column: row String.
Result<Statement> compile_price_rows(std::uint32_t project, const ChargeQuery& query);

}  // namespace pawl::query
