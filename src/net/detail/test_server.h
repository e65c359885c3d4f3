// For tests: a server on a free port of the loopback, and raw sockets to say anything to it.
#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/server.h"

namespace pawl::net::testing {

class RawSocket {
 public:
  explicit RawSocket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~RawSocket() { ::close(fd_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;
  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // What comes within `ms`; "" when nothing does or the peer closed (then `closed`).
  std::string receive(int ms, bool& closed) const {
    pollfd asked{fd_, POLLIN, 0};
    closed = false;
    if (::poll(&asked, 1, ms) <= 0) return {};
    std::string bytes(65'536, '\0');
    const auto size = ::recv(fd_, bytes.data(), bytes.size(), 0);
    closed = size <= 0;
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
  }
  // Everything until the peer closes, at most `ms` without a byte. `closed` tells which of the two it was.
  std::string receive_all(int ms = 8'000, bool* closed = nullptr) const {
    std::string all;
    for (bool ended = false;;) {
      const std::string piece = receive(ms, ended);
      all += piece;
      if (closed) *closed = ended;
      if (piece.empty()) return all;
    }
  }
  // Until `all` holds `text`.
  std::string receive_until(std::string_view text, int ms = 8'000) const {
    std::string all;
    for (bool ended = false; all.find(text) == std::string::npos;) {
      const std::string piece = receive(ms, ended);
      if (piece.empty()) break;
      all += piece;
    }
    return all;
  }

 private:
  int fd_;
  bool connected_ = false;
};

inline int status_of(std::string_view answer) {
  return answer.size() < 12 ? 0 : std::atoi(std::string(answer.substr(9, 3)).c_str());
}

inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// Short times, so that tests of time-outs take a second.
inline Limits quick_limits() {
  Limits limits;
  limits.header_time = 600 * millisecond;
  limits.idle_time = 700 * millisecond;
  limits.body_grace = 600 * millisecond;
  limits.linger_time = 500 * millisecond;
  limits.heartbeat = 300 * millisecond;
  limits.write_time = second;
  limits.drain_time = 100 * millisecond;
  return limits;
}

struct TestServer {
  explicit TestServer(std::function<void(Router&)> add, ServerOptions options = {}, ListenOptions listen = {})
      : server(io, std::move(options), log) {
    add(router);
    listen.router = &router;
    if (listen.name.empty()) listen.name = "test";
    auto bound = server.listen("127.0.0.1", 0, std::move(listen));
    EXPECT_TRUE(bound.has_value()) << bound.error().what;
    port = bound.value_or(0);
  }
  std::string url(std::string_view target) const { return fmt::format("http://127.0.0.1:{}{}", port, target); }

  Log log{Log::Format::text, Level::error};
  Io io{2};
  Router router;
  Server server;
  std::uint16_t port = 0;
};

}  // namespace pawl::net::testing
