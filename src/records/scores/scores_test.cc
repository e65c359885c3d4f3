// Scores: replaced by id, the last word of an author stands, history and books exact; calls at once share a commit.
#include "scores.h"

#include <gtest/gtest.h>

#include <thread>

namespace pawl::scores {
namespace {

constexpr ledger::Migration some_projects[] = {
    {"projects", 1, "CREATE TABLE projects (id INTEGER PRIMARY KEY); INSERT INTO projects VALUES (1), (2)"}};

struct ScoresTest : ::testing::Test {
  std::unique_ptr<ledger::Ledger> ledger;
  ManualClock clock{1'000 * day};
  std::unique_ptr<Scores> scores;

  void SetUp() override {
    auto opened = ledger::open_sqlite(":memory:");
    ASSERT_TRUE(opened);
    ledger = std::move(*opened);
    std::vector<ledger::Migration> steps(std::begin(some_projects), std::end(some_projects));
    steps.insert(steps.end(), migrations().begin(), migrations().end());
    ASSERT_TRUE(ledger->migrate(steps));
    scores = std::make_unique<Scores>(*ledger, clock);
  }
  static Score score(std::string id, double value, std::string author = "a") {
    return {.id = std::move(id), .name = "exact", .value = value, .trace_id = "t1", .author = std::move(author)};
  }
  std::string put(std::vector<Score> all, ProjectId project = 1) {
    const auto outcomes = scores->put(project, std::move(all));
    EXPECT_TRUE(outcomes);
    std::string refused;
    for (const auto& one : *outcomes) refused += one.refused;
    return refused;
  }
  std::vector<double> standing() {
    const auto found = scores->of_trace(1, id_from_text("t1"), {});
    EXPECT_TRUE(found);
    std::vector<double> out;
    for (const auto& one : *found) out.push_back(one.value.value_or(-1));
    return out;
  }
};

TEST_F(ScoresTest, SameIdReplacesAndIsRemembered) {
  EXPECT_EQ(put({score("s", 1)}), "");
  clock.advance(second);
  EXPECT_EQ(put({score("s", 0)}), "");
  EXPECT_EQ(put({score("s", 0)}), "");
  EXPECT_EQ(standing(), std::vector<double>{0});
  const auto earlier = scores->history(1, "s");
  ASSERT_TRUE(earlier);
  ASSERT_EQ(earlier->size(), 1U);
  EXPECT_EQ(earlier->front().value, 1);
  const auto books = scores->books(1);
  ASSERT_TRUE(books);
  EXPECT_EQ(books->received, 3U);
  EXPECT_EQ(books->merged, 1U);
  EXPECT_EQ(books->duplicate, 1U);
}

TEST_F(ScoresTest, LastWordOfAnAuthorStands) {
  auto late = score("late", 1), early = score("early", 0), other = score("other", 0.5, "b");
  late.at = clock.now() + second, early.at = clock.now();
  EXPECT_EQ(put({late, early, other}), "");
  EXPECT_EQ(standing(), (std::vector<double>{0.5, 1}));
  EXPECT_TRUE(scores->remove(1, "late"));
  EXPECT_EQ(standing(), (std::vector<double>{0, 0.5}));
  const auto all = scores->find(1, {.trace_id = "t1", .type = {}});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->total, 2U);
}

TEST_F(ScoresTest, BadOnesAreRefusedAlone) {
  auto nothing = score("n", 1);
  nothing.trace_id.clear();
  auto infinite = score("i", std::numeric_limits<double>::infinity());
  auto half = score("h", 0.5);
  half.type = Type::boolean;
  EXPECT_NE(put({nothing, infinite, half, score("good", 1)}), "");
  EXPECT_EQ(standing(), std::vector<double>{1});
  const auto books = scores->books(1);
  ASSERT_TRUE(books);
  EXPECT_EQ(books->refused, 3U);
}

TEST_F(ScoresTest, DefinitionsHold) {
  ASSERT_TRUE(scores->define(1, {.name = "exact", .type = Type::numeric, .least = 0, .most = 1, .categories = {}}));
  EXPECT_NE(put({score("s", 1.5)}), "");
  EXPECT_EQ(put({score("s", 1)}), "");
  EXPECT_EQ(put({score("s", 1.5)}, 2), "");  // another project's definitions say nothing here
  EXPECT_FALSE(scores->define(1, {.name = "exact", .type = Type::boolean, .least = {}, .most = {}, .categories = {}}));
}

TEST_F(ScoresTest, ProjectsDoNotMeet) {
  EXPECT_EQ(put({score("s", 1)}), "");
  EXPECT_EQ(put({score("s", 0)}, 2), "");
  EXPECT_EQ(standing(), std::vector<double>{1});
  EXPECT_FALSE(scores->get(2, "other"));
  EXPECT_TRUE(scores->remove(2, "s"));
  EXPECT_EQ(standing(), std::vector<double>{1});
}

TEST_F(ScoresTest, OfASpanWhoseTraceNobodySaid) {
  Score one = score("s", 1);
  one.trace_id.clear(), one.span_id = "00000000-0000-0000-0000-0000000000b1";
  EXPECT_EQ(put({one}), "");
  const auto found = scores->of_trace(1, id_from_text("t1"), {id_from_text("00000000000000b1")});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), 1U);
}

TEST_F(ScoresTest, ManyAtOnceAreAllKept) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      for (int k = 0; k < 25; ++k) EXPECT_TRUE(scores->put(1, {score(fmt::format("{}-{}", i, k), k)}));
    });
  }
  for (auto& thread : threads) thread.join();
  const auto found = scores->find(1, {.type = {}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->total, 200U);
  EXPECT_EQ(scores->books(1)->received, 200U);
}

TEST(ScoreFormats, LangfuseValues) {
  const auto text = from_langfuse(R"({"name":"tone","traceId":"t","value":"friendly"})");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->type, Type::category);
  EXPECT_EQ(text->text, "friendly");
  const auto truth = from_langfuse(R"({"name":"ok","traceId":"t","value":1.0,"dataType":"BOOLEAN"})");
  ASSERT_TRUE(truth);
  EXPECT_EQ(truth->type, Type::boolean);
  EXPECT_FALSE(from_langfuse(R"({"name":"x","traceId":"t","value":"a","dataType":"NUMERIC"})"));
  EXPECT_FALSE(from_langfuse(R"({"name":"x","traceId":"t"})"));
  EXPECT_FALSE(from_langfuse(R"({"name":"x","traceId":"t","value":{}})"));
}

TEST(ScoreFormats, LangSmithValues) {
  const auto truth = from_langsmith(R"({"key":"exact","run_id":"r","score":true})");
  ASSERT_TRUE(truth);
  EXPECT_EQ(truth->type, Type::boolean);
  EXPECT_EQ(truth->value, 1);
  const auto comment = from_langsmith(R"({"key":"note","run_id":"r","comment":"well"})");
  ASSERT_TRUE(comment);
  EXPECT_EQ(comment->text, "well");
  EXPECT_FALSE(from_langsmith(R"({"run_id":"r","score":1})"));
}

}  // namespace
}  // namespace pawl::scores
