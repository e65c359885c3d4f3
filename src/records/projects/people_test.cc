// Users, roles, invitations, log-ins: what each call leaves behind, and what nobody may do.
#include "attempts.h"
#include "test_world.h"

namespace pawl::projects {
namespace {

using testing::good_password;
using testing::World;

struct PeopleTest : World {
  Person person(std::string_view subject, std::string_view email) {
    return {.issuer = "https://id.example.com",
            .subject = std::string(subject),
            .email = std::string(email),
            .name = "Ines",
            .email_is_verified = true};
  }
  std::string roles(std::int64_t user) {
    std::string out;
    for (const auto& one : projects->members(1).value())
      if (one.user.id == user) out += one.role + (one.by_rule ? " by rule" : "");
    return out;
  }
};

TEST_F(PeopleTest, TheSetUpLinkMakesOneOwnerOnce) {
  const std::string first = projects->create_setup_token().value(),
                    second_link = projects->create_setup_token().value();
  EXPECT_FALSE(projects->set_up(first + "x", "root@example.com", "Root", good_password, visit));
  EXPECT_FALSE(projects->set_up(first, "no address", "Root", good_password, visit));
  EXPECT_FALSE(projects->set_up(first, "root@example.com", "Root", "short", visit));
  const auto in = projects->set_up(first, " Root@Example.com ", "Root", good_password, visit);
  ASSERT_TRUE(in) << in.error().what;
  EXPECT_TRUE(in->user.owner);
  EXPECT_EQ(in->user.email, "root@example.com");
  EXPECT_EQ(gate(with_cookie(in->cookie), "owner"), 0) << "what local mode has gathered is the first user's";
  for (const auto& token : {first, second_link})
    EXPECT_EQ(projects->set_up(token, "other@example.com", "O", good_password, visit).error().kind, ErrorKind::denied);
  EXPECT_TRUE(audited("user.create root@example.com owner"));
}

TEST_F(PeopleTest, ASetUpLinkIsTooOldAfterFifteenMinutes) {
  const std::string token = projects->create_setup_token().value();
  clock.advance(15 * minute);
  EXPECT_FALSE(projects->set_up(token, "root@example.com", "Root", good_password, visit));
}

TEST_F(PeopleTest, GuessingIsLimitedByAccountAndByAddress) {
  owner();
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(projects->log_in("root@example.com", "wrong", visit).error().kind, ErrorKind::denied);
  EXPECT_EQ(projects->log_in("ROOT@example.com", good_password, visit).error().kind, ErrorKind::exhausted);
  clock.advance(15 * minute + second);
  EXPECT_TRUE(projects->log_in("root@example.com", good_password, visit));
  const Visit one{"2001:db8:0:1::1", ""}, neighbour{"2001:db8:0:1::ffff", ""}, far{"2001:db8:0:2::1", ""};
  for (int i = 0; i < 30; ++i) {
    const auto guess = projects->log_in(fmt::format("nobody{}@example.com", i), "wrong", one);
    EXPECT_EQ(guess.error().kind, ErrorKind::denied);
    EXPECT_EQ(guess.error().what, "E-mail and password do not belong together.");
  }
  EXPECT_EQ(projects->log_in("root@example.com", good_password, neighbour).error().kind, ErrorKind::exhausted);
  EXPECT_TRUE(projects->log_in("root@example.com", good_password, far));
  EXPECT_TRUE(audited("login.failed root@example.com"));
}

TEST(Attempts, AnAddressOfIpv6StandsForItsNetwork) {
  EXPECT_EQ(address_group("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address_group("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address_group("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(address_group("odd"), "odd");
}

TEST(Attempts, MemoryIsBounded) {
  Attempts attempts;
  for (int i = 0; i < 120'000; ++i)
    attempts.failed(fmt::format("a{}", i), fmt::format("10.0.{}.{}", i / 250, i % 250), i);
  EXPECT_FALSE(attempts.exhausted("a119999", "10.9.9.9", 120'000));
}

TEST_F(PeopleTest, ALogInIsListedAndEnds) {
  const User root = owner();
  const std::string phone = cookie_of("root@example.com"), desk = cookie_of("root@example.com");
  auto all = projects->logins(root.id).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].address, "192.0.2.7");
  EXPECT_EQ(all[0].agent, "a browser");
  net::Request at_desk = with_cookie(desk);
  ASSERT_EQ(gate(at_desk, "self"), 0);
  const std::string mine = access_of(at_desk).login;
  const std::string other = all[0].id == mine ? all[1].id : all[0].id;
  EXPECT_EQ(projects->end_login(root.id + 1, other).error().kind, ErrorKind::not_found) << "another user's";
  EXPECT_TRUE(projects->end_login(root.id, other));
  EXPECT_EQ(gate(with_cookie(phone), "self"), 401);
  EXPECT_EQ(gate(with_cookie(desk), "self"), 0);
  cookie_of("root@example.com");
  EXPECT_TRUE(projects->end_other_logins(root.id, mine));
  EXPECT_EQ(projects->logins(root.id)->size(), 1U);
}

TEST_F(PeopleTest, ANewPasswordEndsTheOtherLogIns) {
  const User root = owner();
  const std::string phone = cookie_of("root@example.com"), desk = cookie_of("root@example.com");
  net::Request asked = with_cookie(desk);
  ASSERT_EQ(gate(asked, "self"), 0);
  const Access access = access_of(asked);
  EXPECT_EQ(projects->change_password(access, "wrong", "another long password", visit).error().kind, ErrorKind::denied);
  EXPECT_FALSE(projects->change_password(access, good_password, "short", visit));
  ASSERT_TRUE(projects->change_password(access, good_password, "another long password", visit));
  EXPECT_EQ(gate(with_cookie(phone), "self"), 401);
  EXPECT_EQ(gate(with_cookie(desk), "self"), 0);
  EXPECT_FALSE(projects->log_in("root@example.com", good_password, visit));
  EXPECT_TRUE(projects->log_in("root@example.com", "another long password", visit));
  EXPECT_TRUE(audited("password.set"));
  (void)root;
}

TEST_F(PeopleTest, AnOwnerIsAlwaysLeft) {
  const User root = owner(), second_one = member("b@example.com", 1, "member");
  EXPECT_EQ(projects->set_disabled(root.id, true, "test").error().kind, ErrorKind::conflict);
  EXPECT_EQ(projects->set_owner(root.id, false, "test").error().kind, ErrorKind::conflict);
  EXPECT_EQ(projects->set_owner(999, true, "test").error().kind, ErrorKind::not_found);
  ASSERT_TRUE(projects->set_owner(second_one.id, true, "test"));
  const std::string ticket = cookie_of("root@example.com");
  ASSERT_TRUE(projects->set_disabled(root.id, true, "test"));
  EXPECT_EQ(gate(with_cookie(ticket), "self"), 401) << "out at once";
  EXPECT_FALSE(projects->log_in("root@example.com", good_password, visit));
  EXPECT_EQ(projects->set_owner(second_one.id, false, "test").error().kind, ErrorKind::conflict);
  ASSERT_TRUE(projects->set_disabled(root.id, false, "test"));
  EXPECT_TRUE(projects->log_in("root@example.com", good_password, visit));
}

TEST_F(PeopleTest, AnInvitationIsTakenOnce) {
  owner();
  const auto made = projects->invite(1, "New@Example.com", "viewer", "user 1").value();
  EXPECT_EQ(projects->invitations(1)->size(), 1U);
  EXPECT_EQ(projects->invitations(2)->size(), 0U);
  EXPECT_EQ(projects->invitation(made.token)->email, "new@example.com");
  EXPECT_FALSE(projects->join(made.token + "x", "New", good_password, visit));
  EXPECT_FALSE(projects->join(made.token, "New", "short", visit));
  const auto in = projects->join(made.token, "New", good_password, visit);
  ASSERT_TRUE(in) << in.error().what;
  EXPECT_EQ(gate(with_cookie(in->cookie), "read"), 0);
  EXPECT_EQ(gate(with_cookie(in->cookie), "write"), 403);
  EXPECT_EQ(projects->join(made.token, "Again", good_password, visit).error().kind, ErrorKind::denied);
  EXPECT_EQ(projects->invitations(1)->size(), 0U);
  EXPECT_TRUE(audited("member.invite"));
  EXPECT_TRUE(audited("member.join"));
}

TEST_F(PeopleTest, AnInvitationGivesNoAccountAway) {
  const auto other = projects->create_project("other", "test").value();
  const User victim = member("victim@example.com", 1, "viewer"), thief = member("thief@example.com", other.id, "admin");
  const auto made = projects->invite(other.id, "victim@example.com", "viewer", "user 2").value();
  EXPECT_EQ(projects->join(made.token, "Thief", good_password, visit).error().kind, ErrorKind::conflict);
  EXPECT_EQ(projects->accept(made.token, thief.id).error().kind, ErrorKind::denied);
  EXPECT_TRUE(projects->log_in("victim@example.com", good_password, visit)) << "the password is still theirs";
  ASSERT_TRUE(projects->accept(made.token, victim.id));
  EXPECT_EQ(projects->accept(made.token, victim.id).error().kind, ErrorKind::denied);
}

TEST_F(PeopleTest, InvitationsAreReplacedWithdrawnAndGrowOld) {
  const auto first = projects->invite(1, "a@example.com", "viewer", "user 1").value();
  const auto again = projects->invite(1, "a@example.com", "admin", "user 1").value();
  EXPECT_FALSE(projects->invitation(first.token));
  EXPECT_EQ(projects->invitation(again.token)->role, "admin");
  EXPECT_EQ(projects->withdraw(2, again.invitation.id, "user 1").error().kind, ErrorKind::not_found);
  ASSERT_TRUE(projects->withdraw(1, again.invitation.id, "user 1"));
  EXPECT_FALSE(projects->invitation(again.token));
  const auto late = projects->invite(1, "b@example.com", "viewer", "user 1").value();
  clock.advance(7 * day);
  EXPECT_FALSE(projects->join(late.token, "B", good_password, visit));
  EXPECT_FALSE(projects->invite(1, "b@example.com", "owner", "user 1"));
}

TEST_F(PeopleTest, RulesGiveAndTakeWhatRulesGave) {
  owner();
  Person ines = person("s1", "ines@example.com");
  EXPECT_EQ(projects->enter(ines, visit).error().kind, ErrorKind::denied) << "no rule, no role, no user";
  EXPECT_EQ(projects->users()->size(), 1U);
  ines.roles = {{"default", "viewer"}, {"no such project", "admin"}};
  const auto in = projects->enter(ines, visit);
  ASSERT_TRUE(in) << in.error().what;
  EXPECT_EQ(roles(in->user.id), "viewer by rule");
  EXPECT_FALSE(projects->log_in("ines@example.com", "", visit)) << "there is no password";
  ines.roles = {{"default", "admin"}};
  ines.email = "renamed@example.com";
  EXPECT_EQ(projects->enter(ines, visit)->user.id, in->user.id) << "known by issuer and subject";
  EXPECT_EQ(roles(in->user.id), "admin by rule");
  ASSERT_TRUE(projects->set_role(1, in->user.id, "member", "user 1"));
  EXPECT_TRUE(projects->enter(ines, visit));
  EXPECT_EQ(roles(in->user.id), "member") << "what was set by hand stays";
  ines.owner = true;
  ASSERT_TRUE(projects->enter(ines, visit));
  EXPECT_EQ(roles(in->user.id), "owner by rule");
  ines.owner = false;
  ASSERT_TRUE(projects->enter(ines, visit));
  EXPECT_EQ(roles(in->user.id), "member");
  ASSERT_TRUE(projects->remove_member(1, in->user.id, "user 1"));
  ines.roles = {};
  EXPECT_EQ(projects->enter(ines, visit).error().kind, ErrorKind::denied);
  ASSERT_TRUE(projects->set_disabled(in->user.id, true, "user 1"));
  ines.roles = {{"default", "viewer"}};
  EXPECT_EQ(projects->enter(ines, visit).error().kind, ErrorKind::denied);
}

TEST_F(PeopleTest, AnAddressDoesNotOpenAnotherAccount) {
  const User root = owner();
  Person thief = person("s2", "root@example.com");
  thief.owner = true;
  EXPECT_EQ(projects->enter(thief, visit).error().kind, ErrorKind::conflict);
  ASSERT_TRUE(projects->connect(root.id, thief.issuer, thief.subject)) << "who is logged in may connect";
  EXPECT_EQ(projects->enter(thief, visit)->user.id, root.id);
  const User b = member("b@example.com", 1, "viewer");
  EXPECT_EQ(projects->connect(b.id, thief.issuer, thief.subject).error().kind, ErrorKind::conflict);
  EXPECT_TRUE(projects->is_connected(root.id).value());
  ASSERT_TRUE(projects->disconnect(root.id));
  EXPECT_EQ(projects->enter(thief, visit).error().kind, ErrorKind::conflict);
}

TEST_F(PeopleTest, AVerifiedAddressTakesItsInvitations) {
  ASSERT_TRUE(projects->invite(1, "new@example.com", "member", "user 1"));
  Person unsure = person("s3", "new@example.com");
  unsure.email_is_verified = false;
  EXPECT_FALSE(projects->enter(unsure, visit));
  const auto in = projects->enter(person("s3", "new@example.com"), visit);
  ASSERT_TRUE(in) << in.error().what;
  EXPECT_EQ(roles(in->user.id), "member");
  EXPECT_EQ(projects->disconnect(in->user.id).error().kind, ErrorKind::conflict) << "there is no password";
}

TEST_F(PeopleTest, TheLastOwnerByRuleStays) {
  Person ines = person("s1", "ines@example.com");
  ines.owner = true;
  const auto in = projects->enter(ines, visit);
  ASSERT_TRUE(in) << in.error().what;
  ines.owner = false;
  ASSERT_TRUE(projects->enter(ines, visit));
  EXPECT_EQ(roles(in->user.id), "owner by rule");
  owner();
  EXPECT_FALSE(projects->enter(ines, visit));
}

TEST_F(PeopleTest, MaskingHasANumberThatStays) {
  EXPECT_EQ(projects->masking(1).epoch, 0U);
  EXPECT_FALSE(projects->masking(1).kinds);
  EXPECT_EQ(projects->set_masking(1, "model_key,token", "user 1")->epoch, 1U);
  EXPECT_EQ(projects->masking(1).kinds, "model_key,token");
  const auto other = projects->create_project("other", "test").value();
  EXPECT_EQ(projects->set_masking(other.id, "", "user 1")->epoch, 2U);
  EXPECT_EQ(projects->masking(1).kinds, "model_key,token");
  EXPECT_EQ(projects->masking(1).epoch, 2U);
  EXPECT_EQ(projects->masking(other.id).kinds, "");
  EXPECT_FALSE(ledger->change([](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM epochs"));
    return {};
  }));
}

}  // namespace
}  // namespace pawl::projects
