// What a browser gets: files of the page with their caching, and the headers that fence it in.
#pragma once
#include <string>
#include <string_view>

#include "net/http.h"

namespace pawl::net {

// A file that lies in memory as long as the program.
struct StaticFile {
  std::string_view type, etag, plain, brotli;  // etag with its quotes; brotli empty where it saves nothing
  bool immutable = false;                      // the name holds a hash of the content
};

// 200 with brotli or identity, or 304 on If-None-Match; caching headers; page headers for HTML.
Response static_file(const Request& request, const StaticFile& file);

// Content-Security-Policy without inline script and without foreign origins, X-Frame-Options, Referrer-Policy,
// Cross-Origin-Opener-Policy, -Resource-Policy, Permissions-Policy. nosniff is on every answer anyway.
void add_page_headers(Response& response);

// Does If-None-Match name this tag (RFC 9110 §13.1.2, weak comparison)?
bool matches_etag(std::string_view if_none_match, std::string_view etag);
// Does Accept-Encoding allow `coding` (RFC 9110 §12.5.3, q=0 is no)?
bool accepts_encoding(std::string_view accept_encoding, std::string_view coding);
// Adds Retry-After, at least 1 second.
void set_retry_after(Response& response, Nanos wait);

}  // namespace pawl::net
