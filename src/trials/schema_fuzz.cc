// Schemas and values are anybody's bytes: the first line is the schema, the rest the value.
#include <cstddef>
#include <cstdint>

#include "schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  if (const auto schema = pawl::trials::Schema::read(text.substr(0, line)))
    (void)schema->wrong_with(line == std::string_view::npos ? "" : text.substr(line + 1));
  return 0;
}
