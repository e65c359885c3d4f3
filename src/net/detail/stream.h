// A connected socket, plain or under TLS, as two coroutines: read and write. Not thread-safe: lives on one loop.
#pragma once
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "net/detail/loop.h"
#include "net/task.h"

namespace pawl::net::detail {

using tcp = asio::ip::tcp;

class Stream {
 public:
  explicit Stream(tcp::socket socket) : socket_(std::move(socket)) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Task<bool> accept_tls(asio::ssl::context& context);
  // False: `why` says what was wrong; `untrusted` when it was the certificate.
  Task<bool> connect_tls(asio::ssl::context& context, std::string host, bool verify, std::string& why, bool& untrusted);
  bool is_tls() const { return tls_.has_value(); }
  bool chose_http2() const;  // ALPN

  Task<std::size_t> read(asio::mutable_buffer into);  // 0: ended, failed or cancelled
  Task<bool> write(std::string_view first, std::string_view second = {});
  Task<void> finish();  // tells the peer that nothing more comes

  void cancel();  // what is being awaited returns at once; the socket stays open
  void close();
  bool is_open() const { return socket_.is_open(); }
  bool peer_gone();  // closed or reset, as far as the kernel knows; asks without waiting
  tcp::socket& socket() { return socket_; }

 private:
  std::size_t send_now(std::string_view first, std::string_view second);
  tcp::socket socket_;
  bool ended_ = false;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
};

}  // namespace pawl::net::detail
