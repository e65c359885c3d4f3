// Paths, queries, URLs and authorities of any bytes: routed or refused, never more captures than the pattern has.
#include "base/text.h"
#include "net/client.h"
#include "net/local_mode.h"
#include "net/pages.h"
#include "net/router.h"

namespace {

pawl::net::Router make_router() {
  using namespace pawl::net;
  Router router;
  for (std::string_view pattern : {"/", "/a/{x}", "/a/{x}/b/{y}", "/a/b", "/f/{rest...}", "/{page...}"})
    router.add(Route{.method = "GET",
                     .pattern = std::string(pattern),
                     .permission = "",
                     .handler = [](Request&) -> pawl::Task<pawl::Result<Response>> { co_return Response{}; }});
  return router;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  static const net::Router router = make_router();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto [path, query] = cut(bytes, '?');
  const auto match = router.match("GET", path);
  PAWL_CHECK(match.captures.all().size() <= 2);
  PAWL_CHECK(match.route || match.status != 200);
  if (const auto parsed = net::parse_query(query, 50)) PAWL_CHECK(parsed->all().size() <= 50);
  if (const auto url = net::parse_url(bytes)) PAWL_CHECK(url->target.starts_with('/') && !url->host.empty());
  net::is_local_authority(bytes, 7295, false);
  net::matches_etag(bytes, "\"x\"");
  net::accepts_encoding(bytes, "br");
  net::is_public_address(bytes);
  return 0;
}
