// gRPC over HTTP/2 as bytes: the 5-byte frame of a unary message, time-outs, status trailers. Pure, fuzzed.
// Source: grpc/doc/PROTOCOL-HTTP2.md; google/rpc/{status,error_details}.proto.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace pawl::net::detail {

// Takes the frame off while the bytes arrive, so that the message alone is kept.
class GrpcMessage {
 public:
  // Appends what belongs to the message to `into`. `exhausted` when the frame announces more than `limit`, `invalid`
  // when more than one message comes or the flag is unknown.
  Result<> feed(std::string_view bytes, std::size_t limit, std::string& into);
  Result<> finish(std::size_t got) const;  // `invalid` when the message is not whole
  bool compressed() const { return prefix_[0] == 1; }
  std::size_t announced() const;  // bytes, once the frame is there

 private:
  std::array<unsigned char, 5> prefix_{};
  std::size_t prefix_size_ = 0;
};

std::string grpc_frame(std::string_view message);                 // uncompressed
std::optional<Nanos> parse_grpc_timeout(std::string_view value);  // "100m", "5S" …
std::string encode_grpc_message(std::string_view text);           // percent-encoding of grpc-message
// grpc-status-details-bin: google.rpc.Status, with RetryInfo where `retry_after` > 0; base64 without padding.
std::string grpc_status_details(int code, std::string_view message, Nanos retry_after);
bool is_grpc_type(std::string_view content_type);  // "application/grpc" or "application/grpc+proto"

}  // namespace pawl::net::detail
