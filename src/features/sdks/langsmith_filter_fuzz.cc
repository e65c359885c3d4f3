// Any text is a filter that our language reads, or an error with a sentence; nothing matches everything by accident.
#include "langsmith.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pawl::Nanos from = 0;
  const std::string text(data, data + size);
  const auto out = pawl::sdks::filter_of_langsmith(text, from);
  if (!out) {
    PAWL_CHECK(!out.error().what.empty());
    return 0;
  }
  const auto filter = pawl::query::Filter::parse(*out);
  PAWL_CHECK(filter.has_value() && !filter->text().empty());
  PAWL_CHECK(from == 0 || text.find("start_time") != std::string::npos);
  return 0;
}
