// Reading and writing, plain or under TLS.
#include "net/detail/stream.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace pawl::net::detail {

Task<bool> Stream::accept_tls(asio::ssl::context& context) {
  tls_.emplace(socket_, context);
  auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::server, as_value);
  co_return !error;
}

Task<bool> Stream::connect_tls(asio::ssl::context& context, std::string host, bool verify, std::string& why,
                               bool& untrusted) {
  tls_.emplace(socket_, context);
  boost::system::error_code not_address;
  asio::ip::make_address(host, not_address);
  if (not_address) SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str());
  tls_->set_verify_mode(verify ? asio::ssl::verify_peer : asio::ssl::verify_none);
  if (verify) tls_->set_verify_callback(asio::ssl::host_name_verification(host));
  auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::client, as_value);
  if (!error) co_return true;
  const long verdict = SSL_get_verify_result(tls_->native_handle());
  untrusted = verify && error.category() == asio::error::get_ssl_category() &&
              ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_CERTIFICATE_VERIFY_FAILED;
  why = untrusted && verdict != X509_V_OK ? X509_verify_cert_error_string(verdict) : error.message();
  co_return false;
}

bool Stream::chose_http2() const {
  if (!tls_) return false;
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(const_cast<asio::ssl::stream<tcp::socket&>&>(*tls_).native_handle(), &name, &size);
  return size == 2 && name[0] == 'h' && name[1] == '2';
}

// After its end a socket is not asked again: epoll tells an end once only, so a second read would wait for ever.
Task<std::size_t> Stream::read(asio::mutable_buffer into) {
  if (ended_) co_return 0;
  boost::system::error_code error;
  std::size_t size = 0;
  if (tls_)
    std::tie(error, size) = co_await tls_->async_read_some(into, as_value);
  else
    std::tie(error, size) = co_await socket_.async_read_some(into, as_value);
  ended_ = error && error != asio::error::operation_aborted;
  co_return error ? 0 : size;
}

// What the kernel takes at once; an answer mostly fits, and then no operation has to be queued for it.
std::size_t Stream::send_now(std::string_view first, std::string_view second) {
  std::array<iovec, 2> both{
      {{const_cast<char*>(first.data()), first.size()}, {const_cast<char*>(second.data()), second.size()}}};
  msghdr message{};
  message.msg_iov = both.data();
  message.msg_iovlen = second.empty() ? 1 : 2;
  const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent > 0 ? static_cast<std::size_t>(sent) : 0;  // an error comes again when it is waited for
}

Task<bool> Stream::write(std::string_view first, std::string_view second) {
  if (tls_) {
    const std::array<asio::const_buffer, 2> both{asio::buffer(first), asio::buffer(second)};
    auto [error, size] = co_await asio::async_write(*tls_, both, as_value);
    co_return !error;
  }
  const std::size_t sent = socket_.is_open() ? send_now(first, second) : 0;
  if (sent == first.size() + second.size()) co_return true;
  const std::size_t of_first = std::min(sent, first.size());
  first.remove_prefix(of_first);
  second.remove_prefix(sent - of_first);
  const std::array<asio::const_buffer, 2> both{asio::buffer(first), asio::buffer(second)};
  auto [error, size] = co_await asio::async_write(socket_, both, as_value);
  co_return !error;
}

Task<void> Stream::finish() {
  if (tls_) co_await tls_->async_shutdown(as_value);
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Stream::cancel() {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void Stream::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

bool Stream::peer_gone() {
  if (!socket_.is_open()) return true;
  pollfd asked{socket_.native_handle(), POLLRDHUP, 0};
  return ::poll(&asked, 1, 0) > 0 && (asked.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace pawl::net::detail
