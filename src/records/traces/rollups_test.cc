// Roll-ups hold each row of spans once, whatever goes wrong between.
#include "rollups.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "engine_testing.h"
#include "store.h"

namespace pawl::traces::testing {
namespace {

const Log quiet(Log::Format::text, Level::error);

Rollup by_name(std::string_view more = "") {
  return {.name = "rollup_test",
          .ddl =
              "CREATE TABLE IF NOT EXISTS rollup_test (project UInt32, name String, n SimpleAggregateFunction(sum, "
              "Int64), batch SimpleAggregateFunction(max, UInt64)) ENGINE = AggregatingMergeTree ORDER BY (project, "
              "name)",
          .insert = fmt::format(
              "INSERT INTO rollup_test SELECT project, name, sum(sign){}, max(batch) FROM spans WHERE ", more),
          .group = " GROUP BY project, name"};
}

// Its inserts go wrong before or after they are done.
class Faulty final : public Warehouse {
 public:
  enum class Fault { none, before, after };
  Fault fault = Fault::none;
  int inserts = 0;

  Result<warehouse::Answer> read(const warehouse::Query& query) override { return engine().read(query); }
  Result<void> run(std::string_view sql) override {
    const bool hit = sql.starts_with("INSERT INTO rollup_test");
    inserts += hit;
    if (hit && fault == Fault::before) return fail(ErrorKind::unavailable, "it is away");
    TRY(engine().run(sql));
    if (hit && fault == Fault::after) return fail(ErrorKind::unavailable, "the answer was lost");
    return {};
  }
  Result<void> insert(std::string_view table, const native::Block& block) override {
    return engine().insert(table, block);
  }
  std::string version() const override { return engine().version(); }
};

class RollupsTest : public ::testing::Test {
 protected:
  RollupsTest() { rollups.emplace(std::vector<Rollup>{by_name()}, quiet); }
  ~RollupsTest() override { EXPECT_TRUE(engine().run("DROP TABLE IF EXISTS rollup_test SYNC")); }

  static std::int64_t number(const std::string& sql) {
    const auto answer = engine().read({.sql = sql});
    EXPECT_TRUE(answer) << answer.error().what;
    return answer ? answer->rows.integer(0, 0) : -1;
  }
  static BatchNumber put(int rows) {
    const auto batch = static_cast<BatchNumber>(number("SELECT toInt64(max(batch)) FROM spans")) + 1;
    EXPECT_TRUE(
        engine().run(fmt::format("INSERT INTO spans (project, minute, trace, span, name, sign, batch) SELECT 77, "
                                 "29000000 + number * 100000, 1, number, concat('n', toString(number % 3)), 1, {} "
                                 "FROM numbers({})",
                                 batch, rows)));
    return batch;
  }
  BatchNumber all() {
    const auto batch = static_cast<BatchNumber>(number("SELECT toInt64(max(batch)) FROM spans"));
    for (bool more = true; more;) {
      const auto done = rollups->advance(store, batch);
      EXPECT_TRUE(done) << done.error().what;
      more = done.value_or(false);
    }
    return batch;
  }
  static void expect_equal() {
    EXPECT_EQ(number("SELECT sum(n) FROM rollup_test"), number("SELECT toInt64(sum(sign)) FROM spans"));
    EXPECT_EQ(
        number("SELECT toInt64(count()) FROM (SELECT project, name, sum(n) AS a FROM rollup_test GROUP BY project, "
               "name) AS r FULL JOIN (SELECT project, toString(name) AS name, sum(sign) AS b FROM spans GROUP BY "
               "project, name) AS s USING (project, name) WHERE a != b"),
        0);
  }
  BatchNumber told() { return Rollups::Reading(*rollups).through()[0]; }

  Faulty store;
  std::optional<Rollups> rollups;
};

TEST_F(RollupsTest, TakeWhatIsThereAndWhatComes) {
  EXPECT_EQ(told(), 0U);
  BatchNumber last = put(30);
  EXPECT_EQ(all(), last);
  EXPECT_EQ(told(), last);
  expect_equal();
  last = put(5);
  EXPECT_EQ(told(), last - 1);
  all();
  EXPECT_EQ(told(), last);
  expect_equal();
  EXPECT_EQ(number("SELECT toInt64(uniqExact(_partition_id)) FROM rollup_test"), 1);
}

TEST_F(RollupsTest, FindThemselvesAgainAfterAnEnd) {
  put(10);
  const BatchNumber last = all();
  rollups.emplace(std::vector<Rollup>{by_name()}, quiet);
  EXPECT_EQ(told(), 0U);  // it has not asked yet
  store.inserts = 0;
  all();
  EXPECT_EQ(store.inserts, 0);
  EXPECT_EQ(told(), last);
  expect_equal();
}

TEST_F(RollupsTest, AreNotDoubledByALostAnswer) {
  put(10);
  all();
  for (const auto fault : {Faulty::Fault::before, Faulty::Fault::after, Faulty::Fault::after}) {
    const BatchNumber last = put(7);
    store.fault = fault;
    EXPECT_FALSE(rollups->advance(store, last));
    EXPECT_EQ(told(), 0U);  // until it is known what the table holds, rows are read
    store.fault = Faulty::Fault::none;
    all();
    EXPECT_EQ(told(), last);
    expect_equal();
  }
}

TEST_F(RollupsTest, AreFilledAnewForAnotherDefinitionOrOtherSpans) {
  put(10);
  all();
  EXPECT_TRUE(engine().run("INSERT INTO rollup_test VALUES (77, 'wrong', 5, 1)"));
  rollups.emplace(std::vector<Rollup>{by_name(" + 0")}, quiet);
  all();
  expect_equal();
  EXPECT_TRUE(engine().run("INSERT INTO rollup_test VALUES (77, 'wrong', 5, 1)"));
  EXPECT_TRUE(engine().run("CREATE TABLE spans_swapped AS spans"));
  EXPECT_TRUE(engine().run("INSERT INTO spans_swapped SELECT * FROM spans"));
  EXPECT_TRUE(engine().run("ALTER TABLE spans_swapped MODIFY COMMENT 'as of step 99'"));  // like warehouse::rebuild
  EXPECT_TRUE(engine().run("EXCHANGE TABLES spans AND spans_swapped"));
  put(1);
  all();
  expect_equal();
  EXPECT_TRUE(engine().run("DROP TABLE spans_swapped SYNC"));
}

TEST_F(RollupsTest, AreFilledAnewWhereAPartIsDamaged) {
  put(10);
  all();
  put(20);
  all();
  const auto text = [](const std::string& sql) {
    const auto answer = engine().read({.sql = sql});
    EXPECT_TRUE(answer && answer->rows.size() == 1);
    return std::string(answer->rows.text(0, 0));
  };
  const std::string part =
      text("SELECT name FROM system.parts WHERE active AND table = 'rollup_test' ORDER BY min_block_number LIMIT 1");
  EXPECT_TRUE(engine().run(fmt::format("ALTER TABLE rollup_test DETACH PART '{}'", part)));
  const std::filesystem::path path =
      text("SELECT path FROM system.detached_parts WHERE table = 'rollup_test' LIMIT 1");  // as the engine leaves it
  std::filesystem::rename(path, path.parent_path() / ("broken-on-start_" + part));
  rollups.emplace(std::vector<Rollup>{by_name()}, quiet);
  all();
  expect_equal();
  EXPECT_EQ(number("SELECT toInt64(count()) FROM system.detached_parts WHERE table = 'rollup_test'"), 0);
}

TEST_F(RollupsTest, StandStillWhileTheyAreRead) {
  put(10);
  all();
  const BatchNumber last = put(10);
  std::optional<Rollups::Reading> reading(std::in_place, *rollups);
  std::atomic<bool> done = false;
  std::thread other([&] {
    EXPECT_TRUE(rollups->advance(store, last));
    done = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_FALSE(done);
  EXPECT_EQ(told(), last - 1);  // others may still read
  reading.reset();
  other.join();
  EXPECT_EQ(told(), last);
  const Rollups::Reading for_long(*rollups);
  const auto refused = rollups->advance(store, put(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace pawl::traces::testing
