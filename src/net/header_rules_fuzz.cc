// Whatever passes our rules for a head is read by Beast's parser in the same way, or not at all.
#include <boost/beast/http.hpp>

#include "base/result.h"
#include "net/detail/header_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace http = boost::beast::http;
  using namespace pawl::net;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const detail::HeadEnd end = detail::find_head_end(bytes, 0);
  if (end.scan != detail::Scan::complete) return 0;
  PAWL_CHECK(end.size <= size && bytes.substr(0, end.size).ends_with("\r\n\r\n"));
  const auto facts = detail::check_head(bytes.substr(0, end.size), Limits{});
  if (!facts) return 0;
  http::request_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  parser.header_limit(1U << 20);
  boost::beast::error_code error;
  const std::size_t used = parser.put(boost::asio::buffer(bytes.data(), end.size), error);
  if (error) return 0;
  PAWL_CHECK(used == end.size && parser.is_header_done());
  PAWL_CHECK(parser.chunked() == facts->chunked);
  PAWL_CHECK(std::string_view(parser.get().method_string()) == facts->method);
  PAWL_CHECK(std::string_view(parser.get().target()) == facts->target);
  const auto length = parser.content_length();
  PAWL_CHECK(facts->chunked || length.has_value() == facts->content_length.has_value());
  PAWL_CHECK(facts->chunked || !length || *length == *facts->content_length);
  return 0;
}
