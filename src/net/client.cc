// Calls: resolve, check, connect, one request, one answer; connections are kept for the next call.
#include "net/client.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <mutex>

#include "base/text.h"
#include "net/detail/growing_body.h"
#include "net/detail/header_rules.h"
#include "net/detail/stream.h"

namespace pawl::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using detail::as_value;
using detail::tcp;

namespace {

constexpr std::size_t read_bytes = 64U << 10;
using Parser = http::response_parser<detail::GrowingBody>;

// A connection and the timer that closes it when what is awaited takes too long.
struct Peer : std::enable_shared_from_this<Peer> {
  explicit Peer(const asio::any_io_executor& executor) : stream(tcp::socket(executor)), timer(executor) {}
  detail::Stream stream;
  asio::steady_timer timer;
  boost::beast::flat_buffer buffer;
  std::string key;
  bool timed_out = false;

  void allow(Nanos time) {
    timer.expires_after(std::chrono::nanoseconds(std::max<Nanos>(0, time)));
    timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (error) return;
      self->timed_out = true;
      self->stream.close();
    });
  }
};
using PeerPtr = std::shared_ptr<Peer>;

asio::execution_context& context_of(Peer& peer) {
  return asio::query(peer.timer.get_executor(), asio::execution::context);
}

// Connections that wait for the next call, each on the loop where it was made.
struct Idle {
  std::mutex lock;
  std::vector<PeerPtr> peers;  // newest last

  PeerPtr take(const std::string& key, const asio::any_io_executor& executor) {
    std::lock_guard hold(lock);
    for (std::size_t i = peers.size(); i-- > 0;) {
      if (peers[i]->key != key || peers[i]->timer.get_executor() != executor) continue;
      PeerPtr peer = std::move(peers[i]);
      peers.erase(peers.begin() + static_cast<std::ptrdiff_t>(i));
      if (!peer->stream.peer_gone()) return peer;
    }
    return nullptr;
  }
  void put(PeerPtr peer, std::size_t most) {
    std::lock_guard hold(lock);
    peers.push_back(std::move(peer));
    if (peers.size() > most) peers.erase(peers.begin());
  }
  void forget(asio::execution_context& context) {
    std::lock_guard hold(lock);
    std::erase_if(peers, [&](const PeerPtr& peer) { return &context_of(*peer) == &context; });
  }
};

// Tells the clients when a loop ends, so that none keeps a connection that belongs to it.
class LoopEnd final : public asio::execution_context::service {
 public:
  using key_type = LoopEnd;
  static inline asio::execution_context::id id;
  explicit LoopEnd(asio::execution_context& context) : service(context) {}
  void tell(const std::shared_ptr<Idle>& idle) {
    std::lock_guard hold(lock_);
    std::erase_if(told_, [](const auto& one) { return one.expired(); });
    for (const auto& one : told_)
      if (one.lock() == idle) return;
    told_.push_back(idle);
  }

 private:
  void shutdown() override {
    for (const auto& one : told_)
      if (auto idle = one.lock()) idle->forget(context());
  }
  std::mutex lock_;
  std::vector<std::weak_ptr<Idle>> told_;
};

struct Target {
  Url url;
  std::string key;  // scheme, host and port: what a kept connection is good for
  Nanos until = 0;  // monotonic
  Nanos left() const { return until - monotonic_now(); }
};

std::unexpected<Error> cannot_reach(const Target& target, std::string_view why) {
  return fail(ErrorKind::unavailable, "{}:{} cannot be reached: {}.", target.url.host, target.url.port, why);
}

std::string authority_of(const Url& url) {
  const bool is_v6 = url.host.find(':') != std::string::npos;
  std::string out = is_v6 ? "[" + url.host + "]" : url.host;
  if (url.port != (url.tls ? 443 : 80)) out += fmt::format(":{}", url.port);
  return out;
}

Result<std::string> head_of(const ClientRequest& request, const Url& url, const std::string& user_agent) {
  if (!detail::is_token(request.method)) return fail(ErrorKind::invalid, "'{}' is no HTTP method.", request.method);
  std::string out = fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\n", request.method, url.target, authority_of(url));
  if (!request.headers.find("user-agent")) out += fmt::format("user-agent: {}\r\n", user_agent);
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    const auto [name, value] = request.headers[i];
    if (!detail::is_token(name) || value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
      return fail(ErrorKind::invalid, "The header '{}' cannot be sent.", repair_utf8(name));
    if (name != "host" && name != "content-length" && name != "transfer-encoding")
      out += fmt::format("{}: {}\r\n", name, value);
  }
  const bool has_body = !request.body.empty() || (request.method != "GET" && request.method != "HEAD");
  if (has_body) out += fmt::format("content-length: {}\r\n", request.body.size());
  return out += "\r\n";
}

struct Exchange {
  ClientResponse response;
  bool keep = false;     // the connection is good for another call
  bool stopped = false;  // on_data wanted no more
};

// Gives what has come to `on_data` or checks its size.
Result<> deliver(Parser& parser, const ClientRequest& request, std::size_t most, Exchange& out) {
  std::string& body = parser.get().body();
  const bool fine = parser.get().result_int() / 100 == 2;
  if (request.on_data && fine && !body.empty()) {
    out.stopped = !request.on_data(body);
    body.clear();
  }
  if (body.size() > most) return fail(ErrorKind::exhausted, "The answer is larger than {} bytes.", most);
  return {};
}

void take_response(Parser& parser, Exchange& out) {
  auto& message = parser.get();
  out.response.status = static_cast<int>(message.result_int());
  for (const auto& field : message.base()) out.response.headers.add(field.name_string(), field.value());
  out.response.body = std::move(message.body());
}

// Reads one answer. `began` tells whether any byte of it had come.
Task<Result<Exchange>> read_answer(PeerPtr peer, const ClientRequest& request, const ClientOptions& options,
                                   Target target, bool& began) {
  Exchange out;
  std::optional<Parser> parser;
  auto fresh = [&] {
    parser.emplace();
    parser->body_limit(boost::none);
    parser->header_limit(64U << 10);
    parser->eager(true);
    if (request.method == "HEAD") parser->skip(true);
  };
  fresh();
  for (;;) {
    boost::beast::error_code error;
    if (peer->buffer.size() > 0) {
      peer->buffer.consume(parser->put(peer->buffer.data(), error));
      if (error && error != http::error::need_more)
        co_return fail(ErrorKind::corrupt, "{} answered with something that is not HTTP: {}.", target.key,
                       error.message());
      CO_TRY(deliver(*parser, request, options.body_bytes, out));
    }
    if (parser->is_done() && parser->get().result_int() / 100 == 1) {
      fresh();
      continue;
    }
    if (parser->is_done() || out.stopped) break;
    peer->allow(std::min(options.idle_time, target.left()));
    const std::size_t size = co_await peer->stream.read(peer->buffer.prepare(read_bytes));
    peer->buffer.commit(size);
    began = began || size > 0;
    if (size > 0) continue;
    if (peer->timed_out) co_return cannot_reach(target, "it did not answer in time");
    if (!parser->is_header_done()) co_return cannot_reach(target, "it closed the connection");
    parser->put_eof(error);
    if (error) co_return cannot_reach(target, "it closed the connection in the middle of its answer");
    CO_TRY(deliver(*parser, request, options.body_bytes, out));
    break;
  }
  peer->timer.cancel();
  out.keep = !out.stopped && parser->is_done() && parser->keep_alive() && peer->buffer.size() == 0 && !peer->timed_out;
  take_response(*parser, out);
  co_return out;
}

}  // namespace

struct Client::State {
  explicit State(ClientOptions options_) : options(std::move(options_)), tls(asio::ssl::context::tls_client) {
    SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  }
  // At the first call over TLS: the system's file takes 40 ms, and most programs that have a client never need it.
  Result<> read_trusted() {
    std::call_once(trusted_read, [&] {
      boost::system::error_code error;
      if (options.ca_file.empty())
        tls.set_default_verify_paths(error);
      else
        tls.load_verify_file(options.ca_file, error);
      if (error) tls_fault = error.message();
    });
    if (tls_fault.empty()) return {};
    return fail(ErrorKind::denied, "The trusted certificates cannot be read: {}.", tls_fault);
  }
  const ClientOptions options;
  asio::io_context context{1};  // of the blocking calls
  std::mutex one_call;
  asio::ssl::context tls;
  std::once_flag trusted_read;
  std::string tls_fault;
  const std::shared_ptr<Idle> idle = std::make_shared<Idle>();
  void keep(PeerPtr peer) {
    asio::use_service<LoopEnd>(context_of(*peer)).tell(idle);
    idle->put(std::move(peer), options.keep_connections);
  }
  Task<Result<std::vector<tcp::endpoint>>> resolve(Target target);
  Task<Result<PeerPtr>> connect(Target target);
  Task<Result<ClientResponse>> call(ClientRequest request);
};

Task<Result<std::vector<tcp::endpoint>>> Client::State::resolve(Target target) {
  std::vector<tcp::endpoint> found;
  boost::system::error_code error;
  if (const auto address = asio::ip::make_address(target.url.host, error); !error) {
    found.emplace_back(address, target.url.port);
  } else {
    auto resolver = std::make_shared<tcp::resolver>(co_await asio::this_coro::executor);
    asio::steady_timer timer(co_await asio::this_coro::executor,
                             std::chrono::nanoseconds(std::min(options.connect_time, target.left())));
    timer.async_wait([resolver](boost::system::error_code ended) {
      if (!ended) resolver->cancel();
    });
    auto [failed, results] =
        co_await resolver->async_resolve(target.url.host, fmt::format("{}", target.url.port), as_value);
    timer.cancel();
    if (failed) co_return cannot_reach(target, failed.message());
    for (const auto& result : results) found.push_back(result.endpoint());
  }
  if (options.refuse_private) {
    const auto inside = std::ranges::find_if(found, [&](const tcp::endpoint& end) {
      const std::string address = end.address().to_string();
      return !is_public_address(address) &&
             !(options.allow_private && options.allow_private(target.url.host, address, target.url.port));
    });
    if (inside != found.end())  // one is enough: a name may answer otherwise the next time it is asked
      co_return fail(ErrorKind::denied,
                     "{} is a private address, which outbound calls may not reach unless outbound_allow names it.",
                     target.url.host);
  }
  co_return found;
}

Task<Result<PeerPtr>> Client::State::connect(Target target) {
  const auto ends = CO_TRY(co_await resolve(target));
  std::string why = "it has no address";
  for (const tcp::endpoint& end : ends) {
    auto peer = std::make_shared<Peer>(co_await asio::this_coro::executor);
    peer->key = target.key;
    peer->allow(std::min(options.connect_time, target.left()));
    auto [error] = co_await peer->stream.socket().async_connect(end, as_value);
    if (error) {
      why = peer->timed_out ? "no answer in time" : error.message();
      peer->timer.cancel();
      continue;
    }
    boost::system::error_code ignored;
    peer->stream.socket().set_option(tcp::no_delay(true), ignored);
    bool untrusted = false;
    if (target.url.tls && options.verify_certificates) CO_TRY(read_trusted());
    if (target.url.tls &&
        !co_await peer->stream.connect_tls(tls, target.url.host, options.verify_certificates, why, untrusted)) {
      peer->timer.cancel();
      if (untrusted) co_return fail(ErrorKind::denied, "The certificate of {} is not trusted: {}.", target.key, why);
      continue;
    }
    co_return peer;
  }
  co_return cannot_reach(target, why);
}

Task<Result<ClientResponse>> Client::State::call(ClientRequest request) {
  Target target;
  target.url = CO_TRY(parse_url(request.url));
  target.key = fmt::format("{}://{}", target.url.tls ? "https" : "http", authority_of(target.url));
  target.until = monotonic_now() + request.time;
  const std::string head = CO_TRY(head_of(request, target.url, options.user_agent));
  for (int attempt = 0;; ++attempt) {
    PeerPtr peer = attempt == 0 ? idle->take(target.key, co_await asio::this_coro::executor) : nullptr;
    const bool reused = peer != nullptr;
    if (!peer) peer = CO_TRY(co_await connect(target));
    bool began = false;
    peer->allow(std::min(options.idle_time, target.left()));
    // Where the peer refuses early, writing fails and yet there is an answer to read.
    const bool written = co_await peer->stream.write(head, request.body);
    Result<Exchange> got = co_await read_answer(peer, request, options, target, began);
    peer->timer.cancel();
    if (!got && reused && !began && !peer->timed_out) continue;
    if (!got) co_return std::unexpected(std::move(got.error()));
    if (got->keep && written) keep(std::move(peer));
    co_return std::move(got->response);
  }
}

Client::Client(ClientOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Client::~Client() = default;

Task<Result<ClientResponse>> Client::fetch(ClientRequest request) {
  std::string what;
  try {
    co_return co_await state_->call(std::move(request));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& thrown) {
    what = thrown.what();
  }
  co_return fail(ErrorKind::unavailable, "The call failed: {}.", what);
}

Result<ClientResponse> Client::send(ClientRequest request) {
  std::lock_guard hold(state_->one_call);
  std::optional<Result<ClientResponse>> answer;
  state_->context.restart();
  asio::co_spawn(state_->context, fetch(std::move(request)),
                 [&](std::exception_ptr, Result<ClientResponse> got) { answer = std::move(got); });
  state_->context.run();
  if (!answer) return fail(ErrorKind::unavailable, "The call did not end.");
  return std::move(*answer);
}

}  // namespace pawl::net
