// A small HTTP/1.1 client: for the command line and the demo, and for outbound calls under rules.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/cancel.h"
#include "net/http.h"

namespace pawl::net {

struct ClientOptions {
  Nanos connect_time = 5 * second;
  Nanos idle_time = 30 * second;        // without any byte
  std::size_t body_bytes = 256U << 20;  // of an answer; more is `exhausted`
  std::size_t keep_connections = 8;     // idle ones kept for the next call
  bool refuse_private = false;          // outbound rules: no loopback, private, link-local or metadata address …
  std::function<bool(std::string_view host, std::string_view address, std::uint16_t port)>
      allow_private;  // … but these
  bool verify_certificates = true;
  std::string ca_file;  // PEM; empty: the system's
  std::string user_agent = "pawl";
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // "http://127.0.0.1:7295/api/v1/books", https too
  Headers headers;
  std::string body;
  Nanos time = 30 * second;  // for the whole call
  // Given: pieces of a 2xx answer's body as they come, and `body` stays empty; false ends the call with success.
  std::function<bool(std::string_view)> on_data;
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

// Redirects are not followed (outbound rules would have to be checked again): 3xx is an answer like others.
// Errors: `invalid` for a URL, `denied` by outbound rules or an untrusted certificate, `unavailable` for everything
// that another try may mend, `exhausted` for a body over its limit, `corrupt` for an answer that is not HTTP.
// An idle connection that turns out to be dead is replaced once, when nothing of the answer had come.
class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Blocks; any thread, one call at a time for each Client (a lock makes it so).
  Result<ClientResponse> send(ClientRequest request);
  // Inside a coroutine, on its loop; as many at once as wanted. The client outlives the call.
  Task<Result<ClientResponse>> fetch(ClientRequest request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Url {
  bool tls = false;
  std::string host;  // an IPv6 address without brackets
  std::uint16_t port = 0;
  std::string target;  // path and query, at least "/"
};
// `invalid` with what is wrong; no user:password@, no fragment is sent.
Result<Url> parse_url(std::string_view text);

// Is this address (text of IPv4 or IPv6) outside of what `refuse_private` refuses? Source: IANA special-purpose
// address registries (RFC 6890 and updates), and IPv4 inside IPv6 (mapped, 6to4, NAT64).
bool is_public_address(std::string_view address);

}  // namespace pawl::net
