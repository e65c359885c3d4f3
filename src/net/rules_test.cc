// The parts of net that are pure: heads, queries, routes, local mode, gRPC frames, errors, pages, addresses.
#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "net/client.h"
#include "net/detail/grpc_frame.h"
#include "net/detail/header_rules.h"
#include "net/errors.h"
#include "net/local_mode.h"
#include "net/pages.h"
#include "net/router.h"

namespace pawl::net {
namespace {

using detail::check_head;
using detail::find_head_end;
using detail::Scan;

int refusal_of(std::string_view head) {
  auto facts = check_head(head, Limits{});
  return facts ? 0 : facts.error().status;
}

std::string with(std::string_view lines) {
  return fmt::format("POST /x HTTP/1.1\r\nHost: a\r\n{}\r\n", lines);
}

TEST(HeaderRules, AnHonestHeadPasses) {
  auto facts = check_head(
      "POST /a%2Fb?x=1 HTTP/1.1\r\nHost: localhost:7295\r\ncontent-length: 12\r\nExpect: 100-Continue\r\n"
      "Connection: keep-alive, Close\r\nX: \xC3\xA9\r\n\r\n",
      Limits{});
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->method, "POST");
  EXPECT_EQ(facts->target, "/a%2Fb?x=1");
  EXPECT_EQ(facts->content_length, 12U);
  EXPECT_TRUE(facts->expects_continue && facts->wants_close && !facts->chunked);
}

TEST(HeaderRules, WhatCanBeReadInTwoWaysIsRefused) {
  EXPECT_EQ(refusal_of(with("")), 0);
  EXPECT_EQ(refusal_of(with("Content-Length: 4\r\nContent-Length: 4\r\n")), 400);
  EXPECT_EQ(refusal_of(with("Content-Length: 4, 4\r\n")), 400);
  EXPECT_EQ(refusal_of(with("Content-Length: +4\r\n")), 400);
  EXPECT_EQ(refusal_of(with("Content-Length: -1\r\n")), 400);
  EXPECT_EQ(refusal_of(with("Content-Length: 0x4\r\n")), 400);
  EXPECT_EQ(refusal_of(with("Content-Length:\r\n")), 400);
  EXPECT_EQ(refusal_of(with("Content-Length: 99999999999999999999\r\n")), 413);
  EXPECT_EQ(refusal_of(with("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(refusal_of(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 501);
  EXPECT_EQ(refusal_of(with("Transfer-Encoding: gzip, chunked\r\n")), 501);
  EXPECT_EQ(refusal_of(with("Transfer-Encoding: xchunked\r\n")), 501);
  EXPECT_EQ(refusal_of(with("Transfer-Encoding : chunked\r\n")), 400);
  EXPECT_EQ(refusal_of(with("Content-Length : 4\r\n")), 400);
  EXPECT_EQ(refusal_of(with("X: a\r\n b\r\n")), 400);
  EXPECT_EQ(refusal_of(with("X: a\rb\r\n")), 400);
  EXPECT_EQ(refusal_of(with("X: a\x7f\r\n")), 400);
  EXPECT_EQ(refusal_of(with("Host: b\r\n")), 400);
  EXPECT_EQ(refusal_of(with("no colon\r\n")), 400);
  EXPECT_EQ(refusal_of(with(": empty\r\n")), 400);
  EXPECT_EQ(refusal_of(with("Expect: miracles\r\n")), 417);
  EXPECT_EQ(refusal_of("POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of(std::string_view("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 36)), 400);
}

TEST(HeaderRules, RequestLines) {
  auto line = [](std::string_view first) { return refusal_of(fmt::format("{}\r\nHost: a\r\n\r\n", first)); };
  EXPECT_EQ(line("GET / HTTP/1.1"), 0);
  EXPECT_EQ(line("GET / HTTP/1.0"), 0);
  EXPECT_EQ(line("OPTIONS * HTTP/1.1"), 0);
  EXPECT_EQ(line("GET * HTTP/1.1"), 400);
  EXPECT_EQ(line("GET / HTTP/2.0"), 505);
  EXPECT_EQ(line("GET / HTTP/1.1 "), 400);
  EXPECT_EQ(line("GET  / HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /"), 400);
  EXPECT_EQ(line("GET http://a/ HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /\xC3\xA9 HTTP/1.1"), 400);
  EXPECT_EQ(line("G(T / HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /a\tb HTTP/1.1"), 400);
  EXPECT_EQ(line("GET / http/1.1"), 400);
  EXPECT_EQ(line(fmt::format("GET /{} HTTP/1.1", std::string(20'000, 'a'))), 414);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of(fmt::format("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
                                   join(std::vector<std::string>(120, "a: b\r\n"), ""))),
            431);
}

TEST(HeaderRules, Authorities) {
  for (std::string_view good : {"a", "a:80", "127.0.0.1:7295", "[::1]:7295", "[::1]", "a-b.c_d:"})
    EXPECT_TRUE(detail::is_plain_authority(good)) << good;
  for (std::string_view bad :
       {"", ":80", "a b", "a@b", "a/b", "a:b", "a:123456", "[::1", "[]", "[::1]x", "a,b", "a:80:80"})
    EXPECT_FALSE(detail::is_plain_authority(bad)) << bad;
}

TEST(HeaderRules, TheEndOfAHead) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody";
  EXPECT_EQ(find_head_end(head, 0).size, head.size() - 4);
  for (std::size_t cut = 0; cut < head.size() - 4; ++cut)
    EXPECT_EQ(find_head_end(head.substr(0, cut), 0).scan, Scan::more) << cut;
  EXPECT_EQ(find_head_end("GET / HTTP/1.1\nHost: a\n\n", 0).scan, Scan::bad);
  EXPECT_EQ(find_head_end(std::string_view("GET\0", 4), 0).scan, Scan::bad);
}

TEST(Query, IsDecodedAndBounded) {
  auto query = parse_query("a=1&b=x+y%20z&&c&a=2&=e", 10);
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->get("a"), "1");
  EXPECT_EQ(query->get("b"), "x y z");
  EXPECT_EQ(query->find("c"), "");
  EXPECT_EQ(query->find("d"), std::nullopt);
  EXPECT_EQ(query->all().size(), 5U);
  EXPECT_FALSE(parse_query("a=%zz", 10).has_value());
  EXPECT_FALSE(parse_query("a&b&c", 2).has_value());
}

TEST(Headers, AreFoundInAnyCaseAndReplaced) {
  Headers headers;
  headers.add("Content-Type", "a");
  headers.add("X", "1");
  headers.add("x", "2");
  EXPECT_EQ(headers.get("content-type"), "a");
  EXPECT_EQ(headers.count("x"), 2U);
  headers.set("x", headers.get("content-type"));
  EXPECT_EQ(headers.count("x"), 1U);
  EXPECT_EQ(headers.get("x"), "a");
}

Handler nothing() {
  return [](Request&) -> Task<Result<Response>> { co_return Response{}; };
}

TEST(Router, ChoosesTheMostLiteralRoute) {
  Router router;
  for (std::string_view pattern : {"/", "/api/traces", "/api/traces/{id}", "/api/traces/{id}/spans/{span}",
                                   "/api/traces/latest", "/assets/{file...}", "/{page...}"})
    router.add(Route{.method = "GET", .pattern = std::string(pattern), .permission = "read", .handler = nothing()});
  router.add(Route{.method = "POST", .pattern = "/api/traces", .permission = "ingest", .handler = nothing()});
  auto pattern = [&](std::string_view method, std::string_view path) -> std::string {
    auto match = router.match(method, path);
    return match.route ? match.route->pattern : fmt::format("{}", match.status);
  };
  EXPECT_EQ(pattern("GET", "/"), "/");
  EXPECT_EQ(pattern("GET", "/api/traces/latest"), "/api/traces/latest");
  EXPECT_EQ(pattern("GET", "/api/traces/x"), "/api/traces/{id}");
  EXPECT_EQ(pattern("GET", "/api/traces/latest/spans/9"), "/api/traces/{id}/spans/{span}");
  EXPECT_EQ(pattern("GET", "/assets/a/b.js"), "/assets/{file...}");
  EXPECT_EQ(pattern("GET", "/sessions/1"), "/{page...}");
  EXPECT_EQ(pattern("HEAD", "/api/traces"), "/api/traces");
  EXPECT_EQ(pattern("DELETE", "/api/traces"), "405");
  EXPECT_EQ(pattern("OPTIONS", "/api/traces"), "204");
  EXPECT_EQ(pattern("POST", "/nothing"), "404");
  EXPECT_EQ(router.match("DELETE", "/api/traces").allow, "GET, POST, HEAD, OPTIONS");
}

TEST(Router, CapturesMayHoldSlashes) {
  Router router;
  router.add(Route{.method = "GET", .pattern = "/t/{id}/s/{span}", .permission = "", .handler = nothing()});
  router.add(Route{.method = "GET", .pattern = "/f/{rest...}", .permission = "", .handler = nothing()});
  auto match = router.match("GET", "/t/a%2Fb%20c/s/%31");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.captures.get("id"), "a/b c");
  EXPECT_EQ(match.captures.get("span"), "1");
  EXPECT_EQ(router.match("GET", "/f/x/../y").captures.get("rest"), "x/../y");
  EXPECT_EQ(router.match("GET", "/t/%zz/s/1").status, 400);
  EXPECT_EQ(router.match("GET", "/t//s/1").status, 404);
}

Request local_request(std::vector<std::pair<std::string, std::string>> headers, std::string method = "GET") {
  Request request;
  request.method = std::move(method);
  for (auto& [name, value] : headers) request.headers.add(name, value);
  request.content_type = to_lower(trim(cut(request.headers.get("content-type"), ';').first));
  return request;
}

int local_status(std::vector<std::pair<std::string, std::string>> headers, std::string method = "GET") {
  auto refusal = check_local(local_request(std::move(headers), std::move(method)), 7295);
  return refusal ? refusal->status : 200;
}

TEST(LocalMode, OnlyThisMachineMayAsk) {
  for (std::string host : {"localhost:7295", "LOCALHOST:7295", "127.0.0.1:7295", "[::1]:7295"})
    EXPECT_EQ(local_status({{"host", host}}), 200) << host;
  for (std::string host : {"localhost", "localhost:80", "evil.example:7295", "127.0.0.1.evil.example:7295",
                           "127.0.0.2:7295", "localhost:72950", "0.0.0.0:7295"})
    EXPECT_EQ(local_status({{"host", host}}), 403) << host;
  EXPECT_EQ(local_status({}), 400);
  const std::pair<std::string, std::string> host{"host", "localhost:7295"};
  for (std::string name : {"forwarded", "x-forwarded-for", "x-forwarded-host", "X-Forwarded-Proto", "via", "x-real-ip"})
    EXPECT_EQ(local_status({host, {name, "x"}}), 403) << name;
  EXPECT_EQ(local_status({host, {"origin", "http://localhost:7295"}}), 200);
  for (std::string origin : {"https://evil.example", "null", "http://localhost:3000", "http://127.0.0.1", "file://"})
    EXPECT_EQ(local_status({host, {"origin", origin}}), 403) << origin;
  EXPECT_EQ(local_status({host, {"sec-fetch-site", "cross-site"}}), 403);
  EXPECT_EQ(local_status({host, {"sec-fetch-site", "same-site"}}), 403);
  EXPECT_EQ(local_status({host, {"sec-fetch-site", "same-origin"}}), 200);
  EXPECT_EQ(local_status({host, {"sec-fetch-site", "none"}}), 200);
  for (std::string type : {"text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=x"})
    EXPECT_EQ(local_status({host, {"content-type", type}}, "POST"), 415) << type;
  const std::pair<std::string, std::string> form{"content-type", "multipart/form-data; boundary=x"};
  EXPECT_EQ(local_status({host, form, {"user-agent", "langsmith-py/0.14.17"}}, "POST"), 200);
  const std::pair<std::string, std::string> encoded{"content-type", "application/x-www-form-urlencoded"};
  EXPECT_EQ(local_status({host, encoded, {"user-agent", "promtool/2.42"}}, "POST"), 415);
  Request query = local_request({host, encoded, {"user-agent", "promtool/2.42"}}, "POST");
  query.path = "/prometheus/api/v1/query";  // reads alone
  EXPECT_FALSE(check_local(query, 7295));
  query.headers.add("origin", "http://127.0.0.1:7295");
  EXPECT_TRUE(check_local(query, 7295));
  EXPECT_EQ(local_status({host, form, {"x-api-key", "k"}}, "POST"), 200);
  EXPECT_EQ(local_status({host, form, {"user-agent", "Mozilla/5.0 (X11)"}}, "POST"), 415);
  for (std::string header : {"origin", "referer"})  // a page of this machine: its own port, but not this server's
    EXPECT_EQ(local_status({host, form, {"user-agent", "curl/8"}, {header, "http://localhost:7295"}}, "POST"), 415);
  EXPECT_EQ(local_status({host, {"content-type", "application/json"}}, "POST"), 200);
  EXPECT_EQ(local_status({host, {"content-type", "application/grpc"}}, "POST"), 200);
  Request old = local_request({host});
  old.version = 10;
  EXPECT_EQ(check_local(old, 7295)->status, 403);
}

TEST(Grpc, AFrameIsTakenOffAsItComes) {
  const std::string framed = detail::grpc_frame("hello");
  for (std::size_t step = 1; step <= framed.size(); ++step) {
    detail::GrpcMessage message;
    std::string body;
    for (std::size_t at = 0; at < framed.size(); at += step)
      ASSERT_TRUE(message.feed(std::string_view(framed).substr(at, step), 100, body).has_value());
    EXPECT_EQ(body, "hello");
    EXPECT_TRUE(message.finish(body.size()).has_value());
  }
  detail::GrpcMessage message;
  std::string body;
  EXPECT_EQ(message.feed(framed, 4, body).error().kind, ErrorKind::exhausted);
  detail::GrpcMessage twice;
  EXPECT_EQ(twice.feed(framed + framed, 100, body).error().kind, ErrorKind::invalid);
  detail::GrpcMessage short_one;
  std::string part;
  EXPECT_TRUE(short_one.feed(framed.substr(0, 7), 100, part).has_value());
  EXPECT_EQ(short_one.finish(part.size()).error().kind, ErrorKind::invalid);
}

TEST(Grpc, TimeoutsAndStatuses) {
  EXPECT_EQ(detail::parse_grpc_timeout("250m"), 250 * millisecond);
  EXPECT_EQ(detail::parse_grpc_timeout("10S"), 10 * second);
  for (std::string_view bad : {"", "5", "S", "-1S", "123456789S", "5x"})
    EXPECT_EQ(detail::parse_grpc_timeout(bad), std::nullopt) << bad;
  EXPECT_EQ(detail::encode_grpc_message("50% \xC3\xA9\n"), "50%25 %C3%A9%0A");
  // google.rpc.Status{code: 14, message: "x", details: [Any{RetryInfo{retry_delay{seconds: 1}}}]}
  const auto bytes = from_base64(detail::grpc_status_details(14, "x", second));
  ASSERT_TRUE(bytes.has_value());
  EXPECT_EQ(to_hex(std::string_view(*bytes).substr(0, 5)), "080e120178");
  EXPECT_NE(bytes->find("type.googleapis.com/google.rpc.RetryInfo"), std::string::npos);
}

TEST(Errors, EveryKindHasOneRule) {
  std::set<ErrorKind> kinds;
  for (const ErrorRule& rule : error_rules()) EXPECT_TRUE(kinds.insert(rule.kind).second);
  EXPECT_EQ(kinds.size(), 7U);
  EXPECT_TRUE(rule_of(ErrorKind::unavailable).retry);
  EXPECT_EQ(rule_of(ErrorKind::unavailable).http, 503);
  EXPECT_EQ(error_json("invalid", "say \"why\"", "", "1"),
            R"({"error":{"code":"invalid","message":"say \"why\"","detail":null,"request_id":"1"}})");
  EXPECT_EQ(grpc_code_of_http(401), 16);
}

TEST(Pages, TagsAndEncodings) {
  EXPECT_TRUE(matches_etag("\"a\", W/\"b\"", "\"b\""));
  EXPECT_TRUE(matches_etag("*", "\"b\""));
  EXPECT_FALSE(matches_etag("\"a\"", "\"b\""));
  EXPECT_TRUE(accepts_encoding("gzip, br;q=0.5", "br"));
  EXPECT_FALSE(accepts_encoding("gzip, br;q=0", "br"));
  EXPECT_FALSE(accepts_encoding("brotli", "br"));
  Request request;
  request.headers.add("accept-encoding", "br");
  const StaticFile file{"text/html; charset=utf-8", "\"1\"", "plain", "squeezed", false};
  Response page = static_file(request, file);
  EXPECT_EQ(page.headers.get("content-encoding"), "br");
  EXPECT_NE(page.headers.get("content-security-policy").find("default-src 'none'"), std::string_view::npos);
  request.headers.add("if-none-match", page.headers.get("etag"));
  EXPECT_EQ(static_file(request, file).status, 304);
}

TEST(Events, AreFramed) {
  EXPECT_EQ(sse_event("span", "a\nb", "7"), "event: span\nid: 7\ndata: a\ndata: b\n\n");
}

TEST(Url, IsReadStrictly) {
  auto url = parse_url("https://[::1]:8443/a?b=c#d");
  ASSERT_TRUE(url.has_value());
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/a?b=c");
  EXPECT_EQ(parse_url("http://a?x")->target, "/?x");
  for (std::string_view bad :
       {"ftp://a", "http://", "http://u:p@a/", "http://a:99999/", "http://a/b c", "http://a/\r\nX: y"})
    EXPECT_FALSE(parse_url(bad).has_value()) << bad;
}

TEST(Url, PrivateAddressesAreKnown) {
  for (std::string_view open : {"8.8.8.8", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"})
    EXPECT_TRUE(is_public_address(open)) << open;
  for (std::string_view closed :
       {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "nonsense"})
    EXPECT_FALSE(is_public_address(closed)) << closed;
}

}  // namespace
}  // namespace pawl::net
