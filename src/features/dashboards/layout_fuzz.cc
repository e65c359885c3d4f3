// Any bytes are a layout or an error with a sentence; what is read is read again as the same.
#include "dashboards.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto layout = pawl::dashboards::read_layout(text);
  if (!layout) {
    PAWL_CHECK(!layout.error().what.empty());
    return 0;
  }
  const auto again = pawl::dashboards::read_layout(*layout);
  PAWL_CHECK(again.has_value() && *again == *layout);
  return 0;
}
