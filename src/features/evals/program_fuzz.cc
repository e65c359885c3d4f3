// What a program prints is anybody's bytes.
#include <cstddef>
#include <cstdint>

#include "program.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)pawl::evals::read_program_line(text, "7", "ok");
  pawl::trials::Outcome outcome;
  pawl::evals::read_answer(text, outcome);
  (void)pawl::evals::read_completion(text, {.model = "gpt-4o", .input_price = 1, .output_price = 1});
  return 0;
}
