// Any bytes as an archive: members within the limit, or an error.
#include <cstdint>

#include "wire/zip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t limit = 1 << 16;
  std::size_t out = 0;
  const auto members =
      pawl::unzip({reinterpret_cast<const char*>(data), size}, limit, [](std::string_view) { return true; });
  if (members)
    for (const auto& one : *members) out += one.bytes.size();
  PAWL_CHECK(out <= limit);
  return 0;
}
