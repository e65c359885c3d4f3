// Any bytes as a protobuf request: the walk and the check agree, and what was kept as `raw` reads back.
#include <cstdlib>

#include "wire/otlp_fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pawl::otlp::fuzz_walks(data, size, pawl::otlp::Encoding::protobuf);
  return 0;
}
