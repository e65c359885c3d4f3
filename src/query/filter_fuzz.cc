// Any bytes as a filter: refused with a place inside of the text, or a tree that prints, parses again and compiles.
#include "query.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::query;
  const std::string text(data, data + size);
  const auto filter = Filter::parse(text);
  if (!filter) {
    PAWL_CHECK(filter.error().position <= text.size() && !filter.error().message.empty());
    return 0;
  }
  if (text.size() < 4000) {  // quotes may make the normal form longer than what was typed
    const auto again = Filter::parse(filter->text());
    PAWL_CHECK(again.has_value() && again->text() == filter->text());
  }
  MeasureQuery query{.measures = {"cost", "latency.p95"}, .filter = *filter, .range = {0, pawl::day}};
  for (const Grain grain : {Grain::span, Grain::trace, Grain::session}) {
    query.grain = grain;
    PAWL_CHECK(compile(1, query).has_value());
  }
  return 0;
}
