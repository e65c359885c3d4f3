// Who asks, behind proxies that are believed and behind others.
#include "net/client_address.h"

#include <gtest/gtest.h>

#include "net/client.h"
#include "net/detail/test_server.h"

namespace pawl::net {
namespace {

TrustedProxies proxies(const std::vector<std::string>& texts) {
  auto parsed = TrustedProxies::parse(texts);
  EXPECT_TRUE(parsed.has_value());
  return parsed.value_or(TrustedProxies());
}

Asker ask(const TrustedProxies& trusted, std::string_view peer,
          const std::vector<std::pair<std::string_view, std::string_view>>& lines) {
  Headers headers;
  for (const auto& [name, value] : lines) headers.add(name, value);
  return trusted.asker(peer, headers);
}

TEST(ClientAddress, Networks) {
  const auto trusted = proxies({"10.0.0.7", "192.168.0.0/16", "172.16.0.0/12", "fd00::/8", "2001:db8::1"});
  for (const std::string_view inside : {"10.0.0.7", "192.168.255.1", "172.31.0.1", "fdff::1", "2001:db8::1"})
    EXPECT_TRUE(trusted.trusts(inside)) << inside;
  for (const std::string_view outside : {"10.0.0.8", "192.169.0.1", "172.32.0.1", "fe80::1", "2001:db8::2", "unknown"})
    EXPECT_FALSE(trusted.trusts(outside)) << outside;
  EXPECT_TRUE(proxies({"0.0.0.0/0"}).trusts("203.0.113.9"));
  EXPECT_FALSE(proxies({"0.0.0.0/0"}).trusts("2001:db8::1"));
  for (const std::string wrong : {"10.0.0.0/33", "10.0.0.0/", "proxy.example", "fd00::/129", "10.0.0.0/-1", ""})
    EXPECT_EQ(TrustedProxies::parse({wrong}).error().kind, ErrorKind::invalid) << wrong;
}

TEST(ClientAddress, NobodyIsBelievedUnasked) {
  EXPECT_EQ(ask({}, "127.0.0.1", {{"x-forwarded-for", "203.0.113.9"}}).address, "127.0.0.1");
  const auto trusted = proxies({"10.0.0.0/8"});
  EXPECT_EQ(ask(trusted, "192.0.2.1", {{"x-forwarded-for", "203.0.113.9"}, {"x-forwarded-proto", "https"}}).address,
            "192.0.2.1");
  EXPECT_FALSE(ask(trusted, "192.0.2.1", {{"x-forwarded-proto", "https"}}).tls);
}

TEST(ClientAddress, TheRightmostThatIsNoProxy) {
  const auto trusted = proxies({"10.0.0.0/8"});
  const auto plain = [&](std::string_view value) {
    return ask(trusted, "10.0.0.1", {{"x-forwarded-for", value}}).address;
  };
  EXPECT_EQ(plain("203.0.113.9"), "203.0.113.9");
  EXPECT_EQ(plain("1.1.1.1, 203.0.113.9"), "203.0.113.9");  // the first one is the client's own invention
  EXPECT_EQ(plain("203.0.113.9, 10.2.3.4"), "203.0.113.9");
  EXPECT_EQ(plain("203.0.113.9:4711"), "203.0.113.9");
  EXPECT_EQ(plain("[2001:db8::9]:4711, 10.9.9.9"), "2001:db8::9");
  EXPECT_EQ(plain("2001:DB8::9"), "2001:db8::9");
  EXPECT_EQ(plain("::ffff:203.0.113.9"), "203.0.113.9");
  EXPECT_EQ(plain("203.0.113.9, nonsense"), "10.0.0.1");
  EXPECT_EQ(plain(""), "10.0.0.1");
  EXPECT_EQ(plain("10.1.1.1"), "10.1.1.1");  // a proxy that asks for itself
  EXPECT_EQ(ask(trusted, "10.0.0.1", {{"x-forwarded-for", "1.1.1.1"}, {"x-forwarded-for", "203.0.113.9"}}).address,
            "203.0.113.9");
}

TEST(ClientAddress, Forwarded) {
  const auto trusted = proxies({"10.0.0.0/8"});
  const auto standard = [&](std::string_view value) { return ask(trusted, "10.0.0.1", {{"forwarded", value}}); };
  EXPECT_EQ(standard("for=203.0.113.9;proto=https;by=10.0.0.1").address, "203.0.113.9");
  EXPECT_TRUE(standard("for=203.0.113.9;proto=https").tls);
  EXPECT_TRUE(standard("for=203.0.113.9;proto=https, for=10.0.0.2;proto=http").tls);
  EXPECT_FALSE(standard("for=1.1.1.1;proto=https, for=203.0.113.9;proto=http").tls);
  EXPECT_EQ(standard("For=\"[2001:db8::9]:80\"").address, "2001:db8::9");
  EXPECT_EQ(standard("for=\"a,b\";by=x, for=203.0.113.9").address, "203.0.113.9");
  EXPECT_EQ(standard("for=unknown").address, "10.0.0.1");
  EXPECT_EQ(standard("for=_hidden, for=10.0.0.2").address, "10.0.0.2");
  EXPECT_EQ(standard("for=\"203.0.113.9").address, "10.0.0.1");
  EXPECT_EQ(standard("\"\\").address, "10.0.0.1");
}

// A proxy writes one of the two headers and passes the other on: a client may write that one.
TEST(ClientAddress, AForgedSecondHeaderIsNotBelieved) {
  const auto trusted = proxies({"10.0.0.0/8"});
  const auto both = [&](std::string_view plain, std::string_view standard) {
    return ask(trusted, "10.0.0.1", {{"x-forwarded-for", plain}, {"forwarded", standard}}).address;
  };
  EXPECT_EQ(both("203.0.113.9", "for=203.0.113.9"), "203.0.113.9");
  EXPECT_EQ(both("203.0.113.9", "for=198.51.100.1"), "10.0.0.1");
  EXPECT_EQ(both("198.51.100.1", "for=203.0.113.9"), "10.0.0.1");
}

TEST(ClientAddress, ReachesTheHandler) {
  testing::TestServer test(
      [](Router& router) {
        router.add(Route{.method = "GET",
                         .pattern = "/who",
                         .permission = "",
                         .handler = [](Request& request) -> Task<Result<Response>> {
                           co_return Response::text(
                               fmt::format("{} {} {}", request.peer, request.client, request.is_secure));
                         }});
      },
      {.proxies = proxies({"127.0.0.1"})});
  ClientRequest request{.url = test.url("/who")};
  Client client;
  EXPECT_EQ(client.send(request)->body, "127.0.0.1 127.0.0.1 false");
  request.headers.add("x-forwarded-for", "203.0.113.9");
  request.headers.add("x-forwarded-proto", "https");
  EXPECT_EQ(client.send(request)->body, "127.0.0.1 203.0.113.9 true");
}

}  // namespace
}  // namespace pawl::net
