// From records as received to rows: what repeats, what replaces, what is stored once, what the trace decides.
#include "batch.h"

#include "attributes.h"
#include "sent_testing.h"
#include "status.h"

namespace pawl::traces::testing {
namespace {

TEST(Batch, TheSameRecordAgainIsADuplicate) {
  Making making;
  making.spans({{.span = 1}, {.span = 2, .parent = 1}});
  making.spans({{.span = 1}});
  Batch batch = making.stored();
  EXPECT_EQ(batch.spans.size(), 2U);
  EXPECT_EQ(batch.fates.at(1).stored, 2U);
  EXPECT_EQ(batch.fates.at(1).duplicate, 1U);
  making.spans({{.span = 2, .parent = 1}});  // also in a later batch
  batch = making.stored();
  EXPECT_TRUE(batch.spans.empty());
  EXPECT_EQ(batch.fates.at(1).duplicate, 1U);
}

TEST(Batch, OtherContentUnderTheSameIdReplaces) {
  Making making;
  making.spans({{.name = "first"}});
  making.spans({{.name = "second"}});
  Batch batch = making.stored();
  ASSERT_EQ(batch.spans.size(), 1U);
  EXPECT_EQ(batch.spans[0].name, "second");
  EXPECT_EQ(batch.fates.at(1).merged, 1U);
  EXPECT_TRUE(batch.dirty.empty());
  making.spans({{.name = "third"}});  // what an earlier batch brought is corrected later
  batch = making.stored();
  EXPECT_EQ(batch.spans.size(), 1U);
  EXPECT_EQ(batch.dirty, (std::vector<std::pair<ProjectId, Id128>>{{1, {0, 1}}}));
}

TEST(Batch, AForgottenRecordIsNews) {
  Making making;
  making.spans({{.span = 1}});
  const Batch batch = making.stored();
  making.memory.forget(1, {0, 1}, {0, 1}, batch.spans[0].record);
  making.spans({{.span = 1}});
  EXPECT_EQ(making.stored().spans.size(), 1U);
}

TEST(Batch, ABodyIsStoredOnce) {
  Making making;
  making.spans({{.span = 1, .attributes = chat("hello")}, {.span = 2, .parent = 1, .attributes = chat("hello")}});
  Batch batch = making.stored();
  EXPECT_EQ(batch.bodies.size(), 1U);
  ASSERT_EQ(batch.contents.size(), 2U);
  EXPECT_EQ(batch.contents[0].pieces[0].hash, batch.contents[1].pieces[0].hash);
  EXPECT_EQ(batch.bodies[0].span, (Id128{0, 1}));
  making.spans({{.span = 3, .parent = 1, .attributes = chat("hello")}, {.trace = 2, .attributes = chat("hello")}});
  batch = making.close();
  ASSERT_EQ(batch.bodies.size(), 1U);  // another trace without a session is another scope
  EXPECT_EQ(batch.bodies[0].trace, (Id128{0, 2}));
}

TEST(Batch, ALogRecordTellsItsSpanWhatThatDoesNotKnow) {
  Making making;
  making.spans({{.attributes = {{"gen_ai.operation.name", "chat"}}}});
  making.log(log_body_of(1, 1, "gen_ai.user.message", "hi",
                         R"(,"attributes":[{"key":"user.id","value":{"stringValue":"u-1"}}])"));
  Batch batch = making.stored();
  EXPECT_EQ(batch.spans[0].user, "u-1");
  EXPECT_TRUE(batch.patches.empty());
  EXPECT_EQ(batch.contents.size(), 1U);
  making.log(log_body_of(7, 7, "gen_ai.user.message", "early",
                         R"(,"attributes":[{"key":"user.id","value":{"stringValue":"u-2"}}])"));
  batch = making.stored();
  ASSERT_EQ(batch.patches.size(), 1U);
  SpanRow row;
  EXPECT_TRUE(apply(batch.patches[0], row));
  EXPECT_EQ(row.read_user, "u-2");
  EXPECT_FALSE(apply(batch.patches[0], row));  // idempotent
  SpanRow knows;
  knows.read_user = "own";
  apply(batch.patches[0], knows);
  EXPECT_EQ(knows.read_user, "own");
}

TEST(Batch, LogRecordsThatNothingTellsApartAreAllKept) {
  Making making;
  const std::string body = R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"tick"}},)"
                           R"({"body":{"stringValue":"tick"}}]}]}]})";
  making.log(body);
  EXPECT_EQ(making.close().logs.size(), 2U);
}

TEST(Batch, TheTraceDecidesWhatCounts) {
  Making making;
  making.spans(
      {{.span = 1, .attributes = {{"gen_ai.operation.name", "invoke_agent"}, {"gen_ai.usage.input_tokens", "30"}}},
       {.span = 2, .parent = 1, .attributes = chat("a", 10)},
       {.span = 3, .parent = 1, .attributes = chat("b", 20)}});
  const Batch batch = making.close();
  EXPECT_FALSE(batch.spans[0].counted);
  EXPECT_TRUE(batch.spans[1].counted && batch.spans[2].counted);
  auto rows = batch.spans;
  EXPECT_TRUE(recount_rows(rows).empty());  // idempotent
}

TEST(Batch, WildClocksMakeFewPartitions) {
  Making making;
  std::vector<Sent> sent;
  for (int i = 0; i < 200; ++i)
    sent.push_back({.span = i + 1, .attributes = chat("a"), .start = received_at - (i - 5) * 31 * day});
  making.spans(sent);
  const Batch batch = making.close();
  std::set<std::uint32_t> months;
  for (const auto& row : batch.spans) months.insert(partition_of(row));
  EXPECT_LE(months.size(), 63U);
  EXPECT_TRUE(batch.spans[100].clock);
  EXPECT_EQ(batch.spans[100].start, sent[100].start);  // the true start is kept
  for (const auto& row : batch.contents) EXPECT_GE(row.at, received_at - longest_ago);
}

TEST(Attributes, OfOneNameTheLastStays) {
  Attributes attributes = {{"a", "1"}, {"b", "2"}, {"a", "3"}, {"c", "4"}, {"a", "5"}, {"", "x"}};
  keep_last(attributes);
  EXPECT_EQ(attributes, (Attributes{{"b", "2"}, {"c", "4"}, {"a", "5"}, {"", "x"}}));
  Attributes many;
  for (int i = 0; i < 1000; ++i) many.emplace_back(fmt::format("k{}", i % 300), std::to_string(i));
  keep_last(many);
  ASSERT_EQ(many.size(), 300U);
  for (const auto& [key, value] : many) {
    EXPECT_GE(*parse_int(value), 700);
    EXPECT_EQ(key, fmt::format("k{}", *parse_int(value) % 300));
  }
  Attributes same(200, {"one", "v"});
  keep_last(same);
  EXPECT_EQ(same.size(), 1U);
}

TEST(Batch, AnAttributeStandsOnceInARow) {
  Making making;
  making.spans({{.attributes = {{"k", "first"}, {"other", "x"}, {"k", "last"}}}}, {{"service.name", "s"}});
  const Batch batch = making.close();
  int found = 0;
  for (const auto& [key, value] : batch.spans[0].attributes) {
    if (key != "k") continue;
    ++found;
    EXPECT_EQ(value, "last");
  }
  EXPECT_EQ(found, 1);
}

SpanRow row_of(std::uint64_t span, BatchNumber batch, int sign, std::uint64_t record) {
  SpanRow row;
  row.trace = {0, 1}, row.span = {0, span}, row.batch = batch, row.record = {0, record};
  row.sign = static_cast<std::int8_t>(sign);
  return row;
}

TEST(Settle, PairsAreUndoneAndOlderRepeatsNamed) {
  std::vector<SpanRow> rows = {row_of(1, 5, 1, 11), row_of(1, 9, 1, 12), row_of(2, 5, 1, 21), row_of(2, 7, -1, 21),
                               row_of(2, 7, 1, 22), row_of(3, 5, 1, 31), row_of(3, 7, -1, 31)};
  const auto stale = settle(rows);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].record, (Id128{0, 12}));
  EXPECT_EQ(rows[1].record, (Id128{0, 22}));
  ASSERT_EQ(stale.size(), 1U);
  EXPECT_EQ(stale[0].record, (Id128{0, 11}));
}

SpanRow ended(std::uint64_t trace, std::uint64_t span, std::uint64_t parent, llm::Status status = llm::Status::ok) {
  SpanRow row;
  row.trace = {0, trace}, row.span = {0, span}, row.parent = {0, parent};
  row.received = received_at, row.start = received_at - minute + static_cast<Nanos>(span), row.status = status;
  return row;
}

TEST(Status, WithoutARootATraceRunsAsLongAsItGetsSpans) {
  using llm::Status;
  const Nanos soon = received_at + minute, later = received_at + still_running + second;
  std::vector<SpanRow> rows = {ended(1, 2, 1, Status::error), ended(1, 3, 2)};
  EXPECT_EQ(status_of(rows, soon), Status::running);
  EXPECT_EQ(status_of(rows, later), Status::error);  // the first span's: the root may never come
  rows.push_back(ended(1, 1, 0));
  EXPECT_EQ(status_of(rows, soon), Status::ok);
  rows.push_back(ended(2, 5, 4));  // another trace of the session
  EXPECT_EQ(status_of(rows, soon), Status::running);
  EXPECT_EQ(status_of(rows, later), Status::ok);
  rows.push_back(ended(3, 7, 0, Status::blocked));
  EXPECT_EQ(status_of(rows, later), Status::blocked);
  rows.push_back(ended(3, 8, 0, Status::error));
  EXPECT_EQ(status_of(rows, later), Status::error);
  EXPECT_EQ(status_of({}, soon), Status::ok);
}

}  // namespace
}  // namespace pawl::traces::testing
