// The engine takes blocks and gives rows back, whatever bytes are in them.
#include "store/warehouse/warehouse.h"

#include <gtest/gtest.h>

#include "statements.h"
#include "warehouse_testing.h"

namespace pawl::warehouse {
namespace {

// An insert waits and comes again; only a query can be made smaller by whoever asked it.
TEST(Warehouse, TheMemoryLimitIsToldToWhomItConcerns) {
  constexpr std::string_view limit = "Code: 241. DB::Exception: (total) memory limit exceeded: would use 601 MiB";
  const Error asked = engine_error(limit), inserted = engine_error(limit, Asked::insert);
  EXPECT_EQ(asked.kind, ErrorKind::unavailable);
  EXPECT_TRUE(asked.what.contains("narrow"));
  EXPECT_EQ(inserted.kind, ErrorKind::unavailable);
  EXPECT_FALSE(inserted.what.contains("query needs")) << inserted.what;
}

// libchdb keeps what a failed query had put out, and gives it to the next one of its connection.
TEST(Warehouse, AFailedQueryLeavesNothingToTheNext) {
  auto& warehouse = testing::engine();
  for (int round = 0; round < 3; ++round) {
    const auto failed = warehouse.read(
        {.sql =
             "SELECT toInt64(if(number > 300000, 'x', '12345')) FROM numbers(600000) SETTINGS max_block_size = 1000, "
             "max_threads = 1"});
    ASSERT_FALSE(failed);
    for (int next = 0; next < 3; ++next) {  // on each of the connections
      const auto answer = warehouse.read({.sql = "SELECT toUInt8(7)"});
      ASSERT_TRUE(answer) << answer.error().what;
      EXPECT_EQ(answer->rows.size(), 1U);
      EXPECT_EQ(answer->rows.integer(0, 0), 7);
      const auto raw = warehouse.read({.sql = "SELECT 7", .format = "TabSeparated"});
      ASSERT_TRUE(raw) << raw.error().what;
      EXPECT_EQ(raw->raw, "7\n");
    }
  }
}

TEST(Warehouse, GivesBackWhatItTook) {
  auto& warehouse = testing::engine();
  ASSERT_TRUE(
      warehouse.run("CREATE TABLE t (a UInt32, k UInt128, s LowCardinality(String), n Nullable(Int64), tags "
                    "Array(LowCardinality(String)),"
                    " m Map(LowCardinality(String), String), i Map(LowCardinality(String), Int64), h Array(UInt128),"
                    " e Enum8('x' = 0, 'y' = 1), at DateTime64(9, 'UTC'), w Float32) ENGINE = MergeTree ORDER BY a"));
  native::Block block;
  auto& a = block.add("a", "UInt32");
  auto& k = block.add("k", "UInt128");
  auto& s = block.add("s", "String");
  auto& n = block.add("n", "Nullable(Int64)");
  auto& tags = block.add("tags", "Array(String)");
  auto& m = block.add("m", "Map(String, String)");
  auto& i = block.add("i", "Map(String, Int64)");
  auto& h = block.add("h", "Array(UInt128)");
  auto& e = block.add("e", "Int8");
  auto& at = block.add("at", "DateTime64(9, 'UTC')");
  auto& w = block.add("w", "Float32");
  const std::string hostile("a\n\nb;\t\\N'\0;\nSELECT 1;\n", 22);
  for (std::uint32_t row = 0; row < 3; ++row) {
    a.fixed(row);
    k.id({row, 7});
    s.text(hostile);
    n.nullable(row == 1 ? std::nullopt : std::optional<std::int64_t>(-5));
    for (std::uint32_t t = 0; t < row; ++t) tags.element_text("tag");
    tags.end_array();
    m.entry("key", hostile), m.end_array();
    i.entry("audio", 42), i.end_array();
    h.element_id({1, row}), h.end_array();
    e.fixed<std::int8_t>(1);
    at.fixed<std::int64_t>(1'760'000'000'000'000'001);
    w.fixed(0.5F);
  }
  const auto inserted = warehouse.insert("t", block);
  ASSERT_TRUE(inserted) << inserted.error().what;
  Query query{.sql = "SELECT *, sum(a) OVER () AS total FROM t WHERE s = {s:String} AND k = {k:UInt128} ORDER BY a",
              .parameters = {{"s", hostile}, {"k", "36893488147419103239"}}};
  const auto answer = warehouse.read(query);
  ASSERT_TRUE(answer) << answer.error().what;
  const auto& rows = answer->rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.integer(0, 0), 2);
  EXPECT_EQ(rows.id(1, 0), (Id128{2, 7}));
  EXPECT_EQ(rows.text(2, 0), hostile);
  EXPECT_EQ(rows.maybe(3, 0), -5);
  EXPECT_EQ(rows.texts(4, 0).size(), 2U);
  EXPECT_EQ(rows.map(5, 0).at(0).second, hostile);
  EXPECT_EQ(rows.data(6).inner.at(1).integers.at(0), 42);
  EXPECT_EQ(rows.ids(7, 0).at(0), (Id128{1, 2}));
  EXPECT_EQ(rows.text(8, 0), "y");
  EXPECT_EQ(rows.integer(9, 0), 1'760'000'000'000'000'001);
  EXPECT_EQ(rows.real(10, 0), 0.5);

  EXPECT_FALSE(warehouse.read({.sql = "SELECT nothing FROM t"}));
  const auto slow = warehouse.read({.sql = "SELECT sleepEachRow(1) FROM numbers(5)", .deadline = second});
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().kind, ErrorKind::unavailable);
}

TEST(Warehouse, KeepsEveryCharacterOfAList) {
  auto& warehouse = testing::engine();
  const std::string hostile("a\n\nb;\t\\N'\0;\nSELECT 1;\n", 22);
  std::string list = "[";
  const std::vector<std::string> texts = {hostile,   "'",          "\\", "\\'", "a\tb\nc\rd", std::string("n\0l", 3),
                                          "'] OR 1", "{x:String}", "",   "\\n"};
  for (const auto& text : texts) {
    list += list.size() > 1 ? ",'" : "'";
    for (const char c : text) list += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    list += "'";
  }
  const auto listed =
      warehouse.read({.sql = "SELECT {texts:Array(String)} AS texts", .parameters = {{"texts", list + "]"}}});
  ASSERT_TRUE(listed) << listed.error().what;
  const auto back = listed->rows.texts(0, 0);
  EXPECT_EQ(std::vector<std::string>(back.begin(), back.end()), texts);
}

TEST(Warehouse, EndsWhatNobodyWaitsFor) {
  auto& warehouse = testing::engine();
  const SystemClock clock;
  const Nanos start = clock.monotonic();
  const Query slow{.sql = "SELECT sleepEachRow(0.2) FROM numbers(40) SETTINGS max_block_size = 1"};
  ForOne asker(warehouse, [&] { return clock.monotonic() > start + 300 * millisecond; });
  const auto ended = asker.read(slow);
  EXPECT_FALSE(ended);
  EXPECT_LT(clock.monotonic() - start, 4 * second);
  const auto before = warehouse.stats();
  ASSERT_TRUE(ForOne(warehouse, [] { return false; }).read({.sql = "SELECT 1"}));
  EXPECT_EQ(warehouse.stats().reads, before.reads + 1);
}

}  // namespace
}  // namespace pawl::warehouse
