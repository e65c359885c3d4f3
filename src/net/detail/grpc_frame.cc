// The frame and the trailers.
#include "net/detail/grpc_frame.h"

#include "base/text.h"

namespace pawl::net::detail {
namespace {

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void put_number(std::string& out, unsigned field, std::uint64_t value) {
  put_varint(out, field << 3U);
  put_varint(out, value);
}

void put_bytes(std::string& out, unsigned field, std::string_view bytes) {
  put_varint(out, (field << 3U) | 2U);
  put_varint(out, bytes.size());
  out += bytes;
}

}  // namespace

std::size_t GrpcMessage::announced() const {
  std::size_t size = 0;
  for (std::size_t i = 1; i < 5; ++i) size = (size << 8U) | prefix_[i];
  return size;
}

Result<> GrpcMessage::feed(std::string_view bytes, std::size_t limit, std::string& into) {
  while (prefix_size_ < prefix_.size() && !bytes.empty()) {
    prefix_[prefix_size_++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
  }
  if (prefix_size_ < prefix_.size()) return {};
  if (prefix_[0] > 1) return fail(ErrorKind::invalid, "The gRPC frame has an unknown flag ({}).", prefix_[0]);
  if (announced() > limit)
    return fail(ErrorKind::exhausted, "The message has {} bytes; at most {} are taken.", announced(), limit);
  if (into.size() + bytes.size() > announced())
    return fail(ErrorKind::invalid, "More than one message came on a call that takes one.");
  into += bytes;
  return {};
}

Result<> GrpcMessage::finish(std::size_t got) const {
  if (prefix_size_ < prefix_.size()) return fail(ErrorKind::invalid, "The call has no message.");
  if (got != announced()) return fail(ErrorKind::invalid, "The message ended after {} of {} bytes.", got, announced());
  return {};
}

std::string grpc_frame(std::string_view message) {
  PAWL_CHECK(message.size() <= UINT32_MAX, "a gRPC message of 4 GB");
  std::string out(1, '\0');
  out.reserve(message.size() + 5);
  for (unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>((message.size() >> shift) & 0xffU);
  return out += message;
}

std::optional<Nanos> parse_grpc_timeout(std::string_view value) {
  if (value.size() < 2 || value.size() > 9 || value.front() < '0' || value.front() > '9') return std::nullopt;
  const auto number = parse_int(value.substr(0, value.size() - 1));
  if (!number || *number < 0) return std::nullopt;
  switch (value.back()) {
    case 'H':
      return std::min(*number, std::int64_t{100'000}) * hour;
    case 'M':
      return std::min(*number, std::int64_t{6'000'000}) * minute;
    case 'S':
      return *number * second;
    case 'm':
      return *number * millisecond;
    case 'u':
      return *number * microsecond;
    case 'n':
      return *number;
    default:
      return std::nullopt;
  }
}

std::string encode_grpc_message(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c >= 0x20 && c < 0x7f && c != '%')
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string grpc_status_details(int code, std::string_view message, Nanos retry_after) {
  std::string status;
  put_number(status, 1, static_cast<std::uint64_t>(code));
  put_bytes(status, 2, message);
  if (retry_after > 0) {
    std::string duration, info, any;
    put_number(duration, 1, static_cast<std::uint64_t>(retry_after / second));
    put_number(duration, 2, static_cast<std::uint64_t>(retry_after % second));
    put_bytes(info, 1, duration);
    put_bytes(any, 1, "type.googleapis.com/google.rpc.RetryInfo");
    put_bytes(any, 2, info);
    put_bytes(status, 3, any);
  }
  std::string encoded = to_base64(status);
  while (encoded.ends_with('=')) encoded.pop_back();
  return encoded;
}

bool is_grpc_type(std::string_view content_type) {
  return content_type == "application/grpc" || content_type == "application/grpc+proto";
}

}  // namespace pawl::net::detail
