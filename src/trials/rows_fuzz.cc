// Fuzzes the reader of results, and the comparison of whatever it takes: every row is counted once, the report is JSON.
#include <simdjson.h>

#include <cstdlib>
#include <string_view>

#include "compare.h"
#include "write.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace pawl::trials;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto half = text.find('\f');  // in front: the baseline; behind: the candidate
  Names names;
  const Side a = read_rows(std::string(text.substr(0, half)), names);
  const Side b = half == std::string_view::npos ? a : read_rows(std::string(text.substr(half + 1)), names);
  for (const Side* side : {&a, &b}) {
    if (side->rows < side->outcomes + side->infra_errors + side->retried + side->bad_count) std::abort();
    std::uint64_t outcomes = 0;
    for (const auto& one : side->cases) outcomes += one.trials;
    if (outcomes != side->outcomes || side->order.size() > side->cases.size()) std::abort();
  }
  for (const bool sequential : {false, true}) {
    Terms terms;
    terms.sequential = sequential;
    const auto compared = compare(terms, names, a, b);
    if (!compared) continue;
    simdjson::dom::parser parser;
    for (const auto& metric : compared->metrics) {
      pawl::JsonWriter json;
      write_metric(json, metric);
      if (parser.parse(json.take()).error()) std::abort();
    }
  }
  return 0;
}
