// Receiving on HTTP/2: frames to requests, within windows and deadlines.
#include "net/detail/http2.h"

#include "base/text.h"
#include "net/detail/header_rules.h"

namespace pawl::net::detail {
namespace {

constexpr std::size_t read_bytes = 64U << 10, write_bytes = 128U << 10;
constexpr Nanos goodbye_time = 300 * millisecond;  // for the peer to close after GOAWAY

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

bool ends_stream(const nghttp2_frame* frame) {
  return (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
         (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

}  // namespace

// nghttp2 calls back while it reads or writes; a callback may submit, but never read or write itself.
struct Http2::Callbacks {
  static Http2& self(void* user) { return *static_cast<Http2*>(user); }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      self(user).begin_stream(frame->hd.stream_id);
    return 0;
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    H2Stream* stream = self(user).find(frame->hd.stream_id);
    if (!stream || stream->head_done) return 0;  // trailers are not read
    return self(user).take_header(*stream, view(name, name_size), view(value, value_size))
               ? 0
               : static_cast<int>(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE);
  }
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
                            const std::uint8_t*, std::size_t, std::uint8_t, void* user) {
    self(user).connection_->server->malformed.fetch_add(1, std::memory_order_relaxed);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // ends the stream
  }
  static int data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size,
                  void* user) {
    nghttp2_session_consume_connection(session, size);
    if (H2Stream* stream = self(user).find(id)) self(user).take_data(*stream, view(bytes, size));
    return 0;
  }
  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_SETTINGS) self(user).settled_ = true;
    H2Stream* stream = self(user).find(frame->hd.stream_id);
    if (!stream) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && !stream->head_done) self(user).end_head(*stream);
    if (ends_stream(frame)) self(user).end_body(*stream);
    return 0;
  }
  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (!ends_stream(frame)) return 0;
    if (H2Stream* stream = self(user).find(frame->hd.stream_id)) stream->ended = monotonic_now();
    return 0;
  }
  static int stream_closed(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    self(user).close_stream(id);
    return 0;
  }
};

Http2::Http2(std::shared_ptr<Connection> connection)
    : connection_(std::move(connection)),
      wake_writer_(connection_->loop.context()),
      wake_end_(connection_->loop.context()),
      last_active_(monotonic_now()),
      begun_(last_active_) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, Callbacks::invalid_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::frame_received);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Callbacks::frame_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::stream_closed);
  nghttp2_option* options = nullptr;
  nghttp2_option_new(&options);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_max_outbound_ack(options, 100);
  nghttp2_option_set_stream_reset_rate_limit(options, 200, 50);
  nghttp2_session* session = nullptr;
  nghttp2_session_server_new2(&session, callbacks, this, options);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  session_.reset(session);
  const std::array settings{
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, static_cast<std::uint32_t>(limits().streams)},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(limits().stream_window)},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits().header_bytes)},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 64U << 10}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(limits().connection_window));
  connection_->protocol = this;
}

Http2::~Http2() {
  connection_->protocol = nullptr;
}

H2Stream* Http2::find(std::int32_t id) {
  auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Http2::begin_stream(std::int32_t id) {
  auto stream = std::make_shared<H2Stream>(*connection_->server, connection_->loop.context().get_executor(), id);
  stream->begun = monotonic_now();
  stream->request.version = 20;
  streams_.emplace(id, std::move(stream));
}

bool Http2::take_header(H2Stream& stream, std::string_view name, std::string_view value) {
  stream.head_bytes += name.size() + value.size() + 32;             // as SETTINGS_MAX_HEADER_LIST_SIZE counts
  if (stream.head_bytes > 2 * limits().header_bytes) return false;  // far over it nothing is answered
  if (stream.head_bytes > limits().header_bytes) return true;       // refused when the head is complete
  if (name == ":method")
    stream.request.method = value;
  else if (name == ":path")
    stream.request.target = value;
  else if (name == ":authority")
    stream.authority = value;
  else if (name == ":scheme")
    stream.scheme = value;
  else if (!name.starts_with(':'))
    stream.request.headers.add(name, value);
  return true;
}

std::optional<Refusal> Http2::check_stream_head(H2Stream& stream) const {
  Request& request = stream.request;
  if (stream.head_bytes > limits().header_bytes || request.headers.size() > limits().header_count)
    return Refusal{431, "The headers are too many or too long."};
  if (request.target.size() > limits().target_bytes) return Refusal{414, "The path and query are too long."};
  if (!is_token(request.method) || request.method == "CONNECT" || !is_plain_target(request.method, request.target))
    return Refusal{400, "Method and path are not those of a request."};
  const auto host = request.headers.find("host");
  if (request.headers.count("host") > 1 || (host && !stream.authority.empty() && *host != stream.authority))
    return Refusal{400, "Host and :authority contradict each other."};
  if (!host) request.headers.add("host", stream.authority);
  if (!is_plain_authority(request.headers.get("host")))
    return Refusal{400, "Host is not a name or address with a port."};
  if (request.headers.count("cookie") > 1) {  // RFC 9113 §8.2.3: put together again
    std::vector<std::string> crumbs;
    for (std::size_t i = 0; i < request.headers.size(); ++i)
      if (auto [name, value] = request.headers[i]; name == "cookie") crumbs.emplace_back(value);
    request.headers.set("cookie", join(crumbs, "; "));
  }
  return std::nullopt;
}

void Http2::end_head(H2Stream& stream) {
  stream.head_done = true;
  stream.begun = last_active_ = monotonic_now();
  connection_->fill(stream.request);
  Request& request = stream.request;
  request.is_grpc = is_grpc_type(to_lower(trim(cut(request.headers.get("content-type"), ';').first)));
  if (auto bad = check_stream_head(stream)) {
    connection_->server->malformed.fetch_add(1, std::memory_order_relaxed);
    return refuse(stream, bad->status, bad->message);
  }
  if (!stream.lease.grow_to(stream.head_bytes))
    return refuse(stream, 503, "The server holds as many requests as it may; try again.");
  stream.plan = plan_request(*connection_->server, connection_->listener, request);
  if (stream.plan.refusal) return refuse(stream, std::move(*stream.plan.refusal));
  const auto length = parse_int(request.headers.get("content-length"));
  const std::size_t frame = request.is_grpc ? 5 : 0;
  if (length && static_cast<std::uint64_t>(*length) > stream.plan.body_bytes + frame)
    refuse(stream, 413,
           fmt::format("The body has {} bytes; at most {} are taken here.", *length, stream.plan.body_bytes));
}

void Http2::take_data(H2Stream& stream, std::string_view bytes) {
  stream.received += bytes.size();
  if (stream.answered) {  // read away
    nghttp2_session_consume_stream(session_.get(), stream.id, bytes.size() + std::exchange(stream.owed, 0));
    return;
  }
  std::string& body = stream.request.body;
  const std::size_t before = body.size();
  if (stream.request.is_grpc) {
    if (auto fed = stream.frame.feed(bytes, stream.plan.body_bytes, body); !fed)
      return refuse(stream, rule_of(fed.error().kind).http, fed.error().what);
  } else if (before + bytes.size() > stream.plan.body_bytes) {
    return refuse(stream, 413, fmt::format("The body is larger than {} bytes.", stream.plan.body_bytes));
  } else {
    body += bytes;
  }
  buffered_ += body.size() - before;
  stream.counted += body.size() - before;
  if (!stream.lease.grow_to(stream.head_bytes + body.size()))
    return refuse(stream, 503, "The server holds as many request bodies as it may; try again.");
  grant(stream, bytes.size());
}

void Http2::end_body(H2Stream& stream) {
  if (stream.body_done) return;
  stream.body_done = true;
  last_active_ = monotonic_now();
  if (any_owed_) grant_withheld();
  if (stream.held) send_refusal(stream, *std::exchange(stream.held, std::nullopt));
  if (stream.answered) return;
  if (stream.request.is_grpc) {
    if (auto whole = stream.frame.finish(stream.request.body.size()); !whole)
      return refuse(stream, 400, whole.error().what);
  }
  dispatch(streams_.at(stream.id));
}

void Http2::close_stream(std::int32_t id) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  const H2StreamPtr stream = std::move(found->second);
  streams_.erase(found);
  stream->closed = true;
  stream->cancel.request();
  stream->drained.cancel();
  if (stream->events) stream->events->close();
  forget_body(*stream);
  last_active_ = monotonic_now();
  if (any_owed_) grant_withheld();
  if (connection_->draining && streams_.empty()) kick();
}

void Http2::forget_body(H2Stream& stream) {
  buffered_ -= std::exchange(stream.counted, 0);
}

// A refused stream whose body does not end is told so after a while, and after another it is reset (RFC 9113 §8.1).
void Http2::sweep_early(H2Stream& stream, Nanos now) {
  const Nanos time = connection_->draining ? limits().drain_time : limits().linger_time;
  if (stream.held && now >= stream.held_since + time)
    send_refusal(stream, *std::exchange(stream.held, std::nullopt));
  else if (stream.ended != 0 && !stream.body_done && now >= stream.ended + time)
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_NO_ERROR);
}

bool Http2::is_oldest(const H2Stream& stream) const {
  for (const auto& [id, one] : streams_)
    if (!one->body_done) return id == stream.id;
  return false;
}

// A stream's window opens again as long as the connection holds little; over that only for its oldest request, so
// that some request can always end.
void Http2::grant(H2Stream& stream, std::size_t bytes) {
  if (buffered_ <= limits().connection_bytes || is_oldest(stream)) {
    nghttp2_session_consume_stream(session_.get(), stream.id, bytes);
  } else {
    stream.owed += bytes;
    any_owed_ = true;
  }
}

void Http2::grant_withheld() {
  any_owed_ = false;
  for (auto& [id, stream] : streams_)
    if (const std::size_t owed = std::exchange(stream->owed, 0); owed > 0) grant(*stream, owed);
  kick();
}

void Http2::kick() {
  wake_writer_.cancel();
}

Task<void> Http2::read_loop() {
  auto& buffer = connection_->buffer;
  while (!ended_) {
    if (buffer.size() > 0) {
      const auto* bytes = static_cast<const std::uint8_t*>(buffer.cdata().data());
      const auto taken = nghttp2_session_mem_recv(session_.get(), bytes, buffer.size());
      buffer.consume(buffer.size());
      kick();
      if (taken < 0) connection_->server->malformed.fetch_add(1, std::memory_order_relaxed);
      if (taken < 0) break;
    }
    if (!nghttp2_session_want_read(session_.get())) break;
    const std::size_t size = co_await connection_->stream.read(buffer.prepare(read_bytes));
    if (size == 0) break;
    buffer.commit(size);
  }
}

Task<void> Http2::write_loop() {
  auto keep = shared_from_this();
  for (bool alive = true; alive;) {
    out_.clear();
    const std::uint8_t* bytes = nullptr;
    while (out_.size() < write_bytes) {
      const auto size = nghttp2_session_mem_send(session_.get(), &bytes);
      if (size <= 0) break;
      out_.append(view(bytes, static_cast<std::size_t>(size)));
    }
    if (!out_.empty()) {
      alive = co_await connection_->write(out_);
      continue;
    }
    const bool finished = said_goodbye_ && streams_.empty();
    if (ended_ || finished || !nghttp2_session_want_read(session_.get())) break;
    wake_writer_.expires_at(asio::steady_timer::time_point::max());
    co_await wake_writer_.async_wait(as_value);
  }
  ended_ = true;
  connection_->stream.cancel();  // the reader ends too
}

void Http2::end_everything() {
  for (auto& [id, stream] : streams_) {
    stream->closed = true;
    stream->cancel.request();
    stream->drained.cancel();
    if (stream->events) stream->events->close();
  }
}

Task<void> Http2::run() {
  auto keep = shared_from_this();
  if (connection_->draining) drain();
  ++tasks_;
  asio::co_spawn(connection_->loop.context(), write_loop(), [this, keep](std::exception_ptr) {
    --tasks_;
    wake_end_.cancel();
  });
  co_await read_loop();
  end_everything();
  ended_ = true;
  kick();
  while (tasks_ > 0) {
    wake_end_.expires_at(asio::steady_timer::time_point::max());
    co_await wake_end_.async_wait(as_value);
  }
  connection_->deadline = monotonic_now() + goodbye_time;
  co_await connection_->stream.finish();
  while (co_await connection_->stream.read(connection_->buffer.prepare(read_bytes)) > 0) {
  }  // closing with something unread would be a reset, which eats what was written last
}

void Http2::sweep(Nanos now) {
  if (ended_) return;
  if (!settled_ && now > begun_ + limits().header_time) return connection_->stream.cancel();
  if (streams_.empty() && now > last_active_ + limits().idle_time_http2) drain();
  if (goodbye_at_ != 0 && now >= goodbye_at_ && !said_goodbye_) say_goodbye();
  std::vector<H2StreamPtr> late;
  for (const auto& [id, stream] : streams_) {
    if (!stream->head_done && now > stream->begun + limits().header_time) return connection_->stream.cancel();
    if (!stream->answered && !stream->body_done && now >= body_deadline(limits(), stream->begun, stream->received))
      late.push_back(stream);
    sweep_early(*stream, now);
  }
  for (const auto& [id, stream] : streams_)
    if (!stream->rest.empty() && now > stream->moved + limits().write_time)  // a window that never opens
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  for (const H2StreamPtr& stream : late) {
    connection_->server->timeouts.fetch_add(1, std::memory_order_relaxed);
    refuse(*stream, 408, "The body came too slowly.");
  }
  kick();
}

// Told in two steps, so that no stream which the peer opens meanwhile is lost (RFC 9113 §6.8).
void Http2::drain() {
  if (ended_ || goodbye_at_ != 0) return;
  connection_->draining = true;
  goodbye_at_ = monotonic_now() + limits().drain_time;
  for (auto& [id, stream] : streams_)
    if (stream->events) stream->events->close();
  nghttp2_submit_shutdown_notice(session_.get());
  kick();
}

void Http2::say_goodbye() {
  said_goodbye_ = true;
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
  kick();
}

void Http2::kill() {
  for (auto& [id, stream] : streams_) {
    stream->cancel.request();
    if (stream->events) stream->events->close();
  }
}

Task<void> serve_http2(std::shared_ptr<Connection> connection) {
  connection->deadline = Cancel::never;
  auto session = std::make_shared<Http2>(connection);
  co_await session->run();
}

}  // namespace pawl::net::detail
