// What a sender is answered: Export…ServiceResponse with its partial success, and google.rpc.Status.
#include "base/json.h"
#include "base/text.h"
#include "wire/otlp.h"
#include "wire/protobuf.h"

namespace pawl::otlp {
namespace {

std::string_view rejected_field(Signal signal) {
  switch (signal) {
    case Signal::traces:
      return "rejectedSpans";
    case Signal::logs:
      return "rejectedLogRecords";
    case Signal::metrics:
      return "rejectedDataPoints";
  }
  return {};
}

}  // namespace

// Export*ServiceResponse: partial_success = 1 { rejected_* = 1 (int64), error_message = 2 }.
std::string success_body(Signal signal, Encoding encoding, std::uint64_t refused, std::string_view why) {
  if (encoding == Encoding::json) {
    JsonWriter json;
    json.object();
    if (refused > 0) {
      json.key("partialSuccess").object();
      json.field(rejected_field(signal), std::to_string(refused)).field("errorMessage", why).end();
    }
    json.end();
    return json.take();
  }
  if (refused == 0) return {};
  std::string partial, out;
  protobuf::Writer message(partial);
  message.add_int64(1, static_cast<std::int64_t>(refused));
  message.add_string(2, repair_utf8(why));
  protobuf::Writer(out).add_message(1, partial);
  return out;
}

// google.rpc.Status: code = 1, message = 2.
std::string status_body(Encoding encoding, int code, std::string_view message) {
  if (encoding == Encoding::json) {
    JsonWriter json;
    json.object().field("code", code).field("message", message).end();
    return json.take();
  }
  std::string out;
  protobuf::Writer status(out);
  status.add_int32(1, code);
  status.add_string(2, repair_utf8(message));
  return out;
}

}  // namespace pawl::otlp
