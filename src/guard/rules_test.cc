// A project's rules are read, changed and written, and an older Pawl's setting means what it meant.
#include "guard/rules.h"

#include <gtest/gtest.h>

namespace pawl::guard {
namespace {

TEST(Rules, OfSettings) {
  EXPECT_EQ(rules_in_force(std::nullopt), Rules());
  EXPECT_EQ(rules_in_force("").kinds(), 0);
  EXPECT_EQ(rules_in_force("token,of a newer Pawl").masked, only(SecretKind::token));
  Rules rules;
  rules.set(SecretKind::email, Mode::dual);
  rules.set(SecretKind::model_key, Mode::off);
  rules.own = {{{"ticket", "T-[0-9]{6}"}, Mode::mask}, {{"name", "Bob|Eve"}, Mode::off}};
  rules.reveal = "owner";
  EXPECT_EQ(rules_in_force(setting_of(rules)), rules);
  EXPECT_EQ(rules.patterns().size(), 1U);
  EXPECT_TRUE(rules.seals());
  EXPECT_EQ(rules.mode_of(SecretKind::email), Mode::dual);
  EXPECT_EQ(rules.kinds() & only(SecretKind::model_key), 0);
}

TEST(Rules, AreChangedByWhatIsSaid) {
  const auto some = change_rules({}, R"({"kinds":{"email":"mask","card":"dual","model_key":"off"}})");
  ASSERT_TRUE(some) << some.error().what;
  EXPECT_EQ(some->mode_of(SecretKind::email), Mode::mask);
  EXPECT_EQ(some->mode_of(SecretKind::card), Mode::dual);
  EXPECT_EQ(some->mode_of(SecretKind::model_key), Mode::off);
  EXPECT_EQ(some->mode_of(SecretKind::cloud_key), Mode::mask) << "not named, so it stays";
  const auto list = change_rules(*some, R"({"kinds":["token"]})");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->kinds(), only(SecretKind::token));
  const auto own =
      change_rules({}, R"({"patterns":[{"name":"t","pattern":"T-[0-9]+","mode":"dual"}],"reveal":"member"})");
  ASSERT_TRUE(own) << own.error().what;
  EXPECT_TRUE(own->is_sealed({SecretKind::pattern, "t", 0, 3}));
  EXPECT_TRUE(may_reveal(*own, "member"));
  EXPECT_TRUE(may_reveal(*own, "owner"));
  EXPECT_FALSE(may_reveal(*own, "viewer"));
  EXPECT_FALSE(may_reveal({}, "member"));
}

TEST(Rules, WhatIsWrongIsNamed) {
  for (const auto& [json, word] : std::vector<std::pair<std::string_view, std::string_view>>{
           {R"({"kinds":{"emails":"mask"}})", "emails"},
           {R"({"kinds":{"email":"hide"}})", "hide"},
           {R"({"kinds":{"email":1}})", "kinds.email"},
           {R"({"kinds":"email; token"})", "kinds"},
           {R"({"kinds":["token","x"]})", "called x"},
           {R"x({"patterns":[{"name":"a","pattern":"(?=b)"}]})x", "Pattern a"},
           {R"({"patterns":[{"name":"a","pattern":"b*"}]})", "empty text"},
           {R"({"patterns":[{"pattern":"b"}]})", "needs a name"},
           {R"({"patterns":[{"name":"a","pattern":"b"},{"name":"a","pattern":"c"}]})", "called a"},
           {R"({"reveal":"viewer"})", "reveal"}}) {
    const auto rules = change_rules({}, json);
    ASSERT_FALSE(rules) << json;
    EXPECT_EQ(rules.error().kind, ErrorKind::invalid);
    EXPECT_NE(rules.error().what.find(word), std::string::npos) << rules.error().what;
  }
}

}  // namespace
}  // namespace pawl::guard
