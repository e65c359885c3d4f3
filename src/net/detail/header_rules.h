// What the head of an HTTP/1 request may look like: stricter than the parser behind it, so that two readers of the
// same bytes can never see two different requests. Pure, fuzzed. Source: RFC 9112, and what request smuggling uses.
#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "net/errors.h"
#include "net/limits.h"

namespace pawl::net::detail {

enum class Scan : std::uint8_t { more, complete, bad };
struct HeadEnd {
  Scan scan = Scan::more;
  std::size_t size = 0;  // complete: bytes up to and with the empty line
};
// Looks for the end of the head from `from` on (where the last scan stopped minus 3). A line feed without carriage
// return, and a NUL anywhere, are bad at once.
HeadEnd find_head_end(std::string_view bytes, std::size_t from);

struct HeadFacts {
  std::string_view method, target;  // views into the head
  int version = 11;                 // 10 or 11
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool expects_continue = false;
  bool wants_close = false;  // "Connection: close", or HTTP/1.0
};
// `head` is complete: request line, header lines, empty line.
std::expected<HeadFacts, Refusal> check_head(std::string_view head, const Limits& limits);

bool is_token(std::string_view text);  // RFC 9110 §5.6.2
// A path with perhaps a query, of visible ASCII without '#'; or "*" for OPTIONS.
bool is_plain_target(std::string_view method, std::string_view target);
// A Host or :authority that no parser can read in two ways: name or address, and perhaps a port.
bool is_plain_authority(std::string_view text);

}  // namespace pawl::net::detail
