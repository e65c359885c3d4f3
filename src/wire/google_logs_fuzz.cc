// Any bytes as a push of Pub/Sub, and as the entry inside of one: an error, or a log record that OTLP's own reader
// takes.
#include <cstdint>

#include "base/json.h"
#include "base/text.h"
#include "wire/google_logs.h"
#include "wire/otlp.h"

namespace {

void check(std::string_view body) {
  const auto made = pawl::otlp_of_google_push(body);
  if (!made) return;
  const auto counts = pawl::otlp::check(*made, pawl::otlp::Signal::logs, pawl::otlp::Encoding::json, {});
  PAWL_CHECK(counts.has_value(), "{}", counts ? "" : counts.error().what);
  PAWL_CHECK(counts->records == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  check(fmt::format(R"({{"message":{{"data":{}}}}})", pawl::json_quote(pawl::to_base64(bytes))));
  return 0;
}
