// HTTP/1.1, HTTP/2 (by prior knowledge on the same port, by ALPN under TLS) and unary gRPC on listening sockets.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "net/client_address.h"
#include "net/limits.h"
#include "net/router.h"
#include "net/tasks.h"

namespace pawl::net {

// Decides before a body is read or buffered: nullopt lets it pass, a Response refuses it. Runs on an io thread, so
// it is quick and never blocks (a snapshot in memory). It may set Request::who. For gRPC, `permission` is the method's
// and the refusal's status and message become the gRPC status. Not asked for 404 and 405.
using Gate = std::function<std::optional<Response>(Request&, std::string_view permission)>;

// Called once for every answer that was begun, on an io thread: for counters and the access log.
struct Served {
  const Request* request = nullptr;
  std::string_view pattern;  // the route's, "" where none matched
  int status = 0;            // HTTP status; on gRPC the HTTP equivalent
  Nanos took = 0;            // from the end of the head to the end of the handler
  std::size_t bytes_in = 0, bytes_out = 0;
};

struct ServerOptions {
  Limits limits;
  Gate gate;  // none: everything passes
  TrustedProxies proxies;
  std::function<void(const Served&)> observe;
};

struct TlsFiles {
  std::string certificate, key;  // PEM paths; the certificate may be a chain
};

struct ListenOptions {
  std::string name;                // "main", "otlp-http", "otlp-grpc": Request::listener
  const Router* router = nullptr;  // which routes this port serves; outlives the server
  bool local_mode = false;         // local_mode.h is applied to every request
  std::optional<TlsFiles> tls;     // TLS 1.2 or later only
};

struct ServerStats {  // for /metrics; counters since start
  std::uint64_t connections = 0, connections_open = 0, connections_refused = 0;
  std::uint64_t requests = 0, malformed = 0, timeouts = 0, over_budget = 0;
  std::uint64_t body_bytes_inflight = 0;
};

class Server {
 public:
  Server(Io& io, ServerOptions options, const Log& log);
  // stop() with the default time, where it was not called. A handler that never returns keeps its memory for ever.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and listens; returns the real port (for port 0). `address` is a literal IPv4 or IPv6 address or "localhost".
  // `conflict` when the port is taken, `denied` when it may not be bound, `invalid` for a bad address or certificate.
  Result<std::uint16_t> listen(const std::string& address, std::uint16_t port, ListenOptions options);
  // Serves on a descriptor that already listens (handed over by another process); takes it over.
  Result<std::uint16_t> adopt(int descriptor, ListenOptions options);
  // Reads the certificates and keys of all listeners again, for connections that come from now on. Where one of them
  // cannot be used everything stays as it was.
  Result<> reload_tls();
  // The listening descriptors, for handing over to the next process; still owned by the server.
  std::vector<int> descriptors() const;

  // Accepts no more, answers what was sent by now (Limits::drain_time) and tells its peers to go away, so that nothing
  // is lost where another server listens on the same descriptors; lets begun requests finish for `grace`, then raises
  // their cancel flags, closes, and waits for their handlers another `grace`. Blocks; not from an io thread. False when
  // a handler still ran at the end.
  bool stop(Nanos grace = 10 * second);
  ServerStats stats() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Descriptors handed over by systemd or an older Pawl (LISTEN_FDS, LISTEN_PID); the variables are cleared.
std::vector<int> inherited_descriptors();

}  // namespace pawl::net
