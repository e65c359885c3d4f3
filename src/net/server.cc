// Listening, accepting, and ending in order.
#include "net/server.h"

#include <unistd.h>

#include <charconv>

#include "base/text.h"
#include "net/detail/connection.h"

namespace pawl::net {

namespace asio = boost::asio;
using detail::Connection;
using detail::Listener;
using detail::Loop;
using detail::Shared;
using detail::tcp;

struct Server::State final : Shared {
  using Shared::Shared;
  std::vector<std::unique_ptr<Listener>> listeners;
  bool ended = false;
  Loop& first_loop() { return *io.impl().loops.front(); }
};

namespace {

// ALPN: HTTP/2 where the client offers it, else HTTP/1.1 (RFC 7301).
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  static constexpr unsigned char ours[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, size, ours, sizeof ours - 1, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Result<std::unique_ptr<asio::ssl::context>> make_tls(const TlsFiles& files) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(context->native_handle(), choose_protocol, nullptr);
  boost::system::error_code error;
  context->use_certificate_chain_file(files.certificate, error);
  if (error)
    return fail(ErrorKind::invalid, "The certificate {} cannot be used: {}.", files.certificate, error.message());
  context->use_private_key_file(files.key, asio::ssl::context::pem, error);
  if (error)
    return fail(ErrorKind::invalid, "The key {} cannot be used with {}: {}.", files.key, files.certificate,
                error.message());
  return context;
}

std::unexpected<Error> bind_error(const std::string& address, std::uint16_t port,
                                  const boost::system::error_code& error) {
  if (error == asio::error::address_in_use)
    return fail(ErrorKind::conflict, "{}:{} is taken by another program.", address, port);
  if (error == asio::error::access_denied)
    return fail(ErrorKind::denied, "{}:{} may not be bound by this user.", address, port);
  return fail(ErrorKind::invalid, "{}:{} cannot be bound: {}.", address, port, error.message());
}

void turn_away(tcp::socket socket) {
  static constexpr std::string_view answer =
      "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.send(asio::buffer(answer), 0, ignored);
}

void begin(const std::shared_ptr<Shared>& server, const Listener& listener, Loop& loop, tcp::socket socket) {
  asio::post(loop.context(), [server, &listener, &loop, socket = std::move(socket)]() mutable {
    auto connection = std::make_shared<Connection>(server, listener, loop, std::move(socket));
    asio::co_spawn(loop.context(), connection->run(), [connection](std::exception_ptr thrown) {
      if (!thrown) return;
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& fault) {
        connection->server->log.error("connection ended by an exception", {{"what", fault.what()}});
      }
    });
  });
}

// Runs on the first loop until the acceptor is closed.
Task<void> accept(std::shared_ptr<Shared> server, Listener& listener) {
  for (;;) {
    Loop& loop = server->io.impl().next();
    auto [error, socket] = co_await listener.acceptor.async_accept(loop.context(), detail::as_value);
    if (error && !listener.acceptor.is_open()) break;
    if (error) {  // out of descriptors, or a peer that left already
      co_await sleep(error == asio::error::no_descriptors ? 100 * millisecond : millisecond);
      continue;
    }
    server->accepted.fetch_add(1, std::memory_order_relaxed);
    bool room = false;
    {
      std::lock_guard hold(server->lock);
      room = server->open < server->limits().connections;  // while stopping too: it came before
      if (room) ++server->open;
    }
    if (room)
      begin(server, listener, loop, std::move(socket));
    else {
      server->refused.fetch_add(1, std::memory_order_relaxed);
      turn_away(std::move(socket));
    }
    if (!listener.acceptor.is_open()) break;
  }
  std::lock_guard hold(server->lock);
  --server->accepting;
  server->changed.notify_all();
}

void start_accepting(const std::shared_ptr<Shared>& server, Loop& loop, Listener& listener) {
  {
    std::lock_guard hold(server->lock);
    ++server->accepting;
  }
  asio::co_spawn(loop.context(), accept(server, listener), [](std::exception_ptr) {});
}

Result<std::unique_ptr<Listener>> make_listener(Loop& loop, ListenOptions options) {
  PAWL_CHECK(options.router != nullptr, "a listener needs a router");
  std::unique_ptr<asio::ssl::context> tls;
  if (options.tls) tls = TRY(make_tls(*options.tls));
  return std::make_unique<Listener>(Listener{std::move(options), 0, std::move(tls), tcp::acceptor(loop.context())});
}

void on_every_connection(Shared& server, void (Connection::*act)()) {
  for (Shared::OnLoop& one : server.loops)
    asio::post(one.loop->context(), [shared = server.shared_from_this(), &one, act] {
      std::vector<std::shared_ptr<Connection>> all;
      for (Connection* connection : one.connections) all.push_back(connection->shared_from_this());
      for (const auto& connection : all) ((*connection).*act)();
    });
}

bool wait_for_end(Shared& server, Nanos time) {
  std::unique_lock hold(server.lock);
  return server.changed.wait_for(hold, std::chrono::nanoseconds(time),
                                 [&] { return server.open == 0 && server.accepting == 0; });
}

}  // namespace

Server::Server(Io& io, ServerOptions options, const Log& log)
    : state_(std::make_shared<State>(io, std::move(options), log)) {}

Server::~Server() {
  if (!state_->ended) stop();
}

Result<std::uint16_t> Server::listen(const std::string& address, std::uint16_t port, ListenOptions options) {
  boost::system::error_code error;
  const auto parsed = asio::ip::make_address(address == "localhost" ? "127.0.0.1" : address, error);
  if (error) return fail(ErrorKind::invalid, "'{}' is no IPv4 or IPv6 address to listen on.", address);
  auto listener = TRY(make_listener(state_->first_loop(), std::move(options)));
  const tcp::endpoint end(parsed, port);
  tcp::acceptor& acceptor = listener->acceptor;
  acceptor.open(end.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(end, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return bind_error(address, port, error);
  listener->port = acceptor.local_endpoint().port();
  state_->listeners.push_back(std::move(listener));
  start_accepting(state_, state_->first_loop(), *state_->listeners.back());
  return state_->listeners.back()->port;
}

Result<std::uint16_t> Server::adopt(int descriptor, ListenOptions options) {
  auto listener = TRY(make_listener(state_->first_loop(), std::move(options)));
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size) != 0 ||
      (bound.ss_family != AF_INET && bound.ss_family != AF_INET6))
    return fail(ErrorKind::invalid, "Descriptor {} is no TCP socket that could be taken over.", descriptor);
  boost::system::error_code error;
  listener->acceptor.assign(bound.ss_family == AF_INET ? tcp::v4() : tcp::v6(), descriptor, error);
  if (error) return fail(ErrorKind::invalid, "Descriptor {} cannot be taken over: {}.", descriptor, error.message());
  listener->port = listener->acceptor.local_endpoint().port();
  state_->listeners.push_back(std::move(listener));
  start_accepting(state_, state_->first_loop(), *state_->listeners.back());
  return state_->listeners.back()->port;
}

Result<> Server::reload_tls() {
  std::vector<std::shared_ptr<asio::ssl::context>> fresh;
  for (const auto& listener : state_->listeners)
    fresh.push_back(listener->options.tls ? TRY(make_tls(*listener->options.tls)) : nullptr);
  std::lock_guard hold(state_->lock);
  for (std::size_t i = 0; i < fresh.size(); ++i) state_->listeners[i]->tls = std::move(fresh[i]);
  return {};
}

std::vector<int> Server::descriptors() const {
  std::vector<int> all;
  for (const auto& listener : state_->listeners) all.push_back(listener->acceptor.native_handle());
  return all;
}

bool Server::stop(Nanos grace) {
  state_->ended = true;
  state_->stopping = true;
  asio::post(state_->first_loop().context(), [state = state_] {
    boost::system::error_code ignored;
    for (auto& listener : state->listeners) listener->acceptor.close(ignored);
  });
  on_every_connection(*state_, &Connection::drain);
  if (wait_for_end(*state_, grace)) return true;
  on_every_connection(*state_, &Connection::kill);
  if (wait_for_end(*state_, grace)) return true;
  state_->log.error("a handler did not end", {{"waited_s", fmt::format("{}", 2 * grace / second)}});
  state_->io.impl().abandon = true;  // its coroutine may still be entered by a thread of its own
  return false;
}

ServerStats Server::stats() const {
  const State& s = *state_;
  ServerStats stats{s.accepted, 0, s.refused, s.requests, s.malformed, s.timeouts, s.over_budget, s.body_bytes};
  std::lock_guard hold(state_->lock);
  stats.connections_open = state_->open;
  return stats;
}

std::vector<int> inherited_descriptors() {
  const char *process = std::getenv("LISTEN_PID"), *count = std::getenv("LISTEN_FDS");
  std::vector<int> descriptors;
  if (process && count && parse_int(process) == static_cast<std::int64_t>(::getpid()))
    for (std::int64_t i = 0; i < std::min<std::int64_t>(parse_int(count).value_or(0), 64); ++i)
      descriptors.push_back(static_cast<int>(3 + i));  // SD_LISTEN_FDS_START
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDS");
  return descriptors;
}

}  // namespace pawl::net
