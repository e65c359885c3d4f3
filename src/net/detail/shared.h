// What all connections of one server share: options, counters, the budget of bodies; and the way of a request from its
// head to its answer, which is the same on every protocol.
#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "net/detail/loop.h"
#include "net/detail/stream.h"
#include "net/server.h"

namespace pawl::net::detail {

class Connection;

struct Listener {
  ListenOptions options;
  std::uint16_t port = 0;
  std::shared_ptr<asio::ssl::context> tls;  // under Shared::lock: it may be replaced
  tcp::acceptor acceptor;
};

struct Shared : std::enable_shared_from_this<Shared> {
  Shared(Io& io_, ServerOptions options_, const Log& log_);
  Io& io;
  const ServerOptions options;
  const Log& log;
  const Limits& limits() const { return options.limits; }

  std::atomic<std::uint64_t> accepted{0}, refused{0}, requests{0}, malformed{0}, timeouts{0}, over_budget{0};
  std::atomic<std::size_t> body_bytes{0};
  std::atomic<bool> stopping{false};

  std::shared_ptr<asio::ssl::context> tls_of(const Listener& listener);
  std::uint64_t request_number();  // unique, not guessable from the last one alone

  // Connections, by their loop; a loop's set is touched on its thread only.
  struct OnLoop {
    Loop* loop = nullptr;
    std::unordered_set<Connection*> connections;
  };
  std::vector<OnLoop> loops;
  OnLoop& on(Loop& loop);
  std::mutex lock;
  std::condition_variable changed;
  std::size_t open = 0, accepting = 0;  // under `lock`

 private:
  std::uint64_t salt_;
  std::atomic<std::uint64_t> next_{0};
};

// A share of Limits::inflight_body_bytes, given back at its end.
class Lease {
 public:
  explicit Lease(Shared& server) : server_(&server) {}
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { release(); }
  bool grow_to(std::size_t bytes);  // false: over the budget, nothing changed
  void release();

 private:
  Shared* server_;
  std::size_t held_ = 0;
};

// What is to be done with a request, known from its head.
struct Plan {
  const Route* route = nullptr;
  const GrpcMethod* grpc = nullptr;
  std::optional<Response> refusal;  // then the handler is not run
  std::size_t body_bytes = 0;
};

// Fills path, query, content type, captures; asks local mode, the router and the gate. `request` has its head only.
Plan plan_request(Shared& server, const Listener& listener, Request& request);

// Runs the handler; its errors and exceptions become answers. request.cancel is set before.
Task<Response> run_handler(Shared& server, const Plan& plan, Request& request);
Task<Result<std::string>> run_grpc(Shared& server, const GrpcMethod& method, Request& request);
// The next piece of a body; an exception is an error.
Task<Result<std::optional<std::string>>> next_piece(Source source);

// Gives an error the form that the route's clients understand. Once for each answer.
void shape_error(const Plan& plan, const Request& request, Response& response);

// Adds what every answer carries: nosniff, caching (no-store where nothing is said), date, request id, length.
void complete_headers(Response& response, const Request& request);
// The body where it is whole in memory; nullopt for streams.
std::optional<std::string_view> whole_body(const Response& response);
bool may_have_body(int status);  // not 1xx, 204, 304

// When a body that has come so far is too slow: the average since `begun` fell below the minimum.
Nanos body_deadline(const Limits& limits, Nanos begun, std::size_t received);

}  // namespace pawl::net::detail
