// Fuzzes finding and masking: lengths stay, only stars are written, nothing is found twice, protobuf keeps its shape.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "guard/secrets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace pawl::guard;
  static const SecretScanner scanner(all_secrets);
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  std::string masked = text;
  scanner.mask(masked);
  if (masked.size() != text.size() || !scanner.find(masked).empty()) std::abort();
  for (std::size_t i = 0; i < size; ++i) {
    if (masked[i] == text[i]) continue;
    if (masked[i] != '*' || text[i] == '"' || text[i] == '\\' || (text[i] & 0x80) != 0) std::abort();
  }
  for (const Signal signal : {Signal::traces, Signal::logs, Signal::metrics}) {
    std::string body = text;
    const auto first = mask_otlp(body, signal, scanner);
    if (body.size() != size) std::abort();
    const auto again = mask_otlp(body, signal, scanner);
    if ((first && !again) || (again && *again != 0)) std::abort();
  }
  return 0;
}
