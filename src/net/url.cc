// Reading addresses of the web, and telling public ones from private ones.
#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

#include "base/text.h"
#include "net/client.h"
#include "net/detail/header_rules.h"

namespace pawl::net {
namespace {

namespace ip = boost::asio::ip;

struct Range4 {
  std::uint32_t first;
  unsigned bits;
};
// IANA IPv4 special-purpose registry, and multicast.
constexpr std::array special4{
    Range4{0x00000000, 8},  Range4{0x0A000000, 8},  Range4{0x64400000, 10}, Range4{0x7F000000, 8},
    Range4{0xA9FE0000, 16}, Range4{0xAC100000, 12}, Range4{0xC0000000, 24}, Range4{0xC0000200, 24},
    Range4{0xC0586300, 24}, Range4{0xC0A80000, 16}, Range4{0xC6120000, 15}, Range4{0xC6336400, 24},
    Range4{0xCB007100, 24}, Range4{0xE0000000, 4},  Range4{0xF0000000, 4},
};

bool is_public(ip::address_v4 address) {
  return std::ranges::none_of(special4, [&](const Range4& range) {
    return (address.to_uint() >> (32 - range.bits)) == (range.first >> (32 - range.bits));
  });
}

// Only 2000::/3 is global; of it not: 2001::/23 (Teredo and others), documentation, 6to4. NAT64 is what it leads to.
bool is_public(const ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  const unsigned first = static_cast<unsigned>(bytes[0]) << 8U | bytes[1];
  const unsigned second = static_cast<unsigned>(bytes[2]) << 8U | bytes[3];
  const ip::address_v4 embedded({bytes[12], bytes[13], bytes[14], bytes[15]});
  if (address.is_v4_mapped()) return is_public(embedded);
  const bool nat64 = first == 0x0064 && second == 0xff9b &&
                     std::all_of(bytes.begin() + 4, bytes.begin() + 12, [](auto b) { return b == 0; });
  if (nat64) return is_public(embedded);
  if ((first & 0xe000U) != 0x2000U) return false;
  if (first == 0x2001 && (second < 0x0200 || second == 0x0db8)) return false;
  if (first == 0x2002) return false;
  return !(first == 0x3fff && second < 0x1000);
}

}  // namespace

bool is_public_address(std::string_view text) {
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(text), error);
  if (error) return false;
  return address.is_v4() ? is_public(address.to_v4()) : is_public(address.to_v6());
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  std::string_view rest = text.substr(0, text.find('#'));
  if (rest.starts_with("https://"))
    url.tls = true;
  else if (!rest.starts_with("http://"))
    return fail(ErrorKind::invalid, "'{}' does not begin with http:// or https://.", repair_utf8(text));
  rest.remove_prefix(url.tls ? 8 : 7);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos)
    return fail(ErrorKind::invalid, "A name or password inside a URL is not sent; use a header.");
  if (!detail::is_plain_authority(authority))
    return fail(ErrorKind::invalid, "'{}' has no host that could be called.", repair_utf8(text));
  const bool bracket = authority.starts_with('[');
  const std::size_t colon = bracket ? authority.find(':', authority.find(']')) : authority.find(':');
  url.host = authority.substr(bracket ? 1 : 0, bracket ? authority.find(']') - 1 : colon);
  url.port = url.tls ? 443 : 80;
  if (colon != std::string_view::npos && colon + 1 < authority.size()) {
    const auto port = parse_int(authority.substr(colon + 1));
    if (!port || *port < 1 || *port > 65'535)
      return fail(ErrorKind::invalid, "'{}' has no valid port.", repair_utf8(text));
    url.port = static_cast<std::uint16_t>(*port);
  }
  rest.remove_prefix(end);
  url.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  if (!detail::is_plain_target("GET", url.target))
    return fail(ErrorKind::invalid, "'{}' has a character that must be percent-encoded.", repair_utf8(text));
  return url;
}

}  // namespace pawl::net
