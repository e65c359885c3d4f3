// Allowed places and redirects.
#include "net/outbound.h"

#include <boost/asio.hpp>

#include "base/text.h"

namespace pawl::net {
namespace {

namespace ip = boost::asio::ip;
constexpr int most_redirects = 5;

// 16 bytes; "" where the text is no address.
std::string bytes_of(std::string_view text) {
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(text), error);
  if (error) return {};
  const auto six = address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6();
  const auto bytes = six.to_bytes();
  return {bytes.begin(), bytes.end()};
}

bool same_bits(std::string_view a, std::string_view b, int bits) {
  for (int i = 0; i < bits; i += 8) {
    const int here = std::min(8, bits - i);
    const auto mask = static_cast<unsigned>(0xFF << (8 - here)) & 0xFFU;
    const auto at = static_cast<std::size_t>(i / 8);
    if ((static_cast<unsigned char>(a[at]) & mask) != (static_cast<unsigned char>(b[at]) & mask)) return false;
  }
  return true;
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

std::string origin_of(const Url& url) {
  return fmt::format("{}://{}:{}", url.tls ? "https" : "http", to_lower(url.host), url.port);
}

// Where a Location leads, seen from the address that was asked (RFC 3986 §5.2, without "." and "..").
std::string resolve_location(std::string_view base, const Url& url, std::string_view location) {
  if (location.substr(0, location.find_first_of("/?#")).contains(':')) return std::string(location);  // has a scheme
  const std::string_view scheme = url.tls ? "https:" : "http:";
  if (location.starts_with("//")) return fmt::format("{}{}", scheme, location);
  const std::size_t authority = base.find("//") + 2;
  const std::size_t path = std::min(base.find_first_of("/?#", authority), base.size());
  if (location.starts_with('/')) return fmt::format("{}{}", base.substr(0, path), location);
  const std::string_view folder = std::string_view(url.target).substr(0, cut(url.target, '?').first.rfind('/') + 1);
  return fmt::format("{}{}{}", base.substr(0, path), folder, location);
}

// The request that a redirect asks for.
Result<ClientRequest> redirected(const ClientRequest& before, std::string_view location) {
  const Url from = TRY(parse_url(before.url));
  ClientRequest next{.method = before.method, .url = resolve_location(before.url, from, location), .time = before.time};
  const Url to = TRY(parse_url(next.url));
  if (from.tls && !to.tls)
    return fail(ErrorKind::denied, "{} leads from https to http, which outbound calls do not follow.", before.url);
  if (origin_of(from) == origin_of(to)) {
    next.headers = before.headers;
  } else if (const auto accept = before.headers.find("accept")) {
    next.headers.set("accept", *accept);
  }
  return next;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Nothing where this answer is the last one.
Result<std::optional<ClientRequest>> next_step(const ClientRequest& request, const ClientResponse& answer, int step) {
  const auto location = answer.headers.find("location");
  if (!is_redirect(answer.status) || !location || (request.method != "GET" && request.method != "HEAD"))
    return std::optional<ClientRequest>();
  if (step >= most_redirects)
    return fail(ErrorKind::denied, "{} leads on more than {} times.", request.url, most_redirects);
  return std::optional(TRY(redirected(request, *location)));
}

}  // namespace

Result<AllowedPlaces::Place> AllowedPlaces::place(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorKind::invalid, "outbound_allow: {} is no address, network or host name.", text);
  };
  Place out;
  std::string_view host = trim(text), rest;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return wrong();
    rest = host.substr(end + 1);
    host = host.substr(1, end - 1);
  } else if (bytes_of(cut(host, '/').first).empty() || host.find(':') == std::string_view::npos) {
    const auto end = std::min(host.find_first_of("/:"), host.size());
    rest = host.substr(end);
    host = host.substr(0, end);
  } else {  // IPv6 without brackets
    const auto end = std::min(host.find('/'), host.size());
    rest = host.substr(end);
    host = host.substr(0, end);
  }
  std::int64_t bits = -1;
  if (rest.starts_with('/')) {
    const auto end = std::min(rest.find(':'), rest.size());
    bits = parse_int(rest.substr(1, end - 1)).value_or(-2);
    rest = rest.substr(end);
  }
  if (!rest.empty()) {
    const auto port = rest.starts_with(':') ? parse_int(rest.substr(1)) : std::nullopt;
    if (!port || *port < 1 || *port > 65'535) return wrong();
    out.port = static_cast<std::uint16_t>(*port);
  }
  out.network = bytes_of(host);
  if (out.network.empty()) {
    out.host = to_lower(host);
    if (bits != -1 || !is_host_name(out.host)) return wrong();
    return out;
  }
  const bool is_v4 = host.find(':') == std::string_view::npos;
  if (bits == -1) bits = is_v4 ? 32 : 128;
  if (bits < 0 || bits > (is_v4 ? 32 : 128)) return wrong();
  out.bits = static_cast<int>(bits) + (is_v4 ? 96 : 0);
  return out;
}

Result<AllowedPlaces> AllowedPlaces::parse(const std::vector<std::string>& texts) {
  AllowedPlaces out;
  for (const auto& text : texts) out.places_.push_back(TRY(place(text)));
  return out;
}

bool AllowedPlaces::holds(std::string_view host, std::string_view address, std::uint16_t port) const {
  const std::string bytes = bytes_of(address), name = to_lower(host);
  return std::ranges::any_of(places_, [&](const Place& one) {
    if (one.port != 0 && one.port != port) return false;
    return one.network.empty() ? one.host == name : !bytes.empty() && same_bits(one.network, bytes, one.bits);
  });
}

Outbound::Outbound(OutboundOptions options)
    : client_({.body_bytes = options.body_bytes,
               .refuse_private = true,
               .allow_private = [allowed = std::move(options.allowed)](
                                    std::string_view host, std::string_view address,
                                    std::uint16_t port) { return allowed.holds(host, address, port); },
               .ca_file = std::move(options.ca_file)}) {}

Result<ClientResponse> Outbound::send(ClientRequest request) {
  for (int step = 0;; ++step) {
    auto answer = TRY(client_.send(request));
    auto next = TRY(next_step(request, answer, step));
    if (!next) return answer;
    request = std::move(*next);
  }
}

Task<Result<ClientResponse>> Outbound::fetch(ClientRequest request) {
  for (int step = 0;; ++step) {
    auto answer = CO_TRY(co_await client_.fetch(request));
    auto next = CO_TRY(next_step(request, answer, step));
    if (!next) co_return answer;
    request = std::move(*next);
  }
}

std::vector<Result<ClientResponse>> Outbound::send_all(std::vector<ClientRequest> requests) {
  std::vector<Result<ClientResponse>> answers(requests.size(), fail(ErrorKind::unavailable, "The call did not end."));
  boost::asio::io_context context(1);
  for (std::size_t i = 0; i < requests.size(); ++i)
    boost::asio::co_spawn(context, fetch(std::move(requests[i])),
                          [&answer = answers[i]](const std::exception_ptr& thrown, Result<ClientResponse> got) {
                            if (!thrown) answer = std::move(got);
                          });
  context.run();
  return answers;
}

}  // namespace pawl::net
