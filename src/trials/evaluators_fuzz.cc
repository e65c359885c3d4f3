// Files of evaluators are anybody's bytes.
#include <cstddef>
#include <cstdint>

#include "evaluators.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::trials;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool json : {false, true}) {
    const auto read = read_evaluators(text, json);
    if (!read) continue;
    pawl::datasets::Item item;
    item.expected = "\"x\"";
    for (const auto& one : *read) evaluate(one, item, {.output = "\"x\"", .trajectory = "[]"});
  }
  return 0;
}
