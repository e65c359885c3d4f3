// HTTP/2 on one connection: nghttp2 keeps the protocol; limits, windows, handlers and gRPC are here.
#pragma once
#include <nghttp2/nghttp2.h>

#include <map>

#include "net/channel.h"
#include "net/detail/connection.h"
#include "net/detail/grpc_frame.h"
#include "net/errors.h"

namespace pawl::net::detail {

// One request and its answer. Kept by the session while the stream is open, and by the handler that runs for it.
struct H2Stream {
  H2Stream(Shared& server, const asio::any_io_executor& executor, std::int32_t number)
      : id(number), lease(server), drained(executor) {}
  const std::int32_t id;
  Request request;
  Plan plan;
  GrpcMessage frame;
  Lease lease;
  Cancel cancel;
  std::string scheme, authority;
  std::size_t head_bytes = 0, received = 0;
  std::size_t counted = 0;  // of Http2::buffered_
  std::size_t owed = 0;     // window that was withheld
  Nanos begun = 0, finished = 0;
  bool head_done = false, body_done = false, answered = false, closed = false;

  std::optional<Response> held;  // a refusal that waits for the end of the body
  Nanos held_since = 0;
  Response response;
  std::string pending;    // the answer's bytes, where response does not own them
  std::string_view rest;  // what of the answer is still to be sent
  bool last = true;       // nothing comes after `rest`
  bool parked = false;    // nghttp2 waits until more is there
  std::vector<std::pair<std::string, std::string>> trailers;
  std::shared_ptr<Channel> events;
  asio::steady_timer drained;  // cancelled when `rest` was taken, or the stream closed
  std::size_t bytes_out = 0;
  Nanos ended = 0;              // when the last of the answer was written; 0: not yet
  Nanos moved = 0;              // when the peer last took a fair piece of the answer
  std::size_t moved_bytes = 0;  // bytes_out then
};
using H2StreamPtr = std::shared_ptr<H2Stream>;

class Http2 final : public Protocol, public std::enable_shared_from_this<Http2> {
 public:
  explicit Http2(std::shared_ptr<Connection> connection);
  ~Http2() override;
  Task<void> run();
  void sweep(Nanos now) override;
  void drain() override;
  void kill() override;

 private:
  struct Callbacks;
  using HeaderFields = std::vector<std::pair<std::string, std::string>>;

  // Receiving (http2.cc).
  H2Stream* find(std::int32_t id);
  void begin_stream(std::int32_t id);
  bool take_header(H2Stream& stream, std::string_view name, std::string_view value);
  void end_head(H2Stream& stream);
  std::optional<Refusal> check_stream_head(H2Stream& stream) const;
  void take_data(H2Stream& stream, std::string_view bytes);
  void end_body(H2Stream& stream);
  void close_stream(std::int32_t id);
  void grant(H2Stream& stream, std::size_t bytes);
  void grant_withheld();
  void forget_body(H2Stream& stream);
  void sweep_early(H2Stream& stream, Nanos now);
  bool is_oldest(const H2Stream& stream) const;
  Task<void> read_loop();
  Task<void> write_loop();
  void kick();  // there may be something to write
  void end_everything();
  void say_goodbye();

  // Answering (http2_answer.cc).
  void dispatch(const H2StreamPtr& stream);
  Task<void> answer(H2StreamPtr stream);
  Task<void> answer_grpc(H2StreamPtr stream);
  Task<void> answer_http(H2StreamPtr stream);
  Task<void> stream_body(H2StreamPtr stream);
  Task<bool> offer(H2StreamPtr stream, std::string piece, bool last);
  void refuse(H2Stream& stream, int status, std::string_view message);
  void refuse(H2Stream& stream, Response response);
  void send_refusal(H2Stream& stream, Response response);
  void send_response(H2Stream& stream, Response response);
  void send_grpc(H2Stream& stream, Result<std::string> result);
  void send_grpc_error(H2Stream& stream, int code, std::string_view message, Nanos retry_after);
  void submit(H2Stream& stream, HeaderFields headers, bool with_body);
  long read_answer(H2Stream& stream, std::uint8_t* into, std::size_t size, std::uint32_t* flags);
  void observe(const H2Stream& stream, int status);
  const Limits& limits() const { return connection_->server->limits(); }

  struct Deleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };
  const std::shared_ptr<Connection> connection_;
  std::unique_ptr<nghttp2_session, Deleter> session_;
  std::map<std::int32_t, H2StreamPtr> streams_;  // open ones, oldest first
  asio::steady_timer wake_writer_, wake_end_;
  std::string out_;
  std::size_t buffered_ = 0;  // body bytes of open streams
  std::size_t tasks_ = 0;     // the writer and the handlers that run
  bool any_owed_ = false, ended_ = false, settled_ = false;
  Nanos goodbye_at_ = 0;  // draining: when the last stream that is taken will be named
  bool said_goodbye_ = false;
  Nanos last_active_, begun_;
};

}  // namespace pawl::net::detail
