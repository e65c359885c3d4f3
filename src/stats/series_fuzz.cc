// Any bytes as a series, and every rule on what comes of them.
#include <cstddef>
#include <cstdint>

#include "stats/backtest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto series = pawl::stats::parse_series({reinterpret_cast<const char*>(data), size});
  if (!series || series->values.size() > 2000) return 0;
  for (const auto kind : pawl::stats::rule_kinds())
    (void)pawl::stats::backtest(*series, {.kind = std::string(kind), .above = 1});
  return 0;
}
