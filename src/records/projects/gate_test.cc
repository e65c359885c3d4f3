// Who passes the gate: keys, cookies, the page's token, roles, a ledger that is away, a right that ends.
#include "test_world.h"

namespace pawl::projects {
namespace {

using testing::World;

struct GateTest : World {
  std::string key(std::string_view scopes, Nanos expires = 0, ProjectId project = default_project) {
    return projects->create_key(project, "k", parse_scopes(scopes).value(), expires, "test").value().secret;
  }
};

TEST_F(GateTest, AKeyPassesWhereItsScopesReach) {
  const std::string scopes[] = {"ingest", "read", "write", "admin", "operate"};
  for (const auto& mine : scopes) {
    const std::string secret = key(mine);
    for (const auto& asked : scopes) EXPECT_EQ(gate(with_key(secret), asked), mine == asked ? 0 : 403) << mine << asked;
    for (const char* people : {"user", "self", "owner"}) EXPECT_EQ(gate(with_key(secret), people), 403);
    EXPECT_EQ(gate(with_key(secret), "something new"), 403) << "an unknown permission is nobody's";
  }
  EXPECT_EQ(gate(with_key("pawl_sk_000000000000_0"), "read"), 401);
  EXPECT_EQ(gate(with_key("nonsense"), "read"), 401);
  EXPECT_EQ(gate(net::Request{.method = "GET", .path = "/"}, "read"), 401);
  EXPECT_EQ(gate(net::Request{.method = "GET", .path = "/"}, "public"), 0);
}

TEST_F(GateTest, AKeyInTheAddressIsRefusedEvenWhereItWouldNotBeNeeded) {
  const std::string secret = key("read");
  for (const char* permission : {"public", "read", "ingest"}) {
    net::Request request = with_key(secret);
    request.query.add("api_key", secret);
    EXPECT_EQ(gate(request, permission), 400) << permission;
    net::Request path = with_key(secret);
    path.path = "/api/v1/traces/" + secret;
    EXPECT_EQ(gate(path, permission), 400) << permission;
  }
  net::Request local = with_key("");
  local.query.add("x", secret);
  EXPECT_EQ(projects->gate(local, "read", true)->status, 400) << "in local mode too";
  net::Request search = with_key(secret);
  search.query.add("filter", "\"pawl_sk_\"");
  EXPECT_EQ(gate(search, "read"), 0) << "the prefix may be searched for";
}

TEST_F(GateTest, KeysEnd) {
  const std::string brief = key("read", clock.now() + minute), lasting = key("read,write");
  EXPECT_EQ(gate(with_key(brief), "read"), 0);
  clock.advance(minute);
  EXPECT_EQ(gate(with_key(brief), "read"), 401);
  net::Request asked = with_key(lasting);
  EXPECT_EQ(gate(asked, "read"), 0);
  const auto holds = projects->watch(access_of(asked));
  EXPECT_TRUE(*holds);
  EXPECT_EQ(projects->revoke_key(2, access_of(asked).key, "test").error().kind, ErrorKind::not_found)
      << "another project's";
  ASSERT_TRUE(projects->revoke_key(default_project, access_of(asked).key, "test"));
  EXPECT_EQ(gate(with_key(lasting), "read"), 401);
  projects->refresh();
  EXPECT_FALSE(*holds) << "what goes on ends too";
}

TEST_F(GateTest, LastUseIsKept) {
  const auto made = projects->create_key(1, "", parse_scopes("read").value(), 0, "test").value();
  EXPECT_EQ(projects->keys(1).value().at(0).used, 0);
  clock.advance(minute);
  EXPECT_EQ(gate(with_key(made.secret), "read"), 0);
  EXPECT_EQ(projects->keys(1).value().at(0).used, clock.now());
  projects->refresh();
  auto rows = ledger->read("SELECT last_used FROM keys", {});
  EXPECT_EQ(rows->integer(0, 0), clock.now());
}

TEST_F(GateTest, WithoutTheLedgerKnownKeysIngestForFifteenMinutes) {
  const std::string secret = key("ingest,read");
  const std::string ticket = (owner(), cookie_of("root@example.com"));
  EXPECT_EQ(gate(with_cookie(ticket), "read"), 0);
  EXPECT_FALSE(projects->ledger_state().away);
  ledger->away = true;
  clock.advance(second);
  projects->refresh();
  EXPECT_TRUE(projects->ledger_state().away);
  EXPECT_EQ(projects->ledger_state().why, "the disk is gone");
  EXPECT_EQ(gate(with_key(secret), "ingest"), 0);
  EXPECT_EQ(gate(with_key(secret), "read"), 503) << "nobody reads on a revocation that may have been missed";
  EXPECT_EQ(gate(with_cookie(ticket), "read"), 503);
  clock.advance(15 * minute - second);
  projects->refresh();
  EXPECT_EQ(gate(with_key(secret), "ingest"), 0);
  clock.advance(second);
  EXPECT_EQ(gate(with_key(secret), "ingest"), 503);
  ledger->away = false;
  projects->refresh();
  EXPECT_EQ(gate(with_key(secret), "read"), 0);
  EXPECT_FALSE(projects->ledger_state().away);
}

TEST_F(GateTest, AStuckRefreshIsNoLicence) {
  const std::string secret = key("ingest");
  clock.advance(15 * minute + second);  // nobody has refreshed, nobody has failed
  EXPECT_EQ(gate(with_key(secret), "ingest"), 503);
  EXPECT_GT(projects->ledger_state().age, 15 * minute);
}

TEST_F(GateTest, RolesReachAsFarAsTheySay) {
  owner();
  const auto other = projects->create_project("other", "test").value();
  member("admin@example.com", 1, "admin");
  member("member@example.com", 1, "member");
  member("viewer@example.com", 1, "viewer");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"root@example.com", "read write admin operate ingest user self owner"},
      {"admin@example.com", "read write admin ingest user self"},
      {"member@example.com", "read write ingest user self"},
      {"viewer@example.com", "read user self"}};
  for (const auto& [email, may] : expected) {
    const std::string ticket = cookie_of(email);
    for (const std::string permission : {"read", "write", "admin", "operate", "ingest", "user", "self", "owner"}) {
      const bool fits = fmt::format(" {} ", may).find(" " + permission + " ") != std::string::npos;
      EXPECT_EQ(gate(with_cookie(ticket), permission), fits ? 0 : 403) << email << " " << permission;
    }
    net::Request elsewhere = with_cookie(ticket), nowhere = with_cookie(ticket);
    elsewhere.headers.set("x-pawl-project", fmt::format("{}", other.id));
    nowhere.headers.set("x-pawl-project", "999");
    EXPECT_EQ(gate(elsewhere, "read"), email == "root@example.com" ? 0 : 404) << email;
    EXPECT_EQ(gate(nowhere, "read"), 404);
  }
}

TEST_F(GateTest, AChangeNeedsThePagesTokenAndNoOtherSite) {
  owner();
  const std::string ticket = cookie_of("root@example.com");
  net::Request look = with_cookie(ticket);
  ASSERT_EQ(gate(look, "read"), 0);
  const std::string token = access_of(look).csrf;
  EXPECT_EQ(gate(with_cookie(ticket, "POST"), "write"), 403);
  for (const auto& [given, site, wanted] :
       std::vector<std::tuple<std::string, std::string, int>>{{token, "", 0},
                                                              {token, "same-origin", 0},
                                                              {token, "none", 0},
                                                              {token + "x", "", 403},
                                                              {std::string(token.size(), '0'), "", 403},
                                                              {token, "cross-site", 403},
                                                              {token, "same-site", 403}}) {
    net::Request change = with_cookie(ticket, "DELETE");
    change.headers.set("x-csrf-token", given);
    if (!site.empty()) change.headers.set("sec-fetch-site", site);
    EXPECT_EQ(gate(change, "write"), wanted) << given << " " << site;
  }
  net::Request log_in{.method = "POST", .path = "/api/v1/login"};
  EXPECT_EQ(gate(log_in, "public"), 0);
  log_in.headers.set("sec-fetch-site", "cross-site");
  EXPECT_EQ(gate(log_in, "public"), 403) << "a page of another site logs nobody in";
}

TEST_F(GateTest, AKeyBehindASpaceThatNobodyUnescapedIsOne) {
  const auto key = projects->create_key(1, "agents", *parse_scopes("ingest"), 0, "test").value();
  auto bearing = [](std::string_view text) {
    net::Request request;
    request.headers.add("authorization", text);
    return request;
  };
  EXPECT_EQ(gate(bearing("Bearer%20" + key.secret), "ingest"), 0);
  EXPECT_EQ(gate(bearing("bearer%20" + key.secret), "read"), 403);
  EXPECT_EQ(gate(bearing("Bearer%20" + key.secret + "0"), "ingest"), 401);
  EXPECT_EQ(gate(bearing("Bearer " + key.secret + "%20"), "ingest"), 401);
  EXPECT_EQ(gate(bearing("Bearer%20"), "ingest"), 401);
}

TEST_F(GateTest, ATokenHoldsAsLongAsItsKey) {
  const auto key = projects->create_key(1, "agents", *parse_scopes("ingest"), 0, "test").value();
  EXPECT_FALSE(projects->exchange(key.secret + "0", false));
  EXPECT_FALSE(projects->exchange("", false));
  const auto token = projects->exchange(key.secret, false);
  ASSERT_TRUE(token) << token.error().what;
  EXPECT_EQ(token->project, 1U);
  EXPECT_FALSE(token->token.contains(key.secret));
  auto bearing = [](std::string text) {
    net::Request request;
    request.headers.add("authorization", "Bearer " + text);
    return request;
  };
  EXPECT_EQ(gate(bearing(token->token), "ingest"), 0);
  EXPECT_EQ(gate(bearing(token->token), "read"), 403);
  for (std::size_t at = 0; at < token->token.size(); at += 7) {
    std::string bent = token->token;
    bent[at] = bent[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(gate(bearing(bent), "ingest"), 401) << bent;
  }
  const auto local = projects->exchange("", true);
  EXPECT_EQ(gate(bearing(local->token), "ingest"), 401) << "of local mode, where nobody is asked";
  ASSERT_TRUE(projects->revoke_key(1, key.key.id, "test"));
  EXPECT_EQ(gate(bearing(token->token), "ingest"), 401);
  EXPECT_FALSE(projects->exchange(key.secret, false));
}

TEST_F(GateTest, WhatAnotherProcessChangesIsSeenWithinASecond) {
  const User who = member("viewer@example.com", 1, "viewer");
  const std::string ticket = cookie_of("viewer@example.com");
  net::Request asked = with_cookie(ticket);
  EXPECT_EQ(gate(asked, "read"), 0);
  const auto holds = projects->watch(access_of(asked));
  ASSERT_TRUE(ledger->change([&](ledger::Transaction& t) -> Result<> {  // as `pawl user disable` would
    TRY(t.run("UPDATE users SET disabled = 1 WHERE id = ?", {who.id}));
    return {};
  }));
  clock.advance(second);
  projects->refresh();
  EXPECT_EQ(gate(with_cookie(ticket), "read"), 401);
  EXPECT_FALSE(*holds);
}

TEST_F(GateTest, WhoHasLostTheLastRoleIsToldSo) {
  const User who = member("viewer@example.com", 1, "viewer");
  const std::string ticket = cookie_of("viewer@example.com");
  ASSERT_TRUE(projects->remove_member(1, who.id, "test"));
  EXPECT_EQ(gate(with_cookie(ticket), "read"), 403);
  EXPECT_EQ(gate(with_cookie(ticket), "self"), 0);
}

}  // namespace
}  // namespace pawl::projects
