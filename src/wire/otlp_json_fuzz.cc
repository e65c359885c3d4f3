// Any bytes as a JSON request: the walk and the check agree, what was kept as `raw` reads back, and all of it is JSON.
#include <cstdlib>

#include "wire/otlp_fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pawl::otlp::fuzz_walks(data, size, pawl::otlp::Encoding::json);
  return 0;
}
