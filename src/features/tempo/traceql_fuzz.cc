// Any text as TraceQL or tags: what is read is a filter that Pawl's own language reads too.
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "query/query.h"
#include "traceql.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& filter : {pawl::tempo::filter_of_traceql(text), pawl::tempo::filter_of_tags(text)}) {
    if (!filter) continue;
    const auto parsed = pawl::query::Filter::parse(*filter);
    // It may be too long or too deep for it; else every filter that is made here is one.
    if (!parsed && filter->size() < 1000)
      PAWL_CHECK(parsed.error().message.find("200") != std::string::npos ||
                     parsed.error().message.find("deep") != std::string::npos ||
                     parsed.error().message.find("nest") != std::string::npos ||
                     parsed.error().message.find("one of") != std::string::npos,
                 "{} is no filter: {}", *filter, parsed.error().message);
  }
  (void)pawl::tempo::dimension_of_field(text);
  return 0;
}
