// Any bytes as a multipart body: parts inside the body or an error.
#include <cstdint>

#include "wire/multipart.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t sum = 0;
  const auto walked = pawl::walk_multipart(bytes, pawl::multipart_boundary_of_body(bytes), [&](const pawl::Part& part) {
    sum += part.bytes.size();
    PAWL_CHECK(part.bytes.empty() || (part.bytes.data() >= bytes.data() &&
                                      part.bytes.data() + part.bytes.size() <= bytes.data() + bytes.size()));
  });
  PAWL_CHECK(sum <= size);
  PAWL_CHECK(!walked || *walked <= size);
  static_cast<void>(pawl::multipart_boundary(bytes));
  return 0;
}
