// Fuzzes finding and masking: lengths stay, only stars and nines are written, nothing is changed twice, protobuf keeps
// its shape, JSON stays JSON.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "guard/secrets.h"

namespace {

using namespace pawl::guard;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_bytes(const std::string& text, const std::string& masked) {
  check(masked.size() == text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (masked[i] == text[i]) continue;
    check(masked[i] == '*' || (masked[i] == '9' && text[i] >= '0' && text[i] <= '9'));
    check(text[i] != '"' && text[i] != '\\');
  }
  check(!simdjson::validate_utf8(text) || simdjson::validate_utf8(masked));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const SecretScanner keys(all_secrets), all(all_kinds, {{"ticket", "T-[0-9]{4}"}, {"greedy", "secret.*"}});
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  std::string masked = text;
  keys.mask(masked);
  check_bytes(text, masked);
  std::string twice = masked;  // what is not ASCII is left in its place, and may be found again
  keys.mask(twice);
  check(twice == masked);
  std::string json = text;
  Hide hide;
  all.mask_json(json, hide);
  check(json.size() == size);
  simdjson::dom::parser parser;
  if (!parser.parse(text).error()) check(!parser.parse(json).error());
  for (const Signal signal : {Signal::traces, Signal::logs, Signal::metrics}) {
    std::string body = text;
    const auto first = mask_otlp(body, signal, keys);
    check(body.size() == size);
    const std::string once = body;
    const auto again = mask_otlp(body, signal, keys);
    check(again || !first);
    check(body == once);
  }
  (void)references_in(text);
  return 0;
}
