// HTTP/1.1 on one connection: one request after the other, Beast's parser behind our stricter rules.
#include <boost/beast/http.hpp>

#include "net/channel.h"
#include "net/detail/connection.h"
#include "net/detail/growing_body.h"
#include "net/detail/header_rules.h"

namespace pawl::net::detail {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t head_read = 16U << 10, body_read = 64U << 10;
constexpr std::size_t drained_body = 256U
                                     << 10;  // a refused body up to this size is read, so that the connection lives

using Parser = http::request_parser<GrowingBody>;

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (char c : value) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;  // no answer can be split
  out.append("\r\n");
}

class Http1 final : public Protocol {
 public:
  explicit Http1(Connection& connection) : connection_(connection) { connection_.protocol = this; }
  ~Http1() override { connection_.protocol = nullptr; }

  Task<void> run() {
    while (co_await serve_one())
      if (connection_.draining) break;
    if (unread_)
      co_await linger();
    else
      co_await finish();
  }
  void sweep(Nanos) override {
    if (handling_ && !cancel_.raised() && connection_.stream.peer_gone()) kill();
  }
  void drain() override {
    // What the peer has sent by now, or is sending, is still answered: closing at once would reset it unread.
    if (idle_) connection_.deadline = std::min(connection_.deadline, monotonic_now() + limits().drain_time);
    if (events_) events_->close();
  }
  void kill() override {
    cancel_.request();
    if (events_) events_->close();
  }

 private:
  enum class Step { go_on, close };

  Task<bool> serve_one();
  Task<Step> read_head(std::size_t& size);
  std::optional<Refusal> take_head(std::size_t size);
  Task<Step> take_body();
  Task<Step> read_body(bool discard);
  Task<Response> handle();
  Task<std::size_t> read_more(std::size_t size, Nanos deadline);
  Task<Step> refuse(int status, std::string message);
  Task<bool> respond(Response& response, bool keep);
  Task<bool> stream_source(Source source, bool chunked);
  Task<bool> stream_events(std::shared_ptr<Channel> channel, bool chunked);
  Task<bool> write_piece(std::string piece, bool chunked);
  Task<void> linger();
  Task<void> finish();
  std::string head_text(const Response& response, bool keep, bool chunked) const;
  std::string_view waiting() const {
    return {static_cast<const char*>(connection_.buffer.cdata().data()), connection_.buffer.size()};
  }
  const Limits& limits() const { return connection_.server->limits(); }

  Connection& connection_;
  Request request_;
  Plan plan_;
  HeadFacts facts_;  // its views are not used after the head is consumed
  std::optional<Parser> parser_;
  std::optional<Lease> lease_;
  Cancel cancel_;
  std::shared_ptr<Channel> events_;  // what is being streamed
  bool idle_ = true, handling_ = false, first_ = true;
  bool unread_ = false;  // the peer may still be sending what we shall not read
  std::size_t sent_ = 0;
};

// Reads until the head is whole; `size` is its length. Empty lines before it are skipped (RFC 9112 §2.2).
Task<Http1::Step> Http1::read_head(std::size_t& size) {
  std::size_t scanned = 0;
  Nanos begun = 0;
  idle_ = true;
  for (;;) {
    while (scanned == 0 && waiting().starts_with("\r\n")) connection_.buffer.consume(2);
    const HeadEnd end = find_head_end(waiting(), scanned);
    if (end.scan == Scan::bad)
      co_return co_await refuse(400, "The head has a NUL, or a line that does not end in CR LF.");
    if (end.scan == Scan::complete && end.size <= limits().header_bytes) {
      size = end.size;
      idle_ = false;
      co_return Step::go_on;
    }
    if (waiting().size() > limits().header_bytes || end.scan == Scan::complete)
      co_return co_await refuse(431, fmt::format("The headers are longer than {} bytes.", limits().header_bytes));
    scanned = waiting().size() > 3 ? waiting().size() - 3 : 0;
    if (begun == 0 && (first_ || !waiting().empty())) begun = monotonic_now();
    idle_ = waiting().empty();
    const Nanos deadline = connection_.draining && idle_ ? monotonic_now() + limits().drain_time
                           : begun                       ? begun + limits().header_time
                                                         : monotonic_now() + limits().idle_time;
    if (co_await read_more(head_read, deadline) > 0) continue;
    if (connection_.timed_out && !waiting().empty())
      co_return co_await refuse(408, "The headers did not come in time.");
    co_return Step::close;
  }
}

Task<std::size_t> Http1::read_more(std::size_t size, Nanos deadline) {
  connection_.timed_out = false;
  connection_.deadline = deadline;
  const std::size_t got = co_await connection_.stream.read(connection_.buffer.prepare(size));
  connection_.deadline = Cancel::never;
  connection_.buffer.commit(got);
  co_return got;
}

// Checks and parses the head; then request_ has everything but its body.
std::optional<Refusal> Http1::take_head(std::size_t size) {
  const std::string_view head = waiting().substr(0, size);
  connection_.fill(request_);
  auto facts = check_head(head, limits());
  if (!facts) return std::move(facts.error());
  facts_ = *facts;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits().header_bytes));
  parser_->body_limit(boost::none);
  boost::beast::error_code error;
  const std::size_t used = parser_->put(asio::buffer(head), error);
  if (error) return Refusal{400, fmt::format("The head is malformed: {}.", error.message())};
  const bool agreed = used == size && parser_->is_header_done() && parser_->chunked() == facts_.chunked;
  if (!agreed) return Refusal{400, "The head can be read in two ways."};
  request_.method = facts_.method;
  request_.target = facts_.target;
  request_.version = facts_.version;
  for (const auto& field : parser_->get().base()) request_.headers.add(field.name_string(), field.value());
  connection_.buffer.consume(size);
  return std::nullopt;
}

// Reads the body into the parser, within its budget. `discard`: nothing is kept, the answer is already known.
Task<Http1::Step> Http1::read_body(bool discard) {
  lease_.emplace(*connection_.server);
  const Nanos begun = monotonic_now();
  std::size_t received = 0;
  while (!parser_->is_done()) {
    boost::beast::error_code error;
    const std::size_t used = parser_->put(connection_.buffer.data(), error);
    connection_.buffer.consume(used);
    received += used;
    if (error == http::error::body_limit) co_return co_await refuse(413, "The body is larger than is taken here.");
    if (error && error != http::error::need_more)
      co_return co_await refuse(400, fmt::format("The body is badly framed: {}.", error.message()));
    if (discard) parser_->get().body().clear();
    if (!lease_->grow_to(parser_->get().body().size()))
      co_return co_await refuse(503, "The server holds as many request bodies as it may; try again.");
    if (parser_->is_done() || (used > 0 && connection_.buffer.size() > 0)) continue;
    if (connection_.buffer.size() >= body_read)
      co_return co_await refuse(400, "The body is badly framed: a chunk header without end.");
    if (co_await read_more(body_read, body_deadline(limits(), begun, received)) > 0) continue;
    if (connection_.timed_out) co_return co_await refuse(408, "The body came too slowly.");
    co_return Step::close;
  }
  co_return Step::go_on;
}

// The body of a request that will be handled, or of one that is refused but small enough to be read away.
Task<Http1::Step> Http1::take_body() {
  const std::uint64_t length = facts_.content_length.value_or(0);
  if (length == 0 && !facts_.chunked) co_return Step::go_on;
  if (plan_.refusal && (facts_.expects_continue || facts_.chunked || length > drained_body)) {
    unread_ = true;
    co_return Step::go_on;
  }
  if (!plan_.refusal && length > plan_.body_bytes)
    co_return co_await refuse(
        413, fmt::format("The body has {} bytes; at most {} are taken here.", length, plan_.body_bytes));
  parser_->body_limit(plan_.refusal ? drained_body : plan_.body_bytes);
  parser_->eager(true);
  if (facts_.expects_continue && waiting().empty() && !co_await connection_.write("HTTP/1.1 100 Continue\r\n\r\n"))
    co_return Step::close;
  co_return co_await read_body(plan_.refusal.has_value());
}

Task<Response> Http1::handle() {
  const Nanos time = plan_.route->handler_time ? plan_.route->handler_time : limits().handler_time;
  cancel_ = Cancel::create(monotonic_now() + time);
  request_.cancel = cancel_;
  handling_ = true;
  Response response = co_await run_handler(*connection_.server, plan_, request_);
  handling_ = false;
  co_return response;
}

// One request from its first byte to the last of its answer. False: the connection ends.
Task<bool> Http1::serve_one() {
  request_ = Request{};
  plan_ = Plan{};
  sent_ = 0;
  std::size_t size = 0;
  if (co_await read_head(size) != Step::go_on) co_return false;
  first_ = false;
  const Nanos begun = monotonic_now();
  if (auto bad = take_head(size)) {
    co_await refuse(bad->status, bad->message);
    co_return false;
  }
  plan_ = plan_request(*connection_.server, connection_.listener, request_);
  const Step body = co_await take_body();
  if (body != Step::go_on) co_return false;
  if (!plan_.refusal) request_.body = std::move(parser_->get().body());
  parser_.reset();
  const std::size_t bytes_in = request_.body.size();
  Response response = plan_.refusal ? std::move(*plan_.refusal) : co_await handle();
  const Nanos took = monotonic_now() - begun;
  const bool keep = !facts_.wants_close && !unread_ && !connection_.draining;
  const bool sent = co_await respond(response, keep);
  lease_.reset();
  if (const auto* events = std::get_if<Events>(&response.body)) events->channel->close();
  if (connection_.server->options.observe) {
    const std::string_view pattern = plan_.route ? std::string_view(plan_.route->pattern) : std::string_view();
    connection_.server->options.observe({&request_, pattern, response.status, took, bytes_in, sent_});
  }
  co_return sent&& keep;
}

Task<Http1::Step> Http1::refuse(int status, std::string message) {
  if (status != 503) connection_.server->malformed.fetch_add(1, std::memory_order_relaxed);
  if (request_.number == 0) connection_.fill(request_);
  Response response = Response::error(request_, status, message);
  unread_ = true;
  parser_.reset();
  lease_.reset();
  co_await respond(response, false);
  if (connection_.server->options.observe) connection_.server->options.observe({&request_, {}, status, 0, 0, sent_});
  co_return Step::close;
}

std::string Http1::head_text(const Response& response, bool keep, bool chunked) const {
  std::string out;
  out.reserve(512);
  out.append("HTTP/1.1 ").append(fmt::format_int(response.status).c_str()).append(" ");
  out.append(reason_phrase(response.status)).append("\r\n");
  for (std::size_t i = 0; i < response.headers.size(); ++i) {
    const auto [name, value] = response.headers[i];
    append_field(out, name, value);
  }
  if (chunked) out.append("transfer-encoding: chunked\r\n");
  if (!keep) out.append("connection: close\r\n");
  return out.append("\r\n");
}

// Writes the whole answer. False: the connection cannot go on.
Task<bool> Http1::respond(Response& response, bool keep) {
  shape_error(plan_, request_, response);
  complete_headers(response, request_);
  const bool has_body = may_have_body(response.status) && request_.method != "HEAD";
  const auto whole = whole_body(response);
  const bool chunked = has_body && !whole && request_.version == 11;
  if (has_body && !whole && !chunked) keep = false;
  std::string head = head_text(response, keep, chunked);
  const std::string_view body = has_body && whole ? *whole : std::string_view();
  const bool together = body.size() <= 8'192;  // one buffer, one system call
  if (together) head.append(body);
  sent_ = head.size() + (together ? 0 : body.size());
  if (!co_await connection_.write(head, together ? std::string_view() : body)) co_return false;
  if (!has_body || whole) co_return true;
  if (auto* source = std::get_if<Source>(&response.body)) co_return co_await stream_source(std::move(*source), chunked);
  co_return co_await stream_events(std::get<Events>(response.body).channel, chunked);
}

Task<bool> Http1::write_piece(std::string piece, bool chunked) {
  if (piece.empty()) co_return true;
  sent_ += piece.size();
  if (!chunked) co_return co_await connection_.write(piece);
  std::string framed = fmt::format("{:x}\r\n", piece.size());
  framed.append(piece).append("\r\n");
  co_return co_await connection_.write(framed);
}

Task<bool> Http1::stream_source(Source source, bool chunked) {
  handling_ = true;
  for (;;) {
    Result<std::optional<std::string>> piece = co_await next_piece(source);
    if (!piece) {
      connection_.server->log.warn("answer broken off", {{"path", request_.path}, {"what", piece.error().what}});
      co_return false;
    }
    if (!*piece) break;
    if (!co_await write_piece(std::move(**piece), chunked)) co_return false;
  }
  handling_ = false;
  if (!chunked) co_return false;
  co_return co_await connection_.write("0\r\n\r\n");
}

Task<bool> Http1::stream_events(std::shared_ptr<Channel> channel, bool chunked) {
  events_ = channel;
  handling_ = true;
  bool alive = true;
  for (Channel::Got got = Channel::Got::quiet; alive && got != Channel::Got::closed && !connection_.draining;) {
    std::string text;
    got = co_await channel->pop(text, limits().heartbeat);
    if (got == Channel::Got::quiet) text = ": still here\n\n";
    alive = co_await write_piece(std::move(text), chunked);
  }
  channel->close();
  handling_ = false;
  events_.reset();
  if (!alive || !chunked) co_return false;
  co_return co_await connection_.write("0\r\n\r\n");
}

// Reads away what the peer still sends, so that the kernel does not answer it with a reset that eats our refusal.
Task<void> Http1::linger() {
  boost::system::error_code ignored;
  connection_.stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  const Nanos until = monotonic_now() + limits().linger_time;
  do connection_.buffer.consume(connection_.buffer.size());
  while (co_await read_more(body_read, until) > 0 && monotonic_now() < until);
}

Task<void> Http1::finish() {
  connection_.deadline = monotonic_now() + second;
  co_await connection_.stream.finish();
}

}  // namespace

Task<void> serve_http1(std::shared_ptr<Connection> connection) {
  Http1 session(*connection);
  co_await session.run();
}

}  // namespace pawl::net::detail
