// Answering on HTTP/2: handlers, bodies, gRPC statuses.
#include "base/text.h"
#include "net/detail/http2.h"

namespace pawl::net::detail {
namespace {

constexpr std::size_t fair_piece = 16U << 10;

nghttp2_nv field(std::string_view name, std::string_view value) {  // nghttp2 copies both
  return {const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(name.data())),
          const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

std::vector<nghttp2_nv> fields(const std::vector<std::pair<std::string, std::string>>& all) {
  std::vector<nghttp2_nv> out;
  for (const auto& [name, value] : all) out.push_back(field(name, value));
  return out;
}

std::string plain(std::string_view value) {
  std::string out(value);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return out;
}

}  // namespace

void Http2::dispatch(const H2StreamPtr& stream) {
  if (tasks_ > 2 * limits().streams)  // handlers of streams that their client took back already
    return refuse(*stream, 503, "This connection has too many requests under way; try again.");
  const Plan& plan = stream->plan;
  Nanos time = plan.route && plan.route->handler_time ? plan.route->handler_time : limits().handler_time;
  if (plan.grpc)
    if (auto wanted = parse_grpc_timeout(stream->request.headers.get("grpc-timeout"))) time = std::min(time, *wanted);
  stream->cancel = Cancel::create(monotonic_now() + time);
  stream->request.cancel = stream->cancel;
  stream->answered = true;
  ++tasks_;
  asio::co_spawn(connection_->loop.context(), answer(stream),
                 [this, keep = shared_from_this()](std::exception_ptr thrown) {
                   if (thrown) connection_->stream.cancel();
                   --tasks_;
                   wake_end_.cancel();
                 });
}

Task<void> Http2::answer(H2StreamPtr stream) {
  if (stream->plan.grpc)
    co_await answer_grpc(stream);
  else
    co_await answer_http(stream);
  stream->lease.release();
  if (const auto* events = std::get_if<Events>(&stream->response.body)) events->channel->close();
}

Task<void> Http2::answer_grpc(H2StreamPtr stream) {
  Request& request = stream->request;
  const std::string coding = to_lower(trim(request.headers.get("grpc-encoding")));
  request.content_encoding = stream->frame.compressed() ? coding : "";
  if (stream->frame.compressed() && (coding.empty() || coding == "identity")) {
    refuse(*stream, 500, "The message is marked as compressed, but grpc-encoding does not say how.");
    co_return;
  }
  if (stream->frame.compressed() && coding != "gzip" && coding != "deflate" && coding != "zstd") {
    refuse(*stream, 501, fmt::format("grpc-encoding '{}' is not known here; gzip is.", coding));
    co_return;
  }
  Result<std::string> result = co_await run_grpc(*connection_->server, *stream->plan.grpc, request);
  const int status = result ? 200 : rule_of(result.error().kind).http;
  stream->finished = monotonic_now();
  send_grpc(*stream, std::move(result));
  observe(*stream, status);
}

Task<void> Http2::answer_http(H2StreamPtr stream) {
  Response response = co_await run_handler(*connection_->server, stream->plan, stream->request);
  stream->finished = monotonic_now();
  const int status = response.status;
  send_response(*stream, std::move(response));
  if (!stream->last && !stream->closed) co_await stream_body(stream);
  observe(*stream, status);
}

void Http2::observe(const H2Stream& stream, int status) {
  if (!connection_->server->options.observe) return;
  const Plan& plan = stream.plan;
  const std::string_view pattern = plan.route  ? std::string_view(plan.route->pattern)
                                   : plan.grpc ? std::string_view(plan.grpc->path)
                                               : std::string_view();
  const Nanos took = stream.finished ? stream.finished - stream.begun : 0;
  connection_->server->options.observe({&stream.request, pattern, status, took, stream.received, stream.bytes_out});
}

void Http2::refuse(H2Stream& stream, int status, std::string_view message) {
  refuse(stream, Response::error(stream.request, status, message));
}

// An answer that comes while its request is still being sent is lost to some clients (curl 7.88 drops it when the
// stream is reset behind it, and waits for ever when it is not). So a refusal waits until the body, which is read away,
// has ended; not where the client waits for us, and not for long (sweep_early).
void Http2::refuse(H2Stream& stream, Response response) {
  stream.answered = true;
  forget_body(stream);
  std::string().swap(stream.request.body);
  stream.lease.release();
  if (stream.owed > 0) nghttp2_session_consume_stream(session_.get(), stream.id, std::exchange(stream.owed, 0));
  if (stream.plan.grpc && stream.plan.grpc->turned_away) stream.plan.grpc->turned_away(stream.request, response);
  observe(stream, response.status);
  const bool waits_for_us = response.status == 408 || stream.request.headers.find("expect");
  if (stream.body_done || waits_for_us) return send_refusal(stream, std::move(response));
  stream.held = std::move(response);
  stream.held_since = monotonic_now();
}

void Http2::send_refusal(H2Stream& stream, Response response) {
  if (!stream.request.is_grpc) return send_response(stream, std::move(response));
  send_grpc_error(stream, grpc_code_of_http(response.status), response.message, response.status == 503 ? second : 0);
}

void Http2::send_response(H2Stream& stream, Response response) {
  shape_error(stream.plan, stream.request, response);
  complete_headers(response, stream.request);
  HeaderFields headers{{":status", fmt::format_int(response.status).str()}};
  for (std::size_t i = 0; i < response.headers.size(); ++i) {
    const auto [name, value] = response.headers[i];
    if (name == "connection" || name == "transfer-encoding" || name == "keep-alive") continue;  // RFC 9113 §8.2.2
    headers.emplace_back(name, plain(value));
  }
  stream.response = std::move(response);
  const auto whole = whole_body(stream.response);
  const bool body =
      may_have_body(stream.response.status) && stream.request.method != "HEAD" && (!whole || !whole->empty());
  if (body && whole) stream.rest = *whole;
  stream.last = !body || whole.has_value();
  submit(stream, std::move(headers), body);
}

void Http2::send_grpc(H2Stream& stream, Result<std::string> result) {
  if (!result) {
    const ErrorRule& rule = rule_of(result.error().kind);
    return send_grpc_error(stream, rule.grpc, result.error().what, rule.retry ? second : 0);
  }
  stream.pending = grpc_frame(*result);
  stream.rest = stream.pending;
  stream.trailers = {{"grpc-status", "0"}};
  submit(stream, {{":status", "200"}, {"content-type", "application/grpc"}}, true);
}

void Http2::send_grpc_error(H2Stream& stream, int code, std::string_view message, Nanos retry_after) {
  HeaderFields headers{{":status", "200"},
                       {"content-type", "application/grpc"},
                       {"grpc-status", fmt::format_int(code).str()},
                       {"grpc-message", encode_grpc_message(message)}};
  if (retry_after > 0) headers.emplace_back("grpc-status-details-bin", grpc_status_details(code, message, retry_after));
  if (code == 12) headers.emplace_back("grpc-accept-encoding", "identity,gzip");
  submit(stream, std::move(headers), false);
}

void Http2::submit(H2Stream& stream, HeaderFields headers, bool with_body) {
  if (stream.closed) return;
  stream.moved = monotonic_now();
  const std::vector<nghttp2_nv> list = fields(headers);
  nghttp2_data_provider body{};
  body.source.ptr = this;
  body.read_callback = [](nghttp2_session*, std::int32_t id, std::uint8_t* into, std::size_t size, std::uint32_t* flags,
                          nghttp2_data_source* source, void*) -> ssize_t {
    auto& self = *static_cast<Http2*>(source->ptr);
    H2Stream* found = self.find(id);
    return found ? self.read_answer(*found, into, size, flags) : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  };
  nghttp2_submit_response(session_.get(), stream.id, list.data(), list.size(), with_body ? &body : nullptr);
  kick();
}

// nghttp2 takes the next bytes of an answer.
long Http2::read_answer(H2Stream& stream, std::uint8_t* into, std::size_t size, std::uint32_t* flags) {
  const std::size_t taken = std::min(size, stream.rest.size());
  std::memcpy(into, stream.rest.data(), taken);
  stream.rest.remove_prefix(taken);
  stream.bytes_out += taken;
  if (stream.rest.empty() || stream.bytes_out - stream.moved_bytes >= fair_piece) {
    stream.moved = monotonic_now();
    stream.moved_bytes = stream.bytes_out;
  }
  if (stream.rest.empty()) {
    stream.drained.cancel();
    if (!stream.last && taken == 0) {
      stream.parked = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    if (stream.last) *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream.last && !stream.trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const std::vector<nghttp2_nv> list = fields(stream.trailers);
      nghttp2_submit_trailer(session_.get(), stream.id, list.data(), list.size());
    }
  }
  return static_cast<long>(taken);
}

// Hands one piece to nghttp2 and waits until it was taken. False: the stream has closed.
Task<bool> Http2::offer(H2StreamPtr stream, std::string piece, bool last) {
  stream->pending = std::move(piece);
  stream->rest = stream->pending;
  stream->moved = monotonic_now();
  stream->last = last;
  if (std::exchange(stream->parked, false)) nghttp2_session_resume_data(session_.get(), stream->id);
  kick();
  const Nanos until = monotonic_now() + limits().write_time;
  while (!stream->closed && !stream->rest.empty() && monotonic_now() < until) {
    stream->drained.expires_after(std::chrono::nanoseconds(until - monotonic_now()));
    co_await stream->drained.async_wait(as_value);
  }
  co_return !stream->closed && stream->rest.empty();
}

Task<void> Http2::stream_body(H2StreamPtr stream) {
  bool whole = true;
  if (auto* source = std::get_if<Source>(&stream->response.body)) {
    for (;;) {
      Result<std::optional<std::string>> piece = co_await next_piece(*source);
      whole = piece.has_value();
      if (!piece || !*piece || stream->closed) break;
      if (!(*piece)->empty() && !co_await offer(stream, std::move(**piece), false)) break;
    }
  } else {
    stream->events = std::get<Events>(stream->response.body).channel;
    for (bool alive = true; alive && !stream->closed && !connection_->draining;) {
      std::string text;
      const Channel::Got got = co_await stream->events->pop(text, limits().heartbeat);
      if (got == Channel::Got::closed) break;
      if (got == Channel::Got::quiet) text = ": still here\n\n";
      alive = co_await offer(stream, std::move(text), false);
    }
    stream->events->close();
  }
  if (stream->closed) co_return;
  if (whole && stream->rest.empty()) {
    co_await offer(stream, {}, true);
  } else {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_INTERNAL_ERROR);
    kick();
  }
}

}  // namespace pawl::net::detail
