// YAML is anybody's bytes: what comes out is one JSON value, and that is YAML too, which says the same each further
// time.
#include "yaml.h"

#include <simdjson.h>

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  const auto read = yaml_to_json({reinterpret_cast<const char*>(data), size});
  if (!read) {
    PAWL_CHECK(!read.error().what.empty(), "an error says why");
    return 0;
  }
  simdjson::dom::parser parser(std::size_t{1} << 30);
  PAWL_CHECK(parser.allocate(read->size() + 64, 1024) == simdjson::SUCCESS, "memory");
  PAWL_CHECK(!parser.parse(*read).error(), "{}", *read);
  const auto again = yaml_to_json(*read);
  PAWL_CHECK(again, "{}", *read);
  const auto third = yaml_to_json(*again);
  PAWL_CHECK(third && *third == *again, "{}", *again);
  return 0;
}
