// Who really asks where a proxy stands in front: X-Forwarded-For and Forwarded (RFC 7239), believed of named proxies
// only.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"

namespace pawl::net {

struct Asker {
  std::string address;  // of the client
  bool tls = false;     // the outermost proxy that is believed says that it was reached by TLS
};

class TrustedProxies {
 public:
  TrustedProxies() = default;  // none: the peer is who asks
  // Addresses and networks: "10.0.0.7", "10.0.0.0/8", "fd00::/8". `invalid` names the one that is neither.
  static Result<TrustedProxies> parse(const std::vector<std::string>& texts);

  bool trusts(std::string_view address) const;
  // From the peer on along the proxies that are believed, to the first address that is none of them. What comes before
  // that one in the header was written by it, and is no evidence. Where both headers are there and name different
  // clients, one of them is forged: then it is the peer.
  Asker asker(std::string_view peer, const Headers& headers) const;

 private:
  using Bytes = std::array<std::uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d
  struct Network {
    Bytes first{};
    int bits = 0;
  };
  struct Hop;
  static Result<Network> network(std::string_view text);
  Asker walk(std::string_view peer, const std::vector<Hop>& hops) const;
  std::vector<Network> networks_;
};

}  // namespace pawl::net
