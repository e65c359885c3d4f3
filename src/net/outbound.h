// The one client for calls to addresses that people configure (identity providers, webhooks, endpoints under test):
// private, link-local and metadata addresses are refused after resolving, and again after every redirect.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/client.h"

namespace pawl::net {

// What the operator lets outbound calls reach although it is private.
class AllowedPlaces {
 public:
  AllowedPlaces() = default;  // nothing
  // "10.1.2.3", "10.0.0.0/8", "[fd00::]/8", a host name whose addresses are all trusted; each may end with ":PORT" (an
  // IPv6 one in brackets then). `invalid` names the one that is none of these.
  static Result<AllowedPlaces> parse(const std::vector<std::string>& texts);
  // `address` is what `host` was resolved to.
  bool holds(std::string_view host, std::string_view address, std::uint16_t port) const;

 private:
  struct Place {
    std::string host;     // in lower case; or
    std::string network;  // 16 bytes, IPv4 as ::ffff:a.b.c.d
    int bits = 0;
    std::uint16_t port = 0;  // 0: any
  };
  static Result<Place> place(std::string_view text);
  std::vector<Place> places_;
};

struct OutboundOptions {
  AllowedPlaces allowed;
  std::string ca_file;                // PEM; empty: the system's
  std::size_t body_bytes = 4U << 20;  // of an answer
};

// Errors as those of Client. GET and HEAD follow up to 5 redirects: never from https to http, and without the request's
// own headers once they lead to another host. An answer to another method is handed out as it is.
class Outbound {
 public:
  explicit Outbound(OutboundOptions options = {});
  Result<ClientResponse> send(ClientRequest request);         // blocks; one call at a time
  Task<Result<ClientResponse>> fetch(ClientRequest request);  // in a coroutine; outlives the call
  // Blocks until all have ended, side by side: one that hangs keeps no other waiting. As many answers, in their order.
  std::vector<Result<ClientResponse>> send_all(std::vector<ClientRequest> requests);

 private:
  Client client_;
};

}  // namespace pawl::net
