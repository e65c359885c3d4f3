// Who may talk to a server without keys: only programs and pages of this machine (security.md "Local mode").
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/errors.h"
#include "net/http.h"

namespace pawl::net {

// Looks at the head alone (method, version, headers), before any body is read. Refuses: a Host other than localhost,
// 127.0.0.1 or [::1] with this listener's port (400 without one, 403 else: DNS rebinding); Forwarded, X-Forwarded-*,
// Via, X-Real-IP and HTTP/1.0 (403: a proxy would open it to the world); a foreign Origin and Sec-Fetch-Site
// cross-site or same-site (403); a body of a type that a page can send across sites without asking (415; multipart only
// where a page could have sent it); gRPC without its content type is not routed to gRPC at all.
std::optional<Refusal> check_local(const Request& request, std::uint16_t port);

// "localhost", "127.0.0.1" or "[::1]" with `port`; the port may be missing where it is 80 (or 443 on TLS).
bool is_local_authority(std::string_view authority, std::uint16_t port, bool tls);

}  // namespace pawl::net
