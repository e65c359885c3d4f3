// An installation that an older Pawl made has the tables of a new one, and everything that was in them.
#include "history.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine_testing.h"

namespace pawl::traces::testing {
namespace {

std::string ask(const std::string& sql) {
  const auto answer = engine().read({.sql = sql});
  EXPECT_TRUE(answer) << sql << ": " << answer.error().what;
  std::string out;
  for (std::size_t row = 0; answer && row < answer->rows.size(); ++row)
    out += std::string(answer->rows.text(0, row)) + "\n";
  return out;
}

// Columns in order with types, defaults and codecs; indexes; keys.
std::string layout(std::string_view table) {
  const std::string here = fmt::format("WHERE database = currentDatabase() AND table = '{}'", table);
  return ask("SELECT concat(name, ' ', type, ' ', default_kind, ' ', default_expression, ' ', compression_codec) FROM "
             "system.columns " +
             here + " ORDER BY position") +
         ask("SELECT concat(name, ' ', type_full, ' ', expr, ' ', toString(granularity)) FROM "
             "system.data_skipping_indices " +
             here + " ORDER BY name") +
         ask(fmt::format("SELECT concat(sorting_key, ' | ', partition_key, ' | ', engine, ' | ', "
                         "toString(extractAll(create_table_query, "
                         "'[a-z]+_compress_block_size = [0-9]+'))) FROM system.tables WHERE "
                         "database = currentDatabase() AND name = '{}'",
                         table));
}

TEST(History, AnOlderTableIsLikeANewOne) {
  for (const auto& table : schema().tables) {
    std::string ddl(table.ddl);
    const std::string head = fmt::format("CREATE TABLE IF NOT EXISTS {} ", table.name);
    ASSERT_NE(ddl.find(head), std::string::npos) << table.name;
    const std::string fresh = fmt::format("fresh_{}", table.name);
    ddl.replace(ddl.find(head), head.size(), fmt::format("CREATE TABLE {} ", fresh));
    ASSERT_TRUE(engine().run(ddl + std::string(schema().settings)));
    EXPECT_EQ(layout(table.name), layout(fresh))
        << "the steps of history.cc do not lead to schema.h for " << table.name;
    ASSERT_TRUE(engine().run(fmt::format("DROP TABLE {}", fresh)));
  }
}

TEST(History, NothingIsLost) {
  const auto of = [](std::string_view what, std::string_view table) {
    return ask(fmt::format("SELECT toString({}) FROM {} WHERE project = {}", what, table, older_project));
  };
  EXPECT_EQ(of("count()", "spans"), "20\n");
  EXPECT_EQ(of("sum(value)", "points"), "10\n");
  EXPECT_EQ(of("count()", "bodies"), "12\n");
  EXPECT_EQ(of("countIf(length(if(empty(bytes), text, bytes)) > 100000)", "bodies"), "12\n");
  EXPECT_EQ(of("countIf(empty(bytes) = slot IN (0, 1, 4, 5) AND empty(bytes) != empty(text))", "bodies"), "12\n");
}

TEST(History, NumbersRise) {
  const auto& steps = schema().steps;
  EXPECT_TRUE(std::ranges::is_sorted(steps, std::less_equal<>(), &warehouse::Step::number));
  EXPECT_EQ(steps.front().number, 1);
  EXPECT_EQ(steps.back().number, static_cast<int>(steps.size()));
  EXPECT_EQ(ask("SELECT toString(uniqExact(number)) FROM schema_steps WHERE owner = 'traces' AND state = 'done'"),
            fmt::format("{}\n", steps.size()));
}

}  // namespace
}  // namespace pawl::traces::testing
