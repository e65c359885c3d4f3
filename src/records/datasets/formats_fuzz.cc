// Files of cases are anybody's bytes: nothing crashes, and what was read is written and read again.
#include "formats.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::datasets;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string_view format : {"auto", "csv", "adk"}) {
    const auto read = read_cases(text, format);
    if (!read) continue;
    near_duplicates(read->cases);
    for (const std::string_view to : {"jsonl", "csv", "langfuse", "langsmith", "openai", "adk"}) {
      const auto written = write_cases(read->cases, to);
      PAWL_CHECK(written.has_value(), "{}", to);
      if (to != "jsonl" || read->cases.empty()) continue;
      const auto again = read_cases(*written, "jsonl");
      PAWL_CHECK(again.has_value() && again->cases.size() + again->bad_total >= read->cases.size(), "lines were lost");
    }
  }
  return 0;
}
