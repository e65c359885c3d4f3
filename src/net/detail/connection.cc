// A connection's life: TLS, which protocol, and its end.
#include "net/detail/connection.h"

namespace pawl::net::detail {
namespace {

constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113 §3.4
constexpr std::size_t piece_bytes = 256U << 10;

std::string address_text(const tcp::socket& socket) {
  boost::system::error_code error;
  const auto end = socket.remote_endpoint(error);
  if (error) return "unknown";
  auto address = end.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address.to_string();
}

}  // namespace

Connection::Connection(std::shared_ptr<Shared> shared, const Listener& at, Loop& on, tcp::socket socket)
    : server(std::move(shared)),
      listener(at),
      loop(on),
      stream(std::move(socket)),
      peer(address_text(stream.socket())) {
  boost::system::error_code ignored;
  stream.socket().set_option(tcp::no_delay(true), ignored);
  server->on(loop).connections.insert(this);
  loop.watch(*this);
}

Connection::~Connection() {
  loop.forget(*this);
  server->on(loop).connections.erase(this);
  std::lock_guard hold(server->lock);
  --server->open;
  server->changed.notify_all();
}

void Connection::fill(Request& request) const {
  request.peer = request.client = peer;
  request.number = server->request_number();
}

void Connection::sweep(Nanos now) {
  if (now >= deadline) {
    deadline = Cancel::never;
    timed_out = true;
    server->timeouts.fetch_add(1, std::memory_order_relaxed);
    stream.cancel();
  }
  if (protocol) protocol->sweep(now);
}

void Connection::drain() {
  draining = true;
  if (protocol)
    protocol->drain();
  else
    deadline = std::min(deadline, monotonic_now() + server->limits().drain_time);
}

void Connection::kill() {
  draining = true;
  if (protocol) protocol->kill();
  stream.close();
}

Task<bool> Connection::write(std::string_view first, std::string_view second) {
  timed_out = false;
  while (!first.empty() || !second.empty()) {
    const std::string_view one = first.substr(0, piece_bytes), two = second.substr(0, piece_bytes - one.size());
    deadline = monotonic_now() + server->limits().write_time;
    const bool written = co_await stream.write(one, two);
    deadline = Cancel::never;
    if (!written || timed_out) co_return false;
    first.remove_prefix(one.size());
    second.remove_prefix(two.size());
  }
  co_return true;
}

Task<bool> Connection::speaks_http2() {
  if (stream.chose_http2()) co_return true;
  for (;;) {
    const std::string_view got(static_cast<const char*>(buffer.cdata().data()), buffer.size());
    if (got.size() >= preface.size()) co_return got.starts_with(preface);
    if (!preface.starts_with(got)) co_return false;
    const std::size_t size = co_await stream.read(buffer.prepare(4'096));
    if (size == 0) co_return false;
    buffer.commit(size);
  }
}

Task<void> Connection::run() {
  auto keep = shared_from_this();
  draining = draining || server->stopping;
  deadline = monotonic_now() + (draining ? server->limits().drain_time : server->limits().header_time);
  const auto tls = server->tls_of(listener);
  const bool ready = !tls || co_await stream.accept_tls(*tls);
  if (!ready || timed_out) co_return;
  const bool second_version = co_await speaks_http2();
  if (buffer.size() == 0 && timed_out) co_return;
  if (second_version)
    co_await serve_http2(keep);
  else
    co_await serve_http1(keep);
}

}  // namespace pawl::net::detail
