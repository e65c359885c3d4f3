// What is sealed opens again in its project, after a restart too, and nowhere else.
#include "records/sealed/sealed.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace pawl::sealed {
namespace {

constexpr ledger::Migration projects_alone[] = {
    {"projects", 1, "CREATE TABLE projects (id INTEGER PRIMARY KEY) STRICT; INSERT INTO projects VALUES (1), (2);"}};

struct SealedTest : testing::Test {
  std::unique_ptr<ledger::Ledger> ledger;
  SeededRandom random{3};
  ManualClock clock{7};
  void SetUp() override {
    ledger = ledger::open_sqlite(":memory:").value();
    std::vector<ledger::Migration> steps(std::begin(projects_alone), std::end(projects_alone));
    steps.insert(steps.end(), migrations().begin(), migrations().end());
    const auto done = ledger->migrate(steps);
    ASSERT_TRUE(done) << done.error().what;
  }
  Sealed with(std::string secret) { return {*ledger, random, clock, std::move(secret)}; }
};

TEST_F(SealedTest, OpensUnderTheSameSecretOnly) {
  Sealed one = with("secret");
  const std::string value = "bob@example.com", reference = one.reference(1, value, 13);
  EXPECT_EQ(reference.size(), 13U);
  EXPECT_EQ(reference, one.reference(1, value, 13));
  EXPECT_NE(reference, one.reference(2, value, 13)) << "projects cannot be compared";
  ASSERT_TRUE(one.keep(1, {{reference, "email", value}}));
  ASSERT_TRUE(one.keep(1, {{reference, "email", value}}));
  Sealed again = with("secret");  // a restart
  ASSERT_TRUE(again.keep(1, {{reference, "email", value}}));
  const auto rows = ledger->read("SELECT box FROM sealed").value();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(from_base64(rows.text(0, 0))->find("bob"), std::string::npos);
  const auto opened = again.open(1, {"nobody", reference});
  ASSERT_TRUE(opened) << opened.error().what;
  ASSERT_EQ(opened->size(), 1U);
  EXPECT_EQ(opened->at(0).value, value);
  EXPECT_EQ(opened->at(0).kind, "email");
  EXPECT_TRUE(again.open(2, {reference})->empty());
  const auto other = with("another").open(1, {reference});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::corrupt);
}

TEST_F(SealedTest, AShortReferenceMayStandForTwo) {
  Sealed one = with("secret");
  ASSERT_TRUE(one.keep(1, {{"abcdef", "email", "a@b.c"}, {"abcdef", "email", "d@e.f"}}));
  EXPECT_EQ(one.open(1, {"abcdef"})->size(), 2U);
}

TEST_F(SealedTest, WhatIsRemovedCanBeKeptAgain) {
  Sealed one = with("secret");
  ASSERT_TRUE(one.keep(1, {{"abcdef", "email", "a@b.c"}}));
  EXPECT_EQ(one.remove(2, {"abcdef"}).value(), 0);
  EXPECT_EQ(one.remove(1, {"abcdef"}).value(), 1);
  EXPECT_TRUE(one.open(1, {"abcdef"})->empty());
  ASSERT_TRUE(one.keep(1, {{"abcdef", "email", "a@b.c"}}));
  EXPECT_EQ(one.open(1, {"abcdef"})->size(), 1U);
}

TEST_F(SealedTest, ARowThatWasMovedDoesNotOpen) {
  Sealed one = with("secret");
  ASSERT_TRUE(one.keep(1, {{"abcdef", "email", "a@b.c"}}));
  ASSERT_TRUE(ledger->change([](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE sealed SET reference = 'ghijkl'"));
    return {};
  }));
  EXPECT_FALSE(one.open(1, {"ghijkl"}));
}

TEST_F(SealedTest, NothingIsKeptWithoutASecret) {
  EXPECT_FALSE(with("").keep(1, {{"abcdef", "email", "a@b.c"}}));
}

}  // namespace
}  // namespace pawl::sealed
