// One accepted connection: its stream, its deadline, and which protocol speaks on it.
#pragma once
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>

#include "net/detail/shared.h"

namespace pawl::net::detail {

// HTTP/1 or HTTP/2 on a connection, as seen from outside. All on the connection's loop.
class Protocol {
 public:
  Protocol() = default;
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;
  virtual ~Protocol() = default;
  virtual void sweep(Nanos now) = 0;
  virtual void drain() = 0;  // begin nothing new, end when the begun has ended
  virtual void kill() = 0;   // raise every cancel flag; the stream is closed next
};

class Connection final : public Swept, public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Shared> shared, const Listener& at, Loop& on, tcp::socket socket);
  ~Connection() override;

  Task<void> run();
  void sweep(Nanos now) override;
  void drain();
  void kill();

  // Writes in pieces, each of which has Limits::write_time. False: the peer is gone, or too slow.
  Task<bool> write(std::string_view first, std::string_view second = {});
  void fill(Request& request) const;  // peer, number

  const std::shared_ptr<Shared> server;
  const Listener& listener;
  Loop& loop;
  Stream stream;
  std::string peer;
  boost::beast::flat_buffer buffer;  // what was read and not yet understood
  Nanos deadline = Cancel::never;    // of what is being awaited on the stream
  bool timed_out = false;            // the sweep cancelled it
  bool draining = false;
  Protocol* protocol = nullptr;

 private:
  Task<bool> speaks_http2();
};

Task<void> serve_http1(std::shared_ptr<Connection> connection);
Task<void> serve_http2(std::shared_ptr<Connection> connection);

}  // namespace pawl::net::detail
