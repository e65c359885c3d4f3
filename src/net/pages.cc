// Files of the page, entity tags, encodings and the headers of a page.
#include "net/pages.h"

#include <array>

#include "base/text.h"

namespace pawl::net {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> page_headers{{
    {"content-security-policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: "
     "blob:; font-src 'self'; "
     "connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action "
     "'self'; "
     "frame-ancestors 'none'"},
    {"x-frame-options", "DENY"},
    {"referrer-policy", "no-referrer"},
    {"cross-origin-opener-policy", "same-origin"},
    {"cross-origin-resource-policy", "same-origin"},
    {"permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
}};

std::string_view strip_weak(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag;
}

}  // namespace

bool matches_etag(std::string_view if_none_match, std::string_view etag) {
  if (trim(if_none_match) == "*") return true;
  for (std::string_view tag : split(if_none_match, ','))  // our own tags hold no comma
    if (tag = trim(tag); !tag.empty() && strip_weak(tag) == strip_weak(etag)) return true;
  return false;
}

bool accepts_encoding(std::string_view accept_encoding, std::string_view coding) {
  for (std::string_view item : split(accept_encoding, ',')) {
    auto [name, parameters] = cut(item, ';');
    if (!equals_ignoring_case(trim(name), coding)) continue;
    auto [key, weight] = cut(parameters, '=');
    if (!equals_ignoring_case(trim(key), "q")) return true;
    const auto q = parse_double(trim(weight));
    return q && *q > 0;
  }
  return false;
}

void add_page_headers(Response& response) {
  for (const auto& [name, value] : page_headers) response.headers.set(name, value);
}

void set_retry_after(Response& response, Nanos wait) {
  response.headers.set("retry-after", fmt::format("{}", std::max<Nanos>(1, (wait + second - 1) / second)));
}

Response static_file(const Request& request, const StaticFile& file) {
  Response made;
  const bool brotli = !file.brotli.empty() && accepts_encoding(request.headers.get("accept-encoding"), "br");
  made.headers.add("etag", fmt::format("W/{}", file.etag));  // weak: brotli and identity share it
  made.headers.add("vary", "accept-encoding");
  made.headers.add("cache-control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (file.type.starts_with("text/html")) add_page_headers(made);
  if (auto known = request.headers.find("if-none-match"); known && matches_etag(*known, file.etag)) {
    made.status = 304;
    return made;
  }
  made.headers.add("content-type", file.type);
  if (brotli) made.headers.add("content-encoding", "br");
  made.body = SharedBytes{nullptr, brotli ? file.brotli : file.plain};
  return made;
}

}  // namespace pawl::net
