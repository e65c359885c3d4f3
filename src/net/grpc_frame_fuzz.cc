// A gRPC body cut in any pieces gives the message that it holds as a whole, or an error; never more than the limit.
#include "net/detail/grpc_frame.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  using namespace pawl::net::detail;
  if (size < 1) return 0;
  const std::size_t step = 1 + data[0] % 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  GrpcMessage whole, pieces;
  std::string from_whole, from_pieces;
  const bool whole_fine = whole.feed(bytes, 100, from_whole).has_value();
  bool pieces_fine = true;
  for (std::size_t at = 0; at < bytes.size() && pieces_fine; at += step)
    pieces_fine = pieces.feed(bytes.substr(at, step), 100, from_pieces).has_value();
  PAWL_CHECK(whole_fine == pieces_fine);
  PAWL_CHECK(from_whole.size() <= 100 && from_pieces.size() <= 100);
  if (whole_fine) {
    PAWL_CHECK(from_whole == from_pieces);
    PAWL_CHECK(whole.finish(from_whole.size()).has_value() == pieces.finish(from_pieces.size()).has_value());
  }
  parse_grpc_timeout(bytes);
  encode_grpc_message(bytes);
  return 0;
}
