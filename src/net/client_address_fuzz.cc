// Fuzzes what proxies add: whoever is found is an address, and a peer that is not trusted is always believed of itself.
#include <arpa/inet.h>

#include <cstdlib>

#include "net/client_address.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::net;
  static const TrustedProxies all = *TrustedProxies::parse({"0.0.0.0/0", "fd00::/8"});
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto half = text.substr(0, size / 2), rest = text.substr(size / 2);
  Headers headers;
  headers.add("x-forwarded-for", half);
  headers.add("forwarded", rest);
  const auto asker = all.asker("10.0.0.1", headers);
  unsigned char bytes[16];
  if (::inet_pton(AF_INET, asker.address.c_str(), bytes) != 1 &&
      ::inet_pton(AF_INET6, asker.address.c_str(), bytes) != 1)
    std::abort();
  if (all.asker("2001:db8::1", headers).address != "2001:db8::1") std::abort();
  return 0;
}
