// The checks of local mode, on the head of a request alone.
#include "net/local_mode.h"

#include <array>

#include "base/text.h"

namespace pawl::net {
namespace {

constexpr std::array proxy_headers{"forwarded", "via", "x-real-ip"};
// Types that a page of another site may send without a preflight (Fetch standard, "CORS-safelisted request-header").
constexpr std::array simple_types{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"};

bool sent_by_proxy(const Request& request) {
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    std::string_view name = request.headers[i].first;
    if (name.starts_with("x-forwarded")) return true;
    for (std::string_view proxy : proxy_headers)
      if (name == proxy) return true;
  }
  return false;
}

bool is_local_origin(std::string_view origin, std::uint16_t port) {
  for (std::string_view scheme : {"http://", "https://"})
    if (origin.starts_with(scheme)) return is_local_authority(origin.substr(scheme.size()), port, scheme == "https://");
  return false;
}

// Not from a page, which sends Origin with a POST and cannot, without asking first, add other headers or call its
// browser by another name. LangSmith's clients send multipart/form-data.
bool sent_by_program(const Request& request) {
  for (const char* of_browsers : {"origin", "referer", "sec-fetch-site", "sec-fetch-dest"})
    if (request.headers.find(of_browsers)) return false;
  const std::string_view agent = request.headers.get("user-agent");
  return request.headers.find("x-api-key") || request.headers.find("content-encoding") ||
         (!agent.empty() && !agent.starts_with("Mozilla"));
}

// Queries of data sources come as forms, and change nothing.
bool only_reads(const Request& request) {
  return request.path.starts_with("/prometheus/api/v1/") || request.path == "/" || request.path == "/sql";
}

bool may_have_body(const Request& request) {
  return request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
}

}  // namespace

bool is_local_authority(std::string_view authority, std::uint16_t port, bool tls) {
  for (std::string_view host : {"localhost", "127.0.0.1", "[::1]"}) {
    if (authority.size() < host.size() || !equals_ignoring_case(authority.substr(0, host.size()), host)) continue;
    std::string_view rest = authority.substr(host.size());
    if (rest.empty()) return port == (tls ? 443 : 80);
    return rest == fmt::format(":{}", port);
  }
  return false;
}

std::optional<Refusal> check_local(const Request& request, std::uint16_t port) {
  if (request.version == 10 || sent_by_proxy(request))
    return Refusal{403,
                   "This came through a proxy (or as HTTP/1.0), but the server is in local mode, where it trusts its "
                   "peer: a proxy in front needs `--auth required`."};
  const auto host = request.headers.find("host");
  if (!host) return Refusal{400, "The request has no Host."};
  if (!is_local_authority(*host, port, request.is_tls))
    return Refusal{403, fmt::format("Host '{}' is not this machine: in local mode use localhost:{} or 127.0.0.1:{}, or "
                                    "start with `--auth required`.",
                                    repair_utf8(utf8_prefix(*host, 80)), port, port)};
  if (auto origin = request.headers.find("origin"); origin && !is_local_origin(*origin, port))
    return Refusal{403, "A page of another origin may not ask a server in local mode."};
  const std::string_view site = request.headers.get("sec-fetch-site");
  // A link on a page of another local port may lead here; everything else that such a page starts may not.
  const bool follows_link = request.method == "GET" && request.headers.get("sec-fetch-mode") == "navigate" &&
                            request.headers.get("sec-fetch-dest") == "document";
  if (site == "cross-site" || (site == "same-site" && !follows_link))
    return Refusal{403, "A page of another site may not ask a server in local mode."};
  if (!may_have_body(request)) return std::nullopt;
  for (std::string_view type : simple_types)
    if (request.content_type == type &&
        !((type == "multipart/form-data" || only_reads(request)) && sent_by_program(request)))
      return Refusal{415, fmt::format("Send the body with its own Content-Type (for example application/json), not {}: "
                                      "any web page could send that.",
                                      type)};
  return std::nullopt;
}

}  // namespace pawl::net
