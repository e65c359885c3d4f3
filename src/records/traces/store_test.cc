// Batches in, whole traces out, in the engine itself.
#include "store.h"

#include "engine_testing.h"
#include "refusals.h"
#include "sent_testing.h"

namespace pawl::traces::testing {
namespace {

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    static ProjectId projects = 0;
    making.project = ++projects;
    making.number = last_batch(engine()).value_or(0);
  }
  void put(const Batch& batch) {
    const auto inserted = insert(engine(), batch);
    ASSERT_TRUE(inserted) << inserted.error().what;
  }
  Loaded loaded(int trace, With with = With::spans) {
    auto out = load(
        engine(), {.project = making.project, .traces = {{0, static_cast<std::uint64_t>(trace)}}, .span = std::nullopt},
        with);
    EXPECT_TRUE(out) << out.error().what;
    return std::move(*out);
  }
  std::int64_t count(std::string_view what, std::string_view table) {
    const auto answer = engine().read(
        {.sql = fmt::format("SELECT toInt64({}) FROM {} WHERE project = {}", what, table, making.project)});
    EXPECT_TRUE(answer) << answer.error().what;
    return answer ? answer->rows.integer(0, 0) : -1;
  }
  Making making;
};

TEST_F(StoreTest, WhatWentInComesOut) {
  making.spans({{.span = 1, .name = "root", .attributes = {{"gen_ai.operation.name", "invoke_agent"}}},
                {.span = 2, .parent = 1, .name = "call", .attributes = chat("what is new?"), .error = "broke"}},
               {{"service.name", "shop"}});
  const Batch batch = making.close();
  put(batch);
  const Loaded out = loaded(1, With::content);
  ASSERT_EQ(out.spans.size(), 2U);
  EXPECT_EQ(out.spans[0].name, "root");
  EXPECT_EQ(out.spans[1].service, "shop");
  EXPECT_EQ(out.spans[1].tokens_input, 10);
  EXPECT_TRUE(out.spans[1].is_error);
  EXPECT_EQ(out.spans[1].attributes, batch.spans[1].attributes);
  EXPECT_EQ(out.spans[1].record, batch.spans[1].record);
  const auto content = out.content.find(content_key({0, 1}, {0, 2}));
  ASSERT_NE(content, out.content.end());
  EXPECT_FALSE(content->second[0].missing);
  EXPECT_NE(content->second[0].bytes.find("what is new?"), std::string_view::npos);
}

TEST_F(StoreTest, WhatATableHoldsOfABatchIsNotInsertedAgain) {
  making.spans({{.span = 1, .attributes = chat("a")},
                {.span = 2, .attributes = chat("b"), .start = received_at - 40 * day},
                {.span = 3, .attributes = chat("c"), .start = received_at - 3000 * day}});
  making.log(R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"},"timeUnixNano":"1"}]}]}]})");
  const Batch batch = making.close();
  put(batch);
  for (const auto& held : {held_of(engine(), batch.number), held_above(engine(), batch.number - 1)}) {
    ASSERT_TRUE(held) << held.error().what;
    ASSERT_TRUE(insert(engine(), batch, *held));
  }
  EXPECT_EQ(count("count()", "spans"), 3);
  EXPECT_EQ(count("count()", "span_content"), 3);
  EXPECT_EQ(count("count()", "bodies"), 3);
  EXPECT_EQ(count("count()", "logs"), 1);
  EXPECT_TRUE(held_above(engine(), batch.number)->empty());
  EXPECT_EQ(*last_batch(engine()), batch.number);
}

TEST_F(StoreTest, ManyWildClocksAreOneBatch) {
  std::vector<Sent> sent;
  for (int i = 0; i < 300; ++i)
    sent.push_back({.span = i + 1, .attributes = chat(std::to_string(i)), .start = received_at - (i - 50) * 31 * day});
  making.spans(sent);
  put(making.close());
  EXPECT_EQ(loaded(1).spans.size(), 300U);
}

TEST_F(StoreTest, WhatIsResentReplacesByAPair) {
  making.spans({{.span = 1, .attributes = chat("a", 10)}});
  put(making.stored());
  making.spans({{.span = 1, .attributes = chat("a", 25)}});
  put(making.stored());
  auto corrections = traces::corrections(engine(), making.project, {{0, 1}}, {}, ++making.number);
  ASSERT_TRUE(corrections) << corrections.error().what;
  EXPECT_EQ(corrections->changed, 1U);
  EXPECT_EQ(corrections->same, 0U);
  Batch pairs;
  pairs.number = making.number;
  pairs.spans = std::move(corrections->pairs);
  put(pairs);
  EXPECT_EQ(count("sum(sign)", "spans"), 1);
  EXPECT_EQ(count("sum(sign * tokens_input)", "spans"), 25);
  corrections = traces::corrections(engine(), making.project, {{0, 1}}, {}, ++making.number);
  EXPECT_TRUE(corrections->pairs.empty());
}

TEST_F(StoreTest, RepeatsThatMemoryHasForgottenAreFound) {
  const BatchNumber before = making.number;
  making.spans({{.span = 1}, {.span = 2, .parent = 1}, {.trace = 2, .span = 1}});
  put(making.close());
  Making later;  // remembers nothing
  later.project = making.project;
  later.number = making.number;
  later.spans({{.span = 2, .parent = 1}, {.trace = 2, .span = 7}, {.trace = 2, .span = 1, .name = "changed"}});
  const Batch batch = later.close();
  put(batch);
  for (const std::uint64_t step : {std::uint64_t{1}, std::uint64_t{1000}}) {
    std::set<Id128> found;
    BatchNumber above = before;
    for (;;) {
      const auto repeats = find_repeats(engine(), above, step);
      ASSERT_TRUE(repeats) << repeats.error().what;
      for (const auto& [project, trace] : repeats->traces) {
        EXPECT_EQ(project, making.project);
        found.insert(trace);
      }
      if (repeats->through == above) break;
      above = repeats->through;
    }
    EXPECT_EQ(found, (std::set<Id128>{{0, 1}, {0, 2}}));
    EXPECT_EQ(above, batch.number);
  }
  Batch pairs;
  pairs.number = batch.number + 1;
  auto corrected = corrections(engine(), making.project, {{0, 1}, {0, 2}}, {}, pairs.number);
  ASSERT_TRUE(corrected);
  EXPECT_EQ(corrected->same, 1U);
  EXPECT_EQ(corrected->changed, 1U);
  pairs.spans = std::move(corrected->pairs);
  put(pairs);
  EXPECT_TRUE(find_repeats(engine(), before)->traces.empty());
  EXPECT_EQ(count("sum(sign)", "spans"), 4);
}

TEST_F(StoreTest, ATaskThatTheRootNamesLateReachesItsSteps) {
  making.spans({{.span = 2, .parent = 1, .attributes = chat("a", 10)}});
  put(making.stored());
  making.spans({{.span = 1, .attributes = {{"gen_ai.operation.name", "invoke_agent"}, {"pawl.task", "refund"}}}});
  put(making.stored());
  Batch pairs;
  pairs.number = ++making.number;
  pairs.spans = corrections(engine(), making.project, {{0, 1}}, {}, pairs.number)->pairs;
  put(pairs);
  EXPECT_EQ(count("sum(sign * tokens_input * (task = 'refund'))", "spans"), 10);
  EXPECT_EQ(loaded(1).spans[1].task, "refund");
  making.spans({{.span = 1, .attributes = {{"gen_ai.operation.name", "invoke_agent"}, {"pawl.task", "claim"}}}});
  put(making.stored());
  pairs.number = ++making.number;
  pairs.spans = corrections(engine(), making.project, {{0, 1}}, {}, pairs.number)->pairs;
  put(pairs);
  EXPECT_EQ(count("sum(sign * tokens_input * (task = 'claim'))", "spans"), 10);
  EXPECT_EQ(count("sum(sign * (task = 'refund'))", "spans"), 0);
}

TEST_F(StoreTest, OnlyTheContentOfTheRecordThatStandsIsShown) {
  making.spans({{.span = 1, .attributes = chat("before")}});
  put(making.stored());
  making.spans({{.span = 1, .attributes = chat("after")}});
  put(making.stored());
  const Loaded out = loaded(1, With::content);
  ASSERT_EQ(out.spans.size(), 1U);
  const auto& pieces = out.content.at(content_key({0, 1}, {0, 1}));
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_NE(pieces[0].bytes.find("after"), std::string_view::npos);
}

TEST_F(StoreTest, ABatchThatIsFineHasNothingToRefuse) {
  making.spans({{.span = 1, .attributes = chat("a")}, {.span = 2, .attributes = chat("b")}});
  making.log(log_body_of(1, 1, "gen_ai.user.message", "hi"));
  const auto refused = find_refused(engine(), making.close());
  ASSERT_TRUE(refused) << refused.error().what;
  EXPECT_TRUE(refused->empty());
  const auto left = engine().read({.sql = "SELECT name FROM system.tables WHERE name LIKE 'trial_%'"});
  ASSERT_TRUE(left);
  EXPECT_EQ(left->rows.size(), 0U);
}

}  // namespace
}  // namespace pawl::traces::testing
