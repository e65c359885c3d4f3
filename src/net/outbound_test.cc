// Outbound calls reach no private place that the operator has not named, not even by a redirect.
#include "net/outbound.h"

#include "net/detail/test_server.h"

namespace pawl::net {
namespace {

using testing::TestServer;

AllowedPlaces allowed(const std::vector<std::string>& texts) {
  auto parsed = AllowedPlaces::parse(texts);
  EXPECT_TRUE(parsed) << parsed.error().what;
  return parsed.value_or(AllowedPlaces());
}

TEST(AllowedPlaces, AddressesNetworksNamesAndPorts) {
  const AllowedPlaces some =
      allowed({"10.1.2.3", "192.168.0.0/16:8080", "[fd00::]/8", "Id.Internal:443", "2001:db8::1"});
  EXPECT_TRUE(some.holds("x", "10.1.2.3", 80));
  EXPECT_TRUE(some.holds("x", "::ffff:10.1.2.3", 80));
  EXPECT_FALSE(some.holds("x", "10.1.2.4", 80));
  EXPECT_TRUE(some.holds("x", "192.168.255.1", 8080));
  EXPECT_FALSE(some.holds("x", "192.168.255.1", 80));
  EXPECT_TRUE(some.holds("x", "fd12::1", 1));
  EXPECT_FALSE(some.holds("x", "fe80::1", 1));
  EXPECT_TRUE(some.holds("id.internal", "172.16.0.1", 443));
  EXPECT_FALSE(some.holds("id.internal", "172.16.0.1", 80));
  EXPECT_FALSE(some.holds("evil.id.internal", "172.16.0.1", 443));
  EXPECT_TRUE(some.holds("x", "2001:db8::1", 5));
  EXPECT_FALSE(AllowedPlaces().holds("x", "127.0.0.1", 80));
}

TEST(AllowedPlaces, WhatIsNoPlaceIsNamed) {
  for (const char* text : {"", "10.0.0.0/33", "10.0.0.0/x", "host/8", "[fd00::", "a b", "10.0.0.1:0", "10.0.0.1:70000",
                           "10.0.0.1:x", "http://a"}) {
    const auto parsed = AllowedPlaces::parse({text});
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().what.find(text), std::string::npos);
  }
}

struct OutboundTest : ::testing::Test {
  std::string other;  // where /away leads
  std::string seen;   // Authorization of the last request to /end
  TestServer test{[this](Router& router) {
    auto add = [&](std::string pattern, std::function<Response(const Request&)> answer) {
      for (const char* method : {"GET", "POST"}) {
        router.add({.method = method,
                    .pattern = pattern,
                    .handler = [answer](Request& request) -> Task<Result<Response>> { co_return answer(request); }});
      }
    };
    auto lead = [](std::string to) {
      Response out = Response::text("", 302);
      out.headers.set("location", to);
      return out;
    };
    add("/end", [this](const Request& request) {
      seen = request.headers.get("authorization");
      return Response::text("here");
    });

    add("/root", [lead](const Request&) { return lead("/end"); });
    add("/beside", [lead](const Request&) { return lead("end"); });
    add("/round", [lead](const Request&) { return lead("/round"); });
    add("/away", [this, lead](const Request&) { return lead(other); });
  }};
};

TEST_F(OutboundTest, PrivateAddressesAreRefusedUnlessNamed) {
  Outbound strict, open({.allowed = allowed({"127.0.0.1"})}), elsewhere({.allowed = allowed({"127.0.0.1:1"})});
  for (const std::string& url :
       {test.url("/end"), fmt::format("http://localhost:{}/end", test.port),
        fmt::format("http://[::ffff:127.0.0.1]:{}/end", test.port),
        std::string("http://169.254.169.254/latest/meta-data"), std::string("http://[fd00:ec2::254]/"),
        std::string("http://0.0.0.0/"), std::string("http://10.0.0.1/")}) {
    const auto answer = strict.send({.url = url});
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().kind, ErrorKind::denied) << url << " " << answer.error().what;
  }
  EXPECT_EQ(open.send({.url = test.url("/end")})->body, "here");
  EXPECT_EQ(elsewhere.send({.url = test.url("/end")}).error().kind, ErrorKind::denied);
}

TEST_F(OutboundTest, RedirectsAreFollowedAndCheckedAgain) {
  Outbound open({.allowed = allowed({fmt::format("127.0.0.1:{}", test.port)})});
  auto with_key = [&](std::string_view target) {
    ClientRequest request{.url = test.url(target)};
    request.headers.set("authorization", "secret");
    return open.send(std::move(request));
  };
  EXPECT_EQ(with_key("/root")->body, "here");
  EXPECT_EQ(seen, "secret");
  EXPECT_EQ(with_key("/beside")->body, "here");
  EXPECT_EQ(with_key("/round").error().kind, ErrorKind::denied);
  for (const char* to :
       {"http://127.0.0.1:1/", "http://169.254.169.254/", "http://[::1]/", "//10.0.0.1/", "ftp://x/", "http://"}) {
    other = to;
    const auto answer = with_key("/away");
    ASSERT_FALSE(answer) << to;
    EXPECT_TRUE(answer.error().kind == ErrorKind::denied || answer.error().kind == ErrorKind::invalid) << to;
  }
  other = fmt::format("http://localhost:{}/end", test.port);  // another host: the key stays here
  Outbound both({.allowed = allowed({"127.0.0.1", "localhost"})});
  ClientRequest request{.url = test.url("/away")};
  request.headers.set("authorization", "secret");
  EXPECT_EQ(both.send(std::move(request))->body, "here");
  EXPECT_EQ(seen, "");
  EXPECT_EQ(open.send({.method = "POST", .url = test.url("/root")})->status, 302) << "a POST is not sent again";
}

}  // namespace
}  // namespace pawl::net
