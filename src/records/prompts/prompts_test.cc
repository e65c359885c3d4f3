// Prompts: versions, labels that move, what is read after a restart.
#include "prompts.h"

#include <gtest/gtest.h>

namespace pawl::prompts {
namespace {

using Texts = std::vector<std::string>;
constexpr ledger::Migration some_projects[] = {
    {"projects", 1, "CREATE TABLE projects (id INTEGER PRIMARY KEY); INSERT INTO projects VALUES (1), (2)"}};

struct PromptsTest : ::testing::Test {
  std::unique_ptr<ledger::Ledger> ledger;
  ManualClock clock{1'000 * day};
  std::unique_ptr<Prompts> prompts;

  void SetUp() override {
    auto opened = ledger::open_sqlite(":memory:");
    ASSERT_TRUE(opened);
    ledger = std::move(*opened);
    std::vector<ledger::Migration> steps(std::begin(some_projects), std::end(some_projects));
    steps.insert(steps.end(), migrations().begin(), migrations().end());
    ASSERT_TRUE(ledger->migrate(steps));
    reopen();
  }
  void reopen() {
    auto made = Prompts::open(*ledger, clock);
    ASSERT_TRUE(made) << made.error().what;
    prompts = std::move(*made);
  }
  Result<Known> add(std::string text, Texts labels = {}) {
    return prompts->add(
        1, {.name = "p", .prompt = std::move(text), .config = {}, .labels = std::move(labels), .tags = {}});
  }
};

TEST_F(PromptsTest, LabelsMoveAndSurvive) {
  ASSERT_TRUE(add("\"one\"", {"production"}));
  ASSERT_TRUE(add("\"two\""));
  EXPECT_EQ(prompts->find(1, "p")->find("production")->number, 1);
  EXPECT_EQ(prompts->find(1, "p")->find("latest")->number, 2);
  ASSERT_TRUE(prompts->label(1, "p", 2, {"production", "staging"}));
  reopen();
  const auto prompt = prompts->find(1, "p");
  ASSERT_NE(prompt, nullptr);
  EXPECT_EQ(prompt->find("production")->prompt, "\"two\"");
  EXPECT_EQ(prompt->labels_of(2), (Texts{"production", "staging", "latest"}));
  EXPECT_EQ(prompt->labels_of(1), Texts{});
}

TEST_F(PromptsTest, WhatIsWrongChangesNothing) {
  ASSERT_TRUE(add("\"one\"", {"production"}));
  EXPECT_FALSE(add("\"two\"", {"Not Allowed"}));
  EXPECT_FALSE(prompts->label(1, "p", 7, {"x"}));
  EXPECT_FALSE(prompts->label(1, "p", 1, {"latest"}));
  EXPECT_FALSE(prompts->add(1, {.name = "p", .chat = true, .prompt = "[]", .config = {}, .labels = {}, .tags = {}}));
  EXPECT_EQ(prompts->find(1, "p")->versions.size(), 1U);
  EXPECT_EQ(prompts->find(2, "p"), nullptr);
}

TEST_F(PromptsTest, AVersionKeepsTheNumberThatItHasElsewhere) {
  const auto numbered = [&](std::int64_t number) {
    return prompts->add(1, {.name = "p", .prompt = "\"x\"", .config = {}, .labels = {}, .tags = {}, .number = number});
  };
  ASSERT_TRUE(numbered(4));
  ASSERT_TRUE(numbered(2));
  EXPECT_EQ(numbered(4).error().kind, ErrorKind::conflict);
  EXPECT_EQ(numbered(0).error().kind, ErrorKind::invalid);
  EXPECT_EQ(numbered(2'000'000).error().kind, ErrorKind::invalid);
  reopen();
  EXPECT_EQ(prompts->find(1, "p")->latest(), 4);
  EXPECT_NE(prompts->find(1, "p")->find(2), nullptr);
  ASSERT_TRUE(add("\"next\""));
  EXPECT_EQ(prompts->find(1, "p")->latest(), 5);
}

TEST_F(PromptsTest, RemovingAVersionLeavesTheOthers) {
  ASSERT_TRUE(add("\"one\"", {"production"}));
  ASSERT_TRUE(add("\"two\"", {"staging"}));
  ASSERT_TRUE(prompts->remove(1, "p", 1, ""));
  EXPECT_EQ(prompts->find(1, "p")->find("production"), nullptr);
  EXPECT_FALSE(prompts->remove(1, "p", 1, ""));
  ASSERT_TRUE(prompts->remove(1, "p", std::nullopt, ""));
  EXPECT_EQ(prompts->find(1, "p"), nullptr);
  reopen();
  EXPECT_EQ(prompts->find(1, "p"), nullptr);
}

}  // namespace
}  // namespace pawl::prompts
