// From the head of a request to its answer.
#include "net/detail/shared.h"

#include <ctime>

#include "base/rng.h"
#include "base/text.h"
#include "net/detail/grpc_frame.h"
#include "net/local_mode.h"

namespace pawl::net::detail {
namespace {

// IMF-fixdate (RFC 9110 §5.6.7), made once a second on each thread.
std::string_view http_date() {
  thread_local std::time_t made_at = 0;
  thread_local std::array<char, 40> text{};
  thread_local std::size_t size = 0;
  const std::time_t now = std::time(nullptr);
  if (now != made_at) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    made_at = now;
  }
  return {text.data(), size};
}

std::optional<Response> read_target(Request& request, const Limits& limits) {
  auto [path, query] = cut(request.target, '?');
  request.path = path;
  if (std::ranges::count(path, '/') > static_cast<std::ptrdiff_t>(limits.path_segments))
    return Response::error(request, 404, fmt::format("The path has more than {} segments.", limits.path_segments));
  if (query.empty()) return std::nullopt;
  auto parsed = parse_query(query, limits.query_parameters);
  if (!parsed) return Response::error(request, parsed.error());
  request.query = std::move(*parsed);
  return std::nullopt;
}

Plan refuse(Response response) {
  Plan plan;
  plan.refusal = std::move(response);
  return plan;
}

Plan plan_grpc(const Listener& listener, Request& request, const Limits& limits) {
  Plan plan;
  plan.grpc = listener.options.router->grpc(request.path);
  if (!plan.grpc)
    return refuse(Response::error(request, 501, fmt::format("There is no method {}.", repair_utf8(request.path))));
  plan.body_bytes = plan.grpc->body_bytes ? plan.grpc->body_bytes : limits.body_bytes;
  return plan;
}

Plan plan_route(const Listener& listener, Request& request, const Limits& limits) {
  Router::Match match = listener.options.router->match(request.method, request.path);
  if (!match.route) {
    if (match.status == 404 && request.method == "POST" && listener.options.router->grpc(request.path))
      return refuse(
          Response::error(request, 415, "This is a gRPC method: send HTTP/2 with Content-Type application/grpc."));
    Response answer;
    if (match.status == 204)
      answer.status = 204;
    else if (match.status == 405)
      answer = Response::error(request, 405, fmt::format("{} is not served here; {} is.", request.method, match.allow));
    else if (match.status == 400)
      answer = Response::error(request, 400, "The path has a '%' that two hex digits do not follow.");
    else
      answer = Response::error(request, 404, "There is nothing at this path.");
    if (!match.allow.empty()) answer.headers.add("allow", match.allow);
    return refuse(std::move(answer));
  }
  Plan plan;
  plan.route = match.route;
  request.captures = std::move(match.captures);
  plan.body_bytes = plan.route->body_bytes ? plan.route->body_bytes : limits.body_bytes;
  return plan;
}

Response fault(Shared& server, const Request& request, std::string_view what) {
  server.log.error("handler failed", {{"path", request.path},
                                      {"client", request.client},
                                      {"request_id", request.request_id()},
                                      {"what", std::string(what)}});
  return Response::error(request, 500, "Something went wrong here; the log has it under this request_id.");
}

}  // namespace

Shared::Shared(Io& io_, ServerOptions options_, const Log& log_) : io(io_), options(std::move(options_)), log(log_) {
  salt_ = SystemRandom().next();
  for (auto& loop : io.impl().loops) loops.push_back({loop.get(), {}});
}

std::shared_ptr<asio::ssl::context> Shared::tls_of(const Listener& listener) {
  std::lock_guard hold(lock);
  return listener.tls;
}

Shared::OnLoop& Shared::on(Loop& loop) {
  for (OnLoop& one : loops)
    if (one.loop == &loop) return one;
  PAWL_CHECK(false, "a loop of another Io");
}

std::uint64_t Shared::request_number() {  // SplitMix64's finaliser: a bijection of the counter
  std::uint64_t mixed = salt_ + 0x9E3779B97F4A7C15ULL * next_.fetch_add(1, std::memory_order_relaxed);
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31U);
}

bool Lease::grow_to(std::size_t bytes) {
  if (bytes <= held_) return true;
  const std::size_t more = bytes - held_;
  const std::size_t before = server_->body_bytes.fetch_add(more, std::memory_order_relaxed);
  if (before + more > server_->limits().inflight_body_bytes) {
    server_->body_bytes.fetch_sub(more, std::memory_order_relaxed);
    server_->over_budget.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  held_ = bytes;
  return true;
}

void Lease::release() {
  server_->body_bytes.fetch_sub(std::exchange(held_, 0), std::memory_order_relaxed);
}

Plan plan_request(Shared& server, const Listener& listener, Request& request) {
  request.listener = listener.options.name;
  request.listener_port = listener.port;
  Asker asker = server.options.proxies.asker(request.peer, request.headers);
  request.client = std::move(asker.address);
  request.is_tls = listener.options.tls.has_value();
  request.is_secure = request.is_tls || asker.tls;
  request.received = SystemClock().now();
  request.content_type = to_lower(trim(cut(request.headers.get("content-type"), ';').first));
  request.content_encoding = to_lower(trim(request.headers.get("content-encoding")));
  if (request.content_encoding == "identity") request.content_encoding.clear();
  server.requests.fetch_add(1, std::memory_order_relaxed);
  if (auto bad = read_target(request, server.limits())) return refuse(std::move(*bad));
  if (listener.options.local_mode)
    if (auto no = check_local(request, listener.port)) return refuse(Response::error(request, no->status, no->message));
  Plan plan =
      request.is_grpc ? plan_grpc(listener, request, server.limits()) : plan_route(listener, request, server.limits());
  if (plan.refusal) return plan;
  const std::string& permission = plan.grpc ? plan.grpc->permission : plan.route->permission;
  if (server.options.gate) plan.refusal = server.options.gate(request, permission);
  if (!plan.refusal && plan.route && plan.route->check_head)
    plan.refusal = plan.route->check_head(request, plan.body_bytes);
  return plan;
}

Task<Response> run_handler(Shared& server, const Plan& plan, Request& request) {
  std::string what;
  try {
    Result<Response> answer = co_await plan.route->handler(request);
    if (answer) co_return std::move(*answer);
    if (answer.error().kind == ErrorKind::corrupt) co_return fault(server, request, answer.error().what);
    co_return Response::error(request, answer.error());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& thrown) {
    what = thrown.what();
  }
  co_return fault(server, request, what);
}

Task<Result<std::string>> run_grpc(Shared& server, const GrpcMethod& method, Request& request) {
  std::string what;
  try {
    co_return co_await method.handler(request);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& thrown) {
    what = thrown.what();
  }
  fault(server, request, what);
  co_return fail(ErrorKind::corrupt, "Something went wrong here; the log has it under request {}.",
                 request.request_id());
}

Task<Result<std::optional<std::string>>> next_piece(Source source) {
  try {
    co_return co_await source();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& thrown) {
    co_return fail(ErrorKind::corrupt, "The body's source failed: {}", thrown.what());
  }
}

std::optional<std::string_view> whole_body(const Response& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
  if (const auto* shared = std::get_if<SharedBytes>(&response.body)) return shared->bytes;
  return std::nullopt;
}

bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

void shape_error(const Plan& plan, const Request& request, Response& response) {
  if (plan.route && plan.route->shape_error && response.status >= 400 && !response.message.empty())
    plan.route->shape_error(request, response);
}

void complete_headers(Response& response, const Request& request) {
  Headers& headers = response.headers;
  headers.add("date", http_date());
  headers.add("x-content-type-options", "nosniff");
  headers.add("x-request-id", request.request_id());
  if (!headers.find("cache-control")) headers.add("cache-control", "no-store");
  if (auto body = whole_body(response); body && may_have_body(response.status))
    headers.add("content-length", fmt::format_int(body->size()).str());
}

Nanos body_deadline(const Limits& limits, Nanos begun, std::size_t received) {
  const auto earned =
      static_cast<Nanos>(static_cast<double>(received) /
                         static_cast<double>(std::max<std::size_t>(1, limits.body_rate)) * static_cast<double>(second));
  return begun + std::min(limits.body_time, limits.body_grace + earned);
}

}  // namespace pawl::net::detail
