// Any bytes as every encoding: an answer within the limit or an error; and what we compress comes back.
#include <cstdint>

#include "wire/compress.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t limit = 1 << 16;
  for (const std::string_view encoding : {"gzip", "deflate", "zstd", "zstd,gzip", "identity"}) {
    const auto out = pawl::decompress(encoding, bytes, limit);
    PAWL_CHECK(!out || out->size() <= limit);
  }
  PAWL_CHECK(pawl::decompress("gzip", pawl::gzip(bytes, 1), size).value() == bytes);
  PAWL_CHECK(pawl::decompress("zstd", pawl::zstd(bytes, 1), size).value() == bytes);
  return 0;
}
